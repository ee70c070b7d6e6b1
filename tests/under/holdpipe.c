/*
 * holdpipe - holds the lock of the pipe that is its stderr, for ever.
 *
 *     holdpipe                  this process does
 *     holdpipe PROGRAM ARG...   a child does, and then PROGRAM runs
 *
 * splice(2) has the lock of the pipe that it writes to while it waits for the
 * socket that it reads from, on which nobody sends.  Whoever writes to the pipe
 * sleeps until that is over, and no signal wakes it.  Prints READY to stdout
 * when the lock is held.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void hold(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return;
	splice(ends[0], NULL, STDERR_FILENO, NULL, 4096, 0);
}

/* Waits until that process sleeps in splice(2). */
static void wait_for_hold(pid_t pid)
{
	char path[64], line[64];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	for (int tries = 0; tries < 1000; tries++) {
		FILE *f = fopen(path, "r");
		int number = -1;

		/* It says "running" until then. */
		if (f && fgets(line, sizeof(line), f) &&
		    sscanf(line, "%d", &number) == 1 && number == SYS_splice)
			tries = 1000;
		if (f)
			fclose(f);
		usleep(5000);
	}
}

int main(int argc, char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		return 2;
	if (argc > 1 && pid == 0) {
		hold();
		return 1;
	}
	if (argc == 1 && pid > 0) {
		hold();
		return 1;
	}
	wait_for_hold(pid > 0 ? pid : getppid());
	printf("READY\n");
	fflush(stdout);
	if (argc > 1)
		execvp(argv[1], argv + 1);
	return 0;
}
