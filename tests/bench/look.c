/*
 * look.c - how long a look at many connections takes.
 */
#include "bench.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/*
	 * Connections of a process, to one address: a process has not enough
	 * descriptors for all of them, nor an address enough ports.
	 */
	SHARE = 10000,
	SHARES_MAX = 16,
	TICK_US = 50000, /* more than a tick of the kernel's clock */
};

static int open_listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)address, length) < 0 ||
	    listen(listener, 1024) < 0 ||
	    getsockname(listener, (struct sockaddr *)address, &length) < 0)
		die("bench: listen");
	return listener;
}

/* Accepts `count`, and answers each a while after its request. */
static void serve(int listener, int count)
{
	static int ends[SHARE];
	char byte;

	for (int i = 0; i < count; i++) {
		ends[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (ends[i] < 0)
			die("bench: accept");
	}
	usleep(TICK_US);
	for (int i = 0; i < count; i++)
		if (read(ends[i], &byte, 1) != 1 ||
		    write(ends[i], &byte, 1) != 1)
			die("bench: answer");
}

/* A request on each of `count`; says on done_fd when all are answered. */
static void request(struct sockaddr_in address, int count, int done_fd)
{
	static int ends[SHARE];
	char byte = 'x';

	for (int i = 0; i < count; i++) {
		ends[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (ends[i] < 0 ||
		    connect(ends[i], (struct sockaddr *)&address,
			    sizeof(address)) < 0 ||
		    write(ends[i], &byte, 1) != 1)
			die("bench: connect");
	}
	for (int i = 0; i < count; i++)
		if (read(ends[i], &byte, 1) != 1)
			die("bench: read");
	if (write(done_fd, &byte, 1) != 1)
		die("bench: write");
}

/* Returns 0 in the child, which ends with this process. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static double run_look(uint16_t port)
{
	char command[128];
	double us = -1;
	FILE *f;

	snprintf(command, sizeof(command),
		 "build/drivers/look -n 21 -p %d %d 2>&1 >/dev/null", getpid(),
		 port);
	f = popen(command, "re");
	if (f && fscanf(f, "%*[^0-9]%lf", &us) != 1)
		us = -1;
	if (f)
		pclose(f);
	return us;
}

/* Waits until all are answered; false if a process has ended before. */
static bool await(int done_fd, int shares)
{
	char byte;

	while (shares > 0 && read(done_fd, &byte, 1) == 1)
		shares--;
	return shares == 0;
}

double measure_look(int connections)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct rlimit files;
	pid_t pids[2 * SHARES_MAX];
	int listener, done[2];
	double us = -1;
	int shares = 0;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	if (files.rlim_max < SHARE + 100 ||
	    setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    access("build/drivers/look", X_OK) < 0)
		return -1;
	listener = open_listener(&address);
	if (pipe2(done, O_CLOEXEC) < 0)
		die("pipe2");
	for (; connections > 0 && shares < SHARES_MAX; shares++) {
		int count = connections < SHARE ? connections : SHARE;

		address.sin_addr.s_addr =
			htonl(INADDR_LOOPBACK + (uint32_t)shares);
		pids[2 * shares] = start_child();
		if (pids[2 * shares] == 0) {
			serve(listener, count);
			pause();
		}
		pids[2 * shares + 1] = start_child();
		if (pids[2 * shares + 1] == 0) {
			close(done[0]);
			request(address, count, done[1]);
			pause();
		}
		connections -= count;
	}
	close(done[1]);
	if (await(done[0], shares))
		us = run_look(ntohs(address.sin_port));
	for (int i = 0; i < 2 * shares; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < 2 * shares; i++)
		waitpid(pids[i], NULL, 0);
	close(done[0]);
	close(listener);
	return us;
}
