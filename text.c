/*
 * text.c - builds text in a buffer of the caller's, and reads numbers and
 * durations.
 *
 * Pure: no system call, no state.  stdio would do all of this in ten times
 * the bytes.  Whatever is added, a text ends in NUL and stays in its size;
 * once it was cut nothing more is added, so what is there is a prefix of
 * what was meant.  Called by every room.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "init.h"

enum { SHOWN_MAX = 60 };

#define DURATION_MAX_NS (INT64_C(365) * 24 * 3600 * NS_PER_S)

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
 * The length of the UTF-8 sequence at s, 0 where there is none (RFC 3629:
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

/* One character of a JSON string; returns how many bytes of s it took. */
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
		text_byte(t, hex[c >> 4]);
		text_byte(t, hex[c & 15]);
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
		/* What is cut is closed all the same. */
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
		/* U+0080 to U+009F are controls to a terminal, too. */
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
		default: /* 't' */
			text_duration(t, va_arg(values, int64_t));
			break;
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

/*
 * Reads digits at *s up to the first other byte and moves *s there.  False
 * where there are none, or their number is above `most`.
 */
static bool read_digits(const char **s, int64_t most, int64_t *n)
{
	const char *from = *s;

	for (*n = 0; **s >= '0' && **s <= '9'; ++*s) {
		int digit = **s - '0';

		if (*n > (most - digit) / 10)
			return false;
		*n = *n * 10 + digit;
	}
	return *s > from;
}

char *text_find(const char *s, char c, size_t length)
{
	for (; length > 0; length--, s++)
		if (*s == c)
			return (char *)(uintptr_t)s;
	return NULL;
}

char *text_char(const char *s, char c)
{
	return text_find(s, c, strlen(s) + 1);
}

size_t text_until(const char *s, const char *stops)
{
	size_t length = 0;

	/* strchr finds the end, too. */
	while (!text_char(stops, s[length]))
		length++;
	return length;
}

size_t text_span(const char *s, const char *set)
{
	size_t length = 0;

	while (s[length] && text_char(set, s[length]))
		length++;
	return length;
}

bool text_same(const char *s, const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char lower = s[i] | 0x20;

		/* Where only this bit differs, it is a letter's case. */
		if (s[i] != word[i] &&
		    (lower != (word[i] | 0x20) || lower < 'a' || lower > 'z'))
			return false;
	}
	return true;
}

const char *text_variable(char *const *envp, const char *name)
{
	size_t length = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=')
			return *envp + length + 1;
	return NULL;
}

bool text_to_number(const char *s, int64_t most, int64_t *n)
{
	return read_digits(&s, most, n) && *s == '\0';
}

bool text_to_duration(const char *s, int64_t *ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ms", NS_PER_MS },	  { "s", NS_PER_S },
		{ "", NS_PER_S },	  { "m", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S },
	};
	const char *fraction = "";
	int64_t whole;

	if (!read_digits(&s, DURATION_MAX_NS / NS_PER_MS, &whole))
		return false;
	if (*s == '.') {
		fraction = ++s;
		s += text_span(s, "0123456789");
		if (s == fraction)
			return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		int64_t unit = units[i].ns;

		if (strcmp(s, units[i].name) != 0)
			continue;
		if (whole > DURATION_MAX_NS / unit)
			return false;
		*ns = whole * unit;
		/* Below a nanosecond, digits add nothing. */
		for (; *fraction >= '0' && *fraction <= '9'; fraction++)
			*ns += (*fraction - '0') * (unit /= 10);
		return *ns <= DURATION_MAX_NS;
	}
	return false;
}

void text_error(struct text *t, int error)
{
	/* Those that lastcall meets; libc's strerror() has a table of 2 KB. */
	static const struct {
		int error;
		const char *words;
	} known[] = {
		{ EPERM, "operation not permitted" },
		{ ENOENT, "no such file or directory" },
		{ ESRCH, "no such process" },
		{ EIO, "input/output error" },
		{ E2BIG, "arguments and environment too long" },
		{ ENOEXEC, "not in a format that can be executed" },
		{ EAGAIN, "resource temporarily unavailable" },
		{ ENOMEM, "out of memory" },
		{ EACCES, "permission denied" },
		{ ENOTDIR, "not a directory" },
		{ EISDIR, "is a directory" },
		{ EINVAL, "invalid argument" },
		{ EMFILE, "too many open files" },
		{ ENFILE, "too many open files in the system" },
		{ ETXTBSY, "text file busy" },
		{ ENOSPC, "no space left on device" },
		{ EROFS, "read-only file system" },
		{ EPIPE, "broken pipe" },
		{ ENAMETOOLONG, "file name too long" },
		{ ENOSYS, "not implemented by this kernel" },
		{ ELOOP, "too many symbolic links" },
		{ ELIBACC, "its interpreter or loader is missing" },
		{ EAFNOSUPPORT, "address family not supported" },
		{ EADDRNOTAVAIL, "address not available" },
		{ ENETUNREACH, "network unreachable" },
		{ EHOSTUNREACH, "host unreachable" },
		{ ECONNREFUSED, "connection refused" },
		{ ECONNRESET, "connection reset" },
		{ ETIMEDOUT, "timed out" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].error == error) {
			text_add(t, known[i].words);
			return;
		}
	}
	text_add(t, "error ");
	text_number(t, error);
}
