/*
 * tcp.c - one TCP connection as the kernel shows it, and whether a request is
 * in flight on it.
 *
 * Pure: bytes from the kernel in, a struct tcp out; no length in them is
 * trusted, so that a fuzzer can run it.
 *
 * musl comes without linux/inet_diag.h; the fields that are used of it and of
 * struct tcp_info are given here as offsets.
 */
#include <string.h>

#include "drain/tcp.h"
#include "lib/clock.h"
#include "lib/parse.h"

enum {
	/* struct inet_diag_msg */
	MSG_FAMILY = 0,
	MSG_STATE = 1,
	MSG_SOURCE_PORT = 4, /* in network order */
	MSG_RQUEUE = 56,
	MSG_WQUEUE = 60,
	MSG_UID = 64,
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
	INFO_LAST_ACK = 56,
	INFO_LAST_ACK_LENGTH = 60,
	INFO_BYTES_ACKED = 120,
	INFO_BYTES_RECEIVED = 128,
	INFO_BYTES_LENGTH = 136, /* from Linux 4.1 */
	INFO_UNSENT = 144,
	INFO_UNSENT_LENGTH = 148, /* from Linux 4.6 */

	/*
	 * A client acknowledges after 200 ms at most, plus the time on the way.
	 */
	ON_ITS_WAY_MS = 300,
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
	/*
	 * Both times begin with the connection: they do not show that there
	 * were data.
	 */
	c->has_sent = c->has_received = true;
	c->acked_ms = c->received_ms;
	if (length >= INFO_LAST_ACK_LENGTH)
		c->acked_ms = u32_at(info, INFO_LAST_ACK);
	c->unsent = c->unacked;
	if (length >= INFO_UNSENT_LENGTH)
		c->unsent = u32_at(info, INFO_UNSENT);
	if (length < INFO_BYTES_LENGTH)
		return;
	c->has_sent = u64_at(info, INFO_BYTES_ACKED) > 0 || c->unacked > 0;
	c->has_received = u64_at(info, INFO_BYTES_RECEIVED) > fin_received(c);
}

bool tcp_from_diag(struct tcp *c, const unsigned char *bytes, size_t length)
{
	size_t at = MSG_LENGTH;

	*c = (struct tcp){ 0 };
	if (length < MSG_LENGTH)
		return false;
	c->is_ipv6 = bytes[MSG_FAMILY] != 2; /* AF_INET */
	c->state = bytes[MSG_STATE];
	c->port = (uint16_t)(bytes[MSG_SOURCE_PORT] * 256 +
			     bytes[MSG_SOURCE_PORT + 1]);
	c->unread = u32_at(bytes, MSG_RQUEUE);
	c->unacked = u32_at(bytes, MSG_WQUEUE);
	c->uid = u32_at(bytes, MSG_UID);
	c->inode = u32_at(bytes, MSG_INODE);
	while (at + ATTR_HEAD <= length) {
		size_t attr = u16_at(bytes, at);

		if (attr < ATTR_HEAD || attr > length - at)
			return false;
		if (u16_at(bytes, at + ATTR_TYPE) == ATTR_INFO)
			read_info(c, bytes + at + ATTR_HEAD, attr - ATTR_HEAD);
		at += (attr + ATTR_ALIGN - 1) / ATTR_ALIGN * ATTR_ALIGN;
	}
	return true;
}

/* The rest of a line, which has not been read yet. */
struct rest {
	const char *at;
	const char *end;
};

/* Reads a number and what ends it; false if there is none. */
static bool tcp_parse_number(struct rest *r, int base, uint64_t *n)
{
	const char *start = r->at;
	int digit;

	for (*n = 0; r->at < r->end; r->at++) {
		digit = text_digit(*r->at, base);
		if (digit < 0)
			break;
		*n = *n * (uint64_t)base + (uint64_t)digit;
	}
	return r->at > start;
}

static bool tcp_parse_byte(struct rest *r, char c)
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

/* Goes on by `count` fields and reads the number there. */
static bool tcp_parse_field(struct rest *r, int count, int base, uint64_t *n)
{
	while (count-- > 0)
		if (!skip_field(r))
			return false;
	return tcp_parse_number(r, base, n);
}

/*
 * Reads "rto ato ack-state", as far as they are there: the line of a
 * connection that is closing ends before them.  gVisor writes zeros, where an
 * rto of Linux never is one.  The ato is set by the first data received.
 */
static void read_ack_state(struct tcp *c, struct rest *r)
{
	uint64_t rto, ato, state;

	if (!tcp_parse_field(r, 3, 10, &rto) ||
	    !tcp_parse_field(r, 1, 10, &ato) ||
	    !tcp_parse_field(r, 1, 10, &state) || rto == 0)
		return;
	c->has_ack_state = true;
	c->has_received = ato > 0;
	c->has_answered = state & 1;
}

/*
 * "sl: local:port remote:port st tx:rx tr:when retransmits uid timeouts
 * inode references pointer rto ato ack-state ..."
 */
bool tcp_from_line(struct tcp *c, const char *line, size_t length)
{
	struct rest r = { line, line + length };
	uint64_t port, state, unacked, unread, uid, inode;

	*c = (struct tcp){ 0 };
	while (tcp_parse_byte(&r, ' '))
		;
	if (!skip_field(&r))
		return false;
	while (r.at < r.end && *r.at != ':' && *r.at != ' ')
		r.at++;
	if (!tcp_parse_byte(&r, ':') || !tcp_parse_number(&r, 16, &port))
		return false;
	if (!tcp_parse_field(&r, 2, 16, &state) ||
	    !tcp_parse_field(&r, 1, 16, &unacked) || !tcp_parse_byte(&r, ':') ||
	    !tcp_parse_number(&r, 16, &unread))
		return false;
	if (!tcp_parse_field(&r, 3, 10, &uid) ||
	    !tcp_parse_field(&r, 2, 10, &inode))
		return false;
	c->port = (uint16_t)port;
	c->state = (unsigned char)state;
	c->unacked = (uint32_t)unacked;
	c->unread = (uint32_t)unread;
	c->uid = (uint32_t)uid;
	c->inode = (uint32_t)inode;
	read_ack_state(c, &r);
	return true;
}

/* Was the last byte the client's, longer ago than a client waits? */
static bool is_given_up(const struct tcp *c, int64_t oldest_ns)
{
	if (!c->has_received || c->received_ms * NS_PER_MS < oldest_ns)
		return false;
	return !c->has_sent || c->received_ms < c->sent_ms ||
	       (c->received_ms == c->sent_ms && c->unacked == 0);
}

/*
 * Judges without times, which /proc/net/tcp does not have.  Data that are
 * answered within a few hundredths of a second set the bit of the delayed-ACK
 * state, and data that are not answered clear it within 200 ms.  So if it is
 * clear, the answer may have been slow, or may never have come.  A FIN changes
 * the bit as well.
 */
static enum tcp_verdict judge_ack_state(const struct tcp *c)
{
	if (!c->has_ack_state || c->state == TCP_STATE_CLOSE_WAIT)
		return TCP_UNCLEAR;
	return !c->has_received || c->has_answered ? TCP_IDLE : TCP_UNCLEAR;
}

/*
 * Was the last request answered, and is the answer only on its way?  Then the
 * client has not acknowledged it yet, and nothing waits to be sent.  A later
 * request would acknowledge it.
 */
static bool is_on_its_way(const struct tcp *c)
{
	return c->has_times && c->unacked > 0 && c->unsent == 0 &&
	       c->sent_ms < ON_ITS_WAY_MS &&
	       (!c->has_received || c->sent_ms <= c->received_ms);
}

/*
 * Data were received and sent in the same tick: which came last?  An
 * acknowledgement that came later without data can only be that of the answer,
 * as a request carries the one of the answer before it.
 */
static enum tcp_verdict judge_tie(const struct tcp *c)
{
	return c->acked_ms < c->received_ms ? TCP_IDLE : TCP_TIE;
}

static enum tcp_verdict judge_open(const struct tcp *c, int64_t oldest_ns)
{
	if (c->has_times && is_given_up(c, oldest_ns))
		return TCP_IDLE;
	if (c->unread > fin_received(c))
		return TCP_IN_FLIGHT;
	if (c->unacked > 0)
		return is_on_its_way(c) ? TCP_ON_ITS_WAY : TCP_IN_FLIGHT;
	if (!c->has_times)
		return judge_ack_state(c);
	if (!c->has_received)
		return TCP_IDLE;
	if (!c->has_sent || c->received_ms < c->sent_ms)
		return TCP_IN_FLIGHT;
	return c->received_ms > c->sent_ms ? TCP_IDLE : judge_tie(c);
}

enum tcp_verdict tcp_judge(const struct tcp *c, int64_t oldest_ns)
{
	switch (c->state) {
	case TCP_STATE_ESTABLISHED:
	case TCP_STATE_CLOSE_WAIT:
		return judge_open(c, oldest_ns);
	case TCP_STATE_FIN_WAIT1:
	case TCP_STATE_CLOSING:
	case TCP_STATE_LAST_ACK:
		/*
		 * The program has closed it, but its answer may be on the way.
		 */
		return c->unacked > 1 ? TCP_IN_FLIGHT : TCP_GONE;
	default:
		return TCP_GONE;
	}
}

int64_t tcp_idle_ns(const struct tcp *c)
{
	int64_t idle_ns = NEVER_NS;

	if (!c->has_times)
		return NEVER_NS;
	if (c->has_received)
		idle_ns = c->received_ms * NS_PER_MS;
	if (c->has_sent && c->sent_ms * NS_PER_MS < idle_ns)
		idle_ns = c->sent_ms * NS_PER_MS;
	return idle_ns;
}
