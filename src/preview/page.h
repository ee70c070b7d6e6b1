/*
 * page.h - what the files of --plan share: the page, and what is drawn on it.
 */
#ifndef LASTCALL_PAGE_H
#define LASTCALL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"
#include "options/options.h"
#include "options/platform.h"
#include "options/table.h"
#include "shutdown.h"

enum {
	PLAN_WIDTH = 79,
	PLAN_WARNING_AT = 9, /* the column after "Warning:" */
	NO_TIME = -1,
};

/* One --plan that is being written. */
struct view {
	struct text *t;
	bool json;	   /* it is one object for tools, not a page */
	const char *comma; /* JSON: what separates the next of a list */
	int warnings;	   /* how many there were */
	size_t at;	   /* the column where plan_say() begins */
	/* The step that plan_say() writes; NULL: none. */
	const char *step;   /* JSON: what kind it is */
	const char *source; /* where its value is from; NULL: in the text */
	struct source from; /* where its name is kept */
	int signal;
	int64_t early_ns, late_ns; /* or NO_TIME */
	const struct options *o;
	const struct stop_plan *plan;
	int64_t span_ns;   /* of the axis */
	int64_t kill_ns;   /* when every process is killed */
	int64_t latest_ns; /* the last moment of the first stop signal */
	int request;	   /* the stop request that is drawn */
	/* What the environment shows, with the period that is taken for its. */
	struct platform platform;
};

/*
 * Writes one thing: a row of the timetable, if a step was begun with
 * plan_step(), a warning at PLAN_WARNING_AT, or else a line from column v->at
 * on.  On the page it is broken between words; in JSON it is one member of a
 * list.
 */
void plan_say(struct view *v, const char *format, ...);
/* Begins a row without times, which belongs to the row before. */
struct view *plan_step(struct view *v, const char *step, const char *option);
/* Gives the row times, of which one may be NO_TIME, and a signal (0: none). */
struct view *plan_times(struct view *v, int signal, int64_t early_ns,
			int64_t late_ns);
/* JSON: adds a member to an object; KEY_ms is left out for NO_TIME. */
void plan_ms(struct text *t, const char *key, int64_t ns);
void plan_text(struct text *t, const char *key, const char *s);
/* A text that is cut to fit into a line. */
struct brief {
	char text[48];
};
struct brief plan_brief(const char *s);
const char *plan_base_name(const char *path);
/* The program and its arguments, shortened. */
struct brief plan_command(const struct view *v);
/* The program's name, or what stands for it. */
struct brief plan_program(const struct view *v);
/* Is there anything to wait for before the first stop signal? */
bool plan_waits(const struct view *v);
/* The signal of a step; if it has none, that of the request, after --map. */
int plan_signal(const struct view *v, int i);
struct brief plan_signal_name(int signal);
/* When step i is due, counted from the first step. */
int64_t plan_step_ns(const struct view *v, int i);
/*
 * When SIGKILL is due, and the last call, for a first stop signal that is sent
 * at `first_ns`.  Without a last call they are the same.
 */
int64_t plan_kill_ns(const struct view *v, int64_t first_ns);
int64_t plan_last_call_ns(const struct view *v, int64_t first_ns);

#endif
