/*
 * sigprint - prints the signals that it receives, each on a line of stdout:
 *
 *     READY pid=7 pgrp=7 sid=7
 *     TERM 15
 *     RTMIN+1 35 value=42        queued with sigqueue(3)
 *
 * It takes every signal from 1 to 64 but KILL and STOP, keeps those that
 * were pending, and only says READY when none can be lost any more.
 *
 *     -i SIG,...    ignore these (really: SIG_IGN), by number
 *     -x SIG        exit when this one has come, by number
 *     -n N          exit after N signals
 *     -c CODE       the exit code, 0 if not given
 *     -t MS         exit after so long, whatever comes
 *     -d MS         work this much longer after the signal of -x or -n
 *     -w SIG        take no signal until this one has come, by number
 *
 * A handler is not needed: it blocks them all and takes one at a time with
 * the raw system call, as glibc keeps 32 and 33 to itself.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {
	NULL,	  "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
	"FPE",	  "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
	"STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
	"XCPU",	  "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
};

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void print(const siginfo_t *info)
{
	int n = info->si_signo;

	if (n < 32)
		printf("%s %d", names[n], n);
	else if (n < 34)
		printf("%d %d", n, n);
	else if (n == 34)
		printf("RTMIN %d", n);
	else
		printf("RTMIN+%d %d", n - 34, n);
	if (info->si_code == SI_QUEUE)
		printf(" value=%d", info->si_value.sival_int);
	puts("");
}

/* The kernel's layout: libc's sigaction would not take 32 and 33. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/*
 * Ignores the listed signals and returns them as a set.  One that is ignored
 * but blocked would be queued all the same, so they must not be blocked.
 */
static uint64_t ignore(char *list)
{
	struct kernel_sigaction act = { .handler = SIG_IGN };
	uint64_t set = 0;

	for (char *s = strtok(list, ","); s; s = strtok(NULL, ",")) {
		syscall(SYS_rt_sigaction, atoi(s), &act, NULL, 8);
		set |= UINT64_C(1) << (atoi(s) - 1);
	}
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	return set;
}

int main(int argc, char **argv)
{
	uint64_t all = ~UINT64_C(0), first = 0;
	int64_t until_ms = INT64_MAX;
	int exit_signal = 0;
	int count = -1;
	int code = 0;
	int delay_ms = 0;
	int option;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 8);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt(argc, argv, "i:x:n:c:t:d:w:")) != -1) {
		switch (option) {
		case 'i':
			all &= ~ignore(optarg);
			break;
		case 'x':
			exit_signal = atoi(optarg);
			break;
		case 'n':
			count = atoi(optarg);
			break;
		case 'c':
			code = atoi(optarg);
			break;
		case 't':
			until_ms = clock_ms() + atoi(optarg);
			break;
		case 'd':
			delay_ms = atoi(optarg);
			break;
		case 'w':
			first = UINT64_C(1) << (atoi(optarg) - 1);
			break;
		default:
			return 2;
		}
	}

	printf("READY pid=%d pgrp=%d sid=%d\n", getpid(), getpgrp(), getsid(0));
	if (first != 0)
		while (syscall(SYS_rt_sigtimedwait, &first, NULL, NULL, 8) < 0)
			;
	while (count != 0) {
		int64_t left_ms = until_ms - clock_ms();
		struct timespec wait;
		siginfo_t info;
		long n;

		if (left_ms <= 0)
			return code;
		if (left_ms > 1000000)
			left_ms = 1000000;
		wait.tv_sec = (time_t)(left_ms / 1000);
		wait.tv_nsec = (long)(left_ms % 1000 * 1000000);
		n = syscall(SYS_rt_sigtimedwait, &all, &info, &wait, 8);
		if (n < 0)
			continue;
		print(&info);
		if (count > 0)
			count--;
		if (n == exit_signal)
			break;
	}
	if (delay_ms > 0) {
		struct timespec work = { delay_ms / 1000,
					 delay_ms % 1000 * 1000000L };

		while (nanosleep(&work, &work) && errno == EINTR)
			;
		puts("DONE");
	}
	return code;
}
