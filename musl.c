/*
 * musl.c - what lastcall uses of libc, in a few bytes each.
 *
 * musl's string functions read a word at a time, and its system calls that
 * wait may be cancelled by another thread.  These do what the standard says
 * and no more, which makes lastcall half a kilobyte smaller.  They are linked
 * before musl's library, and so in the place of its own, and never with
 * another libc.  No other file has to know of them.  (What is not worth a
 * function of libc's name is in text.c and kernel.c.)
 *
 * The compiler must not make strlen() of strlen(): see the Makefile.
 */
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

size_t strnlen(const char *s, size_t most)
{
	size_t length = 0;

	while (length < most && s[length])
		length++;
	return length;
}

size_t strlen(const char *s)
{
	return strnlen(s, PTRDIFF_MAX);
}

int strncmp(const char *a, const char *b, size_t most)
{
	for (; most > 0 && *a && *a == *b; a++, b++)
		most--;
	return most > 0 ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, PTRDIFF_MAX);
}

ssize_t read(int fd, void *to, size_t size)
{
	return syscall(SYS_read, fd, to, size);
}

ssize_t write(int fd, const void *from, size_t size)
{
	return syscall(SYS_write, fd, from, size);
}

int close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

pid_t waitpid(pid_t pid, int *status, int flags)
{
	return (pid_t)syscall(SYS_wait4, pid, status, flags, NULL);
}

int tcsetpgrp(int fd, pid_t group)
{
	return (int)syscall(SYS_ioctl, fd, TIOCSPGRP, &group);
}

/* On 32 bits and s390x musl may have to go another way (socketcall(2)). */
#if defined(__x86_64__) || defined(__aarch64__) ||                             \
	(defined(__riscv) && __riscv_xlen == 64)

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
	return (int)syscall(SYS_connect, fd, to, length);
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags,
	       const struct sockaddr *to, socklen_t length)
{
	return syscall(SYS_sendto, fd, bytes, size, flags, to, length);
}

ssize_t recvfrom(int fd, void *restrict bytes, size_t size, int flags,
		 struct sockaddr *restrict from, socklen_t *restrict length)
{
	return syscall(SYS_recvfrom, fd, bytes, size, flags, from, length);
}

#endif

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
