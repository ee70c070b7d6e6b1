/*
 * owners.h - which sockets are held by a process below lastcall.
 */
#ifndef LASTCALL_OWNERS_H
#define LASTCALL_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Mapped memory that grows. */
struct pages {
	void *bytes; /* NULL: none yet */
	size_t size;
};

/* A socket of which the owner or the order of its data is to be found out. */
struct sock {
	uint32_t inode; /* 0: no process holds it */
	uint32_t uid;
	uint32_t queue; /* of a listener: connections not yet accepted */
	uint16_t port;
	unsigned char state;
	unsigned char verdict; /* enum tcp_verdict */
	bool is_ipv6;
	bool is_young;	  /* has had data within QUIET */
	bool is_held;	  /* by a process below lastcall */
	bool is_repeated; /* the kernel has shown it twice */
	bool is_settled;  /* /proc has shown the order of its data */
	int64_t idle_ns;
};

/* Starts as zeros. */
struct sock_table {
	struct pages socks, slots;
	size_t count;
	size_t left;	    /* sockets that are not marked as held */
	uint32_t slot_bits; /* 1 << slot_bits slots; 0: no index */
};

/* Adds a copy.  Returns 0 or -errno (mmap(2)). */
int sock_table_add(struct sock_table *t, const struct sock *sock);
/* The i-th of t->count. */
struct sock *sock_table_at(const struct sock_table *t, size_t i);
/*
 * Makes the index that sock_table_find() and owners_find() need; call it again
 * when sockets were added.  Returns 0 or -errno (mmap(2)).
 */
int sock_table_index(struct sock_table *t);
/* The socket with that inode, or NULL. */
struct sock *sock_table_find(const struct sock_table *t, uint32_t inode);
void sock_table_free(struct sock_table *t);

enum { UNREAD_UIDS_MAX = 16 };

/*
 * The users whose processes could not be read, or `anybody`: there the uid of a
 * socket says whether it is theirs.
 */
struct unread_uids {
	bool anybody;
	int count;
	uint32_t uid[UNREAD_UIDS_MAX];
};

/*
 * Marks the sockets that root or a process below it holds, by /proc/PID/fd.
 * Ends when all are found, or at until_ns; *unread says what could not be read.
 */
void owners_find(struct sock_table *t, pid_t root, int64_t until_ns,
		 struct unread_uids *unread);
/*
 * Adds lastcall's own user if something could not be read: a program may have
 * made its sockets before it changed its user.
 */
void owners_add_self(struct unread_uids *unread);
/* Does a process below lastcall hold it, as far as that is known? */
bool owners_hold(const struct sock *sock, const struct unread_uids *unread);

#endif
