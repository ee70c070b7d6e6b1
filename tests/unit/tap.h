/*
 * tap.h - what a unit test says: a line for each thing that must hold.
 *
 * ok() and is() print a line each, tap_end() the plan; its value is main()'s.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static inline bool ok(const char *name, bool good)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++tap_count, name);
	tap_failed += !good;
	return good;
}

/* Two texts are the same; if not, both are shown. */
static inline bool is(const char *name, const char *got, const char *want)
{
	bool same = ok(name, strcmp(got, want) == 0);

	if (!same)
		printf("# got  %s\n# want %s\n", got, want);
	return same;
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

#endif
