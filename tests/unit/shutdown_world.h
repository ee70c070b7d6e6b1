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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

#define MS(n) ((int64_t)(n)*NS_PER_MS)

enum { MAIN = 1, WORKER = 2, STRAY = 4, HOOK = 8 };

struct world {
	struct shutdown m;
	const struct plan *plan;
	bool group; /* stop signals are for the worker too */
	int64_t now_ns;
	int64_t due_ns; /* SIGKILL, as the first stop or end fixed it */
	unsigned alive; /* who is not reaped */
	unsigned told;	/* who was sent a stop signal */

	/* What was asked for so far. */
	enum phase phase;
	int64_t ready_ns, signal_ns, kill_ns, again_ns, look_free_ns, busy_ns;
	int interrupts; /* SIGINTs, up to 2 */
	int pre_hooks, post_hooks, steps, early_looks, wake_ups, looks;
	bool moved_on;	 /* a second SIGINT since the last signal */
	bool hook_runs;	 /* and is waited for */
	bool hook_alone; /* a post-stop hook could not be started */
	bool drain, drained, sweep, swept, kill, exit;
	bool quiet; /* the last look of this turn */
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

static void note(struct world *w, enum event_kind kind, int number)
{
	struct event event = { .kind = kind, .number = number };
	bool ends = kind == EVENT_STOP || kind == EVENT_MAIN_GONE ||
		    kind == EVENT_ALL_GONE;

	if (ends && w->due_ns == 0)
		w->due_ns = w->now_ns + w->plan->grace_ns - w->plan->post_ns;
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

static void check_drained(struct world *w, enum why why)
{
	const struct plan *plan = w->plan;
	bool done = w->now_ns >= w->m.asked_ns + plan->delay_ns &&
		    !w->hook_runs && (!plan->drain || w->quiet);

	HOLDS(w->drain && !w->drained && w->pre_hooks == plan->pre_hooks);
	HOLDS(!w->hook_runs || why == WHY_CHILD);
	HOLDS(why != WHY_DONE || done);
	HOLDS(why != WHY_LIMIT || w->now_ns >= pre_limit_ns(w));
	HOLDS(why != WHY_DEADLINE || w->now_ns >= w->due_ns);
	HOLDS(why != WHY_CHILD || !(w->alive & MAIN));
	HOLDS(why != WHY_INTERRUPT || w->moved_on);
	HOLDS(why >= WHY_DONE && why != WHY_SCHEDULE && why != WHY_SWEEP_LIMIT);
	w->drained = true;
	w->moved_on = false;
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
	w->told |= w->alive & (MAIN | (w->group ? WORKER : 0u));
}

static void check_kill(struct world *w, enum why why)
{
	const struct plan *plan = w->plan;
	int64_t waited_ns = w->now_ns - w->signal_ns;

	HOLDS(!w->kill && w->alive != 0 && w->m.killed);
	HOLDS(w->m.main_killed == ((w->alive & MAIN) != 0));
	HOLDS(why != WHY_DEADLINE || w->now_ns >= w->due_ns);
	HOLDS(why != WHY_INTERRUPT || w->moved_on);
	HOLDS(why != WHY_SWEEP_LIMIT || w->sweep);
	HOLDS(why != WHY_SCHEDULE || w->steps == 0 ||
	      waited_ns >= plan->step[w->steps - 1].wait_ns);
	HOLDS(why != WHY_SCHEDULE || w->steps == plan->steps ||
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

/* When the current wait is over at the latest. */
static int64_t limit_ns(const struct world *w)
{
	const struct step *step = &w->plan->step[w->steps];

	switch (w->m.phase) {
	case PHASE_DRAIN:
		return pre_limit_ns(w);
	case PHASE_STOP:
		if (step[-1].wait_ns == NEVER_NS)
			return w->due_ns;
		return earliest(w->signal_ns + step[-1].wait_ns, w->due_ns);
	case PHASE_SWEEP:
		return earliest(w->m.entered_ns + w->plan->sweep_ns, w->due_ns);
	case PHASE_KILL:
		return w->kill_ns + MS(1000);
	case PHASE_POST:
		return earliest(w->m.entered_ns + w->plan->post_ns,
				(w->due_ns + w->plan->post_ns));
	case PHASE_START:
	case PHASE_READY:
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
		HOLDS(wake_ns == NEVER_NS && w->m.deadline_ns == NEVER_NS);
	else if (!w->kill && w->m.phase < PHASE_POST)
		HOLDS(wake_ns <= w->due_ns && w->now_ns < w->due_ns);
}

static void check_sweep(struct world *w)
{
	HOLDS(!w->sweep && !w->kill && !(w->alive & (MAIN | w->told)));
	HOLDS(w->alive != 0 && w->now_ns < w->due_ns);
	w->sweep = true;
	w->moved_on = false;
}

static void check_hook(struct world *w, int number)
{
	HOLDS(number == w->pre_hooks++ && w->drain && !w->drained);
	HOLDS(w->alive & MAIN && w->now_ns < pre_limit_ns(w));
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
	HOLDS(!w->exit || a.act == ACT_EXIT);
	HOLDS(w->m.phase >= w->phase);
	w->phase = w->m.phase;
	switch (a.act) {
	case ACT_DRAIN:
		HOLDS(!w->drain && a.number == w->m.signal);
		w->drain = true;
		return;
	case ACT_LOOK:
		HOLDS(w->plan->drain && w->drain && !w->drained);
		look(w);
		return;
	case ACT_HOOK:
		check_hook(w, a.number);
		return;
	case ACT_POST_HOOK:
		check_post_hook(w, a.number);
		return;
	case ACT_HOOK_SKIP:
		check_skip(w, a.number);
		return;
	case ACT_HOOK_KILL:
		HOLDS(w->hook_runs);
		HOLDS(a.number + 1 ==
		      (w->drained || !w->drain ? w->post_hooks : w->pre_hooks));
		w->hook_runs = false;
		return;
	case ACT_DRAIN_DONE:
		check_drained(w, a.why);
		return;
	case ACT_SIGNAL:
		check_signal(w, a.number);
		return;
	case ACT_SURVIVORS:
		HOLDS(!w->kill && w->alive != 0 && w->now_ns < w->due_ns);
		return;
	case ACT_SWEEP:
		check_sweep(w);
		return;
	case ACT_SWEPT:
		HOLDS(w->sweep && !w->swept);
		HOLDS(w->kill || a.why == WHY_DONE);
		w->swept = true;
		return;
	case ACT_KILL:
		check_kill(w, a.why);
		return;
	case ACT_KILL_AGAIN:
		check_kill_again(w);
		return;
	case ACT_EXIT:
		if (!w->exit)
			check_exit(w);
		return;
	case ACT_WAIT:
		check_wait(w);
		return;
	case ACT_COUNT:
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
	if (signal == 2 && w->interrupts < 2)
		w->interrupts++;
	if (signal == 2 && w->interrupts == 2 && w->m.repeats > 0)
		w->moved_on = true;
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
		note(w, EVENT_TOLD_GONE, 0);
}

/* A program that was just started; a stop request may have come before. */
static void begin_world(struct world *w, const struct plan *plan,
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
	if (stop_first)
		note_stop(w, stop);
	note_processes(w);
	if (!stop_first)
		note_stop(w, stop);
	do {
		a = shutdown_next(&w->m, w->plan, now_ns);
		if (trace != NULL)
			trace(w, a);
		check_action(w, a);
		HOLDS(++actions < 80);
	} while (a.act != ACT_WAIT && a.act != ACT_EXIT);
	/* Never a busy loop: few wake-ups but those for looks and kills. */
	HOLDS(w->wake_ups <= w->looks + STEP_MAX + 2 * HOOK_MAX + 28);
}
