/*
 * warnings.h - the warnings of --plan.
 */
#ifndef LASTCALL_WARNINGS_H
#define LASTCALL_WARNINGS_H

#include "preview/page.h"

void plan_warn(struct view *v);

#endif
