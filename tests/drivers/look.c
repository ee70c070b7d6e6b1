/*
 * look.c - looks at the ports of its arguments and prints what it saw:
 *
 *     look [-a] [-x PORT] [-q QUIET_MS] [-o OLDEST_MS] [-n LOOKS] [-p PID] [-t]
 *          PORT...
 *
 *     connections=2 in_flight=1 unclear=0 idle_ms=12 fallback=0 ports=8080
 *
 * idle_ms=never where there have been no data.  What is ours is PID and what
 * is below it; its parent and what is below that, without -p.  -a adds the
 * ports on which that listens, except the one of -x.  -t gives up at once.
 * With -n the median time of a look goes to stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drain/ports.h"
#include "drain/sockets.h"
#include "lib/clock.h"

enum { LOOKS_MAX = 1000 };

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static int64_t took_ns[LOOKS_MAX];
	uint16_t port[PORT_MAX];
	static struct drained drained;
	int64_t until_ns = NEVER_NS;
	struct port_check look;
	int ports = 0;
	int looks = 1;
	int option, error = 0;

	drained.port = port;
	drained.quiet_ns = NS_PER_S;
	drained.oldest_ns = 60 * NS_PER_S;
	drained.root = getppid();
	while ((option = getopt(argc, argv, "ax:q:o:n:p:t")) != -1) {
		if (option == 'a')
			drained.automatic = true;
		else if (option == 'x')
			drained.own_port = (uint16_t)atoi(optarg);
		else if (option == 'q')
			drained.quiet_ns = atoi(optarg) * NS_PER_MS;
		else if (option == 'o')
			drained.oldest_ns = atoi(optarg) * NS_PER_MS;
		else if (option == 'p')
			drained.root = atoi(optarg);
		else if (option == 'n')
			looks = atoi(optarg);
		else if (option == 't')
			until_ns = 0;
		else
			return 2;
	}
	for (; optind < argc && ports < PORT_MAX; optind++)
		port[ports++] = (uint16_t)atoi(argv[optind]);
	drained.ports = ports;
	for (int i = 0; i < looks && i < LOOKS_MAX; i++) {
		took_ns[i] = clock_ns();
		error = ports_check(&look, &drained, until_ns);
		took_ns[i] = clock_ns() - took_ns[i];
	}
	if (error != 0) {
		printf("error=%s\n", strerror(-error));
		return 1;
	}
	printf("connections=%d in_flight=%d unclear=%d ", look.connections,
	       look.in_flight, look.unclear);
	if (look.idle_ns == NEVER_NS)
		printf("idle_ms=never ");
	else
		printf("idle_ms=%lld ", (long long)(look.idle_ns / NS_PER_MS));
	printf("fallback=%d ports=", look.fallback);
	ports = port_set_list(&drained.all, port, PORT_MAX);
	for (int i = 0; i < ports; i++)
		printf(i > 0 ? ",%d" : "%d", port[i]);
	printf("\n");
	if (looks > 1) {
		qsort(took_ns, (size_t)looks, sizeof(*took_ns), compare);
		fprintf(stderr, "look_us=%lld\n",
			(long long)(took_ns[looks / 2] / 1000));
	}
	return 0;
}
