/*
 * timetable.h - the timetable of --plan.
 */
#ifndef LASTCALL_TIMETABLE_H
#define LASTCALL_TIMETABLE_H

#include "preview/page.h"

void plan_tell(struct view *v);

#endif
