/*
 * platform.h - which platform the environment shows.
 */
#ifndef LASTCALL_PLATFORM_H
#define LASTCALL_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

/*
 * Finds which platform the environment shows: its name, its default period and
 * the setting that changes it.  Returns false if it shows none; p is Docker
 * then, which sends what nearly every platform does.
 */
struct platform {
	const char *name;
	int64_t default_ns;
	const char *setting; /* an option of lastcall's where there is none */
	int signal;	     /* what it sends if the image has no STOPSIGNAL */
};
bool platform_find(struct platform *p, char *const *envp, bool dockerenv);
/*
 * Says what mends it if its SIGKILL comes before the end of grace, else returns
 * false.
 */
bool platform_warn(struct text *t, const struct platform *p, int64_t grace_ns);

#endif
