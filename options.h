/*
 * options.h - what option_rows.c (the table and --help) and options.c (the
 * parser) share.
 */
#ifndef LASTCALL_OPTIONS_H
#define LASTCALL_OPTIONS_H

#include "init.h"

/* One option. */
struct row {
	const char *name;     /* NULL: a letter only */
	char letter;	      /* NUL: a name only */
	bool line_only;	      /* not a LASTCALL_ variable */
	bool aside;	      /* says nothing of the shutdown */
	bool probe;	      /* goes with --probe, and with nothing else */
	unsigned char value;  /* enum value */
	unsigned char choice; /* what a VALUE_CHOICE sets */
	unsigned short field; /* in struct options */
	const char *group;    /* --help: the heading before it */
	const char *help;
};

/* The table; its last row is empty. */
extern const struct row option_rows[];

/* Writes a row's name as it is given: --grace, -e, LASTCALL_GRACE. */
void option_add_name(struct text *t, const struct row *row, bool variable);

#endif
