/*
 * server.c - a small web server to put behind lastcall: see
 * Dockerfile.example.  Each connection is served by a process of its own.
 *
 *     GET /        says hello
 *     GET /slow    says it after two seconds
 *
 * On TERM it takes no new connection, finishes those that it has, and exits
 * with 0: what lastcall's grace period is for.  PORT is 8080 if not set; where
 * systemd or podman hands it a socket that listens (LISTEN_FDS), it takes that
 * one.  It tells systemd when it is ready (Type=notify).
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int fd)
{
	static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n"
				    "Connection: close\r\n\r\nhello\n";
	char request[4096] = "";
	size_t length = 0;

	/* Closing with a part unread would reset the connection. */
	while (!strstr(request, "\r\n\r\n")) {
		ssize_t got = read(fd, request + length,
				   sizeof(request) - 1 - length);

		if (got <= 0)
			_exit(1);
		length += (size_t)got;
		request[length] = '\0';
	}
	if (strncmp(request, "GET /slow ", 10) == 0)
		sleep(2);
	if (write(fd, hello, sizeof(hello) - 1) < 0)
		_exit(1);
	_exit(0);
}

static int listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 128) < 0) {
		perror("server: listen");
		exit(1);
	}
	return fd;
}

/* The socket that this process was handed, as sd_listen_fds(3) says; or -1. */
static int handed_over(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");

	if (!pid || !count || atoi(pid) != getpid() || atoi(count) < 1)
		return -1;
	return 3;
}

/* As sd_notify(3) does. */
static void say_ready(void)
{
	static const char ready[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	/* An abstract socket begins with a zero byte. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (sendto(fd, ready, strlen(ready), 0, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			       strlen(path))) < 0)
		perror("server: notify");
	close(fd);
}

int main(void)
{
	const char *port = getenv("PORT");
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[0].fd = signalfd(-1, &set, 0);
	fds[1].fd = handed_over();
	if (fds[1].fd < 0)
		fds[1].fd = listen_on(port ? atoi(port) : 8080);
	say_ready();
	puts("server: listening");
	fflush(stdout);

	for (;;) {
		struct signalfd_siginfo signal;
		int fd;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents) {
			if (read(fds[0].fd, &signal, sizeof(signal)) < 0)
				return 1;
			if (signal.ssi_signo == SIGTERM)
				break;
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			continue;
		}
		fd = accept(fds[1].fd, NULL, NULL);
		if (fd < 0)
			continue;
		if (fork() == 0)
			serve(fd);
		close(fd);
	}

	close(fds[1].fd);
	puts("server: finishing");
	fflush(stdout);
	while (wait(NULL) > 0)
		;
	puts("server: done");
	return 0;
}
