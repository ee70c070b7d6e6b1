/*
 * ready.c - starts and ends the helpers of the ready port.
 *
 * Invariants: after ready_start() nothing here waits; what happens to a helper
 * neither ends nor delays lastcall.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hook/check.h"
#include "lib/clock.h"
#include "lib/descriptor.h"
#include "lib/helper.h"
#include "log/log.h"
#include "process/family.h"
#include "process/inherited.h"
#include "ready/ready.h"
#include "ready/runner.h"
#include "ready/server.h"

enum { AGAIN_MS = 1000 }; /* between two starts of the helpers */

/*
 * Gives up lastcall's session and terminal, and all descriptors except `count`
 * of them.  The standard descriptors become /dev/null, or are closed if there
 * is none.
 */
static void detach(const int *kept, int count)
{
	int null;

	(void)setsid();
	helper_close_except(kept, count);
	null = descriptor_open("/dev/null", O_RDWR);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			(void)close(fd);
	if (null > STDERR_FILENO)
		(void)close(null);
}

static pid_t start_runner(const struct ready_options *options,
			  const struct inherited *in, int fd)
{
	const struct check check = { .text = options->check };
	pid_t pid = helper_start("lastcall-check");

	if (pid != 0)
		return pid;
	fd = descriptor_copy(fd);
	detach(&fd, 1);
	runner_run(&check, in, fd);
}

/*
 * The server waits for its time first: one that ends at once again and again
 * must cost little.
 */
static pid_t start_server(const struct ready *r, int runner_fd, int told_fd)
{
	pid_t pid = helper_start("lastcall-ready");
	int kept[2];
	int count = 0;

	if (pid != 0)
		return pid;
	if (runner_fd >= 0)
		kept[count++] = runner_fd = descriptor_copy(runner_fd);
	if (told_fd >= 0)
		kept[count++] = told_fd = descriptor_copy(told_fd);
	detach(kept, count);
	if (clock_ns() < r->started_ns)
		(void)poll(NULL, 0, AGAIN_MS);
	server_run(&r->options->address, runner_fd, told_fd);
}

/* Starts both helpers; returns 0 or -errno, and then none is left. */
static int start_helpers(struct ready *r, const struct inherited *in,
			 int told_fd)
{
	int ends[2] = { -1, -1 };
	int error = 0;

	r->server = r->runner = 0;
	if (r->options->check != NULL) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			       ends) < 0)
			return -errno;
		r->runner = start_runner(r->options, in, ends[1]);
		if (r->runner < 0)
			error = (int)r->runner;
	}
	if (error == 0) {
		r->server = start_server(r, ends[0], told_fd);
		if (r->server < 0)
			error = (int)r->server;
	}
	if (ends[0] >= 0) {
		close(ends[0]);
		close(ends[1]);
	}
	if (error != 0)
		ready_end(r);
	return error;
}

/* Returns what the server reports of its port: 0 or -errno. */
static int hear(int fd)
{
	int error;

	/* It was killed, most likely by a filter of system calls. */
	if (read(fd, &error, sizeof(error)) != sizeof(error))
		return -EIO;
	return -error;
}

int ready_start(struct ready *r, const struct ready_options *options,
		const struct inherited *in)
{
	int told[2];
	int error;

	r->options = options;
	r->started_ns = clock_ns();
	if (descriptor_pipe(told, 0) < 0)
		return -errno;
	error = start_helpers(r, in, told[1]);
	close(told[1]);
	if (error == 0) {
		error = hear(told[0]);
		if (error != 0)
			ready_end(r);
	}
	close(told[0]);
	return error;
}

/*
 * Does not start one helper while the other has not ended, as one that is
 * stopped stays: else there would soon be no room for any other helper.  After
 * a failure the end of a helper that could be started brings the next turn, so
 * that one waits for a later signal.
 */
void ready_tend(struct ready *r, const struct inherited *in)
{
	int64_t now_ns;
	bool early;
	int error;

	if (r->options == NULL ||
	    (helper_is(r->server) &&
	     (r->options->check == NULL || helper_is(r->runner))))
		return;
	ready_end(r);
	now_ns = clock_ns();
	early = now_ns < r->started_ns + AGAIN_MS * NS_PER_MS;
	if (helper_is(r->server) || helper_is(r->runner) ||
	    (r->server <= 0 && early))
		return;
	r->started_ns = early ? now_ns + AGAIN_MS * NS_PER_MS : now_ns;
	error = start_helpers(r, in, -1);
	log_warning(error == 0 ? "the ready port's process has ended: restarted"
			       : "cannot restart the ready port's process",
		    -error);
}

bool ready_take(const struct ready *r, int signal, const siginfo_t *info)
{
	if (signal != HELPER_SIGNAL || info->si_code != SI_QUEUE ||
	    r->runner <= 0 || info->si_pid != r->runner)
		return false;
	runner_log(info->si_value.sival_int);
	return true;
}

void ready_end(struct ready *r)
{
	if (helper_is(r->server))
		(void)kill(r->server, SIGKILL);
	/*
	 * The runner first kills the check that it waits for.  It also gets
	 * SIGCONT, as it may have been stopped.
	 */
	if (helper_is(r->runner))
		family_send_stop(r->runner, SIGTERM);
}
