/*
 * signals.c - the one table of signals: reads and writes their names.
 *
 * Pure.  Real-time signals are counted from 34 to 64 whatever the libc says
 * (musl keeps 34 for itself, and its SIGRTMIN is 35): systemd's RTMIN+3 has
 * to be the same signal here.  32 and 33 are libc's own and have no name.
 */
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/signals.h"
#include "lib/text.h"

static const char names[][8] = {
	[SIGHUP] = "HUP",	[SIGINT] = "INT",	[SIGQUIT] = "QUIT",
	[SIGILL] = "ILL",	[SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT",
	[SIGBUS] = "BUS",	[SIGFPE] = "FPE",	[SIGKILL] = "KILL",
	[SIGUSR1] = "USR1",	[SIGSEGV] = "SEGV",	[SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE",	[SIGALRM] = "ALRM",	[SIGTERM] = "TERM",
	[SIGSTKFLT] = "STKFLT", [SIGCHLD] = "CHLD",	[SIGCONT] = "CONT",
	[SIGSTOP] = "STOP",	[SIGTSTP] = "TSTP",	[SIGTTIN] = "TTIN",
	[SIGTTOU] = "TTOU",	[SIGURG] = "URG",	[SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ",	[SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF",
	[SIGWINCH] = "WINCH",	[SIGIO] = "IO",		[SIGPWR] = "PWR",
	[SIGSYS] = "SYS",
};
_Static_assert(sizeof(names) / sizeof(*names) == 32, "signals 1 to 31");

/* Other names for the same numbers (signal(7)). */
static const struct {
	const char *name;
	int signal;
} aliases[] = {
	{ "IOT", SIGABRT },
	{ "CLD", SIGCHLD },
	{ "POLL", SIGIO },
};

const char *signal_standard_name(int signal)
{
	return signal >= 1 && signal <= 31 ? names[signal] : NULL;
}

/* Reads a number of one or two digits; -1 if it is not one. */
static int small_number(const char *s, size_t length)
{
	int n = 0;

	if (length < 1 || length > 2)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n;
}

static bool is_name(const char *s, size_t length, const char *name)
{
	return strlen(name) == length && text_same(s, name, length);
}

/* Reads RTMIN, RTMIN+n, RTMAX or RTMAX-n; 0 if it is none of them. */
static int real_time(const char *s, size_t length)
{
	bool from_min = length >= 5 && is_name(s, 5, "RTMIN");
	int base = from_min ? SIGNAL_RTMIN : SIGNAL_MAX;
	int offset;

	if (!from_min && !(length >= 5 && is_name(s, 5, "RTMAX")))
		return 0;
	if (length == 5)
		return base;
	if (s[5] != (from_min ? '+' : '-'))
		return 0;
	offset = small_number(s + 6, length - 6);
	if (offset < 0 || offset > SIGNAL_MAX - SIGNAL_RTMIN)
		return 0;
	return from_min ? base + offset : base - offset;
}

int signal_parse(const char *s, size_t length)
{
	int n = small_number(s, length);

	if (n >= 0)
		return n <= SIGNAL_MAX ? n : 0;
	if (length > 3 && text_same(s, "SIG", 3)) {
		s += 3;
		length -= 3;
	}
	for (n = 1; n <= 31; n++)
		if (is_name(s, length, names[n]))
			return n;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (is_name(s, length, aliases[i].name))
			return aliases[i].signal;
	return real_time(s, length);
}

void signal_suggest(struct text *t, const char *s, size_t length)
{
	size_t prefix = length > 3 && text_same(s, "SIG", 3) ? 3 : 0;
	struct nearest nearest = { s + prefix, length - prefix, DISTANCE_FAR,
				   "" };

	/* There are several words, of which one may well be right. */
	if (strcspn(s, ",:") < length)
		return;
	for (int n = 1; n <= 31; n++)
		text_try(&nearest, names[n]);
	text_meant(t, nearest.word);
}

void signal_name(struct text *t, int signal)
{
	if (signal_standard_name(signal)) {
		text_add(t, names[signal]);
	} else if (signal >= SIGNAL_RTMIN && signal <= SIGNAL_MAX) {
		text_format(t, signal > SIGNAL_RTMIN ? "RTMIN+%d" : "RTMIN",
			    signal - SIGNAL_RTMIN);
	} else {
		text_number(t, signal);
	}
}
