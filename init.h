/*
 * init.h - the manual of lastcall's rooms: what each file offers, in which
 * order it is called, who owns what, and what a return value means.
 *
 * One process, one thread, one wait.  init.c starts the program and then
 * turns: wait for a signal or a time, take what came, reap, read the clock
 * once, ask shutdown.c what is due, do it.  Everything else is a room that
 * init.c calls:
 *
 *   text.c         building and reading text: pure
 *   signals.c      the one table of signal names: pure
 *   options.c      command line and environment to struct options: pure
 *   option_rows.c  the table of options, and --help: pure
 *   values.c       the grammars of the options' values: pure
 *   hook_text.c    a hook's text, taken apart: pure
 *   budget.c       whose deadline, and does the plan fit: pure
 *   compat.c       the same for the drop-in names: pure
 *   compat_run.c   what those names do
 *   job.c          lastcall as a job of a shell's: stop, go on, terminal
 *   shutdown.c     the shutdown machine: pure, in virtual time
 *   shell.c        which programs are shells: pure
 *   plan.c         --plan: the machine's timeline, with plan_picture.c and
 *                  plan_warn.c: pure
 *   platform.c     which platform the environment shows: pure
 *   clock.c        the time
 *   kernel.c       system calls that libc wraps in more than is needed
 *   log.c          events on stderr, never blocking; calls nobody but text
 *   spawn.c        fork, process group, terminal, exec
 *   reap.c         everything that has ended
 *   proc.c         processes, as /proc shows them
 *   scope.c        who gets a signal, and who is left
 *   act.c          does what shutdown.c says is due
 *   events.c       what a shutdown says, line by line
 *   hook.c         a command or an HTTP call, in a process of its own
 *   http.c         the HTTP call
 *   answer.c       its answer, taken apart: pure
 *   tcp.c          one TCP connection: pure
 *   connections.c  TCP connections of the drained ports, from the kernel
 *   musl.c         in the place of libc's, where that is musl: smaller
 *   probe.c        --probe: a process of its own, asks PID 1's name
 *
 * "Pure" rooms make no system call, keep no state outside their arguments
 * and do not log, so that tests can run them in virtual time and a fuzzer
 * can run them without a process.  CI checks that with nm -u.
 *
 * Conventions.  Times are int64_t nanoseconds of CLOCK_MONOTONIC in names
 * that end in _ns.  A function that can fail returns 0 or -errno, or, where
 * it parses, false with its complaint in a struct text.  There is no malloc:
 * arrays have the named limits below, and going over a limit is an error
 * that names it.
 */
#ifndef LASTCALL_INIT_H
#define LASTCALL_INIT_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VERSION "1.0.0"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define NEVER_NS  INT64_MAX /* a time that does not come */

enum {
	SIGNAL_MAX = 64,	/* the kernel's _NSIG, on any libc */
	SIGNAL_RTMIN = 34,	/* as glibc and systemd count; musl says 35 */
	HOOK_MAX = 8,		/* --pre-stop and --post-stop, each */
	HOOK_WORDS_MAX = 64,	/* words of a command hook */
	HOOK_BYTES_MAX = 4096,	/* bytes of a hook's text */
	STEP_MAX = 16,		/* signals in a --stop schedule */
	PORT_MAX = 16,		/* ports of --drain */
	UNREAD_MAX = 16,	/* LASTCALL_ variables named in the warning */
	PAGE_BYTES_MAX = 16384, /* what --help and --plan print */
	SURVIVOR_MAX = 10,	/* survivors named in the log */
	MEMBER_MAX = 16384,	/* processes that scope.c can tell apart */
	NAME_MAX_LEN = 16,	/* a process name, as in TASK_COMM_LEN */
	LINE_MAX_LEN = 2048,	/* one line of the log, below PIPE_BUF */
};

enum {
	EXIT_LASTCALL = 125,   /* lastcall's own failure */
	EXIT_CANNOT_RUN = 126, /* the program cannot be executed */
	EXIT_NOT_FOUND = 127,  /* the program was not found */
	EXIT_SIGNAL = 128,     /* + n: ended by signal n */
};

/* ------------------------------------------------------------------ text.c
 * Building text in a buffer of the caller's, and reading numbers.  A text
 * that is full drops what follows and remembers that it was cut; it always
 * ends in NUL.
 */
struct text {
	char *bytes;
	size_t size; /* of bytes, with the NUL; at least 1 */
	size_t length;
	bool cut;
};

/* Names `name`, a struct text of `count` bytes on the stack. */
#define TEXT(name, count)                                                      \
	char name##_bytes[count];                                              \
	struct text name = { name##_bytes, sizeof(name##_bytes), 0, false };   \
	name##_bytes[0] = '\0'

void text_clear(struct text *t);
void text_byte(struct text *t, char c);
void text_add(struct text *t, const char *s);
void text_bytes(struct text *t, const char *s, size_t length);
void text_number(struct text *t, int64_t n);
/* A number of at least `width` digits, zeros before it. */
void text_padded(struct text *t, int64_t n, int width);
/* A duration for people: 800ms, 9s, 1.5s, 2m, 1m30s, 1h. */
void text_duration(struct text *t, int64_t ns);
/*
 * The text in double quotes with JSON's escapes: always valid JSON, whatever
 * the bytes (what is not UTF-8 becomes U+FFFD).
 */
void text_quoted(struct text *t, const char *s);
/*
 * For a complaint: the text in single quotes, control bytes as ?, cut at 60
 * bytes with an ellipsis.
 */
void text_shown(struct text *t, const char *s);
/*
 * The format's bytes, with %s for a string, %q for a string as text_shown()
 * has it, %d for an int and %t for a duration (int64_t).
 * Returns false: a parser says "return text_format(complaint, ...)".
 */
bool text_format(struct text *t, const char *format, ...);
void text_vformat(struct text *t, const char *format, va_list values);

/* What an errno means, in words; its number where there are none. */
void text_error(struct text *t, int error);

/*
 * memchr(3), strchr(3), strcspn(3) and strspn(3).  libc's are made for speed,
 * which nothing here needs, and are ten times the size.
 */
char *text_find(const char *s, char c, size_t length);
char *text_char(const char *s, char c);
size_t text_until(const char *s, const char *stops);
size_t text_span(const char *s, const char *set);
/* Are `length` bytes the same but for the case of ASCII letters? */
bool text_same(const char *s, const char *word, size_t length);
/* The value of an environment variable; NULL: it is not set. */
const char *text_variable(char *const *envp, const char *name);

/* Reads a whole decimal number from 0 to `most`; false if it is not one. */
bool text_to_number(const char *s, int64_t most, int64_t *n);
/*
 * Reads a duration (see --help) to nanoseconds: a decimal number, then ms, s,
 * m, h or nothing (seconds); at most 365 days.
 */
bool text_to_duration(const char *s, int64_t *ns);

/* ---------------------------------------------------------------- clock.c */

/*
 * CLOCK_MONOTONIC: what every time that ends in _ns is.  -errno where a
 * filter forbids the call: it cannot fail otherwise.
 */
int64_t clock_ns(void);
/* CLOCK_REALTIME, since 1970. */
int64_t clock_wall_ns(void);

/* --------------------------------------------------------------- signals.c
 * The one table of signals.
 */

/*
 * Reads TERM, SIGTERM, term, 15, RTMIN+3, SIGRTMAX-1.  Returns 1 to 64, or 0
 * where `length` bytes at s are not a signal.
 */
int signal_parse(const char *s, size_t length);
/* Writes the name without SIG (TERM, RTMIN+3); the number if it has none. */
void signal_name(struct text *t, int signal);
/* The signals from 1 to 31 by number, NULL where there is none (signal(7)). */
const char *signal_standard_name(int signal);

/* ------------------------------------------------------------- shutdown.c
 * The machine that decides: what is due, in which order, and until when.
 *
 *   shutdown_init(&m);                 in phase start
 *   shutdown_started(&m, now);         the child runs: phase ready
 *   each turn of the loop, at one `now`:
 *       shutdown_note(&m, plan, event, now)     for everything that was seen
 *       while ((a = shutdown_next(&m, plan, now)).act != ACT_WAIT) do a
 *       wait until m.wake_ns (NEVER_NS: no timer) or a signal
 *
 * Both are total: any event may be noted in any phase.  What is noted is
 * only remembered; shutdown_next() decides.  It returns one action at a time
 * and ends, after finitely many, in ACT_WAIT or ACT_EXIT.
 */
enum phase {
	PHASE_START,
	PHASE_READY,
	PHASE_DRAIN,
	PHASE_STOP,
	PHASE_SWEEP,
	PHASE_KILL,
	PHASE_POST,
	PHASE_EXIT,
	PHASE_COUNT
};

extern const char *const phase_names[PHASE_COUNT];

struct step {
	int signal;	 /* 1 to 64; 0: the signal received, after --map */
	int64_t wait_ns; /* before the next step; NEVER_NS: to the deadline */
};

/* What the user asked for, in what the machine needs of it. */
struct plan {
	int64_t grace_ns;     /* stop request to exit */
	int64_t delay_ns;     /* least time before the first stop signal */
	int64_t pre_limit_ns; /* most time before the first stop signal */
	int64_t post_ns;      /* the post-stop hooks' share of grace */
	int64_t sweep_ns;     /* most time for strays to end */
	int64_t quiet_ns;     /* --drain's QUIET */
	bool drain;	      /* --drain was given */
	int pre_hooks;	      /* 0 to HOOK_MAX */
	int post_hooks;
	int steps; /* 1 to STEP_MAX; a SIGKILL is only ever the last */
	struct step step[STEP_MAX];
};

enum event_kind {
	EVENT_STOP,	 /* a stop request; number: the signal */
	EVENT_MAIN_GONE, /* the main process has been reaped */
	EVENT_TOLD_GONE, /* nobody who was sent a stop signal is left */
	EVENT_ALL_GONE,	 /* no descendant is left (wait says ECHILD) */
	EVENT_HOOK_DONE, /* the running hook has ended or never started */
	EVENT_PORTS,	 /* a look at the ports; number: in flight */
	EVENT_COUNT
};

struct event {
	enum event_kind kind;
	int number;
	int64_t idle_ns; /* EVENT_PORTS: since data last went either way */
	int64_t cost_ns; /* EVENT_PORTS: how long the look took */
};

enum act {
	ACT_WAIT,	/* nothing is due before wake_ns */
	ACT_DRAIN,	/* the stop request begins: ready file, log */
	ACT_LOOK,	/* look at the ports, note EVENT_PORTS */
	ACT_HOOK,	/* start pre-stop hook `number`; note EVENT_HOOK_DONE */
	ACT_HOOK_SKIP,	/* hook `number` will not be started any more */
	ACT_HOOK_KILL,	/* the running hook's time is over: SIGKILL its group */
	ACT_DRAIN_DONE, /* the drain has ended, see why */
	ACT_SIGNAL,	/* send stop signal `number` (0: the one received) */
	ACT_SURVIVORS,	/* look up who may have to be killed, for the log */
	ACT_SWEEP,	/* SIGTERM, SIGCONT to everyone who is left */
	ACT_SWEPT,	/* the sweep is over: log it */
	ACT_KILL,	/* SIGKILL to everyone, at once */
	ACT_KILL_AGAIN, /* the same, for who escaped by a fork; not logged */
	ACT_POST_HOOK,	/* start post-stop hook `number` */
	ACT_EXIT,	/* leave */
	ACT_COUNT
};

enum why {
	WHY_NONE,
	WHY_DONE,	 /* delay, hooks and ports are all done */
	WHY_LIMIT,	 /* --pre-stop-limit or --post-stop-limit */
	WHY_DEADLINE,	 /* grace is over */
	WHY_SCHEDULE,	 /* the schedule said KILL */
	WHY_CHILD,	 /* the child ended */
	WHY_INTERRUPT,	 /* a second SIGINT */
	WHY_SWEEP_LIMIT, /* --sweep is over */
	WHY_COUNT
};

extern const char *const why_names[WHY_COUNT];

struct action {
	enum act act;
	enum why why;
	int number;
};

struct shutdown {
	enum phase phase;
	int64_t wake_ns;     /* when shutdown_next() wants to be called */
	int64_t asked_ns;    /* the stop request, or the child's own end */
	int64_t deadline_ns; /* asked + grace; NEVER_NS before it is fixed */
	int64_t kill_ns;     /* deadline less the post-stop share */
	int64_t entered_ns;  /* the current phase */
	int64_t spent_ns[PHASE_COUNT];
	int signal;  /* the first stop request's; 0: the child ended itself */
	int repeats; /* stop requests after the first */
	bool main_gone;
	bool told_gone;
	bool all_gone;
	bool killed;	  /* ACT_KILL was asked for while somebody was left */
	bool main_killed; /* and the main process was among them */
	bool swept;	  /* ACT_SWEEP was asked for */

	/* The machine's own; nobody else's. */
	bool interrupted;   /* a second SIGINT, not yet acted on */
	bool had_interrupt; /* a first one */
	bool looked_up;	    /* ACT_SURVIVORS was asked for in this phase */
	bool hook_running;
	enum why ending;  /* the drain or the sweep ends: why */
	int hook;	  /* the next pre- or post-stop hook */
	int step;	  /* the next step of the schedule */
	int64_t until_ns; /* the current wait of the phase */
	int64_t look_ns;  /* the next look at the ports */
	int64_t quiet_ns; /* the last look, where it found quiet, or NEVER_NS */
	int64_t busy_ns;  /* when a port was last seen not to be quiet */
	int64_t again_ns; /* the next ACT_KILL_AGAIN */
};

void shutdown_init(struct shutdown *m);
void shutdown_started(struct shutdown *m, int64_t now_ns);
void shutdown_note(struct shutdown *m, const struct plan *plan,
		   struct event event, int64_t now_ns);
struct action shutdown_next(struct shutdown *m, const struct plan *plan,
			    int64_t now_ns);

/* -------------------------------------------------------------- options.c
 * The command line and the environment, read and checked.  Pure: it keeps
 * pointers into argv and envp, and cuts repeated LASTCALL_ values at their
 * line ends in place.
 */
enum mode { MODE_RUN, MODE_PLAN, MODE_PROBE, MODE_HELP, MODE_VERSION };
enum scope { SCOPE_AUTO, SCOPE_CHILD, SCOPE_GROUP, SCOPE_ALL };
enum log_format { LOG_TEXT, LOG_JSON };

struct options {
	enum mode mode;
	char **program; /* PROGRAM and its arguments; NULL: none given */

	struct plan plan;
	const char *grace_from; /* "--grace", "default", ...: who fixed it */
	int64_t platform_ns;	/* what the platform gives before SIGKILL */
	const char *platform_from;

	const char *pre_stop[HOOK_MAX]; /* hook texts, checked */
	const char *post_stop[HOOK_MAX];
	uint16_t port[PORT_MAX];
	int ports;

	enum scope scope;
	uint64_t stop_signals;		   /* --on; bit n-1 is signal n */
	unsigned char map[SIGNAL_MAX + 1]; /* --map; 0 drops */
	bool explicit_stop; /* --stop was given: --map does not apply to it */

	unsigned char expected[256 / 8]; /* -e: bit set of exit codes */
	bool success_on_stop;
	const char *ready_file;
	const char *termination_log; /* NULL: not given; "": none */
	bool subreaper;
	int parent_death_signal; /* 0: none */
	bool warn_reaped;
	int verbosity; /* 0 --quiet, 1, 2 -v */
	enum log_format log_format;

	bool probe_live; /* else ready */
	int64_t probe_timeout_ns;
	const char *probe_url;

	/* LASTCALL_ variables that nobody reads, as in envp: NAME=VALUE. */
	const char *unread[UNREAD_MAX];
	int unread_count; /* at most UNREAD_MAX */

	/* Which options were given where, for options_source(). */
	uint32_t on_line, in_environment;
};

/*
 * Fills *o from argv and envp (envp is not changed but for line ends in
 * repeated values).  False: `complaint` holds one line, without "lastcall: ",
 * that quotes the bad text and shows the accepted form.
 */
bool options_parse(struct options *o, int argc, char **argv, char **envp,
		   struct text *complaint);
/* Does a LASTCALL_ variable ask for something of the ordered shutdown? */
bool options_order_shutdown(const struct options *o);
/*
 * Takes the option variables (not the hook's nor a Kubernetes Service's) out
 * of envp, in place.
 */
void options_strip(char **envp);
void options_help(struct text *t);
/*
 * Who gave the option of that long name: "--grace", "LASTCALL_GRACE" or
 * "default".  Written to *from and returned.
 */
struct source {
	char name[32];
};
const char *options_source(struct source *from, const struct options *o,
			   const char *name);

/* --------------------------------------------------------------- values.c
 * What an option's value may be, how it is read, and how a complaint and
 * --help describe it.  For options.c.
 */
enum value {
	VALUE_FLAG,   /* none, sets a bool; in the environment 1 or 0 */
	VALUE_CHOICE, /* none, sets an int or an enum */
	VALUE_DURATION,
	VALUE_PERIOD, /* a duration above 0 */
	VALUE_SCHEDULE,
	VALUE_SCOPE,
	VALUE_SIGNAL,
	VALUE_SIGNALS,
	VALUE_MAP,
	VALUE_DRAIN,
	VALUE_HOOK,
	VALUE_CODE,
	VALUE_PATH,
	VALUE_PATH_OR_NONE,
	VALUE_FORMAT,
	VALUE_PROBE,
	VALUE_URL,
	VALUE_COUNT
};

struct value_kind {
	const char *placeholder; /* in --help: D, HOOK */
	const char *expected;	 /* in a complaint */
	bool repeats;		 /* values add up; one a line in a variable */
	/*
	 * Reads s into *o or, where it is an option's alone, *field.  False
	 * where it is not one; `why` may say more than `expected`.
	 */
	bool (*read)(struct options *o, void *field, const char *s,
		     struct text *why);
};
extern const struct value_kind value_kinds[VALUE_COUNT];

/* Both write a reason and return false. */
bool value_too_many(struct text *why, int limit, const char *what);
bool value_blame(struct text *why, const char *s, size_t length,
		 const char *what);

/* ------------------------------------------------------------ hook_text.c */

/*
 * A hook's text, taken apart.  For a command, argv ends in NULL; for a call
 * method, host, path are NUL-terminated.  All point into bytes.
 */
struct hook {
	bool is_http;
	char *argv[HOOK_WORDS_MAX + 1];
	const char *method; /* GET */
	const char *host;   /* "127.0.0.1", "::1", "localhost", "/a.sock" */
	const char *header_host; /* for the Host field: as written */
	const char *path;	 /* from the slash on */
	uint16_t port;
	bool is_unix;
	char bytes[HOOK_BYTES_MAX];
};

/*
 * Reads an IPv4 address (in dotted decimals) or, with `six`, an IPv6 one, to 4
 * or 16 bytes in the network's order; false where it is none.
 */
bool address_parse(const char *s, bool six, unsigned char *bytes);
/* Splits a hook's text; false with the reason in `complaint`. */
bool hook_parse(struct hook *hook, const char *text, struct text *complaint);

/* --------------------------------------------------------------- budget.c */

/*
 * Settles grace and the limits that were not given (NOT_GIVEN), and checks
 * that the plan fits in grace.  False with a complaint.  For options.c.
 */
#define NOT_GIVEN INT64_C(-1)
bool budget_settle(struct options *o, char *const *envp,
		   struct text *complaint);

/* --------------------------------------------------------------- compat.c
 * The drop-in names: what the peer's command line and environment say.  Pure.
 */
enum compat_name {
	COMPAT_NONE,
	COMPAT_TINI,
	COMPAT_DUMB_INIT,
	COMPAT_CATATONIT
};

struct compat {
	enum compat_name name;
	pid_t pid;	 /* lastcall's own, for messages */
	bool ordered;	 /* LASTCALL_ variables ask for an ordered shutdown */
	bool session;	 /* dumb-init: the child leads a session */
	bool pause;	 /* catatonit -P: no program */
	bool debug_mode; /* dumb-init: by its environment */
	int level;	 /* how much it says: 0 errors; tini: 1 warnings, ... */
	int said_fd;	 /* where what compat_parse() said belongs */
};

/* Which name argv[0] ends in; COMPAT_NONE: lastcall's own, or any other. */
enum compat_name compat_find(const char *argv0);
/*
 * Fills *o, LASTCALL_ variables included, and the rest of *c, whose name and
 * pid are set.  argv is changed: the program's words end up at argv[1] and
 * on.  Returns -1 to go on, else the exit code, with what there is to say.
 */
int compat_parse(struct compat *c, struct options *o, char **argv, char **envp,
		 struct text *said);
/* Begins a line as the peer does at this level. */
void compat_prefix(struct text *t, const struct compat *c, int level);

/* ---------------------------------------------------------------- shell.c */

/*
 * Do these words, each with a NUL behind it as in /proc/PID/cmdline, start a
 * shell?  A leading - (a login shell) and directories are passed over; busybox
 * is what its next word is.
 */
bool shell_is_named(const char *words, size_t length);
/* Is a program's path that of busybox? */
bool shell_is_busybox(const char *path, size_t length);

/* ----------------------------------------------------------------- plan.c */

/*
 * Which platform the environment shows: its name, its default period and the
 * setting that mends it.  Returns false where it shows none.
 */
struct platform {
	const char *name;
	int64_t default_ns;
	const char *setting;
};
bool platform_find(struct platform *p, char *const *envp, bool dockerenv);

/* Writes the timeline and the warnings of --plan, 80 columns at most. */
void plan_print(struct text *t, const struct options *o, char *const *envp,
		bool dockerenv);

/* --------------------------------------------------------------- kernel.c
 * System calls that libc wraps in more than they need here.  As libc's, they
 * return -1 with errno.
 */

/* open(2); a file that is created is anyone's to read. */
int kernel_open(const char *path, int flags);
/* readlinkat(2): an absolute path, or "" for the link that is open as `at`. */
ssize_t kernel_read_link(int at, const char *path, char *link, size_t size);
/* mmap(2): pages of zeros, or MAP_FAILED. */
void *kernel_map(size_t size);
/* prctl(2) with one argument, a number or a pointer. */
#define kernel_prctl(option, value) kernel_prctl_(option, (uintptr_t)(value))
int kernel_prctl_(int option, uintptr_t value);

/* ------------------------------------------------------------------ log.c
 * One line an event on stderr.  A line that cannot be written at once is
 * dropped and counted, and the next line says dropped=N.
 *
 *   log_open(...) once, before the fork; then, per event:
 *   log_begin("child-exited"); log_number("code", 3); log_end();
 *
 * Without log_open() nothing is written.  Verbosity 0 keeps events and
 * warnings back, but not log_line().
 */
void log_open(enum log_format format, int verbosity);
int log_verbosity(void);
void log_begin(const char *event);
void log_number(const char *key, int64_t n);
/* A value of any bytes; one over 512 is cut, with three dots. */
void log_text(const char *key, const char *value);
void log_signal(const char *key, int signal);
void log_error(const char *key, int error);
void log_duration_ms(const char *key, int64_t ns);
void log_end(void);
/* event=warning what=... error=...: error is 0 or an errno. */
void log_warning(const char *what, int error);
/*
 * A line for a person ("lastcall: " before it), for what is said before the
 * child runs.  In JSON it is event=error with the line in `message`.
 */
void log_line(const char *text);
/* Bytes as they are: a peer's words. */
void log_plain(char *bytes, size_t length);
/*
 * Writes one line to the termination log, truncating it; path is as in struct
 * options (NULL: the kubelet's, only where it exists).  Errors are ignored.
 */
void log_termination(const char *path, const char *text);

/* ---------------------------------------------------------------- spawn.c
 * spawn_block(), spawn_find_tty(), then spawn_program() or, in a process
 * that the caller forked itself, spawn_become().
 */

/* How lastcall was started, to be given back to the child. */
struct inherited {
	uint64_t mask;	   /* blocked signals, bit n-1 is signal n */
	bool chld_ignored; /* SIGCHLD was ignored */
	int tty_fd;	   /* the controlling terminal; -1: none at stdin */
	bool has_tty;	   /* and it is lastcall's to hand over */
};

/*
 * Blocks every signal, those of libc's own use too, and makes SIGCHLD come
 * (rt_sigprocmask(2)).  The first thing that lastcall does.  Returns 0 or
 * -errno.
 */
int spawn_block(struct inherited *in);
/*
 * Finds out whether stdin is the controlling terminal, and whether lastcall
 * holds its foreground and so has it to hand over (tty_ioctl(4), TIOCGPGRP).
 */
void spawn_find_tty(struct inherited *in);
/* Makes `group` the terminal's foreground group; false: no terminal. */
bool spawn_hand_tty(const struct inherited *in, pid_t group);
/* The terminal's foreground group, 0 in an outer PID namespace; -1: none. */
pid_t spawn_foreground(const struct inherited *in);
/*
 * Stops lastcall's process group as the terminal does with `signal` (TSTP,
 * TTIN, TTOU) and returns true when it was continued.  Returns false at once
 * where the kernel does not stop it, as nobody could continue it: PID 1, and
 * an orphaned process group (setpgid(2)).
 */
bool spawn_stop_self(int signal);
/*
 * Sets which signals are blocked (bit n-1 is signal n), with *old as it was
 * unless NULL.  Returns 0 or -errno.
 */
int spawn_set_mask(uint64_t mask, uint64_t *old);
/* fork(2): the child's pid, 0 in the child, or -1 with errno. */
pid_t spawn_fork(void);
/*
 * Forks; the child gets its own process group and the terminal (both sides
 * see to it, so neither runs before), the mask and the ignored signals, and
 * becomes argv.  Where that fails it says so on stderr and, if not NULL, in
 * the file termination_log, and exits 126 or 127.  Returns the pid or -errno
 * (fork(2): EAGAIN, ENOMEM).
 */
pid_t spawn_program(const struct inherited *in, char **argv,
		    const char *termination_log);
/*
 * In a forked process: gives back the mask and the ignored signals, finds
 * argv[0] along PATH and becomes it; a script without #! is run by /bin/sh,
 * for which argv[-1] must be writable.  Returns, with all signals blocked
 * again, only where that fails: -errno as in execve(2); ENOENT, it was not
 * found, or ELIBACC, its interpreter was not.
 */
int spawn_become(const struct inherited *in, char **argv);
/*
 * Adds what, the name and the reason in words.  Returns the exit code for
 * that reason: 126 or 127.
 */
int spawn_explain(struct text *t, const char *what, const char *name,
		  int error);

/* ----------------------------------------------------------------- reap.c */

struct ended {
	pid_t pid;
	int status; /* as wait(2) gives it */
};

/*
 * Takes one process that has ended (or, with `stopped`, that has stopped).
 * Returns 1 with *e filled, 0 when nobody else has ended, -ECHILD when there
 * is no child at all.
 */
int reap_next(struct ended *e, bool stopped);

/* ----------------------------------------------------------------- proc.c
 * Processes, as /proc shows them (proc(5)).  Nothing of it is trusted: what
 * cannot be read or makes no sense is a process that is not there.
 */
struct process {
	pid_t pid;
	pid_t parent;
	char state;	/* R, S, D, T, ...; Z only when no thread is left */
	uint64_t start; /* in clock ticks: tells a reused pid */
	char name[NAME_MAX_LEN];
};

/*
 * A walk through /proc: proc_open(), proc_next() until false, proc_close().
 * It ends at until_ns, wherever it is.
 */
struct proc_walk {
	int fd;
	pid_t self;
	int64_t until_ns;
	int length, next; /* of the entries in bytes */
	_Alignas(uint64_t) char bytes[4096];
};

/*
 * Returns 0; -ENOENT when there is no /proc or it shows another pid
 * namespace than lastcall's, where its pids are other processes.
 */
int proc_open(struct proc_walk *walk, int64_t until_ns);
/* The next process that is not lastcall itself; zombies are included. */
bool proc_next(struct proc_walk *walk, struct process *p);
void proc_close(struct proc_walk *walk);
/* Is there a /proc that shows lastcall's own pid namespace? */
bool proc_usable(void);
/* Reads one process; false: it is not there. */
bool proc_read(struct process *p, pid_t pid);
/*
 * Is it running a shell?  By the name of its /proc/PID/exe; where that may
 * not be read, and for busybox, by the words of /proc/PID/cmdline.  exe_fd is
 * what proc_open_exe() has given, or -1.
 */
bool proc_is_shell(pid_t pid, int exe_fd);
/*
 * Opens the link /proc/PID/exe itself, so that proc_is_shell() need not walk
 * there while a signal waits.  Returns a descriptor (O_PATH, close-on-exec)
 * or, where there is none to be had above the standard ones, -1.
 */
int proc_open_exe(pid_t pid);
/* Pure: takes a line of /proc/PID/stat apart; false: it is not one. */
bool proc_parse_stat(const char *line, size_t length, struct process *p);

/* ---------------------------------------------------------------- scope.c
 * Who is meant by a signal, decided at the moment of sending; who was told
 * to stop and is left; who else is there.
 */
struct member {
	pid_t pid;
	bool expand;	/* its children are meant too */
	uint64_t start; /* 0: not known */
};

struct members {
	int count;
	struct member member[MEMBER_MAX];
};

struct family {
	pid_t main;	     /* 0 once reaped */
	pid_t group;	     /* the main process's group, for good */
	pid_t self;	     /* lastcall's pid; 1: everyone is ours */
	int exe_fd;	     /* the main process's link; -1: not open */
	enum scope scope;    /* --scope */
	int64_t until_ns;    /* when a look through /proc gives up */
	struct members told; /* who was sent a stop signal and may be left */
	struct members tree; /* the last look at who is meant */
};

struct survivor {
	pid_t pid;
	char state;
	char name[NAME_MAX_LEN];
};

/*
 * Forwards a signal while there is a main process.  *info gives the value that
 * sigqueue(3) put with it, which goes along where a single process is meant;
 * NULL: none.
 */
void scope_forward(struct family *f, int signal, const siginfo_t *info);
/*
 * Sends a stop signal and SIGCONT, and remembers who was told.  Looks through
 * /proc no longer than to until_ns, when SIGKILL is due: who is not found is
 * not told, and work is lost.
 */
void scope_stop(struct family *f, int signal, int64_t until_ns);
/* A process was reaped. */
void scope_forget(struct family *f, pid_t pid);
/* Is nobody left of those who were told? */
bool scope_told_gone(struct family *f);
/*
 * SIGTERM and SIGCONT to everyone who is left, as far as is found to until_ns;
 * returns how many, or -1 where that is not known (no /proc).
 */
int scope_sweep(struct family *f, int64_t until_ns);
/* SIGKILL to everyone; the main process and its group first. */
void scope_kill(struct family *f);
/*
 * Looks up who is left, up to SURVIVOR_MAX, until until_ns at the latest.
 * Returns how many in all, or -1 where that is not known (no /proc).
 */
int scope_survivors(struct family *f, struct survivor *list, int64_t until_ns);

/* ----------------------------------------------------------------- hook.c */

struct hook_facts {
	const char *phase; /* LASTCALL_PHASE */
	int signal;	   /* LASTCALL_SIGNAL; 0: none */
	pid_t child;	   /* LASTCALL_CHILD_PID */
	int64_t remaining_ns;
	int exit_code; /* post-stop only; -1: none */
	bool forced;
};

/*
 * Starts a hook in a process (and group) of its own, with /dev/null as stdin
 * and stderr as stdout.  Its exit status is the hook's result: 0 is success,
 * 126 or 127 a command that did not start, which has been said on stderr.
 * `text` has passed hook_parse().  Returns its pid or -errno (fork(2)).
 */
pid_t hook_start(const struct inherited *in, const char *text,
		 const struct hook_facts *facts, char **envp);
/*
 * SIGKILL to the hook's group: at the limit, and when the hook itself has
 * been reaped, for what it may have left behind.
 */
void hook_kill(pid_t pid);

/* ----------------------------------------------------------------- http.c */

/*
 * Makes the call and returns 0 (2xx, 3xx) or 1, with one line of what
 * happened in `said`.  Blocks without a limit: only in a process of its own,
 * which somebody kills in time.
 */
int http_call(const struct hook *hook, struct text *said);

/* --------------------------------------------------------------- answer.c
 * The answer to an HTTP call, fed in pieces of any size.
 */
enum {
	ANSWER_HEAD_MAX = 65536, /* bytes of all heads and of the trailer */
	ANSWER_LINE_MAX = 256,	 /* bytes kept of one line */
};

enum answer_state {
	ANSWER_STATUS,
	ANSWER_FIELD,
	ANSWER_BODY, /* by Content-Length */
	ANSWER_CHUNK_SIZE,
	ANSWER_CHUNK,
	ANSWER_CHUNK_END,
	ANSWER_TRAILER,
	ANSWER_STREAM, /* a body that ends with the stream */
	ANSWER_DONE,   /* complete */
	ANSWER_BAD,    /* not an answer; why is in `wrong` */
};

struct answer {
	enum answer_state state;
	int status;	   /* 100 to 999; 0: none yet */
	const char *wrong; /* what the server did: "sent a bad chunk" */

	/* The parser's own. */
	bool bodyless, coded, chunked;
	int64_t left; /* bytes of the body or chunk to come; -1: unknown */
	size_t head;
	size_t length;
	char line[ANSWER_LINE_MAX];
};

/* `bodyless`: the call was a HEAD. */
void answer_init(struct answer *a, bool bodyless);
/* Takes `count` bytes.  Returns false once it wants no more: DONE or BAD. */
bool answer_feed(struct answer *a, const char *bytes, size_t count);
/* The stream has ended: DONE or BAD. */
void answer_end(struct answer *a);

/* ------------------------------------------------------------------ tcp.c
 * One TCP connection as the kernel tells of it, and what that means.
 */
/* The states that matter, as in the kernel's net/tcp_states.h. */
enum {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_FIN_WAIT1 = 4,
	TCP_STATE_CLOSE_WAIT = 8,
	TCP_STATE_LAST_ACK = 9,
	TCP_STATE_CLOSING = 11,
};

struct tcp {
	uint16_t port; /* the local one */
	unsigned char state;
	bool is_ipv6;	   /* the socket; its peer may be a mapped IPv4 one */
	bool has_times;	   /* sock_diag gave the next four */
	bool has_received; /* any data, ever */
	bool has_sent;
	int64_t received_ms; /* ago: data, last received */
	int64_t sent_ms;     /* ago: data, last sent */
	bool has_answered;   /* /proc: column 15, bit 0 */
	uint32_t unread;     /* bytes that the program has not taken */
	uint32_t unacked;    /* bytes that the peer has not acknowledged */
	uint32_t inode;
};

enum tcp_verdict {
	TCP_GONE, /* closed, with nothing left to deliver */
	TCP_IDLE,
	TCP_IN_FLIGHT,
	TCP_TIE, /* received and sent in the same clock tick */
};

/*
 * Reads the body of a sock_diag message (struct inet_diag_msg and its
 * attributes); false where it is not whole.
 */
bool tcp_from_diag(struct tcp *c, const unsigned char *bytes, size_t length);
/*
 * Reads a line of /proc/net/tcp or tcp6 without its line end; false where it
 * is not one (the heading).  Does not set is_ipv6.
 */
bool tcp_from_line(struct tcp *c, const char *line, size_t length);
enum tcp_verdict tcp_judge(const struct tcp *c);
/* How long no data went either way; NEVER_NS: there have been none. */
int64_t tcp_idle_ns(const struct tcp *c);

/* ----------------------------------------------------------- connections.c */

struct look {
	int connections; /* open on the ports */
	int in_flight;
	int64_t idle_ns; /* since data last went either way on any of them;
			    NEVER_NS: there have been none */
	bool fallback;	 /* sock_diag was refused: all count as in flight */
};

/*
 * One look at the local TCP ports, IPv4 and IPv6.  quiet_ns is --drain's
 * QUIET.  Gives up at until_ns.  Returns 0 or -errno (-ETIME: the look could
 * not be finished, the next may).
 */
int connections_look(struct look *look, const uint16_t *port, int ports,
		     int64_t quiet_ns, int64_t until_ns);

/* ---------------------------------------------------------------- probe.c */

/*
 * Does what --probe asks: 0 is yes; 1 is no, with one line on stderr that says
 * why.  CHECK is run with the signals of *in.
 */
int probe_main(const struct options *o, const struct inherited *in,
	       char **envp);
/*
 * In lastcall itself: leaves for the probe which stop signal came when, in the
 * name of a memfd (lastcall:TERM@MILLISECONDS), which needs no writable file.
 */
void probe_publish(int signal, int64_t asked_ns);

/* ----------------------------------------------------------------- init.c */

/* Everything that the running lastcall knows. */
struct lastcall {
	const struct options *options;
	char **envp;
	struct inherited inherited;
	int blocked; /* 0, or why signals cannot be waited for */
	struct compat compat;
	struct family family;
	struct shutdown machine;
	int64_t now_ns;	  /* the last time read */
	enum phase shown; /* in the process name */

	pid_t child;
	int status; /* of the child, as wait(2) gave it; -1: not reaped */
	bool child_stopped; /* by the terminal, and lastcall with it */

	siginfo_t asked; /* the stop request */

	pid_t hook; /* the running one; 0: none */
	const char *hook_text;
	int64_t hook_ns; /* when it was started */

	struct look look; /* the last look at the ports */
	bool look_warned; /* that it failed or fell back: said once */

	struct survivor survivor[SURVIVOR_MAX];
	int survivors; /* in all; -1: not looked up */
	int swept;     /* by scope_sweep(); -1: not known */
};

/*
 * The one wait: for a signal of the set (bit n-1 is signal n), at most left_ns
 * (NEVER_NS: for ever).  Returns the signal, or 0 after that time or when
 * interrupted by a stop and SIGCONT.
 */
int wait_signal(uint64_t set, siginfo_t *info, int64_t left_ns);

/* ------------------------------------------------------------------ job.c */

/*
 * The child was stopped by this signal: if its terminal did that, lastcall
 * stops with it.
 */
void job_stop_with_child(struct lastcall *l, int signal);
/* lastcall was continued: so is the child, terminal first. */
void job_continue_child(struct lastcall *l);
/* At the end: the terminal goes back to lastcall's own group. */
void job_take_tty_back(const struct lastcall *l);

/* ----------------------------------------------------------- compat_run.c */

/*
 * Parses as the peer does.  Returns the exit code, all being said; -1: go on
 * with *o.
 */
int compat_start(struct compat *c, struct options *o, char **argv, char **envp);
/*
 * Without an ordered shutdown: everything that the peer does from there on.
 * Returns the exit code.
 */
int compat_run(struct lastcall *l);
/* As spawn_program(), for the peer's session, group, terminal and words. */
pid_t compat_spawn(const struct compat *c, struct inherited *in, char **argv);

/* ------------------------------------------------------------------ act.c */

/* Does one action at the turn's time; never waits. */
void act_perform(struct lastcall *l, struct action action, int64_t now_ns);
/* Notes an event that is no more than a number. */
void act_note(struct lastcall *l, enum event_kind kind, int number,
	      int64_t now_ns);
/* The running hook was reaped. */
void act_hook_ended(struct lastcall *l, int status, int64_t now_ns);
/* The exit status that lastcall would end with now. */
int act_exit_code(const struct lastcall *l);
/* Says in the file that the platform reads that the stop was forced. */
void act_write_termination(const struct lastcall *l);

/* --------------------------------------------------------------- events.c */

/* What a shutdown says: a function an event, see log.c. */
void events_started(const struct lastcall *l);
void events_forwarded(int signal, int sent, const siginfo_t *info);
void events_reaped(const struct ended *e);
void events_stop_repeated(const struct lastcall *l, int signal,
			  const siginfo_t *info);
void events_drain_started(const struct lastcall *l);
void events_drain_finished(const struct lastcall *l, enum why why);
void events_hook_finished(const struct lastcall *l, const char *text,
			  const char *result, int status, int64_t took_ns);
void events_stop_signal(int signal);
void events_child_exited(const struct lastcall *l);
void events_sweep_finished(const struct lastcall *l, enum why why);
void events_killed(const struct lastcall *l, enum why why);
void events_exited(const struct lastcall *l);

#endif
