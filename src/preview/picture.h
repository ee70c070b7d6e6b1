/*
 * picture.h - the picture of --plan.
 */
#ifndef LASTCALL_PICTURE_H
#define LASTCALL_PICTURE_H

#include "preview/page.h"

void plan_draw(const struct view *v);

#endif
