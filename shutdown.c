/*
 * shutdown.c - the machine that decides what a shutdown does next.
 *
 * Duty: from what was noted and the time, say which one action is due.
 *
 * Pure: no clock, no system call, no log; tests run it in virtual time.
 * Invariants, proven by `make proof` for every plan (tests/proof/machine.c; the
 * comments that begin with an @ are for it), and checked on random and on all
 * small paths by tests/unit/shutdown_walk_test.c, which shows what breaks them:
 *   - one deadline, fixed once, and SIGKILL is asked for no later than it;
 *   - every step of the schedule at most once, in order;
 *   - no signal is sent after every process was reaped;
 *   - ACTION_EXIT is always reached, and ACTION_WAIT always has a later
 *     wake-up, except in phase ready, which has none unless what the program
 *     left behind lingers for a time.
 */
#include <limits.h>
#include <signal.h>

#include "lib/clock.h"
#include "lib/signals.h"
#include "shutdown.h"

enum {
	CHECK_PERIOD_MS = 100,	  /* between two checks of the ports */
	CHECK_SHARE = 10,	  /* checks take at most 1/10 of the time */
	GAP_CHECK_PERIOD_MS = 10, /* between two checks, near the limit */
	GAP_MS = 2000, /* so near the limit, any gap ends the drain */
	GAP_SHARE = 4, /* and at most 1/4 of the drain's limit */
	/*
	 * Two SIGINTs closer than this are one Ctrl-C: the terminal and a
	 * parent both send it.
	 */
	SAME_INTERRUPT_MS = 10,
	/*
	 * The default is at most 1/4 of the time from the phase's start to
	 * SIGKILL.
	 */
	LAST_CALL_SHARE = 4,
	SURVIVORS_AHEAD_MS = 500, /* before SIGKILL: look up names to log */
	READERS_MS = 2000,	  /* to read a pipe to its end, at most */
	READERS_SHARE = 4,	  /* and at most 1/4 of the sweep */
	KILL_WAIT_MS = 1000, /* for processes to die; in state D they may not */
	KILL_AGAIN_MS = 50,  /* for processes forked during the kill */
};

const char *const phase_names[PHASE_COUNT] = {
	[PHASE_START] = "start", [PHASE_READY] = "ready",
	[PHASE_DRAIN] = "drain", [PHASE_STOP] = "stop",
	[PHASE_SWEEP] = "sweep", [PHASE_KILL] = "kill",
	[PHASE_POST] = "post",	 [PHASE_EXIT] = "exit",
};

const char *const reason_names[REASON_COUNT] = {
	[REASON_NONE] = "none",
	[REASON_DONE] = "done",
	[REASON_LIMIT] = "limit",
	[REASON_DEADLINE] = "deadline",
	[REASON_SCHEDULE] = "schedule",
	[REASON_CHILD] = "child-exited",
	[REASON_INTERRUPT] = "interrupt",
	[REASON_SWEEP_LIMIT] = "sweep-limit",
	[REASON_GAP] = "gap",
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* now + wait, where either may be NEVER_NS. */
static int64_t after(int64_t now_ns, int64_t wait_ns)
{
	return wait_ns < NEVER_NS - now_ns ? now_ns + wait_ns : NEVER_NS;
}

static struct action action(enum action_kind kind, enum reason reason,
			    int number)
{
	return (struct action){ kind, reason, number };
}

/* The phase has changed: ask what is due in the new one. */
static struct action ask_again(void)
{
	return action(ACTION_ASK_AGAIN, REASON_NONE, 0);
}

static struct action wait_until(struct shutdown *m, int64_t wake_ns)
{
	m->wake_ns = wake_ns;
	return action(ACTION_WAIT, REASON_NONE, 0);
}

static void enter(struct shutdown *m, enum phase phase, int64_t now_ns)
{
	m->spent_ns[m->phase] += now_ns - m->entered_ns;
	m->phase = phase;
	m->entered_ns = now_ns;
	m->survivors_found = false;
	/*
	 * A second Ctrl-C ends the phase, so clear it.  Not when entering the
	 * drain: it may have arrived already.
	 */
	if (phase != PHASE_DRAIN)
		m->interrupted = false;
}

/*
 * At the stop request or the program's own end: all later limits count from
 * here.
 */
static void fix_deadline(struct shutdown *m, const struct stop_plan *plan,
			 int64_t now_ns)
{
	m->asked_ns = now_ns;
	m->deadline_ns = after(now_ns, plan->grace_ns);
	m->kill_ns = m->deadline_ns - plan->post_ns;
	m->busy_ns = now_ns;
}

void shutdown_init(struct shutdown *m)
{
	*m = (struct shutdown){
		.phase = PHASE_START,
		.wake_ns = NEVER_NS,
		.deadline_ns = NEVER_NS,
		.kill_ns = NEVER_NS,
		.linger_until_ns = NEVER_NS,
		.readers_until_ns = NEVER_NS,
		.quiet_ns = NEVER_NS,
		.free_ns = NEVER_NS,
	};
}

void shutdown_started(struct shutdown *m, int64_t now_ns)
{
	m->phase = PHASE_READY;
	m->entered_ns = now_ns;
}

static void note_stop(struct shutdown *m, const struct stop_plan *plan,
		      int signal, int64_t now_ns)
{
	/* A number that is not a signal's asks for nothing. */
	if (signal < 1 || signal > SIGNAL_MAX)
		return;
	if (m->deadline_ns == NEVER_NS) {
		m->signal = signal;
		fix_deadline(m, plan, now_ns);
	} else if (signal == SIGINT && m->had_interrupt &&
		   now_ns - m->interrupt_ns >= SAME_INTERRUPT_MS * NS_PER_MS) {
		m->interrupted = true;
	}
	if (m->requests < INT_MAX)
		m->requests++;
	if (signal == SIGINT) {
		m->had_interrupt = true;
		m->interrupt_ns = now_ns;
	}
}

/* When the drain ends, even if something is unfinished. */
static int64_t drain_limit_ns(const struct shutdown *m,
			      const struct stop_plan *plan)
{
	return earlier(after(m->asked_ns, plan->pre_limit_ns), m->kill_ns);
}

/* From when on a port check that finds nothing in flight ends the drain. */
static int64_t gap_from_ns(const struct shutdown *m,
			   const struct stop_plan *plan)
{
	int64_t limit_ns = drain_limit_ns(m, plan);

	return limit_ns - earlier(GAP_MS * NS_PER_MS,
				  (limit_ns - m->asked_ns) / GAP_SHARE);
}

static void note_ports(struct shutdown *m, const struct stop_plan *plan,
		       const struct event *event, int64_t now_ns)
{
	int64_t gap_ns = gap_from_ns(m, plan);
	int64_t period_ns = now_ns < gap_ns ? CHECK_PERIOD_MS * NS_PER_MS
					    : GAP_CHECK_PERIOD_MS * NS_PER_MS;
	/* A check that has taken longer than the whole grace is the last. */
	int64_t cost_ns = earlier(later(event->cost_ns, 0), plan->grace_ns);
	int64_t idle_ns = later(event->idle_ns, 0);

	m->check_ports_ns =
		after(now_ns, later(period_ns, cost_ns * CHECK_SHARE));
	m->busy_ns = later(m->busy_ns, now_ns - idle_ns);
	if (event->number > 0) {
		m->busy_ns = now_ns;
		return;
	}
	if (now_ns - m->busy_ns >= plan->quiet_ns)
		m->quiet_ns = now_ns;
	if (now_ns >= gap_ns)
		m->free_ns = now_ns;
}

void shutdown_note(struct shutdown *m, const struct stop_plan *plan,
		   struct event event, int64_t now_ns)
{
	switch (event.kind) {
	case EVENT_STOP:
		note_stop(m, plan, event.number, now_ns);
		return;
	case EVENT_ALL_GONE:
		m->all_gone = true;
		m->main_gone = true;
		return;
	case EVENT_MAIN_GONE:
		m->main_gone = true;
		return;
	case EVENT_TARGETS_GONE:
		m->targets_gone = true;
		return;
	case EVENT_HOOK_DONE:
		m->hook_running = false;
		return;
	case EVENT_READERS:
		if (m->swept && !m->readers_called)
			m->readers_until_ns = after(
				now_ns, earlier(READERS_MS * NS_PER_MS,
						(m->sweep_until_ns - now_ns) /
							READERS_SHARE));
		return;
	case EVENT_PORTS:
		note_ports(m, plan, &event, now_ns);
		return;
	case EVENT_COUNT:
		return;
	}
}

/*
 * Has everything ended that is to be stopped?  That is the program or, if it
 * ended by itself and left processes that linger, every process.
 */
static bool program_gone(const struct shutdown *m)
{
	return m->lingers ? m->all_gone : m->main_gone;
}

/* Asks for SIGKILL to every process, from phase stop or from phase sweep. */
static struct action begin_kill(struct shutdown *m, enum reason reason,
				int64_t now_ns)
{
	/* Names for the log come first, unless the deadline has come. */
	if (!m->survivors_found && reason != REASON_DEADLINE) {
		m->survivors_found = true;
		return action(ACTION_FIND_SURVIVORS, REASON_NONE, 0);
	}
	enter(m, PHASE_KILL, now_ns);
	m->killed = true;
	m->sweep_end = reason;
	m->main_killed = !m->main_gone;
	m->dead_until_ns = after(now_ns, KILL_WAIT_MS * NS_PER_MS);
	m->again_ns = after(now_ns, KILL_AGAIN_MS * NS_PER_MS);
	return action(ACTION_KILL, reason, 0);
}

static struct action begin_post(struct shutdown *m,
				const struct stop_plan *plan, int64_t now_ns)
{
	enter(m, PHASE_POST, now_ns);
	m->hook_running = false;
	m->post_until_ns =
		earlier(after(now_ns, plan->post_ns), m->deadline_ns);
	return ask_again();
}

/*
 * Waits for a SIGKILL that is due at kill_ns; a little before that, asks for
 * the names of those who may need it, so that finding them delays nothing.
 */
static struct action await_kill(struct shutdown *m, int64_t wake_ns,
				int64_t kill_ns, int64_t now_ns)
{
	int64_t survivors_ns = kill_ns - SURVIVORS_AHEAD_MS * NS_PER_MS;

	if (m->survivors_found)
		return wait_until(m, earlier(wake_ns, kill_ns));
	if (now_ns < survivors_ns)
		return wait_until(m, earlier(wake_ns, survivors_ns));
	m->survivors_found = true;
	return action(ACTION_FIND_SURVIVORS, REASON_NONE, 0);
}

/*
 * When the processes that were never sent a stop signal get SIGTERM: before the
 * SIGKILL at kill_ns, in a phase that began at entered_ns.  NEVER_NS: not at
 * all.
 */
static int64_t last_call_ns(const struct shutdown *m,
			    const struct stop_plan *plan, int64_t kill_ns)
{
	int64_t ahead_ns = plan->last_call_ns;

	if (!plan->last_call_fixed)
		ahead_ns = earlier(ahead_ns,
				   (kill_ns - m->entered_ns) / LAST_CALL_SHARE);
	return ahead_ns > 0 ? kill_ns - ahead_ns : NEVER_NS;
}

/*
 * In phase ready only a stop request or the program's own end makes anything
 * due.  Processes that the program leaves behind may linger: the deadline is
 * not fixed meanwhile, and a stop request goes to them.
 */
static struct action next_ready(struct shutdown *m,
				const struct stop_plan *plan, int64_t now_ns)
{
	if (m->signal != 0) {
		enter(m, PHASE_DRAIN, now_ns);
		return action(ACTION_DRAIN, REASON_NONE, m->signal);
	}
	if (!m->main_gone)
		return wait_until(m, NEVER_NS);
	if (!m->lingers) {
		m->lingers = plan->linger_ns > 0;
		m->linger_until_ns = after(now_ns, plan->linger_ns);
	}
	if (!m->all_gone && now_ns < m->linger_until_ns)
		return wait_until(m, m->linger_until_ns);
	fix_deadline(m, plan, now_ns);
	enter(m, PHASE_SWEEP, now_ns);
	return ask_again();
}

/*
 * Ends the drain, even if something is unfinished.  A hook that still runs is
 * killed, except when the program's end ended the drain: the hook may be what
 * brought that about, and the sweep gives it time.
 */
static struct action end_drain(struct shutdown *m, const struct stop_plan *plan,
			       enum reason reason, int64_t now_ns)
{
	m->drain_end = reason;
	if (m->hook_running && reason != REASON_CHILD) {
		m->hook_running = false;
		return action(ACTION_HOOK_KILL, reason, m->next_pre_hook - 1);
	}
	if (m->next_pre_hook < plan->pre_hooks)
		return action(ACTION_HOOK_SKIP, reason, m->next_pre_hook++);
	m->targets_gone = false; /* nobody was sent a stop signal yet */
	enter(m, program_gone(m) ? PHASE_SWEEP : PHASE_STOP, now_ns);
	return action(ACTION_DRAIN_DONE, reason, 0);
}

/* Delay and hooks are done: is it time for the stop signal? */
static enum reason drain_done(const struct shutdown *m,
			      const struct stop_plan *plan, int64_t now_ns)
{
	if (!plan->drain || m->quiet_ns == now_ns)
		return REASON_DONE;
	return m->free_ns == now_ns ? REASON_GAP : REASON_NONE;
}

static struct action next_drain(struct shutdown *m,
				const struct stop_plan *plan, int64_t now_ns)
{
	int64_t delay_ns = after(m->asked_ns, plan->delay_ns);
	int64_t limit_ns = drain_limit_ns(m, plan);
	bool rest_done;

	if (m->drain_end != REASON_NONE)
		return end_drain(m, plan, m->drain_end, now_ns);
	if (program_gone(m))
		return end_drain(m, plan, REASON_CHILD, now_ns);
	if (m->interrupted)
		return end_drain(m, plan, REASON_INTERRUPT, now_ns);
	if (now_ns >= m->kill_ns)
		return end_drain(m, plan, REASON_DEADLINE, now_ns);

	if (!m->hook_running && m->next_pre_hook < plan->pre_hooks &&
	    now_ns < limit_ns) {
		m->hook_running = true;
		return action(ACTION_HOOK, REASON_NONE, m->next_pre_hook++);
	}
	rest_done = now_ns >= delay_ns && !m->hook_running &&
		    m->next_pre_hook == plan->pre_hooks;
	if (rest_done && drain_done(m, plan, now_ns) != REASON_NONE)
		return end_drain(m, plan, drain_done(m, plan, now_ns), now_ns);
	/* The ports count as quiet only by a check at this very moment. */
	if ((rest_done && m->quiet_ns < now_ns) ||
	    (plan->drain && now_ns >= m->check_ports_ns && now_ns < limit_ns)) {
		m->check_ports_ns = after(now_ns, CHECK_PERIOD_MS * NS_PER_MS);
		m->quiet_ns = NEVER_NS;
		return action(ACTION_CHECK_PORTS, REASON_NONE, 0);
	}
	if (now_ns >= limit_ns)
		return end_drain(m, plan, REASON_LIMIT, now_ns);
	if (now_ns < delay_ns)
		limit_ns = earlier(limit_ns, delay_ns);
	if (plan->drain)
		limit_ns = earlier(limit_ns, m->check_ports_ns);
	return wait_until(m, limit_ns);
}

static bool schedule_kills_next(const struct shutdown *m,
				const struct stop_plan *plan)
{
	return m->step >= plan->steps || plan->step[m->step].signal == SIGKILL;
}

/* When SIGKILL is due, if nothing moves the schedule on. */
static int64_t schedule_kill_ns(const struct shutdown *m,
				const struct stop_plan *plan)
{
	int64_t kill_ns = m->step_until_ns;

	/*@ loop invariant m->step <= i <= plan->steps &&
		m->step_until_ns <= kill_ns;
	    loop assigns i, kill_ns;
	    loop variant plan->steps - i; */
	for (int i = m->step;
	     i < plan->steps && plan->step[i].signal != SIGKILL; i++)
		kill_ns = after(kill_ns, plan->step[i].wait_ns);
	return earlier(kill_ns, m->kill_ns);
}

/* Between two steps of the schedule. */
static struct action await_step(struct shutdown *m,
				const struct stop_plan *plan, int64_t now_ns)
{
	int64_t kill_ns = schedule_kill_ns(m, plan);
	int64_t call_ns = last_call_ns(m, plan, kill_ns);

	if (m->called)
		return await_kill(m, m->step_until_ns, kill_ns, now_ns);
	if (now_ns < call_ns)
		return await_kill(m, earlier(m->step_until_ns, call_ns),
				  kill_ns, now_ns);
	/* One scan finds the processes to be called, and all names. */
	m->called = true;
	m->survivors_found = true;
	m->targets_gone = false;
	return action(ACTION_LAST_CALL, REASON_NONE, 0);
}

static struct action next_stop(struct shutdown *m, const struct stop_plan *plan,
			       int64_t now_ns)
{
	struct step step;

	if (m->all_gone || (m->main_gone && m->targets_gone)) {
		enter(m, PHASE_SWEEP, now_ns);
		return ask_again();
	}
	if (now_ns >= m->kill_ns)
		return begin_kill(m, REASON_DEADLINE, now_ns);
	if (now_ns < m->step_until_ns && !m->interrupted)
		return await_step(m, plan, now_ns);
	if (schedule_kills_next(m, plan))
		return begin_kill(
			m, m->interrupted ? REASON_INTERRUPT : REASON_SCHEDULE,
			now_ns);
	step = plan->step[m->step++];
	m->interrupted = false;
	m->targets_gone = false;
	m->step_until_ns = earlier(after(now_ns, step.wait_ns), m->kill_ns);
	return action(ACTION_SIGNAL, REASON_NONE, step.signal);
}

/*
 * When leftover processes get SIGTERM.  Those that lingered in phase ready have
 * had their time; after a requested stop the last call ends --linger early.
 */
static int64_t sweep_from_ns(const struct shutdown *m,
			     const struct stop_plan *plan)
{
	if (m->signal == 0 || m->lingers)
		return m->entered_ns;
	return earlier(after(m->entered_ns, plan->linger_ns),
		       last_call_ns(m, plan, m->kill_ns));
}

static struct action next_sweep(struct shutdown *m,
				const struct stop_plan *plan, int64_t now_ns)
{
	if (m->all_gone) {
		struct action again = begin_post(m, plan, now_ns);

		return m->swept ? action(ACTION_SWEPT, REASON_DONE, 0) : again;
	}
	if (now_ns >= m->kill_ns)
		return begin_kill(m, REASON_DEADLINE, now_ns);
	if (!m->swept) {
		int64_t from_ns = sweep_from_ns(m, plan);

		if (now_ns < from_ns && !m->interrupted)
			return await_kill(m, from_ns, m->kill_ns, now_ns);
		m->swept = true;
		m->interrupted = false;
		m->sweep_until_ns = earlier(
			after(now_ns, m->signal != 0 ? plan->stop_sweep_ns
						     : plan->sweep_ns),
			m->kill_ns);
		return action(ACTION_SWEEP, REASON_NONE, 0);
	}
	if (m->interrupted)
		return begin_kill(m, REASON_INTERRUPT, now_ns);
	if (now_ns >= m->sweep_until_ns)
		return begin_kill(m, REASON_SWEEP_LIMIT, now_ns);
	if (now_ns < m->readers_until_ns)
		return await_kill(
			m, earlier(m->sweep_until_ns, m->readers_until_ns),
			m->sweep_until_ns, now_ns);
	m->readers_called = true;
	m->readers_until_ns = NEVER_NS;
	return action(ACTION_LAST_CALL, REASON_NONE, 0);
}

static struct action next_kill(struct shutdown *m, const struct stop_plan *plan,
			       int64_t now_ns)
{
	if (m->swept && m->sweep_end != REASON_NONE) {
		enum reason reason = m->sweep_end;

		m->sweep_end = REASON_NONE;
		return action(ACTION_SWEPT, reason, 0);
	}
	if (m->all_gone || now_ns >= m->dead_until_ns)
		return begin_post(m, plan, now_ns);
	if (now_ns >= m->again_ns) {
		m->again_ns = after(now_ns, KILL_AGAIN_MS * NS_PER_MS);
		return action(ACTION_KILL_AGAIN, REASON_NONE, 0);
	}
	return wait_until(m, earlier(m->dead_until_ns, m->again_ns));
}

static struct action next_post(struct shutdown *m, const struct stop_plan *plan,
			       int64_t now_ns)
{
	enum reason over = REASON_NONE;

	if (m->interrupted)
		over = REASON_INTERRUPT;
	else if (now_ns >= m->post_until_ns)
		over = REASON_LIMIT;

	if (m->hook_running) {
		if (over == REASON_NONE)
			return wait_until(m, m->post_until_ns);
		m->hook_running = false;
		return action(ACTION_HOOK_KILL, over, m->next_post_hook - 1);
	}
	if (m->next_post_hook < plan->post_hooks) {
		if (over != REASON_NONE)
			return action(ACTION_HOOK_SKIP, over,
				      m->next_post_hook++);
		m->hook_running = true;
		m->all_gone = false; /* the hook is a descendant too */
		return action(ACTION_POST_HOOK, REASON_NONE,
			      m->next_post_hook++);
	}
	enter(m, PHASE_EXIT, now_ns);
	if (!m->all_gone)
		return action(ACTION_KILL_AGAIN, REASON_NONE, 0);
	return ask_again();
}

static struct action next_of_phase(struct shutdown *m,
				   const struct stop_plan *plan, int64_t now_ns)
{
	switch (m->phase) {
	case PHASE_START:
		return wait_until(m, NEVER_NS);
	case PHASE_READY:
		return next_ready(m, plan, now_ns);
	case PHASE_DRAIN:
		return next_drain(m, plan, now_ns);
	case PHASE_STOP:
		return next_stop(m, plan, now_ns);
	case PHASE_SWEEP:
		return next_sweep(m, plan, now_ns);
	case PHASE_KILL:
		return next_kill(m, plan, now_ns);
	case PHASE_POST:
		return next_post(m, plan, now_ns);
	case PHASE_EXIT:
	case PHASE_COUNT:
		break;
	}
	return action(ACTION_EXIT, REASON_NONE, 0);
}

struct action shutdown_next(struct shutdown *m, const struct stop_plan *plan,
			    int64_t now_ns)
{
	struct action action;

	/* A phase that was only passed through has nothing to do. */
	/*@ loop invariant passed_through(\at(*m, Pre), *m, *plan, now_ns);
	    loop assigns action, *m;
	    loop variant PHASE_COUNT - m->phase; */
	do {
		action = next_of_phase(m, plan, now_ns);
	} while (action.kind == ACTION_ASK_AGAIN);
	return action;
}
