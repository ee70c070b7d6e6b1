/*
 * signals.h - the one table of signals.
 */
#ifndef LASTCALL_SIGNALS_H
#define LASTCALL_SIGNALS_H

#include <stddef.h>

#include "lib/text.h"

enum {
	SIGNAL_MAX = 64,   /* the kernel's _NSIG, on any libc */
	SIGNAL_RTMIN = 34, /* as glibc and systemd count; musl says 35 */
};

/*
 * Reads TERM, SIGTERM, term, 15, RTMIN+3, SIGRTMAX-1.  Returns 1 to 64, or 0 if
 * the `length` bytes at s are not a signal.
 */
int signal_parse(const char *s, size_t length);
/* Adds "did you mean ...?" if the text is near the name of a signal. */
void signal_suggest(struct text *t, const char *s, size_t length);
/* Writes the name without SIG (TERM, RTMIN+3); the number if it has none. */
void signal_name(struct text *t, int signal);
/* The signals from 1 to 31 by number, NULL where there is none (signal(7)). */
const char *signal_standard_name(int signal);

#endif
