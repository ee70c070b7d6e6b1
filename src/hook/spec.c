/*
 * spec.c - parses a hook's text: the words of a command, or method, host and
 * path of an HTTP call.
 *
 * Pure.  values.c refuses bad hooks before anything starts, and hook.c parses
 * the text again in the process that runs the hook: so only the text is kept in
 * between.
 */
#include <string.h>

#include "hook/spec.h"
#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/text.h"

enum { SOCKET_PATH_MAX = 107 }; /* of sun_path, without the NUL */

/* Puts `length` bytes of s and a NUL into the hook; returns them. */
static const char *keep(struct text *bytes, const char *s, size_t length)
{
	const char *kept = bytes->bytes + bytes->length;

	text_bytes(bytes, s, length);
	text_byte(bytes, '\0');
	return kept;
}

/*
 * Adds one word at s to bytes, without its quotes (POSIX, 2.2 Quoting, without
 * the expansions).  Returns where the word ends, or NULL if a quote is not
 * closed.
 */
static const char *split_word(struct text *bytes, const char *s)
{
	char quote = '\0';

	for (; *s && (quote || !strchr(" \t\n", *s)); s++) {
		if (quote ? *s == quote : *s == '\'' || *s == '"') {
			quote = quote ? '\0' : *s;
			continue;
		}
		if (*s == '\\' && quote != '\'' &&
		    (!quote || (s[1] && strchr("$`\"\\\n", s[1])))) {
			s++;
			if (*s == '\0')
				return NULL;
			if (*s == '\n') /* a continued line */
				continue;
		}
		text_byte(bytes, *s);
	}
	text_byte(bytes, '\0');
	return quote ? NULL : s;
}

static bool parse_command(struct hook_spec *hook, struct text *bytes,
			  const char *s, struct text *complaint)
{
	int words = 0;

	for (s += strspn(s, " \t\n"); *s; s += strspn(s, " \t\n")) {
		if (words == HOOK_WORDS_MAX)
			return value_too_many(complaint, HOOK_WORDS_MAX,
					      "words");
		hook->argv[words++] = bytes->bytes + bytes->length;
		s = split_word(bytes, s);
		if (!s)
			return text_format(complaint, "a quote is not closed");
	}
	hook->argv[words] = NULL;
	if (words == 0 || hook->argv[0][0] == '\0')
		return text_format(complaint, "there is no command");
	return true;
}

/* Reads unix:/PATH.SOCK[:/PATH].  Returns where the request's path begins. */
static const char *parse_socket(struct hook_spec *hook, struct text *bytes,
				const char *s, struct text *complaint)
{
	size_t length = strcspn(s, ":");

	if (*s != '/' || length > SOCKET_PATH_MAX) {
		text_format(complaint,
			    "the socket needs a path of 1 to 107 bytes "
			    "from the root");
		return NULL;
	}
	hook->is_unix = true;
	hook->host = keep(bytes, s, length);
	hook->header_host = "localhost";
	s += length;
	return *s == ':' ? s + 1 : s;
}

static bool parse_ipv4(const char *s, unsigned char *bytes)
{
	for (int i = 0; i < 4; i++) {
		int n = 0, digits = 0;

		/* Some read 010 as eight and others as ten: it is refused. */
		for (; *s >= '0' && *s <= '9' && digits < 3; digits++) {
			if (digits > 0 && n == 0)
				return false;
			n = n * 10 + (*s++ - '0');
		}
		if (digits == 0 || n > 255 || *s != (i < 3 ? '.' : '\0'))
			return false;
		bytes[i] = (unsigned char)n;
		s++;
	}
	return true;
}

/* RFC 4291, 2.2: eight numbers; :: stands for some that are zero. */
static bool parse_ipv6(const char *s, unsigned char *bytes)
{
	int at = 0, gap = -1;

	if (*s == ':' && *++s != ':')
		return false;
	for (;;) {
		const char *start = s;
		int n = 0, digit;

		if (*s == ':') { /* the second of :: */
			if (gap >= 0)
				return false;
			gap = at;
			if (*++s == '\0')
				break;
			continue;
		}
		for (; s - start < 4 && (digit = text_digit(*s, 16)) >= 0; s++)
			n = n * 16 + digit;
		if (*s == '.') {
			if (at > 12 || !parse_ipv4(start, bytes + at))
				return false;
			at += 4;
			break;
		}
		if (s == start || at > 14)
			return false;
		bytes[at++] = (unsigned char)(n >> 8);
		bytes[at++] = (unsigned char)n;
		if (*s == '\0')
			break;
		if (*s++ != ':' || *s == '\0')
			return false;
	}
	if (gap < 0)
		return at == 16;
	if (at == 16)
		return false;
	memmove(bytes + 16 - (at - gap), bytes + gap, (size_t)(at - gap));
	memset(bytes + gap, 0, (size_t)(16 - at));
	return true;
}

bool address_parse(const char *s, bool six, unsigned char *bytes)
{
	return six ? parse_ipv6(s, bytes) : parse_ipv4(s, bytes);
}

/* Reads HOST[:PORT].  Returns where the request's path begins. */
static const char *parse_host(struct hook_spec *hook, struct text *bytes,
			      const char *s, struct text *complaint)
{
	size_t all = strcspn(s, "/?#");
	bool bracket = *s == '[';
	const char *host = s + bracket;
	size_t length = strcspn(host, bracket ? "]" : ":/?#");
	const char *port = host + length + bracket;
	unsigned char address[16];
	TEXT(digits, 8);
	int64_t n = 80;

	hook->header_host = keep(bytes, s, all);
	hook->host = keep(bytes, host, length);
	if (port > s + all ||
	    (!address_parse(hook->host, bracket, address) &&
	     (bracket || strcmp(hook->host, "localhost") != 0))) {
		value_complain(
			complaint, s, all,
			"is not an IPv4 address, [IPv6] or localhost (lastcall "
			"does not resolve names)");
		return NULL;
	}
	if (port < s + all) {
		text_bytes(&digits, port + 1, (size_t)(s + all - port - 1));
		if (*port != ':' || digits.cut ||
		    !text_to_number(digits.bytes, 65535, &n) || n == 0) {
			value_complain(complaint, port,
				       (size_t)(s + all - port),
				       "is not a port from :1 to :65535");
			return NULL;
		}
	}
	hook->port = (uint16_t)n;
	return s + all;
}

/* Reads what follows http://. */
static bool parse_url(struct hook_spec *hook, struct text *bytes, const char *s,
		      struct text *complaint)
{
	hook->is_http = true;
	/* A space or a line end would change the request. */
	for (const char *c = s; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return text_format(complaint, "a blank in the URL");
	if (text_starts(s, "unix:"))
		s = parse_socket(hook, bytes, s + 5, complaint);
	else
		s = parse_host(hook, bytes, s, complaint);
	if (!s)
		return false;
	if (*s && *s != '/')
		return value_complain(complaint, s, strlen(s),
				      "is not a path from the slash on");
	hook->path = *s ? keep(bytes, s, strlen(s)) : "/";
	return true;
}

bool hook_spec_parse(struct hook_spec *hook, const char *text,
		     struct text *complaint)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct text bytes = { hook->bytes, sizeof(hook->bytes), 0, false };
	size_t length = strspn(text, capitals);
	const char *url = text + length;
	bool good;

	hook->is_http = false;
	hook->is_unix = false;
	if (length)
		url += strspn(url, " ");
	if (url == text + length && length)
		url = ""; /* capitals, but no blank after them */
	if (text_starts(url, "https://"))
		return text_format(complaint, "TLS is not spoken");
	if (text_starts(url, "http://")) {
		hook->method = length ? keep(&bytes, text, length) : "GET";
		good = parse_url(hook, &bytes, url + 7, complaint);
	} else {
		good = parse_command(hook, &bytes, text, complaint);
	}
	if (good && bytes.cut)
		return value_too_many(complaint, HOOK_BYTES_MAX, "bytes");
	return good;
}
