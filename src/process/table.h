/*
 * table.h - processes in the order of their pids, gathered by one or more scans
 * of /proc.  The table is mapped (mmap(2)), grows with the number of processes,
 * and is searched in logarithmic time.
 */
#ifndef LASTCALL_TABLE_OF_PROCESSES_H
#define LASTCALL_TABLE_OF_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/wait.h"
#include "process/proc.h"

enum verdict {
	VERDICT_NONE,	/* not decided yet */
	VERDICT_APART,	/* not below lastcall, or it has ended */
	VERDICT_SPARED, /* another process decides for it, or it reads a pipe */
	VERDICT_TARGET, /* a target that decides for what it has started */
	VERDICT_EXPANDED, /* a target, and its children are judged as well */
};

struct entry {
	struct process process;
	unsigned char verdict;
	bool has_children;
	bool sent;   /* the stop signal was sent to it */
	bool killed; /* SIGKILL was sent to it */
	int link;    /* decide()'s chain in family.c */
};

struct table {
	struct entry *entry;
	int count, capacity;
};

/*
 * Adds the processes that are not in the table yet, as far as there is time.
 * Returns how many were added; -errno: there is no /proc, or no memory for any
 * of them.
 */
int table_fill(struct table *t, const struct time_limit *limit);
/*
 * The entry of that pid, or NULL.  A pointer to an entry is valid until the
 * next entry is added.
 */
struct entry *table_find(const struct table *t, pid_t pid);
/* Adds one process, or replaces the one of the same pid; NULL: no memory. */
struct entry *table_add(struct table *t, const struct process *p);
/* Empties the table and gives its memory back. */
void table_free(struct table *t);

#endif
