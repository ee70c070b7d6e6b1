/*
 * options.c - the command line and the LASTCALL_ variables, read into one
 * struct options.
 *
 * Pure.  The table of options is in option_rows.c, the grammars of their
 * values in values.c.  Parsing stops at the first word that is not an option,
 * on any libc: getopt is not used, as glibc's permutes.  Called by init.c and
 * compat.c before anything is started.
 */
#include <string.h>

#include "options.h"

static const char prefix[] = "LASTCALL_";

#define USAGE "lastcall [OPTION]... [--] PROGRAM [ARG]..."
#define PROBE_USAGE                                                            \
	"lastcall --probe ready|live [--timeout D] "                           \
	"[--http URL | -- CHECK [ARG]...]"

/* One reading of the command line and the environment. */
struct reading {
	struct options *o;
	char **next; /* the next word of the command line */
	struct text *complaint;
};

/* Most of the environment is not ours, and not worth a look at the table. */
static bool has_prefix(const char *s)
{
	return strncmp(s, prefix, sizeof(prefix) - 1) == 0;
}

/* Is `s` NAME=VALUE of the row's variable?  Returns VALUE, else NULL. */
static char *variable_value(const struct row *row, char *s)
{
	TEXT(name, 64);

	if (row->line_only)
		return NULL;
	option_add_name(&name, row, true);
	text_byte(&name, '=');
	return strncmp(s, name.bytes, name.length) == 0 ? s + name.length
							: NULL;
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

static uint32_t row_bit(const struct row *row)
{
	return UINT32_C(1) << (row - option_rows);
}

/* "NAME 'VALUE': WHY; expected FORM" */
static bool refuse(struct reading *r, const struct row *row, const char *value,
		   bool variable, const struct text *why)
{
	option_add_name(r->complaint, row, variable);
	return text_format(r->complaint, " %q: %s%sexpected %s", value,
			   why->bytes, why->length ? "; " : "",
			   value_kinds[row->value].expected);
}

/* Takes one value of one option; NULL for a flag of the command line. */
static bool take(struct reading *r, const struct row *row, const char *value,
		 bool variable)
{
	const struct value_kind *kind = &value_kinds[row->value];
	void *field = (char *)r->o + row->field;
	TEXT(why, 256);

	*(variable ? &r->o->in_environment : &r->o->on_line) |= row_bit(row);
	if (kind->read) {
		if (kind->read(r->o, field, value, &why))
			return true;
		return refuse(r, row, value, variable, &why);
	}
	if (value && strcmp(value, "0") == 0)
		return true;
	if (value && strcmp(value, "1") != 0)
		return refuse(r, row, value, variable, &why);
	if (row->value == VALUE_FLAG)
		*(bool *)field = true;
	else
		*(int *)field = row->choice;
	return true;
}

static bool unknown(struct reading *r, const char *word)
{
	return text_format(r->complaint, "unknown option %q; expected " USAGE,
			   word);
}

/* An option that is given as `word`; its value, or NULL, came with it. */
static bool take_given(struct reading *r, const struct row *row,
		       const char *word, const char *value)
{
	const struct value_kind *kind = &value_kinds[row->value];

	if (!kind->read) {
		if (value)
			return text_format(r->complaint,
					   "%q: expected it without a value",
					   word);
		return take(r, row, NULL, false);
	}
	if (!value && *r->next)
		value = *r->next++;
	if (value)
		return take(r, row, value, false);
	return text_format(r->complaint, "%q: no value; expected %s", word,
			   kind->expected);
}

static bool read_long(struct reading *r, const char *word)
{
	const char *name = word + 2;
	size_t length = text_until(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;

	for (const struct row *row = option_rows; row->help; row++)
		if (row->name && strncmp(row->name, name, length) == 0 &&
		    row->name[length] == '\0')
			return take_given(r, row, word, value);
	return unknown(r, word);
}

/* -gv and -e3: letters, the last of which may have its value behind it. */
static bool read_letters(struct reading *r, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct row *row = option_rows;

		while (row->help && row->letter != *c)
			row++;
		if (!row->help)
			return unknown(r, word);
		if (value_kinds[row->value].read)
			return take_given(r, row, word, c[1] ? c + 1 : NULL);
		take(r, row, NULL, false);
	}
	return true;
}

static bool is_last_word(const struct options *o)
{
	return o->mode == MODE_HELP || o->mode == MODE_VERSION;
}

static bool read_line(struct reading *r)
{
	while (*r->next && (*r->next)[0] == '-' && (*r->next)[1]) {
		const char *word = *r->next++;

		if (strcmp(word, "--") == 0)
			break;
		if (!(word[1] == '-' ? read_long : read_letters)(r, word))
			return false;
		if (is_last_word(r->o))
			return true;
	}
	r->o->program = *r->next ? r->next : NULL;
	return true;
}

/* Do the options of the command line go together? */
static bool check_line(struct reading *r)
{
	const struct options *o = r->o;
	bool probing = false;

	for (const struct row *row = option_rows; row->help; row++)
		probing |= row->value == VALUE_PROBE &&
			   (o->on_line & row_bit(row));
	for (const struct row *row = option_rows; row->help; row++) {
		if (!(o->on_line & row_bit(row)) || row->probe == probing)
			continue;
		option_add_name(r->complaint, row, false);
		return text_format(
			r->complaint, " %s --probe; expected " PROBE_USAGE,
			probing ? "does not go with" : "goes only with");
	}
	if (probing && o->probe_url && o->program)
		return text_format(r->complaint,
				   "%q: expected --http URL or CHECK, not both",
				   *o->program);
	if (o->mode == MODE_RUN && !o->program)
		return text_format(r->complaint, "no program; expected " USAGE);
	return true;
}

/* Was the field set on the command line, be it by another option (-g)? */
static bool is_on_line(const struct options *o, const struct row *row)
{
	for (const struct row *other = option_rows; other->help; other++)
		if (other->field == row->field && (o->on_line & row_bit(other)))
			return true;
	return false;
}

/* Repeated values stand one a line. */
static bool take_lines(struct reading *r, const struct row *row, char *value)
{
	while (value) {
		char *line = value;

		value = text_char(line, '\n');
		if (value)
			*value++ = '\0';
		if (*line && !take(r, row, line, true))
			return false;
	}
	return true;
}

/* Not an option's, but known: a hook's, or of a Service called lastcall. */
static bool is_other(const char *s)
{
	static const char *const others[] = {
		"PHASE=",	 "SIGNAL=",    "CHILD_PID=",
		"REMAINING_MS=", "EXIT_CODE=", "FORCED=",
		"SERVICE_",	 "PORT=",      "PORT_",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strncmp(s, others[i], strlen(others[i])) == 0)
			return true;
	return false;
}

static bool read_variable(struct reading *r, char *s)
{
	struct options *o = r->o;
	char *value;
	const struct row *row = find_variable(s, &value);

	if (!row) {
		if (!is_other(s + sizeof(prefix) - 1) &&
		    o->unread_count < UNREAD_MAX)
			o->unread[o->unread_count++] = s;
		return true;
	}
	/* The first of a name counts, as getenv has it. */
	if (row->probe != (o->mode == MODE_PROBE) || is_on_line(o, row) ||
	    (o->in_environment & row_bit(row)))
		return true;
	if (value_kinds[row->value].repeats)
		return take_lines(r, row, value);
	return take(r, row, value, true);
}

static void set_defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->plan.grace_ns = NOT_GIVEN;
	o->platform_ns = NOT_GIVEN;
	o->plan.pre_limit_ns = NOT_GIVEN;
	o->plan.post_ns = NOT_GIVEN;
	o->plan.sweep_ns = 5 * NS_PER_S;
	o->plan.steps = 1;
	o->plan.step[0].wait_ns = NEVER_NS;
	o->probe_timeout_ns = NS_PER_S;
	o->verbosity = 1;
	o->stop_signals = UINT64_C(1) << (SIGTERM - 1) |
			  UINT64_C(1) << (SIGINT - 1) |
			  UINT64_C(1) << (SIGQUIT - 1);
	for (int i = 0; i <= SIGNAL_MAX; i++)
		o->map[i] = (unsigned char)i;
}

bool options_parse(struct options *o, int argc, char **argv, char **envp,
		   struct text *complaint)
{
	struct reading r = { o, argv + (argc > 0), complaint };

	set_defaults(o);
	if (!read_line(&r))
		return false;
	if (is_last_word(o))
		return true;
	if (!check_line(&r))
		return false;
	for (char **e = envp; *e; e++)
		if (has_prefix(*e) && !read_variable(&r, *e))
			return false;
	if (o->mode != MODE_PROBE)
		return budget_settle(o, envp, complaint);
	/* LASTCALL_HTTP gives way to a CHECK on the command line. */
	if (o->program)
		o->probe_url = NULL;
	return true;
}

bool options_order_shutdown(const struct options *o)
{
	for (const struct row *row = option_rows; row->help; row++)
		if (!row->aside && (o->in_environment & row_bit(row)))
			return true;
	return false;
}

void options_strip(char **envp)
{
	char **kept = envp;
	char *value;

	for (; *envp; envp++)
		if (!has_prefix(*envp) || !find_variable(*envp, &value))
			*kept++ = *envp;
	*kept = NULL;
}

const char *options_source(struct source *from, const struct options *o,
			   const char *name)
{
	const struct row *row = option_rows;
	struct text t = { from->name, sizeof(from->name), 0, false };

	while (!row->name || strcmp(row->name, name) != 0)
		row++;
	text_clear(&t);
	if (is_on_line(o, row))
		option_add_name(&t, row, false);
	else if (o->in_environment & row_bit(row))
		option_add_name(&t, row, true);
	else
		text_add(&t, "default");
	return from->name;
}
