/*
 * perform.c - does what shutdown.c says is due.
 *
 * Duty: one function for each action: it calls the modules, and notes what
 * follows from how it went.  Invariants: no action blocks on others; a scan of
 * /proc is limited (f->limit, KILL_MS); an action that fails is logged and
 * noted as done, so that a failure never delays the deadline.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "drain/ports.h"
#include "hook/hook.h"
#include "lib/clock.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "log/log.h"
#include "log/termination.h"
#include "options/options.h"
#include "process/everyone.h"
#include "process/targets.h"
#include "process/terminal.h"
#include "shutdown.h"
#include "stop/events.h"
#include "stop/exit_code.h"
#include "stop/lastcall.h"
#include "stop/perform.h"
#include "stop/publish.h"

/* Writes to the termination log if memory ran out or the stop was forced. */
void perform_termination(const struct lastcall *l)
{
	const int64_t *spent = l->machine.spent_ns;
	TEXT(line, LINE_MAX_LEN);

	if (l->child_oom) {
		text_format(&line,
			    WIFSIGNALED(l->status)
				    ? "out of memory: the kernel killed %q"
				    : "out of memory: the kernel killed what "
				      "%q had started",
			    l->options->program[0]);
		termination_start(l->options->termination_log, line.bytes);
		return;
	}
	if (!l->machine.killed || l->machine.signal == 0)
		return;
	text_format(&line, "stop forced: SIGKILL %t after SIG",
		    spent[PHASE_DRAIN] + spent[PHASE_STOP] +
			    spent[PHASE_SWEEP]);
	signal_name(&line, l->machine.signal);
	for (int i = 0; i < l->survivors; i++)
		text_format(&line, " to %d %q", l->survivor[i].pid,
			    l->survivor[i].name);
	termination_start(l->options->termination_log, line.bytes);
}

void perform_note(struct lastcall *l, enum event_kind kind, int number,
		  int64_t now_ns)
{
	struct event event = { .kind = kind, .number = number };

	shutdown_note(&l->machine, &l->options->plan, event, now_ns);
}

/* Logs once what a port check could not do. */
static void warn_of_port_check(struct lastcall *l, int error)
{
	if (l->port_check_warned || error == -ETIME ||
	    (error == 0 && !l->port_check.fallback))
		return;
	l->port_check_warned = true;
	if (error != 0)
		log_warning("--drain: cannot look at the ports: not waiting "
			    "for them",
			    -error);
	else
		log_warning("--drain: sock_diag is refused here: idle "
			    "connections may count as in flight",
			    0);
}

/* One port check; its cost is the time that has passed since now_ns. */
static struct event look_at_ports(struct lastcall *l, int64_t now_ns)
{
	struct event event = { .kind = EVENT_PORTS, .idle_ns = NEVER_NS };
	int error =
		ports_check(&l->port_check, &l->drained, l->machine.kill_ns);

	if (error == 0) {
		event.number = l->port_check.in_flight;
		event.idle_ns = l->port_check.idle_ns;
	} else if (error == -ETIME) {
		event.number = 1; /* not known to be quiet */
	}
	event.cost_ns = clock_ns() - now_ns;
	warn_of_port_check(l, error);
	return event;
}

/* The signal that a step of the schedule sends; 0: none. */
static int step_signal(const struct lastcall *l, int signal)
{
	/* The default schedule: the signal received, as it is forwarded. */
	return signal != 0
		       ? signal
		       : options_default_stop(l->options, l->machine.signal);
}

/*
 * Checks the ports.  If that would end the drain by a gap (near the limit, with
 * nothing in flight), finds the targets first, which is slow among many
 * processes, and checks again, so that the stop signal follows the check at
 * once.
 */
static void check_ports(struct lastcall *l, int64_t now_ns)
{
	const struct stop_plan *plan = &l->options->plan;
	struct event event = look_at_ports(l, now_ns);
	struct shutdown would = l->machine;

	shutdown_note(&would, plan, event, now_ns);
	if (shutdown_next(&would, plan, now_ns).reason == REASON_GAP &&
	    targets_find_ahead(&l->family,
			       step_signal(l, plan->step[0].signal))) {
		event = look_at_ports(l, now_ns);
		if (event.number > 0)
			targets_forget_ahead(&l->family);
	}
	shutdown_note(&l->machine, plan, event, now_ns);
}

static void begin_drain(struct lastcall *l, int64_t now_ns)
{
	const struct options *o = l->options;

	publish_stop_request(l->machine.signal, now_ns);
	if (o->plan.drain) {
		l->drained.port = o->port;
		l->drained.ports = o->ports;
		l->drained.automatic = o->drain_auto;
		l->drained.own_port = o->ready.address.port;
		l->drained.quiet_ns = o->plan.quiet_ns;
		l->drained.oldest_ns = o->oldest_ns;
		l->drained.root = l->family.self;
		check_ports(l, now_ns);
	}
	events_stop_began(l);
	if (l->drained.is_found)
		events_unserved(&l->drained);
}

static void start_hook(struct lastcall *l, const char *text, int64_t now_ns)
{
	bool post = l->machine.phase == PHASE_POST;
	struct hook_facts facts = {
		.phase = phase_names[l->machine.phase],
		.signal = l->machine.signal,
		.child = l->child,
		.remaining_ns = l->machine.deadline_ns - now_ns,
		.exit_code = post ? exit_code(l) : -1,
		.forced = l->machine.killed,
	};
	pid_t pid = hook_start(&l->inherited, text, &facts, l->envp);

	if (pid < 0) {
		log_warning("cannot start a hook", -pid);
		events_hook_finished(l->machine.phase, text, "not-started", 0,
				     0);
		perform_note(l, EVENT_HOOK_DONE, 0, now_ns);
		return;
	}
	l->hook_pid = pid;
	l->hook_line = text;
	l->hook_phase = l->machine.phase;
	l->hook_ns = now_ns;
}

/* The hook has ended: also ends the processes that it left in its group. */
void perform_hook_ended(struct lastcall *l, int status, int64_t now_ns)
{
	/* If its pid is in use again, the group may be another one. */
	if (kill(l->hook_pid, 0) < 0)
		hook_kill(l->hook_pid);
	l->hook_pid = 0;
	events_hook_finished(l->hook_phase, l->hook_line,
			     status == 0 ? "ok" : "failed", status,
			     now_ns - l->hook_ns);
	perform_note(l, EVENT_HOOK_DONE, 0, now_ns);
}

static void cut_hook(struct lastcall *l, enum reason reason, int64_t now_ns)
{
	if (l->hook_pid == 0)
		return;
	hook_kill(l->hook_pid);
	l->hook_pid = 0;
	events_hook_finished(l->hook_phase, l->hook_line,
			     reason == REASON_INTERRUPT ? "failed"
							: "timed-out",
			     0, now_ns - l->hook_ns);
}

static const char *hook_line(const struct lastcall *l, int number)
{
	return l->machine.phase == PHASE_POST ? l->options->post_stop[number]
					      : l->options->pre_stop[number];
}

static void send_stop_signal(struct lastcall *l, int signal)
{
	signal = step_signal(l, signal);
	if (signal == 0)
		return;
	/*
	 * The terminal has sent it to the program already: only remember the
	 * targets.
	 */
	if (signal == l->asked.si_signo &&
	    terminal_has_sent(&l->inherited, &l->asked)) {
		targets_stop(&l->family, 0);
		return;
	}
	targets_stop(&l->family, signal);
	events_stop_signal(signal);
}

static void kill_everyone(struct lastcall *l, enum reason reason)
{
	/* Processes that were found ahead may have ended since. */
	l->survivors = everyone_survivors(&l->family, l->survivor);
	everyone_kill(&l->family);
	l->killed = everyone_killed(&l->family);
	everyone_kill_others(&l->family);
	events_killed(l, reason);
}

static void sweep(struct lastcall *l, int64_t now_ns)
{
	l->swept = everyone_sweep(&l->family, RULE_LEFT);
	if (l->family.spared > 0)
		perform_note(l, EVENT_READERS, l->family.spared, now_ns);
}

void perform_sweep_again(struct lastcall *l)
{
	(void)everyone_sweep(&l->family, l->family.sweep_rule);
}

/* One scan finds the processes for a last SIGTERM, and the names to log. */
static void call_last(struct lastcall *l)
{
	int called;

	if (l->machine.phase == PHASE_SWEEP) {
		(void)everyone_sweep(&l->family, RULE_LEFT_LATE);
		return;
	}
	/* Where --map drops SIGTERM, no process gets it. */
	called = everyone_find(&l->family, l->options->map[SIGTERM] != 0);

	if (called > 0)
		events_last_call(called);
}

void perform_action(struct lastcall *l, struct action action, int64_t now_ns)
{
	l->family.limit.until_ns = l->machine.kill_ns;
	switch (action.kind) {
	case ACTION_DRAIN:
		begin_drain(l, now_ns);
		return;
	case ACTION_CHECK_PORTS:
		check_ports(l, now_ns);
		return;
	case ACTION_HOOK:
	case ACTION_POST_HOOK:
		start_hook(l, hook_line(l, action.number), now_ns);
		return;
	case ACTION_HOOK_SKIP:
		events_hook_finished(l->machine.phase,
				     hook_line(l, action.number), "not-started",
				     0, 0);
		return;
	case ACTION_HOOK_KILL:
		cut_hook(l, action.reason, now_ns);
		return;
	case ACTION_DRAIN_DONE:
		events_drain_finished(l, action.reason);
		return;
	case ACTION_SIGNAL:
		send_stop_signal(l, action.number);
		return;
	case ACTION_LAST_CALL:
		call_last(l);
		return;
	case ACTION_FIND_SURVIVORS:
		(void)everyone_find(&l->family, false);
		return;
	case ACTION_SWEEP:
		sweep(l, now_ns);
		return;
	case ACTION_SWEPT:
		events_sweep_finished(l, action.reason);
		return;
	case ACTION_KILL:
		kill_everyone(l, action.reason);
		return;
	case ACTION_KILL_AGAIN:
		/* Those that have ended are reaped before it is done again. */
		if (l->dead_left)
			return;
		everyone_kill(&l->family);
		everyone_kill_others(&l->family);
		return;
	case ACTION_WAIT:
	case ACTION_EXIT:
	case ACTION_ASK_AGAIN:
	case ACTION_COUNT:
		return;
	}
}
