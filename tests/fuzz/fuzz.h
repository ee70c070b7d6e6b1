/*
 * fuzz.h - what the fuzzing harnesses share.  Each NAME.c feeds one parser and
 * states what must hold of its answer; tests/fuzz/run builds and runs them.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/valid_plan.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "shutdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			broken(__FILE__, __LINE__, #condition);                \
	} while (0)

/* A copy of just that size, so that reading past the end is seen. */
static inline char *copy_of(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	HOLDS(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

/* The same as a string; bytes after a NUL are not part of it. */
static inline char *string_of(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	HOLDS(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

enum { WORDS_MAX = 64 };

/*
 * A command line and an environment: one word a line, an empty line, then
 * variables with a record separator between them, as a value may hold lines.
 */
struct command_line {
	char *text; /* to be freed */
	int argc;
	char *argv[WORDS_MAX + 2];
	char *envp[WORDS_MAX + 1];
};

/* Cuts the next part off at `end`; NULL after the last. */
static inline char *take_part(char **rest, char end)
{
	char *part = *rest;
	char *at = part ? strchr(part, end) : NULL;

	if (part != NULL)
		*rest = at ? at + 1 : NULL;
	if (at)
		*at = '\0';
	return part;
}

/* argv0 NULL: the first line is argv[0]. */
static inline void split(struct command_line *line, const uint8_t *data,
			 size_t size, char *argv0)
{
	char *rest, *part;
	int envc = 0;

	memset(line, 0, sizeof(*line));
	line->text = rest = string_of(data, size);
	if (argv0)
		line->argv[line->argc++] = argv0;
	while (line->argc <= WORDS_MAX && (part = take_part(&rest, '\n')) &&
	       *part)
		line->argv[line->argc++] = part;
	while (envc < WORDS_MAX && (part = take_part(&rest, '\x1e')))
		line->envp[envc++] = part;
}

/* A text is whole and, where it is a complaint, one line for a terminal. */
static inline void check_line(const struct text *t)
{
	HOLDS(t->length < t->size && t->bytes[t->length] == '\0');
	HOLDS(strlen(t->bytes) == t->length);
	for (size_t i = 0; i < t->length; i++)
		HOLDS((unsigned char)t->bytes[i] >= ' ' && t->bytes[i] != 0x7f);
}

/*
 * A stop request that nobody obeys: with any plan SIGKILL is asked for by
 * the deadline, and lastcall is gone a second later.
 */
static inline void check_plan(const struct stop_plan *plan)
{
	const struct event stop = { .kind = EVENT_STOP, .number = SIGTERM };
	const struct event busy = { .kind = EVENT_PORTS, .number = 1 };
	int64_t now_ns = NS_PER_S, killed_ns = 0;
	struct shutdown m;
	struct action a;

	HOLDS(valid_plan(plan));
	shutdown_init(&m);
	shutdown_started(&m, now_ns);
	shutdown_note(&m, plan, stop, now_ns);
	for (int looks = 0;;) {
		a = shutdown_next(&m, plan, now_ns);
		if (a.kind == ACTION_KILL)
			killed_ns = now_ns;
		if (a.kind == ACTION_EXIT)
			break;
		if (a.kind == ACTION_WAIT)
			now_ns = m.wake_ns;
		if (a.kind != ACTION_CHECK_PORTS)
			continue;
		/* A year of looks is too many to wait for. */
		shutdown_note(&m, plan, busy, now_ns);
		if (++looks > 100)
			now_ns = m.kill_ns;
	}
	HOLDS(killed_ns > 0 && killed_ns <= m.deadline_ns);
	HOLDS(now_ns <= m.deadline_ns || now_ns <= killed_ns + NS_PER_S);
}
