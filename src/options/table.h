/*
 * table.h - the table of options, for --help and the parser.
 */
#ifndef LASTCALL_TABLE_H
#define LASTCALL_TABLE_H

#include <stdbool.h>

#include "lib/text.h"
#include "options/options.h"

/* One option. */
struct row {
	const char *help;
	const char *name;	 /* its long name, without the dashes */
	char letter;		 /* NUL: a name only */
	bool line_only : 1;	 /* not a LASTCALL_ variable */
	bool aside : 1;		 /* it does not concern the shutdown */
	bool probe : 1;		 /* only goes with --probe */
	bool probe_variable : 1; /* its variable is read by --probe, too */
	unsigned char value;	 /* enum value */
	unsigned char choice;	 /* what a VALUE_CHOICE sets */
	unsigned short field;	 /* in struct options */
	unsigned char group;	 /* --help: the heading before it; 0: none */
};

/* The forms of the command line. */
extern const char options_usage[], options_probe_usage[];

/* The table; its last row is empty. */
extern const struct row option_rows[];

/* Writes a row's name as it is given: --grace, -e, LASTCALL_GRACE. */
void option_add_name(struct text *t, const struct row *row, bool variable);

/* The row's bit in struct options' on_line and in_environment. */
uint64_t option_bit(const struct row *row);
/* Was the field set on the command line, also by another option (-g)? */
bool option_is_on_line(const struct options *o, const struct row *row);

/* Where the value of that option (a long name in the table) comes from. */
enum origin options_origin(const struct options *o, const char *name);
/*
 * How the option of that long name was given: "--grace", "LASTCALL_GRACE" or
 * "default".  It is written to *from and returned.
 */
struct source {
	char name[32];
};
const char *options_source(struct source *from, const struct options *o,
			   const char *name);

#endif
