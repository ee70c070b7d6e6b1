/*
 * resend.h - signals for which a process's queue has no room at the moment.
 *
 * Real-time signals are queued, up to the receiver's RLIMIT_SIGPENDING, which
 * counts what is queued for all processes of its user.  When that is reached
 * kill(2) merges a signal with one of the same number that is pending, and says
 * nothing; rt_sigqueueinfo(2) fails with EAGAIN.  A signal that would be lost
 * that way is kept and sent again a little later.  Meanwhile further real-time
 * signals stay in lastcall's own queue, so that their senders are told when
 * that is full.
 */
#ifndef LASTCALL_RESEND_H
#define LASTCALL_RESEND_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { UNSENT_MAX = 4 };

/* A signal that is kept. */
struct unsent {
	pid_t to;	/* as kill(2) takes it */
	pid_t pid;	/* the process whose queue is checked */
	uint64_t start; /* of that process, as in struct process */
	siginfo_t info; /* with the value; si_signo is the signal */
};

/* All zero at first. */
struct resend {
	struct unsent unsent[UNSENT_MAX + 1]; /* the last is for a new one */
	int count;
	int64_t until_ns; /* when signals are given up; 0: none was refused */
	pid_t lost_pid;	  /* whose queue has lost the last one */
	int lost_signal;
	int lost_count;	 /* lost signals that are not logged yet */
	int64_t said_ns; /* when lost ones were last logged */
};

/*
 * Sends a signal, with the value of *info (NULL: none) where `to` is one
 * process, or keeps it where the queue of `pid` is full.  Returns 0 or -errno
 * (kill(2)).
 */
int resend_send(struct resend *r, pid_t to, pid_t pid, int signal,
		const siginfo_t *info);
/*
 * To be called at every wake-up: sends what is kept, or gives it up, and logs
 * what was lost, at most once a second.
 */
void resend_tend(struct resend *r);
/* Logs at once what was lost: called at the exit. */
void resend_say_lost(struct resend *r);
/* How long to wait: left_ns, or less if a signal is kept or to be logged. */
int64_t resend_left_ns(const struct resend *r, int64_t left_ns);
/*
 * The signals to wait for: while one is kept, no real-time signal except that
 * of the helpers.
 */
uint64_t resend_wait_set(const struct resend *r);

#endif
