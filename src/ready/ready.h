/*
 * ready.h - the ready port: answers the health checks of load balancers.
 *
 * Helpers do that (lib/helper.h): lastcall-ready listens, and lastcall-check
 * runs --ready-check, if there is one.
 *
 *   ready_start(...)   before the program runs, so that the port is free
 *   ready_tend(...)    each turn of the loop while the program is ready
 *   ready_end(...)     at the stop request; the port is gone with the process
 */
#ifndef LASTCALL_READY_H
#define LASTCALL_READY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/inherited.h"
#include "ready/address.h"

struct ready_options {
	struct ready_address address;
	const char *check; /* a hook's text; NULL: none */
};

struct ready {
	const struct ready_options *options; /* NULL: there is no ready port */
	pid_t server;	    /* 0 or less: they could not be started */
	pid_t runner;	    /* 0: there is no check */
	int64_t started_ns; /* when the server is to open its port */
};

/*
 * Returns 0 when the port is open, or -errno: from bind(2) EADDRINUSE,
 * EADDRNOTAVAIL or EACCES.  Waits until that is decided.
 */
int ready_start(struct ready *r, const struct ready_options *options,
		const struct inherited *in);
/* Starts helpers again that have ended.  Does not wait, and does not fail. */
void ready_tend(struct ready *r, const struct inherited *in);
/*
 * Logs what the check's runner tells by a signal, when the result of the check
 * changes.  Returns false if the signal is another's.
 */
bool ready_take(const struct ready *r, int signal, const siginfo_t *info);
/* Ends both helpers, without waiting for that. */
void ready_end(struct ready *r);

#endif
