/*
 * plan_warn.c - the warnings of --plan: what is allowed, and will go wrong.
 *
 * Pure.  Called by plan.c.
 */
#include <string.h>

#include "plan.h"

static void warn(const struct view *v, const char *what)
{
	plan_add_wrapped(v->t, "Warning:", 9, what);
}

static void warn_platform(const struct view *v)
{
	const struct options *o = v->o;
	TEXT(what, 512);

	text_add(&what, "grace ");
	text_duration(&what, v->plan->grace_ns);
	if (plan_gives_less(v) && v->platform.default_ns <= v->plan->grace_ns) {
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
		if (strcmp(plan_base_name(name), shells[i]) == 0)
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
	plan_add_short(&what, plan_base_name(*program));
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

	while (i < plan->steps &&
	       v->latest_ns + plan_step_ns(v, i) < v->kill_ns)
		i++;
	if (i == plan->steps ||
	    (i && plan_signal(v, i) == SIGKILL &&
	     v->latest_ns + plan_step_ns(v, i) == v->kill_ns))
		return;
	plan_add_signal(&what, plan_signal(v, i));
	if (plan->delay_ns + plan_step_ns(v, i) >= v->kill_ns) {
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
		TEXT(name, 64);
		TEXT(what, 128);

		text_bytes(&name, s, strcspn(s, "="));
		plan_add_short(&what, name.bytes);
		text_add(&what, " is not read by anybody");
		warn(v, what.bytes);
	}
}

void plan_warn(const struct view *v)
{
	warn_platform(v);
	warn_shell(v);
	warn_drain(v);
	if (plan_signal(v, 0) == 0)
		warn(v, "--map drops the stop signal: the program is not "
			"told, only killed");
	warn_cut(v);
	warn_unread(v);
}
