/*
 * text.h - builds text in a buffer of the caller's.  A text that is full drops
 * what follows and remembers that it was cut; it always ends in NUL.
 */
#ifndef LASTCALL_TEXT_H
#define LASTCALL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes;
	size_t size; /* of bytes, with the NUL; at least 1 */
	size_t length;
	bool cut;
};

/* Defines `name`, a struct text of `count` bytes on the stack. */
#define TEXT(name, count)                                                      \
	char name##_bytes[count];                                              \
	struct text name = text_empty(name##_bytes, sizeof(name##_bytes))

/* Makes an empty text in the `size` bytes at `bytes`. */
struct text text_empty(char *bytes, size_t size);
void text_clear(struct text *t);
void text_byte(struct text *t, char c);
void text_add(struct text *t, const char *s);
void text_bytes(struct text *t, const char *s, size_t length);
void text_number(struct text *t, int64_t n);
/* Adds a number of at least `width` digits, with zeros before it. */
void text_padded(struct text *t, int64_t n, int width);
/* Adds a duration for people: 800ms, 9s, 1.5s, 2m, 1m30s, 1h. */
void text_duration(struct text *t, int64_t ns);
/*
 * Adds the text in double quotes with JSON's escapes: it is always valid JSON,
 * whatever the bytes (bytes that are not UTF-8 become U+FFFD).
 */
void text_quoted(struct text *t, const char *s);
/*
 * For a complaint: adds the text in single quotes, control bytes as ?, cut at
 * 60 bytes with an ellipsis.
 */
void text_shown(struct text *t, const char *s);
/*
 * Adds the format's bytes, with %s for a string, %q for a string as by
 * text_shown(), %d for an int, %t for a duration (int64_t) and %% for a %.  Any
 * other verb, and what follows, is written as it stands.  Returns false, so
 * that a parser can "return text_format(complaint, ...)".
 */
bool text_format(struct text *t, const char *format, ...);
void text_vformat(struct text *t, const char *format, va_list values);

#endif
