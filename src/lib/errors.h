/*
 * errors.h - what went wrong: in words, and as an exit code.
 */
#ifndef LASTCALL_ERRORS_H
#define LASTCALL_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text.h"

enum {
	EXIT_LASTCALL = 125,   /* lastcall's own failure */
	EXIT_CANNOT_RUN = 126, /* the program cannot be executed */
	EXIT_NOT_FOUND = 127,  /* the program was not found */
	EXIT_SIGNAL = 128,     /* + n: ended by signal n */
};

/* Adds what an errno means, in words, or its number. */
void text_error(struct text *t, int error);

/* Both write a complaint and return false. */
bool value_too_many(struct text *complaint, int limit, const char *what);
bool value_complain(struct text *complaint, const char *s, size_t length,
		    const char *what);
/* Adds " (did you mean WORD?)", if there is a word; a bar ends it. */
void text_meant(struct text *complaint, const char *word);

#endif
