/*
 * getopt.h - a command line as glibc's getopt_long(3) reads it, one option at a
 * time.  Pure.
 */
#ifndef LASTCALL_GETOPT_H
#define LASTCALL_GETOPT_H

#include <stdbool.h>

#include "lib/text.h"

/* The caller sets the first group, with at = 1 and value = "". */
struct getopt {
	const char *letters; /* as in getopt(3); each has one meaning */
	const char *names;   /* --NAME, each after its letter; NULL: none */
	char **argv;
	struct text *said; /* complaints are added */
	bool permutes;	   /* go on after a word that is not an option */
	int at;		   /* the next word */
	const char *value; /* of the last option that takes one */

	int kept;	  /* words that are not options, from argv[1] on */
	const char *rest; /* of a word of several letters */
};

/*
 * The next option's letter; '?' when there was a complaint; 0 at the end, when
 * all words that are not options have been moved to argv[1] and after.
 */
int getopt_next(struct getopt *s);

#endif
