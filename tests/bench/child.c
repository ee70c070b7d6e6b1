/*
 * child.c - the programs that are run under an init to measure it:
 *
 *     child             does nothing, and ends
 *     child idle        says READY and sleeps for good
 *     child stubborn    the same, and TERM does not end it
 *     child crowd N     starts N processes that sleep, then says READY and
 *                       sleeps as well; TERM ends each of them
 *     child stamp       says READY; for each USR1 writes the time at which
 *                       it came, CLOCK_MONOTONIC in ns, eight bytes
 *     child orphans PROGRAM ARG...
 *                       says READY, and when there is a byte on stdin runs
 *                       the program, which says DONE
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void say(const char *word)
{
	if (write(STDOUT_FILENO, word, strlen(word)) < 0)
		_exit(1);
}

static void idle(void)
{
	say("READY\n");
	for (;;)
		pause();
}

static void crowd(int count)
{
	while (count-- > 0) {
		switch (fork()) {
		case -1:
			_exit(1);
		case 0:
			for (;;)
				pause();
		}
	}
	idle();
}

static void stamp(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	say("READY\n");
	while (sigwaitinfo(&set, NULL) == SIGUSR1) {
		struct timespec t;
		int64_t now_ns;

		clock_gettime(CLOCK_MONOTONIC, &t);
		now_ns = t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
		if (write(STDOUT_FILENO, &now_ns, sizeof(now_ns)) < 0)
			_exit(1);
	}
}

static void orphans(char **argv)
{
	char byte;

	say("READY\n");
	if (read(STDIN_FILENO, &byte, 1) == 1)
		execv(argv[0], argv);
	_exit(1);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 0;
	if (strcmp(argv[1], "stubborn") == 0)
		signal(SIGTERM, SIG_IGN);
	if (strcmp(argv[1], "crowd") == 0 && argc > 2)
		crowd(atoi(argv[2]));
	if (strcmp(argv[1], "orphans") == 0)
		orphans(argv + 2);
	if (strcmp(argv[1], "stamp") == 0)
		stamp();
	idle();
}
