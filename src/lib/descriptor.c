/*
 * descriptor.c - descriptors beside the standard ones.
 *
 * Duty: fcntl(2) and pipe2(2), by the raw calls: musl's ask the kernel several
 * times, for the sake of commands that lastcall does not use, and of kernels
 * before Linux 2.6.27.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/descriptor.h"

bool descriptor_is_open(int fd)
{
	return syscall(SYS_fcntl, fd, F_GETFD) >= 0;
}

int descriptor_open(const char *path, int flags)
{
	return openat(AT_FDCWD, path, flags, 0644);
}

int descriptor_pipe(int ends[2], int flags)
{
	return (int)syscall(SYS_pipe2, ends, flags | O_CLOEXEC);
}

int descriptor_copy(int fd)
{
	return (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

int descriptor_raise(int fd)
{
	int high;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	high = descriptor_copy(fd);
	(void)close(fd);
	return high;
}
