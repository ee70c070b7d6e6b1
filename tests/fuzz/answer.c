/*
 * answer.c - an HTTP answer, whole and in pieces: the same comes of both.  The
 * first byte says how large the pieces are.
 */
#include "fuzz.h"
#include "hook/http_answer.h"

static void feed(struct http_answer *a, const uint8_t *data, size_t size,
		 size_t piece, bool bodyless)
{
	bool wants = true;

	http_answer_init(a, bodyless);
	for (size_t at = 0; at < size && wants; at += piece) {
		size_t count = size - at < piece ? size - at : piece;
		char *bytes = copy_of(data + at, count);

		wants = http_answer_feed(a, bytes, count);
		HOLDS(wants ==
		      (a->state != ANSWER_DONE && a->state != ANSWER_BAD));
		free(bytes);
	}
	http_answer_end(a);
	HOLDS(a->state == ANSWER_DONE || a->state == ANSWER_BAD);
	HOLDS((a->state == ANSWER_BAD) == (a->wrong != NULL));
	/* 101: the server has switched to what is not HTTP. */
	HOLDS(a->state == ANSWER_BAD || a->status == 101 ||
	      (a->status >= 200 && a->status <= 999));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_answer whole, pieces;
	bool bodyless;

	if (size < 1)
		return 0;
	bodyless = data[0] & 1;
	feed(&whole, data + 1, size - 1, size, bodyless);
	feed(&pieces, data + 1, size - 1, 1 + data[0] / 2, bodyless);
	HOLDS(whole.state == pieces.state && whole.status == pieces.status);
	HOLDS(whole.wrong == pieces.wrong);
	return 0;
}
