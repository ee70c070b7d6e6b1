/*
 * refuse - runs a command for which the kernel lacks something, as an older
 * kernel does or a container's sandbox.
 *
 *     refuse WHAT COMMAND [ARG]...
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	ANY = -1, /* whatever the first argument is */
	LOW_HALF = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0,
};

/* A system call, its first argument, and what a kernel without it answers. */
static const struct {
	const char *name;
	unsigned int number;
	int argument;
	int error;
} refusals[] = {
	{ "close_range", SYS_close_range, ANY, ENOSYS },
	{ "memfd", SYS_memfd_create, ANY, ENOSYS },
	{ "subreaper", SYS_prctl, PR_SET_CHILD_SUBREAPER, EINVAL },
	{ "netlink", SYS_socket, AF_NETLINK, EPROTONOSUPPORT },
	{ "mlock", SYS_mlock, ANY, EPERM },
	{ "getppid", SYS_getppid, ANY, EPERM },
};

static int refuse(size_t i)
{
	unsigned int any = refusals[i].argument == ANY;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusals[i].number, 0, 4),
		/* Over the look at the argument, where any will do. */
		BPF_STMT(BPF_JMP | BPF_JA, any ? 2 : 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args) + LOW_HALF),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 (unsigned int)refusals[i].argument, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | (unsigned int)refusals[i].error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (argc < 3 || strcmp(argv[1], refusals[i].name) != 0)
			continue;
		if (refuse(i) < 0) {
			perror("refuse: seccomp");
			return 1;
		}
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		return 127;
	}
	fprintf(stderr, "refuse: no such thing\n");
	return 2;
}
