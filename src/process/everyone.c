/*
 * everyone.c - deals with the processes that are left.
 *
 * Duty: the last call, the sweep's SIGTERM, the names of survivors, SIGKILL.
 *
 * Invariant: SIGKILL goes to every process, whatever --scope is.
 */
#include <signal.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/wait.h"
#include "process/everyone.h"
#include "process/family.h"
#include "process/proc.h"
#include "process/table.h"

enum {
	NAME_MS = 5,	     /* for reading the names of survivors */
	KILL_ROUNDS_MAX = 8, /* scans for processes forked meanwhile */
	KILL_MS = 800,	     /* for a subreaper's scans for processes to kill */
};

/* Sends SIGTERM to a process that was never sent a stop signal. */
static bool tell(struct family *f, const struct entry *e)
{
	if (family_was_signalled(f, &e->process) ||
	    !family_is_alive(f, &e->process))
		return false;
	/*
	 * Wait only for our own descendants; the others are not ours to reap.
	 */
	if (family_is_target(e))
		family_remember(f, &e->process);
	family_send_stop(e->process.pid, SIGTERM);
	return true;
}

int everyone_find(struct family *f, bool last_call)
{
	int called = 0;

	if (!family_scan(f, SIGTERM, RULE_ALL))
		return 0;
	for (int i = 0; last_call && i < f->seen.count && family_has_time(f);
	     i++) {
		const struct entry *e = &f->seen.entry[i];

		/* As PID 1 also processes that are not its descendants. */
		if (e->verdict == VERDICT_EXPANDED ||
		    (e->verdict == VERDICT_APART && f->self == 1 &&
		     e->process.state != 'Z'))
			called += tell(f, e);
	}
	return called;
}

int everyone_survivors(const struct family *f, struct survivor *list)
{
	const struct entry *main = table_find(&f->seen, f->main);
	/* The SIGKILL waits for this. */
	int64_t until_ns = clock_ns() + NAME_MS * NS_PER_MS;
	struct process p;
	int count = 0;

	for (int i = main != NULL ? -1 : 0;
	     f->seen_all && i < f->seen.count && count < SURVIVOR_MAX &&
	     clock_ns() < until_ns;
	     i++) {
		const struct entry *e = i < 0 ? main : &f->seen.entry[i];

		if (!family_is_target(e) || (i >= 0 && e == main) ||
		    !proc_read(&p, e->process.pid) ||
		    p.start != e->process.start || p.state == 'Z')
			continue;
		list[count].pid = p.pid;
		list[count].state = p.state;
		memcpy(list[count].name, p.name, sizeof(p.name));
		count++;
	}
	return count;
}

int everyone_killed(const struct family *f)
{
	int count = 0;

	if (f->seen.capacity == 0)
		return -1;
	for (int i = 0; i < f->seen.count; i++)
		count += family_is_target(&f->seen.entry[i]) &&
			 kill(f->seen.entry[i].process.pid, 0) == 0;
	return count;
}

int everyone_sweep(struct family *f, enum rule rule)
{
	int left = 0;

	f->sweep_rule = rule;
	f->orphans = false;
	if (!family_scan(f, SIGTERM, rule)) {
		if (family_everyone(f) != 0)
			family_send_stop(family_everyone(f), SIGTERM);
		return -1;
	}
	for (int i = 0; i < f->seen.count && family_has_time(f); i++) {
		struct entry *e = &f->seen.entry[i];
		struct entry *told;

		left += e->verdict != VERDICT_APART;
		if (!family_is_target(e) || !tell(f, e))
			continue;
		told = table_find(&f->signalled, e->process.pid);
		if (told != NULL && e->verdict == VERDICT_TARGET)
			told->has_children = e->has_children;
	}
	return left;
}

/* SIGKILL to those that scans have found, once to each. */
static void kill_found(struct family *f)
{
	for (int i = 0; i < f->seen.count; i++) {
		struct entry *e = &f->seen.entry[i];

		if (e->killed || !family_is_target(e))
			continue;
		e->killed = true;
		if (family_is_alive(f, &e->process))
			(void)kill(e->process.pid, SIGKILL);
	}
}

void everyone_kill(struct family *f)
{
	/* A scan for the targets of a signal has left out other processes. */
	if (!f->seen_all)
		table_free(&f->seen);
	f->seen_all = true;
	if (f->self == 1) {
		(void)kill(-1, SIGKILL);
		return;
	}
	/* Once the main process was reaped, its group may be a stranger's. */
	if (f->group != 0 && (f->main != 0 || !proc_usable()))
		(void)kill(-f->group, SIGKILL);
	else if (f->main != 0)
		(void)kill(f->main, SIGKILL);
	/*
	 * Those of the last scan at once; everyone_kill_others() finds others.
	 */
	kill_found(f);
}

/*
 * Keeps what earlier scans have found, so that it gets on even where /proc is
 * slow.  Failures are not logged, as this is done again and again.
 */
void everyone_kill_others(struct family *f)
{
	const struct time_limit limit = {
		.until_ns = clock_ns() + KILL_MS * NS_PER_MS,
	};

	if (f->self == 1)
		return;
	for (int round = 0; round < KILL_ROUNDS_MAX; round++) {
		if (table_fill(&f->seen, &limit) < 0 ||
		    family_decide(f, SIGKILL, RULE_ALL) == 0)
			return;
		kill_found(f);
		if (!wait_has_time(&limit))
			return;
	}
}
