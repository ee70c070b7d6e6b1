/*
 * defaults.h - whose deadline it is, and whether the plan fits in it.
 */
#ifndef LASTCALL_DEFAULTS_H
#define LASTCALL_DEFAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"
#include "options/options.h"

/*
 * Settles grace and the limits that were not given (NOT_GIVEN), and checks that
 * the plan fits in grace.  Returns false with a complaint.  Called by
 * options.c.
 */
#define NOT_GIVEN INT64_C(-1)
bool defaults_settle(struct options *o, char *const *envp,
		     struct text *complaint);

#endif
