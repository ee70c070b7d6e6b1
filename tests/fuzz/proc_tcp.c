/* proc_tcp.c - a line of /proc/net/tcp or tcp6. */
#include "drain/tcp.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = copy_of(data, size);
	struct tcp c;

	if (tcp_from_line(&c, line, size)) {
		HOLDS(!c.has_times);
		HOLDS(tcp_judge(&c, NS_PER_S) <= TCP_UNCLEAR);
		HOLDS(tcp_idle_ns(&c) >= 0);
	}
	free(line);
	return 0;
}
