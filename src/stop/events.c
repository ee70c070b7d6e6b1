/*
 * events.c - what a shutdown logs.
 *
 * Duty: one function for each event, from what lastcall knows to a line of the
 * log.  Invariants: at the default verbosity nothing is logged while the
 * program runs normally, nor when it ends by itself with 0 and leaves no
 * process.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "drain/ports.h"
#include "drain/sockets.h"
#include "lib/clock.h"
#include "lib/errors.h"
#include "log/log.h"
#include "options/options.h"
#include "process/everyone.h"
#include "process/spawn.h"
#include "reap.h"
#include "shutdown.h"
#include "stop/events.h"
#include "stop/exit_code.h"
#include "stop/lastcall.h"

enum {
	VERBOSE = 2,
	PORTS_NAMED_MAX = 16, /* ports that drain-started names */
};

static void log_program(const struct lastcall *l)
{
	log_number("pid", l->child);
	log_text("program", l->options->program[0]);
}

void events_started(const struct lastcall *l)
{
	if (log_verbosity() < VERBOSE)
		return;
	log_begin("started", LOG_INFO);
	log_program(l);
	log_end();
}

/* The kernel's own signals (si_code above 0) have no sender: sigaction(2). */
static void log_sender(const siginfo_t *info)
{
	bool sent = info->si_code <= 0;

	log_number("sender", sent ? info->si_pid : 0);
	log_number("sender_uid", sent ? info->si_uid : 0);
}

static void begin_signal(const char *event, enum log_level level, int signal)
{
	log_begin(event, level);
	log_signal("signal", signal);
}

static void begin_request(const char *event, enum log_level level, int signal,
			  const siginfo_t *info)
{
	begin_signal(event, level, signal);
	log_sender(info);
}

void events_forwarded(int signal, int sent, const siginfo_t *info)
{
	if (log_verbosity() < VERBOSE)
		return;
	begin_signal("forwarded", LOG_INFO, signal);
	if (sent == 0)
		log_text("as", "nothing");
	else if (sent != signal)
		log_signal("as", sent);
	log_sender(info);
	log_end();
}

static void log_why(enum reason reason)
{
	log_text("why", reason_names[reason]);
}

static void log_cause(bool oom)
{
	if (oom)
		log_text("cause", "oom");
}

void events_reaped(const struct ended *e, bool oom)
{
	log_begin("reaped", oom ? LOG_WARNING : LOG_INFO);
	log_number("pid", e->pid);
	log_status(e->status);
	log_cause(oom);
	log_end();
}

/* This is the first stop request, after the program has ended by itself. */
void events_stop_requested(int signal, const siginfo_t *info)
{
	begin_request("stop-requested", LOG_INFO, signal, info);
	log_end();
}

void events_stop_repeated(const struct lastcall *l, int signal,
			  const siginfo_t *info)
{
	begin_request("stop-repeated", LOG_INFO, signal, info);
	log_number("count", l->machine.requests - 1);
	log_end();
}

static void log_ports(const struct lastcall *l)
{
	if (!l->options->plan.drain)
		return;
	log_number("connections", l->port_check.connections);
	log_number("in_flight", l->port_check.in_flight);
	if (l->port_check.fallback)
		log_number("unclear", l->port_check.unclear);
}

/* Adds the ports that --drain auto has found. */
static void log_found(const struct drained *d)
{
	uint16_t port[PORTS_NAMED_MAX];
	TEXT(names, 8 * PORTS_NAMED_MAX);
	int count;

	if (!d->automatic || !d->is_found)
		return;
	count = port_set_list(&d->all, port, PORTS_NAMED_MAX);
	for (int i = 0; i < count && i < PORTS_NAMED_MAX; i++)
		text_format(&names, i > 0 ? ",%d" : "%d", port[i]);
	if (count > PORTS_NAMED_MAX)
		text_add(&names, ",...");
	log_text("ports", names.bytes);
}

static void warn_unserved(const char *what, int port)
{
	log_begin_warning(what);
	if (port > 0)
		log_number("port", port);
	log_end();
}

void events_unserved(const struct drained *d)
{
	if (d->automatic && port_set_is_empty(&d->all))
		warn_unserved("--drain auto: the program listens on no TCP "
			      "port",
			      0);
	for (int i = 0; i < d->ports; i++)
		if (!port_set_has(&d->served, d->port[i]))
			warn_unserved("--drain: the program does not listen on "
				      "this port",
				      d->port[i]);
}

/* Does anything come before the stop signal? */
static bool has_drain(const struct stop_plan *plan)
{
	return plan->delay_ns > 0 || plan->pre_hooks > 0 || plan->drain;
}

void events_stop_began(const struct lastcall *l)
{
	begin_request(has_drain(&l->options->plan) ? "drain-started"
						   : "stop-requested",
		      LOG_INFO, l->machine.signal, &l->asked);
	log_ports(l);
	log_found(&l->drained);
	log_duration_ms("grace_ms", l->options->plan.grace_ns);
	log_text("grace_from", l->options->grace_from);
	log_end();
}

void events_drain_finished(const struct lastcall *l, enum reason reason)
{
	bool cut = reason == REASON_LIMIT || reason == REASON_DEADLINE;

	if (!has_drain(&l->options->plan))
		return;
	log_begin("drain-finished", cut ? LOG_WARNING : LOG_INFO);
	log_why(reason);
	log_duration_ms("duration_ms", l->machine.spent_ns[PHASE_DRAIN]);
	log_ports(l);
	log_end();
}

void events_hook_finished(enum phase phase, const char *text,
			  const char *result, int status, int64_t took_ns)
{
	log_begin("hook-finished",
		  strcmp(result, "ok") == 0 ? LOG_INFO : LOG_WARNING);
	log_text("phase", phase_names[phase]);
	log_text("hook", text);
	log_text("result", result);
	if (status > 0)
		log_status(status);
	log_duration_ms("duration_ms", took_ns);
	log_end();
}

void events_stop_signal(int signal)
{
	begin_signal("stop-signal", LOG_INFO, signal);
	log_end();
}

/* How bad the end is: an exit code that -e has made 0 is no failure. */
static enum log_level end_level(const struct lastcall *l)
{
	if (l->child_oom || (l->machine.signal == 0 && exit_code(l) != 0))
		return LOG_ERROR;
	return l->machine.killed ? LOG_WARNING : LOG_INFO;
}

/*
 * Does only lastcall's own exit follow the end of the program, so that its
 * event can report that end?  Then no process and no hook is left, and -e does
 * not change the exit code.
 */
static bool ends_alone(const struct lastcall *l, bool all_gone)
{
	return all_gone && l->machine.signal == 0 &&
	       l->options->plan.post_hooks == 0 &&
	       exit_code(l) == exit_code_own(l);
}

void events_child_exited(struct lastcall *l, bool all_gone)
{
	l->ended_alone = ends_alone(l, all_gone);
	/* The child has logged why. */
	l->not_run = l->machine.signal == 0 && spawn_has_failed(l->failed);
	if (l->ended_alone || l->not_run ||
	    (l->status == 0 && l->machine.signal == 0 &&
	     log_verbosity() < VERBOSE))
		return;
	log_begin("child-exited", end_level(l));
	log_program(l);
	log_status(l->status);
	log_cause(l->child_oom);
	log_end();
}

void events_sweep_finished(const struct lastcall *l, enum reason reason)
{
	/* The processes ended by themselves. */
	if (l->swept == 0 && reason == REASON_DONE)
		return;
	log_begin("sweep-finished",
		  reason == REASON_DONE ? LOG_INFO : LOG_WARNING);
	if (l->swept >= 0)
		log_number("swept", l->swept);
	log_why(reason);
	log_duration_ms("duration_ms", l->machine.spent_ns[PHASE_SWEEP]);
	log_end();
}

void events_last_call(int called)
{
	log_begin("last-call", LOG_WARNING);
	log_number("count", called);
	log_end();
}

void events_killed(const struct lastcall *l, enum reason reason)
{
	for (int i = 0; i < l->survivors; i++) {
		const struct survivor *s = &l->survivor[i];

		log_begin("survivor", LOG_WARNING);
		log_number("pid", s->pid);
		log_text("name", s->name);
		log_text("state", (char[]){ s->state, '\0' });
		log_end();
	}
	log_begin("killed", LOG_WARNING);
	if (l->killed >= 0)
		log_number("count", l->killed);
	log_why(reason);
	log_end();
}

/* Adds a phase that took at least a millisecond: drain_ms and so on. */
static void log_phase(const char *name, int64_t spent_ns)
{
	TEXT(key, 16);

	text_format(&key, "%s_ms", name);
	if (spent_ns >= NS_PER_MS)
		log_duration_ms(key.bytes, spent_ns);
}

/* A program that refuses its command line may have got lastcall's options. */
static void log_hint(const struct lastcall *l)
{
	const char *hint = options_hint(l->options->program);

	if (*hint && WIFEXITED(l->status) && l->status != 0)
		log_text("hint", hint + strlen("; "));
}

void events_exited(const struct lastcall *l)
{
	const struct shutdown *m = &l->machine;

	if (l->not_run || (m->signal == 0 && l->status == 0 && l->swept == 0 &&
			   !m->killed && log_verbosity() < VERBOSE))
		return;
	log_begin("exited", end_level(l));
	log_number("code", exit_code(l));
	if (l->ended_alone && WIFSIGNALED(l->status))
		log_signal("signal", WTERMSIG(l->status));
	log_cause(l->child_oom);
	log_flag("forced", m->killed);
	if (l->ended_alone) {
		log_program(l);
		log_hint(l);
	}
	log_duration_ms("total_ms", m->entered_ns - m->asked_ns);
	for (int phase = PHASE_DRAIN; phase <= PHASE_POST; phase++)
		log_phase(phase_names[phase], m->spent_ns[phase]);
	if (l->options->plan.drain)
		log_number("cut_off", l->port_check.in_flight);
	log_end();
}
