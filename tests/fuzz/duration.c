/* duration.c - durations and numbers: read, in range, and written again. */
#include "fuzz.h"
#include "lib/clock.h"
#include "lib/parse.h"
#include "lib/text.h"

static void check_duration(const char *s)
{
	int64_t ns = -1, again = -1;
	TEXT(t, 64);

	if (!text_to_duration(s, &ns))
		return;
	HOLDS(ns >= 0 && ns <= INT64_C(365) * 86400 * NS_PER_S);
	HOLDS(*s >= '0' && *s <= '9');
	/* What is written is rounded; what is written of that is not. */
	text_duration(&t, ns);
	HOLDS(!t.cut);
	if (text_to_duration(t.bytes, &again)) {
		TEXT(second, 64);

		text_duration(&second, again);
		HOLDS(strcmp(t.bytes, second.bytes) == 0);
	} else {
		/* 1m30s is for people only. */
		HOLDS(strpbrk(t.bytes, "mh") != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = string_of(data, size);
	int64_t n;
	TEXT(t, 32);

	check_duration(s);
	if (text_to_number(s, INT32_MAX, &n)) {
		HOLDS(n >= 0 && n <= INT32_MAX);
		text_number(&t, n);
		HOLDS(strcmp(t.bytes, s + strspn(s, "0") - (n == 0)) == 0);
	}
	free(s);
	return 0;
}
