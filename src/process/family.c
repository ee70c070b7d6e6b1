/*
 * family.c - the processes below lastcall, and which of them a signal is for.
 *
 * Duty: scan /proc, apply the rule of scope auto, and send a signal to one
 * process.
 *
 * The rule of scope auto.  A process takes a signal when it catches it or has
 * it blocked.  The main process is a target.  A target that takes the signal
 * decides for what it has started: a master drains its own workers, a script
 * with a trap knows how its server wants to be stopped.  A target that does
 * not take it would only die of it, and pass nothing on: its children are
 * targets too, by the same rule, except the reader of a pipe, which ends by
 * end of file: a child whose standard input is a pipe that is not its
 * parent's.
 *
 * Invariants: whether a process is a target is read from what the kernel shows
 * of it, never from names; no signal is sent to a pid whose process may have
 * been reaped by another process and replaced, unless its start time was read
 * right before.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "lib/wait.h"
#include "log/log.h"
#include "process/family.h"
#include "process/proc.h"
#include "process/table.h"

enum {
	ROUNDS_MAX = 8, /* scans for processes forked meanwhile */
};

void family_log_failure(int signal, pid_t pid, int error)
{
	log_begin("signal-failed", LOG_WARNING);
	log_signal("signal", signal);
	log_number("pid", pid);
	log_error("error", error);
	log_end();
}

void family_send_stop(pid_t pid, int signal)
{
	if (pid == 0 || signal == 0)
		return;
	if (kill(pid, signal) < 0)
		family_log_failure(signal, pid, errno);
	(void)kill(pid, SIGCONT);
}

bool family_is_alive(const struct family *f, const struct process *seen)
{
	struct process now;

	if (kill(seen->pid, 0) < 0 && errno == ESRCH)
		return false;
	/* Only lastcall reaps the main process, and has not: the pid is its. */
	if (seen->pid == f->main || !proc_usable())
		return true;
	return proc_read(&now, seen->pid) && now.start == seen->start &&
	       now.state != 'Z';
}

void family_remember(struct family *f, const struct process *p)
{
	struct entry *e = table_find(&f->signalled, p->pid);

	if (e != NULL && e->process.start == p->start)
		return;
	/*
	 * Without memory lastcall does not wait for it, but it gets the signal.
	 */
	(void)table_add(&f->signalled, p);
}

bool family_has_time(const struct family *f)
{
	return wait_has_time(&f->limit);
}

pid_t family_everyone(const struct family *f)
{
	if (f->self == 1)
		return -1;
	return proc_usable() ? 0 : -f->group;
}

bool family_was_signalled(const struct family *f, const struct process *p)
{
	const struct entry *e = table_find(&f->signalled, p->pid);

	return e != NULL && e->process.start == p->start;
}

static bool is_root(const struct family *f, const struct process *p,
		    enum rule rule)
{
	if (rule == RULE_ALL)
		return p->parent == f->self;
	/* A process that entered PID 1's namespace has its parent outside. */
	if (rule != RULE_AUTO && f->self == 1 && p->parent == 0)
		return true;
	/* Without a main process lastcall's children are the roots. */
	return (f->main == 0 ? p->parent == f->self : p->pid == f->main) ||
	       family_was_signalled(f, p);
}

/* It is to be left alone; by RULE_ALL it is a target nevertheless. */
static enum verdict spare(struct family *f, enum rule rule)
{
	f->spared++;
	return rule == RULE_ALL ? VERDICT_TARGET : VERDICT_SPARED;
}

/*
 * Does it end by end of file?  By RULE_ALL one that takes the signal may have
 * something to save, and does not count as a reader.
 */
static bool is_reader(const struct process *p, int signal, enum rule rule,
		      bool root)
{
	return rule != RULE_LEFT_LATE && (rule == RULE_LEFT || !root) &&
	       signal != SIGKILL && p->parent != 0 &&
	       proc_reads_own_pipe(p->pid, p->parent) &&
	       (rule != RULE_ALL || !proc_takes(p, signal, true));
}

/* The verdict on a target: does it decide for what it has started? */
static enum verdict judge(struct family *f, const struct entry *e, int signal,
			  enum rule rule, bool root)
{
	const struct process *p = &e->process;

	if (p->state == 'Z')
		return VERDICT_APART;
	if (is_reader(p, signal, rule, root))
		return spare(f, rule);
	/* It lives on if it ignores the signal, and decides as well. */
	if (rule != RULE_ALL && proc_decides(p, signal, e->has_children))
		return VERDICT_TARGET;
	return VERDICT_EXPANDED;
}

static enum verdict judge_child(struct family *f, const struct entry *e,
				const struct entry *parent, int signal,
				enum rule rule)
{
	if (parent->verdict == VERDICT_APART || e->process.state == 'Z')
		return VERDICT_APART;
	if (parent->verdict != VERDICT_EXPANDED &&
	    (rule < RULE_LEFT_LATE || !proc_takes(&e->process, signal, true)))
		return spare(f, rule);
	return judge(f, e, signal, rule, false);
}

/*
 * Decides on one entry, and before on its ancestors as far as that needs them.
 * Their chain is kept in `link`, not on the stack, as it may be long.
 */
static void decide(struct family *f, struct entry *e, int signal,
		   enum rule rule)
{
	struct table *t = &f->seen;
	struct entry *child = NULL;

	while (e->verdict == VERDICT_NONE) {
		struct entry *parent = table_find(t, e->process.parent);

		if (is_root(f, &e->process, rule)) {
			e->verdict =
				(unsigned char)judge(f, e, signal, rule, true);
		} else if (parent == NULL) {
			e->verdict = VERDICT_APART;
		} else {
			/*
			 * Ends the loop if a reused pid leads back to this
			 * entry.
			 */
			e->verdict = VERDICT_APART;
			e->link = child != NULL ? (int)(child - t->entry) : -1;
			child = e;
			e = parent;
		}
	}
	while (child != NULL) {
		child->verdict =
			(unsigned char)judge_child(f, child, e, signal, rule);
		e = child;
		child = e->link >= 0 ? &t->entry[e->link] : NULL;
	}
}

bool family_is_target(const struct entry *e)
{
	return e->verdict == VERDICT_TARGET || e->verdict == VERDICT_EXPANDED;
}

int family_decide(struct family *f, int signal, enum rule rule)
{
	struct table *t = &f->seen;
	int targets = 0;

	for (int i = 0; i < t->count; i++) {
		struct entry *parent =
			table_find(t, t->entry[i].process.parent);

		if (parent != NULL)
			parent->has_children = true;
	}
	for (int i = 0; i < t->count; i++) {
		struct entry *e = &t->entry[i];

		if (e->verdict != VERDICT_NONE)
			continue;
		decide(f, e, signal, rule);
		targets += family_is_target(e);
	}
	return targets;
}

bool family_scan(struct family *f, int signal, enum rule rule)
{
	struct process main;

	table_free(&f->seen);
	f->seen_all = rule == RULE_ALL;
	f->spared = 0;
	/* The main process comes first, however soon the scan has to end. */
	if (f->main != 0 && proc_read(&main, f->main))
		(void)table_add(&f->seen, &main);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		int added = table_fill(&f->seen, &f->limit);

		if (added < 0 && f->seen.count == 0)
			return false;
		if (family_decide(f, signal, rule) == 0 || !family_has_time(f))
			break;
	}
	return true;
}
