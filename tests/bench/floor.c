/*
 * floor.c - the least that an init in C can do, to measure against: starts
 * one program, forwards every signal to it, reaps everything, ends as the
 * program does.  Nothing else: no options, no deadline, no words.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sigset_t all;
	sigset_t old;
	pid_t child;
	int signal = SIGCHLD;

	(void)argc;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	if (getpid() != 1)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		sigprocmask(SIG_SETMASK, &old, NULL);
		execvp(argv[1], argv + 1);
		_exit(127);
	}

	for (;;) {
		int status;
		pid_t pid;

		signal = sigwaitinfo(&all, NULL);
		if (signal > 0 && signal != SIGCHLD)
			kill(child, signal);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid != child)
				continue;
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
		}
	}
}
