/*
 * budget.c - whose deadline it is, and whether the plan fits in it.
 *
 * Pure.  lastcall must be done before the platform loses patience: grace is
 * the platform's period less a reserve, unless the user says otherwise.  A
 * plan that can't be kept is refused at the start, when somebody looks.
 * Called by options.c.
 */
#include <string.h>

#include "init.h"

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A tenth, at least 1 s, at most 5 s, never more than half. */
static int64_t reserve(int64_t period_ns)
{
	int64_t ns = max(period_ns / 10, NS_PER_S);

	return min(min(ns, 5 * NS_PER_S), period_ns / 2);
}

/*
 * Railway is the one platform that tells its period.  Its 0 is the default of
 * somebody who has not thought of it: no grace at all would be no answer.
 */
static bool railway_period(char *const *envp, int64_t *ns)
{
	const char *value =
		text_variable(envp, "RAILWAY_DEPLOYMENT_DRAINING_SECONDS");
	int64_t seconds;

	if (!value || !text_to_number(value, INT64_C(86400), &seconds) ||
	    seconds <= 0)
		return false;
	*ns = seconds * NS_PER_S;
	return true;
}

static bool is_variable(const struct options *o, const char *name)
{
	struct source from;

	return options_source(&from, o, name)[0] != '-';
}

static void settle_grace(struct options *o, char *const *envp)
{
	if (o->platform_ns != NOT_GIVEN) {
		o->platform_from = is_variable(o, "platform-grace")
					   ? "LASTCALL_PLATFORM_GRACE"
					   : "--platform-grace";
	} else if (railway_period(envp, &o->platform_ns)) {
		o->platform_from = "RAILWAY_DEPLOYMENT_DRAINING_SECONDS";
	} else {
		o->platform_ns = 30 * NS_PER_S;
		o->platform_from = "default";
	}
	if (o->plan.grace_ns == NOT_GIVEN) {
		o->plan.grace_ns = o->platform_ns - reserve(o->platform_ns);
		o->grace_from = o->platform_from;
		return;
	}
	o->grace_from = is_variable(o, "grace") ? "LASTCALL_GRACE" : "--grace";
}

static void settle_limits(struct options *o)
{
	struct plan *plan = &o->plan;
	int64_t half = plan->grace_ns / 2;

	while (plan->pre_hooks < HOOK_MAX && o->pre_stop[plan->pre_hooks])
		plan->pre_hooks++;
	while (plan->post_hooks < HOOK_MAX && o->post_stop[plan->post_hooks])
		plan->post_hooks++;
	/* Without a hook there is nothing to keep time for. */
	if (plan->post_hooks == 0)
		plan->post_ns = 0;
	else if (plan->post_ns == NOT_GIVEN)
		plan->post_ns = min(5 * NS_PER_S, half);
}

static bool check_limits(struct options *o, struct text *complaint)
{
	struct plan *plan = &o->plan;
	int64_t stop_ns = 0;
	int64_t most;

	for (int i = 0; i < plan->steps; i++)
		if (plan->step[i].wait_ns != NEVER_NS)
			stop_ns += plan->step[i].wait_ns;
	most = plan->delay_ns + stop_ns + plan->post_ns;
	if (most > plan->grace_ns)
		return text_format(complaint,
				   "a plan of --delay %t + --stop %t + "
				   "--post-stop-limit %t = '%t' does not fit; "
				   "expected at most the grace of %t (%s)",
				   plan->delay_ns, stop_ns, plan->post_ns, most,
				   plan->grace_ns, o->grace_from);
	most = plan->grace_ns - plan->post_ns;
	if (plan->pre_limit_ns == NOT_GIVEN) {
		plan->pre_limit_ns =
			min(max(plan->grace_ns / 2, plan->delay_ns), most);
	} else if (plan->pre_limit_ns > plan->grace_ns) {
		return text_format(
			complaint,
			"--pre-stop-limit '%t' does not fit; expected "
			"at most the grace of %t (%s)",
			plan->pre_limit_ns, plan->grace_ns, o->grace_from);
	} else if (plan->pre_limit_ns < plan->delay_ns) {
		return text_format(
			complaint,
			"--pre-stop-limit '%t' is too short; expected "
			"at least the delay of %t",
			plan->pre_limit_ns, plan->delay_ns);
	}
	return true;
}

bool budget_settle(struct options *o, char *const *envp, struct text *complaint)
{
	bool told = o->platform_ns != NOT_GIVEN;

	settle_grace(o, envp);
	if (told && o->plan.grace_ns >= o->platform_ns)
		return text_format(
			complaint,
			"%s '%t' is not shorter than %s %t; expected at "
			"most %t",
			o->grace_from, o->plan.grace_ns, o->platform_from,
			o->platform_ns,
			o->platform_ns - reserve(o->platform_ns));
	settle_limits(o);
	return check_limits(o, complaint);
}
