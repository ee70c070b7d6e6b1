/*
 * ready_file.c - makes and removes the ready file.
 *
 * Duty: do both in helpers, as the file system can hang, which the program may
 * have caused.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/descriptor.h"
#include "lib/helper.h"
#include "log/log.h"
#include "stop/ready_file.h"

enum { MAKE_MS = 1000 };

static int make(const char *path)
{
	/* O_NONBLOCK: it may be a pipe that nobody reads. */
	int fd = descriptor_open(path, O_WRONLY | O_CREAT | O_NONBLOCK |
					       O_NOFOLLOW | O_NOCTTY |
					       O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

void ready_file_make(const char *path)
{
	pid_t pid = helper_start("lastcall-file");
	int error;

	if (pid == 0)
		_exit(make(path));
	if (pid == -EINVAL)
		error = make(path);
	else
		error = pid < 0 ? -pid
				: helper_wait(pid,
					      clock_ns() + MAKE_MS * NS_PER_MS);
	if (error < 0)
		error = -error;
	if (error != 0)
		log_warning("cannot create the ready file", error);
}

bool ready_file_remove(const char *path)
{
	pid_t pid = helper_start("lastcall-file");

	if (pid == 0 || pid == -EINVAL)
		(void)unlink(path);
	if (pid == 0)
		_exit(0);
	return pid > 0 || pid == -EINVAL;
}
