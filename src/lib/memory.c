/*
 * memory.c - touches and locks what a shutdown needs.
 *
 * Invariant: only memory depends on it, and a failure changes nothing else.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/memory.h"

enum {
	PAGE_SIZE_MIN = 4096,
	STACK_BYTES = 12288,	 /* how much a shutdown needs from here */
	STACK_BYTES_MAX = 65536, /* the environment may not be on the stack */
	DATA_PAGES_MAX = 64,
};

/*
 * ld(1) defines them: the program's start, the end of its data with a value,
 * and the end of all its data.
 */
extern char __executable_start[], edata[], end[];

static uintptr_t page_of(const volatile void *p)
{
	return (uintptr_t)p & ~(uintptr_t)(PAGE_SIZE_MIN - 1);
}

/* Writes to each page what it already holds. */
__attribute__((no_sanitize("address"))) static void touch(uintptr_t from,
							  uintptr_t to)
{
	for (; from < to; from += PAGE_SIZE_MIN) {
		volatile char *byte = (volatile char *)from;

		char same = *byte;

		*byte = same;
	}
}

/*
 * Keeps the data that was written to so far; the rest are tables for features
 * that are not used.
 */
static void keep_data(void)
{
	unsigned char there[DATA_PAGES_MAX];
	uintptr_t first = page_of(edata);
	size_t length = (uintptr_t)end - first;

	if (length > sizeof(there) * PAGE_SIZE_MIN ||
	    mincore((void *)first, length, there) < 0)
		return;
	for (size_t i = 0; i * PAGE_SIZE_MIN < length; i++) {
		uintptr_t page = first + i * PAGE_SIZE_MIN;

		if ((there[i] & 1) == 0)
			continue;
		touch(page, page + 1);
		(void)mlock((void *)page, 1);
	}
}

void memory_keep(void)
{
	const uintptr_t text = page_of(__executable_start);
	volatile char stack[STACK_BYTES];
	uintptr_t low, high;

	stack[0] = 0;
	low = page_of(stack);
	/* The environment is at the other end of the stack. */
	high = page_of(environ);
	if (high < low || high - low > STACK_BYTES_MAX)
		high = low + STACK_BYTES;
	touch(low, high + 1);
	(void)mlock((void *)low, high + 1 - low);
	(void)mlock((void *)text, page_of(edata) - text);
	keep_data();
}
