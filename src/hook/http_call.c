/*
 * http_call.c - makes the HTTP call of a hook or a probe.
 *
 * It blocks, and has no time limit: it runs in a forked process of its own,
 * which its parent ends with SIGKILL in time.  So bytes from the network are
 * never parsed in PID 1.  http_answer.c parses the answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hook/http_answer.h"
#include "hook/http_call.h"
#include "hook/spec.h"
#include "lib/errors.h"
#include "lib/text.h"
#include "lib/version.h"

enum {
	REQUEST_MAX = 2 * HOOK_BYTES_MAX, /* a hook's text and the fields */
	READ_MAX = 4096,
	PATH_SHOWN_MAX = 200,
};

/*
 * Adds the call as a line of the log shows it: GET http://127.0.0.1:8080/path.
 */
static void show_call(struct text *t, const struct hook_spec *hook)
{
	size_t length = strlen(hook->path);
	bool is_cut = length > PATH_SHOWN_MAX;

	text_format(t, hook->is_unix ? "%s http://unix:%s:" : "%s http://%s",
		    hook->method,
		    hook->is_unix ? hook->host : hook->header_host);
	text_bytes(t, hook->path, is_cut ? PATH_SHOWN_MAX : length);
	if (is_cut)
		text_add(t, "...");
}

/* Makes a socket and connects it (connect(2)).  Returns it or -errno. */
static int http_connect(const struct sockaddr *to, socklen_t length)
{
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	if (connect(fd, to, length) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int open_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = strlen(path);

	if (length >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, length);
	return http_connect((const struct sockaddr *)&to, sizeof(to));
}

static int open_tcp(const char *host, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };

	to.sin_port = to6.sin6_port = htons(port);
	if (address_parse(host, false, (unsigned char *)&to.sin_addr))
		return http_connect((const struct sockaddr *)&to, sizeof(to));
	if (address_parse(host, true, to6.sin6_addr.s6_addr))
		return http_connect((const struct sockaddr *)&to6, sizeof(to6));
	return -EAFNOSUPPORT;
}

/* localhost is 127.0.0.1, then ::1, without a resolver. */
static int open_host(const struct hook_spec *hook)
{
	int fd, fd6;

	if (hook->is_unix)
		return open_unix(hook->host);
	if (strcmp(hook->host, "localhost") != 0)
		return open_tcp(hook->host, hook->port);
	fd = open_tcp("127.0.0.1", hook->port);
	if (fd >= 0)
		return fd;
	fd6 = open_tcp("::1", hook->port);
	return fd6 >= 0 ? fd6 : fd;
}

static int send_request(int fd, const struct hook_spec *hook)
{
	TEXT(t, REQUEST_MAX);
	bool needs_length = strcmp(hook->method, "GET") != 0 &&
			    strcmp(hook->method, "HEAD") != 0;
	size_t sent = 0;

	/* Servers answer 411 to a POST without Content-Length. */
	text_format(&t,
		    "%s %s HTTP/1.1\r\n"
		    "Host: %s\r\n"
		    "User-Agent: lastcall/" VERSION "\r\n"
		    "%s"
		    "Connection: close\r\n\r\n",
		    hook->method, hook->path, hook->header_host,
		    needs_length ? "Content-Length: 0\r\n" : "");
	if (t.cut)
		return -EMSGSIZE;

	while (sent < t.length) {
		ssize_t n =
			send(fd, t.bytes + sent, t.length - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			sent += (size_t)n;
	}
	return 0;
}

/* Reads until the answer is complete, bad or over.  Returns 0 or -errno. */
static int read_answer(int fd, struct http_answer *a)
{
	char bytes[READ_MAX];
	ssize_t n;

	do {
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			http_answer_end(a);
	} while (n < 0 || http_answer_feed(a, bytes, (size_t)n));
	return 0;
}

int http_call(const struct hook_spec *hook, struct text *said)
{
	struct http_answer a;
	int error;
	int fd = open_host(hook);

	show_call(said, hook);
	http_answer_init(&a, strcmp(hook->method, "HEAD") == 0);
	error = fd < 0 ? fd : send_request(fd, hook);
	if (error == 0)
		error = read_answer(fd, &a);
	if (fd >= 0)
		close(fd);

	/* A status of failure is reported, however its body ended. */
	if (a.status >= 400 || (error == 0 && a.state == ANSWER_DONE)) {
		text_format(said, " answered %d", a.status);
		return a.status >= 200 && a.status < 400 ? 0 : 1;
	}
	if (error == 0) {
		text_format(said, " %s", a.wrong);
	} else {
		text_add(said, ": ");
		text_error(said, -error);
	}
	return 1;
}
