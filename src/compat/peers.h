/*
 * peers.h - the drop-in names: what the peer's command line and environment
 * say.  Pure.
 */
#ifndef LASTCALL_PEERS_H
#define LASTCALL_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/text.h"
#include "options/options.h"

struct compat;

/*
 * Names the inits.  say() in run.c compares it, to choose whose log lines are
 * written; all other differences are fields of struct peer.
 */
enum peer_id { PEER_TINI, PEER_DUMB_INIT, PEER_CATATONIT };

/* One of the inits: its names, its messages and what it does. */
struct peer {
	enum peer_id id;
	const char *names;	/* of the program, each ended by a 0 */
	const char *letters;	/* its options, see compat/getopt.h */
	const char *long_names; /* NULL: it has none */
	const char *version;
	const char *help;
	int help_fd, version_fd;
	const char *prefix; /* of a log line: the level, the pid */
	const char *levels[4];
	const char *reserved; /* a variable that must not be set; NULL: none */
	void (*read_environment)(struct compat *c, struct options *o,
				 char **envp);
	/*
	 * Complains of a missing program, as the init that was called `self`.
	 */
	void (*miss_program)(struct text *said, const struct compat *c,
			     const char *self);

	/* Signals (bit n is signal n) passed on as mapped_to; 0: dropped. */
	uint32_t mapped;
	unsigned char mapped_to;
	/* Its exit codes if the program cannot be executed. */
	unsigned char not_found, cannot_run, cannot_start;

	bool permutes;		/* options may come after the program */
	bool helps;		/* it prints its help after a complaint */
	bool version_alone;	/* --version must be the only word */
	bool informs_on_stdout; /* lines that are not warnings */
	bool has_group;		/* the program has its own process group */
	bool session;		/* and its own session, unless told not to */
	bool clears_mask;	/* it clears the program's signal mask */
	bool closes_files;	/* but standard ones and its terminal */
	bool opens_tty;		/* /dev/tty, where stdin is no terminal */
	bool adopts;		/* orphans, without -s, if not PID 1 */
	bool dies_of_faults;	/* such as SIGSEGV, if it is not PID 1 */
	bool stops_itself;	/* at the terminal's stop signals */
	bool moves_to_root;	/* leaves the current directory */
	bool ends_group;	/* sends the group TERM before it ends */
};

struct compat {
	const struct peer *peer; /* NULL: it was started as lastcall */
	pid_t pid;		 /* lastcall's own, for messages */
	bool ordered;	 /* LASTCALL_ variables ask for an ordered shutdown */
	bool session;	 /* the child leads a session */
	bool pause;	 /* catatonit -P: no program */
	bool debug_mode; /* dumb-init: by its environment */
	int level;	 /* how much it logs: 0 errors; tini: 1 warnings, ... */
	int said_fd;	 /* where compat_parse()'s messages go; -1: the log */
};

/* The init that argv[0] names; NULL: it is lastcall, or any other name. */
const struct peer *compat_find(const char *argv0);
/*
 * Fills *o, LASTCALL_ variables included, and the rest of *c, whose peer and
 * pid are set.  argv is changed: the program's words end up at argv[1] and
 * after.  Returns -1 to go on, else the exit code, with the messages in `said`.
 */
int compat_parse(struct compat *c, struct options *o, char **argv, char **envp,
		 struct text *said);
/* Begins a line as the peer does at this level. */
void compat_prefix(struct text *t, const struct compat *c, int level);

#endif
