/*
 * events.h - what a shutdown logs, line by line.
 */
#ifndef LASTCALL_EVENTS_H
#define LASTCALL_EVENTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "drain/ports.h"
#include "reap.h"
#include "shutdown.h"
#include "stop/lastcall.h"

/* There is a function for each event; log.c writes the line. */
void events_started(const struct lastcall *l);
void events_forwarded(int signal, int sent, const siginfo_t *info);
/* `oom`: the process died because memory ran out. */
void events_reaped(const struct ended *e, bool oom);
void events_stop_requested(int signal, const siginfo_t *info);
void events_stop_repeated(const struct lastcall *l, int signal,
			  const siginfo_t *info);
/*
 * Logs the stop request: drain-started if something comes before the stop
 * signal, else stop-requested.
 */
void events_stop_began(const struct lastcall *l);
/* Warns of drained ports on which the program does not listen. */
void events_unserved(const struct drained *d);
void events_drain_finished(const struct lastcall *l, enum reason reason);
/* `phase`: the phase of the hook, which may be over. */
void events_hook_finished(enum phase phase, const char *text,
			  const char *result, int status, int64_t took_ns);
void events_stop_signal(int signal);
void events_last_call(int called);
/* `all_gone`: no other process is left.  Then events_exited() may report it. */
void events_child_exited(struct lastcall *l, bool all_gone);
void events_sweep_finished(const struct lastcall *l, enum reason reason);
void events_killed(const struct lastcall *l, enum reason reason);
void events_exited(const struct lastcall *l);

#endif
