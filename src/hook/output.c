/*
 * output.c - logs what a hook's command writes, line by line.
 *
 * Duty: the pipe, the lines, and to end as the command ends.  Invariants: it
 * runs in the hook's process, which may wait for the reader of the log, as the
 * command would; both are in the hook's group, so that the SIGKILL at the
 * hook's limit ends both.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/output.h"
#include "lib/descriptor.h"
#include "lib/errors.h"
#include "log/log.h"
#include "process/spawn.h"

enum {
	OUTPUT_LINE_MAX = 600, /* more than fits into one event */
	READ_MAX = 512,
	PAUSE_MS = 100, /* a line without an end is logged after this */
};

struct output {
	const char *phase;
	const char *hook;
	int fd;
	size_t length;
	char line[OUTPUT_LINE_MAX + 1];
};

/*
 * Logs the line: if it has ended, all of it, in as many events as that takes,
 * else as much as fits into one event.
 */
static void output_put(struct output *o, bool has_ended)
{
	const char *at = o->line;
	size_t taken;

	o->line[o->length] = '\0';
	do {
		log_begin("hook-output", LOG_INFO);
		log_text("phase", o->phase);
		log_text("hook", o->hook);
		taken = log_part("message", at);
		at += taken;
		if (*at != '\0' || !has_ended)
			log_flag("partial", true);
		log_end();
	} while (has_ended && taken > 0 && *at != '\0');
	o->length = has_ended ? 0 : strlen(at);
	memmove(o->line, at, o->length);
}

/* Returns how many bytes there were; 0 or less at the end. */
static ssize_t output_read(struct output *o)
{
	char bytes[READ_MAX];
	ssize_t count = read(o->fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < count; i++) {
		if (bytes[i] == '\n') {
			output_put(o, true);
			continue;
		}
		/* A NUL becomes a byte that is logged as U+FFFD. */
		o->line[o->length++] = bytes[i] != '\0' ? bytes[i] : '\xff';
		if (o->length == OUTPUT_LINE_MAX)
			output_put(o, false);
	}
	return count;
}

/*
 * Logs until the command has ended; returns its status, as wait(2) gives it.
 * Checks for its end now and then, as processes that it has started may keep
 * the pipe open for longer; mostly the pipe ends together with the command.
 */
static int output_follow(struct output *o, pid_t pid)
{
	struct pollfd ready = { .fd = o->fd, .events = POLLIN };
	int status = 0, left = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (poll(&ready, 1, PAUSE_MS) != 0) {
			if (output_read(o) > 0)
				continue;
			(void)waitpid(pid, &status, 0);
			break;
		}
		if (o->length > 0)
			output_put(o, false);
	}
	/*
	 * Other processes may write for ever: only what is there now is logged.
	 */
	(void)ioctl(o->fd, FIONREAD, &left);
	while (left > 0) {
		ssize_t count = output_read(o);

		if (count <= 0)
			break;
		left -= (int)count;
	}
	if (o->length > 0)
		output_put(o, true);
	return status;
}

int output_wrap(const char *phase, const char *hook)
{
	struct output output = { .phase = phase, .hook = hook };
	int ends[2];
	int kept, status;
	pid_t pid;

	if (!log_wraps_output() || descriptor_pipe(ends, 0) < 0)
		return -1;
	kept = descriptor_copy(STDERR_FILENO);
	pid = spawn_fork();
	if (pid == 0) {
		/*
		 * This also ends a command that has left the group by
		 * setsid(1).
		 */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L);
		(void)dup2(ends[1], STDERR_FILENO);
	}
	(void)close(ends[1]);
	if (pid > 0) {
		log_begin_output();
		output.fd = ends[0];
		status = output_follow(&output, pid);
		/* These are the exit codes of a shell. */
		_exit(WIFEXITED(status) ? WEXITSTATUS(status)
					: EXIT_SIGNAL + WTERMSIG(status));
	}
	(void)close(ends[0]);
	return kept;
}
