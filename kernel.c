/*
 * kernel.c - system calls, as bare as they are needed here.
 *
 * libc's wrappers of these take their arguments apart, look after other
 * threads and mend old kernels; here that is a page of code for nothing.
 * Called by every room that is not pure.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

int kernel_open(const char *path, int flags)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0644);
}

ssize_t kernel_read_link(int at, const char *path, char *link, size_t size)
{
	return syscall(SYS_readlinkat, at, path, link, size);
}

int kernel_prctl_(int option, uintptr_t value)
{
	return (int)syscall(SYS_prctl, option, value, 0L, 0L, 0L);
}

void *kernel_map(size_t size)
{
	const long how = MAP_PRIVATE | MAP_ANONYMOUS;

#if defined(__s390x__) && defined(__GLIBC__)
	/* The kernel wants them in memory there; musl puts them so itself. */
	const long all[] = {
		0, (long)size, PROT_READ | PROT_WRITE, how, -1, 0
	};

	return (void *)syscall(SYS_mmap, all);
#elif defined(SYS_mmap2)
	return (void *)syscall(SYS_mmap2, 0L, size, PROT_READ | PROT_WRITE, how,
			       -1L, 0L);
#else
	return (void *)syscall(SYS_mmap, 0L, size, PROT_READ | PROT_WRITE, how,
			       -1L, 0L);
#endif
}
