/*
 * check.h - a check: a command or an HTTP call whose result is yes or no.
 */
#ifndef LASTCALL_CHECK_H
#define LASTCALL_CHECK_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/text.h"
#include "process/inherited.h"

struct check {
	const char *text; /* a hook's text; NULL: argv is the command */
	char **argv;	  /* argv[-1] is writable, see spawn_become() */
};

/*
 * Starts the check in a process and group of its own, with the signals of *in
 * and lastcall's environment.  It is killed when the caller ends.  Exit status
 * 0 is yes.  If a command cannot be run, or a call fails, the reason is written
 * to said_fd.  Returns the pid or -errno (fork(2)).
 */
pid_t check_start(const struct check *check, const struct inherited *in,
		  int said_fd);
/* Sends SIGKILL to all of the check's group. */
void check_kill(pid_t pid);
/* Adds how a check ended, after its name; status is as from waitpid(2). */
void check_explain(struct text *t, int status);

#endif
