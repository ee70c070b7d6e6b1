/*
 * hook.h - a command or an HTTP call, in a process of its own.
 */
#ifndef LASTCALL_HOOK_H
#define LASTCALL_HOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/inherited.h"

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
 * 126 or 127 means that the command did not start, and that is on stderr.
 * `text` has passed hook_spec_parse().  Returns its pid or -errno (fork(2)).
 */
pid_t hook_start(const struct inherited *in, const char *text,
		 const struct hook_facts *facts, char **envp);
/*
 * Sends SIGKILL to the hook's group: at the limit, and when the hook itself has
 * been reaped, as it may have left processes behind.
 */
void hook_kill(pid_t pid);

#endif
