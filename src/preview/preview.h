/*
 * preview.h - --plan: the shutdown that the options ask for.
 */
#ifndef LASTCALL_PREVIEW_H
#define LASTCALL_PREVIEW_H

#include <stdbool.h>

#include "lib/text.h"
#include "options/options.h"

/*
 * Writes the timeline and the warnings of --plan, 80 columns at most, or, with
 * --log-format json on the command line, one JSON object.  Returns whether
 * there were warnings.
 */
bool plan_print(struct text *t, const struct options *o, char *const *envp,
		bool dockerenv);

#endif
