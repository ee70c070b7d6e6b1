/*
 * leaves.c - what WP takes on trust, shown by Eva: numbers read out of bytes
 * by memcpy(3), and what a structure holds that is set as a whole ("admit" in
 * the contracts).
 */
#include <__fc_builtin.h>

#include "drain/tcp.c"
#include "hook/http_answer.c"
#define feed_byte request_feed_byte // of the same name in the other
#include "ready/request.c"

/* As many bytes as the function may read, and no more. */
static unsigned char two[2], four[4], eight[8];

int main(void)
{
	struct http_answer answer;
	struct request request;
	struct tcp connection;

	Frama_C_make_unknown((char *)two, sizeof(two));
	Frama_C_make_unknown((char *)four, sizeof(four));
	Frama_C_make_unknown((char *)eight, sizeof(eight));
	(void)u16_at(two, 0);
	(void)u32_at(four, 0);
	(void)u64_at(eight, 0);

	(void)tcp_from_diag(&connection, eight, sizeof(eight));
	/*@ assert connection.sent_ms == 0 && connection.received_ms == 0 &&
	           connection.acked_ms == 0; */
	(void)tcp_from_line(&connection, "", 0);
	/*@ assert connection.sent_ms == 0 && connection.received_ms == 0 &&
	           connection.acked_ms == 0; */
	http_answer_init(&answer, Frama_C_interval(0, 1) != 0);
	/*@ assert answer.state == ANSWER_STATUS && answer.head == 0 &&
	           answer.length == 0 && answer.left == -1; */
	request_init(&request);
	//@ assert request.state == REQUEST_START;
	return 0;
}
