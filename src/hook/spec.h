/*
 * spec.h - parses a hook's text.
 */
#ifndef LASTCALL_SPEC_H
#define LASTCALL_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

enum {
	HOOK_WORDS_MAX = 64,   /* words of a command hook */
	HOOK_BYTES_MAX = 4096, /* bytes of a hook's text */
};

/*
 * A hook's text after parsing.  For a command, argv ends in NULL; for a call,
 * method, host and path are NUL-terminated.  All point into bytes.
 */
struct hook_spec {
	bool is_http;
	char *argv[HOOK_WORDS_MAX + 1];
	const char *method; /* GET */
	const char *host;   /* "127.0.0.1", "::1", "localhost", "/a.sock" */
	const char *header_host; /* the Host field: as it was written */
	const char *path;	 /* from the slash on */
	uint16_t port;
	bool is_unix;
	char bytes[HOOK_BYTES_MAX];
};

/*
 * Reads an IPv4 address (in dotted decimals) or, with `six`, an IPv6 one, to 4
 * or 16 bytes in network order.  Returns false if it is not one.
 */
bool address_parse(const char *s, bool six, unsigned char *bytes);
/* Parses a hook's text.  Returns false with the reason in `complaint`. */
bool hook_spec_parse(struct hook_spec *hook, const char *text,
		     struct text *complaint);

#endif
