/*
 * tcp_test.c - tcp.c: what is read from the kernel's bytes, what is made of
 * it, and that no length in them is trusted.  Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drain/tcp.h"
#include "lib/clock.h"
#include "tap.h"

static const struct judged {
	const char *name;
	struct tcp tcp;
	enum tcp_verdict verdict;
} judged[] = {
	{ "a fresh connection is idle",
	  { .state = TCP_STATE_ESTABLISHED, .has_times = true },
	  TCP_IDLE },
	{ "a request that was never answered is in flight, tie or not",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true },
	  TCP_IN_FLIGHT },
	{ "a greeting that was not answered is idle",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_sent = true },
	  TCP_IDLE },
	{ "received after it was sent to: in flight",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 8,
	    .sent_ms = 12 },
	  TCP_IN_FLIGHT },
	{ "sent to after it was received from: idle",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 12,
	    .sent_ms = 8 },
	  TCP_IDLE },
	{ "both in the same tick: a tie",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 12,
	    .sent_ms = 12,
	    .acked_ms = 12 },
	  TCP_TIE },
	{ "a later acknowledgement is that of the answer: no tie",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 12,
	    .sent_ms = 12,
	    .acked_ms = 8 },
	  TCP_IDLE },
	{ "an answer that was just sent is on its way",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 20,
	    .sent_ms = 12,
	    .unacked = 300 },
	  TCP_ON_ITS_WAY },
	{ "so is one in the tick of its request, which a new one would "
	  "acknowledge",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 12,
	    .sent_ms = 12,
	    .unacked = 300 },
	  TCP_ON_ITS_WAY },
	{ "what waits to be sent is in flight",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 20,
	    .sent_ms = 12,
	    .unacked = 300,
	    .unsent = 1 },
	  TCP_IN_FLIGHT },
	{ "what nobody acknowledges is in flight",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 400,
	    .sent_ms = 300,
	    .unacked = 300 },
	  TCP_IN_FLIGHT },
	{ "a request behind what is not acknowledged is in flight",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 8,
	    .sent_ms = 12,
	    .unacked = 300 },
	  TCP_IN_FLIGHT },
	{ "a byte that was not sent is in flight",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_sent = true,
	    .unacked = 1,
	    .unsent = 1 },
	  TCP_IN_FLIGHT },
	{ "a byte that was not read is in flight",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 12,
	    .sent_ms = 8,
	    .unread = 1 },
	  TCP_IN_FLIGHT },
	{ "a FIN that was not read is not",
	  { .state = TCP_STATE_CLOSE_WAIT, .has_times = true, .unread = 1 },
	  TCP_IDLE },
	{ "a byte before it is",
	  { .state = TCP_STATE_CLOSE_WAIT, .has_times = true, .unread = 2 },
	  TCP_IN_FLIGHT },
	{ "an answer behind a close is in flight",
	  { .state = TCP_STATE_FIN_WAIT1, .unacked = 2 },
	  TCP_IN_FLIGHT },
	{ "the FIN of a close alone is not",
	  { .state = TCP_STATE_FIN_WAIT1, .unacked = 1 },
	  TCP_GONE },
	{ "nor is it in LAST_ACK",
	  { .state = TCP_STATE_LAST_ACK, .unacked = 1 },
	  TCP_GONE },
	{ "an answer in CLOSING is in flight",
	  { .state = TCP_STATE_CLOSING, .unacked = 100 },
	  TCP_IN_FLIGHT },
	{ "TIME_WAIT is gone", { .state = 6 }, TCP_GONE },
	{ "a listener is none", { .state = 10, .unread = 3 }, TCP_GONE },
	{ "a client's last word that is not too old is waited for",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 59999,
	    .sent_ms = 70000 },
	  TCP_IN_FLIGHT },
	{ "one that is too old is not: a pong",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 60000,
	    .sent_ms = 60004 },
	  TCP_IDLE },
	{ "nor one to which nothing was ever said: a metrics sender",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .received_ms = 60000 },
	  TCP_IDLE },
	{ "nor one that the program has not read",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .received_ms = 60000,
	    .unread = 100 },
	  TCP_IDLE },
	{ "nor a tie of that age",
	  { .state = TCP_STATE_CLOSE_WAIT,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 60000,
	    .sent_ms = 60000 },
	  TCP_IDLE },
	{ "an answer in that tick that is not acknowledged is waited for",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 60000,
	    .sent_ms = 60000,
	    .unacked = 1 },
	  TCP_IN_FLIGHT },
	{ "so is any that was sent last, however old",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_times = true,
	    .has_received = true,
	    .has_sent = true,
	    .received_ms = 90000,
	    .sent_ms = 80000,
	    .unacked = 1 },
	  TCP_IN_FLIGHT },
	{ "with neither times nor an ACK state it is unclear",
	  { .state = TCP_STATE_ESTABLISHED },
	  TCP_UNCLEAR },
	{ "by the ACK state: no data ever came",
	  { .state = TCP_STATE_ESTABLISHED, .has_ack_state = true },
	  TCP_IDLE },
	{ "by the ACK state: the last data were answered at once",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_ack_state = true,
	    .has_received = true,
	    .has_answered = true },
	  TCP_IDLE },
	{ "by the ACK state: answered late or never",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_ack_state = true,
	    .has_received = true },
	  TCP_UNCLEAR },
	{ "by the ACK state: a FIN sets it, too",
	  { .state = TCP_STATE_CLOSE_WAIT,
	    .has_ack_state = true,
	    .has_received = true,
	    .has_answered = true },
	  TCP_UNCLEAR },
	{ "by the ACK state: a byte that was not read",
	  { .state = TCP_STATE_ESTABLISHED,
	    .has_ack_state = true,
	    .has_received = true,
	    .has_answered = true,
	    .unread = 1 },
	  TCP_IN_FLIGHT },
};

static void test_judge(void)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(*judged); i++)
		ok(judged[i].name, tcp_judge(&judged[i].tcp, 60 * NS_PER_S) ==
					   judged[i].verdict);
}

static void test_idle(void)
{
	struct tcp c = { .has_times = true, .received_ms = 5, .sent_ms = 7 };

	ok("without data there is no idle time", tcp_idle_ns(&c) == NEVER_NS);
	c.has_sent = true;
	ok("idle since it was sent to", tcp_idle_ns(&c) == 7 * NS_PER_MS);
	c.has_received = true;
	ok("idle since the later of both", tcp_idle_ns(&c) == 5 * NS_PER_MS);
	c.has_times = false;
	ok("without times it is not known", tcp_idle_ns(&c) == NEVER_NS);
}

static const char heading[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
	"retrnsmt   uid  timeout inode";
static const char idle_line[] =
	"   1: 0100007F:1F90 0100007F:D2A4 01 00000000:00000000 00:00000000 "
	"00000000     0        0 537231 1 0000000000000000 20 4 31 10 -1";
static const char line6[] =
	"   0: 0000000000000000FFFF00000100007F:01BB "
	"0000000000000000FFFF00000100007F:D2A4 08 00000002:00000010 "
	"01:00000014 00000000  1000        0 42 2 0000000000000000 20 4 30 10 "
	"7";
static const char short_line[] =
	"   7: 0100007F:1F90 0100007F:D2A4 06 00000000:00000000 03:00001763 "
	"00000000     0        0 0 3 0000000000000000";

static const char fresh_line[] =
	"   1: 0100007F:1F90 0100007F:D2A4 01 00000000:00000000 00:00000000 "
	"00000000     0        0 537231 1 0000000000000000 20 0 0 10 -1";
static const char gvisor_line[] =
	"   4: 0100007F:1F90 0100007F:D2A4 01 00000000:00000000 00:00000000 "
	"00000000  1000        0       12 1 0000000000000000 0 0 0 0 -1";

static const char word_line[] =
	"1: 0:1F90 0:0 01 00000000:00000000 00:00000000 00000000 0 0 inode";
static const char no_ack_line[] =
	"1: 0:1F90 0:0 01 0:0 00:0 0 0 0 537231 1 0 20 4 ?";

static void test_line(void)
{
	struct tcp c;

	ok("the heading is no connection",
	   !tcp_from_line(&c, heading, strlen(heading)));
	ok("a line is read",
	   tcp_from_line(&c, idle_line, strlen(idle_line)) && c.port == 8080 &&
		   c.state == TCP_STATE_ESTABLISHED && c.inode == 537231 &&
		   c.has_ack_state && c.has_received && c.has_answered &&
		   c.unread == 0 && c.unacked == 0);
	ok("one of tcp6 as well",
	   tcp_from_line(&c, line6, strlen(line6)) && c.port == 443 &&
		   c.state == TCP_STATE_CLOSE_WAIT && c.inode == 42 &&
		   c.has_ack_state && !c.has_answered && c.unread == 16 &&
		   c.unacked == 2 && c.uid == 1000);
	ok("before the first data there is no delayed ACK",
	   tcp_from_line(&c, fresh_line, strlen(fresh_line)) &&
		   c.has_ack_state && !c.has_received);
	ok("gVisor's zeros are no ACK state",
	   tcp_from_line(&c, gvisor_line, strlen(gvisor_line)) &&
		   !c.has_ack_state && c.inode == 12 && c.uid == 1000);
	ok("TIME_WAIT's line ends early",
	   tcp_from_line(&c, short_line, strlen(short_line)) && c.state == 6 &&
		   c.inode == 0);
	ok("an empty line is none", !tcp_from_line(&c, "", 0));
	ok("nor is one with a word for a number",
	   !tcp_from_line(&c, "1: 0:G 0:0 01", 13) &&
		   !tcp_from_line(&c, word_line, strlen(word_line)));
	ok("what has no acknowledgement counts as not answered",
	   tcp_from_line(&c, no_ack_line, strlen(no_ack_line)) &&
		   !c.has_ack_state && !c.has_answered);
}

/* A message as Linux 6.18 gives it, in part. */
static size_t make_message(unsigned char *bytes, size_t info)
{
	const uint32_t times[4] = { 12, 0, 8, 4 };
	const uint32_t unsent = 1;
	const uint64_t acked_received[2] = { 3, 5 };
	const uint16_t mark[4] = { 8, 15, 0, 0 };
	const uint16_t head[2] = { (uint16_t)(info + 4), 2 };
	const uint32_t queues[2] = { 1, 2 };
	const uint32_t uid_inode[2] = { 1000, 77 };
	unsigned char all[280] = { 0 };

	memset(bytes, 0, 72);
	bytes[0] = 10; /* AF_INET6 */
	bytes[1] = TCP_STATE_ESTABLISHED;
	bytes[4] = 0x1f;
	bytes[5] = 0x90;
	memcpy(bytes + 56, queues, sizeof(queues));
	memcpy(bytes + 64, uid_inode, sizeof(uid_inode));
	memcpy(bytes + 72, mark, sizeof(mark));
	memcpy(bytes + 80, head, sizeof(head));
	memcpy(all + 44, times, sizeof(times));
	memcpy(all + 144, &unsent, sizeof(unsent));
	memcpy(all + 120, acked_received, sizeof(acked_received));
	memcpy(bytes + 84, all, info);
	return 84 + info;
}

static void test_message(void)
{
	unsigned char bytes[400];
	struct tcp c;
	size_t length = make_message(bytes, 280);

	ok("a message is read",
	   tcp_from_diag(&c, bytes, length) && c.is_ipv6 && c.port == 8080 &&
		   c.state == TCP_STATE_ESTABLISHED && c.unread == 1 &&
		   c.unacked == 2 && c.uid == 1000 && c.inode == 77 &&
		   c.has_times && c.sent_ms == 12 && c.received_ms == 8 &&
		   c.acked_ms == 4 && c.unsent == 1 && c.has_sent &&
		   c.has_received);
	memset(bytes + 84 + 120, 0, 8);
	ok("what is not acknowledged was sent, too",
	   tcp_from_diag(&c, bytes, length) && c.has_sent);
	memset(bytes + 60, 0, 4);
	ok("what was never sent was not",
	   tcp_from_diag(&c, bytes, length) && !c.has_sent);
	length = make_message(bytes, 104);
	ok("an old kernel's has no byte counts",
	   tcp_from_diag(&c, bytes, length) && c.has_times && c.has_sent &&
		   c.has_received);
	length = make_message(bytes, 40);
	ok("one without times is no reason to be idle",
	   tcp_from_diag(&c, bytes, length) && !c.has_times &&
		   tcp_judge(&c, NEVER_NS) == TCP_IN_FLIGHT);
	ok("half a message is none", !tcp_from_diag(&c, bytes, 71));
}

/* Every cut and every length, in memory that ends where the bytes do. */
static void test_lengths(void)
{
	unsigned char whole[400];
	size_t length = make_message(whole, 280);
	struct tcp c;
	bool bounded = true;

	for (size_t cut = 0; cut <= length; cut++) {
		unsigned char *bytes = malloc(cut + 1);

		memcpy(bytes + 1, whole, cut);
		tcp_from_diag(&c, bytes + 1, cut);
		free(bytes);
	}
	for (unsigned wrong = 0; wrong <= 0xffff; wrong++) {
		const uint16_t attr = (uint16_t)wrong;

		memcpy(whole + 80, &attr, sizeof(attr));
		if (tcp_from_diag(&c, whole, length) && c.has_times)
			bounded = bounded && wrong >= 60 && wrong <= 284;
	}
	ok("an attribute's length is only taken for what fits", bounded);
	for (size_t cut = 0; cut < sizeof(line6); cut++) {
		char *line = malloc(cut + 1);

		memcpy(line + 1, line6, cut);
		tcp_from_line(&c, line + 1, cut);
		free(line);
	}
	ok("a line may be cut anywhere", true);
}

int main(void)
{
	test_judge();
	test_idle();
	test_line();
	test_message();
	test_lengths();
	return tap_end();
}
