/*
 * act.c - does what shutdown.c says is due.
 *
 * Duty: one function an action, from the decision to the rooms that carry it
 * out, and what follows from how it went.  Invariants: no action waits, and
 * one that fails is logged and noted as done, so that nothing stops the clock.
 * Called by init.c.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "init.h"

int act_exit_code(const struct lastcall *l)
{
	const struct options *o = l->options;
	int code;

	if (l->status < 0)
		code = EXIT_SIGNAL + SIGKILL;
	else if (WIFSIGNALED(l->status))
		code = EXIT_SIGNAL + WTERMSIG(l->status);
	else
		code = WEXITSTATUS(l->status);
	if ((o->expected[code / 8] >> (code % 8) & 1) != 0)
		return 0;
	if (o->success_on_stop && l->machine.signal != 0 &&
	    !l->machine.main_killed)
		return 0;
	return code;
}

/* Says in the file that the platform reads why the stop was forced. */
void act_write_termination(const struct lastcall *l)
{
	const int64_t *spent = l->machine.spent_ns;
	TEXT(line, LINE_MAX_LEN);

	if (!l->machine.killed || l->machine.signal == 0)
		return;
	text_format(&line, "stop forced: SIGKILL %t after SIG",
		    spent[PHASE_DRAIN] + spent[PHASE_STOP] +
			    spent[PHASE_SWEEP]);
	signal_name(&line, l->machine.signal);
	for (int i = 0; i < l->survivors && i < SURVIVOR_MAX; i++)
		if (l->survivor[i].pid != 0)
			text_format(&line, " to %d %q", l->survivor[i].pid,
				    l->survivor[i].name);
	log_termination(l->options->termination_log, line.bytes);
}

void act_note(struct lastcall *l, enum event_kind kind, int number,
	      int64_t now_ns)
{
	struct event event = { .kind = kind, .number = number };

	shutdown_note(&l->machine, &l->options->plan, event, now_ns);
}

static void look_at_ports(struct lastcall *l, int64_t now_ns)
{
	const struct options *o = l->options;
	struct event event = { .kind = EVENT_PORTS, .idle_ns = NEVER_NS };
	int error = connections_look(&l->look, o->port, o->ports,
				     o->plan.quiet_ns, l->machine.kill_ns);

	if (error == 0) {
		event.number = l->look.in_flight;
		event.idle_ns = l->look.idle_ns;
	} else if (error == -ETIME) {
		event.number = 1; /* not known to be quiet */
	}
	event.cost_ns = clock_ns() - now_ns;
	if ((error != 0 && error != -ETIME) || l->look.fallback) {
		if (!l->look_warned)
			log_warning(error == 0 ? "sock_diag refused: every "
						 "connection counts as in "
						 "flight"
					       : "cannot look at the ports: "
						 "not waiting for them",
				    -error);
		l->look_warned = true;
	}
	shutdown_note(&l->machine, &o->plan, event, now_ns);
}

static void begin_drain(struct lastcall *l, int64_t now_ns)
{
	probe_publish(l->machine.signal, now_ns);
	if (l->options->plan.drain)
		look_at_ports(l, now_ns);
	events_drain_started(l);
}

static void start_hook(struct lastcall *l, const char *text, int64_t now_ns)
{
	bool post = l->machine.phase == PHASE_POST;
	struct hook_facts facts = {
		.phase = phase_names[l->machine.phase],
		.signal = l->machine.signal,
		.child = l->child,
		.remaining_ns = l->machine.deadline_ns - now_ns,
		.exit_code = post ? act_exit_code(l) : -1,
		.forced = l->machine.killed,
	};
	pid_t pid = hook_start(&l->inherited, text, &facts, l->envp);

	if (pid < 0) {
		log_warning("cannot start a hook", -pid);
		events_hook_finished(l, text, "not-started", 0, 0);
		act_note(l, EVENT_HOOK_DONE, 0, now_ns);
		return;
	}
	l->hook = pid;
	l->hook_text = text;
	l->hook_ns = now_ns;
}

/* The hook has ended: so do the processes that it left in its group. */
void act_hook_ended(struct lastcall *l, int status, int64_t now_ns)
{
	hook_kill(l->hook);
	l->hook = 0;
	events_hook_finished(l, l->hook_text, status == 0 ? "ok" : "failed",
			     status, now_ns - l->hook_ns);
	act_note(l, EVENT_HOOK_DONE, 0, now_ns);
}

static void cut_hook(struct lastcall *l, enum why why, int64_t now_ns)
{
	if (l->hook == 0)
		return;
	hook_kill(l->hook);
	l->hook = 0;
	events_hook_finished(l, l->hook_text,
			     why == WHY_INTERRUPT ? "failed" : "timed-out", 0,
			     now_ns - l->hook_ns);
}

static const char *hook_text(const struct lastcall *l, int number)
{
	return l->machine.phase == PHASE_POST ? l->options->post_stop[number]
					      : l->options->pre_stop[number];
}

static void send_stop_signal(struct lastcall *l, int signal)
{
	/* The default schedule: the signal received, as it is forwarded. */
	if (signal == 0)
		signal = l->options->map[l->machine.signal];
	if (signal == 0)
		return;
	scope_stop(&l->family, signal, l->machine.kill_ns);
	events_stop_signal(signal);
}

static void kill_everyone(struct lastcall *l, enum why why)
{
	struct process p;

	/*
	 * Some of those who were looked up ahead may have ended since, though
	 * a parent that does not ask for them keeps their pids.
	 */
	for (int i = 0; i < l->survivors && i < SURVIVOR_MAX; i++)
		if (!proc_read(&p, l->survivor[i].pid) || p.state == 'Z')
			l->survivor[i].pid = 0;
	scope_kill(&l->family);
	events_killed(l, why);
}

void act_perform(struct lastcall *l, struct action action, int64_t now_ns)
{
	switch (action.act) {
	case ACT_DRAIN:
		begin_drain(l, now_ns);
		return;
	case ACT_LOOK:
		look_at_ports(l, now_ns);
		return;
	case ACT_HOOK:
	case ACT_POST_HOOK:
		start_hook(l, hook_text(l, action.number), now_ns);
		return;
	case ACT_HOOK_SKIP:
		events_hook_finished(l, hook_text(l, action.number),
				     "not-started", 0, 0);
		return;
	case ACT_HOOK_KILL:
		cut_hook(l, action.why, now_ns);
		return;
	case ACT_DRAIN_DONE:
		events_drain_finished(l, action.why);
		return;
	case ACT_SIGNAL:
		send_stop_signal(l, action.number);
		return;
	case ACT_SURVIVORS:
		l->survivors = scope_survivors(&l->family, l->survivor,
					       l->machine.kill_ns);
		return;
	case ACT_SWEEP:
		l->swept = scope_sweep(&l->family, l->machine.kill_ns);
		return;
	case ACT_SWEPT:
		events_sweep_finished(l, action.why);
		return;
	case ACT_KILL:
		kill_everyone(l, action.why);
		return;
	case ACT_KILL_AGAIN:
		scope_kill(&l->family);
		return;
	case ACT_WAIT:
	case ACT_EXIT:
	case ACT_COUNT:
		return;
	}
}
