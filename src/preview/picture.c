/*
 * picture.c - the picture of --plan: a lane for each thing that takes
 * time, over one time axis.
 *
 * Pure.  It shows the earliest course of a shutdown.  "=" is time that passes
 * in any case, "-" time that may be needed.
 */
#include <signal.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "preview/page.h"
#include "preview/picture.h"
#include "shutdown.h"

enum {
	AXIS_AT = 10,  /* the column of the time 0 */
	AXIS = 60,     /* columns of the time axis */
	TICKS_MAX = 8, /* in the axis */
};

struct lane {
	char cells[PLAN_WIDTH + 1];
};

static int column(const struct view *v, int64_t ns)
{
	/* In ms, as a year in ns, times the columns, does not fit. */
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

/* Begins an empty lane; the platform's SIGKILL is a line through all lanes. */
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
	static const int round_ms[] = {
		100,   200,   500,    1000,   2000,   5000,   10000,  15000,
		30000, 60000, 120000, 300000, 600000, 900000, 1800000
	};
	int64_t least = (v->span_ns + TICKS_MAX - 1) / TICKS_MAX;
	int64_t ns = 3600 * NS_PER_S;

	for (size_t i = 0; i < sizeof(round_ms) / sizeof(*round_ms); i++)
		if (least <= round_ms[i] * NS_PER_MS)
			return round_ms[i] * NS_PER_MS;
	while (ns < least)
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

	/* However short it is, it takes one column. */
	lane_fill(&lane, from, to > from ? to : from + 1, c);
	lane_end(v, &lane);
}

/* TERM......QUIT....., each at the earliest time that it is due. */
static void draw_stop(const struct view *v)
{
	const struct stop_plan *plan = v->plan;
	struct lane lane = lane_begin(v, "stop");
	int at = column(v, plan->delay_ns);

	for (int i = 0; i < plan->steps; i++) {
		struct brief label = plan_signal_name(plan_signal(v, i));
		bool last = i == plan->steps - 1;
		int next = column(v, last ? v->kill_ns
					  : plan->delay_ns +
						     plan_step_ns(v, i + 1));

		/* After KILL there is nothing left to wait for. */
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

/*
 * The column of a time, which is before that of the platform's SIGKILL if the
 * time is earlier, however little.
 */
static int before_platform(const struct view *v, int64_t ns)
{
	int at = column(v, ns);

	if (ns < v->o->platform_ns && at == column(v, v->o->platform_ns))
		at--;
	return at;
}

static void draw_last_call(const struct view *v)
{
	struct lane lane = lane_begin(v, "last call");
	int64_t ns = plan_last_call_ns(v, v->plan->delay_ns);
	int64_t kill_ns = plan_kill_ns(v, v->plan->delay_ns);

	if (ns == kill_ns)
		return;
	lane_fill(&lane, column(v, ns), column(v, kill_ns), '.');
	lane_put(&lane, before_platform(v, ns), "TERM");
	lane_end(v, &lane);
}

static void draw_platform(const struct view *v)
{
	struct lane lane = lane_begin(v, "platform");

	lane_put(&lane, column(v, v->o->platform_ns), "SIGKILL");
	lane_end(v, &lane);
}

static void draw_deadline(const struct view *v)
{
	struct lane lane = lane_begin(v, "deadline");

	lane_put(&lane, before_platform(v, v->kill_ns), "KILL");
	lane_end(v, &lane);
}

void plan_draw(const struct view *v)
{
	const struct stop_plan *plan = v->plan;

	draw_axis(v);
	if (plan->delay_ns)
		draw_bar(v, "delay", 0, plan->delay_ns, '=');
	if (plan->pre_hooks)
		draw_bar(v, "pre-stop", 0, plan->pre_limit_ns, '-');
	if (plan->drain)
		draw_bar(v, "drain", 0, plan->pre_limit_ns, '-');
	draw_stop(v);
	draw_last_call(v);
	draw_deadline(v);
	if (plan->post_hooks)
		draw_bar(v, "post-stop", v->kill_ns, plan->grace_ns, '-');
	draw_platform(v);
}
