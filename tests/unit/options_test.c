/*
 * options_test.c - options.c, values.c, defaults.c: every command line and
 * environment in the table is read, and what came of it is compared with what
 * was meant.  Prints TAP.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "log/log.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/table.h"
#include "shutdown.h"
#include "tap.h"
#include "valid_plan.h"

/* ------------------------------------------------- what has been understood */

static void add_signals(struct text *t, uint64_t set)
{
	for (int i = 1; i <= SIGNAL_MAX; i++)
		if (set >> (i - 1) & 1) {
			text_byte(t, ' ');
			signal_name(t, i);
		}
}

static void show_plan(struct text *t, const struct options *o)
{
	const struct stop_plan *p = &o->plan;

	text_format(t, "grace=%t(%s) platform=%t(%s)", p->grace_ns,
		    o->grace_from, o->platform_ns, o->platform_from);
	if (p->delay_ns)
		text_format(t, " delay=%t", p->delay_ns);
	if (p->pre_limit_ns != p->grace_ns / 2)
		text_format(t, " pre-limit=%t", p->pre_limit_ns);
	if (p->post_ns)
		text_format(t, " post=%t", p->post_ns);
	if (p->last_call_ns != 5 * NS_PER_S || p->last_call_fixed)
		text_format(t, " last-call=%t%s", p->last_call_ns,
			    p->last_call_fixed ? "" : " (not fixed)");
	if (p->linger_ns == NEVER_NS)
		text_add(t, " linger=forever");
	else if (p->linger_ns)
		text_format(t, " linger=%t", p->linger_ns);
	if (p->sweep_ns != 5 * NS_PER_S)
		text_format(t, " sweep=%t", p->sweep_ns);
	if (p->stop_sweep_ns != NEVER_NS)
		text_format(t, " stop-sweep=%t", p->stop_sweep_ns);
	for (int i = 0; i < p->pre_hooks; i++)
		text_format(t, " pre%q", o->pre_stop[i]);
	for (int i = 0; i < p->post_hooks; i++)
		text_format(t, " post%q", o->post_stop[i]);
	if (p->drain) {
		text_format(t, " drain=%t", p->quiet_ns);
		if (o->oldest_ns != 60 * NS_PER_S)
			text_format(t, "/%t", o->oldest_ns);
		if (o->drain_auto)
			text_add(t, ",auto");
		for (int i = 0; i < o->ports; i++)
			text_format(t, ",%d", o->port[i]);
	}
	if (o->explicit_stop) {
		text_add(t, " stop");
		for (int i = 0; i < p->steps; i++) {
			text_byte(t, '/');
			signal_name(t, p->step[i].signal);
			if (p->step[i].wait_ns != NEVER_NS)
				text_format(t, "/%t", p->step[i].wait_ns);
		}
	} else if (p->steps != 1 || p->step[0].signal ||
		   p->step[0].wait_ns != NEVER_NS) {
		text_add(t, " a wrong default schedule");
	}
}

static void show_rest(struct text *t, const struct options *o)
{
	static const char *const scopes[] = { "auto", "child", "group", "all" };

	if (o->scope)
		text_format(t, " scope=%s", scopes[o->scope]);
	if (o->mode != MODE_PROBE &&
	    o->stop_signals != (1u << 14 | 1u << 1 | 1u << 2)) {
		text_add(t, " on");
		add_signals(t, o->stop_signals);
	}
	if (o->sent_stop_signals) {
		text_add(t, " on-sent");
		add_signals(t, o->sent_stop_signals);
	}
	if (o->untaken_stop_signals !=
	    (o->stop_signals == (1u << 14 | 1u << 1 | 1u << 2)
		     ? UINT64_C(1) << 36 | 1u << 29
		     : 0)) {
		text_add(t, " on-untaken");
		add_signals(t, o->untaken_stop_signals);
	}
	for (int i = 0; i <= SIGNAL_MAX; i++)
		if (o->map[i] != i)
			text_format(t, " map=%d:%d", i, o->map[i]);
	for (int i = 0; i < 256; i++)
		if (o->exit_codes[i] != i)
			text_format(t, " expect=%d:%d", i, o->exit_codes[i]);
	if (o->stop_code >= 0)
		text_format(t, " stop-code=%d", o->stop_code);
	if (o->ready_file)
		text_format(t, " ready%q", o->ready_file);
	if (o->ready.address.port)
		text_format(t, " port=%s", o->ready.address.text);
	if (o->ready.check)
		text_format(t, " check%q", o->ready.check);
	if (o->termination_log)
		text_format(t, " termination%q", o->termination_log);
	if (o->subreaper)
		text_add(t, " subreaper");
	if (o->parent_death_signal)
		text_format(t, " death=%d", o->parent_death_signal);
	if (o->warn_reaped)
		text_add(t, " reaped");
	if (o->verbosity != 1)
		text_format(t, " verbosity=%d", o->verbosity);
	if (o->log_format != LOG_TEXT)
		text_add(t, o->log_format == LOG_JSON ? " json" : " logfmt");
	for (int i = 0; i < o->unread_count; i++)
		text_format(t, " unread%q", o->unread[i]);
}

static void show(struct text *t, const struct options *o)
{
	switch (o->mode) {
	case MODE_HELP:
		text_add(t, "help");
		return;
	case MODE_VERSION:
		text_add(t, "version");
		return;
	case MODE_PROBE:
		text_format(t, "probe %s %t", o->probe_live ? "live" : "ready",
			    o->probe_timeout_ns);
		if (o->probe_url)
			text_format(t, " http%q", o->probe_url);
		break;
	case MODE_PLAN:
		text_add(t, "plan ");
		show_plan(t, o);
		break;
	case MODE_RUN:
		show_plan(t, o);
		break;
	}
	show_rest(t, o);
	for (char **word = o->program; word && *word; word++)
		text_format(t, " [%s]", *word);
}

/* Copies of the words, each in a block of its own, for ASan to guard. */
static char **copies(const char *const *words, size_t most, int *n)
{
	char **copy = calloc(most + 2, sizeof(*copy));

	for (*n = 0; (size_t)*n < most && words[*n]; ++*n)
		copy[*n] = strdup(words[*n]);
	return copy;
}

static void free_copies(char **copy, int n)
{
	for (int i = 0; i < n; i++)
		free(copy[i]);
	free(copy);
}

/* ------------------------------------------------------------------ table */

enum { WORDS = 24, VARIABLES = 8 };

struct asked {
	const char *name;
	const char *words[WORDS]; /* after "lastcall" */
	const char *variables[VARIABLES];
	const char *want; /* "no: COMPLAINT", or as show() has it */
};

#define DEFAULT "grace=27s(default) platform=30s(default)"
#define USAGE	"lastcall [OPTION]... [--] PROGRAM [ARG]..."
#define PROBE                                                                  \
	"lastcall --probe ready|live [--timeout D] [--http URL | -- CHECK "    \
	"[ARG]...]"
#define NO_PROGRAM                                                             \
	"no program (ENTRYPOINT empties the base image's CMD, and in shell "   \
	"form ignores it); expected " USAGE
#define DURATION "expected a duration: 800ms, 9s, 1.5m, 1h or seconds"
#define PERIOD	 "expected a duration above 0, such as 800ms or 9s"
#define SCHEDULE                                                               \
	"expected SIGNAL[/WAIT/SIGNAL]...[/WAIT], such as "                    \
	"TERM/15s/QUIT/5s/KILL"
#define HOOK                                                                   \
	"expected COMMAND [ARG]... or [METHOD ]URL, as "                       \
	"http://HOST[:PORT]/PATH or http://unix:/SOCKET:/PATH"
#define DRAIN                                                                  \
	"expected auto or PORT[,PORT]...[/QUIET[/OLDEST]], such as auto, "     \
	"8080,8443 or auto/3s/30s"
#define SIGNALS "expected SIGNAL[,SIGNAL]..., such as TERM,RTMIN+3"
#define CODES	"expected CODE[:TO], exit codes from 0 to 255, such as 143 or 3:0"
#define MAP	"expected FROM:TO, such as TERM:QUIT, or HUP:0 to drop it"
#define URL	"expected http://HOST[:PORT]/PATH or http://unix:/SOCKET:/PATH"

#include "options_rows.h"

/* Only those that run have a plan. */
static bool plan_holds(const struct options *o)
{
	return (o->mode != MODE_RUN && o->mode != MODE_PLAN) ||
	       valid_plan(&o->plan);
}

/* Every refusal ends with where to look, which the rows leave out. */
static void show_refusal(struct text *t, const char *complaint)
{
	static const char see[] = "; see lastcall --help";
	const char *at = strstr(complaint, see);

	if (!at || at[sizeof(see) - 1] != '\0')
		text_format(t, "no end: %s", complaint);
	text_add(t, "no: ");
	text_bytes(t, complaint, at ? (size_t)(at - complaint) : 0);
}

static void test_row(const struct asked *row)
{
	struct options o;
	const char *words[WORDS + 1] = { "lastcall" };
	int argc, variables;
	char **argv, **envp;
	TEXT(complaint, 1024);
	TEXT(got, 4096);

	memcpy(words + 1, row->words, sizeof(row->words));
	argv = copies(words, WORDS + 1, &argc);
	envp = copies(row->variables, VARIABLES, &variables);
	memset(&o, 0x55, sizeof(o));
	if (options_parse(&o, argc, argv, envp, &complaint))
		show(&got, &o);
	else
		show_refusal(&got, complaint.bytes);
	is(row->name, got.bytes, row->want);
	if (!complaint.length && !plan_holds(&o))
		ok("a plan that is accepted is one that is proven", false);
	if (complaint.cut || strchr(complaint.bytes, '\n'))
		is("a complaint is one line", complaint.bytes, "");
	free_copies(argv, argc);
	free_copies(envp, variables);
}

/*
 * Whatever is accepted is a plan that the proof of shutdown.c is for: options
 * that shape it, each or none of them, with the values at the ends of what is
 * accepted and some behind.
 */
static void test_plans(void)
{
	static const char *const durations[] = {
		"0",	 "1ms",	    "1",       "29s",	   "30s",
		"8760h", "8760.1h", "525600m", "31536000", "forever",
	};
	static const char *const names[] = {
		"--grace",  "--delay", "--pre-stop-limit", "--post-stop-limit",
		"--linger", "--sweep", "--last-call",	   "--platform-grace",
	};
	static const char *const others[] = {
		"--stop=TERM",
		"--stop=TERM/1s/QUIT/8760h/KILL",
		"--stop=INT/8760h/TERM/8760h",
		"--pre-stop=a",
		"--post-stop=a",
		"--drain=80/8760h",
		"--drain=80/0",
	};
	enum { DURATIONS = 10, NAMES = 8, OTHERS = 7, TRIES = 200000 };
	uint32_t random = 1;
	int accepted = 0, bad = 0;

	for (int i = 0; i < TRIES; i++) {
		char *argv[2 * NAMES + 5] = { "lastcall" }, *envp[] = { NULL };
		struct options o;
		int argc = 1;
		TEXT(complaint, 1024);

		for (int n = 0; n < NAMES; n++) {
			random = random * 1664525 + 1013904223;
			if (random >> 29 != 0)
				continue;
			argv[argc++] = (char *)(uintptr_t)names[n];
			argv[argc++] = (char *)(uintptr_t)
				durations[(random >> 16) % DURATIONS];
		}
		for (int n = 0; n < 2; n++) {
			random = random * 1664525 + 1013904223;
			argv[argc++] = (char *)(uintptr_t)
				others[(random >> 16) % OTHERS];
		}
		argv[argc++] = "ls";
		if (!options_parse(&o, argc, argv, envp, &complaint))
			continue;
		accepted++;
		bad += !valid_plan(&o.plan);
	}
	printf("# %d of %d command lines accepted\n", accepted, TRIES);
	ok("whatever is accepted is a plan that is proven",
	   accepted > TRIES / 100 && bad == 0);
}

static void test_source(void)
{
	char *argv[] = { "lastcall", "--delay", "1", "-g", "ls", NULL };
	char *envp[] = { "LASTCALL_SWEEP=1", "LASTCALL_DELAY=2", NULL };
	struct source from;
	struct options o;
	TEXT(complaint, 512);

	is("a command line for the sources",
	   options_parse(&o, 5, argv, envp, &complaint) ? "" : "bad", "");
	is("given on the command line", options_source(&from, &o, "delay"),
	   "--delay");
	is("given by another option", options_source(&from, &o, "scope"),
	   "--scope");
	is("given by a variable", options_source(&from, &o, "sweep"),
	   "LASTCALL_SWEEP");
	is("not given", options_source(&from, &o, "pre-stop-limit"), "default");
}

/* Which variables ask a drop-in name for an ordered shutdown. */
static void test_order(void)
{
	static const struct {
		const char *variable;
		bool orders;
	} rows[] = {
		{ "LASTCALL_GRACE=9s", true },
		{ "LASTCALL_POST_STOP=true", true },
		{ "LASTCALL_READY_FILE=/f", true },
		{ "LASTCALL_LOG_FORMAT=json", false },
		{ "LASTCALL_QUIET=1", false },
		{ "LASTCALL_GRACES=9s", false },
		{ "PATH=/bin", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *argv[] = { "tini", "ls", NULL };
		char variable[64];
		char *envp[] = { variable, NULL };
		struct options o;
		TEXT(complaint, 512);

		strcpy(variable, rows[i].variable);
		(void)options_parse(&o, 2, argv, envp, &complaint);
		is(rows[i].variable,
		   environment_orders_shutdown(&o) ? "orders" : "does not",
		   rows[i].orders ? "orders" : "does not");
	}
}

static void test_many_unread(void)
{
	char *argv[] = { "lastcall", "ls", NULL };
	char names[UNREAD_MAX + 2][32];
	char *envp[UNREAD_MAX + 3] = { NULL };
	struct options o;
	TEXT(complaint, 512);

	for (int i = 0; i < UNREAD_MAX + 2; i++) {
		snprintf(names[i], sizeof(names[i]), "LASTCALL_NO_%d=1", i);
		envp[i] = names[i];
	}
	is("a few variables too many are no mistake",
	   options_parse(&o, 2, argv, envp, &complaint) ? "" : "bad", "");
	is("only so many are kept",
	   o.unread_count == UNREAD_MAX &&
			   o.unread[UNREAD_MAX - 1] == names[UNREAD_MAX - 1]
		   ? ""
		   : "not",
	   "");
}

static void test_nothing(void)
{
	char *none[] = { NULL };
	struct options o;
	TEXT(complaint, 512);

	(void)options_parse(&o, 0, none, none, &complaint);
	is("not even a name", complaint.bytes,
	   NO_PROGRAM "; see lastcall --help");
}

static void test_strip(void)
{
	char *envp[] = { "PATH=/bin",
			 "LASTCALL_GRACE=9s",
			 "LASTCALL_PHASE=x",
			 "LASTCALL_PRE_STOP=a\nb",
			 "LASTCALL_SERVICE_HOST=h",
			 "LASTCALL_HTTP=http://localhost",
			 "LASTCALL_GRACES=1",
			 "LASTCALL_PLAN=1",
			 NULL };
	TEXT(left, 256);

	environment_strip(envp);
	for (char **e = envp; *e; e++)
		text_format(&left, "%s ", *e);
	is("the option variables are taken out", left.bytes,
	   "PATH=/bin LASTCALL_PHASE=x LASTCALL_SERVICE_HOST=h "
	   "LASTCALL_GRACES=1 LASTCALL_PLAN=1 ");
}

static void test_help(void)
{
	char *words[] = { "lastcall", NULL, NULL };
	char *envp[] = { NULL };
	char *line = NULL;
	int options = 0;
	TEXT(help, PAGE_BYTES_MAX);
	TEXT(wide, 256);

	options_help(&help);
	is("the help fits in its page", help.cut ? "cut" : "", "");
	/* Each option that the help names is one that the parser knows. */
	for (line = strtok(help.bytes, "\n"); line; line = strtok(NULL, "\n")) {
		struct options o;
		char name[64] = "";
		TEXT(complaint, 1024);

		if (strlen(line) > 79)
			text_add(&wide, line);
		if (sscanf(line, " %*1[-]%*c, --%40[a-z-]", name + 2) == 1 ||
		    sscanf(line, " --%40[a-z-]", name + 2) == 1)
			memcpy(name, "--", 2);
		else if (sscanf(line, "  -%1[a-z] ", name + 1) == 1)
			name[0] = '-';
		if (!*name)
			continue;
		options++;
		words[1] = name;
		(void)options_parse(&o, 2, words, envp, &complaint);
		is(name, strstr(complaint.bytes, "unknown") ?: "", "");
	}
	is("the help is at most 79 columns wide", wide.bytes, "");
	for (const struct row *row = option_rows; row->help; row++)
		options--;
	ok("the help lists every option", options == 0);
}

/* What is said behind the name of a program that is not found. */
static void test_hint(void)
{
	static const struct {
		const char *words[4], *want;
	} hints[] = {
		{ { "ls", "-l", "delay" }, "" },
		{ { "-", "x" }, "" },
		{ { "--delay", "5s", "ls" },
		  "; it is behind --: expected lastcall's options before, or "
		  "as variables" },
		{ { "npm start" },
		  "; it has a blank in its name: expected words, as \"npm\", "
		  "\"start\"" },
		{ { "ls", "-l", "--platform-grace=9" },
		  "; options behind the program are not lastcall's" },
		{ { "ls", "--on", "--quiet", "--timeout" }, "" },
		{ { "ls", "--version", "--unheard" }, "" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		char *program[5] = { NULL };

		for (int k = 0; k < 4 && hints[i].words[k]; k++)
			program[k] = (char *)(uintptr_t)hints[i].words[k];
		is("a hint", options_hint(program), hints[i].want);
	}
}

/* Who only asks must be known although a word before was refused. */
static void test_mode_of_refused(void)
{
	static const struct {
		const char *word[3];
		enum mode mode;
		enum log_format format;
		const char *log; /* --termination-log's; "(none)": not given */
	} lines[] = {
		{ { "--plan" }, MODE_PLAN, LOG_TEXT, "(none)" },
		{ { "--probe" }, MODE_PROBE, LOG_TEXT, "(none)" },
		{ { "--probe=ready" }, MODE_PROBE, LOG_TEXT, "(none)" },
		{ { "--probex" }, MODE_RUN, LOG_TEXT, "(none)" },
		{ { "x", "--plan" }, MODE_PLAN, LOG_TEXT, "(none)" },
		{ { "x", "y", "--plan" }, MODE_RUN, LOG_TEXT, "(none)" },
		{ { "--", "--plan" }, MODE_RUN, LOG_TEXT, "(none)" },
		{ { "--log-format", "json" }, MODE_RUN, LOG_JSON, "(none)" },
		{ { "--log-format=logfmt" }, MODE_RUN, LOG_LOGFMT, "(none)" },
		{ { "--log-format", "x" }, MODE_RUN, LOG_TEXT, "(none)" },
		{ { "--termination-log", "/t" }, MODE_RUN, LOG_TEXT, "/t" },
		{ { "--termination-log=" }, MODE_RUN, LOG_TEXT, "" },
	};
	char *envp[] = { NULL };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char words[5][32] = { "lastcall", "--gace" };
		char *argv[6] = { words[0], words[1] };
		struct options o;
		int argc = 2;
		TEXT(complaint, 1024);

		for (int k = 0; k < 3 && lines[i].word[k]; k++, argc++) {
			snprintf(words[argc], sizeof(words[argc]), "%s",
				 lines[i].word[k]);
			argv[argc] = words[argc];
		}
		ok("what a refused line is for",
		   !options_parse(&o, argc, argv, envp, &complaint) &&
			   o.mode == lines[i].mode &&
			   o.log_format == lines[i].format);
		is("its termination log",
		   o.termination_log != NULL ? o.termination_log : "(none)",
		   lines[i].log);
	}
}

/* A container's manager asks by PWR, and the program is told by TERM. */
static void test_default_stop(void)
{
	char words[3][16] = { "lastcall", "ls" };
	char *argv[] = { words[0], words[1], NULL };
	char variable[] = "LASTCALL_READY_CHECK=true";
	char *envp[] = { variable, NULL };
	struct options o;
	TEXT(complaint, 1024);

	ok("a check in the environment is no complaint without a port",
	   options_parse(&o, 2, argv, envp, &complaint));
	ok("TERM is the stop signal of PWR",
	   options_default_stop(&o, SIGPWR) == SIGTERM);
	ok("INT is its own", options_default_stop(&o, SIGINT) == SIGINT);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(&rows[i]);
	test_plans();
	test_source();
	test_order();
	test_many_unread();
	test_nothing();
	test_strip();
	test_help();
	test_hint();
	test_mode_of_refused();
	test_default_stop();
	return tap_end();
}
