/*
 * runner.c - runs checks, one at a time, each for CHECK_NS at most, and logs
 * when the result changes.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/check.h"
#include "lib/clock.h"
#include "lib/helper.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "log/log.h"
#include "log/writer.h"
#include "process/inherited.h"
#include "ready/runner.h"

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

static void log_reply(const struct check_reply *reply)
{
	static const char *const results[] = {
		[CHECK_ENDED] = "failed",
		[CHECK_SILENT] = "timed-out",
		[CHECK_NOT_STARTED] = "not-started",
	};
	bool yes = runner_says_yes(reply);

	log_begin("ready-check", yes ? LOG_INFO : LOG_WARNING);
	log_text("result", yes ? "ok" : results[reply->kind]);
	if (!yes && reply->kind == CHECK_ENDED)
		log_status(reply->status);
	log_end();
}

/*
 * Logs a reply from a process of its own, which may wait for the reader of
 * stderr.  Returns false if there is none, or if the one before waits still.
 */
static bool start_logging(const struct check_reply *reply, int log_fd)
{
	static pid_t logger;

	if (logger > 0 && helper_wait(logger, 0) == -ETIMEDOUT)
		return false;
	logger = helper_start("lastcall-check");
	if (logger == 0) {
		(void)dup2(log_fd, STDERR_FILENO);
		writer_use_none();
		writer_wait_for_reader();
		log_reply(reply);
		_exit(0);
	}
	return logger > 0;
}

_Noreturn void runner_run(const struct check *check, const struct inherited *in,
			  int fd, int log_fd)
{
	/* What was logged last; the first yes is expected. */
	struct check_reply logged = { .kind = CHECK_ENDED };
	struct check_reply reply;
	char byte;

	while (read(fd, &byte, 1) == 1) {
		reply = ask_once(check, in);
		if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
			break;
		if ((reply.kind != logged.kind ||
		     reply.status != logged.status) &&
		    start_logging(&reply, log_fd))
			logged = reply;
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
