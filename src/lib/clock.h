/*
 * clock.h - the time.
 */
#ifndef LASTCALL_CLOCK_H
#define LASTCALL_CLOCK_H

#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define NEVER_NS  INT64_MAX /* a time that never comes */

/*
 * CLOCK_MONOTONIC: every time whose name ends in _ns is of this clock.  Returns
 * -errno where a filter of system calls forbids the call: it cannot fail
 * otherwise.
 */
int64_t clock_ns(void);
/* CLOCK_REALTIME, since 1970. */
int64_t clock_wall_ns(void);

#endif
