/*
 * sockets.c - the TCP sockets of this network namespace, from the kernel.
 *
 * Duty: ask sock_diag(7), or read /proc/self/net/tcp and tcp6, and hand over
 * each socket.  Invariants: it keeps nothing; the memory that it needs is
 * mapped and unmapped again; nothing waits, except where the kernel itself has
 * to load tcp_diag.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drain/sockets.h"
#include "drain/tcp.h"
#include "lib/clock.h"
#include "process/proc.h"

enum {
	/* linux/netlink.h, sock_diag.h, inet_diag.h: musl has none of them */
	PROTOCOL_SOCK_DIAG = 4,
	TYPE_ERROR = 2,
	TYPE_DONE = 3,
	TYPE_TCP = 18,	     /* TCPDIAG_GETSOCK: asks for both families */
	TYPE_BY_FAMILY = 20, /* SOCK_DIAG_BY_FAMILY: the answers */
	FLAG_REQUEST = 0x1,
	FLAG_DUMP = 0x300,
	FLAG_DUMP_INTERRUPTED = 0x10,
	ATTR_BYTECODE = 1,
	WANT_INFO = 1 << 1,
	OP_JUMP = 1,
	OP_PORT_AT_LEAST = 2,
	OP_PORT_AT_MOST = 3,
	OPS_PER_PORT = 5,

	/* With more ports than this the kernel does not filter by them. */
	FILTER_MAX = 64,
	/*
	 * The kernel answers in parts of up to this size, if the buffer has
	 * room.
	 */
	BUFFER_SIZE = 32768,
	BITS = 64, /* of a word of a port_set */
};

struct netlink_address {
	uint16_t family;
	uint16_t pad;
	uint32_t port; /* 0: the kernel */
	uint32_t groups;
};

struct netlink_head {
	uint32_t length;
	uint16_t type;
	uint16_t flags;
	uint32_t sequence;
	uint32_t port;
};

/* One step of struct inet_diag_bc_op: where to go on, in bytes. */
struct op {
	uint8_t code;
	uint8_t yes;
	uint16_t no;
};

struct request {
	struct netlink_head head;
	uint8_t family; /* struct inet_diag_req: the kernel ignores this */
	uint8_t lengths[2];
	uint8_t want;
	uint8_t id[48]; /* zeros: any */
	uint32_t states;
	uint32_t dbs;
	/* The rest may be left out. */
	uint16_t attr_length;
	uint16_t attr_type;
	struct op op[OPS_PER_PORT * FILTER_MAX];
};

void port_set_add(struct port_set *set, uint16_t port)
{
	set->word[port / BITS] |= UINT64_C(1) << port % BITS;
}

bool port_set_has(const struct port_set *set, uint16_t port)
{
	return (set->word[port / BITS] >> port % BITS & 1) != 0;
}

int port_set_list(const struct port_set *set, uint16_t *port, int size)
{
	int count = 0;

	for (int i = 0; i < 65536; i++) {
		if (i % BITS == 0 && set->word[i / BITS] == 0) {
			i += BITS - 1;
			continue;
		}
		if (!port_set_has(set, (uint16_t)i))
			continue;
		if (count < size)
			port[count] = (uint16_t)i;
		count++;
	}
	return count;
}

bool port_set_is_empty(const struct port_set *set)
{
	return port_set_list(set, NULL, 0) == 0;
}

/*
 * The filter: port 1, or port 2, ...  The kernel takes a socket where the
 * program ends exactly at its end, and allows a jump for "no" only to a place
 * that the path of "yes" comes by; so what has matched goes to the end by a
 * jump of its own, which the last port does not need.  Two comparisons, as
 * "equal" came with Linux 4.16.  Returns the length in bytes.
 */
static size_t fill_filter(struct op *op, const uint16_t *port, int ports)
{
	for (int left = ports - 1; left >= 0; left--, port++) {
		*op++ = (struct op){ OP_PORT_AT_LEAST, 8, 20 };
		*op++ = (struct op){ 0, 0, *port };
		*op++ = (struct op){ OP_PORT_AT_MOST, 8, 12 };
		*op++ = (struct op){ 0, 0, *port };
		*op++ = (struct op){ OP_JUMP, 4, (uint16_t)(20 * left) };
	}
	return sizeof(*op) * (size_t)(OPS_PER_PORT * ports - 1);
}

static int send_dump_request(int fd, const struct socket_query *query)
{
	struct request r = {
		.head = { .type = TYPE_TCP,
			  .flags = FLAG_REQUEST | FLAG_DUMP,
			  .sequence = 1 },
		.want = WANT_INFO,
		.states = query->states,
		.attr_type = ATTR_BYTECODE,
	};
	uint16_t port[FILTER_MAX];
	int ports = 0;

	r.head.length = offsetof(struct request, attr_length);
	if (query->ports != NULL)
		ports = port_set_list(query->ports, port, FILTER_MAX);
	if (ports > 0 && ports <= FILTER_MAX) {
		size_t filter = fill_filter(r.op, port, ports);

		r.attr_length = (uint16_t)(2 * sizeof(uint16_t) + filter);
		r.head.length += r.attr_length;
	}
	if (send(fd, &r, r.head.length, MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

/* Hands a socket over, if it is one that the query asks for. */
static int handle_socket(const struct socket_query *query, const struct tcp *c)
{
	if (c->state >= 32 || (query->states >> c->state & 1) == 0 ||
	    (query->ports != NULL && !port_set_has(query->ports, c->port)))
		return 0;
	return query->take(query->context, c);
}

static int handle_message(const struct socket_query *query,
			  const unsigned char *bytes, size_t length)
{
	struct tcp c;

	if (!tcp_from_diag(&c, bytes, length))
		return -EBADMSG;
	return handle_socket(query, &c);
}

/*
 * Takes one part of the dump.  Returns 1 at the end of it, 0 if more is to
 * come, or -errno.
 */
static int handle_part(const struct socket_query *query,
		       const unsigned char *bytes, size_t length)
{
	struct netlink_head head;
	int error;

	while (length >= sizeof(head)) {
		memcpy(&head, bytes, sizeof(head));
		if (head.length < sizeof(head) || head.length > length)
			return -EBADMSG;
		if (head.flags & FLAG_DUMP_INTERRUPTED)
			return -ETIME;
		switch (head.type) {
		case TYPE_DONE:
		case TYPE_ERROR:
			/* Both begin with 0 or -errno. */
			if (head.length < sizeof(head) + sizeof(error))
				return -EBADMSG;
			memcpy(&error, bytes + sizeof(head), sizeof(error));
			return error < 0 ? error : 1;
		case TYPE_TCP:
		case TYPE_BY_FAMILY:
			error = handle_message(query, bytes + sizeof(head),
					       head.length - sizeof(head));
			if (error < 0)
				return error;
			break;
		}
		if (length - head.length < 4)
			break;
		length -= (head.length + 3) & ~3u;
		bytes += (head.length + 3) & ~3u;
	}
	return 0;
}

static int receive_dump(const struct socket_query *query, int fd,
			unsigned char *buffer)
{
	int result = 0;

	while (result == 0) {
		struct netlink_address from = { 0 };
		socklen_t from_length = sizeof(from);
		ssize_t n;

		if (clock_ns() > query->until_ns)
			return -ETIME;
		n = recvfrom(fd, buffer, BUFFER_SIZE, MSG_DONTWAIT | MSG_TRUNC,
			     (void *)&from, &from_length);
		if (n < 0)
			return -errno;
		if (n > BUFFER_SIZE)
			return -EMSGSIZE;
		if (from.port == 0)
			result = handle_part(query, buffer, (size_t)n);
	}
	return result < 0 ? result : 0;
}

static int ask(const struct socket_query *query, unsigned char *buffer)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			PROTOCOL_SOCK_DIAG);
	int error;

	if (fd < 0)
		return -errno;
	error = send_dump_request(fd, query);
	if (error == 0)
		error = receive_dump(query, fd, buffer);
	close(fd);
	return error;
}

/*
 * Takes the lines that are complete; *taken is how many bytes these are.
 * Returns 0 or what take() returned.
 */
static int handle_lines(const struct socket_query *query, bool six,
			const char *bytes, size_t length, size_t *taken)
{
	struct tcp c;
	int error = 0;

	*taken = 0;
	for (size_t i = 0; error == 0 && i < length; i++) {
		if (bytes[i] != '\n')
			continue;
		if (tcp_from_line(&c, bytes + *taken, i - *taken)) {
			c.is_ipv6 = six;
			error = handle_socket(query, &c);
		}
		*taken = i + 1;
	}
	return error;
}

/* Reads the file a page at a time: that is what the kernel gives. */
static int read_lines(const struct socket_query *query, bool six, char *buffer)
{
	int fd = proc_open_file(getpid(), six ? "net/tcp6" : "net/tcp",
				O_RDONLY);
	size_t have = 0;
	int error = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		size_t taken;

		n = read(fd, buffer + have, BUFFER_SIZE - have);
		if (n < 0)
			error = -errno;
		else if (clock_ns() > query->until_ns)
			error = -ETIME;
		if (error != 0)
			break;
		have += (size_t)n;
		error = handle_lines(query, six, buffer, have, &taken);
		have -= taken;
		memmove(buffer, buffer + taken, have);
	} while (n > 0 && error == 0);
	close(fd);
	return error;
}

/* Returns the buffer that both need, or MAP_FAILED. */
static void *map_buffer(void)
{
	return mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int sockets_ask(const struct socket_query *query)
{
	unsigned char *buffer = map_buffer();
	int error;

	if (buffer == MAP_FAILED)
		return -errno;
	error = ask(query, buffer);
	munmap(buffer, BUFFER_SIZE);
	return error;
}

int sockets_read(const struct socket_query *query, bool six)
{
	char *buffer = map_buffer();
	int error;

	if (buffer == MAP_FAILED)
		return -errno;
	error = read_lines(query, six, buffer);
	munmap(buffer, BUFFER_SIZE);
	return error;
}
