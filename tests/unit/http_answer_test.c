/*
 * http_answer_test.c - http_answer.c: when an answer is complete, and what is
 * refused. Every row is fed whole, byte by byte and in two pieces cut anywhere:
 * the result must be the same.  Prints TAP.
 */
#include <stdio.h>
#include <string.h>

#include "hook/http_answer.h"
#include "tap.h"

static const struct row {
	const char *name;
	const char *bytes;
	const char *wrong; /* NULL: the answer is complete */
	int status;
	bool bodyless; /* the call was a HEAD */
	bool to_end;   /* complete only with the end of the stream */
	size_t rest;   /* bytes after the end, left alone */
} rows[] = {
	{ "Content-Length says where the body ends",
	  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", .status = 200 },
	{ "what follows the body is left alone",
	  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP",
	  .status = 200, .rest = 4 },
	{ "an empty body is complete with the head",
	  "HTTP/1.1 503 Nope\r\ncontent-length:0\r\n\r\n", .status = 503 },
	{ "bare line feeds, no reason, HTTP/1.0",
	  "HTTP/1.0 301\nContent-Length: 2\n\nok", .status = 301 },
	{ "without a length the stream's end is the body's end",
	  "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello", .status = 200,
	  .to_end = true },
	{ "a body cut short of its length",
	  "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
	  .wrong = "closed the connection within its answer", .status = 200,
	  .to_end = true },
	{ "204 has no body", "HTTP/1.1 204 None\r\nContent-Length: 9\r\n\r\n",
	  .status = 204 },
	{ "304 has no body",
	  "HTTP/1.1 304 Same\r\nTransfer-Encoding: chunked\r\n\r\n",
	  .status = 304 },
	{ "the answer to HEAD has no body",
	  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .status = 200,
	  .bodyless = true },
	{ "chunks, with an extension and a trailer",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked \r\n\r\n"
	  "5;x=y\r\nhello\r\n00a\r\n0123456789\r\n0\r\nDigest: x\r\n\r\n",
	  .status = 200 },
	{ "chunks of 1 byte and of 15, in either case",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "1\r\n0\r\nf\r\n0123456789abcde\r\nF\r\n0123456789abcde\r\n"
	  "0\r\n\r\n",
	  .status = 200 },
	{ "chunks count, not a Content-Length beside them",
	  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	  .status = 200 },
	{ "another coding ends with the stream",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n"
	  "Content-Length: 1\r\n\r\nabc",
	  .status = 200, .to_end = true },
	{ "1xx answers are skipped, with their fields",
	  "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n"
	  "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
	  "HTTP/1.1 202 OK\r\nContent-Length: 2\r\n\r\nhi",
	  .status = 202 },
	{ "nor does their coding hold for the answer",
	  "HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
	  .status = 200 },
	{ "101 is final", "HTTP/1.1 101 Other\r\nUpgrade: x\r\n\r\n",
	  .status = 101 },
	{ "the same Content-Length twice",
	  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
	  .status = 200 },
	{ "two Content-Lengths that differ",
	  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
	  .wrong = "sent a bad Content-Length", .status = 200 },
	{ "a Content-Length of 0 and another",
	  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 3\r\n\r\n",
	  .wrong = "sent a bad Content-Length", .status = 200 },
	{ "a negative Content-Length",
	  "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	  .wrong = "sent a bad Content-Length", .status = 200 },
	{ "a Content-Length that is no number",
	  "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
	  .wrong = "sent a bad Content-Length", .status = 200 },
	{ "an empty Content-Length",
	  "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
	  .wrong = "sent a bad Content-Length", .status = 200 },
	{ "a Content-Length past 64 bits",
	  "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
	  .wrong = "sent a bad Content-Length", .status = 200 },
	{ "a chunk without a size",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
	  .wrong = "sent a bad chunk", .status = 200 },
	{ "a chunk size past 64 bits",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "fffffffffffffffff\r\n",
	  .wrong = "sent a bad chunk", .status = 200 },
	{ "a chunk longer than its size",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "2\r\nabc\r\n",
	  .wrong = "sent a bad chunk", .status = 200 },
	{ "the stream ends before the last chunk",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
	  .wrong = "closed the connection within its answer", .status = 200,
	  .to_end = true },
	{ "nothing at all", "",
	  .wrong = "closed the connection without an answer", .status = 0,
	  .to_end = true },
	{ "the stream ends in the head", "HTTP/1.1 200 OK\r\nServ",
	  .wrong = "closed the connection within its answer", .status = 200,
	  .to_end = true },
	{ "another protocol", "220 mail ESMTP\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 0 },
	{ "HTTP/2", "HTTP/2.0 200 OK\r\n", .wrong = "did not answer in HTTP/1",
	  .status = 0 },
	{ "a status of two digits", "HTTP/1.1 20 OK\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 0 },
	{ "a status of four digits", "HTTP/1.1 2000 OK\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 0 },
	{ "a status below 100", "HTTP/1.1 099 OK\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 99 },
	{ "a version that ends", "HTTP/1.\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 0 },
	{ "a version of two digits", "HTTP/1.10 200 OK\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 0 },
	{ "a status with a letter", "HTTP/1.1 2x0 OK\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 0 },
	{ "a status with a point", "HTTP/1.1 2.0 OK\r\n",
	  .wrong = "did not answer in HTTP/1", .status = 0 },
	{ "the stream ends in the first line", "HTTP/1.1 2",
	  .wrong = "closed the connection within its answer", .status = 0,
	  .to_end = true },
	{ "a field whose name begins like another's",
	  "HTTP/1.1 200 OK\r\nContent-Length-Max: x\r\n"
	  "Content-Length: 1\r\n\r\nx",
	  .status = 200 },
	{ "no coding is not chunked",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: \r\n\r\nx", .status = 200,
	  .to_end = true },
	{ "a chunk size in capitals",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "A\r\n0123456789\r\n0\r\n\r\n",
	  .status = 200 },
	{ "a chunk size that is not hexadecimal",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nG\r\n",
	  .wrong = "sent a bad chunk", .status = 200 },
	{ "an empty line", "\r\n", .wrong = "did not answer in HTTP/1",
	  .status = 0 },
};

static bool right(const struct row *r, struct http_answer *a)
{
	if (r->to_end) {
		if (a->state >= ANSWER_DONE)
			return false;
		http_answer_end(a);
	}
	if (a->status != r->status)
		return false;
	if (r->wrong)
		return a->state == ANSWER_BAD && !strcmp(a->wrong, r->wrong);
	return a->state == ANSWER_DONE;
}

static bool right_in_pieces(const struct row *r)
{
	size_t length = strlen(r->bytes) - r->rest;
	struct http_answer a;

	http_answer_init(&a, r->bodyless);
	for (size_t i = 0; i < length; i++)
		http_answer_feed(&a, r->bytes + i, 1);
	if (!right(r, &a))
		return false;
	for (size_t cut = 0; cut <= length; cut++) {
		http_answer_init(&a, r->bodyless);
		http_answer_feed(&a, r->bytes, cut);
		http_answer_feed(&a, r->bytes + cut, length - cut + r->rest);
		if (!right(r, &a))
			return false;
	}
	return true;
}

/* A status line, then `unit` until no more is wanted: how many bytes? */
static size_t endless(const char *start, const char *unit,
		      struct http_answer *a)
{
	size_t fed = strlen(start);

	http_answer_init(a, false);
	http_answer_feed(a, start, fed);
	while (fed < 4 * ANSWER_HEAD_MAX && a->state < ANSWER_DONE) {
		http_answer_feed(a, unit, strlen(unit));
		fed += strlen(unit);
	}
	return fed;
}

static bool head_is_bounded(const char *start, const char *unit)
{
	struct http_answer a;
	size_t fed = endless(start, unit, &a);

	return a.state == ANSWER_BAD && fed >= ANSWER_HEAD_MAX &&
	       fed < ANSWER_HEAD_MAX + 1024 &&
	       !strcmp(a.wrong, "sent a head of more than 64 KiB");
}

int main(void)
{
	struct http_answer a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ok(rows[i].name, right_in_pieces(&rows[i]));

	ok("endless fields are cut off",
	   head_is_bounded("HTTP/1.1 200 OK\r\n", "X: y\r\n"));
	ok("an endless line is cut off", head_is_bounded("", "x"));
	ok("endless 1xx answers are cut off",
	   head_is_bounded("", "HTTP/1.1 100 Continue\r\n\r\n"));
	ok("an endless trailer is cut off",
	   head_is_bounded(
		   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
		   "X: y\r\n"));
	ok("an endless body is not", endless("HTTP/1.1 200 OK\r\n\r\n", "xxxx",
					     &a) == 4 * ANSWER_HEAD_MAX + 3 &&
					     a.state == ANSWER_STREAM);

	return tap_end();
}
