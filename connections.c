/*
 * connections.c - the TCP connections of the drained ports, from the kernel.
 *
 * A look is one dump of sock_diag(7) for IPv4 and IPv6 together, filtered by
 * port and state in the kernel.  It keeps nothing between looks, and no
 * malloc: what it needs is mapped and unmapped again.  Nothing waits, but
 * where the kernel itself has to load tcp_diag.  Called by act.c; calls
 * tcp.c, which judges one connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

enum {
	/* linux/netlink.h, sock_diag.h, inet_diag.h: musl has none of them */
	PROTOCOL_SOCK_DIAG = 4,
	TYPE_ERROR = 2,
	TYPE_DONE = 3,
	TYPE_TCP = 18,	     /* TCPDIAG_GETSOCK: the one for both families */
	TYPE_BY_FAMILY = 20, /* SOCK_DIAG_BY_FAMILY: what the answers are */
	FLAG_REQUEST = 0x1,
	FLAG_DUMP = 0x300,
	FLAG_DUMP_INTERRUPTED = 0x10,
	ATTR_BYTECODE = 1,
	WANT_INFO = 1 << 1,
	OP_JUMP = 1,
	OP_PORT_AT_LEAST = 2,
	OP_PORT_AT_MOST = 3,
	OPS_PER_PORT = 5,

	STATES = 1 << TCP_STATE_ESTABLISHED | 1 << TCP_STATE_CLOSE_WAIT |
		 1 << TCP_STATE_FIN_WAIT1 | 1 << TCP_STATE_CLOSING |
		 1 << TCP_STATE_LAST_ACK,

	/* The kernel answers in parts of this size to who has room for it. */
	BUFFER_SIZE = 32768,
	/* Ties that can be settled in one look; the table is twice as large. */
	TIE_MAX = 16384,
	TIE_SLOTS = 2 * TIE_MAX,
	/*
	 * /proc/net/tcp costs some 4 us a socket.  With more connections than
	 * this it is only read when nothing else keeps the ports from being
	 * quiet.
	 */
	SETTLE_ALWAYS = 1000,
	/* The delayed ACK comes after 200 ms at most, or a few jiffies more. */
	ACK_DELAY_MS = 250,
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
	uint8_t family; /* struct inet_diag_req: not looked at */
	uint8_t lengths[2];
	uint8_t want;
	uint8_t id[48]; /* zeros: any */
	uint32_t states;
	uint32_t dbs;
	uint16_t attr_length;
	uint16_t attr_type;
	struct op op[OPS_PER_PORT * PORT_MAX];
};

/* What a look needs of memory. */
struct scratch {
	_Alignas(8) unsigned char buffer[BUFFER_SIZE];
	uint32_t tie[TIE_SLOTS]; /* inodes by hash; 0: free */
};

struct survey {
	struct look *look;
	const uint16_t *port;
	int ports;
	int64_t quiet_ns;
	int64_t until_ns;
	struct scratch *scratch;
	int ties;	  /* in the table, not settled yet */
	int young_ties;	  /* of those, with data within quiet_ns */
	bool has_ties[2]; /* IPv4, IPv6: are there any in the table? */
};

/*
 * The filter: port 1, or port 2, ...  The kernel takes a connection where the
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

static int send_request(int fd, const struct survey *s)
{
	struct request r = {
		.head = { .type = TYPE_TCP,
			  .flags = FLAG_REQUEST | FLAG_DUMP,
			  .sequence = 1 },
		.want = WANT_INFO,
		.states = STATES,
		.attr_type = ATTR_BYTECODE,
	};
	size_t filter = fill_filter(r.op, s->port, s->ports);

	r.attr_length = (uint16_t)(2 * sizeof(uint16_t) + filter);
	r.head.length = (uint32_t)(offsetof(struct request, op) + filter);
	if (send(fd, &r, r.head.length, MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

/* In the place of an inode that /proc has told about. */
#define SETTLED UINT32_MAX

_Static_assert(TIE_SLOTS == 1 << 15, "slot_of() gives 15 bits");

static uint32_t slot_of(uint32_t inode)
{
	return inode * UINT32_C(2654435761) >> 17;
}

/* Is it in the table?  *slot is where it is or would be. */
static bool find_tie(const uint32_t *table, uint32_t inode, uint32_t *slot)
{
	*slot = slot_of(inode);
	while (table[*slot] != 0 && table[*slot] != inode)
		*slot = (*slot + 1) % TIE_SLOTS;
	return table[*slot] == inode;
}

/* What has come and gone within one tick: /proc may know the order. */
static void add_tie(struct survey *s, const struct tcp *c)
{
	bool is_young = tcp_idle_ns(c) < s->quiet_ns;
	uint32_t slot;

	if (c->received_ms < ACK_DELAY_MS) {
		s->look->in_flight++; /* too early to tell */
		return;
	}
	if (c->inode == 0 || s->ties == TIE_MAX) {
		s->look->in_flight += is_young;
		return;
	}
	if (find_tie(s->scratch->tie, c->inode, &slot))
		return;
	s->scratch->tie[slot] = c->inode;
	s->has_ties[c->is_ipv6] = true;
	s->young_ties += is_young;
	s->ties++;
}

static void take_connection(struct survey *s, const struct tcp *c)
{
	enum tcp_verdict verdict = tcp_judge(c);
	int64_t idle_ns = tcp_idle_ns(c);

	if (verdict == TCP_GONE)
		return;
	s->look->connections++;
	if (idle_ns < s->look->idle_ns)
		s->look->idle_ns = idle_ns;
	if (verdict == TCP_IN_FLIGHT)
		s->look->in_flight++;
	else if (verdict == TCP_TIE)
		add_tie(s, c);
}

/*
 * Takes one part of the dump.  Returns 1 at the end of it, 0 if more is to
 * come, or -errno.
 */
static int take_part(struct survey *s, size_t length)
{
	const unsigned char *bytes = s->scratch->buffer;
	struct netlink_head head;
	struct tcp c;
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
			if (!tcp_from_diag(&c, bytes + sizeof(head),
					   head.length - sizeof(head)))
				return -EBADMSG;
			take_connection(s, &c);
			break;
		}
		if (length - head.length < 4)
			break;
		length -= (head.length + 3) & ~3u;
		bytes += (head.length + 3) & ~3u;
	}
	return 0;
}

static int take_dump(struct survey *s, int fd)
{
	int result = 0;

	while (result == 0) {
		struct netlink_address from = { 0 };
		socklen_t from_length = sizeof(from);
		ssize_t n;

		if (clock_ns() > s->until_ns)
			return -ETIME;
		n = recvfrom(fd, s->scratch->buffer, BUFFER_SIZE,
			     MSG_DONTWAIT | MSG_TRUNC, (void *)&from,
			     &from_length);
		if (n < 0)
			return -errno;
		if (n > BUFFER_SIZE)
			return -EMSGSIZE;
		if (from.port == 0)
			result = take_part(s, (size_t)n);
	}
	return result < 0 ? result : 0;
}

/* Returns 0, -ETIME, or another -errno where sock_diag is of no use here. */
static int ask_sock_diag(struct survey *s)
{
	int fd = (int)syscall(SYS_socket, AF_NETLINK,
			      SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			      PROTOCOL_SOCK_DIAG);
	int error;

	if (fd < 0)
		return -errno;
	error = send_request(fd, s);
	if (error == 0)
		error = take_dump(s, fd);
	close(fd);
	return error;
}

static bool is_drained(const struct survey *s, uint16_t port)
{
	for (int i = 0; i < s->ports; i++) {
		if (s->port[i] == port)
			return true;
	}
	return false;
}

/* Takes the whole lines and returns how many bytes they are. */
static size_t take_lines(struct survey *s, const char *bytes, size_t length,
			 void (*take)(struct survey *s, const struct tcp *c))
{
	size_t taken = 0;
	const char *end;
	struct tcp c;

	while ((end = text_find(bytes + taken, '\n', length - taken)) != NULL) {
		size_t line = (size_t)(end - (bytes + taken));

		if (tcp_from_line(&c, bytes + taken, line) &&
		    is_drained(s, c.port))
			take(s, &c);
		taken += line + 1;
	}
	return taken;
}

/* Reads /proc/net/tcp or tcp6, a page at a time: that is what it gives. */
static int read_lines(struct survey *s, const char *path,
		      void (*take)(struct survey *s, const struct tcp *c))
{
	char *bytes = (char *)s->scratch->buffer;
	int fd = kernel_open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	int error = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		size_t taken;

		n = read(fd, bytes + have, BUFFER_SIZE - have);
		if (n < 0)
			error = -errno;
		else if (clock_ns() > s->until_ns)
			error = -ETIME;
		if (error != 0)
			break;
		have += (size_t)n;
		taken = take_lines(s, bytes, have, take);
		have -= taken;
		memmove(bytes, bytes + taken, have);
	} while (n > 0);
	close(fd);
	return error;
}

static void settle_tie(struct survey *s, const struct tcp *c)
{
	uint32_t slot;

	if (c->inode == 0 || !find_tie(s->scratch->tie, c->inode, &slot))
		return;
	s->scratch->tie[slot] = SETTLED;
	s->ties--;
	s->look->in_flight += !c->has_answered;
}

/*
 * Tells the ties apart, if it matters.  What /proc does not show has gone in
 * the meantime, or was passed over, as it reads by the page and others come
 * and go: that is for the next look.
 */
static int settle_ties(struct survey *s)
{
	bool is_quiet =
		s->look->in_flight == 0 && s->look->idle_ns >= s->quiet_ns;
	int error = 0;

	if (s->look->connections > SETTLE_ALWAYS && !is_quiet) {
		s->look->in_flight += s->young_ties;
		return 0;
	}

	if (s->has_ties[0])
		error = read_lines(s, "/proc/net/tcp", settle_tie);
	if (s->has_ties[1] && error == 0)
		error = read_lines(s, "/proc/net/tcp6", settle_tie);
	if (error == 0)
		s->look->in_flight += s->ties;
	else if (error != -ETIME)
		s->look->in_flight += s->young_ties;
	return error == -ETIME ? error : 0;
}

static void count_in_flight(struct survey *s, const struct tcp *c)
{
	if (tcp_judge(c) == TCP_GONE)
		return;
	s->look->connections++;
	s->look->in_flight++;
	s->look->idle_ns = 0;
}

/* Without IPv6 there is no tcp6, and the other way round. */
static int count_lines(struct survey *s)
{
	int error = read_lines(s, "/proc/net/tcp", count_in_flight);
	int error6 = read_lines(s, "/proc/net/tcp6", count_in_flight);

	if (error6 == -ETIME || error == -ENOENT)
		return error6;
	return error;
}

static void clear_look(struct look *look)
{
	*look = (struct look){ .idle_ns = NEVER_NS };
}

int connections_look(struct look *look, const uint16_t *port, int ports,
		     int64_t quiet_ns, int64_t until_ns)
{
	struct survey s = { .look = look,
			    .port = port,
			    .ports = ports,
			    .quiet_ns = quiet_ns,
			    .until_ns = until_ns };
	int error;

	clear_look(look);
	s.scratch = kernel_map(sizeof(*s.scratch));
	if (s.scratch == MAP_FAILED)
		return -errno;
	error = ask_sock_diag(&s);
	if (error == 0) {
		error = settle_ties(&s);
	} else if (error != -ETIME) {
		clear_look(look);
		look->fallback = true;
		error = count_lines(&s);
	}
	munmap(s.scratch, sizeof(*s.scratch));
	return error;
}
