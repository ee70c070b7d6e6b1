/* diag.c - a sock_diag message of the kernel's. */
#include "drain/tcp.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *bytes = (unsigned char *)copy_of(data, size);
	struct tcp c;

	if (tcp_from_diag(&c, bytes, size)) {
		HOLDS(tcp_judge(&c, NS_PER_S) <= TCP_UNCLEAR);
		HOLDS(tcp_idle_ns(&c) >= 0);
	}
	free(bytes);
	return 0;
}
