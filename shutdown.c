/*
 * shutdown.c - the machine that decides what a shutdown does next.
 *
 * Duty: from what was noted and the time, say which one action is due.  Pure:
 * no clock, no system call, no log; tests run it in virtual time.
 * Invariants, checked by tests/unit/shutdown_walk_test.c in a random walk and
 * on every path through small plans:
 *   - one deadline, fixed once, and SIGKILL is asked for no later than it;
 *   - every step of the schedule at most once, in order;
 *   - nobody is signalled after everybody was reaped;
 *   - ACT_EXIT is always reached, and ACT_WAIT always has a later wake-up,
 *     except in phase ready, which has none.
 * Called by init.c only.
 */
#include "init.h"

enum {
	LOOK_PERIOD_MS = 100,	  /* between looks at the drained ports */
	LOOK_SHARE = 10,	  /* a look takes at most 1/10 of the time */
	SURVIVORS_AHEAD_MS = 500, /* before a SIGKILL: names for the log */
	KILL_WAIT_MS = 1000, /* for the dead; one in D state may never die */
	KILL_AGAIN_MS = 50,  /* for who forked while being killed */
};

const char *const phase_names[PHASE_COUNT] = {
	[PHASE_START] = "start", [PHASE_READY] = "ready",
	[PHASE_DRAIN] = "drain", [PHASE_STOP] = "stop",
	[PHASE_SWEEP] = "sweep", [PHASE_KILL] = "kill",
	[PHASE_POST] = "post",	 [PHASE_EXIT] = "exit",
};

const char *const why_names[WHY_COUNT] = {
	[WHY_NONE] = "none",	       [WHY_DONE] = "done",
	[WHY_LIMIT] = "limit",	       [WHY_DEADLINE] = "deadline",
	[WHY_SCHEDULE] = "schedule",   [WHY_CHILD] = "child-exited",
	[WHY_INTERRUPT] = "interrupt", [WHY_SWEEP_LIMIT] = "sweep-limit",
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

static struct action act(enum act what, enum why why, int number)
{
	return (struct action){ what, why, number };
}

static struct action wait_until(struct shutdown *m, int64_t wake_ns)
{
	m->wake_ns = wake_ns;
	return act(ACT_WAIT, WHY_NONE, 0);
}

static void enter(struct shutdown *m, enum phase phase, int64_t now_ns)
{
	m->spent_ns[m->phase] += now_ns - m->entered_ns;
	m->phase = phase;
	m->entered_ns = now_ns;
	m->looked_up = false;
	/* It has ended the phase; only the drain may have one before it. */
	if (phase != PHASE_DRAIN)
		m->interrupted = false;
}

/* The stop request, or the child's own end: everything draws from it. */
static void fix_deadline(struct shutdown *m, const struct plan *plan,
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
		.quiet_ns = NEVER_NS,
	};
}

void shutdown_started(struct shutdown *m, int64_t now_ns)
{
	m->phase = PHASE_READY;
	m->entered_ns = now_ns;
}

static void note_stop(struct shutdown *m, const struct plan *plan, int signal,
		      int64_t now_ns)
{
	if (m->deadline_ns == NEVER_NS) {
		m->signal = signal;
		fix_deadline(m, plan, now_ns);
	} else {
		m->repeats++;
		if (signal == SIGINT && m->had_interrupt)
			m->interrupted = true;
	}
	if (signal == SIGINT)
		m->had_interrupt = true;
}

static void note_ports(struct shutdown *m, const struct plan *plan,
		       const struct event *event, int64_t now_ns)
{
	int64_t pause_ns =
		later(LOOK_PERIOD_MS * NS_PER_MS, event->cost_ns * LOOK_SHARE);

	m->look_ns = after(now_ns, pause_ns);
	m->busy_ns = later(m->busy_ns, now_ns - event->idle_ns);
	if (event->number > 0)
		m->busy_ns = now_ns;
	else if (now_ns - m->busy_ns >= plan->quiet_ns)
		m->quiet_ns = now_ns;
}

void shutdown_note(struct shutdown *m, const struct plan *plan,
		   struct event event, int64_t now_ns)
{
	switch (event.kind) {
	case EVENT_STOP:
		note_stop(m, plan, event.number, now_ns);
		return;
	case EVENT_ALL_GONE:
		m->all_gone = true;
		m->told_gone = true;
		/* Fall through - the main process is one of them. */
	case EVENT_MAIN_GONE:
		m->main_gone = true;
		if (m->deadline_ns == NEVER_NS)
			fix_deadline(m, plan, now_ns);
		return;
	case EVENT_TOLD_GONE:
		m->told_gone = true;
		return;
	case EVENT_HOOK_DONE:
		m->hook_running = false;
		return;
	case EVENT_PORTS:
		note_ports(m, plan, &event, now_ns);
		return;
	case EVENT_COUNT:
		return;
	}
}

/* Asks for SIGKILL to everyone: from the stop, or from the sweep. */
static struct action begin_kill(struct shutdown *m, enum why why,
				int64_t now_ns)
{
	/* Names for the log come first, unless the deadline has come. */
	if (!m->looked_up && why != WHY_DEADLINE) {
		m->looked_up = true;
		return act(ACT_SURVIVORS, WHY_NONE, 0);
	}
	enter(m, PHASE_KILL, now_ns);
	m->killed = true;
	m->ending = why;
	m->main_killed = !m->main_gone;
	m->until_ns = after(now_ns, KILL_WAIT_MS * NS_PER_MS);
	m->again_ns = after(now_ns, KILL_AGAIN_MS * NS_PER_MS);
	return act(ACT_KILL, why, 0);
}

static void begin_post(struct shutdown *m, const struct plan *plan,
		       int64_t now_ns)
{
	enter(m, PHASE_POST, now_ns);
	m->hook = 0;
	m->hook_running = false;
	m->until_ns = earlier(after(now_ns, plan->post_ns), m->deadline_ns);
}

/*
 * Waits for a SIGKILL that is due at kill_ns; a little before that, asks for
 * the names of those who may need it, so that the look-up delays nothing.
 */
static struct action await_kill(struct shutdown *m, int64_t wake_ns,
				int64_t kill_ns, int64_t now_ns)
{
	int64_t look_up_ns = kill_ns - SURVIVORS_AHEAD_MS * NS_PER_MS;

	if (m->looked_up)
		return wait_until(m, earlier(wake_ns, kill_ns));
	if (now_ns < look_up_ns)
		return wait_until(m, earlier(wake_ns, look_up_ns));
	m->looked_up = true;
	return act(ACT_SURVIVORS, WHY_NONE, 0);
}

static struct action next_ready(struct shutdown *m, int64_t now_ns)
{
	if (m->signal != 0) {
		enter(m, PHASE_DRAIN, now_ns);
		return act(ACT_DRAIN, WHY_NONE, m->signal);
	}
	if (m->main_gone)
		enter(m, PHASE_SWEEP, now_ns);
	return wait_until(m, NEVER_NS);
}

/*
 * The drain is over, whatever is unfinished.  A hook that still runs is
 * killed, except when the child's end ended the drain: the hook may be what
 * brought that about, and the sweep gives it time.
 */
static struct action end_drain(struct shutdown *m, const struct plan *plan,
			       enum why why, int64_t now_ns)
{
	m->ending = why;
	if (m->hook_running && why != WHY_CHILD) {
		m->hook_running = false;
		return act(ACT_HOOK_KILL, why, m->hook - 1);
	}
	if (m->hook < plan->pre_hooks)
		return act(ACT_HOOK_SKIP, why, m->hook++);
	enter(m, m->main_gone ? PHASE_SWEEP : PHASE_STOP, now_ns);
	return act(ACT_DRAIN_DONE, why, 0);
}

static struct action next_drain(struct shutdown *m, const struct plan *plan,
				int64_t now_ns)
{
	int64_t delay_ns = after(m->asked_ns, plan->delay_ns);
	int64_t limit_ns =
		earlier(after(m->asked_ns, plan->pre_limit_ns), m->kill_ns);
	bool rest_done;

	if (m->ending != WHY_NONE)
		return end_drain(m, plan, m->ending, now_ns);
	if (m->main_gone)
		return end_drain(m, plan, WHY_CHILD, now_ns);
	if (m->interrupted)
		return end_drain(m, plan, WHY_INTERRUPT, now_ns);
	if (now_ns >= m->kill_ns)
		return end_drain(m, plan, WHY_DEADLINE, now_ns);

	if (!m->hook_running && m->hook < plan->pre_hooks &&
	    now_ns < limit_ns) {
		m->hook_running = true;
		return act(ACT_HOOK, WHY_NONE, m->hook++);
	}
	rest_done = now_ns >= delay_ns && !m->hook_running &&
		    m->hook == plan->pre_hooks;
	if (rest_done && (!plan->drain || m->quiet_ns == now_ns))
		return end_drain(m, plan, WHY_DONE, now_ns);
	/* Quiet is only believed from a look at this very moment. */
	if ((rest_done && m->quiet_ns < now_ns) ||
	    (plan->drain && now_ns >= m->look_ns && now_ns < limit_ns)) {
		m->look_ns = after(now_ns, LOOK_PERIOD_MS * NS_PER_MS);
		m->quiet_ns = NEVER_NS;
		return act(ACT_LOOK, WHY_NONE, 0);
	}
	if (now_ns >= limit_ns)
		return end_drain(m, plan, WHY_LIMIT, now_ns);
	if (now_ns < delay_ns)
		limit_ns = earlier(limit_ns, delay_ns);
	if (plan->drain)
		limit_ns = earlier(limit_ns, m->look_ns);
	return wait_until(m, limit_ns);
}

static bool schedule_kills_next(const struct shutdown *m,
				const struct plan *plan)
{
	return m->step >= plan->steps || plan->step[m->step].signal == SIGKILL;
}

static struct action next_stop(struct shutdown *m, const struct plan *plan,
			       int64_t now_ns)
{
	const struct step *step = &plan->step[m->step];

	if (m->main_gone && m->told_gone) {
		enter(m, PHASE_SWEEP, now_ns);
		return act(ACT_WAIT, WHY_NONE, 0);
	}
	if (now_ns >= m->kill_ns)
		return begin_kill(m, WHY_DEADLINE, now_ns);
	if (now_ns < m->until_ns && !m->interrupted)
		return await_kill(m, m->until_ns,
				  schedule_kills_next(m, plan) ? m->until_ns
							       : m->kill_ns,
				  now_ns);
	if (schedule_kills_next(m, plan))
		return begin_kill(m,
				  m->interrupted ? WHY_INTERRUPT : WHY_SCHEDULE,
				  now_ns);
	m->interrupted = false;
	m->told_gone = false;
	m->until_ns = earlier(after(now_ns, step->wait_ns), m->kill_ns);
	m->step++;
	return act(ACT_SIGNAL, WHY_NONE, step->signal);
}

static struct action next_sweep(struct shutdown *m, const struct plan *plan,
				int64_t now_ns)
{
	if (m->all_gone) {
		begin_post(m, plan, now_ns);
		return m->swept ? act(ACT_SWEPT, WHY_DONE, 0)
				: act(ACT_WAIT, WHY_NONE, 0);
	}
	if (now_ns >= m->kill_ns)
		return begin_kill(m, WHY_DEADLINE, now_ns);
	if (!m->swept) {
		m->swept = true;
		m->until_ns =
			earlier(after(now_ns, plan->sweep_ns), m->kill_ns);
		return act(ACT_SWEEP, WHY_NONE, 0);
	}
	if (m->interrupted)
		return begin_kill(m, WHY_INTERRUPT, now_ns);
	if (now_ns >= m->until_ns)
		return begin_kill(m, WHY_SWEEP_LIMIT, now_ns);
	return await_kill(m, m->until_ns, m->until_ns, now_ns);
}

static struct action next_kill(struct shutdown *m, const struct plan *plan,
			       int64_t now_ns)
{
	if (m->swept && m->ending != WHY_NONE) {
		enum why why = m->ending;

		m->ending = WHY_NONE;
		return act(ACT_SWEPT, why, 0);
	}
	if (m->all_gone || now_ns >= m->until_ns) {
		begin_post(m, plan, now_ns);
		return act(ACT_WAIT, WHY_NONE, 0);
	}
	if (now_ns >= m->again_ns) {
		m->again_ns = after(now_ns, KILL_AGAIN_MS * NS_PER_MS);
		return act(ACT_KILL_AGAIN, WHY_NONE, 0);
	}
	return wait_until(m, earlier(m->until_ns, m->again_ns));
}

static struct action next_post(struct shutdown *m, const struct plan *plan,
			       int64_t now_ns)
{
	enum why over = WHY_NONE;

	if (m->interrupted)
		over = WHY_INTERRUPT;
	else if (now_ns >= m->until_ns)
		over = WHY_LIMIT;

	if (m->hook_running) {
		if (over == WHY_NONE)
			return wait_until(m, m->until_ns);
		m->hook_running = false;
		return act(ACT_HOOK_KILL, over, m->hook - 1);
	}
	if (m->hook < plan->post_hooks) {
		if (over != WHY_NONE)
			return act(ACT_HOOK_SKIP, over, m->hook++);
		m->hook_running = true;
		m->all_gone = false; /* the hook is a descendant too */
		return act(ACT_POST_HOOK, WHY_NONE, m->hook++);
	}
	enter(m, PHASE_EXIT, now_ns);
	if (!m->all_gone)
		return act(ACT_KILL_AGAIN, WHY_NONE, 0);
	return act(ACT_WAIT, WHY_NONE, 0);
}

static struct action next_of_phase(struct shutdown *m, const struct plan *plan,
				   int64_t now_ns)
{
	switch (m->phase) {
	case PHASE_START:
		return wait_until(m, NEVER_NS);
	case PHASE_READY:
		return next_ready(m, now_ns);
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
	return act(ACT_EXIT, WHY_NONE, 0);
}

struct action shutdown_next(struct shutdown *m, const struct plan *plan,
			    int64_t now_ns)
{
	struct action action;
	enum phase phase;

	/* A phase that was only passed through has nothing to do: go on. */
	do {
		phase = m->phase;
		action = next_of_phase(m, plan, now_ns);
	} while (action.act == ACT_WAIT && m->phase != phase);
	return action;
}
