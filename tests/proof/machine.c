/*
 * machine.c - what is proven of shutdown.c, for every valid plan, every
 * sequence of events and all times that do not go back.
 *
 * Duty: the invariant and the contracts, beside the machine and not in it.
 * `make proof` has Frama-C's WP show that every function keeps its contract.
 * This file is never compiled.  How to read it, and a goal that fails, is in
 * docs/design.md, "What is proven".
 *
 * In a contract `*m` is the machine after the call and `\old(*m)` the one
 * before it; a predicate takes both as values, `was` and `m`.
 */
#include <signal.h>

#include "lib/clock.h"
#include "lib/signals.h"
#include "shutdown.h"

/* ---------------------------------------------------------- what is assumed
 *
 * Times are below 2^62 ns after boot, which is 146 years, and a duration is
 * what an option accepts.  tests/unit/options_test.c and the fuzzers check that
 * what options let through is a valid plan (tests/unit/valid_plan.h).
 */

/*@
logic integer END_OF_TIME_NS = 4611686018427387904;
logic integer LONGEST_NS = 365 * 24 * 3600 * 1000000000;
logic integer SECOND_NS = 1000000000;

predicate is_time(integer ns) = 0 <= ns < END_OF_TIME_NS;
predicate is_duration(integer ns) = 0 <= ns <= LONGEST_NS;

// A duration, or NEVER_NS.
predicate is_wait(integer ns) = 0 <= ns;

predicate valid_plan(struct stop_plan p) =
	is_duration(p.grace_ns) && is_duration(p.delay_ns) &&
	is_duration(p.pre_limit_ns) && is_duration(p.quiet_ns) &&
	is_duration(p.last_call_ns) && 0 <= p.post_ns <= p.grace_ns &&
	is_wait(p.linger_ns) && is_wait(p.sweep_ns) &&
	is_wait(p.stop_sweep_ns) &&
	0 <= p.pre_hooks <= HOOK_MAX && 0 <= p.post_hooks <= HOOK_MAX &&
	1 <= p.steps <= STEP_MAX &&
	(\forall integer i; 0 <= i < p.steps ==> is_wait(p.step[i].wait_ns));
*/

/* ------------------------------------------------------------ the invariant
 *
 * What holds between any two calls, at the time `now` of the last one.
 */

/*@
predicate fixed(struct shutdown m) = m.deadline_ns != NEVER_NS;

// One deadline, from the stop request or the program's own end.
predicate deadline_holds(struct shutdown m, struct stop_plan p, integer now) =
	0 <= m.asked_ns <= now &&
	(fixed(m) ?
		m.deadline_ns == m.asked_ns + p.grace_ns &&
		m.kill_ns == m.deadline_ns - p.post_ns :
		m.kill_ns == NEVER_NS) &&
	(fixed(m) <==> m.signal != 0 || m.phase >= PHASE_SWEEP);

predicate phase_holds(struct shutdown m, integer now) =
	PHASE_START <= m.phase <= PHASE_EXIT && 0 <= m.entered_ns <= now &&
	(m.phase == PHASE_DRAIN || m.phase == PHASE_STOP ==> m.signal != 0) &&
	(m.phase <= PHASE_SWEEP ==> !m.killed) &&
	(m.phase == PHASE_KILL ==> m.killed);

// Each phase is entered once, so that the sums cannot overflow.
predicate sums_hold(struct shutdown m) =
	(\forall integer i; 0 <= i < PHASE_COUNT ==>
		0 <= m.spent_ns[i] < END_OF_TIME_NS) &&
	(\forall integer i; m.phase <= i < PHASE_COUNT ==>
		m.spent_ns[i] == 0);

predicate hooks_hold(struct shutdown m, struct stop_plan p) =
	0 <= m.next_pre_hook <= p.pre_hooks && 0 <= m.next_post_hook <= p.post_hooks &&
	(m.phase <= PHASE_READY ==> !m.hook_running) &&
	(m.phase == PHASE_DRAIN && m.hook_running ==> 1 <= m.next_pre_hook) &&
	(m.phase == PHASE_POST && m.hook_running ==> 1 <= m.next_post_hook) &&
	(m.phase < PHASE_POST ==> m.next_post_hook == 0) &&
	(m.phase == PHASE_EXIT ==> m.next_post_hook == p.post_hooks);

predicate counts_hold(struct shutdown m, struct stop_plan p) =
	0 <= m.step <= p.steps && 0 <= m.requests &&
	(m.phase < PHASE_STOP ==> m.step == 0 && !m.called) &&
	(m.phase < PHASE_SWEEP ==> !m.swept && !m.readers_called) &&
	REASON_NONE <= m.drain_end < REASON_COUNT &&
	REASON_NONE <= m.sweep_end < REASON_COUNT;

predicate waits_hold(struct shutdown m, integer now) =
	0 <= m.linger_until_ns && 0 <= m.step_until_ns &&
	0 <= m.check_ports_ns && 0 <= m.busy_ns <= now &&
	0 <= m.interrupt_ns <= now &&
	(m.swept ==> 0 <= m.sweep_until_ns <= m.kill_ns) &&
	(m.readers_called ==> m.readers_until_ns == NEVER_NS) &&
	(m.phase == PHASE_KILL ==>
		m.dead_until_ns == m.entered_ns + SECOND_NS) &&
	(m.phase == PHASE_POST ==> m.post_until_ns <= m.deadline_ns);

predicate invariant(struct shutdown m, struct stop_plan p, integer now) =
	is_time(now) && deadline_holds(m, p, now) && phase_holds(m, now) &&
	sums_hold(m) && hooks_hold(m, p) && counts_hold(m, p) &&
	waits_hold(m, now);
*/

/* -------------------------------------------------------------- the promise */

/*@
// A number that falls with every action at one time, and that no event
// raises: so a turn of the loop ends.
logic integer rank(struct shutdown m, struct stop_plan p, integer now) =
	m.phase <= PHASE_READY ? 200 :
	m.phase == PHASE_DRAIN ?
		150 + 2 * (p.pre_hooks - m.next_pre_hook) +
		(m.hook_running ? 1 : 0) +
		(m.check_ports_ns <= now || m.quiet_ns < now ? 1 : 0) :
	m.phase == PHASE_STOP ?
		100 + 2 * (p.steps - m.step) + (m.called ? 0 : 2) +
		(m.survivors_found ? 0 : 1) :
	m.phase == PHASE_SWEEP ?
		70 + (m.swept ? 0 : 4) + (m.readers_called ? 0 : 2) +
		(m.survivors_found ? 0 : 1) :
	m.phase == PHASE_KILL ?
		50 + (m.sweep_end != REASON_NONE ? 1 : 0) +
		(m.again_ns <= now ? 1 : 0) :
	m.phase == PHASE_POST ?
		10 + 2 * (p.post_hooks - m.next_post_hook) +
		(m.hook_running ? 1 : 0) :
	0;

// The deadline is fixed once, and never moves.
predicate deadline_kept(struct shutdown was, struct shutdown m) =
	fixed(was) ==> m.asked_ns == was.asked_ns &&
		m.deadline_ns == was.deadline_ns &&
		m.kill_ns == was.kill_ns && m.signal == was.signal;

predicate deadline_fixed(struct shutdown was, struct shutdown m,
			 struct stop_plan p, integer now) =
	!fixed(was) && fixed(m) ==> m.asked_ns == now &&
		m.deadline_ns == now + p.grace_ns &&
		m.kill_ns == m.deadline_ns - p.post_ns;

// Every wait has an end later than now, except in phase ready; before the
// SIGKILL it is not after the time for that, and none begins at that time.
predicate waits(struct shutdown m, integer now) =
	now < m.wake_ns && m.phase < PHASE_EXIT &&
	(m.phase == PHASE_START ==> m.wake_ns == NEVER_NS) &&
	(m.phase == PHASE_READY ==>
		m.signal == 0 && (!m.main_gone ? m.wake_ns == NEVER_NS :
			m.lingers && !m.all_gone &&
			m.wake_ns == m.linger_until_ns)) &&
	(PHASE_DRAIN <= m.phase <= PHASE_SWEEP ==> m.wake_ns <= m.kill_ns) &&
	(m.phase == PHASE_KILL ==> m.wake_ns <= m.entered_ns + SECOND_NS) &&
	(m.phase == PHASE_POST ==> m.wake_ns <= m.deadline_ns);

// What no action changes that is not made for it.
predicate steps_kept(struct shutdown was, struct shutdown m, integer what) =
	(what != ACTION_SIGNAL ==> m.step == was.step) &&
	(what != ACTION_LAST_CALL ==> m.called == was.called &&
		m.readers_called == was.readers_called) &&
	(what != ACTION_SWEEP ==> m.swept == was.swept) &&
	(what != ACTION_KILL ==> m.killed == was.killed) &&
	(what != ACTION_POST_HOOK ==> m.all_gone == was.all_gone) &&
	(what != ACTION_HOOK && what != ACTION_POST_HOOK && m.hook_running ==>
		was.hook_running) &&
	(m.phase == was.phase ==> m.entered_ns == was.entered_ns) &&
	m.main_gone == was.main_gone && m.requests == was.requests;

// Each step at most once, in its phase and in order.
predicate step_is_due(struct shutdown was, struct shutdown m, struct stop_plan p,
		      integer now, integer what, integer number) =
	(what == ACTION_DRAIN ==>
		was.phase == PHASE_READY && m.phase == PHASE_DRAIN &&
		number == m.signal) &&
	(what == ACTION_CHECK_PORTS ==> m.phase == PHASE_DRAIN && p.drain) &&
	(what == ACTION_DRAIN_DONE ==>
		was.phase == PHASE_DRAIN && m.phase > PHASE_DRAIN) &&
	(what == ACTION_SIGNAL ==>
		m.phase == PHASE_STOP && was.step < p.steps &&
		m.step == was.step + 1 &&
		number == p.step[was.step].signal && number != SIGKILL) &&
	(what == ACTION_LAST_CALL ==>
		(m.phase == PHASE_STOP && !was.called && m.called) ||
		(m.phase == PHASE_SWEEP && !was.readers_called &&
		 m.readers_called && m.swept)) &&
	(what == ACTION_FIND_SURVIVORS ==>
		PHASE_STOP <= m.phase <= PHASE_SWEEP) &&
	(what == ACTION_SWEEP ==>
		m.phase == PHASE_SWEEP && !was.swept && m.swept) &&
	(what == ACTION_SWEPT ==> m.phase >= PHASE_KILL && was.swept) &&
	(what == ACTION_KILL ==>
		m.phase == PHASE_KILL && !was.killed && m.killed &&
		m.entered_ns == now) &&
	(what == ACTION_KILL_AGAIN ==> m.phase >= PHASE_KILL) &&
	(what == ACTION_EXIT ==> m.phase == PHASE_EXIT);

// What comes before the SIGKILL comes before its time.
predicate step_in_time(struct shutdown was, struct shutdown m, integer now,
		       integer what) =
	(what == ACTION_HOOK || what == ACTION_SIGNAL || what == ACTION_LAST_CALL ||
	 what == ACTION_FIND_SURVIVORS || what == ACTION_SWEEP ==> now < m.kill_ns) &&
	(what == ACTION_POST_HOOK ==> now < m.deadline_ns);

// Who has gone is not signalled.
predicate nobody_missing(struct shutdown was, integer what) =
	what == ACTION_SIGNAL || what == ACTION_LAST_CALL || what == ACTION_SWEEP ||
	what == ACTION_FIND_SURVIVORS || what == ACTION_KILL || what == ACTION_KILL_AGAIN
		==> !was.all_gone;

predicate hooks_in_order(struct shutdown was, struct shutdown m,
			 struct stop_plan p, integer what, integer number) =
	(what == ACTION_HOOK ==> m.phase == PHASE_DRAIN) &&
	(what == ACTION_POST_HOOK ==> m.phase == PHASE_POST) &&
	(what == ACTION_HOOK || what == ACTION_HOOK_SKIP || what == ACTION_HOOK_KILL ||
	 what == ACTION_POST_HOOK ==>
		m.phase == PHASE_DRAIN || m.phase == PHASE_POST) &&
	(m.phase == PHASE_DRAIN && (what == ACTION_HOOK || what == ACTION_HOOK_SKIP)
		==> number == was.next_pre_hook && number < p.pre_hooks &&
			m.next_pre_hook == number + 1) &&
	(what == ACTION_POST_HOOK ||
	 (m.phase == PHASE_POST && what == ACTION_HOOK_SKIP)
		==> number == was.next_post_hook && number < p.post_hooks &&
			m.next_post_hook == number + 1) &&
	(what != ACTION_HOOK && what != ACTION_HOOK_SKIP ==>
		m.next_pre_hook == was.next_pre_hook) &&
	(what != ACTION_POST_HOOK && what != ACTION_HOOK_SKIP ==>
		m.next_post_hook == was.next_post_hook) &&
	(what == ACTION_HOOK_KILL ==> was.hook_running && !m.hook_running &&
		0 <= number < (m.phase == PHASE_POST ? p.post_hooks
						     : p.pre_hooks));

// Nobody is left out: drain, stop and sweep end in a SIGKILL, or with nobody
// left.
predicate nobody_left_out(struct shutdown was, struct shutdown m,
			  integer what) =
	was.phase <= PHASE_SWEEP && m.phase > PHASE_SWEEP ==>
		what == ACTION_KILL || was.all_gone;

predicate progress(struct shutdown was, struct shutdown m, struct stop_plan p,
		   integer now, integer what) =
	was.phase <= m.phase && ACTION_WAIT <= what < ACTION_COUNT &&
	(was.phase == PHASE_EXIT ==> what == ACTION_EXIT) &&
	(what == ACTION_ASK_AGAIN ==>
		was.phase < m.phase && PHASE_SWEEP <= m.phase) &&
	0 <= rank(m, p, now) <= rank(was, p, now) &&
	(what != ACTION_WAIT && what != ACTION_EXIT ==>
		rank(m, p, now) < rank(was, p, now));
*/

/*@
// What shutdown_next() has passed through so far, with nothing to do.
predicate passed_through(struct shutdown was, struct shutdown m,
			 struct stop_plan p, integer now) =
	invariant(m, p, now) && deadline_kept(was, m) &&
	deadline_fixed(was, m, p, now) && steps_kept(was, m, ACTION_WAIT) &&
	was.phase <= m.phase && rank(m, p, now) <= rank(was, p, now) &&
	m.next_pre_hook == was.next_pre_hook && m.next_post_hook == was.next_post_hook &&
	(was.phase < m.phase ? PHASE_SWEEP <= m.phase : m == was) &&
	(m.hook_running ==> was.hook_running) &&
	nobody_left_out(was, m, ACTION_WAIT);
*/

/* ------------------------------------------------ the functions of shutdown.h
 *
 * A contract stands at a declaration before the one in the source.
 */

/* clang-format off */
#define GIVEN                                                                  \
	requires \valid(m) && \valid_read(plan) && \separated(m, plan);        \
	requires plan: valid_plan(*plan);                                      \
	requires before: invariant(*m, *plan, now_ns);

#define KEPT                                                                   \
	ensures clock: is_time(now_ns) &&                                      \
		deadline_holds(*m, *plan, now_ns) &&                           \
		phase_holds(*m, now_ns) && sums_hold(*m);                      \
	ensures state: hooks_hold(*m, *plan) && counts_hold(*m, *plan) &&      \
		waits_hold(*m, now_ns);                                        \
	ensures deadline: deadline_kept(\old(*m), *m) &&                       \
		deadline_fixed(\old(*m), *m, *plan, now_ns);

#define DECIDED                                                                \
	assigns *m;                                                            \
	KEPT                                                                   \
	ensures kept: steps_kept(\old(*m), *m, \result.kind);                   \
	ensures due: step_is_due(\old(*m), *m, *plan, now_ns, \result.kind,     \
				 \result.number);                              \
	ensures order: hooks_in_order(\old(*m), *m, *plan, \result.kind,        \
				      \result.number);                         \
	ensures signals: step_in_time(\old(*m), *m, now_ns, \result.kind) &&    \
		nobody_missing(\old(*m), \result.kind) &&                       \
		nobody_left_out(\old(*m), *m, \result.kind);                    \
	ensures wait: (\result.kind == ACTION_WAIT ==> waits(*m, now_ns)) &&       \
		REASON_NONE <= \result.reason < REASON_COUNT;

#define PROGRESSED                                                             \
	ensures progress: progress(\old(*m), *m, *plan, now_ns, \result.kind);
/* clang-format on */

/*@
predicate at_rest(struct shutdown m) =
	m.phase == PHASE_START && !fixed(m) && m.kill_ns == NEVER_NS &&
	m.signal == 0 && m.asked_ns == 0 && m.entered_ns == 0 &&
	!m.killed && !m.swept && !m.called && !m.readers_called &&
	!m.hook_running &&
	(\forall integer i; 0 <= i < PHASE_COUNT ==> m.spent_ns[i] == 0) &&
	m.next_pre_hook == 0 && m.next_post_hook == 0 && m.step == 0 &&
	m.requests == 0 && m.drain_end == REASON_NONE &&
	m.sweep_end == REASON_NONE && m.linger_until_ns == NEVER_NS &&
	m.step_until_ns == 0 && m.check_ports_ns == 0 && m.busy_ns == 0 &&
	m.interrupt_ns == 0;
*/

/*@ requires \valid(m);
    assigns *m;
    ensures start: at_rest(*m);
    ensures every_plan: \forall struct stop_plan p, integer now;
	valid_plan(p) && is_time(now) ==> invariant(*m, p, now); */
void shutdown_init(struct shutdown *m);

/*@ requires \valid(m) && m->phase == PHASE_START && is_time(now_ns);
    assigns *m;
    ensures *m == { \old(*m) \with .phase = (enum phase)PHASE_READY,
				   .entered_ns = now_ns }; */
void shutdown_started(struct shutdown *m, int64_t now_ns);

/*@ GIVEN
    assigns *m;
    KEPT
    ensures same: m->phase == \old(m->phase) && m->step == \old(m->step) &&
	m->killed == \old(m->killed) && m->swept == \old(m->swept) &&
	m->called == \old(m->called) &&
	m->readers_called == \old(m->readers_called) &&
	m->entered_ns == \old(m->entered_ns);
    ensures gone: (\old(m->all_gone) ==> m->all_gone) &&
	(\old(m->main_gone) ==> m->main_gone);
    ensures stop: event.kind == EVENT_STOP && 1 <= event.number <= 64 &&
	!fixed(\old(*m)) ==> m->signal == event.number;
    ensures progress: 0 <= rank(*m, *plan, now_ns) <=
	rank(\old(*m), *plan, now_ns); */
void shutdown_note(struct shutdown *m, const struct stop_plan *plan,
		   struct event event, int64_t now_ns);

/*@ GIVEN
    DECIDED
    PROGRESSED
    ensures returned: \result.kind != ACTION_ASK_AGAIN; */
struct action shutdown_next(struct shutdown *m, const struct stop_plan *plan,
			    int64_t now_ns);

/* -------------------------------------------------------------- their parts */

/*@ assigns \nothing;
    ensures \result == \min(a, b); */
static int64_t earlier(int64_t a, int64_t b);

/*@ assigns \nothing;
    ensures \result == \max(a, b); */
static int64_t later(int64_t a, int64_t b);

/*@ requires 0 <= now_ns && -END_OF_TIME_NS <= wait_ns;
    assigns \nothing;
    ensures \result == \min(now_ns + wait_ns, NEVER_NS); */
static int64_t after(int64_t now_ns, int64_t wait_ns);

/*@ assigns \nothing;
    ensures \result.kind == kind && \result.reason == reason &&
	\result.number == number; */
static struct action action(enum action_kind kind, enum reason reason, int number);

/*@ assigns \nothing;
    ensures \result.kind == ACTION_ASK_AGAIN && \result.reason == REASON_NONE; */
static struct action ask_again(void);

/*@ requires \valid(m);
    assigns *m;
    ensures *m == { \old(*m) \with .wake_ns = wake_ns };
    ensures \result.kind == ACTION_WAIT && \result.reason == REASON_NONE; */
static struct action wait_until(struct shutdown *m, int64_t wake_ns);

/*@
logic struct shutdown entered(struct shutdown m, integer phase, integer now) =
	{ m \with .phase = (enum phase)phase, .entered_ns = (int64_t)now,
		  .survivors_found = (_Bool)0,
		  .interrupted = phase == PHASE_DRAIN ? m.interrupted
						      : (_Bool)0,
		  .spent_ns[m.phase] = (int64_t)(now - m.entered_ns) };

logic struct shutdown deadline_at(struct shutdown m, struct stop_plan p,
				  integer now) =
	{ m \with .asked_ns = (int64_t)now, .busy_ns = (int64_t)now,
		  .deadline_ns = (int64_t)(now + p.grace_ns),
		  .kill_ns = (int64_t)(now + p.grace_ns - p.post_ns) };
*/

/*@ requires \valid(m) && phase_holds(*m, now_ns) && sums_hold(*m);
    requires is_time(now_ns) && m->phase < phase <= PHASE_EXIT;
    assigns *m;
    ensures *m == entered(\old(*m), phase, now_ns); */
static void enter(struct shutdown *m, enum phase phase, int64_t now_ns);

/*@ requires \valid(m) && \valid_read(plan) && \separated(m, plan);
    requires valid_plan(*plan) && is_time(now_ns);
    assigns m->asked_ns, m->deadline_ns, m->kill_ns, m->busy_ns;
    ensures *m == deadline_at(\old(*m), *plan, now_ns); */
static void fix_deadline(struct shutdown *m, const struct stop_plan *plan,
			 int64_t now_ns);

/*@ GIVEN
    assigns m->signal, m->asked_ns, m->deadline_ns, m->kill_ns,
	m->busy_ns, m->requests, m->interrupted, m->had_interrupt,
	m->interrupt_ns;
    KEPT
    ensures stop: 1 <= signal <= 64 && !fixed(\old(*m)) ==>
	m->signal == signal; */
static void note_stop(struct shutdown *m, const struct stop_plan *plan, int signal,
		      int64_t now_ns);

/*@ requires \valid_read(m) && \valid_read(plan) && \separated(m, plan);
    requires valid_plan(*plan) && is_time(m->asked_ns);
    assigns \nothing;
    ensures \result == \min(m->asked_ns + plan->pre_limit_ns, m->kill_ns); */
static int64_t drain_limit_ns(const struct shutdown *m,
			      const struct stop_plan *plan);

/*@ requires \valid_read(m) && \valid_read(plan) && \separated(m, plan);
    requires valid_plan(*plan) && is_time(m->asked_ns) && 0 <= m->kill_ns;
    assigns \nothing; */
static int64_t gap_from_ns(const struct shutdown *m, const struct stop_plan *plan);

/*@ GIVEN
    requires \valid_read(event) && \separated(m, event);
    assigns m->check_ports_ns, m->busy_ns, m->quiet_ns, m->free_ns;
    KEPT
    ensures progress: now_ns < m->check_ports_ns &&
	(m->quiet_ns == \old(m->quiet_ns) || m->quiet_ns == now_ns); */
static void note_ports(struct shutdown *m, const struct stop_plan *plan,
		       const struct event *event, int64_t now_ns);

/*@ requires \valid_read(m);
    assigns \nothing;
    ensures \result <==> (m->lingers ? m->all_gone : m->main_gone); */
static bool program_gone(const struct shutdown *m);

/*@ requires \valid(m) && phase_holds(*m, now_ns) && sums_hold(*m);
    requires is_time(now_ns);
    requires m->phase == PHASE_STOP || m->phase == PHASE_SWEEP;
    requires REASON_NONE < reason < REASON_COUNT;
    assigns *m;
    ensures names: !\old(m->survivors_found) && reason != REASON_DEADLINE ?
	*m == { \old(*m) \with .survivors_found = (_Bool)1 } &&
	\result.kind == ACTION_FIND_SURVIVORS :
	*m == { entered(\old(*m), PHASE_KILL, now_ns) \with
		.killed = (_Bool)1, .sweep_end = reason,
		.main_killed = m->main_killed,
		.dead_until_ns = (int64_t)(now_ns + SECOND_NS),
		.again_ns = m->again_ns } &&
	now_ns < m->again_ns && \result.kind == ACTION_KILL;
    ensures reason: REASON_NONE <= \result.reason < REASON_COUNT; */
static struct action begin_kill(struct shutdown *m, enum reason reason,
				int64_t now_ns);

/*@ GIVEN
    requires PHASE_SWEEP <= m->phase < PHASE_POST;
    assigns *m;
    ensures *m == { entered(\old(*m), PHASE_POST, now_ns) \with
	.hook_running = (_Bool)0, .post_until_ns = m->post_until_ns };
    ensures m->post_until_ns <= m->deadline_ns;
    ensures \result.kind == ACTION_ASK_AGAIN && \result.reason == REASON_NONE; */
static struct action begin_post(struct shutdown *m, const struct stop_plan *plan,
				int64_t now_ns);

/*@ requires \valid(m) && is_time(now_ns);
    requires now_ns < wake_ns && now_ns < kill_ns;
    assigns *m;
    ensures \result.kind == ACTION_WAIT ?
	*m == { \old(*m) \with .wake_ns = m->wake_ns } &&
	now_ns < m->wake_ns <= kill_ns :
	\result.kind == ACTION_FIND_SURVIVORS && !\old(m->survivors_found) &&
	*m == { \old(*m) \with .survivors_found = (_Bool)1 };
    ensures \result.reason == REASON_NONE; */
static struct action await_kill(struct shutdown *m, int64_t wake_ns,
				int64_t kill_ns, int64_t now_ns);

/*@ requires \valid_read(m) && \valid_read(plan) && \separated(m, plan);
    requires valid_plan(*plan) && is_time(m->entered_ns);
    requires 0 <= kill_ns;
    assigns \nothing;
    ensures \result == NEVER_NS || \result <= kill_ns; */
static int64_t last_call_ns(const struct shutdown *m, const struct stop_plan *plan,
			    int64_t kill_ns);

/*@ GIVEN
    requires m->phase == PHASE_READY;
    DECIDED
    PROGRESSED */
static struct action next_ready(struct shutdown *m, const struct stop_plan *plan,
				int64_t now_ns);

/*@ GIVEN
    requires m->phase == PHASE_DRAIN && REASON_NONE < reason < REASON_COUNT;
    DECIDED
    PROGRESSED
    ensures \result.kind != ACTION_WAIT && \result.kind != ACTION_ASK_AGAIN; */
static struct action end_drain(struct shutdown *m, const struct stop_plan *plan,
			       enum reason reason, int64_t now_ns);

/*@ requires \valid_read(m) && \valid_read(plan) && \separated(m, plan);
    assigns \nothing;
    ensures \result == (!plan->drain || m->quiet_ns == now_ns ? REASON_DONE :
	m->free_ns == now_ns ? REASON_GAP : REASON_NONE); */
static enum reason drain_done(const struct shutdown *m, const struct stop_plan *plan,
			   int64_t now_ns);

/*@ GIVEN
    requires m->phase == PHASE_DRAIN;
    DECIDED
    PROGRESSED */
static struct action next_drain(struct shutdown *m, const struct stop_plan *plan,
				int64_t now_ns);

/*@ requires \valid_read(m) && \valid_read(plan) && \separated(m, plan);
    requires valid_plan(*plan) && 0 <= m->step <= plan->steps;
    assigns \nothing;
    ensures \result <==> m->step >= plan->steps ||
	plan->step[m->step].signal == SIGKILL; */
static bool schedule_kills_next(const struct shutdown *m,
				const struct stop_plan *plan);

/*@ requires \valid_read(m) && \valid_read(plan) && \separated(m, plan);
    requires valid_plan(*plan) && 0 <= m->step <= plan->steps;
    requires 0 <= m->step_until_ns && 0 <= m->kill_ns;
    assigns \nothing;
    ensures \min(m->step_until_ns, m->kill_ns) <= \result <= m->kill_ns; */
static int64_t schedule_kill_ns(const struct shutdown *m,
				const struct stop_plan *plan);

/*@ GIVEN
    requires m->phase == PHASE_STOP && !m->all_gone;
    requires now_ns < m->step_until_ns && now_ns < m->kill_ns;
    DECIDED
    PROGRESSED */
static struct action await_step(struct shutdown *m, const struct stop_plan *plan,
				int64_t now_ns);

/*@ GIVEN
    requires m->phase == PHASE_STOP;
    DECIDED
    PROGRESSED */
static struct action next_stop(struct shutdown *m, const struct stop_plan *plan,
			       int64_t now_ns);

/*@ requires \valid_read(m) && \valid_read(plan) && \separated(m, plan);
    requires valid_plan(*plan) && is_time(m->entered_ns) && 0 <= m->kill_ns;
    assigns \nothing; */
static int64_t sweep_from_ns(const struct shutdown *m, const struct stop_plan *plan);

/*@ GIVEN
    requires m->phase == PHASE_SWEEP;
    DECIDED
    PROGRESSED */
static struct action next_sweep(struct shutdown *m, const struct stop_plan *plan,
				int64_t now_ns);

/*@ GIVEN
    requires m->phase == PHASE_KILL;
    DECIDED
    PROGRESSED */
static struct action next_kill(struct shutdown *m, const struct stop_plan *plan,
			       int64_t now_ns);

/*@ GIVEN
    requires m->phase == PHASE_POST;
    DECIDED
    PROGRESSED */
static struct action next_post(struct shutdown *m, const struct stop_plan *plan,
			       int64_t now_ns);

/*@ GIVEN
    DECIDED
    PROGRESSED */
static struct action next_of_phase(struct shutdown *m, const struct stop_plan *plan,
				   int64_t now_ns);

#include "../../shutdown.c"

/* ------------------------------------------------------------- a whole life
 *
 * The loop of init.c, with everything that may happen around it: what the
 * contracts say together.  Each wait ends at its time or earlier, as something
 * happens, or up to `late_ns` after it.  Then the SIGKILL is asked for no later
 * than that after its time, and the exit comes no later than that after the
 * deadline, or after one second from the SIGKILL.
 */

extern int outside;

/*@ assigns outside; */
static int any_choice(void);

/*@ assigns outside; */
static struct event any_event(void);

/*@ assigns outside;
    ensures is_time(\result) && from_ns <= \result;
    ensures \result <= \max(from_ns, wake_ns + late_ns); */
static int64_t any_time(int64_t from_ns, int64_t wake_ns, int64_t late_ns);

/*@
predicate on_time(struct shutdown m, integer now, integer late,
		  integer killed) =
	(fixed(m) && m.phase <= PHASE_SWEEP ==> now <= m.kill_ns + late) &&
	(m.killed ==> 0 <= killed <= m.kill_ns + late) &&
	(m.phase == PHASE_KILL ==>
		killed == m.entered_ns && now <= killed + SECOND_NS + late) &&
	(m.phase > PHASE_KILL ==> now <= late +
		(m.killed ? \max(m.deadline_ns, killed + SECOND_NS)
			  : m.deadline_ns));
*/

/*@ requires \valid_read(plan) && valid_plan(*plan);
    requires is_duration(late_ns);
    assigns outside; */
static void any_life(const struct stop_plan *plan, int64_t late_ns)
{
	struct shutdown m;
	struct action action;
	int64_t now_ns = any_time(0, NEVER_NS, 0);
	int64_t killed_ns = -1;

	shutdown_init(&m);
	shutdown_started(&m, now_ns);
	/*@ loop invariant invariant(m, *plan, now_ns);
	    loop invariant PHASE_READY <= m.phase;
	    loop invariant m.phase == PHASE_READY && !fixed(m) ||
		waits(m, now_ns);
	    loop invariant on_time(m, now_ns, late_ns, killed_ns);
	    loop assigns outside, m, action, now_ns, killed_ns; */
	for (;;) {
		now_ns = any_time(now_ns, m.wake_ns, late_ns);
		/*@ loop invariant invariant(m, *plan, now_ns);
		    loop invariant on_time(m, now_ns, late_ns, killed_ns);
		    loop invariant PHASE_READY <= m.phase;
		    loop assigns outside, m; */
		while (any_choice())
			shutdown_note(&m, plan, any_event(), now_ns);
		/*@ loop invariant invariant(m, *plan, now_ns);
		    loop invariant on_time(m, now_ns, late_ns, killed_ns);
		    loop invariant PHASE_READY <= m.phase;
		    loop assigns outside, m, action, killed_ns;
		    loop variant rank(m, *plan, now_ns); */
		for (;;) {
			action = shutdown_next(&m, plan, now_ns);
			if (action.kind == ACTION_WAIT || action.kind == ACTION_EXIT)
				break;
			if (action.kind == ACTION_KILL) {
				/*@ assert in_time: now_ns <=
					m.kill_ns + late_ns; */
				killed_ns = now_ns;
			}
			/*@ loop invariant invariant(m, *plan, now_ns);
			    loop invariant on_time(m, now_ns, late_ns,
						   killed_ns);
			    loop invariant PHASE_READY <= m.phase;
			    loop invariant rank(m, *plan, now_ns) <=
				rank(\at(m, LoopEntry), *plan, now_ns);
			    loop assigns outside, m; */
			while (any_choice())
				shutdown_note(&m, plan, any_event(), now_ns);
		}
		if (action.kind == ACTION_EXIT)
			break;
	}
	/*@ assert in_time: now_ns <= late_ns +
		(m.killed ? \max(m.deadline_ns, killed_ns + SECOND_NS)
			  : m.deadline_ns); */
}
