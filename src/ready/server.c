/*
 * server.c - answers health checks over the network.
 *
 * Duty: answer every HTTP request by 200, or by 503 where --ready-check says
 * no, and close the connection.  The port is open as long as the helper runs,
 * so that lastcall ends both at once.  Invariants: a client can hold up only
 * its own connection, and not longer than CONNECTION_NS; the oldest connection
 * gives way to a new one; the process that reads what strangers send has no
 * rights to lose, and does not run the check: another helper does (runner.c).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "ready/address.h"
#include "ready/request.h"
#include "ready/runner.h"
#include "ready/server.h"

enum {
	CONNECTION_MAX = 64,
	BACKLOG = 128,
	LINGER_BYTES_MAX = 65536, /* read and dropped after the answer */
	ANSWER_BYTES_MAX = 512,
	READ_MAX = 4096,
	RETRY_MS = 1000, /* between attempts to get the port */
	PAUSE_MS = 100,	 /* when no descriptor is free */
};

#define CONNECTION_NS (10 * NS_PER_S) /* at most, from accept to close */
#define LINGER_NS     (1 * NS_PER_S)  /* for the client to take the answer */
#define CACHE_NS      (1 * NS_PER_S)  /* how long a check's result is good */

enum connection_state {
	CONNECTION_FREE,
	CONNECTION_READING,
	CONNECTION_WAITING,   /* for the check */
	CONNECTION_LINGERING, /* answered: until the client has closed it */
};

struct connection {
	enum connection_state state;
	int fd;
	int64_t until_ns;
	size_t dropped; /* bytes read since the answer */
	struct request request;
};

struct server {
	int listen_fd;
	int runner_fd; /* -1: there is no check */
	bool is_asked; /* the runner has not replied yet */
	struct check_reply reply;
	int64_t replied_ns;
	int64_t now_ns;
	struct connection connection[CONNECTION_MAX];
};

/* ---------------------------------------------------------------- the port */

/* Returns a listening socket or -errno. */
static int listen_at(const struct sockaddr *address, socklen_t length)
{
	const int yes = 1, no = 0;
	int error;
	int fd = socket(address->sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/*
	 * Connections of an earlier run that are in TIME_WAIT must not keep
	 * the port; one that listens there does (ip(7)).
	 */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no,
				 sizeof(no));
	if (bind(fd, address, length) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int open_port(const struct ready_address *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	int fd = -EAFNOSUPPORT;

	to.sin_port = to6.sin6_port = htons(a->port);
	memcpy(&to.sin_addr, a->address, sizeof(to.sin_addr));
	memcpy(&to6.sin6_addr, a->address, sizeof(to6.sin6_addr));
	if (a->is_ipv6 || a->is_any)
		fd = listen_at((const struct sockaddr *)&to6, sizeof(to6));
	/* The kernel has no IPv6. */
	if (!a->is_ipv6 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
		fd = listen_at((const struct sockaddr *)&to, sizeof(to));
	return fd;
}

/*
 * From here on the helper only answers, so it gives up every capability, also
 * those that it could get by exec.  A process may always do that
 * (capabilities(7)).
 */
static void give_up_rights(void)
{
	/* As in linux/capability.h, which musl does not have. */
	const struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, 0 };
	const uint32_t none[2][3] = { { 0 } };

	(void)syscall(SYS_capset, &header, none);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}

/* --------------------------------------------------------- one connection */

static void end_connection(struct connection *c)
{
	close(c->fd);
	c->state = CONNECTION_FREE;
}

static void write_answer(struct text *t, const char *status,
			 const struct text *body, bool is_head)
{
	text_format(t,
		    "HTTP/1.1 %s\r\n"
		    "Content-Type: text/plain\r\n"
		    "Content-Length: %d\r\n"
		    "Cache-Control: no-store\r\n"
		    "Connection: close\r\n\r\n",
		    status, (int)body->length);
	if (!is_head)
		text_bytes(t, body->bytes, body->length);
}

/*
 * The answer fits into the buffer of a new connection; if not, the client gets
 * none.  What the client has sent beyond its request is read and dropped, as a
 * close(2) with unread bytes would reset the connection, and the answer would
 * be lost (RFC 9112, 9.6).
 */
static void answer(struct server *s, struct connection *c,
		   const struct check_reply *reply)
{
	TEXT(body, ANSWER_BYTES_MAX);
	TEXT(t, 2 * ANSWER_BYTES_MAX);
	const char *status = "200 OK";

	if (c->request.state == REQUEST_BAD) {
		status = "400 Bad Request";
		text_add(&body, "expected HTTP/1.0 or HTTP/1.1\n");
	} else if (s->runner_fd < 0 || runner_says_yes(reply)) {
		text_add(&body, "ready\n");
	} else {
		status = "503 Service Unavailable";
		text_add(&body, "not ready: ");
		runner_explain(&body, reply);
		text_byte(&body, '\n');
	}
	write_answer(&t, status, &body, c->request.is_head);
	c->state = CONNECTION_LINGERING;
	if (c->until_ns > s->now_ns + LINGER_NS)
		c->until_ns = s->now_ns + LINGER_NS;
	if (send(c->fd, t.bytes, t.length, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    (ssize_t)t.length ||
	    shutdown(c->fd, SHUT_WR) < 0)
		end_connection(c);
}

/* The request is complete: answers it, or asks for a check first. */
static void handle_request(struct server *s, struct connection *c)
{
	if (c->request.state == REQUEST_BAD || s->runner_fd < 0 ||
	    s->now_ns < s->replied_ns + CACHE_NS) {
		answer(s, c, &s->reply);
		return;
	}
	c->state = CONNECTION_WAITING;
	if (!s->is_asked)
		s->is_asked = runner_ask(s->runner_fd);
}

/* There is something to read, or the client has closed the connection. */
static void read_connection(struct server *s, struct connection *c)
{
	char bytes[READ_MAX];
	ssize_t n;

	/* Only an error or the end on both sides was polled for. */
	if (c->state == CONNECTION_WAITING) {
		end_connection(c);
		return;
	}
	n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_connection(c);
		return;
	}
	if (c->state == CONNECTION_READING) {
		if (!request_feed(&c->request, bytes, (size_t)n))
			handle_request(s, c);
		return;
	}
	c->dropped += (size_t)n;
	if (c->dropped > LINGER_BYTES_MAX)
		end_connection(c);
}

/* The connection's time is over. */
static void expire_connection(struct server *s, struct connection *c)
{
	const struct check_reply silent = { .kind = CHECK_SILENT };

	if (c->state == CONNECTION_WAITING)
		answer(s, c, &silent);
	else
		end_connection(c);
}

/* --------------------------------------------------------- all connections */

static void pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

/* The oldest connection, which is the one to make room. */
static struct connection *find_oldest(struct server *s)
{
	struct connection *oldest = NULL;

	for (int i = 0; i < CONNECTION_MAX; i++) {
		struct connection *c = &s->connection[i];

		if (c->state != CONNECTION_FREE &&
		    (oldest == NULL || c->until_ns < oldest->until_ns))
			oldest = c;
	}
	return oldest;
}

static struct connection *make_room(struct server *s)
{
	struct connection *c;

	for (int i = 0; i < CONNECTION_MAX; i++)
		if (s->connection[i].state == CONNECTION_FREE)
			return &s->connection[i];
	c = find_oldest(s);
	end_connection(c);
	return c;
}

static void accept_connection(struct server *s)
{
	int fd = accept(s->listen_fd, NULL, NULL);
	struct connection *c;

	if (fd >= 0) {
		c = make_room(s);
		c->state = CONNECTION_READING;
		c->fd = fd;
		c->until_ns = s->now_ns + CONNECTION_NS;
		c->dropped = 0;
		request_init(&c->request);
		/* Mostly the client's first bytes are there already. */
		read_connection(s, c);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/*
	 * There is no descriptor or no memory: poll(2) would report at once
	 * that the client is still waiting.
	 */
	c = find_oldest(s);
	if (c != NULL)
		end_connection(c);
	else
		pause_ms(PAUSE_MS);
}

static void handle_reply(struct server *s)
{
	/*
	 * Without its runner the server is of no use.  lastcall restarts both.
	 */
	if (!runner_take(s->runner_fd, &s->reply))
		_exit(1);
	s->is_asked = false;
	s->replied_ns = s->now_ns;
	for (int i = 0; i < CONNECTION_MAX; i++)
		if (s->connection[i].state == CONNECTION_WAITING)
			answer(s, &s->connection[i], &s->reply);
}

/* Returns the milliseconds to the next connection's end; -1: none is open. */
static int find_timeout(struct server *s)
{
	const struct connection *next = find_oldest(s);
	int64_t left_ns;

	if (next == NULL)
		return -1;
	left_ns = next->until_ns - clock_ns();
	return left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0;
}

static void serve_once(struct server *s)
{
	struct pollfd polled[2 + CONNECTION_MAX];

	polled[0] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
	polled[1] = (struct pollfd){ .fd = s->runner_fd, .events = POLLIN };
	for (int i = 0; i < CONNECTION_MAX; i++) {
		const struct connection *c = &s->connection[i];

		polled[2 + i].fd = c->state != CONNECTION_FREE ? c->fd : -1;
		/*
		 * A client's end of stream would be reported again and again.
		 */
		polled[2 + i].events =
			c->state == CONNECTION_WAITING ? 0 : POLLIN;
		polled[2 + i].revents = 0;
	}
	if (poll(polled, 2 + CONNECTION_MAX, find_timeout(s)) < 0)
		return;
	s->now_ns = clock_ns();
	for (int i = 0; i < CONNECTION_MAX; i++) {
		struct connection *c = &s->connection[i];

		if (polled[2 + i].revents != 0)
			read_connection(s, c);
		else if (c->state != CONNECTION_FREE &&
			 c->until_ns <= s->now_ns)
			expire_connection(s, c);
	}
	if (polled[1].revents != 0)
		handle_reply(s);
	/*
	 * This comes last, as it may give the place of a connection to another.
	 */
	if (polled[0].revents != 0)
		accept_connection(s);
}

void server_run(const struct ready_address *address, int runner_fd, int told_fd)
{
	static struct server s;
	int error = 0;

	s.runner_fd = runner_fd;
	s.replied_ns = -CACHE_NS;
	while ((s.listen_fd = open_port(address)) < 0 && told_fd < 0)
		pause_ms(RETRY_MS);
	if (s.listen_fd < 0)
		error = -s.listen_fd;
	if (told_fd >= 0) {
		(void)!write(told_fd, &error, sizeof(error));
		close(told_fd);
	}
	if (error != 0)
		_exit(1);
	give_up_rights();
	for (;;)
		serve_once(&s);
}
