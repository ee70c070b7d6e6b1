/*
 * writer.c - writes the lines of the log in a process of its own.
 *
 * Duty: the socket, the process at its other end, and the writes.  Invariants:
 * once the program runs, lastcall itself sends to its own socket and never
 * waits for it; what cannot be sent or written is dropped and counted.
 * lastcall keeps both ends of the socket open, so that the next writer gets the
 * lines that a killed one has not written.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/descriptor.h"
#include "lib/helper.h"
#include "lib/memory.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "log/writer.h"

enum { AGAIN_MS = 20 }; /* so long lives a writer that is replaced at once */

static struct {
	bool closed; /* stderr was not open: its number may be reused */
	bool json;
	bool use_process;
	bool waits;	 /* this process's writes may wait */
	bool torn;	 /* the last write ended within its line */
	int64_t dropped; /* since the last line that was written */
	int to_fd;	 /* the socket's ends; 0: there is no socket yet */
	int from_fd;
	pid_t pid; /* the process; 0: none was started */
	int64_t started_ns;
} writer;

void writer_open(bool json)
{
	writer.json = json;
	writer.closed = !descriptor_is_open(STDERR_FILENO);
}

bool writer_is_open(void)
{
	return !writer.closed;
}

/*
 * A failed write leaves a signal pending (pipe(7), setrlimit(2)), which must
 * not be forwarded to the program.
 */
static void drop_signal(int error)
{
	if (error == EPIPE)
		(void)wait_signal(signal_bit(SIGPIPE), NULL, 0);
	if (error == EFBIG)
		(void)wait_signal(signal_bit(SIGXFSZ), NULL, 0);
}

/*
 * Writes, and returns whether all was written.  A descriptor may be
 * non-blocking, as the program shares it.
 */
static bool write_all(int fd, const char *bytes, size_t length)
{
	const size_t all = length;
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	ssize_t n = 0;

	while (length > 0) {
		int events = poll(&ready, 1, writer.waits ? -1 : 0);

		if (events == 0)
			break;
		n = write(fd, bytes, length);
		if (n < 0 && errno == EAGAIN && writer.waits && events > 0)
			continue;
		if (n <= 0)
			break;
		bytes += n;
		length -= (size_t)n;
	}
	if (n < 0)
		drop_signal(errno);
	writer.torn = length > 0 && (length < all || writer.torn);
	return length == 0;
}

/* Adds what ends a line. */
static size_t end_line(struct record *r, size_t length)
{
	struct text line = { r->bytes, sizeof(r->bytes), length, false };

	if (writer.dropped > 0) {
		text_add(&line, writer.json ? ",\"dropped\":" : " dropped=");
		text_number(&line, writer.dropped);
	}
	text_add(&line, writer.json ? "}\n" : "\n");
	return line.length;
}

/* Writes the record from this process. */
static void write_record(struct record *r, size_t length)
{
	writer.dropped += r->dropped;
	if (r->is_line)
		length = end_line(r, length);
	/* After half a line the next one begins on a new line. */
	if ((!writer.torn || write_all(r->fd, "\n", 1)) &&
	    write_all(r->fd, r->bytes, length))
		writer.dropped = 0;
	else
		writer.dropped++;
}

void writer_wait_for_reader(void)
{
	writer.waits = true;
	writer.torn = false;
	writer.dropped = 0;
}

/* --------------------------------------------------------- in the process */

/*
 * A record stays in the socket until it can be written: a writer that is killed
 * while it waits for a reader leaves it to the next.  It is taken out before
 * the write, not after: a process that sleeps for a pipe's lock dies only when
 * it has written, and the record would be written twice.
 */
static _Noreturn void write_records(int from_fd)
{
	struct record r;
	const size_t head = offsetof(struct record, bytes);

	/* Keeps only stderr open, and stdout as lastcall has it. */
	(void)dup2(from_fd, STDIN_FILENO);
	helper_close_except(NULL, 0);
	writer_wait_for_reader();
	for (;;) {
		ssize_t n = recv(STDIN_FILENO, &r, sizeof(r), MSG_PEEK);
		struct pollfd ready = { .fd = r.fd, .events = POLLOUT };

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)head)
			_exit(0);
		(void)poll(&ready, 1, -1);
		(void)recv(STDIN_FILENO, &r, sizeof(r), MSG_DONTWAIT);
		write_record(&r, (size_t)n - head);
	}
}

/* ------------------------------------------------------------ in lastcall */

static bool writer_open_socket(void)
{
	int ends[2];

	if (writer.to_fd > 0)
		return true;
	/* SEQPACKET keeps records apart, and the reader sees when it ends. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return false;
	ends[0] = descriptor_raise(ends[0]);
	ends[1] = descriptor_raise(ends[1]);
	if (ends[0] > 0 && ends[1] > 0) {
		writer.to_fd = ends[0];
		writer.from_fd = ends[1];
		return true;
	}
	if (ends[0] > 0)
		(void)close(ends[0]);
	if (ends[1] > 0)
		(void)close(ends[1]);
	return false;
}

/*
 * If no process can be made (fork(2)), the next line tries again; if none can
 * ever be made, lastcall writes by itself.
 */
static void start_process(void)
{
	pid_t pid = helper_start("lastcall-log");

	writer.started_ns = clock_ns();
	if (pid == 0)
		write_records(writer.from_fd);
	if (pid == -EINVAL)
		writer_use_none();
	writer.pid = pid > 0 ? pid : 0;
	if (pid > 0)
		memory_keep();
}

static void send_record(struct record *r, size_t length)
{
	r->dropped = writer.dropped;
	if (writer_open_socket()) {
		if (!helper_is(writer.pid))
			start_process();
		if (!writer.use_process) {
			write_record(r, length);
			return;
		}
		if (send(writer.to_fd, r,
			 offsetof(struct record, bytes) + length,
			 MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
			writer.dropped = 0;
			return;
		}
	}
	writer.dropped++;
}

void writer_put(struct record *r, size_t length)
{
	if (writer.closed && r->fd == STDERR_FILENO)
		return;
	r->dropped = 0;
	if (writer.use_process)
		send_record(r, length);
	else
		write_record(r, length);
}

void writer_use_process(void)
{
	writer.use_process = true;
}

void writer_use_none(void)
{
	writer.use_process = false;
	if (writer.to_fd > 0) {
		(void)close(writer.to_fd);
		(void)close(writer.from_fd);
		writer.to_fd = 0;
	}
}

/* Are there lines that no writer has written? */
static bool has_unwritten(void)
{
	char byte;

	return writer.to_fd > 0 && recv(writer.from_fd, &byte, sizeof(byte),
					MSG_PEEK | MSG_DONTWAIT) > 0;
}

/*
 * The end of a writer brings the next turn: one that cannot even begin, as a
 * filter of system calls ends it, waits for the next line or signal.
 */
void writer_tend(void)
{
	if (writer.pid == 0 || helper_is(writer.pid) ||
	    clock_ns() < writer.started_ns + AGAIN_MS * NS_PER_MS)
		return;
	writer.pid = 0;
	if (has_unwritten())
		start_process();
}

void writer_finish(int64_t until_ns)
{
	if (writer.to_fd == 0)
		return;
	/* After the last record the helper reads the end, and ends. */
	(void)shutdown(writer.to_fd, SHUT_WR);
	do {
		if (!helper_is(writer.pid)) {
			if (!has_unwritten())
				return;
			start_process();
			if (writer.pid == 0)
				return;
		}
		/* A SIGSTOP to every process may have stopped it. */
		(void)kill(writer.pid, SIGCONT);
	} while (helper_wait(writer.pid, until_ns) != -ETIMEDOUT &&
		 clock_ns() < until_ns);
}
