/*
 * reap.h - takes every process that has ended.  At every wake-up:
 *
 *   struct reap r = { .stopped_too = ... };
 *   while (reap_next(&r, &e)) do what e says
 *   if (reap_is_alone(&r, main)) nobody is left
 */
#ifndef LASTCALL_REAP_H
#define LASTCALL_REAP_H

#include <stdbool.h>
#include <sys/types.h>

enum {
	REAP_MAX = 1000, /* processes taken in one turn */
};

struct ended {
	pid_t pid;
	int status;	/* as wait(2) gives it */
	int stopped_by; /* it has not ended, this signal stopped it; 0: ended */
};

/* What one turn of the loop takes. */
struct reap {
	bool stopped_too; /* report children that were stopped, too */
	int count;	  /* so far */
	bool childless;	  /* there is no child at all (ECHILD) */
};

/*
 * Takes one process that has ended or was stopped.  Returns false when there is
 * none left for this turn; if more may have ended, SIGCHLD ends the next wait
 * at once.
 */
bool reap_next(struct reap *r, struct ended *e);
/*
 * After reap_next() has returned false: is no child left?  ECHILD counts as
 * that only if the main process (0: it was reaped) is really gone.
 */
bool reap_is_alone(const struct reap *r, pid_t main);

#endif
