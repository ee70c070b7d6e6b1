/*
 * owners.c - which sockets are held by a process below lastcall.
 *
 * Duty: a table of sockets that grows, and the walk through /proc/PID/fd that
 * marks those that are ours.  Invariants: the walk ends at its time; nothing in
 * /proc is trusted; where /proc may not be read (a program of another user, and
 * PID 1 without CAP_SYS_PTRACE), the uid of the socket decides.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drain/owners.h"
#include "lib/clock.h"
#include "lib/parse.h"
#include "lib/wait.h"
#include "process/proc.h"
#include "process/table.h"

enum {
	PAGES_MIN = 16384, /* bytes: what a table begins with */
	SLOT_BITS_MIN = 6,
	NO_PARENT = 0,
};

/* What getdents64(2) fills in; libc's struct dirent may differ. */
struct kernel_dirent {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* ------------------------------------------------------------------ pages */

/* Makes room for `need` bytes; new ones are zeros.  Returns 0 or -errno. */
static int pages_grow(struct pages *p, size_t need)
{
	size_t size = p->size != 0 ? p->size : PAGES_MIN;
	void *bytes;

	if (need <= p->size)
		return 0;
	while (size < need)
		size *= 2;
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	if (p->bytes != NULL) {
		memcpy(bytes, p->bytes, p->size);
		(void)munmap(p->bytes, p->size);
	}
	p->bytes = bytes;
	p->size = size;
	return 0;
}

static void pages_free(struct pages *p)
{
	if (p->bytes != NULL)
		(void)munmap(p->bytes, p->size);
	*p = (struct pages){ .bytes = NULL };
}

/* ------------------------------------------------------------------ table */

struct sock *sock_table_at(const struct sock_table *t, size_t i)
{
	return (struct sock *)t->socks.bytes + i;
}

int sock_table_add(struct sock_table *t, const struct sock *sock)
{
	int error = pages_grow(&t->socks, (t->count + 1) * sizeof(*sock));

	if (error == 0)
		*sock_table_at(t, t->count++) = *sock;
	return error;
}

/*
 * Returns the slot that holds the inode, or the free one where it would be.  A
 * slot is a place in the table plus 1; at least half of the slots are free.
 */
static uint32_t *find_slot(const struct sock_table *t, uint32_t inode)
{
	uint32_t *slots = t->slots.bytes;
	uint32_t mask = (UINT32_C(1) << t->slot_bits) - 1;
	uint32_t i = inode * UINT32_C(2654435761) >> (32 - t->slot_bits);

	while (slots[i] != 0 && sock_table_at(t, slots[i] - 1)->inode != inode)
		i = (i + 1) & mask;
	return &slots[i];
}

int sock_table_index(struct sock_table *t)
{
	uint32_t bits = SLOT_BITS_MIN;
	int error;

	while (UINT32_C(1) << bits < 2 * t->count)
		bits++;
	pages_free(&t->slots);
	error = pages_grow(&t->slots, sizeof(uint32_t) << bits);
	if (error != 0 || t->slots.bytes == NULL)
		return error;
	t->slot_bits = bits;
	t->left = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct sock *sock = sock_table_at(t, i);
		uint32_t *slot;

		if (sock->inode == 0)
			continue;
		slot = find_slot(t, sock->inode);
		if (*slot != 0) {
			sock->is_repeated = true;
			continue;
		}
		*slot = (uint32_t)i + 1;
		t->left += !sock->is_held;
	}
	return 0;
}

struct sock *sock_table_find(const struct sock_table *t, uint32_t inode)
{
	uint32_t slot;

	if (inode == 0 || t->slot_bits == 0)
		return NULL;
	slot = *find_slot(t, inode);
	return slot != 0 ? sock_table_at(t, slot - 1) : NULL;
}

void sock_table_free(struct sock_table *t)
{
	pages_free(&t->socks);
	pages_free(&t->slots);
	*t = (struct sock_table){ .count = 0 };
}

/* ---------------------------------------------------- the users not read */

static void add_uid(struct unread_uids *unread, uint32_t uid)
{
	for (int i = 0; i < unread->count; i++)
		if (unread->uid[i] == uid)
			return;
	if (unread->count == UNREAD_UIDS_MAX)
		unread->anybody = true;
	else
		unread->uid[unread->count++] = uid;
}

/* Adds the effective uid of a process.  One that has ended holds nothing. */
static void add_uid_of(struct unread_uids *unread, pid_t pid)
{
	char bytes[1024];
	int64_t number;
	char *uid;

	if (proc_read_file(pid, "status", bytes, sizeof(bytes)) == 0)
		return;
	uid = text_line(bytes, "Uid:\t");
	/* "Uid:\treal\teffective\t..." */
	uid = uid != NULL ? strchr(uid, '\t') : NULL;
	if (uid == NULL)
		return;
	uid++;
	uid[strcspn(uid, "\t\n")] = '\0';
	if (text_to_number(uid, UINT32_MAX, &number))
		add_uid(unread, (uint32_t)number);
}

void owners_add_self(struct unread_uids *unread)
{
	if (unread->count > 0)
		add_uid_of(unread, getpid());
}

bool owners_hold(const struct sock *sock, const struct unread_uids *unread)
{
	if (sock->is_held || unread->anybody)
		return true;
	for (int i = 0; i < unread->count; i++)
		if (unread->uid[i] == sock->uid)
			return true;
	return false;
}

/* --------------------------------------------------------------- the walk */

/* "socket:[123]" */
static bool read_inode(const char *link, uint32_t *inode)
{
	static const char start[] = "socket:[";
	uint64_t n = 0;

	if (strncmp(link, start, sizeof(start) - 1) != 0)
		return false;
	for (link += sizeof(start) - 1; *link >= '0' && *link <= '9'; link++)
		n = n * 10 + (uint64_t)(*link - '0');
	*inode = (uint32_t)n;
	return *link == ']';
}

/* Returns 0, or -errno where it may not be read. */
static int mark_descriptor(struct sock_table *t, int folder_fd,
			   const char *name)
{
	char link[32];
	ssize_t length = readlinkat(folder_fd, name, link, sizeof(link) - 1);
	struct sock *sock;
	uint32_t inode;

	/* The descriptor may have been closed, and "." is no link. */
	if (length < 0)
		return errno == ENOENT || errno == EINVAL ? 0 : -errno;
	link[length] = '\0';
	if (!read_inode(link, &inode))
		return 0;
	sock = sock_table_find(t, inode);
	if (sock == NULL || sock->is_held)
		return 0;
	sock->is_held = true;
	t->left--;
	return 0;
}

/*
 * Returns 0; -ETIME; or another -errno where it may not be read: with
 * CAP_DAC_OVERRIDE, but without CAP_SYS_PTRACE, the numbers can be read and the
 * links cannot.
 */
static int mark_process(struct sock_table *t, pid_t pid, int64_t until_ns)
{
	_Alignas(uint64_t) char bytes[4096];
	int error = 0;
	int fd;

	fd = proc_open_file(pid, "fd", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	while (error == 0 && t->left > 0) {
		int length =
			(int)syscall(SYS_getdents64, fd, bytes, sizeof(bytes));

		if (length <= 0)
			break;
		for (int at = 0; error == 0 && at < length && t->left > 0;) {
			const struct kernel_dirent *entry =
				(const void *)(bytes + at);

			error = mark_descriptor(t, fd, entry->name);
			at += entry->length;
		}
		if (error == 0 && clock_ns() > until_ns)
			error = -ETIME;
	}
	(void)close(fd);
	return error;
}

/*
 * Is the process root, or below it?  Sets its parent to root if so, else to
 * NO_PARENT, so that its descendants need not be followed any further.
 */
static bool is_below(const struct table *all, struct process *p, pid_t root)
{
	pid_t pid = p->pid;
	int steps = 0;

	while (pid != root && pid != NO_PARENT && steps++ < all->count) {
		const struct entry *entry = table_find(all, pid);

		pid = entry != NULL ? entry->process.parent : NO_PARENT;
	}
	if (p->pid != root)
		p->parent = pid == root ? root : NO_PARENT;
	return pid == root;
}

/*
 * Marks what root and the processes below it hold.  Returns how many these are,
 * or -errno.
 */
static int mark_all(struct sock_table *t, struct table *all, pid_t root,
		    int64_t until_ns, struct unread_uids *unread)
{
	int found = 0;

	for (int i = 0; i < all->count && t->left > 0; i++) {
		struct process *p = &all->entry[i].process;
		int error;

		/*
		 * Zombies hold nothing, and their descriptors cannot be read.
		 */
		if (p->state == 'Z' || !is_below(all, p, root))
			continue;
		found++;
		error = mark_process(t, p->pid, until_ns);
		if (error == -ETIME)
			return error;
		if (error != 0 && error != -ENOENT && error != -ESRCH)
			add_uid_of(unread, p->pid);
	}
	return found;
}

void owners_find(struct sock_table *t, pid_t root, int64_t until_ns,
		 struct unread_uids *unread)
{
	const struct time_limit limit = { .until_ns = until_ns };
	struct table all = { .entry = NULL };
	int found = 0;

	*unread = (struct unread_uids){ .count = 0 };
	if (t->left == 0)
		return;
	if (table_fill(&all, &limit) > 0 && wait_has_time(&limit))
		found = mark_all(t, &all, root, until_ns, unread);
	table_free(&all);
	/* There was no time, or no /proc that shows the program. */
	if (found <= 0)
		unread->anybody = true;
}
