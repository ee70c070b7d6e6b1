/*
 * accept.h - takes one value of one option, from the command line or from its
 * variable.
 */
#ifndef LASTCALL_ACCEPT_H
#define LASTCALL_ACCEPT_H

#include <stdbool.h>

#include "lib/text.h"
#include "options/options.h"
#include "options/table.h"

/*
 * Puts the value into the row's field of *o, and notes where it came from.
 * `value` is NULL for a flag on the command line.  Returns false if it is not
 * accepted; `complaint` then quotes it and shows the accepted form.
 */
bool accept_value(struct options *o, const struct row *row, const char *value,
		  bool variable, struct text *complaint);

#endif
