/*
 * parse.h - reading text: words, variables, numbers, durations.
 */
#ifndef LASTCALL_PARSE_H
#define LASTCALL_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Are `length` bytes the same but for the case of ASCII letters? */
bool text_same(const char *s, const char *word, size_t length);
/*
 * Returns the length of `start`, which is not empty, if s begins with it, else
 * 0.
 */
size_t text_starts(const char *s, const char *start);
/*
 * Returns what follows `start` in the first line that begins with it, or NULL.
 */
char *text_line(char *text, const char *start);
/* The value of an environment variable; NULL: it is not set. */
const char *text_variable(char *const *envp, const char *name);

/*
 * What a digit of a base up to 16 counts, its case aside; -1: it is none.
 */
int text_digit(char c, int base);
/* Reads a whole decimal number from 0 to `most`; false if it is not one. */
bool text_to_number(const char *s, int64_t most, int64_t *n);
/*
 * Reads a duration (see --help) to nanoseconds: a decimal number, then ms, s,
 * m, h or nothing (seconds), or several with units that get smaller, as
 * text_duration() writes it.  Returns false if it is not a duration (*ns is -1)
 * or if it is above 365 days (so is *ns).
 */
bool text_to_duration(const char *s, int64_t *ns);

/*
 * Which of the words, with bars between them as in text|json, is s?  -1: none.
 */
int text_choice(const char *words, const char *s, bool any_case);
const char *text_next_choice(const char *words);
/*
 * How near a text is to a word: only the case of letters differs (SAME); one
 * letter is added, missing or different, or two are swapped (SLIP); one begins
 * with the other (BEGINS).
 */
enum { DISTANCE_SAME, DISTANCE_SLIP, DISTANCE_BEGINS, DISTANCE_FAR };
/* The word that the `length` bytes at s probably mean. */
struct nearest {
	const char *s;
	size_t length;
	int distance;	  /* DISTANCE_FAR at first */
	const char *word; /* "" at first */
};
/* Takes the word, up to its end or a bar, if it is nearer than the last one. */
void text_try(struct nearest *nearest, const char *word);
/*
 * strcspn(3), except that only bytes outside of quotes (POSIX, 2.2) count.  A
 * backslash that is not in the set takes the next byte with it.
 */
size_t text_unquoted(const char *s, const char *set);

#endif
