/*
 * table.c - the table of options, and --help, which is made from it.
 *
 * Pure.  One row names an option for the parser, the environment, the
 * complaints and --help, so that they cannot drift apart.  Read by options.c.
 */
#include <signal.h>
#include <string.h>

#include "lib/text.h"
#include "options/options.h"
#include "options/table.h"
#include "options/values.h"
#include "process/family.h"

#define OPTION(long_name, short_name, kind, member)                            \
	.name = long_name, .letter = short_name, .value = VALUE_##kind,        \
	.field = offsetof(struct options, member)

/* The headings of --help. */
enum {
	GROUP_DEADLINES = 1,
	GROUP_BEFORE,
	GROUP_STOPPING,
	GROUP_AFTER,
	GROUP_LOGGING,
	GROUP_INIT,
	GROUP_INSTEAD,
};

static const char *const groups[] = {
	[GROUP_DEADLINES] = "Deadlines",
	[GROUP_BEFORE] = "Before the stop signal",
	[GROUP_STOPPING] = "Stopping",
	[GROUP_AFTER] = "After the program",
	[GROUP_LOGGING] = "Logging",
	[GROUP_INIT] = "Init",
	[GROUP_INSTEAD] = "Instead of running a program",
};

const struct row option_rows[] = {
	{ OPTION("grace", 0, DURATION, plan.grace_ns), .group = GROUP_DEADLINES,
	  .help = "from the stop request to the exit (default:\n"
		  "the platform's period less a tenth, 1s to 5s)" },
	{ OPTION("platform-grace", 0, PERIOD, platform_ns),
	  .help = "time until the platform's SIGKILL\n"
		  "(default: 30s; on Railway and Argo what it says)" },
	{ OPTION("delay", 0, DURATION, plan.delay_ns), .group = GROUP_BEFORE,
	  .help = "least time before the stop signal (default: 0)" },
	{ OPTION("pre-stop", 0, HOOK, pre_stop),
	  .help = "run at the stop request; up to 8, in order" },
	{ OPTION("drain", 0, DRAIN, port),
	  .help = "wait until these TCP ports (auto: the program's)\n"
		  "have no request in flight and were silent for\n"
		  "QUIET (default: 1s); what is older than OLDEST\n"
		  "(default: 60s) does not count" },
	{ OPTION("pre-stop-limit", 0, DURATION, plan.pre_limit_ns),
	  .help = "longest for the three above together\n"
		  "(default: half of grace, or the delay if longer)" },
	{ OPTION("ready-file", 0, PATH, ready_file),
	  .help = "exists until the stop request" },
	{ OPTION("ready-port", 0, LISTEN, ready.address),
	  .help = "answers health checks until the stop request" },
	{ OPTION("ready-check", 0, CHECK, ready.check), .probe_variable = true,
	  .help = "decides for --ready-port and, as a variable, also\n"
		  "for --probe ready" },
	{ OPTION("stop", 0, SCHEDULE, plan.step), .group = GROUP_STOPPING,
	  .help = "signals and waits (default: the signal received)" },
	{ OPTION("scope", 0, SCOPE, scope),
	  .help = "who gets signals (default: auto)" },
	{ OPTION("group", 'g', CHOICE, scope), .choice = SCOPE_GROUP,
	  .help = "--scope group" },
	{ OPTION("last-call", 0, DURATION, plan.last_call_ns),
	  .help = "SIGTERM so long before SIGKILL to processes that\n"
		  "got no stop signal (default: 5s, at most a\n"
		  "quarter of the time for stopping)" },
	{ OPTION("on", 0, SIGNALS, stop_signals),
	  .help = "stop requests; repeatable (default: TERM,INT,\n"
		  "QUIT; --stop's first, if a process sends it; PWR,\n"
		  "RTMIN+3 unless the program takes them)" },
	{ OPTION("map", 0, MAP, map), .aside = true,
	  .help = "forward FROM as TO, or not (0); repeatable" },
	{ OPTION("linger", 0, LINGER, plan.linger_ns), .group = GROUP_AFTER,
	  .help = "leave leftover processes alone so long (default: 0)" },
	{ OPTION("sweep", 0, DURATION, plan.sweep_ns),
	  .help = "longest wait after their SIGTERM (default: 5s;\n"
		  "after a requested stop the rest of grace)" },
	{ OPTION("post-stop", 0, HOOK, post_stop),
	  .help = "run when every process is gone; up to 8, in order" },
	{ OPTION("post-stop-limit", 0, DURATION, plan.post_ns),
	  .help = "kept free for them at the end of grace\n"
		  "(default: 5s, at most half of grace)" },
	{ OPTION("expect", 'e', CODES, exit_codes), .aside = true,
	  .help = "exit with TO, or 0, instead of CODE; repeatable" },
	{ OPTION("stop-code", 0, CODE, stop_code),
	  .help = "exit code after a stop without SIGKILL (default:\n"
		  "the program's)" },
	{ OPTION("quiet", 0, CHOICE, verbosity), .choice = 0,
	  .group = GROUP_LOGGING, .aside = true, .help = "log no events" },
	{ OPTION("verbose", 'v', CHOICE, verbosity), .choice = 2, .aside = true,
	  .help = "log more events" },
	{ OPTION("warn-reaped", 'w', FLAG, warn_reaped), .aside = true,
	  .help = "log each orphan that is reaped" },
	{ OPTION("log-format", 0, FORMAT, log_format), .aside = true,
	  .help = "how events are written to stderr (default: text)" },
	{ OPTION("termination-log", 0, PATH_OR_NONE, termination_log),
	  .aside = true,
	  .help = "a line on a failed start or a forced stop; '' for\n"
		  "none (default: /dev/termination-log if it exists)" },
	{ OPTION("subreaper", 's', FLAG, subreaper), .group = GROUP_INIT,
	  .aside = true, .help = "adopt orphans (automatic when not PID 1)" },
	{ OPTION("parent-death-signal", 'p', SIGNAL, parent_death_signal),
	  .aside = true, .help = "sent to lastcall when its parent dies" },
	{ OPTION("child-death-signal", 0, SIGNAL, child_death_signal),
	  .aside = true, .help = "sent to the program when lastcall dies" },
	{ OPTION("plan", 0, CHOICE, mode), .choice = MODE_PLAN,
	  .line_only = true, .group = GROUP_INSTEAD,
	  .help = "print the shutdown as a timeline, with warnings" },
	{ OPTION("probe", 0, PROBE, mode), .line_only = true, .probe = true,
	  .help = "exit 0 if ready (until the stop request) or live,\n"
		  "else 1; while ready, CHECK or URL decides" },
	{ OPTION("timeout", 0, PERIOD, probe_timeout_ns), .probe = true,
	  .help = "of the probe (default: 1s)" },
	{ OPTION("http", 0, URL, probe_url), .probe = true,
	  .help = "the check: an HTTP call that must succeed" },
	{ OPTION("help", 'h', CHOICE, mode), .choice = MODE_HELP,
	  .line_only = true, .help = "this text" },
	{ OPTION("version", 0, CHOICE, mode), .choice = MODE_VERSION,
	  .line_only = true, .help = "name and version" },
	{ .name = NULL },
};
_Static_assert(sizeof(option_rows) / sizeof(*option_rows) <= 65,
	       "on_line and in_environment have 64 bits");

void option_add_name(struct text *t, const struct row *row, bool variable)
{
	text_add(t, variable ? "LASTCALL_" : "--");
	for (const char *c = row->name; *c; c++)
		text_byte(t, !variable	 ? *c
			     : *c == '-' ? '_'
					 : (char)(*c ^ 32));
}

const char options_usage[] = "lastcall [OPTION]... [--] PROGRAM [ARG]...";
const char options_probe_usage[] = "lastcall --probe ready|live [--timeout D] "
				   "[--http URL | -- CHECK [ARG]...]";

static const char help_head[] =
	"  lastcall --plan [OPTION]... [[--] PROGRAM [ARG]...]\n"
	"  lastcall --help | --version\n"
	"\n"
	"The init of a container: reaps orphans, forwards signals, and stops\n"
	"PROGRAM in order and in time.\n";

static const char help_tail[] =
	"\n"
	"D         800ms, 9s, 1.5m, 1m30s, 1h; a number alone is seconds\n"
	"SIGNAL    TERM, SIGTERM, term, 15, RTMIN+3, RTMAX-1 (34 to 64)\n"
	"SCHEDULE  SIGNAL[/WAIT/SIGNAL]...[/WAIT], such as TERM/15s/QUIT/5s;\n"
	"          KILL comes after the last wait\n"
	"HOOK      a command, run without a shell, or an HTTP call:\n"
	"          [METHOD ]http://HOST[:PORT]/PATH, with an IP address or\n"
	"          localhost, or [METHOD ]http://unix:/SOCKET:/PATH.\n"
	"          Commands get LASTCALL_PHASE, _SIGNAL, _CHILD_PID and\n"
	"          _REMAINING_MS; at the end also _EXIT_CODE and _FORCED.\n"
	"\n"
	"Long options are variables, too, such as LASTCALL_PRE_STOP, one "
	"value\n"
	"a line, or behind \\n, if repeatable. The command line wins.\n"
	"\n"
	"Exit status: PROGRAM's; 128+n if signal n ended it; 125 lastcall "
	"failed;\n"
	"126 PROGRAM cannot be executed; 127 it was not found. --probe: 0 "
	"yes,\n"
	"1 no. --plan: 0, or 1 with warnings.\n";

static void help_row(struct text *t, const struct row *row)
{
	enum { COLUMN = 28 };
	size_t start = t->length;

	text_add(t, "  ");
	if (row->letter) {
		text_byte(t, '-');
		text_byte(t, row->letter);
		text_add(t, ", ");
	} else {
		text_add(t, "    ");
	}
	option_add_name(t, row, false);
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
	text_format(t, "Usage: %s\n  %s\n", options_usage, options_probe_usage);
	text_add(t, help_head);
	for (const struct row *row = option_rows; row->help; row++) {
		if (row->group) {
			text_byte(t, '\n');
			text_add(t, groups[row->group]);
			text_add(t, ":\n");
		}
		help_row(t, row);
	}
	text_add(t, help_tail);
}

uint64_t option_bit(const struct row *row)
{
	return UINT64_C(1) << (row - option_rows);
}

bool option_is_on_line(const struct options *o, const struct row *row)
{
	for (const struct row *other = option_rows; other->help; other++)
		if (other->field == row->field &&
		    (o->on_line & option_bit(other)))
			return true;
	return false;
}

static const struct row *find_row(const char *name)
{
	const struct row *row = option_rows;

	while (strcmp(row->name, name) != 0)
		row++;
	return row;
}

enum origin options_origin(const struct options *o, const char *name)
{
	const struct row *row = find_row(name);

	if (option_is_on_line(o, row))
		return ORIGIN_OPTION;
	return (o->in_environment & option_bit(row)) != 0 ? ORIGIN_VARIABLE
							  : ORIGIN_DEFAULT;
}

const char *options_source(struct source *from, const struct options *o,
			   const char *name)
{
	struct text t = text_empty(from->name, sizeof(from->name));
	enum origin origin = options_origin(o, name);

	if (origin == ORIGIN_DEFAULT)
		text_add(&t, "default");
	else
		option_add_name(&t, find_row(name), origin == ORIGIN_VARIABLE);
	return from->name;
}
