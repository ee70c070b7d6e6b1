/*
 * request_test.c - request.c: what is a request, and where it ends.  Every
 * request is fed whole, byte by byte and in two pieces cut anywhere: the result
 * must be the same.  Prints TAP.
 */
#include <string.h>

#include "ready/request.h"
#include "tap.h"

#define PROXY_V1 "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"

static const struct row {
	const char *name;
	const char *bytes;
	enum request_state state; /* after all bytes */
	bool is_head;
} rows[] = {
	{ "HTTP/1.1, as a browser sends it",
	  "GET /healthz HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
	  REQUEST_WHOLE, false },
	{ "HTTP/1.0, as HAProxy's option httpchk sends it",
	  "OPTIONS / HTTP/1.0\r\n\r\n", REQUEST_WHOLE, false },
	{ "HEAD", "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_WHOLE, true },
	{ "a method that begins like HEAD", "HEADS / HTTP/1.1\r\n\r\n",
	  REQUEST_WHOLE, false },
	{ "methods are told apart by their case", "head / HTTP/1.1\r\n\r\n",
	  REQUEST_WHOLE, false },
	{ "any method", "BREW /pot HTTP/1.1\r\n\r\n", REQUEST_WHOLE, false },
	{ "a whole URL, and one with bytes above 127",
	  "GET http://x/\303\244 HTTP/1.1\r\n\r\n", REQUEST_WHOLE, false },
	{ "bare line feeds", "GET / HTTP/1.1\nHost: x\n\n", REQUEST_WHOLE,
	  false },
	{ "empty lines before it", "\r\n\n\r\nGET / HTTP/1.1\r\n\r\n",
	  REQUEST_WHOLE, false },
	{ "a body is not waited for",
	  "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", REQUEST_WHOLE,
	  false },
	{ "the first of several decides",
	  "GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\n", REQUEST_WHOLE,
	  false },
	{ "the line of the PROXY protocol before it",
	  PROXY_V1 "HEAD / HTTP/1.0\r\n\r\n", REQUEST_WHOLE, true },
	{ "a carriage return within a field", "GET / HTTP/1.1\r\na\rb\r\n\r\n",
	  REQUEST_WHOLE, false },
	{ "nothing yet", "", REQUEST_START, false },
	{ "half a line", "GET / HT", REQUEST_VERSION, false },
	{ "no field yet", "GET / HTTP/1.1\r\n", REQUEST_LINE_START, false },
	{ "no empty line yet", "GET / HTTP/1.1\r\nHost: x\r\n",
	  REQUEST_LINE_START, false },
	{ "half a field", "GET / HTTP/1.1\r\nHost", REQUEST_LINE, false },
	{ "half a PROXY line", "PROXY TCP4 1", REQUEST_PROXY, false },
	{ "TLS", "\026\003\001\002\000\001", REQUEST_BAD, false },
	{ "SSH", "SSH-2.0-OpenSSH_9.2\r\n", REQUEST_BAD, false },
	{ "HTTP/0.9", "GET /\r\n", REQUEST_BAD, false },
	{ "HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REQUEST_BAD,
	  false },
	{ "no method", " / HTTP/1.1\r\n\r\n", REQUEST_BAD, false },
	{ "no target", "GET  HTTP/1.1\r\n\r\n", REQUEST_BAD, false },
	{ "a method of 17 bytes", "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n\r\n",
	  REQUEST_BAD, false },
	{ "a method of 16 bytes", "ABCDEFGHIJKLMNOP / HTTP/1.1\r\n\r\n",
	  REQUEST_WHOLE, false },
	{ "a control byte in the target", "GET /\t HTTP/1.1\r\n\r\n",
	  REQUEST_BAD, false },
	{ "no digit in the version", "GET / HTTP/1.x\r\n\r\n", REQUEST_BAD,
	  false },
	{ "two digits in the version", "GET / HTTP/1.11\r\n\r\n", REQUEST_BAD,
	  false },
	{ "two carriage returns", "GET / HTTP/1.1\r\r\n\r\n", REQUEST_BAD,
	  false },
};

static bool feed(const struct row *row, size_t first, size_t piece)
{
	size_t length = strlen(row->bytes);
	struct request r;
	bool wants = true;
	size_t at = 0;

	request_init(&r);
	while (at < length && wants) {
		size_t size = at == 0 && first > 0 ? first : piece;

		if (size > length - at)
			size = length - at;
		wants = request_feed(&r, row->bytes + at, size);
		if (wants ==
		    (r.state == REQUEST_WHOLE || r.state == REQUEST_BAD))
			return false;
		at += size;
	}
	return r.state == row->state && r.is_head == row->is_head;
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		size_t length = strlen(row->bytes);
		bool good = feed(row, 0, length + 1) && feed(row, 0, 1);

		for (size_t cut = 1; cut < length; cut++)
			good &= feed(row, cut, length);
		ok(row->name, good);
	}
}

static void test_limit(void)
{
	static char line[REQUEST_BYTES_MAX + 1];
	struct request r;

	memset(line, 'a', sizeof(line));
	memcpy(line, "GET / HTTP/1.1\r\n", 16);
	request_init(&r);
	ok("a head may be as long as the limit",
	   request_feed(&r, line, REQUEST_BYTES_MAX));
	ok("and no longer",
	   !request_feed(&r, "\n", 1) && r.state == REQUEST_BAD);
	memset(line, '\n', sizeof(line));
	request_init(&r);
	ok("empty lines count",
	   !request_feed(&r, line, sizeof(line)) && r.state == REQUEST_BAD);
}

int main(void)
{
	test_rows();
	test_limit();
	return tap_end();
}
