/*
 * proc.h - processes, as /proc shows them (proc(5)).  Nothing in it is trusted:
 * a process that cannot be read or makes no sense counts as not there.
 */
#ifndef LASTCALL_PROC_H
#define LASTCALL_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/wait.h"

enum {
	NAME_MAX_LEN = 16, /* a process name, as in TASK_COMM_LEN */
};

struct process {
	pid_t pid;
	pid_t parent;
	pid_t group;
	char state;	/* R, S, D, T, ...; Z only when no thread is left */
	uint64_t start; /* in clock ticks: shows if a pid was reused */
	uint32_t blocked, ignored, caught; /* bit n-1 is signal n, to 31 */
	char name[NAME_MAX_LEN];
};

/*
 * Is there a procfs at /proc that shows lastcall's own PID namespace?  Opened
 * at the first call that finds one, and kept open from then on.
 */
bool proc_usable(void);
extern int proc_fd; /* it; only for those who close all others */
/* Does it also show which signals a process blocks, ignores and catches? */
bool proc_shows_signals(void);
/* Reads one process; false: it is not there. */
bool proc_read(struct process *p, pid_t pid);
/* open(2) of /proc/PID/file, close-on-exec.  Returns a descriptor or -errno. */
int proc_open_file(pid_t pid, const char *file, int flags);
/*
 * Reads the beginning of /proc/PID/file as a string; size counts its NUL.
 * Returns its length; 0: it cannot be read.
 */
ssize_t proc_read_file(pid_t pid, const char *file, char *bytes, size_t size);
/* Pure: takes a line of /proc/PID/stat apart; false: it is not one. */
bool proc_parse_stat(const char *line, size_t length, struct process *p);
/*
 * Does the process take the signal: does it catch it, or have it blocked
 * (sigwait(3), signalfd(2))?  With ask_closer, which costs one more read for a
 * process that seems not to, also: does it wait in sigwait(3) at this moment?
 */
bool proc_takes(const struct process *p, int signal, bool ask_closer);
bool proc_ignores(const struct process *p, int signal);
/*
 * Would kill(2) merge the signal with one that is pending, for want of room in
 * the queue (RLIMIT_SIGPENDING)?
 */
bool proc_merges(pid_t pid, int signal);
/*
 * Does the process decide what the signal means for what it has started?  It
 * does if it takes the signal, and if it ignores it, as it lives on then.
 */
bool proc_decides(const struct process *p, int signal, bool ask_closer);
/*
 * Is its standard input a pipe that is not its parent's?  Also false where that
 * may not be read (ptrace(2), PTRACE_MODE_READ_FSCREDS).
 */
bool proc_reads_own_pipe(pid_t pid, pid_t parent);

/*
 * A walk through /proc: proc_open(), then proc_next() until it returns false,
 * or proc_next_pid() until 0.  It ends at its limit, wherever it is.  One walk
 * at a time.
 */
struct proc_walk {
	pid_t self;
	const struct time_limit *limit;
	int length, next; /* of the entries in `bytes` */
	_Alignas(uint64_t) char bytes[4096];
};

/* Returns 0, or -errno: there is no usable /proc. */
int proc_open(struct proc_walk *walk, const struct time_limit *limit);
/* The next process that is not lastcall itself; zombies are included. */
bool proc_next(struct proc_walk *walk, struct process *p);
pid_t proc_next_pid(struct proc_walk *walk);

#endif
