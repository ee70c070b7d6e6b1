/*
 * plan.h - what the files of --plan share: plan.c (the timetable),
 * plan_picture.c and plan_warn.c.
 */
#ifndef LASTCALL_PLAN_H
#define LASTCALL_PLAN_H

#include "init.h"

enum { PLAN_WIDTH = 79 };

/* One --plan, as it is seen. */
struct view {
	struct text *t;
	const struct options *o;
	const struct plan *plan;
	int64_t span_ns;   /* of the axis */
	int64_t kill_ns;   /* when everything is killed */
	int64_t latest_ns; /* the last moment of the first stop signal */
	int request;	   /* the stop request that is drawn */
	bool has_platform;
	struct platform platform; /* that the environment shows */
};

void plan_draw(const struct view *v);
void plan_warn(const struct view *v);

/*
 * Writes s from column `at` on, broken between words; `first` is what stands
 * before it in its first line.
 */
void plan_add_wrapped(struct text *t, const char *first, size_t at,
		      const char *s);
/* The text in quotes, cut where it is long for a line. */
void plan_add_short(struct text *t, const char *s);
const char *plan_base_name(const char *path);
/* The signal of a step; where it has none the request's own, after --map. */
int plan_signal(const struct view *v, int i);
void plan_add_signal(struct text *t, int signal);
/* When step i is due, counted from the first. */
int64_t plan_step_ns(const struct view *v, int i);
/* Does the platform that is seen give less than the one assumed? */
bool plan_gives_less(const struct view *v);

#endif
