/*
 * plan.c - --plan: the shutdown that the options ask for, as a picture, a
 * timetable and warnings.
 *
 * Pure.  The picture (plan_picture.c) shows the earliest course of things,
 * the timetable here also the latest, and where each figure comes from; all
 * of it is what struct plan says, as the machine reads it.  80 columns of
 * ASCII hold it.  Called by init.c.
 */
#include <string.h>

#include "plan.h"

enum {
	TEXT_AT = 20, /* the column of the timetable's text */
	SHOWN_MAX = 40,
};

void plan_add_wrapped(struct text *t, const char *first, size_t at,
		      const char *s)
{
	size_t column = strlen(first);

	text_add(t, first);
	while (*s) {
		size_t length = strcspn(s, " ");

		if (column > at && column + 1 + length > PLAN_WIDTH) {
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

void plan_add_short(struct text *t, const char *s)
{
	TEXT(part, SHOWN_MAX + 1);

	text_add(&part, s);
	text_shown(t, part.bytes);
	if (part.cut)
		text_add(t, "...");
}

const char *plan_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void add_program(struct text *t, const struct view *v)
{
	if (v->o->program)
		plan_add_short(t, plan_base_name(*v->o->program));
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

int plan_signal(const struct view *v, int i)
{
	int signal = v->plan->step[i].signal;

	return signal ? signal : v->o->map[v->request];
}

void plan_add_signal(struct text *t, int signal)
{
	if (signal)
		signal_name(t, signal);
	else
		text_add(t, "nothing");
}

int64_t plan_step_ns(const struct view *v, int i)
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

bool plan_gives_less(const struct view *v)
{
	return v->has_platform && strcmp(v->o->platform_from, "default") == 0 &&
	       v->platform.default_ns < v->o->platform_ns;
}

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
	plan_add_wrapped(v->t, times.bytes, TEXT_AT, what);
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
		plan_add_short(&what, hooks[i]);
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
		int64_t after = plan_step_ns(v, i);
		int64_t late = v->latest_ns + after;
		TEXT(what, 256);

		plan_add_signal(&what, plan_signal(v, i));
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
	plan_add_wrapped(t, "", 0, head.bytes);
	text_byte(t, '\n');
	plan_draw(&v);
	text_byte(t, '\n');
	tell(&v);
	text_add(t, "\nEvery wait is over as soon as what it waits for is "
		    "done.\n");
	plan_warn(&v);
}
