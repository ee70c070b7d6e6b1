/*
 * request.c - finds the end of an HTTP request.
 *
 * Pure.  Duty: tell a request from other bytes, and when it is complete.
 * Invariants: no bytes are kept except those of the method; a request takes no
 * more than REQUEST_BYTES_MAX bytes.
 */
#include <string.h>

#include "ready/request.h"

void request_init(struct request *r)
{
	*r = (struct request){ .state = REQUEST_START };
}

/* RFC 9110, 5.6.2: the bytes of a method. */
static bool is_token(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9'))
		return true;
	return c == '%' || (c != '\0' && strchr("!#$&'*+-.^_`|~", c) != NULL);
}

static bool has_method(const struct request *r, const char *name)
{
	return r->length == strlen(name) &&
	       memcmp(r->method, name, r->length) == 0;
}

static enum request_state feed_method(struct request *r, char c)
{
	if (c == ' ' && r->length > 0) {
		bool is_proxy = has_method(r, "PROXY");

		r->is_head = has_method(r, "HEAD");
		r->length = 0;
		return is_proxy ? REQUEST_PROXY : REQUEST_TARGET;
	}
	if (!is_token(c) || r->length == METHOD_MAX_LEN)
		return REQUEST_BAD;
	r->method[r->length++] = c;
	return REQUEST_METHOD;
}

static enum request_state feed_target(struct request *r, char c)
{
	if (c == ' ' && r->length > 0) {
		r->length = 0;
		return REQUEST_VERSION;
	}
	r->length = 1;
	return (unsigned char)c > ' ' && c != 0x7f ? REQUEST_TARGET
						   : REQUEST_BAD;
}

/* HTTP/1.0 or HTTP/1.1, and the end of the line. */
static enum request_state feed_version(struct request *r, char c)
{
	static const char version[] = "HTTP/1.";
	const size_t length = sizeof(version) - 1;

	if (r->length < length)
		return c == version[r->length++] ? REQUEST_VERSION
						 : REQUEST_BAD;
	if (r->length == length) {
		r->length++;
		return c >= '0' && c <= '9' ? REQUEST_VERSION : REQUEST_BAD;
	}
	if (c == '\n')
		return REQUEST_LINE_START;
	/* The one carriage return that may stand before the line feed. */
	return c == '\r' && r->length++ == length + 1 ? REQUEST_VERSION
						      : REQUEST_BAD;
}

static enum request_state feed_byte(struct request *r, char c)
{
	switch (r->state) {
	case REQUEST_START:
		/* RFC 9112, 2.2: empty lines before a request are ignored. */
		if (c == '\r' || c == '\n')
			return REQUEST_START;
		r->length = 0;
		return feed_method(r, c);
	case REQUEST_METHOD:
		return feed_method(r, c);
	case REQUEST_PROXY:
		return c == '\n' ? REQUEST_START : REQUEST_PROXY;
	case REQUEST_TARGET:
		return feed_target(r, c);
	case REQUEST_VERSION:
		return feed_version(r, c);
	case REQUEST_LINE_START:
		if (c == '\n')
			return REQUEST_WHOLE;
		/*
		 * A carriage return before the line feed does not begin a
		 * field.
		 */
		return c == '\r' ? REQUEST_LINE_START : REQUEST_LINE;
	case REQUEST_LINE:
		return c == '\n' ? REQUEST_LINE_START : REQUEST_LINE;
	case REQUEST_WHOLE:
	case REQUEST_BAD:
		break;
	}
	return r->state;
}

bool request_feed(struct request *r, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (r->state == REQUEST_WHOLE || r->state == REQUEST_BAD)
			return false;
		r->state = r->bytes++ < REQUEST_BYTES_MAX
				   ? feed_byte(r, bytes[i])
				   : REQUEST_BAD;
	}
	return r->state != REQUEST_WHOLE && r->state != REQUEST_BAD;
}
