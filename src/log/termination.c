/*
 * termination.c - writes the termination log.
 *
 * Invariants: a link is not followed, and no pipe is waited for; once the
 * program runs, a helper writes the file, as a file system can hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/descriptor.h"
#include "lib/helper.h"
#include "lib/text.h"
#include "log/log.h"
#include "log/termination.h"

/*
 * The kubelet makes its file before the start, so the default file is written
 * only if it exists; a file that was asked for is created.  O_NONBLOCK, as it
 * may be a pipe that nobody reads; O_NOFOLLOW, as the program may have fewer
 * rights than lastcall, and put a link to another file there.
 */
void termination_write(const char *path, const char *text)
{
	TEXT(line, LINE_MAX_LEN);
	int create = O_CREAT;
	int fd;

	if (path == NULL) {
		path = "/dev/termination-log";
		create = 0;
	}
	fd = descriptor_open(path, O_WRONLY | O_TRUNC | O_NONBLOCK |
					   O_NOFOLLOW | O_NOCTTY | O_CLOEXEC |
					   create);
	if (fd < 0)
		return;
	/* One byte is kept for the line's end. */
	line.size--;
	text_add(&line, text);
	line.size++;
	line.cut = false;
	text_byte(&line, '\n');
	(void)!write(fd, line.bytes, line.length);
	(void)close(fd);
}

void termination_start(const char *path, const char *text)
{
	pid_t pid = helper_start("lastcall-file");

	if (pid == 0 || pid == -EINVAL)
		termination_write(path, text);
	if (pid == 0)
		_exit(0);
}
