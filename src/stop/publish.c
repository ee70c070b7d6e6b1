/*
 * publish.c - tells the probe of the stop request.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/descriptor.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "probe/probe.h"
#include "stop/publish.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8 /* Linux 6.3, which warns if it is missing */
#endif

void publish_stop_request(int signal, int64_t asked_ns)
{
	TEXT(name, 64);
	int fd;

	text_add(&name, PROCESS_PREFIX);
	signal_name(&name, signal);
	text_byte(&name, '@');
	text_number(&name, asked_ns / NS_PER_MS);
	fd = memfd_create(name.bytes, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd < 0)
		fd = memfd_create(name.bytes, MFD_CLOEXEC);
	/* It stays open.  Without it the probe only says less. */
	(void)descriptor_raise(fd);
}
