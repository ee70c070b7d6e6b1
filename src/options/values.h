/*
 * values.h - what an option's value may be, how it is read, and how a
 * complaint and --help describe it.
 */
#ifndef LASTCALL_VALUES_H
#define LASTCALL_VALUES_H

#include <stdbool.h>

#include "lib/text.h"
#include "options/options.h"

enum value {
	VALUE_FLAG,   /* no value: it sets a bool; in the environment 1 or 0 */
	VALUE_CHOICE, /* no value: it sets an int or an enum */
	VALUE_DURATION,
	VALUE_PERIOD, /* a duration above 0 */
	VALUE_LINGER, /* a duration or forever */
	VALUE_SCHEDULE,
	VALUE_SCOPE,
	VALUE_SIGNAL,
	/* These repeat: values add up; in a variable each has its own line. */
	VALUE_SIGNALS,
	VALUE_MAP,
	VALUE_DRAIN,
	VALUE_HOOK,
	VALUE_CODES,
	/* These do not. */
	VALUE_CHECK, /* one hook */
	VALUE_LISTEN,
	VALUE_CODE,
	VALUE_PATH,
	VALUE_PATH_OR_NONE,
	VALUE_FORMAT,
	VALUE_PROBE,
	VALUE_URL,
	VALUE_COUNT
};

struct value_kind {
	const char *placeholder; /* in --help: D, HOOK */
	const char *expected;	 /* in a complaint */
	/*
	 * Reads s into *field or, for more than one field, into *o.  Returns
	 * false if it is not a value; `complaint` may say more than `expected`.
	 */
	bool (*read)(struct options *o, void *field, const char *s,
		     struct text *complaint);
};
static inline bool value_repeats(unsigned kind)
{
	return kind >= VALUE_SIGNALS && kind <= VALUE_CODES;
}

extern const struct value_kind value_kinds[VALUE_COUNT];

#endif
