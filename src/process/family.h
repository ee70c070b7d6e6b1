/*
 * family.h - the processes below lastcall, and which of them a signal is for.
 */
#ifndef LASTCALL_FAMILY_H
#define LASTCALL_FAMILY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/wait.h"
#include "process/resend.h"
#include "process/table.h"

enum scope { SCOPE_AUTO, SCOPE_CHILD, SCOPE_GROUP, SCOPE_ALL };

/* Which processes a scan is for. */
enum rule {
	RULE_AUTO, /* the processes that a signal is for in scope auto */
	/* By the rule of scope auto, from each child of lastcall on. */
	RULE_LEFT,
	/*
	 * The same, and also those that read a pipe, and those that another
	 * process decides for and that take the signal.
	 */
	RULE_LEFT_LATE,
	/*
	 * Every descendant of lastcall; as PID 1 the callers add those that
	 * entered the namespace from outside.  VERDICT_TARGET is for those that
	 * read a pipe and would only die of the signal, which would break the
	 * pipe, and for what they have started and dies of it, too.
	 */
	RULE_ALL,
};

struct family {
	pid_t main;	  /* 0 once reaped */
	pid_t group;	  /* the main process's, even once it is reaped; 0:
			     lastcall's */
	pid_t self;	  /* lastcall's pid; 1: every process is ours */
	enum scope scope; /* --scope */
	/*
	 * When a scan of /proc has to end, and what is done with what it has
	 * found: SIGKILL is due, or a stop request is pending.
	 */
	struct time_limit limit;
	struct table seen; /* the last scan of /proc */
	bool seen_all;	   /* whether that was by RULE_ALL */
	int ahead;	   /* the signal of targets_find_ahead(), or 0 */
	int spared;   /* of the last scan: processes that are not to be told */
	bool orphans; /* a process that decided for its children has ended */
	enum rule sweep_rule;	/* of the sweep so far */
	struct table signalled; /* processes that were sent a stop signal */
	struct resend resend;	/* signals that could not be forwarded yet */
};

/*
 * Fills `seen` with the processes that exist, as far as they are found within
 * f->limit, and decides which are targets of the signal.  Scans again while a
 * scan finds new targets, forked meanwhile, though not without end.  Returns
 * false if there is no /proc.
 */
bool family_scan(struct family *f, int signal, enum rule rule);
bool family_has_time(const struct family *f);
/* Decides on every entry that is undecided; returns how many are targets. */
int family_decide(struct family *f, int signal, enum rule rule);
bool family_is_target(const struct entry *e);
/* Is it still there, and the same process? */
bool family_is_alive(const struct family *f, const struct process *seen);
/* The pid by which one kill(2) reaches every process; 0: there is none. */
pid_t family_everyone(const struct family *f);

/*
 * Sends the signal, and SIGCONT: a stopped process acts on a signal only when
 * it is continued.  A failure is logged.
 */
void family_send_stop(pid_t pid, int signal);
void family_log_failure(int signal, pid_t pid, int error);
/* Remembers a process that was sent a stop signal. */
void family_remember(struct family *f, const struct process *p);
bool family_was_signalled(const struct family *f, const struct process *p);

#endif
