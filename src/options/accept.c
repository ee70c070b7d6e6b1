/*
 * accept.c - takes one value of one option.
 *
 * Pure.
 */
#include <string.h>

#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/text.h"
#include "options/accept.h"
#include "options/options.h"
#include "options/table.h"
#include "options/values.h"

/* Suggests the word of a placeholder, as text|json, that may be meant. */
static void suggest_value(struct text *t, const char *placeholder,
			  const char *value)
{
	struct nearest nearest = { value, strcspn(value, ",/"), DISTANCE_FAR,
				   "" };

	/* A word in capitals stands for a value. */
	for (const char *s = placeholder; s; s = text_next_choice(s))
		if (*s >= 'a')
			text_try(&nearest, s);
	text_meant(t, nearest.word);
}

/* "NAME 'VALUE': MORE; expected FORM" */
static bool refuse_value(struct text *complaint, const struct row *row,
			 const char *value, bool variable, const char *more)
{
	const struct value_kind *kind = &value_kinds[row->value];

	option_add_name(complaint, row, variable);
	text_format(complaint, " %q: %s%sexpected %s%s", value, more,
		    *more ? "; " : "", kind->expected,
		    variable && value_repeats(row->value) ? ", one per line"
							  : "");
	suggest_value(complaint, kind->placeholder, value);
	return false;
}

/* Reads a variable's word for a flag.  Returns false if it is not one. */
static bool parse_flag(const char *s, bool *on)
{
	int i = text_choice("0|no|off|false|true|on|yes|1", s, true);

	*on = i >= 4;
	return i >= 0;
}

bool accept_value(struct options *o, const struct row *row, const char *value,
		  bool variable, struct text *complaint)
{
	const struct value_kind *kind = &value_kinds[row->value];
	void *field = (char *)o + row->field;
	bool on = true;
	TEXT(more, 256);

	*(variable ? &o->in_environment : &o->on_line) |= option_bit(row);
	if (kind->read ? !kind->read(o, field, value, &more)
		       : value && !parse_flag(value, &on))
		return refuse_value(complaint, row, value, variable,
				    more.bytes);
	if (kind->read || !on)
		return true;
	if (row->value == VALUE_FLAG)
		*(bool *)field = true;
	else
		*(int *)field = row->choice;
	return true;
}
