/*
 * ports.h - the checks of the drained ports: what is in flight on them.
 */
#ifndef LASTCALL_PORTS_H
#define LASTCALL_PORTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "drain/sockets.h"

enum {
	PORT_MAX = 16, /* ports of --drain */
};

struct port_check {
	int connections; /* open ones on the ports that are ours */
	int in_flight;
	int unclear;	 /* those in flight that may be idle as well */
	int64_t idle_ns; /* since data last went either way on any of them;
			    NEVER_NS: there have been none, or it is not known
			  */
	bool fallback;	 /* sock_diag was refused: /proc/net/tcp was read */
};

/* What is drained: as asked for, and as the checks have found it. */
struct drained {
	/* Set by the caller. */
	const uint16_t *port; /* --drain's ports */
	int ports;
	bool automatic;	   /* also those on which the program listens */
	uint16_t own_port; /* --ready-port, which is left out; 0: none */
	int64_t quiet_ns;  /* QUIET */
	int64_t oldest_ns; /* OLDEST */
	pid_t root;	   /* this process and all below it are ours */

	/* Only ports.c uses these; zeros at the start. */
	bool is_found;		 /* the listeners were looked up */
	uint32_t listeners_hash; /* of the listeners, as last looked up */
	struct port_set all;	 /* what is drained */
	struct port_set served;	 /* where a process of ours listens */
	struct port_set shared;	 /* where others listen or have listened */
};

/*
 * One check of the drained ports, IPv4 and IPv6.  The first finds the ports on
 * which the program listens.  Gives up at until_ns.  Returns 0 or -errno
 * (-ETIME: this check could not be finished, the next one may be).
 */
int ports_check(struct port_check *check, struct drained *d, int64_t until_ns);

#endif
