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
	NO_TIME = -1, /* in the timetable */
};

void plan_say(const struct view *v, const char *format, ...)
{
	struct text *t = v->t;
	size_t column = 0;
	const char *s;
	va_list values;
	TEXT(said, 1024);

	while (column < t->length && t->bytes[t->length - 1 - column] != '\n')
		column++;
	va_start(values, format);
	text_vformat(&said, format, values);
	va_end(values);
	for (s = said.bytes; *s; s += text_span(s, " ")) {
		size_t length = text_until(s, " ");

		if (column > v->at && column + 1 + length > PLAN_WIDTH) {
			text_byte(t, '\n');
			column = 0;
		} else if (column > v->at) {
			text_byte(t, ' ');
			column++;
		}
		for (; column < v->at; column++)
			text_byte(t, ' ');
		text_bytes(t, s, length);
		column += length;
		s += length;
	}
	text_byte(t, '\n');
}

struct brief plan_brief(const char *s)
{
	struct brief b = { .text = "" };
	struct text t = { b.text, sizeof(b.text), 0, false };

	text_add(&t, s);
	if (t.cut)
		memcpy(b.text + sizeof(b.text) - 4, "...", 4);
	return b;
}

const char *plan_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* The program's name, or what stands for it. */
static struct brief program(const struct view *v)
{
	return plan_brief(v->o->program ? plan_base_name(*v->o->program)
					: "PROGRAM");
}

int plan_signal(const struct view *v, int i)
{
	int signal = v->plan->step[i].signal;

	return signal ? signal : v->o->map[v->request];
}

struct brief plan_signal_name(int signal)
{
	TEXT(name, 16);

	if (signal == 0)
		return plan_brief("nothing");
	signal_name(&name, signal);
	return plan_brief(name.bytes);
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

int64_t plan_assumed_ns(const struct view *v)
{
	return v->has_platform ? v->platform.default_ns : v->o->platform_ns;
}

/* Begins a row: the earliest and the latest time or NO_TIME. */
static const struct view *row(const struct view *v, int64_t early_ns,
			      int64_t late_ns)
{
	size_t start = v->t->length;

	text_add(v->t, "  ");
	if (early_ns != NO_TIME)
		text_duration(v->t, early_ns);
	do
		text_byte(v->t, ' ');
	while (v->t->length - start < TEXT_AT / 2);
	if (late_ns != NO_TIME && late_ns != early_ns)
		text_duration(v->t, late_ns);
	return v;
}

static void tell_request(const struct view *v)
{
	struct source from;
	TEXT(others, 512);

	for (int i = 1; i <= SIGNAL_MAX; i++) {
		if (i == v->request || !(v->o->stop_signals >> (i - 1) & 1))
			continue;
		text_add(&others, others.length ? ", " : "; so may ");
		signal_name(&others, i);
	}
	plan_say(row(v, 0, NO_TIME), "%s arrives%s (%s)",
		 plan_signal_name(v->request).text, others.bytes,
		 options_source(&from, v->o, "on"));
}

static void tell_hooks(const struct view *v, const char *const *hooks,
		       int count, const char *name)
{
	struct source from;

	for (int i = 0; i < count; i++)
		plan_say(row(v, NO_TIME, NO_TIME), "run %q (%s)",
			 plan_brief(hooks[i]).text,
			 options_source(&from, v->o, name));
}

static void tell_drain(const struct view *v)
{
	struct source from;
	TEXT(ports, 128);

	for (int i = 0; i < v->o->ports; i++)
		text_format(&ports, i ? ", %d" : "%d", v->o->port[i]);
	plan_say(row(v, NO_TIME, NO_TIME),
		 "drain port%s %s until quiet for %t (%s)",
		 v->o->ports > 1 ? "s" : "", ports.bytes, v->plan->quiet_ns,
		 options_source(&from, v->o, "drain"));
}

/* What comes before the first stop signal. */
static void tell_before(const struct view *v)
{
	const struct plan *plan = v->plan;
	struct source delay, limit;

	tell_hooks(v, v->o->pre_stop, plan->pre_hooks, "pre-stop");
	if (plan->drain)
		tell_drain(v);
	if (waits(v))
		plan_say(row(v, plan->delay_ns, v->latest_ns),
			 "the drain ends (earliest: %s; latest: %s)",
			 options_source(&delay, v->o, "delay"),
			 options_source(&limit, v->o, "pre-stop-limit"));
	else if (plan->delay_ns)
		plan_say(row(v, plan->delay_ns, NO_TIME), "the drain ends (%s)",
			 options_source(&delay, v->o, "delay"));
}

static void tell_steps(const struct view *v)
{
	static const char *const forms[] = {
		[SCOPE_AUTO] = "%s (%s) to %q",
		[SCOPE_CHILD] = "%s (%s) to %q alone",
		[SCOPE_GROUP] = "%s (%s) to the process group of %q",
		[SCOPE_ALL] = "%s (%s) to every process",
	};
	const struct plan *plan = v->plan;
	struct source from;

	for (int i = 0; i < plan->steps; i++) {
		int signal = plan_signal(v, i);
		bool mapped = !plan->step[i].signal && signal != v->request;
		int64_t late = v->latest_ns + plan_step_ns(v, i);
		const char *form = forms[v->o->scope];

		if (signal == SIGKILL)
			form = forms[SCOPE_ALL];
		else if (i > 0)
			form = "%s (%s)";
		else if (v->o->scope == SCOPE_AUTO && v->is_shell)
			form = "%s (%s) to %q and its children";
		plan_say(row(v, plan->delay_ns + plan_step_ns(v, i),
			     late < v->kill_ns ? late : NO_TIME),
			 form, plan_signal_name(signal).text,
			 options_source(&from, v->o, mapped ? "map" : "stop"),
			 program(v).text);
	}
}

static void tell_platform(const struct view *v)
{
	plan_say(row(v, NO_TIME, v->o->platform_ns),
		 "the platform's SIGKILL (%s)", v->o->platform_from);
}

static void tell_end(const struct view *v)
{
	const struct options *o = v->o;
	const struct plan *plan = v->plan;
	bool derived = o->grace_from == o->platform_from;
	bool too_late = plan->grace_ns > o->platform_ns;
	struct source from;

	plan_say(row(v, NO_TIME, NO_TIME),
		 "TERM to what %q leaves behind, then at most %t (%s)",
		 program(v).text, plan->sweep_ns,
		 options_source(&from, v->o, "sweep"));
	if (too_late)
		tell_platform(v);
	if (plan->post_hooks) {
		plan_say(row(v, NO_TIME, v->kill_ns),
			 "KILL to all that is left, %t (%s) before the end",
			 plan->post_ns,
			 options_source(&from, v->o, "post-stop-limit"));
		tell_hooks(v, o->post_stop, plan->post_hooks, "post-stop");
	}
	plan_say(row(v, NO_TIME, plan->grace_ns),
		 derived ? "%sexit: %t (%s) less a reserve of %t"
			 : "%sexit: grace %t (%s)",
		 plan->post_hooks ? "" : "KILL to all that is left, ",
		 derived ? o->platform_ns : plan->grace_ns, o->grace_from,
		 o->platform_ns - plan->grace_ns);
	if (!too_late)
		tell_platform(v);
}

/* Will the child be a shell for as long as it runs? */
static bool is_shell(const struct options *o)
{
	char **word = o->program;
	TEXT(words, 512);

	/* sh -c 'exec PROGRAM' is soon none any more. */
	if (!word || (word[1] && word[2] && strcmp(word[1], "-c") == 0 &&
		      strncmp(word[2], "exec ", 5) == 0))
		return false;
	text_add(&words, word[0]);
	text_byte(&words, '\0');
	if (word[1])
		text_add(&words, word[1]);
	return shell_is_named(words.bytes, words.length);
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
		.is_shell = is_shell(o),
	};

	if (plan->grace_ns > v.span_ns)
		v.span_ns = plan->grace_ns;
	if (waits(&v))
		v.latest_ns = plan->pre_limit_ns;
	v.has_platform = platform_find(&v.platform, envp, dockerenv) &&
			 strcmp(o->platform_from, "default") == 0;
	if (!(o->stop_signals >> (SIGTERM - 1) & 1))
		v.request = __builtin_ctzll(o->stop_signals) + 1;

	plan_say(&v,
		 "To stop %q, lastcall takes at most %t of the platform's %t:",
		 program(&v).text, plan->grace_ns, o->platform_ns);
	text_byte(t, '\n');
	plan_draw(&v);
	text_add(t, "\n  earliest  latest\n");
	v.at = TEXT_AT;
	tell_request(&v);
	tell_before(&v);
	tell_steps(&v);
	tell_end(&v);
	text_add(t, "\nWhatever is done early brings forward what follows.\n");
	plan_warn(&v);
}
