/* proc_stat.c - /proc/PID/stat and /proc/PID/cmdline: any bytes are there. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = copy_of(data, size);
	struct process p;

	if (proc_parse_stat(bytes, size, &p)) {
		HOLDS(p.pid > 0);
		HOLDS(memchr(p.name, '\0', sizeof(p.name)) != NULL);
	}
	(void)shell_is_named(bytes, size);
	free(bytes);
	return 0;
}
