/*
 * options.c - the command line and the LASTCALL_ variables, read into one
 * struct options.
 *
 * Pure.  One table names every option: the parser, the environment, --help
 * and the complaints all read it, so that they cannot drift apart.  Parsing
 * stops at the first word that is not an option, on any libc: getopt is not
 * used, as glibc's permutes.  Called by init.c and compat.c before anything
 * is started.
 */
#include <string.h>

#include "init.h"

struct row {
	const char *name;     /* NULL: a letter only */
	char letter;	      /* NUL: a name only */
	bool line_only;	      /* not a LASTCALL_ variable */
	bool probe;	      /* goes with --probe, and with nothing else */
	unsigned char value;  /* enum value */
	unsigned char choice; /* what a VALUE_CHOICE sets */
	unsigned short field; /* in struct options */
	const char *group;    /* --help: the heading before it */
	const char *help;
};

#define OPTION(long_name, short_name, kind, member)                            \
	.name = long_name, .letter = short_name, .value = VALUE_##kind,        \
	.field = offsetof(struct options, member)

static const struct row rows[] = {
	{ OPTION("grace", 0, DURATION, plan.grace_ns), .group = "How long",
	  .help = "the whole budget, stop request to exit (default:\n"
		  "the platform's period less a tenth, 1s to 5s)" },
	{ OPTION("platform-grace", 0, PERIOD, platform_ns),
	  .help = "what the platform gives before its SIGKILL\n"
		  "(default: 30s; on Railway what it says)" },
	{ OPTION("delay", 0, DURATION, plan.delay_ns),
	  .group = "Before the stop signal",
	  .help = "least time between stop request and first stop\n"
		  "signal, while the program serves on (default: 0)" },
	{ OPTION("pre-stop", 0, HOOK, pre_stop),
	  .help = "run at the stop request; up to 8, in order" },
	{ OPTION("drain", 0, DRAIN, port),
	  .help = "wait until no request is in flight on these local\n"
		  "TCP ports and no byte moved for QUIET (default: 1s)" },
	{ OPTION("pre-stop-limit", 0, DURATION, plan.pre_limit_ns),
	  .help = "the longest that the three above take together\n"
		  "(default: half of grace, or the delay if longer)" },
	{ OPTION("ready-file", 0, PATH, ready_file),
	  .help = "there from the start until the stop request" },
	{ OPTION("stop", 0, SCHEDULE, plan.step), .group = "Stopping",
	  .help = "signals and waits (default: the signal received)" },
	{ OPTION("scope", 0, SCOPE, scope),
	  .help = "who gets signals; auto (the default): the child,\n"
		  "and what it started while it is a shell" },
	{ OPTION(NULL, 'g', CHOICE, scope), .choice = SCOPE_GROUP,
	  .line_only = true, .help = "--scope group" },
	{ OPTION("on", 0, SIGNALS, stop_signals),
	  .help = "the stop requests (default: TERM,INT,QUIT)" },
	{ OPTION("map", 0, MAP, map),
	  .help = "forward signal FROM as TO, 0 drops it; repeatable" },
	{ OPTION("sweep", 0, DURATION, plan.sweep_ns),
	  .group = "After the program",
	  .help = "longest wait for processes left over (default: 5s)" },
	{ OPTION("post-stop", 0, HOOK, post_stop),
	  .help = "run when every process is gone; up to 8, in order" },
	{ OPTION("post-stop-limit", 0, DURATION, plan.post_ns),
	  .help = "its share at the end of grace (default: 5s, at\n"
		  "most half of grace, where there is such a hook)" },
	{ OPTION("expect", 'e', CODE, expected),
	  .help = "turn this exit code into 0; repeatable" },
	{ OPTION("success-on-stop", 0, FLAG, success_on_stop),
	  .help = "a stop that was asked for and forced nothing is 0" },
	{ OPTION("quiet", 0, CHOICE, verbosity), .choice = 0, .group = "Saying",
	  .help = "no events" },
	{ OPTION(NULL, 'v', CHOICE, verbosity), .choice = 2, .line_only = true,
	  .help = "more events: started, forwarded" },
	{ OPTION(NULL, 'w', FLAG, warn_reaped), .line_only = true,
	  .help = "tell of each adopted process that is reaped" },
	{ OPTION("log-format", 0, FORMAT, log_format),
	  .help = "one line an event on stderr (default: text)" },
	{ OPTION("termination-log", 0, PATH_OR_NONE, termination_log),
	  .help = "a line on a failed start or a forced stop; '' for\n"
		  "none (default: /dev/termination-log if it exists)" },
	{ OPTION("subreaper", 's', FLAG, subreaper), .group = "Being init",
	  .help = "adopt orphans (automatic when not PID 1)" },
	{ OPTION("parent-death-signal", 'p', SIGNAL, parent_death_signal),
	  .help = "be sent it when the parent dies" },
	{ OPTION("plan", 0, CHOICE, mode), .choice = MODE_PLAN,
	  .line_only = true, .group = "Instead of running a program",
	  .help = "show the shutdown as a timeline, with warnings" },
	{ OPTION("probe", 0, PROBE, mode), .line_only = true, .probe = true,
	  .help = "exit 0 or 1: ready until the stop request, live\n"
		  "until the end; CHECK or URL decide while ready" },
	{ OPTION("timeout", 0, PERIOD, probe_timeout_ns), .probe = true,
	  .help = "of the probe (default: 1s)" },
	{ OPTION("http", 0, URL, probe_url), .probe = true,
	  .help = "the probe's check: a call that must succeed" },
	{ OPTION("help", 'h', CHOICE, mode), .choice = MODE_HELP,
	  .line_only = true, .help = "this text" },
	{ OPTION("version", 0, CHOICE, mode), .choice = MODE_VERSION,
	  .line_only = true, .help = "name and version" },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };
_Static_assert(ROWS <= 32, "on_line and in_environment have 32 bits");

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

/* Writes a row's name as it is given: --grace, -e, LASTCALL_GRACE. */
static void add_name(struct text *t, const struct row *row, bool variable)
{
	if (!row->name) {
		text_byte(t, '-');
		text_byte(t, row->letter);
		return;
	}
	text_add(t, variable ? prefix : "--");
	for (const char *c = row->name; *c; c++)
		text_byte(t, !variable	 ? *c
			     : *c == '-' ? '_'
					 : (char)(*c ^ 32));
}

/* Is `s` NAME=VALUE of the row's variable?  Returns VALUE, else NULL. */
static char *variable_value(const struct row *row, char *s)
{
	TEXT(name, 64);

	if (row->line_only)
		return NULL;
	add_name(&name, row, true);
	text_byte(&name, '=');
	return strncmp(s, name.bytes, name.length) == 0 ? s + name.length
							: NULL;
}

static const struct row *find_variable(char *s, char **value)
{
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		*value = variable_value(row, s);
		if (*value)
			return row;
	}
	return NULL;
}

static uint32_t row_bit(const struct row *row)
{
	return UINT32_C(1) << (row - rows);
}

/* "NAME 'VALUE': WHY; expected FORM" */
static bool refuse(struct reading *r, const struct row *row, const char *value,
		   bool variable, const struct text *why)
{
	add_name(r->complaint, row, variable);
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
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;

	for (const struct row *row = rows; row < rows + ROWS; row++)
		if (row->name && strncmp(row->name, name, length) == 0 &&
		    row->name[length] == '\0')
			return take_given(r, row, word, value);
	return unknown(r, word);
}

/* -gv and -e3: letters, the last of which may have its value behind it. */
static bool read_letters(struct reading *r, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct row *row = rows;

		while (row < rows + ROWS && row->letter != *c)
			row++;
		if (row == rows + ROWS)
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

	for (const struct row *row = rows; row < rows + ROWS; row++)
		probing |= row->value == VALUE_PROBE &&
			   (o->on_line & row_bit(row));
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		if (!(o->on_line & row_bit(row)) || row->probe == probing)
			continue;
		add_name(r->complaint, row, false);
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
	for (const struct row *other = rows; other < rows + ROWS; other++)
		if (other->field == row->field && (o->on_line & row_bit(other)))
			return true;
	return false;
}

/* Repeated values stand one a line. */
static bool take_lines(struct reading *r, const struct row *row, char *value)
{
	while (value) {
		char *line = value;

		value = strchr(line, '\n');
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
		if (strncmp(*e, prefix, sizeof(prefix) - 1) == 0 &&
		    !read_variable(&r, *e))
			return false;
	if (o->mode != MODE_PROBE)
		return budget_settle(o, envp, complaint);
	/* LASTCALL_HTTP gives way to a CHECK on the command line. */
	if (o->program)
		o->probe_url = NULL;
	return true;
}

void options_strip(char **envp)
{
	char **kept = envp;
	char *value;

	for (; *envp; envp++)
		if (!find_variable(*envp, &value))
			*kept++ = *envp;
	*kept = NULL;
}

const char *options_source(struct source *from, const struct options *o,
			   const char *name)
{
	const struct row *row = rows;
	struct text t = { from->name, sizeof(from->name), 0, false };

	while (!row->name || strcmp(row->name, name) != 0)
		row++;
	text_clear(&t);
	if (is_on_line(o, row))
		add_name(&t, row, false);
	else if (o->in_environment & row_bit(row))
		add_name(&t, row, true);
	else
		text_add(&t, "default");
	return from->name;
}

static const char help_head[] =
	"Usage: lastcall [OPTION]... [--] PROGRAM [ARG]...\n"
	"       lastcall --probe ready|live [--timeout D]\n"
	"                [--http URL | -- CHECK [ARG]...]\n"
	"       lastcall --plan [OPTION]... [[--] PROGRAM [ARG]...]\n"
	"       lastcall --help | --version\n"
	"\n"
	"Runs PROGRAM as the init of a container: reaps orphans, forwards\n"
	"signals, and turns a stop request into an orderly shutdown that is\n"
	"over before the platform's SIGKILL.\n";

static const char help_tail[] =
	"\n"
	"D         800ms, 9s, 1.5m, 1h; a number alone is seconds\n"
	"SIGNAL    TERM, SIGTERM, term, 15, RTMIN+3, RTMAX-1 (34 to 64)\n"
	"SCHEDULE  SIGNAL[/WAIT/SIGNAL]...[/WAIT], as TERM/15s/QUIT/5s/KILL;\n"
	"          a wait at the end is followed by KILL\n"
	"HOOK      a command, split into words as a shell does, but without\n"
	"          a shell and its expansions; or an HTTP call:\n"
	"          [METHOD ]http://HOST[:PORT]/PATH with HOST an IPv4 "
	"address,\n"
	"          [IPv6] or localhost, or [METHOD "
	"]http://unix:/SOCKET:/PATH.\n"
	"          Commands see LASTCALL_PHASE, LASTCALL_SIGNAL,\n"
	"          LASTCALL_CHILD_PID and LASTCALL_REMAINING_MS, after the\n"
	"          stop also LASTCALL_EXIT_CODE and LASTCALL_FORCED.\n"
	"\n"
	"Long options can be variables, too: --pre-stop is LASTCALL_PRE_STOP,\n"
	"one value a line where it is repeatable; an option without a value\n"
	"takes 1. The command line wins.\n"
	"\n"
	"Exit status: PROGRAM's own; 128+n when signal n ended it; 125\n"
	"lastcall itself failed; 126 PROGRAM cannot be executed; 127 it was\n"
	"not found. A probe's: 0 yes, 1 no, 125 a bad command line.\n";

static void help_row(struct text *t, const struct row *row)
{
	enum { COLUMN = 28 };
	size_t start = t->length;

	text_add(t, "  ");
	if (row->letter) {
		text_byte(t, '-');
		text_byte(t, row->letter);
		text_add(t, row->name ? ", " : "");
	} else {
		text_add(t, "    ");
	}
	if (row->name)
		add_name(t, row, false);
	text_byte(t, ' ');
	text_add(t, value_kinds[row->value].placeholder);
	if (t->length - start >= COLUMN) {
		text_byte(t, '\n');
		start = t->length;
	}
	for (const char *c = row->help; *c; c++) {
		while (t->length - start < COLUMN)
			text_byte(t, ' ');
		text_byte(t, *c);
		if (*c == '\n')
			start = t->length;
	}
	text_byte(t, '\n');
}

void options_help(struct text *t)
{
	text_add(t, help_head);
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		if (row->group) {
			text_byte(t, '\n');
			text_add(t, row->group);
			text_add(t, ":\n");
		}
		help_row(t, row);
	}
	text_add(t, help_tail);
}
