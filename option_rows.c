/*
 * option_rows.c - the table of options, and --help, which is made from it.
 *
 * Pure.  One row names an option for the parser, the environment, the
 * complaints and --help, so that they cannot drift apart.  Read by options.c.
 */
#include <string.h>

#include "options.h"

#define OPTION(long_name, short_name, kind, member)                            \
	.name = long_name, .letter = short_name, .value = VALUE_##kind,        \
	.field = offsetof(struct options, member)

const struct row option_rows[] = {
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
	{ OPTION("map", 0, MAP, map), .aside = true,
	  .help = "forward signal FROM as TO, 0 drops it; repeatable" },
	{ OPTION("sweep", 0, DURATION, plan.sweep_ns),
	  .group = "After the program",
	  .help = "longest wait for processes left over (default: 5s)" },
	{ OPTION("post-stop", 0, HOOK, post_stop),
	  .help = "run when every process is gone; up to 8, in order" },
	{ OPTION("post-stop-limit", 0, DURATION, plan.post_ns),
	  .help = "its share at the end of grace (default: 5s, at\n"
		  "most half of grace, where there is such a hook)" },
	{ OPTION("expect", 'e', CODE, expected), .aside = true,
	  .help = "turn this exit code into 0; repeatable" },
	{ OPTION("success-on-stop", 0, FLAG, success_on_stop),
	  .help = "a stop that was asked for and forced nothing is 0" },
	{ OPTION("quiet", 0, CHOICE, verbosity), .choice = 0, .group = "Saying",
	  .aside = true, .help = "no events" },
	{ OPTION(NULL, 'v', CHOICE, verbosity), .choice = 2, .line_only = true,
	  .help = "more events: started, forwarded" },
	{ OPTION(NULL, 'w', FLAG, warn_reaped), .line_only = true,
	  .help = "tell of each adopted process that is reaped" },
	{ OPTION("log-format", 0, FORMAT, log_format), .aside = true,
	  .help = "one line an event on stderr (default: text)" },
	{ OPTION("termination-log", 0, PATH_OR_NONE, termination_log),
	  .aside = true,
	  .help = "a line on a failed start or a forced stop; '' for\n"
		  "none (default: /dev/termination-log if it exists)" },
	{ OPTION("subreaper", 's', FLAG, subreaper), .group = "Being init",
	  .aside = true, .help = "adopt orphans (automatic when not PID 1)" },
	{ OPTION("parent-death-signal", 'p', SIGNAL, parent_death_signal),
	  .aside = true, .help = "be sent it when the parent dies" },
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
	{ .name = NULL },
};
_Static_assert(sizeof(option_rows) / sizeof(*option_rows) <= 33,
	       "on_line and in_environment have 32 bits");

void option_add_name(struct text *t, const struct row *row, bool variable)
{
	if (!row->name) {
		text_byte(t, '-');
		text_byte(t, row->letter);
		return;
	}
	text_add(t, variable ? "LASTCALL_" : "--");
	for (const char *c = row->name; *c; c++)
		text_byte(t, !variable	 ? *c
			     : *c == '-' ? '_'
					 : (char)(*c ^ 32));
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
	text_add(t, help_head);
	for (const struct row *row = option_rows; row->help; row++) {
		if (row->group) {
			text_byte(t, '\n');
			text_add(t, row->group);
			text_add(t, ":\n");
		}
		help_row(t, row);
	}
	text_add(t, help_tail);
}
