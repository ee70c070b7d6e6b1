/*
 * look.c - looks at the ports of its arguments and prints what it saw:
 *
 *     look [-q QUIET_MS] [-n LOOKS] [-t] PORT...
 *
 *     connections=2 in_flight=1 idle_ms=12 fallback=0
 *
 * idle_ms=never where there have been no data.  -t gives up at once.  With -n
 * the median time of a look goes to stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

	while ((option = getopt(argc, argv, "q:n:t")) != -1) {
		if (option == 'q')
			quiet_ns = atoi(optarg) * NS_PER_MS;
		else if (option == 'n')
			looks = atoi(optarg);
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
