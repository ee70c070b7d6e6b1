/*
 * environment.c - the LASTCALL_ variables.
 *
 * Pure.
 */
#include <string.h>

#include "lib/parse.h"
#include "lib/text.h"
#include "options/accept.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/table.h"
#include "options/values.h"

static const char prefix[] = "LASTCALL_";

/* Most variables are not lastcall's, and need no search in the table. */
static bool has_prefix(const char *s)
{
	return text_starts(s, prefix) > 0;
}

/* Is `s` NAME=VALUE of the row's variable?  Returns VALUE, else NULL. */
static char *variable_value(const struct row *row, char *s)
{
	TEXT(name, 64);

	if (row->line_only)
		return NULL;
	option_add_name(&name, row, true);
	text_byte(&name, '=');
	return text_starts(s, name.bytes) ? s + name.length : NULL;
}

static const struct row *find_variable(char *s, char **value)
{
	for (const struct row *row = option_rows; row->help; row++) {
		*value = variable_value(row, s);
		if (*value)
			return row;
	}
	return NULL;
}

/*
 * Repeated values stand on a line each.  A Dockerfile's ENV has only one line:
 * so a backslash and an n, outside of quotes, end a value as well.
 */
static size_t line_length(const char *s)
{
	size_t length = text_unquoted(s, "\n\\");

	while (s[length] == '\\' && s[length + 1] && s[length + 1] != 'n') {
		length += 2;
		length += text_unquoted(s + length, "\n\\");
	}
	return length;
}

static bool accept_lines(struct options *o, const struct row *row, char *value,
			 struct text *complaint)
{
	while (*value) {
		char *line = value;
		char *end = value + line_length(value);

		value = end + (*end != '\0');
		if (*end == '\\' && *value)
			value++;
		else if (*end == '\\')
			end = value;
		*end = '\0';
		if (*line && !accept_value(o, row, line, true, complaint))
			return false;
	}
	return true;
}

/* Is it known, though not an option's: a hook's, or of a Service "lastcall"? */
static bool is_other(const char *s)
{
	static const char *const others[] = {
		"PHASE=",	 "SIGNAL=",    "CHILD_PID=",
		"REMAINING_MS=", "EXIT_CODE=", "FORCED=",
		"SERVICE_",	 "PORT=",      "PORT_",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (text_starts(s, others[i]))
			return true;
	return false;
}

static void keep_unread(struct options *o, char *s)
{
	if (o->unread_count < UNREAD_MAX)
		o->unread[o->unread_count++] = s;
}

bool environment_is_known(char *variable)
{
	char *value;

	return find_variable(variable, &value) != NULL;
}

/* Is the row's variable meant for this mode? */
static bool is_read(const struct options *o, const struct row *row)
{
	if (o->mode == MODE_PROBE)
		return row->probe || row->probe_variable;
	return !row->probe;
}

static bool read_variable(struct options *o, char *s, struct text *complaint)
{
	char *value;
	const struct row *row = find_variable(s, &value);

	if (!row) {
		if (!is_other(s + sizeof(prefix) - 1))
			keep_unread(o, s);
		return true;
	}
	/* Of several with one name the first counts, as with getenv(3). */
	if (!is_read(o, row) || option_is_on_line(o, row) ||
	    (o->in_environment & option_bit(row)))
		return true;
	/* An empty value, as from ${X:-} in a script, counts as not set. */
	if (*value == '\0' && row->value != VALUE_PATH_OR_NONE) {
		keep_unread(o, s);
		return true;
	}
	if (value_repeats(row->value))
		return accept_lines(o, row, value, complaint);
	return accept_value(o, row, value, true, complaint);
}

bool environment_read(struct options *o, char **envp, struct text *complaint)
{
	for (char **e = envp; *e; e++)
		if (has_prefix(*e) && !read_variable(o, *e, complaint))
			return false;
	return true;
}

bool environment_orders_shutdown(const struct options *o)
{
	for (const struct row *row = option_rows; row->help; row++)
		if (!row->aside && (o->in_environment & option_bit(row)))
			return true;
	return false;
}

void environment_strip(char **envp)
{
	char **kept = envp;
	char *value;

	for (; *envp; envp++)
		if (!has_prefix(*envp) || !find_variable(*envp, &value))
			*kept++ = *envp;
	*kept = NULL;
}
