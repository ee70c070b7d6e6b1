/*
 * options.h - the command line and the environment, read and checked.  Pure: it
 * keeps pointers into argv and envp, and cuts repeated LASTCALL_ values at
 * their line ends in place.
 */
#ifndef LASTCALL_OPTIONS_H
#define LASTCALL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "drain/ports.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "log/log.h"
#include "process/family.h"
#include "ready/ready.h"
#include "shutdown.h"

enum {
	UNREAD_MAX = 16,	/* LASTCALL_ variables named in the warning */
	PAGE_BYTES_MAX = 16384, /* what --help and --plan print */
};

/* Where a value comes from. */
enum origin {
	ORIGIN_DEFAULT,
	ORIGIN_OPTION,
	ORIGIN_VARIABLE, /* a LASTCALL_ variable */
	ORIGIN_PLATFORM, /* a variable that the platform sets */
};

enum mode { MODE_RUN, MODE_PLAN, MODE_PROBE, MODE_HELP, MODE_VERSION };

struct options {
	enum mode mode;
	char **program; /* PROGRAM and its arguments; NULL: none given */

	const char *grace_from; /* "--grace", "default", ...: what set it */
	bool grace_derived;	/* it is platform_ns less a reserve */
	int64_t platform_ns;	/* the platform's time before its SIGKILL */
	const char *platform_from;
	enum origin platform_origin;
	int64_t oldest_ns; /* --drain's OLDEST */
	int ports;	   /* in `port` */
	bool drain_auto;
	bool quiet_given, oldest_given;
	bool explicit_stop; /* --stop was given: --map does not apply to it */
	bool subreaper;
	bool warn_reaped;
	bool probe_live;  /* --probe live; else it asks for readiness */
	bool asked_probe; /* --probe was given, even with --plan */

	enum scope scope;
	/* Always stop requests; bit n-1 is signal n. */
	uint64_t stop_signals;
	/* Without --on: stop requests only if a process sent them. */
	uint64_t sent_stop_signals;
	/*
	 * Without --on: stop requests unless the program takes the signal.
	 * The default schedule sends TERM for them.
	 */
	uint64_t untaken_stop_signals;

	/* Which options were given where, for options_source(). */
	uint64_t on_line, in_environment;

	int stop_code; /* after a requested, unforced stop; -1: the child's */
	int verbosity; /* 0 --quiet, 1, 2 -v */
	const char *ready_file;
	const char *termination_log; /* NULL: not given; "": none */
	enum log_format log_format;
	int parent_death_signal; /* 0: none */
	int child_death_signal;	 /* 0: none */
	int64_t probe_timeout_ns;
	const char *probe_url;
	int unread_count; /* how many are in `unread` */

	struct stop_plan plan;
	struct ready_options ready;	/* port 0: no --ready-port */
	const char *pre_stop[HOOK_MAX]; /* hook texts, checked */
	const char *post_stop[HOOK_MAX];
	uint16_t port[PORT_MAX];	   /* --drain's, each once */
	unsigned char map[SIGNAL_MAX + 1]; /* --map; 0 drops */
	unsigned char exit_codes[256]; /* -e: what the child's codes become */

	/*
	 * LASTCALL_ variables that are no option's, and those of options that
	 * are empty, which count as not set; as in envp: NAME=VALUE.
	 */
	char *unread[UNREAD_MAX];
};

/*
 * Fills *o from argv and envp (envp is not changed except for line ends in
 * repeated values).  If it returns false, `complaint` holds one line, without
 * "lastcall: ", that quotes the bad text and shows the accepted form.
 */
bool options_parse(struct options *o, int argc, char **argv, char **envp,
		   struct text *complaint);
/* Is it the word --probe, or that with a value? */
bool options_is_probe(const char *word);
/* Is the word a long option that hardly any other program has? */
bool options_is_ours(const char *word);
/*
 * Returns a hint for a program that is not found, to be added to that message:
 * it is about mistakes that are common in images.  "": there is none.
 */
const char *options_hint(char *const *program);
/*
 * Returns the stop signal that the default schedule sends for a stop request,
 * or 0 where --map drops it.
 */
int options_default_stop(const struct options *o, int request);
void options_help(struct text *t);

#endif
