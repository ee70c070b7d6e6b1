/*
 * plan_warn.c - the warnings of --plan: what is allowed, and will go wrong.
 *
 * Pure.  Called by plan.c.
 */
#include <string.h>

#include "plan.h"

enum { TEXT_AT = 9 }; /* behind "Warning:" */

static const struct view *warning(const struct view *v)
{
	text_add(v->t, "Warning:");
	return v;
}

/* The platform's SIGKILL comes first. */
static void warn_platform(const struct view *v)
{
	const struct platform *p = &v->platform;
	int64_t grace_ns = v->plan->grace_ns;

	if (plan_assumed_ns(v) > grace_ns)
		return;
	if (!v->has_platform)
		plan_say(warning(v),
			 "grace is %t, but the platform gives %t (%s) before "
			 "its "
			 "SIGKILL: shorten grace, or say with --platform-grace "
			 "what it gives",
			 grace_ns, v->o->platform_ns, v->o->platform_from);
	else if (p->setting[0] == '-')
		plan_say(warning(v),
			 "grace is %t, but %s gives %t before its SIGKILL: say "
			 "%s",
			 grace_ns, p->name, p->default_ns, p->setting);
	else
		plan_say(warning(v),
			 "grace is %t, but %s gives %t by default before its "
			 "SIGKILL: set %s above %t, or say --platform-grace %t",
			 grace_ns, p->name, p->default_ns, p->setting, grace_ns,
			 p->default_ns);
}

static void warn_shell(const struct view *v)
{
	if (v->is_shell && v->o->scope == SCOPE_CHILD)
		plan_say(
			warning(v),
			"%q is a shell: with --scope child, what it started is "
			"not told to stop; --scope auto tells it",
			plan_base_name(*v->o->program));
}

static void warn_drain(const struct view *v)
{
	const struct plan *plan = v->plan;

	if (plan->drain && plan->delay_ns == 0)
		plan_say(warning(v),
			 "--drain without --delay sees only what has arrived: "
			 "a balancer that has not noticed yet still sends, and "
			 "only --delay covers it");
	if (plan->drain && plan->quiet_ns > plan->pre_limit_ns)
		plan_say(warning(v),
			 "--drain never sees %t of quiet: --pre-stop-limit is "
			 "%t",
			 plan->quiet_ns, plan->pre_limit_ns);
}

/* What comes too late after the longest drain, or always. */
static void warn_cut(const struct view *v)
{
	const struct plan *plan = v->plan;
	int64_t at_ns;
	int i = 0;

	while (i < plan->steps &&
	       v->latest_ns + plan_step_ns(v, i) < v->kill_ns)
		i++;
	if (i == plan->steps)
		return;
	at_ns = v->latest_ns + plan_step_ns(v, i);
	if (plan_signal(v, i) == SIGKILL && at_ns == v->kill_ns)
		return;
	plan_say(
		warning(v), "%s%s would be sent at %t, but all is killed at %t",
		v->latest_ns > plan->delay_ns ? "after the longest drain " : "",
		plan_signal_name(plan_signal(v, i)).text, at_ns, v->kill_ns);
}

static void warn_unread(const struct view *v)
{
	for (int i = 0; i < v->o->unread_count; i++) {
		const char *s = v->o->unread[i];
		TEXT(name, 64);

		text_bytes(&name, s, text_until(s, "="));
		plan_say(warning(v), "nothing reads the variable %q",
			 name.bytes);
	}
}

void plan_warn(struct view *v)
{
	v->at = TEXT_AT;
	warn_platform(v);
	warn_shell(v);
	warn_drain(v);
	if (plan_signal(v, 0) == 0)
		plan_say(warning(v),
			 "--map drops the stop signal: the program is not "
			 "told, only killed");
	warn_cut(v);
	warn_unread(v);
}
