/*
 * events.c - what a shutdown says.
 *
 * Duty: one function an event, from what lastcall knows to a line of the log.
 * Invariants: nothing at all while the program runs normally at the default
 * verbosity, and nothing when it ends by itself with 0 and leaves nobody.
 * Called by init.c.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

enum { VERBOSE = 2 };

void events_started(const struct lastcall *l)
{
	if (log_verbosity() < VERBOSE)
		return;
	log_begin("started");
	log_number("pid", l->child);
	log_text("program", l->options->program[0]);
	log_end();
}

/* The kernel's own signals (si_code above 0) have no sender: sigaction(2). */
static void log_sender(const siginfo_t *info)
{
	bool sent = info->si_code <= 0;

	log_number("sender", sent ? info->si_pid : 0);
	log_number("sender_uid", sent ? info->si_uid : 0);
}

void events_forwarded(int signal, int sent, const siginfo_t *info)
{
	if (log_verbosity() < VERBOSE)
		return;
	log_begin("forwarded");
	log_signal("signal", signal);
	if (sent == 0)
		log_text("as", "nothing");
	else if (sent != signal)
		log_signal("as", sent);
	log_sender(info);
	log_end();
}

/* How a process ended. */
static void log_status(int status)
{
	if (WIFSIGNALED(status))
		log_signal("signal", WTERMSIG(status));
	else
		log_number("code", WEXITSTATUS(status));
}

void events_reaped(const struct ended *e)
{
	log_begin("reaped");
	log_number("pid", e->pid);
	log_status(e->status);
	log_end();
}

void events_stop_repeated(const struct lastcall *l, int signal,
			  const siginfo_t *info)
{
	log_begin("stop-repeated");
	log_signal("signal", signal);
	log_sender(info);
	log_number("count", l->machine.repeats);
	log_end();
}

static void log_ports(const struct lastcall *l)
{
	if (!l->options->plan.drain)
		return;
	log_number("connections", l->look.connections);
	log_number("in_flight", l->look.in_flight);
}

/*
 * The platform that the environment shows may give less than the 30 s that
 * lastcall takes for granted where nothing was set.
 */
static void log_platform(const struct lastcall *l)
{
	const struct options *o = l->options;
	struct platform platform;

	if (strcmp(o->grace_from, "default") != 0 ||
	    !platform_find(&platform, l->envp,
			   access("/.dockerenv", F_OK) == 0) ||
	    platform.default_ns >= o->platform_ns)
		return;
	log_text("platform", platform.name);
	log_duration_ms("platform_default_ms", platform.default_ns);
	log_text("advice", platform.setting);
}

void events_drain_started(const struct lastcall *l)
{
	log_begin("drain-started");
	log_signal("signal", l->machine.signal);
	log_sender(&l->asked);
	log_ports(l);
	log_duration_ms("grace_ms", l->options->plan.grace_ns);
	log_text("grace_from", l->options->grace_from);
	log_platform(l);
	log_end();
}

void events_drain_finished(const struct lastcall *l, enum why why)
{
	log_begin("drain-finished");
	log_text("why", why_names[why]);
	log_duration_ms("duration_ms", l->machine.spent_ns[PHASE_DRAIN]);
	log_ports(l);
	log_end();
}

void events_hook_finished(const struct lastcall *l, const char *text,
			  const char *result, int status, int64_t took_ns)
{
	log_begin("hook-finished");
	log_text("phase", phase_names[l->machine.phase]);
	log_text("hook", text);
	log_text("result", result);
	if (status > 0)
		log_status(status);
	log_duration_ms("duration_ms", took_ns);
	log_end();
}

void events_stop_signal(int signal)
{
	log_begin("stop-signal");
	log_signal("signal", signal);
	log_end();
}

void events_child_exited(const struct lastcall *l)
{
	if (l->status == 0 && l->machine.signal == 0 &&
	    log_verbosity() < VERBOSE)
		return;
	log_begin("child-exited");
	log_number("pid", l->child);
	log_status(l->status);
	log_end();
}

void events_sweep_finished(const struct lastcall *l, enum why why)
{
	/* They were ending by themselves. */
	if (l->swept == 0 && why == WHY_DONE)
		return;
	log_begin("sweep-finished");
	if (l->swept >= 0)
		log_number("swept", l->swept);
	log_text("why", why_names[why]);
	log_duration_ms("duration_ms", l->machine.spent_ns[PHASE_SWEEP]);
	log_end();
}

void events_killed(const struct lastcall *l, enum why why)
{
	int count = l->survivors;

	for (int i = 0; i < l->survivors && i < SURVIVOR_MAX; i++) {
		const struct survivor *s = &l->survivor[i];

		if (s->pid == 0) {
			count--;
			continue;
		}
		log_begin("survivor");
		log_number("pid", s->pid);
		log_text("name", s->name);
		log_text("state", (char[]){ s->state, '\0' });
		log_end();
	}
	log_begin("killed");
	if (count >= 0)
		log_number("count", count);
	log_text("why", why_names[why]);
	log_end();
}

void events_exited(const struct lastcall *l)
{
	static const struct {
		enum phase phase;
		const char *key;
	} parts[] = {
		{ PHASE_DRAIN, "drain_ms" }, { PHASE_STOP, "stop_ms" },
		{ PHASE_SWEEP, "sweep_ms" }, { PHASE_KILL, "kill_ms" },
		{ PHASE_POST, "post_ms" },
	};
	const struct shutdown *m = &l->machine;

	if (m->signal == 0 && l->status == 0 && l->swept == 0 && !m->killed &&
	    log_verbosity() < VERBOSE)
		return;
	log_begin("exited");
	log_number("code", act_exit_code(l));
	log_number("forced", m->killed);
	log_duration_ms("total_ms", m->entered_ns - m->asked_ns);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		log_duration_ms(parts[i].key, m->spent_ns[parts[i].phase]);
	if (l->options->plan.drain)
		log_number("cut_off", l->look.in_flight);
	log_end();
}
