/*
 * signal_set.h - a set of signals as the kernel has it (sigset(3) of libc
 * leaves some out): a bit for each, signal 1 in bit 0.
 */
#ifndef LASTCALL_SIGNAL_SET_H
#define LASTCALL_SIGNAL_SET_H

#include <stdbool.h>
#include <stdint.h>

/* The set of this signal (1 to 64) alone. */
static inline uint64_t signal_bit(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

static inline bool signal_in(uint64_t set, int signal)
{
	return (set & signal_bit(signal)) != 0;
}

#endif
