/*
 * plan.c - --plan: the shutdown that the options ask for, as a picture, a
 * timetable and warnings.
 *
 * Pure.  The picture shows the earliest course of things, the timetable also
 * the latest; both come from struct plan, as the machine reads it.  80
 * columns of ASCII hold it.  Called by init.c.
 */
#include <string.h>

#include "init.h"

enum {
	WIDTH = 79,    /* of a line */
	AXIS_AT = 10,  /* the column of 0s */
	AXIS = 60,     /* columns of the time axis */
	TEXT_AT = 20,  /* the timetable's text */
	TICKS_MAX = 8, /* in the axis */
	NAME_MAX_SHOWN = 40,
};

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

/* ---------------------------------------------------------------- writing */

/*
 * Writes s from column `at` on, broken between words; `first` is what stands
 * before it in its first line.
 */
static void add_wrapped(struct text *t, const char *first, size_t at,
			const char *s)
{
	size_t column = strlen(first);

	text_add(t, first);
	while (*s) {
		size_t length = strcspn(s, " ");

		if (column > at && column + 1 + length > WIDTH) {
			text_byte(t, '\n');
			column = 0;
		}
		if (column > at) {
			text_byte(t, ' ');
			column++;
		}
		for (; column < at; column++)
			text_byte(t, ' ');
		text_bytes(t, s, length);
		column += length;
		s += length;
		s += strspn(s, " ");
	}
	text_byte(t, '\n');
}

/* The text in quotes, cut where it is long for a line. */
static void add_short(struct text *t, const char *s)
{
	TEXT(part, NAME_MAX_SHOWN + 1);

	text_add(&part, s);
	text_shown(t, part.bytes);
	if (part.cut)
		text_add(t, "...");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void add_program(struct text *t, const struct view *v)
{
	if (v->o->program)
		add_short(t, base_name(*v->o->program));
	else
		text_add(t, "the program");
}

/* " (SOURCE)" */
static void add_source(struct text *t, const struct view *v, const char *name)
{
	text_add(t, " (");
	options_source(t, v->o, name);
	text_byte(t, ')');
}

/* The signal of a step, the request's own after --map where it has none. */
static int step_signal(const struct view *v, int i)
{
	int signal = v->plan->step[i].signal;

	return signal ? signal : v->o->map[v->request];
}

static void add_signal(struct text *t, int signal)
{
	if (signal)
		signal_name(t, signal);
	else
		text_add(t, "nothing");
}

/* When step i is due, counted from the first. */
static int64_t step_ns(const struct view *v, int i)
{
	int64_t ns = 0;

	while (i-- > 0)
		ns += v->plan->step[i].wait_ns;
	return ns;
}

static bool waits(const struct view *v)
{
	return v->plan->pre_hooks || v->plan->drain;
}

/* ---------------------------------------------------------------- picture */

struct lane {
	char cells[WIDTH + 1];
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
	for (; *s && at < WIDTH; s++)
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

	memset(lane.cells, ' ', WIDTH);
	lane.cells[WIDTH] = '\0';
	lane.cells[column(v, v->o->platform_ns)] = '|';
	lane_put(&lane, 0, name);
	return lane;
}

static void lane_end(const struct view *v, const struct lane *lane)
{
	size_t length = WIDTH;

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

/* TERM......QUIT...KILL, each where it is due at the earliest. */
static void draw_stop(const struct view *v)
{
	const struct plan *plan = v->plan;
	struct lane lane = lane_begin(v, "stop");
	int last = plan->steps - 1;
	bool killed = plan->step[last].signal == SIGKILL;
	int end = column(v, killed ? plan->delay_ns + step_ns(v, last)
				   : v->kill_ns);

	lane_fill(&lane, column(v, plan->delay_ns), end, '.');
	for (int i = 0; i <= last; i++) {
		int at = column(v, plan->delay_ns + step_ns(v, i));
		int next =
			i < last ? column(v, plan->delay_ns + step_ns(v, i + 1))
			: killed ? WIDTH
				 : end;
		TEXT(label, 16);

		add_signal(&label, step_signal(v, i));
		if (at + (int)label.length < next)
			lane_put(&lane, at, label.bytes);
		else
			lane_put(&lane, at, "*");
	}
	if (!killed)
		lane_put(&lane, end, "KILL");
	lane_end(v, &lane);
}

static void draw_sweep(const struct view *v)
{
	struct lane lane = lane_begin(v, "sweep");
	int at = column(v, v->plan->delay_ns);
	TEXT(label, 64);

	text_add(&label, "at most ");
	text_duration(&label, v->plan->sweep_ns);
	text_add(&label, ", once the program has ended");
	if (at + (int)label.length > AXIS_AT + AXIS)
		at = AXIS_AT + AXIS - (int)label.length;
	lane_put(&lane, at, label.bytes);
	lane_end(v, &lane);
}

static bool platform_gives_less(const struct view *v)
{
	return v->has_platform && strcmp(v->o->platform_from, "default") == 0 &&
	       v->platform.default_ns < v->o->platform_ns;
}

static void draw_platform(const struct view *v)
{
	struct lane lane = lane_begin(v, "platform");

	if (platform_gives_less(v))
		lane_put(&lane, column(v, v->platform.default_ns), "KILL?");
	lane_put(&lane, column(v, v->o->platform_ns), "SIGKILL");
	lane_end(v, &lane);
}

static void draw(const struct view *v)
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
	if (plan->post_hooks)
		draw_bar(v, "post-stop", v->kill_ns, plan->grace_ns, '-');
	draw_platform(v);
}

/* -------------------------------------------------------------- timetable */

/* One line: the earliest and the latest time (NEVER_NS: none), and what. */
static void add_row(const struct view *v, int64_t early_ns, int64_t late_ns,
		    const char *what)
{
	TEXT(times, TEXT_AT * 2);

	text_add(&times, "  ");
	if (early_ns != NEVER_NS)
		text_duration(&times, early_ns);
	do
		text_byte(&times, ' ');
	while (times.length < 10);
	if (late_ns != NEVER_NS && late_ns != early_ns)
		text_duration(&times, late_ns);
	add_wrapped(v->t, times.bytes, TEXT_AT, what);
}

static void tell_request(const struct view *v)
{
	uint64_t others =
		v->o->stop_signals & ~(UINT64_C(1) << (v->request - 1));
	TEXT(what, 1024);

	signal_name(&what, v->request);
	text_add(&what, " arrives");
	for (int i = 1; i <= SIGNAL_MAX; i++) {
		if (!(others >> (i - 1) & 1))
			continue;
		text_add(&what, strchr(what.bytes, ';') ? ", " : "; also: ");
		signal_name(&what, i);
	}
	add_source(&what, v, "on");
	add_row(v, 0, NEVER_NS, what.bytes);
}

static void tell_hooks(const struct view *v, const char *const *hooks,
		       int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		TEXT(what, 256);

		text_add(&what, "run ");
		add_short(&what, hooks[i]);
		add_source(&what, v, name);
		add_row(v, NEVER_NS, NEVER_NS, what.bytes);
	}
}

static void tell_drain(const struct view *v)
{
	TEXT(what, 256);

	text_add(&what,
		 v->o->ports > 1 ? "wait until ports " : "wait until port ");
	for (int i = 0; i < v->o->ports; i++) {
		text_add(&what, i ? ", " : "");
		text_number(&what, v->o->port[i]);
	}
	text_add(&what, v->o->ports > 1 ? " are quiet for " : " is quiet for ");
	text_duration(&what, v->plan->quiet_ns);
	add_source(&what, v, "drain");
	add_row(v, NEVER_NS, NEVER_NS, what.bytes);
}

/* Who gets a stop signal. */
static void add_target(struct text *t, const struct view *v)
{
	switch (v->o->scope) {
	case SCOPE_AUTO:
		text_add(t, " to ");
		add_program(t, v);
		text_add(t, ", to its children while it is a shell");
		break;
	case SCOPE_CHILD:
		text_add(t, " to ");
		add_program(t, v);
		text_add(t, " alone");
		break;
	case SCOPE_GROUP:
		text_add(t, " to the process group of ");
		add_program(t, v);
		break;
	case SCOPE_ALL:
		text_add(t, " to every process");
		break;
	}
}

static void tell_limits(const struct view *v, struct text *what)
{
	const struct plan *plan = v->plan;

	if (plan->delay_ns || waits(v)) {
		text_add(what, " (");
		if (plan->delay_ns)
			options_source(what, v->o, "delay");
		if (plan->delay_ns && waits(v))
			text_add(what, "; ");
		if (waits(v)) {
			text_add(what, "latest: --pre-stop-limit ");
			options_source(what, v->o, "pre-stop-limit");
		}
		text_byte(what, ')');
	}
}

static void tell_steps(const struct view *v)
{
	const struct plan *plan = v->plan;

	for (int i = 0; i < plan->steps; i++) {
		int64_t after = step_ns(v, i);
		int64_t late = v->latest_ns + after;
		TEXT(what, 256);

		add_signal(&what, step_signal(v, i));
		if (plan->step[i].signal == SIGKILL) {
			text_add(&what, " to every process");
		} else if (i == 0) {
			add_target(&what, v);
		}
		if (i == 0)
			tell_limits(v, &what);
		if (i > 0 || v->o->explicit_stop)
			add_source(&what, v, "stop");
		else if (v->o->map[v->request] != v->request)
			add_source(&what, v, "map");
		add_row(v, plan->delay_ns + after,
			late < v->kill_ns ? late : NEVER_NS, what.bytes);
	}
}

static void add_grace_source(struct text *t, const struct view *v)
{
	bool derived = v->o->grace_from == v->o->platform_from;

	text_add(t, " (");
	text_add(t, v->o->grace_from);
	if (derived) {
		text_add(t, ": ");
		text_duration(t, v->o->platform_ns);
		text_add(t, " less a reserve of ");
		text_duration(t, v->o->platform_ns - v->plan->grace_ns);
	}
	text_byte(t, ')');
}

static void tell_end(const struct view *v)
{
	const struct plan *plan = v->plan;
	TEXT(what, 512);

	text_add(&what, "TERM to what the program leaves behind, ");
	text_duration(&what, plan->sweep_ns);
	text_add(&what, " to end");
	add_source(&what, v, "sweep");
	add_row(v, NEVER_NS, NEVER_NS, what.bytes);

	text_clear(&what);
	text_add(&what, "KILL to all that is left");
	if (plan->post_hooks) {
		text_add(&what, ": grace less ");
		text_duration(&what, plan->post_ns);
		add_source(&what, v, "post-stop-limit");
	} else {
		text_add(&what, ", exit");
		add_grace_source(&what, v);
	}
	add_row(v, NEVER_NS, v->kill_ns, what.bytes);
	tell_hooks(v, v->o->post_stop, plan->post_hooks, "post-stop");
	if (plan->post_hooks) {
		text_clear(&what);
		text_add(&what, "exit: grace");
		add_grace_source(&what, v);
		add_row(v, NEVER_NS, plan->grace_ns, what.bytes);
	}

	text_clear(&what);
	text_add(&what, "the platform's SIGKILL (");
	text_add(&what, v->o->platform_from);
	text_byte(&what, ')');
	add_row(v, NEVER_NS, v->o->platform_ns, what.bytes);
}

static void tell(const struct view *v)
{
	text_add(v->t, "  earliest  latest\n");
	tell_request(v);
	tell_hooks(v, v->o->pre_stop, v->plan->pre_hooks, "pre-stop");
	if (v->plan->drain)
		tell_drain(v);
	tell_steps(v);
	tell_end(v);
}

/* --------------------------------------------------------------- warnings */

static void warn(const struct view *v, const char *what)
{
	add_wrapped(v->t, "Warning:", 9, what);
}

static void warn_platform(const struct view *v)
{
	const struct options *o = v->o;
	TEXT(what, 512);

	text_add(&what, "grace ");
	text_duration(&what, v->plan->grace_ns);
	if (platform_gives_less(v) &&
	    v->platform.default_ns <= v->plan->grace_ns) {
		text_add(&what, ", but ");
		text_add(&what, v->platform.name);
		text_add(&what, " gives ");
		text_duration(&what, v->platform.default_ns);
		text_add(&what, " by default, then SIGKILL: set ");
		text_add(&what, v->platform.setting);
		if (v->platform.setting[0] != '-') {
			text_add(&what, " to ");
			text_duration(&what, o->platform_ns);
			text_add(&what, " or more, or say --platform-grace ");
			text_duration(&what, v->platform.default_ns);
		}
		warn(v, what.bytes);
	} else if (v->plan->grace_ns >= o->platform_ns) {
		text_add(&what, " is not shorter than the platform's ");
		text_duration(&what, o->platform_ns);
		text_add(&what, " (");
		text_add(&what, o->platform_from);
		text_add(&what, "), its SIGKILL comes first: make it give "
				"more and say so with --platform-grace");
		warn(v, what.bytes);
	}
}

static bool is_shell(const char *name)
{
	static const char *const shells[] = {
		"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox",
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (strcmp(base_name(name), shells[i]) == 0)
			return true;
	return false;
}

static void warn_shell(const struct view *v)
{
	char **program = v->o->program;
	TEXT(what, 512);

	if (v->o->scope != SCOPE_CHILD || !program || !is_shell(*program))
		return;
	/* sh -c 'exec PROGRAM' is soon no shell any more. */
	if (program[1] && strcmp(program[1], "-c") == 0 && program[2] &&
	    strncmp(program[2], "exec ", 5) == 0)
		return;
	add_short(&what, base_name(*program));
	text_add(&what, " is a shell: with --scope child, what it started is "
			"not told to stop (--scope auto tells it)");
	warn(v, what.bytes);
}

static void warn_drain(const struct view *v)
{
	const struct plan *plan = v->plan;
	TEXT(what, 512);

	if (!plan->drain)
		return;
	if (plan->delay_ns == 0)
		warn(v, "--drain without --delay sees only what has arrived; "
			"a balancer that has not noticed yet still sends, and "
			"only --delay covers it");
	if (plan->quiet_ns <= plan->pre_limit_ns)
		return;
	text_add(&what, "--drain can't see ");
	text_duration(&what, plan->quiet_ns);
	text_add(&what, " of quiet before --pre-stop-limit ends it after ");
	text_duration(&what, plan->pre_limit_ns);
	warn(v, what.bytes);
}

/* What the deadline cuts off after the longest, or any, drain. */
static void warn_cut(const struct view *v)
{
	const struct plan *plan = v->plan;
	int i = 0;
	TEXT(what, 512);

	while (i < plan->steps && v->latest_ns + step_ns(v, i) < v->kill_ns)
		i++;
	if (i == plan->steps || (i && step_signal(v, i) == SIGKILL &&
				 v->latest_ns + step_ns(v, i) == v->kill_ns))
		return;
	add_signal(&what, step_signal(v, i));
	if (plan->delay_ns + step_ns(v, i) >= v->kill_ns) {
		text_add(&what, " is never sent: ");
	} else {
		text_add(&what, " is not sent after the longest drain (");
		text_duration(&what, v->latest_ns);
		text_add(&what, "): ");
	}
	text_add(&what, "the deadline's KILL at ");
	text_duration(&what, v->kill_ns);
	text_add(&what, " comes first");
	warn(v, what.bytes);
}

static void warn_unread(const struct view *v)
{
	for (int i = 0; i < v->o->unread_count; i++) {
		const char *s = v->o->unread[i];
		TEXT(name, NAME_MAX_SHOWN + 1);
		TEXT(what, 128);

		text_bytes(&name, s, strcspn(s, "="));
		add_short(&what, name.bytes);
		text_add(&what, " is not read by anybody");
		warn(v, what.bytes);
	}
}

void plan_print(struct text *t, const struct options *o, char *const *envp,
		bool dockerenv)
{
	const struct plan *plan = &o->plan;
	struct view v = {
		.t = t,
		.o = o,
		.plan = plan,
		.kill_ns = plan->grace_ns - plan->post_ns,
		.latest_ns = plan->delay_ns,
		.span_ns = o->platform_ns,
		.request = SIGTERM,
	};
	TEXT(head, 256);

	if (plan->grace_ns > v.span_ns)
		v.span_ns = plan->grace_ns;
	if (waits(&v))
		v.latest_ns = plan->pre_limit_ns;
	v.has_platform = platform_find(&v.platform, envp, dockerenv);
	if (!(o->stop_signals >> (SIGTERM - 1) & 1))
		for (v.request = 1; !(o->stop_signals >> (v.request - 1) & 1);)
			v.request++;

	text_add(&head, "To stop ");
	add_program(&head, &v);
	text_add(&head, ", lastcall takes at most ");
	text_duration(&head, plan->grace_ns);
	text_add(&head, " of the platform's ");
	text_duration(&head, o->platform_ns);
	text_add(&head, ":");
	add_wrapped(t, "", 0, head.bytes);
	text_byte(t, '\n');
	draw(&v);
	text_byte(t, '\n');
	tell(&v);
	text_add(t, "\nEvery wait is over as soon as what it waits for is "
		    "done.\n");
	warn_platform(&v);
	warn_shell(&v);
	warn_drain(&v);
	if (step_signal(&v, 0) == 0)
		warn(&v, "--map drops the stop signal: the program is not "
			 "told, only killed");
	warn_cut(&v);
	warn_unread(&v);
}
