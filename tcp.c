/*
 * tcp.c - one TCP connection as the kernel tells of it, and what that says
 * about a request in flight.
 *
 * Pure: bytes from the kernel in, a struct tcp out; no length in them is
 * trusted, so that a fuzzer can run it.  Called by connections.c.
 *
 * musl comes without linux/inet_diag.h; what is used of it and of struct
 * tcp_info stands here as offsets.
 */
#include <string.h>

#include "init.h"

enum {
	/* struct inet_diag_msg */
	MSG_FAMILY = 0,
	MSG_STATE = 1,
	MSG_SOURCE_PORT = 4, /* in network order */
	MSG_RQUEUE = 56,
	MSG_WQUEUE = 60,
	MSG_INODE = 68,
	MSG_LENGTH = 72,

	/* struct nlattr */
	ATTR_TYPE = 2,
	ATTR_HEAD = 4,
	ATTR_ALIGN = 4,
	ATTR_INFO = 2, /* INET_DIAG_INFO: a struct tcp_info */

	/* struct tcp_info, which has grown with the kernels */
	INFO_LAST_SENT = 44, /* ms ago, in steps of a jiffy */
	INFO_LAST_RECEIVED = 52,
	INFO_TIMES_LENGTH = 56,
	INFO_BYTES_ACKED = 120,
	INFO_BYTES_RECEIVED = 128,
	INFO_BYTES_LENGTH = 136, /* from Linux 4.1 */
};

static uint16_t u16_at(const unsigned char *bytes, size_t at)
{
	uint16_t n;

	memcpy(&n, bytes + at, sizeof(n));
	return n;
}

static uint32_t u32_at(const unsigned char *bytes, size_t at)
{
	uint32_t n;

	memcpy(&n, bytes + at, sizeof(n));
	return n;
}

static uint64_t u64_at(const unsigned char *bytes, size_t at)
{
	uint64_t n;

	memcpy(&n, bytes + at, sizeof(n));
	return n;
}

/* A FIN counts as a byte, in the queues and in bytes_received. */
static uint32_t fin_received(const struct tcp *c)
{
	return c->state == TCP_STATE_CLOSE_WAIT ? 1 : 0;
}

static void read_info(struct tcp *c, const unsigned char *info, size_t length)
{
	if (length < INFO_TIMES_LENGTH)
		return;
	c->has_times = true;
	c->sent_ms = u32_at(info, INFO_LAST_SENT);
	c->received_ms = u32_at(info, INFO_LAST_RECEIVED);
	/* Both times begin with the connection: have there been any data? */
	c->has_sent = c->has_received = true;
	if (length < INFO_BYTES_LENGTH)
		return;
	c->has_sent = u64_at(info, INFO_BYTES_ACKED) > 0 || c->unacked > 0;
	c->has_received = u64_at(info, INFO_BYTES_RECEIVED) > fin_received(c);
}

bool tcp_from_diag(struct tcp *c, const unsigned char *bytes, size_t length)
{
	size_t at = MSG_LENGTH;

	memset(c, 0, sizeof(*c));
	if (length < MSG_LENGTH)
		return false;
	c->is_ipv6 = bytes[MSG_FAMILY] != 2; /* AF_INET */
	c->state = bytes[MSG_STATE];
	c->port = (uint16_t)(bytes[MSG_SOURCE_PORT] << 8 |
			     bytes[MSG_SOURCE_PORT + 1]);
	c->unread = u32_at(bytes, MSG_RQUEUE);
	c->unacked = u32_at(bytes, MSG_WQUEUE);
	c->inode = u32_at(bytes, MSG_INODE);
	while (at + ATTR_HEAD <= length) {
		size_t attr = u16_at(bytes, at);

		if (attr < ATTR_HEAD || attr > length - at)
			return false;
		if (u16_at(bytes, at + ATTR_TYPE) == ATTR_INFO)
			read_info(c, bytes + at + ATTR_HEAD, attr - ATTR_HEAD);
		at += (attr + ATTR_ALIGN - 1) & ~(size_t)(ATTR_ALIGN - 1);
	}
	return true;
}

/* A line in the making: what has not been read yet. */
struct rest {
	const char *at;
	const char *end;
};

static bool is_digit_of(int base, char c, uint64_t *digit)
{
	if (c >= '0' && c <= '9')
		*digit = (uint64_t)(c - '0');
	else if (base == 16 && c >= 'A' && c <= 'F')
		*digit = 10 + (uint64_t)(c - 'A');
	else
		return false;
	return true;
}

/* Reads a number and what ends it; false if there is none. */
static bool take_number(struct rest *r, int base, uint64_t *n)
{
	const char *start = r->at;
	uint64_t digit;

	*n = 0;
	while (r->at < r->end && is_digit_of(base, *r->at, &digit)) {
		*n = *n * (uint64_t)base + digit;
		r->at++;
	}
	return r->at > start;
}

static bool take_byte(struct rest *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* Goes on to the beginning of the next field. */
static bool skip_field(struct rest *r)
{
	while (r->at < r->end && *r->at != ' ')
		r->at++;
	while (r->at < r->end && *r->at == ' ')
		r->at++;
	return r->at < r->end;
}

/*
 * "sl: local:port remote:port st tx:rx tr:when retransmits uid timeouts
 * inode references pointer rto ato ack-state ..."
 */
bool tcp_from_line(struct tcp *c, const char *line, size_t length)
{
	struct rest r = { line, line + length };
	uint64_t port, state, unacked, unread, inode, ack;

	memset(c, 0, sizeof(*c));
	while (take_byte(&r, ' '))
		;
	if (!skip_field(&r))
		return false;
	while (r.at < r.end && *r.at != ':' && *r.at != ' ')
		r.at++;
	if (!take_byte(&r, ':') || !take_number(&r, 16, &port))
		return false;
	if (!skip_field(&r) || !skip_field(&r) || !take_number(&r, 16, &state))
		return false;
	if (!skip_field(&r) || !take_number(&r, 16, &unacked) ||
	    !take_byte(&r, ':') || !take_number(&r, 16, &unread))
		return false;
	for (int i = 0; i < 5; i++) {
		if (!skip_field(&r))
			return false;
	}
	if (!take_number(&r, 10, &inode))
		return false;
	c->port = (uint16_t)port;
	c->state = (unsigned char)state;
	c->unacked = (uint32_t)unacked;
	c->unread = (uint32_t)unread;
	c->inode = (uint32_t)inode;
	/* The line of a connection that is closing ends before this. */
	for (int i = 0; i < 5; i++) {
		if (!skip_field(&r))
			return true;
	}
	if (take_number(&r, 10, &ack))
		c->has_answered = ack & 1;
	return true;
}

static enum tcp_verdict judge_open(const struct tcp *c)
{
	if (c->unread > fin_received(c) || c->unacked > 0 || !c->has_times)
		return TCP_IN_FLIGHT;
	if (!c->has_received)
		return TCP_IDLE;
	if (!c->has_sent || c->received_ms < c->sent_ms)
		return TCP_IN_FLIGHT;
	return c->received_ms > c->sent_ms ? TCP_IDLE : TCP_TIE;
}

enum tcp_verdict tcp_judge(const struct tcp *c)
{
	switch (c->state) {
	case TCP_STATE_ESTABLISHED:
	case TCP_STATE_CLOSE_WAIT:
		return judge_open(c);
	case TCP_STATE_FIN_WAIT1:
	case TCP_STATE_CLOSING:
	case TCP_STATE_LAST_ACK:
		/* The program is done with it, its answer is on the way. */
		return c->unacked > 1 ? TCP_IN_FLIGHT : TCP_GONE;
	default:
		return TCP_GONE;
	}
}

int64_t tcp_idle_ns(const struct tcp *c)
{
	int64_t idle_ns = NEVER_NS;

	if (c->has_received)
		idle_ns = c->received_ms * NS_PER_MS;
	if (c->has_sent && c->sent_ms * NS_PER_MS < idle_ns)
		idle_ns = c->sent_ms * NS_PER_MS;
	return idle_ns;
}
