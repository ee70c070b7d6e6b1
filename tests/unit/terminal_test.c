/*
 * terminal_test.c - a SIGTSTP that comes when lastcall has taken the SIGCONT
 * before it, and is about to look at its child.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/signal_set.h"
#include "lib/wait.h"
#include "process/inherited.h"
#include "process/proc.h"
#include "process/terminal.h"
#include "tap.h"

/*
 * Is a stopped child of lastcall's own group continued, with these signals
 * waiting for lastcall?
 */
static bool is_continued(uint64_t waiting)
{
	struct inherited in = { .tty_fd = -1, .own_group = false };
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		(void)raise(SIGSTOP);
		_exit(0);
	}
	(void)waitpid(child, &status, WUNTRACED);
	if (signal_in(waiting, SIGTSTP))
		(void)raise(SIGTSTP);
	terminal_continue_child(&in, child);
	if (signal_in(waiting, SIGTSTP)) {
		siginfo_t info;

		(void)wait_signal(signal_bit(SIGTSTP), &info, 0);
	}
	/* A child that goes on is reported, or has ended already. */
	if (waitpid(child, &status, WCONTINUED | WNOHANG) == child &&
	    !WIFCONTINUED(status))
		return true;
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	return WIFCONTINUED(status);
}

int main(void)
{
	(void)spawn_set_mask(UINT64_MAX, NULL);
	(void)proc_usable();
	ok("a child that is stopped still is continued", is_continued(0));
	ok("not one that the terminal has stopped again",
	   !is_continued(signal_bit(SIGTSTP)));
	return tap_end();
}
