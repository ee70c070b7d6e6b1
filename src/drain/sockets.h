/*
 * sockets.h - the TCP sockets of this network namespace, one by one.
 */
#ifndef LASTCALL_SOCKETS_H
#define LASTCALL_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "drain/tcp.h"

/* A set of TCP ports: a bit for each. */
struct port_set {
	uint64_t word[65536 / 64];
};

void port_set_add(struct port_set *set, uint16_t port);
bool port_set_has(const struct port_set *set, uint16_t port);
/* Is no port in it? */
bool port_set_is_empty(const struct port_set *set);
/* Writes up to `size` of its ports in order; returns how many there are. */
int port_set_list(const struct port_set *set, uint16_t *port, int size);

/* What is asked for. */
struct socket_query {
	const struct port_set *ports; /* the local ones; NULL: any */
	uint32_t states;	      /* 1 << TCP_STATE_..., added up */
	int64_t until_ns;	      /* when to give up */
	/* Is called with each socket.  Returns 0, or -errno to give up. */
	int (*take)(void *context, const struct tcp *c);
	void *context;
};

/*
 * One dump of sock_diag(7) for IPv4 and IPv6 together, filtered in the kernel.
 * Returns 0, -ETIME, what take() returned, or another -errno if sock_diag
 * cannot be used here.
 */
int sockets_ask(const struct socket_query *query);

/*
 * Reads /proc/self/net/tcp or, with `six`, tcp6.  Returns as sockets_ask(), and
 * -ENOENT where there is no such file: tcp6 without IPv6, or tcp without IPv4.
 */
int sockets_read(const struct socket_query *query, bool six);

#endif
