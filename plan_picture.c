/*
 * plan_picture.c - the picture of --plan: a lane for each thing that takes
 * time, over one time axis.
 *
 * Pure.  It shows the earliest course.  "=" is time that passes in any case,
 * "-" time that may be needed.  Called by plan.c.
 */
#include <string.h>

#include "plan.h"

enum {
	AXIS_AT = 10,  /* the column of 0s */
	AXIS = 60,     /* columns of the time axis */
	TICKS_MAX = 8, /* in the axis */
};

struct lane {
	char cells[PLAN_WIDTH + 1];
};

static int column(const struct view *v, int64_t ns)
{
	/* In ms, as a year of ns times the columns does not fit. */
	int64_t ms = ns / NS_PER_MS;
	int64_t span = v->span_ns / NS_PER_MS + 1;

	if (ms > span)
		ms = span;
	return AXIS_AT + (int)((ms * AXIS + span / 2) / span);
}

static void lane_put(struct lane *lane, int at, const char *s)
{
	for (; *s && at < PLAN_WIDTH; s++)
		lane->cells[at++] = *s;
}

static void lane_fill(struct lane *lane, int from, int to, char c)
{
	while (from < to)
		lane->cells[from++] = c;
}

/* An empty lane; the platform's SIGKILL goes down through all of them. */
static struct lane lane_begin(const struct view *v, const char *name)
{
	struct lane lane;

	memset(lane.cells, ' ', PLAN_WIDTH);
	lane.cells[PLAN_WIDTH] = '\0';
	lane.cells[column(v, v->o->platform_ns)] = '|';
	lane_put(&lane, 0, name);
	return lane;
}

static void lane_end(const struct view *v, const struct lane *lane)
{
	size_t length = PLAN_WIDTH;

	while (length && lane->cells[length - 1] == ' ')
		length--;
	text_bytes(v->t, lane->cells, length);
	text_byte(v->t, '\n');
}

/* A round time between two ticks. */
static int64_t tick_ns(const struct view *v)
{
	static const int round_s[] = { 1,  2,	5,   10,  15,  30,
				       60, 120, 300, 600, 900, 1800 };
	int64_t least = (v->span_ns + TICKS_MAX - 1) / TICKS_MAX;
	int64_t ns = 100 * NS_PER_MS;

	if (least <= ns)
		return ns;
	if (least <= 2 * ns)
		return 2 * ns;
	if (least <= 5 * ns)
		return 5 * ns;
	for (size_t i = 0; i < sizeof(round_s) / sizeof(*round_s); i++)
		if (least <= round_s[i] * NS_PER_S)
			return round_s[i] * NS_PER_S;
	for (ns = 3600 * NS_PER_S; ns < least;)
		ns *= 2;
	return ns;
}

static void draw_axis(const struct view *v)
{
	struct lane labels = lane_begin(v, "");
	struct lane line = lane_begin(v, "");
	int64_t tick = tick_ns(v);
	int free_at = 0;

	lane_fill(&labels, AXIS_AT, AXIS_AT + AXIS + 1, ' ');
	lane_fill(&line, AXIS_AT, AXIS_AT + AXIS + 1, '-');
	for (int64_t ns = 0; ns <= v->span_ns; ns += tick) {
		int at = column(v, ns);
		TEXT(label, 24);

		line.cells[at] = '+';
		text_duration(&label, ns);
		if (at < free_at)
			continue;
		lane_put(&labels, at, label.bytes);
		free_at = at + (int)label.length + 1;
	}
	lane_end(v, &labels);
	lane_end(v, &line);
}

static void draw_bar(const struct view *v, const char *name, int64_t from_ns,
		     int64_t to_ns, char c)
{
	struct lane lane = lane_begin(v, name);
	int from = column(v, from_ns);
	int to = column(v, to_ns);

	/* However short it is, it is there. */
	lane_fill(&lane, from, to > from ? to : from + 1, c);
	lane_end(v, &lane);
}

/* TERM......QUIT....., each where it is due at the earliest. */
static void draw_stop(const struct view *v)
{
	const struct plan *plan = v->plan;
	struct lane lane = lane_begin(v, "stop");
	int at = column(v, plan->delay_ns);

	for (int i = 0; i < plan->steps; i++) {
		struct brief label = plan_signal_name(plan_signal(v, i));
		bool last = i == plan->steps - 1;
		int next = column(v, last ? v->kill_ns
					  : plan->delay_ns +
						     plan_step_ns(v, i + 1));

		/* Nobody is left to wait for after KILL. */
		if (plan->step[i].signal != SIGKILL)
			lane_fill(&lane, at, next, '.');
		if (last || at + (int)strlen(label.text) < next)
			lane_put(&lane, at, label.text);
		else
			lane_put(&lane, at, "*");
		at = next;
	}
	lane_end(v, &lane);
}

static void draw_sweep(const struct view *v)
{
	struct lane lane = lane_begin(v, "sweep");
	int at = column(v, v->plan->delay_ns);
	TEXT(label, 64);

	text_format(&label, "at most %t, once the program has ended",
		    v->plan->sweep_ns < v->kill_ns ? v->plan->sweep_ns
						   : v->kill_ns);
	if (at + (int)label.length >= AXIS_AT + AXIS)
		at = AXIS_AT + AXIS - 1 - (int)label.length;
	lane_put(&lane, at, label.bytes);
	lane_end(v, &lane);
}

static void draw_platform(const struct view *v)
{
	struct lane lane = lane_begin(v, "platform");

	if (plan_assumed_ns(v) < v->o->platform_ns)
		lane_put(&lane, column(v, plan_assumed_ns(v)), "KILL?");
	lane_put(&lane, column(v, v->o->platform_ns), "SIGKILL");
	lane_end(v, &lane);
}

static void draw_deadline(const struct view *v)
{
	struct lane lane = lane_begin(v, "deadline");
	int at = column(v, v->kill_ns);

	/* What is earlier is drawn so, however little it is. */
	if (v->kill_ns < v->o->platform_ns &&
	    at == column(v, v->o->platform_ns))
		at--;
	lane_put(&lane, at, "KILL");
	lane_end(v, &lane);
}

void plan_draw(const struct view *v)
{
	const struct plan *plan = v->plan;

	draw_axis(v);
	if (plan->delay_ns)
		draw_bar(v, "delay", 0, plan->delay_ns, '=');
	if (plan->pre_hooks)
		draw_bar(v, "pre-stop", 0, plan->pre_limit_ns, '-');
	if (plan->drain)
		draw_bar(v, "drain", 0, plan->pre_limit_ns, '-');
	draw_stop(v);
	draw_sweep(v);
	draw_deadline(v);
	if (plan->post_hooks)
		draw_bar(v, "post-stop", v->kill_ns, plan->grace_ns, '-');
	draw_platform(v);
}
