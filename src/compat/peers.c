/*
 * peers.c - the drop-in names: tini (tini-static, docker-init), dumb-init and
 * catatonit (podman-init), as far as their command line, environment and
 * messages go.
 *
 * Pure: it fills struct options and struct compat, or says what the peer would
 * have said and which code it would have ended with.  How the peer then behaves
 * is in run.c.
 *
 * Text for people (help, licence) is lastcall's own; text that tools look for
 * (version lines, getopt's complaints) and exit codes are the peer's.
 */
#include <signal.h>
#include <string.h>

#include "compat/getopt.h"
#include "compat/peers.h"
#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "options/environment.h"
#include "options/options.h"
#include "process/family.h"

enum {
	REWRITE_MAX = 31, /* dumb-init's -r knows no real-time signal */
	KEPT = 255,	  /* not rewritten */
};

/*
 * Reads a number as strtol(3) does: blanks, a sign, digits.  Returns where it
 * ends, or s, with 0, if there is none.  Above 100000 it only stays large.
 */
static const char *number(const char *s, int *n)
{
	const char *at = s + strspn(s, " \t\n\v\f\r");
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

void compat_prefix(struct text *t, const struct compat *c, int level)
{
	text_format(t, c->peer->prefix, c->peer->levels[level], c->pid);
}

/* S:R, as sscanf's %d:%d takes it: what follows is ignored. */
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

/* Sets which signals are passed on, and as which. */
static void map_signals(const struct compat *c, struct options *o,
			const unsigned char *map)
{
	const struct peer *peer = c->peer;
	uint32_t mapped = c->session == peer->session ? peer->mapped : 0;

	for (int i = 1; i <= REWRITE_MAX; i++)
		if (map[i] != KEPT)
			o->map[i] = map[i];
		else if ((mapped >> i & 1) && o->map[i] == i)
			o->map[i] = peer->mapped_to;
}

/* Reads the words.  Returns -1 or the exit code. */
static int parse_words(struct compat *c, struct options *o, struct getopt *s,
		       unsigned char *map)
{
	const struct peer *peer = c->peer;
	int option, n;

	while ((option = getopt_next(s)))
		switch (option) {
		case 'h':
			c->said_fd = peer->help_fd;
			text_add(s->said, peer->help);
			return 0;
		case 'V':
			c->said_fd = peer->version_fd;
			text_add(s->said, peer->version);
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
			/* Even an empty value is accepted by tini, as 0. */
			if (*number(s->value, &n) || n < 0 || n > 255)
				goto bad_value;
			o->exit_codes[n] = 0;
			break;
		case 'p':
			n = signal_parse(s->value, strlen(s->value));
			if (!text_starts(s->value, "SIG") || n < 1 ||
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
			if (peer->helps)
				text_add(s->said, peer->help);
			return 1;
		}
	return -1;

bad_value:
	compat_prefix(s->said, c, 0);
	text_format(s->said, "Not a valid option for -%s: %s\n",
		    option == 'e' ? "e" : "p", s->value);
	return 1;
}

/* ------------------------------------------------------------- the peers */

static void read_tini_environment(struct compat *c, struct options *o,
				  char **envp)
{
	const char *value = text_variable(envp, "TINI_VERBOSITY");

	if (text_variable(envp, "TINI_SUBREAPER"))
		o->subreaper = true;
	if (text_variable(envp, "TINI_KILL_PROCESS_GROUP"))
		o->scope = SCOPE_GROUP;
	c->level++;
	if (value)
		(void)number(value, &c->level);
}

static void read_dumb_init_environment(struct compat *c, struct options *o,
				       char **envp)
{
	const char *value = text_variable(envp, "DUMB_INIT_DEBUG");

	(void)o;
	c->debug_mode = value && !strcmp(value, "1");
	c->level += c->debug_mode;
	value = text_variable(envp, "DUMB_INIT_SETSID");
	if (value && !strcmp(value, "0"))
		c->session = false;
}

static void read_catatonit_environment(struct compat *c, struct options *o,
				       char **envp)
{
	(void)o;
	c->level = text_variable(envp, "CATATONIT_DEBUG") != NULL;
}

static void miss_tini_program(struct text *said, const struct compat *c,
			      const char *self)
{
	(void)self;
	text_add(said, c->peer->help);
}

static void miss_dumb_init_program(struct text *said, const struct compat *c,
				   const char *self)
{
	(void)c;
	text_format(said, "Usage: %s [option] program [args]\n", self);
	text_format(said, "Try %s --help for full usage.\n", self);
}

static void miss_catatonit_program(struct text *said, const struct compat *c,
				   const char *self)
{
	(void)self;
	compat_prefix(said, c, 0);
	text_add(said, "missing program name\n");
	text_add(said, c->peer->help);
}

#define BROKEN                                                                 \
	(1U << SIGFPE | 1U << SIGILL | 1U << SIGSEGV | 1U << SIGBUS |          \
	 1U << SIGABRT | 1U << SIGTRAP | 1U << SIGSYS | 1U << SIGCHLD)
#define INPUT (1U << SIGTTIN | 1U << SIGTTOU)
#define STOPS (INPUT | 1U << SIGTSTP)

static const struct peer peers[] = {
	{
		.id = PEER_TINI,
		.names = "tini\0tini-static\0docker-init\0",
		.letters = "ghlsvwe:p:",
		.version = "tini version 0.19.0\n",
		.help = "usage: tini [-gsvw] [-e CODE]... [-p SIGNAL] [--] "
			"PROGRAM [ARG]...\n"
			"       tini -h | -l | --version\n"
			"lastcall: supervision of a valid init process\n",
		.help_fd = 1,
		.version_fd = 1,
		.prefix = "[%s tini (%d)] ",
		.levels = { "FATAL", "WARN ", "INFO ", "DEBUG" },
		.read_environment = read_tini_environment,
		.miss_program = miss_tini_program,
		.mapped = BROKEN | INPUT,
		.not_found = EXIT_NOT_FOUND,
		.cannot_run = EXIT_CANNOT_RUN,
		.cannot_start = 1,
		.permutes = true,
		.helps = true,
		.version_alone = true,
		.informs_on_stdout = true,
		.has_group = true,
		.dies_of_faults = true,
	},
	{
		.id = PEER_DUMB_INIT,
		.names = "dumb-init\0",
		.letters = "chvVr:",
		.long_names = "hhelp\0csingle-child\0rrewrite\0vverbose\0"
			      "Vversion\0",
		.version = "dumb-init v1.2.5\n",
		.help = "usage: dumb-init [--single-child] [--verbose] "
			"[--rewrite SIGNAL:AS]...\n"
			"                 [--] PROGRAM [ARG]...\n"
			"       dumb-init --help | --version\n",
		.help_fd = 2,
		.version_fd = 2,
		.prefix = "[dumb-init] ",
		.read_environment = read_dumb_init_environment,
		.miss_program = miss_dumb_init_program,
		/*
		 * The program's session has no shell that would continue it,
		 * and there the kernel drops a TSTP, TTIN or TTOU.
		 */
		.mapped = STOPS,
		.mapped_to = SIGSTOP,
		.not_found = 2,
		.cannot_run = 2,
		.cannot_start = 2,
		.session = true,
		.clears_mask = true,
		.stops_itself = true,
		.moves_to_root = true,
		.ends_group = true,
	},
	{
		.id = PEER_CATATONIT,
		.names = "catatonit\0podman-init\0",
		.letters = "ghLPV",
		.long_names = "Vversion\0",
		.version = "tini version 0.1.7_catatonit\n",
		.help = "usage: catatonit [-ghLPV] [--] PROGRAM [ARG]...\n",
		.help_fd = 2,
		.version_fd = 1,
		.prefix = "%s (catatonit:%d): ",
		.levels = { "ERROR", "DEBUG" },
		.reserved = "CATATONIT_LOG",
		.read_environment = read_catatonit_environment,
		.miss_program = miss_catatonit_program,
		.mapped = BROKEN | STOPS,
		.not_found = 1,
		.cannot_run = 1,
		.cannot_start = 1,
		.permutes = true,
		.helps = true,
		.has_group = true,
		.dies_of_faults = true,
		.closes_files = true,
		.opens_tty = true,
		.adopts = true,
	},
};

const struct peer *compat_find(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	if (slash)
		argv0 = slash + 1;
	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++)
		for (const char *name = peers[i].names; *name;
		     name += strlen(name) + 1)
			if (!strcmp(argv0, name))
				return &peers[i];
	return NULL;
}

int compat_parse(struct compat *c, struct options *o, char **argv, char **envp,
		 struct text *said)
{
	char *alone[] = { argv[0], argv[0], NULL };
	unsigned char map[REWRITE_MAX + 1];
	const struct peer *peer = c->peer;
	struct getopt s = {
		.letters = peer->letters,
		.names = peer->long_names,
		.argv = argv,
		.said = said,
		.at = 1,
		.value = "",
		.permutes = peer->permutes &&
			    !text_variable(envp, "POSIXLY_CORRECT"),
	};
	bool sole_version = peer->version_alone && argv[1] && !argv[2] &&
			    !strcmp(argv[1], "--version");
	int code;

	c->said_fd = -1;
	c->session = peer->session;
	if (!options_parse(o, 2, alone, envp, said))
		return EXIT_LASTCALL;
	c->said_fd = 2;
	if (sole_version) {
		c->said_fd = peer->version_fd;
		text_add(said, peer->version);
		return 0;
	}
	if (peer->reserved && text_variable(envp, peer->reserved)) {
		compat_prefix(said, c, 0);
		text_format(said, "%s is reserved\n", peer->reserved);
		return 1;
	}
	memset(map, KEPT, sizeof(map));
	code = parse_words(c, o, &s, map);
	if (code >= 0)
		return code;
	if (!s.kept && !c->pause) {
		peer->miss_program(said, c, argv[0]);
		return 1;
	}
	peer->read_environment(c, o, envp);
	map_signals(c, o, map);
	if (o->scope == SCOPE_AUTO && !text_variable(envp, "LASTCALL_SCOPE"))
		o->scope = c->session ? SCOPE_GROUP : SCOPE_CHILD;
	c->ordered = !c->pause && environment_orders_shutdown(o);
	o->mode = MODE_RUN;
	o->program = argv + (s.kept > 0);
	return -1;
}
