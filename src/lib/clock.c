/*
 * clock.c - the time.
 *
 * Duty: read the kernel's clocks (clock_gettime(2)).
 */
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;
	long result;

#ifdef SYS_clock_gettime64
	/*
	 * With 32 bits there are two calls: libc knows which one the kernel
	 * has.
	 */
	result = clock_gettime(clock, &now);
#else
	/*
	 * A raw call takes 100 ns more than the vDSO's, once a wake-up; libc's
	 * look-up of the vDSO would take 1 KB.
	 */
	result = syscall(SYS_clock_gettime, clock, &now);
#endif
	return result < 0 ? -errno : now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}
