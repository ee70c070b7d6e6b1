/*
 * table.c - processes in the order of their pids.
 *
 * Duty: a table of processes in the order of their pids, which grows with
 * their number and is searched in logarithmic time.  Invariants: an entry's
 * pid is above that of the entry before it; without memory the table keeps
 * what it has.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "process/proc.h"
#include "process/table.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

enum { FIRST_CAPACITY = 64 };

/* The place of that pid, or where it would be. */
static int find_place(const struct table *t, pid_t pid)
{
	int low = 0, high = t->count;

	/* /proc lists processes by pid, so most are added at the end. */
	if (t->count > 0 && t->entry[t->count - 1].process.pid < pid)
		return t->count;
	while (low < high) {
		int middle = low + (high - low) / 2;

		if (t->entry[middle].process.pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct entry *table_find(const struct table *t, pid_t pid)
{
	int place = find_place(t, pid);

	if (place == t->count || t->entry[place].process.pid != pid)
		return NULL;
	return &t->entry[place];
}

/*
 * Gets the pages now.  In a memory cgroup that is full and kills nobody, a
 * process that touches a page that is not there sleeps; this fails instead
 * (madvise(2); not before Linux 5.14).
 */
static bool get_pages(struct entry *from, size_t size)
{
	return madvise(from, size, MADV_POPULATE_WRITE) == 0 || errno != ENOMEM;
}

static bool grow(struct table *t)
{
	int capacity = t->capacity > 0 ? 2 * t->capacity : FIRST_CAPACITY;
	size_t size = (size_t)capacity * sizeof(*t->entry);
	struct entry *entry = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int count = t->count;

	if (entry == MAP_FAILED)
		return false;
	if (!get_pages(entry, size)) {
		(void)munmap(entry, size);
		return false;
	}
	if (count > 0)
		memcpy(entry, t->entry, (size_t)count * sizeof(*entry));
	table_free(t);
	*t = (struct table){ entry, count, capacity };
	return true;
}

struct entry *table_add(struct table *t, const struct process *p)
{
	int place = find_place(t, p->pid);
	struct entry *entry;

	if (place == t->count || t->entry[place].process.pid != p->pid) {
		if (t->count == t->capacity && !grow(t))
			return NULL;
		memmove(&t->entry[place + 1], &t->entry[place],
			(size_t)(t->count - place) * sizeof(*t->entry));
		t->count++;
	}
	entry = &t->entry[place];
	*entry = (struct entry){ .process = *p };
	return entry;
}

int table_fill(struct table *t, const struct time_limit *limit)
{
	struct proc_walk walk;
	struct process p;
	int added = 0;
	int error = proc_open(&walk, limit);
	pid_t pid;

	if (error != 0)
		return error;
	while ((pid = proc_next_pid(&walk)) != 0) {
		if (table_find(t, pid) != NULL || !proc_read(&p, pid))
			continue;
		if (table_add(t, &p) == NULL)
			return added > 0 ? added : -ENOMEM;
		added++;
	}
	return added;
}

void table_free(struct table *t)
{
	if (t->capacity > 0)
		(void)munmap(t->entry, (size_t)t->capacity * sizeof(*t->entry));
	*t = (struct table){ .entry = NULL };
}
