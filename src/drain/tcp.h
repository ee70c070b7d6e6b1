/*
 * tcp.h - one TCP connection as the kernel shows it, and what that means.
 */
#ifndef LASTCALL_TCP_H
#define LASTCALL_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The states that matter, as in the kernel's net/tcp_states.h. */
enum {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_FIN_WAIT1 = 4,
	TCP_STATE_CLOSE_WAIT = 8,
	TCP_STATE_LAST_ACK = 9,
	TCP_STATE_LISTEN = 10,
	TCP_STATE_CLOSING = 11,
};

struct tcp {
	uint16_t port; /* the local one */
	unsigned char state;
	bool is_ipv6; /* the socket; its peer may have a mapped IPv4 address */
	bool has_received; /* any data, ever */
	bool has_times;	   /* sock_diag has given the next five */
	bool has_sent;
	int64_t received_ms; /* ago: data, last received */
	int64_t sent_ms;     /* ago: data, last sent */
	int64_t acked_ms;    /* ago: the peer's last acknowledgement */
	uint32_t unsent;     /* bytes that wait to be sent */
	bool has_ack_state;  /* /proc has given the next one */
	bool has_answered;   /* column 15, bit 0 */
	uint32_t unread;  /* bytes that the program has not read; of a listener:
			     connections that it has not accepted */
	uint32_t unacked; /* bytes that the peer has not acknowledged */
	uint32_t uid;	  /* the user that made the socket */
	uint32_t inode;	  /* 0: no process holds it, yet or any more */
};

enum tcp_verdict {
	TCP_GONE, /* closed, with nothing left to deliver */
	TCP_IDLE,
	TCP_ON_ITS_WAY, /* idle, except for the ACK of its answer */
	TCP_IN_FLIGHT,
	TCP_TIE,     /* received and sent in the same clock tick */
	TCP_UNCLEAR, /* idle or in flight: /proc/net/tcp does not show */
};

/*
 * Reads the body of a sock_diag message (struct inet_diag_msg and its
 * attributes); false where it is not whole.
 */
bool tcp_from_diag(struct tcp *c, const unsigned char *bytes, size_t length);
/*
 * Reads a line of /proc/net/tcp or tcp6 without its line end; false where it
 * is not one (the heading).  Does not set is_ipv6.
 */
bool tcp_from_line(struct tcp *c, const char *line, size_t length);
/*
 * A connection whose last byte came from the client longer than oldest_ns ago
 * is idle: nobody waits for an answer that long.
 */
enum tcp_verdict tcp_judge(const struct tcp *c, int64_t oldest_ns);
/* How long no data went either way; NEVER_NS: none have, or it is not known. */
int64_t tcp_idle_ns(const struct tcp *c);

#endif
