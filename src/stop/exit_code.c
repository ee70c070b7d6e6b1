/*
 * exit_code.c - what lastcall ends with: the program's own exit code, or what
 * the options make of it.
 */
#include <signal.h>
#include <sys/wait.h>

#include "lib/errors.h"
#include "options/options.h"
#include "stop/exit_code.h"
#include "stop/lastcall.h"

int exit_code_own(const struct lastcall *l)
{
	if (l->status < 0)
		return EXIT_SIGNAL + SIGKILL;
	if (WIFSIGNALED(l->status))
		return EXIT_SIGNAL + WTERMSIG(l->status);
	return WEXITSTATUS(l->status);
}

int exit_code(const struct lastcall *l)
{
	const struct options *o = l->options;

	if (o->stop_code >= 0 && l->machine.signal != 0 &&
	    !l->machine.main_killed)
		return o->stop_code;
	return o->exit_codes[exit_code_own(l)];
}
