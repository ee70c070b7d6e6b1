/*
 * spawn.h - spawn_block(), spawn_find_tty(), then spawn_program() or, in a
 * process that the caller forked itself, spawn_become().
 */
#ifndef LASTCALL_SPAWN_H
#define LASTCALL_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/text.h"
#include "process/inherited.h"

/*
 * Blocks every signal (rt_sigprocmask(2)), also those that libc uses itself,
 * and makes SIGCHLD come.  This is the first thing that lastcall does.  Returns
 * 0 or -errno.
 */
int spawn_block(struct inherited *in);
/* fork(2): the child's pid, 0 in the child, or -1 with errno. */
pid_t spawn_fork(void);
/*
 * The same, but returns -errno if it fails; with own_group the child leads a
 * process group of its own once either side has returned.
 */
pid_t spawn_fork_group(bool own_group);
/*
 * Makes a flag that lastcall and a child share, or returns NULL if there is no
 * memory for it.  It takes no page before the child sets it.
 */
bool *spawn_share_flag(void);
/* Has the child, which has ended, set the flag? */
bool spawn_has_failed(const bool *flag);
/*
 * Forks.  Unless the child shares lastcall's process group it gets its own
 * (both sides see to it, so that neither runs before) and the terminal.  It
 * gets the mask and the ignored signals, is prepared by spawn_prepare(), and
 * becomes argv.  If that fails, it says so on stderr and, if not NULL, in the
 * file termination_log, sets *failed, if not NULL, and exits with 126 or 127;
 * `hint` is added if the program was not found.  Returns the pid or -errno
 * (fork(2): EAGAIN, ENOMEM).
 */
pid_t spawn_program(const struct inherited *in, char **argv, int death_signal,
		    const char *termination_log, const char *hint,
		    bool *failed);

/* Where spawn_prepare() keeps variables until exec. */
enum { SPAWN_NAMES = 3 };
struct spawn_names {
	bool listens;
	char bytes[SPAWN_NAMES][40];
};

/*
 * In the forked child of lastcall, whose pid is `parent`: variables that name
 * lastcall by its pid name the child instead, and it is sent death_signal, if
 * not 0, when lastcall ends (PR_SET_PDEATHSIG).
 */
void spawn_prepare(struct spawn_names *names, pid_t parent, int death_signal);
/*
 * Closes every descriptor above the standard ones, except the one given and
 * what lastcall reads from while the program runs.
 */
void spawn_close_files(int fd);
/*
 * In lastcall, when the program runs and nothing else of lastcall's own is open
 * yet: does that, so that a process at the other end sees when the program
 * closes it.  Standard input and output become /dev/null, unless they
 * are the terminal; stderr stays for the log.
 */
void spawn_release(bool keep_stdout);
/*
 * Opens /dev/null; where there is none, a pipe that nobody writes to.  Returns
 * the lowest descriptor that is free, or -errno.
 */
int spawn_open_null(void);
/*
 * In a forked process: restores the mask and the ignored signals, finds argv[0]
 * along PATH and becomes it; a script without #! is run by /bin/sh, for which
 * argv[-1] must be writable.  Returns, with all signals blocked again, only if
 * that fails: -errno as in execve(2); ENOENT, it was not found, or ELIBACC, its
 * interpreter was not.
 */
int spawn_become(const struct inherited *in, char **argv);
/*
 * Adds `what`, the name and the reason in words.  Returns the exit code for
 * that reason: 126 or 127.
 */
int spawn_explain(struct text *t, const char *what, const char *name,
		  int error);

#endif
