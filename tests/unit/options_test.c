/*
 * options_test.c - options.c, values.c, hook_text.c, budget.c: every command
 * line and environment in the table is read, and what came of it is compared
 * with what was meant.  Prints TAP.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

static int count, failed;

static void is(const char *name, const char *got, const char *want)
{
	bool same = strcmp(got, want) == 0;

	printf("%s %d - %s\n", same ? "ok" : "not ok", ++count, name);
	if (!same) {
		printf("# got  %s\n# want %s\n", got, want);
		failed++;
	}
}

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
	const struct plan *p = &o->plan;

	text_format(t, "grace=%t(%s) platform=%t(%s)", p->grace_ns,
		    o->grace_from, o->platform_ns, o->platform_from);
	if (p->delay_ns)
		text_format(t, " delay=%t", p->delay_ns);
	if (p->pre_limit_ns != p->grace_ns / 2)
		text_format(t, " pre-limit=%t", p->pre_limit_ns);
	if (p->post_ns)
		text_format(t, " post=%t", p->post_ns);
	if (p->sweep_ns != 5 * NS_PER_S)
		text_format(t, " sweep=%t", p->sweep_ns);
	for (int i = 0; i < p->pre_hooks; i++)
		text_format(t, " pre%q", o->pre_stop[i]);
	for (int i = 0; i < p->post_hooks; i++)
		text_format(t, " post%q", o->post_stop[i]);
	if (p->drain) {
		text_format(t, " drain=%t", p->quiet_ns);
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
	if (o->stop_signals != (1u << 14 | 1u << 1 | 1u << 2)) {
		text_add(t, " on");
		add_signals(t, o->stop_signals);
	}
	for (int i = 0; i <= SIGNAL_MAX; i++)
		if (o->map[i] != i)
			text_format(t, " map=%d:%d", i, o->map[i]);
	for (int i = 0; i < 256; i++)
		if (o->expected[i / 8] >> i % 8 & 1)
			text_format(t, " expect=%d", i);
	if (o->success_on_stop)
		text_add(t, " success-on-stop");
	if (o->ready_file)
		text_format(t, " ready%q", o->ready_file);
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
	if (o->log_format == LOG_JSON)
		text_add(t, " json");
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

struct row {
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
#define DURATION "expected a duration: 800ms, 9s, 1.5m, 1h or seconds"
#define PERIOD	 "expected a duration above 0: 800ms, 9s, 1.5m, 1h or seconds"
#define SCHEDULE                                                               \
	"expected SIGNAL[/WAIT/SIGNAL]...[/WAIT], such as "                    \
	"TERM/15s/QUIT/5s/KILL"
#define HOOK                                                                   \
	"expected COMMAND [ARG]... or [METHOD ]http://HOST[:PORT]/PATH or "    \
	"[METHOD ]http://unix:/SOCKET:/PATH"
#define DRAIN	"expected PORT[,PORT]...[/QUIET], such as 8080 or 8080,8443/3s"
#define SIGNALS "expected SIGNAL[,SIGNAL]..., such as TERM,RTMIN+3"
#define MAP	"expected FROM:TO, such as TERM:QUIT, or HUP:0 to drop it"
#define URL	"expected http://HOST[:PORT]/PATH or http://unix:/SOCKET:/PATH"

#include "options_rows.h"

static void test_row(const struct row *row)
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
		text_format(&got, "no: %s", complaint.bytes);
	is(row->name, got.bytes, row->want);
	if (complaint.cut || strchr(complaint.bytes, '\n'))
		is("a complaint is one line", complaint.bytes, "");
	free_copies(argv, argc);
	free_copies(envp, variables);
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
		   options_order_shutdown(&o) ? "orders" : "does not",
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
	is("not even a name", complaint.bytes, "no program; expected " USAGE);
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

	options_strip(envp);
	for (char **e = envp; *e; e++)
		text_format(&left, "%s ", *e);
	is("the option variables are taken out", left.bytes,
	   "PATH=/bin LASTCALL_PHASE=x LASTCALL_SERVICE_HOST=h "
	   "LASTCALL_GRACES=1 LASTCALL_PLAN=1 ");
}

/* Is it read, or refused, as inet_pton(3) does? */
static bool same_address(const char *s, bool six)
{
	unsigned char ours[16] = { 0 }, theirs[16] = { 0 };
	bool good = inet_pton(six ? AF_INET6 : AF_INET, s, theirs) == 1;

	return address_parse(s, six, ours) == good &&
	       (!good || memcmp(ours, theirs, sizeof(ours)) == 0);
}

static void test_addresses(void)
{
	static const char *const rows[] = {
		"127.0.0.1",
		"0.0.0.0",
		"255.255.255.255",
		"256.1.1.1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.",
		".1.2.3",
		"1..2.3",
		"1.2.3.4444",
		"1.2.3.x",
		"010.0.0.1",
		"1.2.3.00",
		"",
		"::",
		"::1",
		"1::",
		":",
		":::",
		":1",
		"1:",
		"::1::",
		"1::2::3",
		"fd00::a:1f",
		"FE80::1:0:0",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"1:2:3:4::5:6:7:8",
		"12345::",
		"0123:4567:89ab:cdef:CDEF:ffff::",
		"::ffff:127.0.0.1",
		"1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3",
		"::1.2.3.4:5",
		"g::",
	};
	static const char alphabet[] = "01259afF::::...";
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		is("an address, as IPv4",
		   same_address(rows[i], false) ? "" : rows[i], "");
		is("an address, as IPv6",
		   same_address(rows[i], true) ? "" : rows[i], "");
	}
	for (int i = 0; i < 200000; i++) {
		char s[16] = "";
		size_t length = 2 + (seed >> 16) % 13;

		for (size_t at = 0; at < length; at++) {
			seed = seed * 1103515245 + 12345;
			s[at] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		if (same_address(s, false) && same_address(s, true))
			continue;
		is("an address made up", s, "");
		return;
	}
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
	is("the help lists 30 options", options == 30 ? "" : "not", "");
}

/* ------------------------------------------------------------------ hooks */

static void test_hook(const char *s, const char *want)
{
	struct hook hook;
	TEXT(why, 256);
	TEXT(got, 8192);

	if (!hook_parse(&hook, s, &why)) {
		text_format(&got, "no: %s", why.bytes);
	} else if (hook.is_http && hook.is_unix) {
		text_format(&got, "%s unix %s as %s %s", hook.method, hook.host,
			    hook.header_host, hook.path);
	} else if (hook.is_http) {
		text_format(&got, "%s %s %d as %s %s", hook.method, hook.host,
			    hook.port, hook.header_host, hook.path);
	} else {
		for (char **word = hook.argv; *word; word++)
			text_format(&got, "[%s]", *word);
	}
	is(s, got.bytes, want);
}

static void test_hooks(void)
{
	char many[2 * HOOK_WORDS_MAX + 3];
	char long_text[2 * HOOK_BYTES_MAX];
	char socket[256] = "http://unix:/";
	TEXT(most, 512);

	for (size_t i = 0; i < sizeof(hook_rows) / sizeof(*hook_rows); i++)
		test_hook(hook_rows[i].text, hook_rows[i].want);

	memset(many, ' ', sizeof(many));
	for (int i = 0; i < HOOK_WORDS_MAX; i++) {
		many[2 * i] = 'a';
		text_add(&most, "[a]");
	}
	many[2 * HOOK_WORDS_MAX] = '\0';
	test_hook(many, most.bytes);
	memcpy(many + 2 * HOOK_WORDS_MAX, "a", 2);
	test_hook(many, "no: more than 64 words");

	memset(long_text, 'a', sizeof(long_text));
	long_text[HOOK_BYTES_MAX - 1] = '\0';
	test_hook(long_text, "no: more than 4096 bytes");
	memcpy(long_text, "http://10.0.0.1/", 16);
	test_hook(long_text, "no: more than 4096 bytes");

	memset(socket + 13, 's', 106);
	text_clear(&most);
	text_format(&most, "GET unix %s as localhost /", socket + 12);
	test_hook(socket, most.bytes);
	socket[13 + 106] = 's';
	test_hook(socket, "no: the socket needs a path of 1 to 107 bytes from "
			  "the root");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(&rows[i]);
	test_source();
	test_order();
	test_many_unread();
	test_nothing();
	test_strip();
	test_addresses();
	test_help();
	test_hooks();
	printf("1..%d\n", count);
	return failed > 0;
}
