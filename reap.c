/*
 * reap.c - takes every process that has ended.
 *
 * Duty: the one wait call, and the loop around it: a zombie keeps its pid until
 * its parent asks for its status, and as PID 1 or a subreaper lastcall becomes
 * the parent of every orphan.  Invariants: a turn takes at most REAP_MAX, so
 * that processes that end as fast as they are taken do not keep lastcall from
 * the deadline; nothing here waits.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/helper.h"
#include "reap.h"

bool reap_next(struct reap *r, struct ended *e)
{
	/*
	 * __WALL: also children that clone(2) made with another exit signal
	 * than SIGCHLD, which wait(2) leaves out.
	 */
	int flags = WNOHANG | __WALL | (r->stopped_too ? WUNTRACED : 0);

	if (r->count == REAP_MAX) {
		/* The next wait ends at once, for those that are left. */
		(void)kill(getpid(), SIGCHLD);
		return false;
	}
	do
		e->pid = waitpid(-1, &e->status, flags);
	while (e->pid > 0 && !WIFSTOPPED(e->status) && helper_reaped(e->pid));
	/* Without __WALL helpers are left out: is there another child? */
	if (e->pid == 0 && helper_any())
		e->pid = waitpid(-1, &e->status, WNOHANG);
	if (e->pid <= 0) {
		/* WNOHANG is never interrupted; the only error is ECHILD. */
		r->childless = e->pid < 0 && errno == ECHILD;
		return false;
	}
	r->count++;
	e->stopped_by = WIFSTOPPED(e->status) ? WSTOPSIG(e->status) : 0;
	return true;
}

bool reap_is_alone(const struct reap *r, pid_t main)
{
	return r->childless && (main == 0 || kill(main, 0) < 0);
}
