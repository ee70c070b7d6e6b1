/*
 * check.c - runs a check, for --probe and for the ready port.
 *
 * The process is in a group of its own before check_start() returns, so that
 * check_kill() ends it together with what it has started.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/check.h"
#include "hook/http_call.h"
#include "hook/spec.h"
#include "lib/errors.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "log/log.h"
#include "process/inherited.h"
#include "process/spawn.h"

/* Returns the exit status, with the reason in `said` if that is not 0. */
static int check_run(const struct check *check, const struct inherited *in,
		     struct text *said)
{
	char *words[1 + HOOK_WORDS_MAX + 1]; /* the first is spawn_become()'s */
	char **argv = check->argv;
	struct hook_spec hook;

	if (check->text != NULL) {
		if (!hook_spec_parse(&hook, check->text, said))
			return EXIT_LASTCALL;
		if (hook.is_http)
			return http_call(&hook, said);
		memcpy(words + 1, hook.argv, sizeof(hook.argv));
		argv = words + 1;
	}
	return spawn_explain(said, "cannot run ", argv[0],
			     spawn_become(in, argv));
}

pid_t check_start(const struct check *check, const struct inherited *in,
		  int said_fd)
{
	TEXT(said, LINE_MAX_LEN);
	pid_t parent = getpid();
	pid_t pid = spawn_fork_group(true);
	int status;

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L);
		/* The caller may have ended before that. */
		if (getppid() != parent)
			_exit(EXIT_LASTCALL);
		status = check_run(check, in, &said);
		(void)!write(said_fd, said.bytes, said.length);
		_exit(status);
	}
	return pid;
}

void check_kill(pid_t pid)
{
	(void)kill(-pid, SIGKILL);
}

void check_explain(struct text *t, int status)
{
	if (WIFEXITED(status)) {
		text_format(t, " exited with %d", WEXITSTATUS(status));
		return;
	}
	text_add(t, " was killed by SIG");
	signal_name(t, WTERMSIG(status));
}
