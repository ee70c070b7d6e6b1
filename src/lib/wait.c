/*
 * wait.c - the one wait, and the signal mask.
 *
 * Duty: the raw system calls for both, as libc's functions do not serve.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/signals.h"
#include "lib/wait.h"

/* What the raw call takes, whatever libc's time_t is. */
struct kernel_timespec {
	long seconds, nanoseconds;
};

/*
 * The raw call: libc's sigprocmask() leaves out the two or three signals that
 * libc uses for itself (32 to 34), which could then end lastcall.
 */
int spawn_set_mask(uint64_t mask, uint64_t *old)
{
	return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, old,
		       SIGNAL_MAX / 8) < 0
		       ? -errno
		       : 0;
}

/*
 * The raw call: libc's may restart the interval, and does not take the signals
 * that libc uses itself (rt_sigtimedwait(2)).
 */
int wait_signal(uint64_t set, siginfo_t *info, int64_t left_ns)
{
	struct kernel_timespec left, *timeout = NULL;
	long signal;

	if (left_ns != NEVER_NS) {
		if (left_ns < 0)
			left_ns = 0;
		left.seconds = (long)(left_ns / NS_PER_S);
		left.nanoseconds = (long)(left_ns % NS_PER_S);
		timeout = &left;
	}
	signal = syscall(SYS_rt_sigtimedwait, &set, info, timeout, sizeof(set));
	return signal > 0 ? (int)signal : 0;
}

bool wait_is_pending(uint64_t set)
{
	uint64_t pending = 0;

	(void)syscall(SYS_rt_sigpending, &pending, sizeof(pending));
	return (pending & set) != 0;
}

bool wait_has_time(const struct time_limit *limit)
{
	int64_t now_ns = clock_ns();

	if (now_ns >= limit->until_ns)
		return false;
	return limit->early_signals == 0 || now_ns < limit->early_ns ||
	       !wait_is_pending(limit->early_signals);
}

int wait_check(void)
{
	static const struct kernel_timespec zero;
	static const uint64_t none;
	int64_t now_ns = clock_ns();

	if (now_ns < 0)
		return (int)now_ns;
	if (syscall(SYS_rt_sigtimedwait, &none, NULL, &zero, sizeof(none)) <
		    0 &&
	    errno != EAGAIN)
		return -errno;
	return 0;
}
