/*
 * http_answer.c - parses the answer to an HTTP call as its bytes arrive.
 *
 * Pure: http_call.c reads the bytes and passes them on in pieces of any size;
 * this file tells when the answer is complete.  It trusts nothing: the head
 * (with those of the 1xx answers before it, and a trailer) is bounded by
 * ANSWER_HEAD_MAX, of a line only the first ANSWER_LINE_MAX bytes are kept, and
 * a body is only counted.
 *
 * By RFC 9112 there is no body after HEAD, 204 and 304; else it ends by the
 * last chunk; else by Content-Length; else with the stream.
 */
#include <string.h>
#include <strings.h>

#include "hook/http_answer.h"
#include "lib/parse.h"

static void http_answer_wrong(struct http_answer *a, const char *wrong)
{
	a->state = ANSWER_BAD;
	a->wrong = wrong;
}

void http_answer_init(struct http_answer *a, bool bodyless)
{
	*a = (struct http_answer){ .bodyless = bodyless, .left = -1 };
}

/* HTTP/1.1 200 OK: the three digits, or 0. */
static int status_of(const char *line)
{
	int status = 0;

	if (strncmp(line, "HTTP/1.", 7) != 0 || line[7] == '\0' ||
	    line[8] != ' ')
		return 0;
	for (int i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return 0;
		status = status * 10 + (line[i] - '0');
	}
	if (line[12] != '\0' && line[12] != ' ')
		return 0;
	return status;
}

/* Returns what follows `name` and its colon, without blanks, or NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (!text_same(line, name, length) || line[length] != ':')
		return NULL;
	return line + length + 1 + strspn(line + length + 1, " \t");
}

/*
 * Reads a size: digits, then only what `after` allows.  Returns -1 if it is not
 * one, or if it is too large to be real.
 */
static int64_t size_of(const char *s, int base, const char *after)
{
	int64_t size = 0;
	int digit = text_digit(*s, base);

	if (digit < 0)
		return -1;
	for (; digit >= 0; digit = text_digit(*++s, base)) {
		if (size > INT64_MAX / 32)
			return -1;
		size = size * base + digit;
	}
	if (*s != '\0' && !strchr(after, *s))
		return -1;
	return size;
}

/* Is the last transfer coding "chunked", which marks the end of the body? */
static bool ends_in_chunked(const char *value)
{
	static const char chunked[] = "chunked";
	size_t length = strlen(value);

	while (length > 0 && strchr(" \t", value[length - 1]))
		length--;
	if (length < strlen(chunked))
		return false;
	value += length - strlen(chunked);
	return text_same(value, chunked, strlen(chunked));
}

static void handle_field(struct http_answer *a)
{
	const char *value = value_of(a->line, "Transfer-Encoding");
	int64_t size;

	if (value) {
		a->coded = true;
		a->chunked = ends_in_chunked(value);
		return;
	}
	value = value_of(a->line, "Content-Length");
	if (!value)
		return;
	size = size_of(value, 10, " \t");
	if (size < 0 || (a->left >= 0 && a->left != size))
		http_answer_wrong(a, "sent a bad Content-Length");
	else
		a->left = size;
}

static void handle_end_of_head(struct http_answer *a)
{
	if (a->status < 200 && a->status != 101) {
		a->state = ANSWER_STATUS;
		a->left = -1;
		a->coded = a->chunked = false;
	} else if (a->bodyless || a->status == 101 || a->status == 204 ||
		   a->status == 304) {
		a->state = ANSWER_DONE;
	} else if (a->chunked) {
		a->state = ANSWER_CHUNK_SIZE;
	} else if (a->coded || a->left < 0) {
		a->state = ANSWER_STREAM;
	} else {
		a->state = a->left > 0 ? ANSWER_BODY : ANSWER_DONE;
	}
}

static void handle_line(struct http_answer *a)
{
	bool empty = a->line[0] == '\0';

	switch (a->state) {
	case ANSWER_STATUS:
		a->status = status_of(a->line);
		a->state = ANSWER_FIELD;
		if (a->status < 100)
			http_answer_wrong(a, "did not answer in HTTP/1");
		return;
	case ANSWER_FIELD:
		if (empty)
			handle_end_of_head(a);
		else
			handle_field(a);
		return;
	case ANSWER_CHUNK_SIZE:
		a->left = size_of(a->line, 16, "; \t");
		a->state = a->left > 0 ? ANSWER_CHUNK : ANSWER_TRAILER;
		if (a->left < 0)
			http_answer_wrong(a, "sent a bad chunk");
		return;
	case ANSWER_CHUNK_END:
		a->state = ANSWER_CHUNK_SIZE;
		if (!empty)
			http_answer_wrong(a, "sent a bad chunk");
		return;
	case ANSWER_TRAILER:
		if (empty)
			a->state = ANSWER_DONE;
		return;
	case ANSWER_BODY:
	case ANSWER_CHUNK:
	case ANSWER_STREAM:
	case ANSWER_DONE:
	case ANSWER_BAD:
		return;
	}
}

static void feed_byte(struct http_answer *a, char c)
{
	if (a->state == ANSWER_STATUS || a->state == ANSWER_FIELD ||
	    a->state == ANSWER_TRAILER)
		a->head++;
	if (a->head > ANSWER_HEAD_MAX) {
		http_answer_wrong(a, "sent a head of more than 64 KiB");
	} else if (c == '\n') {
		if (a->length > 0 && a->line[a->length - 1] == '\r')
			a->length--;
		a->line[a->length] = '\0';
		a->length = 0;
		handle_line(a);
	} else if (a->length < ANSWER_LINE_MAX - 1) {
		a->line[a->length++] = c;
	}
}

/* Takes bytes of a body.  Returns how many of `count` belong to it. */
static size_t feed_body(struct http_answer *a, size_t count)
{
	if (a->state == ANSWER_STREAM)
		return count;
	if ((uint64_t)a->left > count) {
		a->left -= (int64_t)count;
		return count;
	}
	count = (size_t)a->left;
	a->state = a->state == ANSWER_BODY ? ANSWER_DONE : ANSWER_CHUNK_END;
	return count;
}

bool http_answer_feed(struct http_answer *a, const char *bytes, size_t count)
{
	while (count > 0 && a->state < ANSWER_DONE) {
		size_t taken = 1;

		if (a->state == ANSWER_BODY || a->state == ANSWER_CHUNK ||
		    a->state == ANSWER_STREAM)
			taken = feed_body(a, count);
		else
			feed_byte(a, *bytes);
		bytes += taken;
		count -= taken;
	}
	return a->state < ANSWER_DONE;
}

void http_answer_end(struct http_answer *a)
{
	if (a->state == ANSWER_STREAM)
		a->state = ANSWER_DONE;
	else if (a->status == 0 && a->length == 0)
		http_answer_wrong(a, "closed the connection without an answer");
	else if (a->state < ANSWER_DONE)
		http_answer_wrong(a, "closed the connection within its answer");
}
