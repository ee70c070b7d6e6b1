/*
 * text.c - builds text in a buffer of the caller's.
 *
 * Pure: no system call, no state.  stdio would take ten times the code.
 * Whatever is added, a text ends in NUL and stays within its size; once it was
 * cut nothing more is added, so that it is a prefix of the whole text.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"

enum { SHOWN_MAX = 60 };

struct text text_empty(char *bytes, size_t size)
{
	bytes[0] = '\0';
	return (struct text){ .bytes = bytes, .size = size };
}

void text_clear(struct text *t)
{
	t->length = 0;
	t->cut = false;
	t->bytes[0] = '\0';
}

void text_bytes(struct text *t, const char *s, size_t length)
{
	size_t room = t->size - 1 - t->length;

	if (t->cut)
		return;
	if (length > room) {
		length = room;
		t->cut = true;
	}
	memcpy(t->bytes + t->length, s, length);
	t->length += length;
	t->bytes[t->length] = '\0';
}

void text_byte(struct text *t, char c)
{
	text_bytes(t, &c, 1);
}

void text_add(struct text *t, const char *s)
{
	text_bytes(t, s, strlen(s));
}

void text_padded(struct text *t, int64_t n, int width)
{
	char digits[20]; /* 2^63 has 19 */
	size_t at = sizeof(digits);
	uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	if (n < 0)
		text_byte(t, '-');
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	for (int have = (int)(sizeof(digits) - at); have < width; have++)
		text_byte(t, '0');
	text_bytes(t, digits + at, sizeof(digits) - at);
}

void text_number(struct text *t, int64_t n)
{
	text_padded(t, n, 1);
}

void text_duration(struct text *t, int64_t ns)
{
	int64_t ms = ns / NS_PER_MS;
	int64_t s = ms / 1000;
	int64_t m = s / 60;

	if (ms && ms < 1000) {
		text_number(t, ms);
		text_add(t, "ms");
		return;
	}
	if (m >= 60) {
		text_number(t, m / 60);
		text_byte(t, 'h');
	}
	if (m % 60) {
		text_number(t, m % 60);
		text_byte(t, 'm');
	}
	ms %= 1000;
	if (m && s % 60 == 0 && ms == 0)
		return;
	text_number(t, s % 60);
	if (ms) {
		int width = 3;

		for (; ms % 10 == 0; ms /= 10)
			width--;
		text_byte(t, '.');
		text_padded(t, ms, width);
	}
	text_byte(t, 's');
}

/*
 * The length of the UTF-8 sequence at s, or 0 if there is none (RFC 3629:
 * nothing overlong, no surrogates, nothing above U+10FFFF).
 */
static size_t utf8_length(const char *s)
{
	unsigned char first = (unsigned char)s[0];
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	size_t length;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < low || c > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

/* Adds one character of a JSON string.  Returns how many bytes of s it took. */
static size_t quote_one(struct text *t, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*s;
	size_t length = utf8_length(s);

	/* U+0080 to U+009F command a terminal, as the bytes below 32 do. */
	if (c == 0xc2 && length == 2 && (unsigned char)s[1] < 0xa0)
		c = (unsigned char)s[1];

	if (c == '"' || c == '\\') {
		text_byte(t, '\\');
		text_byte(t, *s);
	} else if (c == '\n') {
		text_add(t, "\\n");
	} else if (c == '\t') {
		text_add(t, "\\t");
	} else if (c < 0x20 || (c >= 0x7f && c < 0xa0 && length)) {
		text_add(t, "\\u00");
		text_byte(t, hex[c / 16]);
		text_byte(t, hex[c % 16]);
	} else if (length) {
		text_bytes(t, s, length);
	} else {
		text_add(t, "\\ufffd");
	}
	return length ? length : 1;
}

void text_quoted(struct text *t, const char *s)
{
	enum { LONGEST = sizeof("\\u0000") - 1 };

	text_byte(t, '"');
	while (*s && !t->cut) {
		/* A string that is cut gets its closing quote all the same. */
		if (t->size - 1 - t->length < LONGEST + 1) {
			text_byte(t, '"');
			t->cut = true;
			return;
		}
		s += quote_one(t, s);
	}
	text_byte(t, '"');
}

void text_shown(struct text *t, const char *s)
{
	size_t shown = 0;

	text_byte(t, '\'');
	while (*s) {
		size_t length = utf8_length(s);
		/*
		 * U+0080 to U+009F are control characters to a terminal, too.
		 */
		bool control = (unsigned char)*s < 0x20 || *s == 0x7f ||
			       (*s == '\xc2' && (unsigned char)s[1] < 0xa0);

		if (length == 0)
			length = 1;
		if (shown + length > SHOWN_MAX) {
			text_add(t, "...");
			break;
		}
		if (control || utf8_length(s) == 0)
			text_byte(t, '?');
		else
			text_bytes(t, s, length);
		shown += length;
		s += length;
	}
	text_byte(t, '\'');
}

void text_vformat(struct text *t, const char *format, va_list values)
{
	for (; *format; format++) {
		if (*format != '%') {
			text_byte(t, *format);
			continue;
		}
		switch (*++format) {
		case 's':
			text_add(t, va_arg(values, const char *));
			break;
		case 'q':
			text_shown(t, va_arg(values, const char *));
			break;
		case 'd':
			text_number(t, va_arg(values, int));
			break;
		case 't':
			text_duration(t, va_arg(values, int64_t));
			break;
		case '%':
			text_byte(t, '%');
			break;
		default:
			/*
			 * The size of its value is unknown, so neither the
			 * value nor what follows can be read.
			 */
			text_byte(t, '%');
			text_add(t, format);
			return;
		}
	}
}

bool text_format(struct text *t, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	text_vformat(t, format, values);
	va_end(values);
	return false;
}
