/*
 * request.h - an HTTP request to the ready port, fed in pieces of any size.
 *
 * Only its end is looked for: every request has the same answer, whatever it
 * asks for.
 */
#ifndef LASTCALL_REQUEST_H
#define LASTCALL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum {
	REQUEST_BYTES_MAX = 16384, /* of a request's head */
	METHOD_MAX_LEN = 16,
};

enum request_state {
	REQUEST_START, /* before the first byte that is no line end */
	REQUEST_METHOD,
	REQUEST_PROXY, /* the line that the PROXY protocol puts before it */
	REQUEST_TARGET,
	REQUEST_VERSION,
	REQUEST_LINE_START, /* the first byte of a header field */
	REQUEST_LINE,
	REQUEST_WHOLE, /* the head is complete */
	REQUEST_BAD,   /* it is not HTTP/1.0 or 1.1, or it is too long */
};

struct request {
	enum request_state state;
	bool is_head; /* the method is HEAD: the answer has no body */

	/* Only the parser uses these. */
	size_t bytes;
	size_t length; /* of the part of the first line so far */
	char method[METHOD_MAX_LEN];
};

void request_init(struct request *r);
/* Takes `count` bytes.  Returns false when the state is WHOLE or BAD. */
bool request_feed(struct request *r, const char *bytes, size_t count);

#endif
