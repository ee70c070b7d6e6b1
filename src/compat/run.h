/*
 * run.h - does what the inits of the drop-in names do.
 */
#ifndef LASTCALL_RUN_H
#define LASTCALL_RUN_H

#include <sys/types.h>

#include "compat/peers.h"
#include "options/options.h"
#include "process/inherited.h"
#include "stop/lastcall.h"

/*
 * Parses as the peer does.  Returns the exit code, after writing the peer's
 * messages; -1: go on with *o.
 */
int compat_start(struct compat *c, struct options *o, char **argv, char **envp);
/*
 * Without an ordered shutdown: does everything that the peer does from there
 * on.  Returns the exit code.
 */
int compat_run(struct lastcall *l);
/* Does as spawn_program(), with the peer's session, group, terminal and log. */
pid_t compat_spawn(struct lastcall *l);

/*
 * tini and catatonit leave the signals of a fault (ABRT, SEGV and their like)
 * unblocked, so that one that is sent to the init itself ends it: systemd's
 * watchdog does so.  Ends lastcall by the signal in the same way if it has one
 * of their names, though not as PID 1, which the kernel protects from it.
 */
void compat_end_by_fault(const struct lastcall *l, int signal);

#endif
