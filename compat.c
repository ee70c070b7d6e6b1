/*
 * compat.c - the drop-in names: tini (tini-static, docker-init), dumb-init
 * and catatonit (podman-init), as far as their command line, environment and
 * texts go.
 *
 * Pure: it fills struct options and struct compat, or says what the peer
 * would have said and which code it would have ended with.  How the peer then
 * behaves is compat_run.c's.  Called by compat_run.c alone.
 *
 * What is printed for people (help, licence) is lastcall's own; what tools
 * look for (version lines, getopt's complaints, exit codes) is the peer's.
 */
#include <stdarg.h>
#include <string.h>

#include "init.h"

enum {
	REWRITE_MAX = 31, /* dumb-init's -r knows no real-time signal */
	KEPT = 255,	  /* not rewritten */
};

static const struct peer {
	const char *letters; /* as getopt's; one letter means one thing */
	const char *names;   /* --NAME, each after its letter */
	const char *version;
	const char *help;
	int help_fd, version_fd;
} peers[] = {
	[COMPAT_TINI] = {
		.letters = "ghlsvwe:p:",
		.version = "tini version 0.19.0\n",
		.help = "usage: tini [-g(roup)] [-s(ubreaper)] [-w(arn)] "
			"[-v(erbose)] [-e CODE-TO-0]...\n"
			"            [-p PARENT-DEATH-SIGNAL] [--] PROGRAM "
			"[ARG]...\n"
			"       tini -h(elp) | -l(icence) | --version\n"
			"lastcall: supervision of a valid init process\n",
		.help_fd = 1,
		.version_fd = 1,
	},
	[COMPAT_DUMB_INIT] = {
		.letters = "chvVr:",
		.names = "hhelp\0csingle-child\0rrewrite\0vverbose\0Vversion\0",
		.version = "dumb-init v1.2.5\n",
		.help = "usage: dumb-init [-c, --single-child] "
			"[-v, --verbose]\n"
			"                 [-r, --rewrite SIGNAL:AS]... [--] "
			"PROGRAM [ARG]...\n"
			"       dumb-init -h, --help | -V, --version\n",
		.help_fd = 2,
		.version_fd = 2,
	},
	[COMPAT_CATATONIT] = {
		.letters = "ghLPV",
		.names = "Vversion\0",
		.version = "tini version 0.1.7_catatonit\n",
		.help = "usage: catatonit [-ghLPV] [--] PROGRAM [ARG]...\n"
			"-g(roup), -h(elp), -L(icence), -P(ause), "
			"-V, --version\n",
		.help_fd = 2,
		.version_fd = 1,
	},
};

static bool starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/*
 * Reads a number as strtol does: blanks, a sign, digits.  Returns where it
 * ends; s itself, and 0, where there is none.  Large ones stay large.
 */
static const char *number(const char *s, int *n)
{
	const char *at = s + text_span(s, " \t\n\v\f\r");
	bool minus = *at == '-';

	*n = 0;
	if (minus || *at == '+')
		at++;
	if (*at < '0' || *at > '9')
		return s;
	for (; *at >= '0' && *at <= '9'; at++)
		if (*n < 100000)
			*n = *n * 10 + (*at - '0');
	if (minus)
		*n = -*n;
	return at;
}

/*
 * A command line as glibc's getopt_long reads it, one option at a time.
 * Words that are not options are moved down to argv[1] and on.
 */
struct scan {
	const struct peer *peer;
	char **argv;
	struct text *said;
	bool permutes;	   /* go on after a word that is no option */
	int at;		   /* the next word */
	int kept;	   /* words that were no options */
	const char *rest;  /* of a word of several letters */
	const char *value; /* of the last option that takes one */
};

/* One of getopt's complaints; the answer is '?'. */
static int complain(const struct scan *s, const char *format, const char *what)
{
	text_format(s->said, "%s: ", s->argv[0]);
	text_format(s->said, format, what);
	text_byte(s->said, '\n');
	return '?';
}

static bool takes_value(const struct scan *s, char letter)
{
	return text_char(s->peer->letters, letter)[1] == ':';
}

static int scan_letter(struct scan *s)
{
	const char letter[2] = { *s->rest++, '\0' };
	const char *value;

	if (!*s->rest)
		s->rest = NULL;
	if (*letter == ':' || !text_char(s->peer->letters, *letter))
		return complain(s, "invalid option -- '%s'", letter);
	if (!takes_value(s, *letter))
		return *letter;
	value = s->rest ? s->rest : s->argv[s->at++];
	s->rest = NULL;
	if (!value)
		return complain(s, "option requires an argument -- '%s'",
				letter);
	s->value = value;
	return *letter;
}

/* A word that begins with --, of which any unambiguous beginning will do. */
static int scan_name(struct scan *s, const char *word)
{
	size_t length = text_until(word + 2, "=");
	const char *found = NULL;
	const char *value;

	for (const char *name = s->peer->names; *name;
	     name += strlen(name) + 1) {
		if (strncmp(name + 1, word + 2, length) != 0)
			continue;
		if (found)
			return complain(s, "option '%s' is ambiguous", word);
		found = name;
	}
	if (!found)
		return complain(s, "unrecognized option '%s'", word);
	value = word[2 + length] ? word + 2 + length + 1 : NULL;
	if (!takes_value(s, *found))
		return value ? complain(s,
					"option '--%s' doesn't allow an "
					"argument",
					found + 1)
			     : *found;
	if (!value)
		value = s->argv[s->at++];
	if (!value)
		return complain(s, "option '--%s' requires an argument",
				found + 1);
	s->value = value;
	return *found;
}

/*
 * The next option's letter; '?' when there was a complaint; 0 at the end,
 * with the program at argv[1].
 */
static int scan_next(struct scan *s)
{
	char *word;

	if (s->rest)
		return scan_letter(s);
	while ((word = s->argv[s->at])) {
		if (word[0] == '-' && word[1]) {
			s->at++;
			if (!strcmp(word, "--"))
				break;
			if (word[1] == '-' && s->peer->names)
				return scan_name(s, word);
			s->rest = word + 1;
			return scan_letter(s);
		}
		if (!s->permutes)
			break;
		s->argv[++s->kept] = word;
		s->at++;
	}
	while (s->argv[s->at])
		s->argv[++s->kept] = s->argv[s->at++];
	s->argv[s->kept + 1] = NULL;
	return 0;
}

void compat_prefix(struct text *t, const struct compat *c, int level)
{
	static const char tini[][6] = { "FATAL", "WARN ", "INFO ", "DEBUG" };

	if (c->name == COMPAT_TINI)
		text_format(t, "[%s tini (%d)] ", tini[level], c->pid);
	else if (c->name == COMPAT_DUMB_INIT)
		text_add(t, "[dumb-init] ");
	else
		text_format(t, "%s (catatonit:%d): ", level ? "DEBUG" : "ERROR",
			    c->pid);
}

/* S:R, as sscanf's %d:%d takes it: what follows is not looked at. */
static bool rewrite(unsigned char *map, const char *value)
{
	int from, to;
	const char *at = number(value, &from);

	if (*at != ':' || from < 1 || from > REWRITE_MAX)
		return false;
	value = at + 1;
	if (number(value, &to) == value || to < 0 || to > REWRITE_MAX)
		return false;
	map[from] = (unsigned char)to;
	return true;
}

/*
 * Which signals are passed on, and as which.  tini and catatonit drop what a
 * broken program or a terminal sends.  dumb-init's session has no shell that
 * would continue it, and the kernel drops a TSTP, TTIN or TTOU there: STOP.
 */
static void map_signals(const struct compat *c, struct options *o,
			const unsigned char *map)
{
	static const uint32_t broken =
		1U << SIGFPE | 1U << SIGILL | 1U << SIGSEGV | 1U << SIGBUS |
		1U << SIGABRT | 1U << SIGTRAP | 1U << SIGSYS | 1U << SIGCHLD;
	static const uint32_t input = 1U << SIGTTIN | 1U << SIGTTOU;
	static const uint32_t stops = input | 1U << SIGTSTP;
	uint32_t mapped = broken | (c->name == COMPAT_TINI ? input : stops);
	unsigned char to = 0;

	if (c->name == COMPAT_DUMB_INIT) {
		mapped = c->session ? stops : 0;
		to = SIGSTOP;
	}
	for (int i = 1; i <= REWRITE_MAX; i++)
		if (map[i] != KEPT)
			o->map[i] = map[i];
		else if ((mapped >> i & 1) && o->map[i] == i)
			o->map[i] = to;
}

/* The words, one after the other; returns -1 or the exit code. */
static int parse_words(struct compat *c, struct options *o, struct scan *s,
		       unsigned char *map)
{
	int option, n;

	while ((option = scan_next(s)))
		switch (option) {
		case 'h':
			c->said_fd = s->peer->help_fd;
			text_add(s->said, s->peer->help);
			return 0;
		case 'V':
			c->said_fd = s->peer->version_fd;
			text_add(s->said, s->peer->version);
			return 0;
		case 'l':
		case 'L':
			c->said_fd = 1;
			text_add(s->said, "lastcall, under the MIT licence\n");
			return 0;
		case 'v':
			c->level++;
			break;
		case 'w':
			o->warn_reaped = true;
			break;
		case 'g':
			o->scope = SCOPE_GROUP;
			break;
		case 's':
			o->subreaper = true;
			break;
		case 'c':
			c->session = false;
			break;
		case 'P':
			c->pause = true;
			break;
		case 'e':
			/* Even an empty value passes there, as 0. */
			if (*number(s->value, &n) || n < 0 || n > 255)
				goto bad_value;
			o->expected[n / 8] |= (unsigned char)(1 << n % 8);
			break;
		case 'p':
			n = signal_parse(s->value, strlen(s->value));
			if (!starts_with(s->value, "SIG") || n < 1 ||
			    n >= SIGNAL_RTMIN)
				goto bad_value;
			o->parent_death_signal = n;
			break;
		case 'r':
			if (rewrite(map, s->value))
				break;
			text_add(s->said, "-r takes S:R, between 1 and 31, R "
					  "0 drops S\n");
			return 1;
		case '?':
			if (c->name != COMPAT_DUMB_INIT)
				text_add(s->said, s->peer->help);
			return 1;
		}
	return -1;

bad_value:
	compat_prefix(s->said, c, 0);
	text_format(s->said, "Not a valid option for -%s: %s\n",
		    option == 'e' ? "e" : "p", s->value);
	return 1;
}

static void read_environment(struct compat *c, struct options *o, char **envp)
{
	const char *value;

	switch (c->name) {
	case COMPAT_TINI:
		if (text_variable(envp, "TINI_SUBREAPER"))
			o->subreaper = true;
		if (text_variable(envp, "TINI_KILL_PROCESS_GROUP"))
			o->scope = SCOPE_GROUP;
		value = text_variable(envp, "TINI_VERBOSITY");
		c->level++;
		if (value)
			(void)number(value, &c->level);
		return;
	case COMPAT_DUMB_INIT:
		value = text_variable(envp, "DUMB_INIT_DEBUG");
		c->debug_mode = value && !strcmp(value, "1");
		c->level += c->debug_mode;
		value = text_variable(envp, "DUMB_INIT_SETSID");
		if (value && !strcmp(value, "0"))
			c->session = false;
		return;
	case COMPAT_CATATONIT:
		c->level = text_variable(envp, "CATATONIT_DEBUG") != NULL;
		return;
	case COMPAT_NONE:
		return;
	}
}

static int no_program(const struct compat *c, const struct scan *s)
{
	if (c->name == COMPAT_DUMB_INIT) {
		text_format(s->said, "Usage: %s [option] program [args]\n",
			    s->argv[0]);
		text_format(s->said, "Try %s --help for full usage.\n",
			    s->argv[0]);
		return 1;
	}
	if (c->name == COMPAT_CATATONIT) {
		compat_prefix(s->said, c, 0);
		text_add(s->said, "missing program name\n");
	}
	text_add(s->said, s->peer->help);
	return 1;
}

enum compat_name compat_find(const char *argv0)
{
	static const struct {
		char name[12];
		unsigned char is;
	} names[] = {
		{ "tini", COMPAT_TINI },
		{ "tini-static", COMPAT_TINI },
		{ "docker-init", COMPAT_TINI },
		{ "dumb-init", COMPAT_DUMB_INIT },
		{ "catatonit", COMPAT_CATATONIT },
		{ "podman-init", COMPAT_CATATONIT },
	};
	const char *slash = strrchr(argv0, '/');

	if (slash)
		argv0 = slash + 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(argv0, names[i].name))
			return names[i].is;
	return COMPAT_NONE;
}

int compat_parse(struct compat *c, struct options *o, char **argv, char **envp,
		 struct text *said)
{
	char *alone[] = { argv[0], argv[0], NULL };
	unsigned char map[REWRITE_MAX + 1];
	struct scan s = {
		.peer = &peers[c->name],
		.argv = argv,
		.said = said,
		.at = 1,
		.value = "",
		.permutes = c->name != COMPAT_DUMB_INIT &&
			    !text_variable(envp, "POSIXLY_CORRECT"),
	};
	bool sole_version = c->name == COMPAT_TINI && argv[1] && !argv[2] &&
			    !strcmp(argv[1], "--version");
	int code;

	c->said_fd = 2;
	c->session = c->name == COMPAT_DUMB_INIT;
	text_add(said, "lastcall: ");
	if (!options_parse(o, 2, alone, envp, said)) {
		text_byte(said, '\n');
		return EXIT_LASTCALL;
	}
	text_clear(said);
	if (sole_version) {
		c->said_fd = s.peer->version_fd;
		text_add(said, s.peer->version);
		return 0;
	}
	if (c->name == COMPAT_CATATONIT &&
	    text_variable(envp, "CATATONIT_LOG")) {
		compat_prefix(said, c, 0);
		text_add(said, "CATATONIT_LOG is reserved\n");
		return 1;
	}
	memset(map, KEPT, sizeof(map));
	code = parse_words(c, o, &s, map);
	if (code >= 0)
		return code;
	if (!s.kept && !c->pause)
		return no_program(c, &s);
	read_environment(c, o, envp);
	map_signals(c, o, map);
	if (o->scope == SCOPE_AUTO && !text_variable(envp, "LASTCALL_SCOPE"))
		o->scope = c->session ? SCOPE_GROUP : SCOPE_CHILD;
	c->ordered = !c->pause && options_order_shutdown(o);
	o->mode = MODE_RUN;
	o->program = argv + (s.kept > 0);
	return -1;
}
