/*
 * http_answer.h - parses the answer to an HTTP call, in pieces of any size.
 */
#ifndef LASTCALL_HTTP_ANSWER_H
#define LASTCALL_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ANSWER_HEAD_MAX = 65536, /* bytes of all heads and of the trailer */
	ANSWER_LINE_MAX = 256,	 /* bytes kept of one line */
};

enum http_answer_state {
	ANSWER_STATUS,
	ANSWER_FIELD,
	ANSWER_BODY, /* by Content-Length */
	ANSWER_CHUNK_SIZE,
	ANSWER_CHUNK,
	ANSWER_CHUNK_END,
	ANSWER_TRAILER,
	ANSWER_STREAM, /* a body that ends with the stream */
	ANSWER_DONE,   /* complete */
	ANSWER_BAD,    /* not an answer; why is in `wrong` */
};

struct http_answer {
	enum http_answer_state state;
	int status;	   /* 100 to 999; 0: none yet */
	const char *wrong; /* what the server did: "sent a bad chunk" */

	/* Only the parser uses these. */
	bool bodyless, coded, chunked;
	int64_t left; /* bytes of the body or chunk to come; -1: unknown */
	size_t head;
	size_t length;
	char line[ANSWER_LINE_MAX];
};

/* `bodyless`: the call was a HEAD. */
void http_answer_init(struct http_answer *a, bool bodyless);
/* Takes `count` bytes.  Returns false when the state is DONE or BAD. */
bool http_answer_feed(struct http_answer *a, const char *bytes, size_t count);
/* The stream has ended: the state becomes DONE or BAD. */
void http_answer_end(struct http_answer *a);

#endif
