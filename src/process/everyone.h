/*
 * everyone.h - the processes that are left: the last call, the sweep, SIGKILL.
 */
#ifndef LASTCALL_EVERYONE_H
#define LASTCALL_EVERYONE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/family.h"

enum { SURVIVOR_MAX = 10 }; /* survivors named in the log */

struct survivor {
	pid_t pid;
	char state;
	char name[NAME_MAX_LEN];
};

/*
 * Sends SIGTERM and SIGCONT to the processes that are left and were never sent
 * a stop signal, as far as they are found within f->limit, by the rule of scope
 * auto from each child of lastcall on: a script that takes the signal decides
 * for its job, which would otherwise end before the script knows of the stop.
 *
 * With RULE_LEFT a process whose standard input is a pipe (not lastcall's or
 * its parent's) and what it has started get no signal either: it reads the pipe
 * to its end and then ends.  f->spared is how many got none.  With
 * RULE_LEFT_LATE readers get theirs, and who is decided for if it takes it: it
 * may be a server in the foreground of a script, that waits for it.  When a
 * process that decided for others has ended, f->orphans is set, and the sweep
 * is to be repeated with f->sweep_rule.
 *
 * Returns how many descendants are left, or -1 where that is not known (no
 * /proc).
 */
int everyone_sweep(struct family *f, enum rule rule);
/*
 * Finds the processes that are left, within f->limit.  With
 * last_call, sends SIGTERM and SIGCONT to those that were never sent a stop
 * signal, and returns their number.  Those that read a pipe and do not take
 * SIGTERM get none: the program that writes into the pipe may need it still.
 */
int everyone_find(struct family *f, bool last_call);
/*
 * Of the processes that everyone_find() has found, lists up to SURVIVOR_MAX
 * that are still there.  Returns how many were listed.
 */
int everyone_survivors(const struct family *f, struct survivor *list);
/*
 * Sends SIGKILL: as PID 1 by one kill(-1).  When lastcall is not PID 1, only to
 * those found so far (the main process, its group, and those of the last scan):
 * everyone_kill_others() must follow.
 */
void everyone_kill(struct family *f);
/* When lastcall is not PID 1: SIGKILL to every process that new scans find. */
void everyone_kill_others(struct family *f);
/*
 * After everyone_kill(): how many of the processes that were found before it
 * still existed; -1: not known.
 */
int everyone_killed(const struct family *f);

#endif
