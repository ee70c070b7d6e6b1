/*
 * helper.h - processes of lastcall's own, for what may hang.
 *
 * The log's writer, the ready port's server and everything that touches other
 * people's files after the start is such a process: if it hangs, lastcall does
 * not.  Nothing else is to notice a helper:
 *
 *   - wait(2) reports that no child is left although a helper is.  A helper is
 *     made by clone(2) with another exit signal than SIGCHLD, so a wait without
 *     __WALL leaves it out.
 *     (A process that is reparented has SIGCHLD as its exit signal from then
 *     on, so the only others that such a wait leaves out are children which
 *     lastcall has inherited through exec.)
 *   - Every signal is blocked in it, as in lastcall, so of the signals of a
 *     kill(-1) only SIGKILL ends it.  SIGSTOP still stops it: writer_finish()
 *     sends SIGCONT for that.
 *   - Scans of /proc leave it out: helper_is().
 *   - It ends with lastcall (PR_SET_PDEATHSIG).
 */
#ifndef LASTCALL_HELPER_H
#define LASTCALL_HELPER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	HELPER_MAX = 8, /* helpers that are alive or not yet reaped */
	/*
	 * The signal that the kernel sends when a helper has ended: the lowest
	 * real-time signal.  It is queued, so that it cannot be merged with
	 * another, and libc keeps it for its threads, so that hardly any
	 * process sends it.
	 */
	HELPER_SIGNAL = 32,
};

/*
 * Forks.  Returns the pid, 0 in the helper, whose process name is `name`, or
 * -errno (clone(2); -EAGAIN when there are HELPER_MAX).  -EINVAL: no exit
 * signal except SIGCHLD is possible, as in qemu's user emulation, which runs
 * images for another processor; the caller then does the work by itself.
 */
pid_t helper_start(const char *name);
/*
 * Closes every descriptor above the standard ones, except `count` of them, in
 * ascending order; those that are none (-1) may stand anywhere.
 */
void helper_close_except(const int *kept, int count);
/* Is this the kernel's signal that a helper has ended? */
bool helper_has_ended(int signal, const siginfo_t *info);
/* Is it a helper that has not been reaped? */
bool helper_is(pid_t pid);
/* Is there any helper that has not been reaped? */
bool helper_any(void);
/* A child was reaped.  Returns whether it was a helper. */
bool helper_reaped(pid_t pid);
/*
 * Waits for the helper's end, to until_ns at the latest.  Returns its exit
 * status, 128 if a signal ended it, -ETIMEDOUT, or -ECHILD when it was reaped
 * already.
 */
int helper_wait(pid_t pid, int64_t until_ns);
/* Called at the exit: waits for all of them. */
void helper_finish(int64_t until_ns);

#endif
