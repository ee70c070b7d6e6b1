/*
 * reap.c - takes every process that has ended.
 *
 * Duty: the one wait call.  A zombie costs its pid until somebody asks for
 * its status; as PID 1 or a subreaper lastcall is that somebody for whatever
 * its parent has left behind.
 * Called by init.c at every wake-up, until it returns something else than 1.
 */
#include <errno.h>
#include <sys/wait.h>

#include "init.h"

int reap_next(struct ended *e, bool stopped)
{
	/*
	 * __WALL: also children that clone(2) made with another exit signal
	 * than SIGCHLD, which wait(2) leaves out.
	 */
	int flags = WNOHANG | __WALL | (stopped ? WUNTRACED : 0);

	e->pid = waitpid(-1, &e->status, flags);
	if (e->pid > 0)
		return 1;
	/* WNOHANG is never interrupted; ECHILD is all that is left. */
	return e->pid == 0 ? 0 : -errno;
}
