/*
 * elsewhere - a process of the group whose parent is in another session:
 *
 *     elsewhere MS [reaps]
 *
 * The first process says READY, and TERM ends it; the one in its group ends
 * MS after TERM.  That one's parent, which TERM ends, reaps it or does not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int ms;

static void end_later(int signal)
{
	(void)signal;
	usleep((useconds_t)ms * 1000);
	_exit(0);
}

int main(int argc, char **argv)
{
	int ready[2];
	pid_t member;

	if (argc < 2 || pipe(ready))
		return 2;
	ms = atoi(argv[1]);
	if (fork() == 0) {
		member = fork();
		if (member == 0) {
			signal(SIGTERM, end_later);
			if (write(ready[1], "", 1) != 1)
				return 2;
			for (;;)
				pause();
		}
		/* It is a member, and no leader as it was forked. */
		setsid();
		if (write(ready[1], &member, sizeof(member)) < 0)
			return 2;
		while (argc == 2 || waitpid(member, NULL, 0) < 0)
			pause();
		for (;;)
			pause();
	}
	/* Both have written. */
	for (size_t n = 0; n < 1 + sizeof(member);) {
		char bytes[8];
		ssize_t more = read(ready[0], bytes, sizeof(bytes));

		if (more <= 0)
			return 2;
		n += (size_t)more;
	}
	puts("READY");
	fflush(stdout);
	for (;;)
		pause();
}
