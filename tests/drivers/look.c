/*
 * look.c - looks at the ports of its arguments and prints what it saw:
 *
 *     look [-q QUIET_MS] [-n LOOKS] [-r] [-t] PORT...
 *
 *     connections=2 in_flight=1 idle_ms=12 fallback=0
 *
 * idle_ms=never where there have been no data.  -r refuses sock_diag first,
 * by a seccomp filter, as a container's may; -t gives up at once.  With -n the
 * median time of a look goes to stderr.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

enum { LOOKS_MAX = 1000 };

int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* socket(AF_NETLINK, ...) fails with EPERM from here on. */
static void refuse_netlink(void)
{
	const unsigned low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args) + low),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("seccomp");
		exit(2);
	}
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static int64_t took_ns[LOOKS_MAX];
	uint16_t port[PORT_MAX];
	int64_t quiet_ns = NS_PER_S;
	int64_t until_ns = NEVER_NS;
	struct look look;
	int ports = 0;
	int looks = 1;
	int option, error = 0;

	while ((option = getopt(argc, argv, "q:n:rt")) != -1) {
		if (option == 'q')
			quiet_ns = atoi(optarg) * NS_PER_MS;
		else if (option == 'n')
			looks = atoi(optarg);
		else if (option == 'r')
			refuse_netlink();
		else if (option == 't')
			until_ns = 0;
		else
			return 2;
	}
	for (; optind < argc && ports < PORT_MAX; optind++)
		port[ports++] = (uint16_t)atoi(argv[optind]);
	for (int i = 0; i < looks && i < LOOKS_MAX; i++) {
		took_ns[i] = clock_ns();
		error = connections_look(&look, port, ports, quiet_ns,
					 until_ns);
		took_ns[i] = clock_ns() - took_ns[i];
	}
	if (error != 0) {
		printf("error=%s\n", strerror(-error));
		return 1;
	}
	printf("connections=%d in_flight=%d ", look.connections,
	       look.in_flight);
	if (look.idle_ns == NEVER_NS)
		printf("idle_ms=never ");
	else
		printf("idle_ms=%lld ", (long long)(look.idle_ns / NS_PER_MS));
	printf("fallback=%d\n", look.fallback);
	if (looks > 1) {
		qsort(took_ns, (size_t)looks, sizeof(*took_ns), compare);
		fprintf(stderr, "look_us=%lld\n",
			(long long)(took_ns[looks / 2] / 1000));
	}
	return 0;
}
