/*
 * ports.c - what is in flight on the drained ports.
 *
 * Duty: one check, from the kernel's sockets to the figures by which the drain
 * is decided.  A check finds the listeners, then counts the connections.  On a
 * port where other processes listen as well, only connections that a process of
 * ours holds count; on other ports their owners are not looked up.  Invariants:
 * the only memory between checks is struct drained; nothing waits; a connection
 * that may be idle or in flight counts as in flight.
 */
#include <errno.h>
#include <string.h>

#include "drain/owners.h"
#include "drain/ports.h"
#include "drain/sockets.h"
#include "drain/tcp.h"
#include "lib/clock.h"

enum {
	LISTENERS = 1 << TCP_STATE_LISTEN,
	CONNECTIONS = 1 << TCP_STATE_ESTABLISHED | 1 << TCP_STATE_CLOSE_WAIT |
		      1 << TCP_STATE_FIN_WAIT1 | 1 << TCP_STATE_CLOSING |
		      1 << TCP_STATE_LAST_ACK,

	/*
	 * Reading /proc/net/tcp costs about 4 us per socket.  With more
	 * connections than this it is only read when nothing else keeps the
	 * ports from being quiet.
	 */
	SETTLE_ALWAYS = 1000,
	/* A delayed ACK comes after 200 ms, or a few jiffies more. */
	ACK_DELAY_MS = 250,
	/*
	 * The longest walk through /proc/PID/fd in a check, and the part (one
	 * in OWNERS_SHARE) of the time left that it may take.  With 10,000
	 * processes the walk takes a tenth of OWNERS_MS, but a machine may be
	 * busy.
	 */
	OWNERS_MS = 500,
	OWNERS_SHARE = 10,
};

/* One check. */
struct survey {
	struct port_check *check;
	struct drained *d;
	int64_t until_ns;
	/*
	 * The listeners, and the connections of which more must be found out:
	 * ties, and all those on shared ports.
	 */
	struct sock_table table;
	struct unread_uids unread;
	bool has_shared;  /* connections on shared ports */
	int ties;	  /* ours, whose order of data is not known yet */
	int young_ties;	  /* ties with data within QUIET */
	bool has_ties[2]; /* are there ties of IPv4, of IPv6? */
};

/* ---------------------------------------------------------------- reading */

/* Asks sock_diag or, where that is refused, reads what /proc shows. */
static int read_sockets(struct survey *s, const struct port_set *ports,
			uint32_t states,
			int (*take)(void *context, const struct tcp *c))
{
	struct socket_query query = { ports, states, s->until_ns, take, s };
	int error, error6;

	if (!s->check->fallback)
		return sockets_ask(&query);
	error = sockets_read(&query, false);
	if (error != 0 && error != -ENOENT)
		return error;
	error6 = sockets_read(&query, true);
	/*
	 * Without IPv6 there is no tcp6, and without IPv4 there may be no tcp.
	 */
	return error6 == -ENOENT ? error : error6;
}

static int add_sock(struct survey *s, const struct tcp *c,
		    enum tcp_verdict verdict)
{
	int64_t idle_ns = tcp_idle_ns(c);
	struct sock sock = {
		.inode = c->inode,
		.uid = c->uid,
		.queue = c->unread,
		.port = c->port,
		.state = c->state,
		.verdict = (unsigned char)verdict,
		.is_ipv6 = c->is_ipv6,
		.is_young = idle_ns < s->d->quiet_ns,
		.idle_ns = idle_ns,
	};

	return sock_table_add(&s->table, &sock);
}

/* Finds out which sockets of the table are ours. */
static int find_owners(struct survey *s)
{
	int64_t now_ns = clock_ns();
	int64_t share_ns = (s->until_ns - now_ns) / OWNERS_SHARE;
	int64_t until_ns = now_ns + OWNERS_MS * NS_PER_MS;
	int error = sock_table_index(&s->table);

	if (until_ns > now_ns + share_ns)
		until_ns = now_ns + share_ns;
	if (error == 0)
		owners_find(&s->table, s->d->root, until_ns, &s->unread);
	return error;
}

/* -------------------------------------------------------------- listeners */

static int note_listener(void *context, const struct tcp *c)
{
	return add_sock(context, c, TCP_GONE);
}

static uint32_t hash_listeners(const struct survey *s)
{
	uint32_t hash = (uint32_t)s->table.count;

	for (size_t i = 0; i < s->table.count; i++)
		hash += sock_table_at(&s->table, i)->inode *
			UINT32_C(2654435761);
	return hash;
}

static bool has_ours(const struct survey *s)
{
	for (size_t i = 0; i < s->table.count; i++)
		if (owners_hold(sock_table_at(&s->table, i), &s->unread))
			return true;
	return false;
}

static void sort_listeners(struct survey *s)
{
	struct drained *d = s->d;

	if (!has_ours(s))
		owners_add_self(&s->unread);
	memset(&d->served, 0, sizeof(d->served));
	for (size_t i = 0; i < s->table.count; i++) {
		const struct sock *sock = sock_table_at(&s->table, i);
		bool ours = owners_hold(sock, &s->unread);

		/*
		 * `shared` is never cleared: another process's connections may
		 * outlive its listener.
		 */
		port_set_add(ours ? &d->served : &d->shared, sock->port);
		if (ours && d->automatic && !d->is_found &&
		    sock->port != d->own_port)
			port_set_add(&d->all, sock->port);
	}
}

/*
 * Finds the listeners.  The first check finds which ports are drained; later
 * checks notice that another process, such as the next version, has begun to
 * listen on the same port.
 */
static int find_listeners(struct survey *s)
{
	struct drained *d = s->d;
	bool any = d->automatic && !d->is_found;
	uint32_t hash;
	int error;

	for (int i = 0; i < d->ports; i++)
		port_set_add(&d->all, d->port[i]);
	error = read_sockets(s, any ? NULL : &d->all, LISTENERS, note_listener);
	if (error != 0)
		return error;
	hash = hash_listeners(s);
	if (!d->is_found || hash != d->listeners_hash) {
		error = find_owners(s);
		if (error != 0)
			return error;
		sort_listeners(s);
	}
	d->listeners_hash = hash;
	d->is_found = true;
	return 0;
}

/* ------------------------------------------------------------ connections */

static void count_idle(struct port_check *check, int64_t idle_ns)
{
	check->connections++;
	if (idle_ns < check->idle_ns)
		check->idle_ns = idle_ns;
}

static void count_verdict(struct port_check *check, enum tcp_verdict verdict)
{
	check->in_flight += verdict == TCP_IN_FLIGHT || verdict == TCP_UNCLEAR;
	check->unclear += verdict == TCP_UNCLEAR;
}

static int count_connection(void *context, const struct tcp *c)
{
	struct survey *s = context;
	enum tcp_verdict verdict = tcp_judge(c, s->d->oldest_ns);

	if (verdict == TCP_GONE)
		return 0;
	/* It is too early to tell the order of its data. */
	if (verdict == TCP_TIE && c->received_ms < ACK_DELAY_MS)
		verdict = TCP_IN_FLIGHT;
	/*
	 * Within QUIET its recent data keeps the port from being quiet anyway,
	 * and a gap may pass it.  Unacknowledged for longer than QUIET, it
	 * counts as in flight.
	 */
	if (verdict == TCP_ON_ITS_WAY && tcp_idle_ns(c) >= s->d->quiet_ns)
		verdict = TCP_IN_FLIGHT;
	if (port_set_has(&s->d->shared, c->port)) {
		s->has_shared = true;
		return add_sock(s, c, verdict);
	}
	count_idle(s->check, tcp_idle_ns(c));
	count_verdict(s->check, verdict);
	return verdict == TCP_TIE ? add_sock(s, c, verdict) : 0;
}

/*
 * Counts the connections on shared ports that are ours.  One that was not
 * accepted yet has no inode: such connections count as ours until as many in
 * flight are found among them as wait in the queues of our listeners.  An idle
 * one delays nothing, so it does not use up a place.  One that the program has
 * closed has no inode either, and needs no process any more.
 */
static void count_shared(struct survey *s)
{
	struct port_check *check = s->check;
	uint32_t waiting = 0;

	for (size_t i = 0; i < s->table.count; i++) {
		const struct sock *sock = sock_table_at(&s->table, i);

		if (sock->state == TCP_STATE_LISTEN &&
		    port_set_has(&s->d->shared, sock->port) &&
		    owners_hold(sock, &s->unread))
			waiting += sock->queue;
	}
	for (size_t i = 0; i < s->table.count; i++) {
		struct sock *sock = sock_table_at(&s->table, i);

		if (sock->state == TCP_STATE_LISTEN || sock->is_repeated ||
		    !port_set_has(&s->d->shared, sock->port))
			continue;
		if (sock->inode == 0 && waiting > 0 &&
		    (sock->state == TCP_STATE_ESTABLISHED ||
		     sock->state == TCP_STATE_CLOSE_WAIT)) {
			waiting -= sock->verdict == TCP_IN_FLIGHT;
		} else if (sock->inode == 0 || !owners_hold(sock, &s->unread)) {
			sock->verdict = TCP_GONE;
			continue;
		}
		count_idle(check, sock->idle_ns);
		count_verdict(check, (enum tcp_verdict)sock->verdict);
	}
}

/* ------------------------------------------------------------------- ties */

static void count_ties(struct survey *s)
{
	for (size_t i = 0; i < s->table.count; i++) {
		struct sock *sock = sock_table_at(&s->table, i);

		if (sock->state == TCP_STATE_LISTEN || sock->is_repeated ||
		    sock->verdict != TCP_TIE)
			continue;
		s->ties++;
		s->young_ties += sock->is_young;
		s->has_ties[sock->is_ipv6] = true;
	}
}

static int settle_tie(void *context, const struct tcp *c)
{
	struct survey *s = context;
	struct sock *sock = sock_table_find(&s->table, c->inode);

	if (sock == NULL || sock->verdict != TCP_TIE || sock->is_settled)
		return 0;
	sock->is_settled = true;
	s->ties--;
	s->check->in_flight += !c->has_answered;
	return 0;
}

/* /proc may show the order of data received and sent within one tick. */
static int read_ties(struct survey *s)
{
	struct socket_query query = { &s->d->all, CONNECTIONS, s->until_ns,
				      settle_tie, s };
	int error = 0;

	if (s->has_ties[0])
		error = sockets_read(&query, false);
	if (s->has_ties[1] && error == 0)
		error = sockets_read(&query, true);
	return error;
}

/*
 * Finds out of the ties whether they are in flight, if it matters.  A tie that
 * /proc does not show has ended meanwhile, or was left out, as /proc is read by
 * the page while connections come and go: it counts as in flight until the next
 * check.
 */
static int settle_ties(struct survey *s)
{
	struct port_check *check = s->check;
	bool is_quiet =
		check->in_flight == 0 && check->idle_ns >= s->d->quiet_ns;
	int error;

	count_ties(s);
	if (s->ties == 0)
		return 0;
	if (check->connections > SETTLE_ALWAYS && !is_quiet) {
		check->in_flight += s->young_ties;
		return 0;
	}
	error = sock_table_index(&s->table);
	if (error == 0)
		error = read_ties(s);
	if (error == 0)
		check->in_flight += s->ties;
	else if (error != -ETIME)
		check->in_flight += s->young_ties;
	return error == -ETIME ? error : 0;
}

/* -------------------------------------------------------------- the check */

static int count_connections(struct survey *s)
{
	int error = 0;

	/* --drain auto, and the program listens on no port. */
	if (port_set_is_empty(&s->d->all))
		return 0;
	error = read_sockets(s, &s->d->all, CONNECTIONS, count_connection);
	if (error == 0 && s->has_shared) {
		error = find_owners(s);
		if (error == 0)
			count_shared(s);
	}
	return error == 0 ? settle_ties(s) : error;
}

static int check_once(struct survey *s)
{
	int error = 0;

	s->check->idle_ns = NEVER_NS;
	/* The fallback would read every socket once more for the listeners. */
	if (!s->check->fallback || !s->d->is_found)
		error = find_listeners(s);
	if (error == 0)
		error = count_connections(s);
	sock_table_free(&s->table);
	return error;
}

int ports_check(struct port_check *check, struct drained *d, int64_t until_ns)
{
	struct survey s = { .check = check, .d = d, .until_ns = until_ns };
	int error;

	*check = (struct port_check){ .connections = 0 };
	error = check_once(&s);
	if (error == 0 || error == -ETIME)
		return error;
	*check = (struct port_check){ .fallback = true };
	s = (struct survey){ .check = check, .d = d, .until_ns = until_ns };
	return check_once(&s);
}
