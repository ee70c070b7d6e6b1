/*
 * wait.h - which signals are blocked, and the wait for one.
 */
#ifndef LASTCALL_WAIT_H
#define LASTCALL_WAIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Sets which signals are blocked (bit n-1 is signal n).  Unless `old` is NULL,
 * *old becomes the mask before that.  Returns 0 or -errno.
 */
int spawn_set_mask(uint64_t mask, uint64_t *old);

/*
 * Checks that the wait and the clock work, before the program runs: without
 * them lastcall could do nothing.  Waits for no signal and no time.  Returns 0
 * or -errno.
 */
int wait_check(void);
/*
 * The one wait: for a signal of the set (bit n-1 is signal n), at most left_ns
 * (NEVER_NS: for ever).  Returns the signal, or 0 after that time or when
 * interrupted by a stop and SIGCONT.
 */
int wait_signal(uint64_t set, siginfo_t *info, int64_t left_ns);

/* When work has to end; by clock_ns(). */
struct time_limit {
	int64_t until_ns;
	/* So early if a signal of the set is pending (bit n-1 is signal n). */
	int64_t early_ns;
	uint64_t early_signals;
};

bool wait_has_time(const struct time_limit *limit);
/*
 * Is a signal of the set pending (rt_sigpending(2))?  It stays so.  If the
 * kernel does not tell, none is.
 */
bool wait_is_pending(uint64_t set);

#endif
