/*
 * musl.c - what lastcall uses of libc, in a few bytes each.
 *
 * musl is small, but made for every program: its string functions read a word
 * at a time, its system calls mend kernels older than Linux 3.0 and may be
 * cancelled, and its fork looks after threads.  Of the 64 KiB that lastcall
 * may take this would be six, so these do what the standard says and no more.
 * They are linked before musl's library, and so in the place of its own, and
 * never with another libc.  No other file has to know of them.
 *
 * The compiler must not make strlen() of strlen(): see the Makefile.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

/* ----------------------------------------------------------- <string.h> */

/* What strchr(3) and its like return is as writable as what they were given. */
static char *writable(const void *s)
{
	return (char *)(uintptr_t)s;
}

void *memset(void *to, int c, size_t length)
{
	unsigned char *at = to;

	while (length-- > 0)
		*at++ = (unsigned char)c;
	return to;
}

void *memchr(const void *bytes, int c, size_t length)
{
	const unsigned char *at = bytes;

	for (; length > 0; at++, length--)
		if (*at == (unsigned char)c)
			return writable(at);
	return NULL;
}

size_t strnlen(const char *s, size_t most)
{
	size_t length = 0;

	while (length < most && s[length])
		length++;
	return length;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

char *strcpy(char *to, const char *from)
{
	size_t i = 0;

	do
		to[i] = from[i];
	while (from[i++]);
	return to;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return writable(s);
		if (!*s)
			return NULL;
	}
}

size_t strspn(const char *s, const char *set)
{
	size_t length = 0;

	while (s[length] && strchr(set, s[length]))
		length++;
	return length;
}

size_t strcspn(const char *s, const char *stops)
{
	size_t length = 0;

	while (!strchr(stops, s[length])) /* which finds the end, too */
		length++;
	return length;
}

static int to_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

int strncmp(const char *a, const char *b, size_t most)
{
	for (; most > 0 && *a && *a == *b; a++, b++)
		most--;
	return most > 0 ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strncasecmp(const char *a, const char *b, size_t most)
{
	int difference = 0;

	for (; most > 0 && difference == 0; a++, b++, most--) {
		difference = to_lower((unsigned char)*a) -
			     to_lower((unsigned char)*b);
		if (!*a)
			break;
	}
	return difference;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, SIZE_MAX);
}

char *getenv(const char *name)
{
	size_t length = strlen(name);

	for (char **entry = environ; entry && *entry; entry++)
		if (strncmp(*entry, name, length) == 0 &&
		    (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

/* ---------------------------------------------------------- inet_pton(3) */

/* Four numbers to 255, without zeros before them. */
static bool read_ipv4(const char *s, unsigned char *to)
{
	for (int i = 0; i < 4; i++, s++) {
		int n = 0, digits = 0;

		for (; *s >= '0' && *s <= '9' && digits < 3; s++, digits++)
			n = 10 * n + (*s - '0');
		if (digits == 0 || (digits > 1 && s[-digits] == '0') ||
		    n > 255 || *s != (i < 3 ? '.' : '\0'))
			return false;
		*to++ = (unsigned char)n;
	}
	return true;
}

/* Up to four hexadecimal digits; returns where they end. */
static const char *read_group(const char *s, unsigned char *to)
{
	unsigned n = 0;

	for (int digits = 0; digits < 4; digits++, s++) {
		unsigned decimal = (unsigned char)*s - '0';
		unsigned letter = ((unsigned char)*s | 0x20) - 'a';

		if (decimal > 9 && letter > 5)
			break;
		n = 16 * n + (decimal > 9 ? letter + 10 : decimal);
	}
	to[0] = (unsigned char)(n >> 8);
	to[1] = (unsigned char)n;
	return s;
}

/* RFC 4291, 2.2: eight groups, :: for some of zero, IPv4 for the last two. */
static bool read_ipv6(const char *s, unsigned char *to)
{
	int at = 0, gap = -1;

	if (*s == ':' && *++s != ':')
		return false;
	for (;;) {
		const char *end;

		if (*s == ':' && gap < 0) { /* the second of :: */
			gap = at;
			if (*++s == '\0')
				break;
		}
		if (at > 14)
			return false;
		end = read_group(s, to + at);
		if (*end == '.' && at <= 12 && read_ipv4(s, to + at)) {
			at += 4;
			break;
		}
		at += 2;
		if (end == s || (*end != '\0' && *end != ':'))
			return false;
		if (*end == '\0')
			break;
		s = end + 1;
	}
	if (gap < 0)
		return at == 16;
	memmove(to + 16 - (at - gap), to + gap, (size_t)(at - gap));
	memset(to + gap, 0, (size_t)(16 - at));
	return at < 16;
}

int inet_pton(int family, const char *restrict s, void *restrict to)
{
	return family == AF_INET ? read_ipv4(s, to) : read_ipv6(s, to);
}

/* ---------------------------------------------------------- system calls */

int open(const char *path, int flags, ...)
{
	unsigned mode = 0;
	va_list rest;

	va_start(rest, flags);
	if (flags & O_CREAT)
		mode = va_arg(rest, unsigned);
	va_end(rest);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE,
			    mode);
}

int prctl(int option, ...)
{
	unsigned long argument;
	va_list rest;

	va_start(rest, option);
	argument = va_arg(rest, unsigned long);
	va_end(rest);
	return (int)syscall(SYS_prctl, option, argument, 0L, 0L, 0L);
}

int pipe2(int pipes[2], int flags)
{
	return (int)syscall(SYS_pipe2, pipes, flags);
}

ssize_t readlink(const char *restrict path, char *restrict to, size_t size)
{
	return syscall(SYS_readlinkat, AT_FDCWD, path, to, size);
}

/* Where the kernel's calls are what libc's are: not on 32 bits nor s390x. */
#if defined(__x86_64__) || defined(__aarch64__) ||                             \
	(defined(__riscv) && __riscv_xlen == 64)

int fcntl(int fd, int command, ...)
{
	unsigned long argument;
	va_list rest;

	va_start(rest, command);
	argument = va_arg(rest, unsigned long);
	va_end(rest);
	return (int)syscall(SYS_fcntl, fd, command, argument);
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

int socket(int family, int type, int protocol)
{
	return (int)syscall(SYS_socket, family, type, protocol);
}

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

int fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

void *mmap(void *at, size_t length, int protection, int flags, int fd,
	   off_t from)
{
	return writable((void *)syscall(SYS_mmap, at, length, protection, flags,
					fd, from));
}

/* Nobody asks libc for the id of a thread, which it keeps, in the child. */
pid_t _Fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
}

#endif

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
