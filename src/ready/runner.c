/*
 * runner.c - runs checks, one at a time, each for CHECK_NS at most, and tells
 * lastcall when the result changes.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/check.h"
#include "lib/clock.h"
#include "lib/helper.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "log/log.h"
#include "process/inherited.h"
#include "ready/runner.h"

enum { KIND_BIT = 16 }; /* a status of waitpid(2) has the bits below */

/* As long as most balancers wait for an answer by default. */
#define CHECK_NS (5 * NS_PER_S)

/* Has lastcall asked for the end?  Other processes may send the same signal. */
static bool is_end(int signal, const siginfo_t *info)
{
	return signal == SIGTERM && info->si_pid == getppid();
}

/*
 * Waits for the check.  Returns false if it has not ended in time: it is killed
 * then, but may not have been reaped, as a process in state D stays.
 */
static bool await(pid_t pid, int *status)
{
	const uint64_t set = signal_bit(SIGCHLD) | signal_bit(SIGTERM);
	int64_t until_ns = clock_ns() + CHECK_NS;

	while (waitpid(pid, status, WNOHANG) == 0) {
		int64_t left_ns = until_ns - clock_ns();
		siginfo_t info;

		if (left_ns > 0 &&
		    !is_end(wait_signal(set, &info, left_ns), &info))
			continue;
		check_kill(pid);
		if (left_ns > 0)
			_exit(0);
		return false;
	}
	return true;
}

static struct check_reply ask_once(const struct check *check,
				   const struct inherited *in)
{
	/* A check that could not even be killed. */
	static pid_t stuck;
	struct check_reply reply = { .kind = CHECK_SILENT, .status = 0 };
	int status = 0;
	pid_t pid;

	if (stuck != 0 && waitpid(stuck, NULL, WNOHANG) == 0)
		return reply;
	stuck = 0;
	pid = check_start(check, in, STDERR_FILENO);
	if (pid < 0) {
		reply.kind = CHECK_NOT_STARTED;
	} else if (!await(pid, &status)) {
		stuck = pid;
	} else {
		reply.kind = CHECK_ENDED;
		reply.status = status;
	}
	return reply;
}

int runner_value(const struct check_reply *reply)
{
	return (int)reply->kind << KIND_BIT | reply->status;
}

void runner_log(int value)
{
	static const char *const results[] = {
		[CHECK_ENDED] = "failed",
		[CHECK_SILENT] = "timed-out",
		[CHECK_NOT_STARTED] = "not-started",
		"failed", /* as any process can send a value */
	};
	unsigned kind = (unsigned)value >> KIND_BIT;

	log_begin("ready-check", value == 0 ? LOG_INFO : LOG_WARNING);
	log_text("result", value == 0 ? "ok" : results[kind & 3]);
	if (value != 0 && kind == CHECK_ENDED)
		log_status(value);
	log_end();
}

/*
 * Tells lastcall, which logs it.  The kernel queues the signal, unless the user
 * has as many queued as may be (RLIMIT_SIGPENDING): then it returns false.
 */
static bool tell(const struct check_reply *reply)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_value.sival_int = runner_value(reply);
	return syscall(SYS_rt_sigqueueinfo, getppid(), HELPER_SIGNAL, &info) ==
	       0;
}

_Noreturn void runner_run(const struct check *check, const struct inherited *in,
			  int fd)
{
	/* What was told last; the first yes is expected. */
	int told = 0;
	struct check_reply reply;
	char byte;

	while (read(fd, &byte, 1) == 1) {
		reply = ask_once(check, in);
		if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
			break;
		if (runner_value(&reply) != told && tell(&reply))
			told = runner_value(&reply);
	}
	_exit(0);
}

bool runner_ask(int fd)
{
	return send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

bool runner_take(int fd, struct check_reply *reply)
{
	return recv(fd, reply, sizeof(*reply), MSG_DONTWAIT) ==
	       (ssize_t)sizeof(*reply);
}

bool runner_says_yes(const struct check_reply *reply)
{
	return reply->kind == CHECK_ENDED && reply->status == 0;
}

void runner_explain(struct text *t, const struct check_reply *reply)
{
	text_add(t, "the check");
	switch (reply->kind) {
	case CHECK_ENDED:
		check_explain(t, reply->status);
		return;
	case CHECK_SILENT:
		text_format(t, " did not end within %t", CHECK_NS);
		return;
	case CHECK_NOT_STARTED:
		text_add(t, " cannot be started");
		return;
	}
}
