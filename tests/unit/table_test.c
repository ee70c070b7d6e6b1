/*
 * table_test.c - the table of processes: it grows with their number, and is
 * searched by pid in whatever order they came.
 */
#include "process/table.h"
#include "tap.h"

enum { MANY = 50000 }; /* more than a 16-bit pid, in an order of no kind */

static struct process process_of(int i)
{
	/* A permutation of 0 to MANY - 1: 7919 is prime to it. */
	int pid = (int)((int64_t)i * 7919 % MANY) + 1;

	return (struct process){ .pid = pid, .start = (uint64_t)i };
}

static bool holds_all(const struct table *t)
{
	for (int i = 0; i < MANY; i++) {
		struct process p = process_of(i);
		const struct entry *e = table_find(t, p.pid);

		if (e == NULL || e->process.pid != p.pid ||
		    e->process.start != p.start)
			return false;
	}
	return true;
}

static bool is_in_order(const struct table *t)
{
	for (int i = 1; i < t->count; i++)
		if (t->entry[i - 1].process.pid >= t->entry[i].process.pid)
			return false;
	return true;
}

int main(void)
{
	struct table t = { .entry = NULL };
	struct process again = { .pid = 77, .start = 99 };
	bool added = true;

	ok("an empty table has nobody", table_find(&t, 1) == NULL);
	for (int i = 0; i < MANY; i++) {
		struct process p = process_of(i);

		added = added && table_add(&t, &p) != NULL;
	}
	ok("50,000 processes have room", added && t.count == MANY);
	ok("each is found by its pid", holds_all(&t) && is_in_order(&t));
	ok("who is not there is not found",
	   table_find(&t, MANY + 1) == NULL && table_find(&t, 0) == NULL);
	table_find(&t, 77)->verdict = VERDICT_TARGET;
	(void)table_add(&t, &again);
	ok("who has a reused pid takes the old one's place",
	   t.count == MANY && table_find(&t, 77)->process.start == 99 &&
		   table_find(&t, 77)->verdict == VERDICT_NONE);
	table_free(&t);
	ok("it gives its memory back", t.count == 0 && t.capacity == 0);
	return tap_end();
}
