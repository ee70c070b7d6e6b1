/*
 * targets.h - sends a signal to the processes that it is for, which is decided
 * when it is sent, and knows which of the processes that were sent a stop
 * signal are left.
 */
#ifndef LASTCALL_TARGETS_H
#define LASTCALL_TARGETS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/family.h"

/*
 * Forwards a signal.  *info gives the value that sigqueue(3) put with it, which
 * is passed on if a single process is the target; NULL: none.  If a scan
 * of /proc does not end within f->limit, the signal is sent only to those that
 * take it, and a warning is logged.
 */
void targets_forward(struct family *f, int signal, const siginfo_t *info);
/*
 * Sends a stop signal and SIGCONT, and remembers the targets.  With signal 0 it
 * only remembers them: the terminal has sent the signal already.  A scan of
 * /proc ends with f->limit, when SIGKILL is due: processes not found by then
 * get no stop signal and lose unfinished work.
 */
void targets_stop(struct family *f, int signal);
/*
 * Finds the targets of that stop signal, if that takes a scan of /proc: the
 * next targets_stop() then does not scan.  Returns false if nothing was found
 * ahead.
 */
bool targets_find_ahead(struct family *f, int signal);
/* Discards what was found ahead, as it is out of date. */
void targets_forget_ahead(struct family *f);
/* A process was reaped. */
void targets_forget(struct family *f, pid_t pid);
/* Is no process left of those that were sent a stop signal? */
bool targets_are_gone(struct family *f);
/*
 * May the last process that was sent a stop signal end without lastcall being
 * woken?  A group's may be another process's to reap.
 */
bool targets_may_end_unseen(const struct family *f);

#endif
