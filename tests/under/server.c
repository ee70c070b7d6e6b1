/*
 * server - answers HTTP requests, and knows nothing of an orderly end: SIGTERM
 * kills it with the request that it has in hand.
 *
 *     server PORT MS    on 127.0.0.1, each request answered after MS
 *     server -f         prints a port that is free
 *     server -g PORT    is the client of one request, and prints its answer
 *
 * Prints "READY", and "got a request" and "answered" for each of them, one
 * after the other.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static struct sockaddr_in loopback(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(port));
	return address;
}

static int listen_on(const char *port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 16) != 0)
		return -1;
	return fd;
}

static int print_free_port(void)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int fd = listen_on("0");

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return fail("listen");
	printf("%d\n", ntohs(address.sin_port));
	return 0;
}

static int get(const char *port)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct sockaddr_in address = loopback(port);
	char answer[512];
	const char *body;
	size_t length = 0;
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return fail("connect");
	if (write(fd, request, sizeof(request) - 1) < 0)
		return fail("write");
	while ((n = read(fd, answer + length, sizeof(answer) - 1 - length)) > 0)
		length += (size_t)n;
	answer[length] = '\0';
	body = strstr(answer, "\r\n\r\n");
	if (n < 0 || !body) {
		printf("the request was cut off\n");
		return 1;
	}
	printf("%s\n", body + 4);
	return 0;
}

/* Reads up to the empty line; false where there is no request. */
static bool read_request(int fd)
{
	char request[4096];
	size_t length = 0;
	ssize_t n;

	while (length < sizeof(request) - 1 &&
	       (n = read(fd, request + length, sizeof(request) - 1 - length)) >
		       0) {
		length += (size_t)n;
		request[length] = '\0';
		if (strstr(request, "\r\n\r\n"))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\n\r\nthe whole answer";
	int listener, fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "-f") == 0)
		return print_free_port();
	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "-g") == 0)
		return get(argv[2]);
	listener = listen_on(argv[1]);
	if (listener < 0)
		return fail("listen");
	printf("READY\n");
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (read_request(fd)) {
			printf("got a request\n");
			poll(NULL, 0, atoi(argv[2]));
			if (write(fd, answer, sizeof(answer) - 1) > 0)
				printf("answered\n");
		}
		close(fd);
	}
	return fail("accept");
}
