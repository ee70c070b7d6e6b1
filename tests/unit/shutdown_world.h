/*
 * shutdown_world.h - a small world around the shutdown machine, and what must
 * hold in it whatever happens.
 *
 * Processes end, fork and survive SIGKILL, stop requests arrive, hooks and
 * looks take their time, lastcall wakes late: all of it as the caller's
 * choose() says.  Both walks of shutdown_walk_test.c, the random one and the
 * exhaustive one, turn this world.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "shutdown.h"

#define MS(n) ((int64_t)(n)*NS_PER_MS)

enum { MAIN = 1, WORKER = 2, STRAY = 4, HOOK = 8 };

struct world {
	struct shutdown m;
	const struct stop_plan *plan;
	bool group; /* stop signals are for the worker too */
	int64_t now_ns;
	int64_t due_ns; /* SIGKILL, as the first stop or end fixed it */
	int64_t linger_until_ns; /* what the program left may go on */
	unsigned alive;		 /* who is not reaped */
	unsigned told;		 /* who was sent a stop signal */

	/* What was asked for so far. */
	enum phase phase;
	int64_t ready_ns, signal_ns, kill_ns, again_ns, look_free_ns, busy_ns;
	int64_t sweep_ns, interrupt_ns, readers_ns;
	int interrupts; /* has there been a SIGINT? */
	int pre_hooks, post_hooks, steps, early_looks, wake_ups, looks;
	bool moved_on;	 /* a second SIGINT since the last signal */
	bool hook_runs;	 /* and is waited for */
	bool hook_alone; /* a post-stop hook could not be started */
	bool drain, drained, called, sweep, swept, kill, exit;
	bool lingers; /* what the program left is what is to be stopped */
	bool quiet;   /* the last look of this turn */
	bool free;    /* and: nothing was in flight */
};

/* Chooses from 0 to n - 1; 0, nothing special, is likelier by `odds`. */
static unsigned choose(unsigned n, unsigned odds);
/* Ends the test: what does not hold. */
static void fail(const struct world *w, const char *what)
	__attribute__((noreturn));
/* Where not NULL, hears every action. */
static void (*trace)(const struct world *w, struct action a);

#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			fail(w, #condition);                                   \
	} while (0)

static void fix_due(struct world *w)
{
	if (w->due_ns == 0)
		w->due_ns = w->now_ns + w->plan->grace_ns - w->plan->post_ns;
}

static void note(struct world *w, enum event_kind kind, int number)
{
	struct event event = { .kind = kind, .number = number };

	if (kind == EVENT_STOP)
		fix_due(w);
	shutdown_note(&w->m, w->plan, event, w->now_ns);
}

/* One look at the ports; quiet is also what this model thinks of it. */
static void look(struct world *w)
{
	struct event event = { .kind = EVENT_PORTS };
	event.number = (int)choose(2, 1);
	event.idle_ns = choose(2, 1) == 0 ? NEVER_NS : w->plan->quiet_ns / 2;
	event.cost_ns = choose(2, 3) == 0 ? MS(5) : MS(20);
	if (event.number > 0 || w->looks == 0)
		w->busy_ns = event.number > 0 ? w->now_ns : w->m.asked_ns;
	w->quiet = event.number == 0 && event.idle_ns >= w->plan->quiet_ns &&
		   w->now_ns - w->busy_ns >= w->plan->quiet_ns;
	/* One look may be early: the one that is to be believed. */
	if (w->now_ns < w->look_free_ns)
		w->early_looks++;
	HOLDS(w->early_looks <= 1);
	w->free = event.number == 0;
	w->look_free_ns = w->now_ns + 10 * event.cost_ns;
	w->looks++;
	shutdown_note(&w->m, w->plan, event, w->now_ns);
}

static void start_hook(struct world *w)
{
	HOLDS(!w->hook_runs);
	if (choose(2, 8) == 1) {
		w->hook_alone = w->m.phase == PHASE_POST;
		note(w, EVENT_HOOK_DONE, 0);
		return;
	}
	/* One that was killed may still be there: nobody waits for it. */
	if (w->alive & HOOK)
		w->alive |= STRAY;
	w->alive |= HOOK;
	w->hook_runs = true;
}

static int64_t pre_limit_ns(const struct world *w)
{
	int64_t limit_ns = w->m.asked_ns + w->plan->pre_limit_ns;

	return limit_ns < w->due_ns ? limit_ns : w->due_ns;
}

/* Has everybody ended whom the stop signals are for? */
static bool program_gone(const struct world *w)
{
	return w->lingers ? w->alive == 0 : !(w->alive & MAIN);
}

static void check_drained(struct world *w, enum reason reason)
{
	const struct stop_plan *plan = w->plan;
	int64_t limit_ns = pre_limit_ns(w);
	int64_t near_ns = (limit_ns - w->m.asked_ns) / 4;
	bool rest_done =
		w->now_ns >= w->m.asked_ns + plan->delay_ns && !w->hook_runs;

	if (near_ns > MS(2000))
		near_ns = MS(2000);
	HOLDS(w->drain && !w->drained && w->pre_hooks == plan->pre_hooks);
	HOLDS(!w->hook_runs || reason == REASON_CHILD);
	HOLDS(reason != REASON_DONE ||
	      (rest_done && (!plan->drain || w->quiet)));
	HOLDS(reason != REASON_GAP || (rest_done && plan->drain && w->free &&
				       w->now_ns >= limit_ns - near_ns));
	/* What is in flight is cut only where no look found a gap. */
	HOLDS(reason != REASON_LIMIT || w->now_ns >= limit_ns);
	HOLDS(reason != REASON_LIMIT || !rest_done || !plan->drain || !w->free);
	HOLDS(reason != REASON_DEADLINE || w->now_ns >= w->due_ns);
	HOLDS(reason != REASON_CHILD || program_gone(w));
	HOLDS(reason != REASON_INTERRUPT || w->moved_on);
	HOLDS(reason >= REASON_DONE && reason != REASON_SCHEDULE &&
	      reason != REASON_SWEEP_LIMIT);
	w->drained = true;
	w->moved_on = false;
}

/* When the schedule, left alone, comes to its SIGKILL. */
static int64_t schedule_kill_ns(const struct world *w)
{
	const struct stop_plan *plan = w->plan;
	int64_t at_ns = w->signal_ns;

	for (int i = w->steps - 1; i < plan->steps; i++) {
		if (plan->step[i].signal == SIGKILL && i >= w->steps)
			break;
		if (plan->step[i].wait_ns == NEVER_NS)
			return w->due_ns;
		at_ns += plan->step[i].wait_ns;
	}
	return at_ns < w->due_ns ? at_ns : w->due_ns;
}

/* When the last call is due, before a SIGKILL at kill_ns in this phase. */
static int64_t call_ns(const struct world *w, int64_t kill_ns)
{
	int64_t ahead_ns = w->plan->last_call_ns;
	int64_t most_ns = (kill_ns - w->m.entered_ns) / 4;

	if (!w->plan->last_call_fixed && ahead_ns > most_ns)
		ahead_ns = most_ns;
	return ahead_ns > 0 ? kill_ns - ahead_ns : NEVER_NS;
}

static void check_last_call(struct world *w)
{
	if (w->sweep) {
		/* Who read a pipe has had the time to end. */
		HOLDS(w->m.phase == PHASE_SWEEP && !w->kill);
		HOLDS(w->readers_ns != 0 && w->now_ns >= w->readers_ns);
		HOLDS(w->now_ns < w->due_ns && w->alive != 0);
		w->readers_ns = 0;
		return;
	}
	HOLDS(!w->called && w->steps > 0 && !w->sweep && !w->kill);
	HOLDS(w->alive != 0 && w->now_ns < w->due_ns);
	HOLDS(w->now_ns >= call_ns(w, schedule_kill_ns(w)));
	w->called = true;
	w->told |= w->alive;
}

static void check_signal(struct world *w, int number)
{
	const struct step *step = &w->plan->step[w->steps];

	/* Each at most once, in order, and not before its time. */
	HOLDS(w->drained && !w->sweep && !w->kill);
	HOLDS(w->steps < w->plan->steps && number == step->signal);
	HOLDS(number != SIGKILL && w->now_ns < w->due_ns);
	HOLDS(w->steps == 0 || w->moved_on ||
	      w->now_ns - w->signal_ns >= step[-1].wait_ns);
	HOLDS(w->alive != 0);
	w->steps++;
	w->signal_ns = w->now_ns;
	w->moved_on = false;
	w->told |=
		w->alive & (w->lingers ? ~0u : MAIN | (w->group ? WORKER : 0u));
}

static void check_kill(struct world *w, enum reason reason)
{
	const struct stop_plan *plan = w->plan;
	int64_t waited_ns = w->now_ns - w->signal_ns;

	HOLDS(!w->kill && w->alive != 0 && w->m.killed);
	HOLDS(w->m.main_killed == ((w->alive & MAIN) != 0));
	HOLDS(reason != REASON_DEADLINE || w->now_ns >= w->due_ns);
	HOLDS(reason != REASON_INTERRUPT || w->moved_on);
	HOLDS(reason != REASON_SWEEP_LIMIT || w->sweep);
	HOLDS(reason != REASON_SCHEDULE || w->steps == 0 ||
	      waited_ns >= plan->step[w->steps - 1].wait_ns);
	HOLDS(reason != REASON_SCHEDULE || w->steps == plan->steps ||
	      plan->step[w->steps].signal == SIGKILL);
	w->kill = true;
	w->kill_ns = w->again_ns = w->now_ns;
	w->hook_runs = false; /* nobody waits for it any more */
}

static void check_kill_again(struct world *w)
{
	HOLDS(w->alive != 0 || w->hook_alone);
	HOLDS(w->m.phase == PHASE_EXIT || w->now_ns - w->again_ns >= MS(50));
	HOLDS(w->m.phase == PHASE_EXIT || w->kill);
	w->again_ns = w->now_ns;
}

static void check_exit(struct world *w)
{
	int64_t spent_ns = 0;

	for (int i = 0; i < PHASE_COUNT; i++)
		spent_ns += w->m.spent_ns[i];
	HOLDS(spent_ns == w->now_ns - w->ready_ns);
	HOLDS(w->drained == w->drain && w->swept == w->sweep);
	HOLDS(!w->hook_runs && w->post_hooks == w->plan->post_hooks);
	HOLDS(!(w->alive & MAIN) || w->kill);
	w->exit = true;
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When those who are left over get SIGTERM. */
static int64_t sweep_from_ns(const struct world *w)
{
	if (w->m.signal == 0 || w->lingers)
		return w->m.entered_ns;
	if (w->plan->linger_ns == NEVER_NS)
		return call_ns(w, w->due_ns);
	return earliest(w->m.entered_ns + w->plan->linger_ns,
			call_ns(w, w->due_ns));
}

static int64_t sweep_limit_ns(const struct world *w)
{
	int64_t sweep_ns =
		w->m.signal != 0 ? w->plan->stop_sweep_ns : w->plan->sweep_ns;

	if (!w->sweep)
		return sweep_from_ns(w);
	return sweep_ns == NEVER_NS ? w->due_ns : w->sweep_ns + sweep_ns;
}

static void note_readers(struct world *w)
{
	int64_t limit_ns = earliest(sweep_limit_ns(w), w->due_ns);

	w->readers_ns =
		w->now_ns + earliest(MS(2000), (limit_ns - w->now_ns) / 4);
	note(w, EVENT_READERS, 1);
}

/* When the current wait is over at the latest. */
static int64_t limit_ns(const struct world *w)
{
	const struct step *step = &w->plan->step[w->steps];
	int64_t at_ns;

	switch (w->m.phase) {
	case PHASE_DRAIN:
		return pre_limit_ns(w);
	case PHASE_STOP:
		at_ns = w->due_ns;
		if (step[-1].wait_ns != NEVER_NS)
			at_ns = earliest(at_ns,
					 w->signal_ns + step[-1].wait_ns);
		if (w->called)
			return at_ns;
		return earliest(at_ns, call_ns(w, schedule_kill_ns(w)));
	case PHASE_SWEEP:
		at_ns = earliest(sweep_limit_ns(w), w->due_ns);
		return w->readers_ns != 0 ? earliest(at_ns, w->readers_ns)
					  : at_ns;
	case PHASE_KILL:
		return w->kill_ns + MS(1000);
	case PHASE_POST:
		return earliest(w->m.entered_ns + w->plan->post_ns,
				(w->due_ns + w->plan->post_ns));
	case PHASE_READY:
		return w->lingers ? w->linger_until_ns : NEVER_NS;
	case PHASE_START:
	case PHASE_EXIT:
	case PHASE_COUNT:
		break;
	}
	return NEVER_NS;
}

/*
 * The promise: there is always a next time, and before SIGKILL was asked for
 * it is never after the one for that.
 */
static void check_wait(struct world *w)
{
	int64_t wake_ns = w->m.wake_ns;

	HOLDS(wake_ns > w->now_ns && wake_ns <= limit_ns(w));
	if (w->m.phase <= PHASE_READY)
		HOLDS(w->m.deadline_ns == NEVER_NS &&
		      wake_ns == (w->lingers ? w->linger_until_ns : NEVER_NS));
	else if (!w->kill && w->m.phase < PHASE_POST)
		HOLDS(wake_ns <= w->due_ns && w->now_ns < w->due_ns);
}

static void check_sweep(struct world *w)
{
	HOLDS(!w->sweep && !w->kill && !(w->alive & (MAIN | w->told)));
	HOLDS(w->alive != 0 && w->now_ns < w->due_ns);
	HOLDS(w->moved_on || w->now_ns >= sweep_from_ns(w));
	w->sweep = true;
	w->sweep_ns = w->now_ns;
	if (choose(2, 1) == 1)
		note_readers(w);
	w->moved_on = false;
}

static void check_hook(struct world *w, int number)
{
	HOLDS(number == w->pre_hooks++ && w->drain && !w->drained);
	HOLDS(!program_gone(w) && w->now_ns < pre_limit_ns(w));
	start_hook(w);
}

static void check_post_hook(struct world *w, int number)
{
	HOLDS(number == w->post_hooks++ && w->drained == w->drain);
	HOLDS(w->kill || !(w->alive & ~(unsigned)STRAY) || number > 0);
	HOLDS(w->now_ns < (w->due_ns + w->plan->post_ns));
	start_hook(w);
}

static void check_skip(struct world *w, int number)
{
	int *hooks = w->m.phase == PHASE_POST ? &w->post_hooks : &w->pre_hooks;

	HOLDS(number == (*hooks)++ && !(w->hook_runs && w->drained));
}

static void check_action(struct world *w, struct action a)
{
	HOLDS(!w->exit || a.kind == ACTION_EXIT);
	HOLDS(w->m.phase >= w->phase);
	w->phase = w->m.phase;
	switch (a.kind) {
	case ACTION_DRAIN:
		HOLDS(!w->drain && a.number == w->m.signal);
		w->drain = true;
		return;
	case ACTION_CHECK_PORTS:
		HOLDS(w->plan->drain && w->drain && !w->drained);
		look(w);
		return;
	case ACTION_HOOK:
		check_hook(w, a.number);
		return;
	case ACTION_POST_HOOK:
		check_post_hook(w, a.number);
		return;
	case ACTION_HOOK_SKIP:
		check_skip(w, a.number);
		return;
	case ACTION_HOOK_KILL:
		HOLDS(w->hook_runs);
		HOLDS(a.number + 1 ==
		      (w->drained || !w->drain ? w->post_hooks : w->pre_hooks));
		w->hook_runs = false;
		return;
	case ACTION_DRAIN_DONE:
		check_drained(w, a.reason);
		return;
	case ACTION_SIGNAL:
		check_signal(w, a.number);
		return;
	case ACTION_LAST_CALL:
		check_last_call(w);
		return;
	case ACTION_FIND_SURVIVORS:
		HOLDS(!w->kill && w->alive != 0 && w->now_ns < w->due_ns);
		return;
	case ACTION_SWEEP:
		check_sweep(w);
		return;
	case ACTION_SWEPT:
		HOLDS(w->sweep && !w->swept);
		HOLDS(w->kill || a.reason == REASON_DONE);
		w->swept = true;
		return;
	case ACTION_KILL:
		check_kill(w, a.reason);
		return;
	case ACTION_KILL_AGAIN:
		check_kill_again(w);
		return;
	case ACTION_EXIT:
		if (!w->exit)
			check_exit(w);
		return;
	case ACTION_WAIT:
		check_wait(w);
		return;
	case ACTION_ASK_AGAIN:
	case ACTION_COUNT:
		break;
	}
	fail(w, "an action that is none");
}

/* 0: none, 1: TERM, 2: INT. */
static void note_stop(struct world *w, unsigned signal)
{
	if (signal == 0)
		return;
	note(w, EVENT_STOP, signal == 1 ? SIGTERM : SIGINT);
	if (signal != 2)
		return;
	/* Two at the same moment are one. */
	if (w->interrupts > 0 && w->now_ns - w->interrupt_ns >= MS(10))
		w->moved_on = true;
	w->interrupt_ns = w->now_ns;
	w->interrupts = 1;
}

/* Who ends and who is forked. */
static void note_processes(struct world *w)
{
	unsigned before = w->alive;

	for (unsigned who = MAIN; who <= HOOK; who *= 2)
		if ((w->alive & who) && choose(2, w->kill ? 2 : 16) == 1)
			w->alive &= ~who;
	if ((before & (MAIN | WORKER)) && !(w->alive & STRAY) &&
	    choose(2, 16) == 1)
		w->alive |= STRAY;
	w->told &= w->alive;
	if ((before & ~w->alive) & MAIN)
		note(w, EVENT_MAIN_GONE, 0);
	if (((before & ~w->alive) & HOOK) && w->hook_runs) {
		w->hook_runs = false;
		note(w, EVENT_HOOK_DONE, 0);
	}
	if (w->alive == 0)
		note(w, EVENT_ALL_GONE, 0);
	if (!(w->alive & MAIN) && w->told == 0)
		note(w, EVENT_TARGETS_GONE, 0);
}

/* The program has ended by itself: when is its end that of all? */
static void note_own_end(struct world *w)
{
	const struct stop_plan *plan = w->plan;

	if (w->due_ns != 0 || (w->alive & MAIN))
		return;
	if (!w->lingers && plan->linger_ns > 0) {
		w->lingers = true;
		w->linger_until_ns = plan->linger_ns == NEVER_NS
					     ? NEVER_NS
					     : w->now_ns + plan->linger_ns;
	}
	if (w->alive == 0 || !w->lingers || w->now_ns >= w->linger_until_ns)
		fix_due(w);
}

/* A program that was just started; a stop request may have come before. */
static void begin_world(struct world *w, const struct stop_plan *plan,
			int64_t now_ns)
{
	memset(w, 0, sizeof(*w));
	w->plan = plan;
	w->now_ns = now_ns;
	shutdown_init(&w->m);
	note_stop(w, choose(3, 16));
	w->group = choose(2, 1) == 1;
	w->alive = MAIN | (choose(2, 1) == 1 ? WORKER : 0u);
	shutdown_started(&w->m, w->now_ns);
	w->ready_ns = w->now_ns;
}

/* One turn of init.c's loop, at now_ns. */
static void turn_world(struct world *w, int64_t now_ns)
{
	struct action a;
	int actions = 0;
	unsigned stop = choose(3, 16);
	bool stop_first = stop != 0 && choose(2, 1) == 0;

	if (now_ns == w->m.wake_ns)
		w->wake_ups++;
	w->now_ns = now_ns;
	w->quiet = false;
	w->free = false;
	if (stop_first)
		note_stop(w, stop);
	note_processes(w);
	if (!stop_first)
		note_stop(w, stop);
	note_own_end(w);
	do {
		a = shutdown_next(&w->m, w->plan, now_ns);
		if (trace != NULL)
			trace(w, a);
		check_action(w, a);
		HOLDS(++actions < 80);
	} while (a.kind != ACTION_WAIT && a.kind != ACTION_EXIT);
	/* Never a busy loop: few wake-ups but those for looks and kills. */
	HOLDS(w->wake_ups <= w->looks + STEP_MAX + 2 * HOOK_MAX + 28);
}
