/*
 * helper.c - starts and awaits processes of lastcall's own.
 *
 * Duty: the clone, and the list of those that are not reaped yet.  Invariants:
 * helper_wait() is limited in time, and waits only in wait_signal().
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/helper.h"
#include "lib/wait.h"

enum {
	PAUSE_FIRST_NS = 50000, /* about as long as a small helper lives */
	PAUSE_MOST_NS = 5000000,
	DESCRIPTORS_MAX = 65536, /* at most these are closed one by one */
};

static pid_t helpers[HELPER_MAX]; /* 0: free */

static pid_t *helper_find(pid_t pid)
{
	for (int i = 0; i < HELPER_MAX; i++)
		if (helpers[i] == pid)
			return &helpers[i];
	return NULL;
}

/* fork(2), except that another signal tells the parent of the end. */
static pid_t fork_unseen(void)
{
	const long signal = HELPER_SIGNAL;

#ifdef __s390x__
	return (pid_t)syscall(SYS_clone, 0L, signal, 0L, 0L, 0L);
#else
	return (pid_t)syscall(SYS_clone, signal, 0L, 0L, 0L, 0L);
#endif
}

bool helper_has_ended(int signal, const siginfo_t *info)
{
	/* A process cannot send a code above 0 (rt_sigqueueinfo(2)). */
	return signal == HELPER_SIGNAL && info->si_code > 0;
}

pid_t helper_start(const char *name)
{
	pid_t *slot = helper_find(0);
	pid_t parent = getpid();
	pid_t pid;

	if (slot == NULL)
		return -EAGAIN;
	pid = fork_unseen();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		*slot = pid;
		return pid;
	}
	(void)prctl(PR_SET_NAME, name);
	(void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
	/* The parent may have ended before that. */
	if (getppid() != parent)
		_exit(0);
	return 0;
}

/*
 * If close_range(2) is missing (before Linux 5.9) or refused, closes them one
 * by one, as far as their numbers are likely to go.
 */
static void close_all(int first, int last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (int fd = first; fd <= last && fd < DESCRIPTORS_MAX; fd++)
		(void)close(fd);
}

void helper_close_except(const int *kept, int count)
{
	int first = STDERR_FILENO + 1;

	for (int i = 0; i < count; i++) {
		if (kept[i] < first)
			continue;
		close_all(first, kept[i] - 1);
		first = kept[i] + 1;
	}
	close_all(first, INT32_MAX);
}

bool helper_is(pid_t pid)
{
	return pid > 0 && helper_find(pid) != NULL;
}

bool helper_any(void)
{
	for (int i = 0; i < HELPER_MAX; i++)
		if (helpers[i] != 0)
			return true;
	return false;
}

bool helper_reaped(pid_t pid)
{
	pid_t *slot = pid > 0 ? helper_find(pid) : NULL;

	if (slot != NULL)
		*slot = 0;
	return slot != NULL;
}

/*
 * The signal of a helper's end belongs to the loop, and may be that of another
 * helper.  So this checks for the end again and again, at first after a moment,
 * as most helpers end at once.
 */
int helper_wait(pid_t pid, int64_t until_ns)
{
	int64_t pause_ns = PAUSE_FIRST_NS;
	int status;

	for (;;) {
		int64_t left_ns = until_ns - clock_ns();
		pid_t ended = waitpid(pid, &status, WNOHANG | __WALL);

		if (ended == pid || ended < 0) {
			(void)helper_reaped(pid);
			if (ended < 0)
				return -ECHILD;
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : EXIT_SIGNAL;
		}
		if (left_ns <= 0)
			return -ETIMEDOUT;
		(void)wait_signal(0, NULL,
				  pause_ns < left_ns ? pause_ns : left_ns);
		if (pause_ns < PAUSE_MOST_NS)
			pause_ns *= 2;
	}
}

void helper_finish(int64_t until_ns)
{
	for (int i = 0; i < HELPER_MAX; i++)
		if (helpers[i] != 0)
			(void)helper_wait(helpers[i], until_ns);
}
