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
	size_t at; /* the column where plan_say() begins */
	const struct options *o;
	const struct plan *plan;
	int64_t span_ns;   /* of the axis */
	int64_t kill_ns;   /* when everything is killed */
	int64_t latest_ns; /* the last moment of the first stop signal */
	int request;	   /* the stop request that is drawn */
	bool is_shell;
	/* What the environment shows, where nobody tells the period. */
	bool has_platform;
	struct platform platform;
};

void plan_draw(const struct view *v);
void plan_warn(struct view *v);

/*
 * Writes the format's text, from column v->at of the current line on and
 * broken between words, and ends the line.
 */
void plan_say(const struct view *v, const char *format, ...);
/* A long text, cut to have room in a line. */
struct brief {
	char text[48];
};
struct brief plan_brief(const char *s);
const char *plan_base_name(const char *path);
/* The signal of a step; where it has none the request's own, after --map. */
int plan_signal(const struct view *v, int i);
struct brief plan_signal_name(int signal);
/* When step i is due, counted from the first. */
int64_t plan_step_ns(const struct view *v, int i);
/* What the platform gives: as told, by its own default, or ours. */
int64_t plan_assumed_ns(const struct view *v);

#endif
