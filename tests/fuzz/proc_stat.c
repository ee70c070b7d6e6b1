/* proc_stat.c - /proc/PID/stat and /proc/PID/cmdline: any bytes are there. */
#include "fuzz.h"
#include "process/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = copy_of(data, size);
	struct process p;

	if (proc_parse_stat(bytes, size, &p)) {
		HOLDS(p.pid > 0);
		HOLDS(memchr(p.name, '\0', sizeof(p.name)) != NULL);
	}
	free(bytes);
	return 0;
}
