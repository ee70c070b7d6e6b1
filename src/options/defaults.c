/*
 * defaults.c - whose deadline it is, and whether the plan fits in it.
 *
 * Pure.  lastcall must be done before the platform loses patience: grace is the
 * platform's period less a reserve, unless the user says otherwise.  A plan
 * that cannot be kept is refused at the start, when a person sees it.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/parse.h"
#include "lib/text.h"
#include "options/defaults.h"
#include "options/options.h"
#include "options/table.h"
#include "shutdown.h"

enum {
	COMPLAINT_COLUMNS = 69, /* what "lastcall: ...; see lastcall --help"
				   leaves of 100 */
};

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The reserve is a tenth, at least 1 s, at most 5 s, never more than half. */
static int64_t reserve(int64_t period_ns)
{
	int64_t ns = max(period_ns / 10, NS_PER_S);

	return min(min(ns, 5 * NS_PER_S), period_ns / 2);
}

/*
 * Finds the period of the platforms that tell it to the program.  A 0 is
 * ignored: it is a default that nobody has set, and a grace of 0 would be
 * useless.
 */
static bool finds_period(struct options *o, char *const *envp)
{
	static const char *const names[] = {
		"RAILWAY_DEPLOYMENT_DRAINING_SECONDS",
		"ARGO_TERMINATION_GRACE_PERIOD_SECONDS",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = text_variable(envp, names[i]);
		int64_t seconds;

		if (!value ||
		    !text_to_number(value, INT64_C(86400), &seconds) ||
		    seconds == 0)
			continue;
		o->platform_ns = seconds * NS_PER_S;
		o->platform_from = names[i];
		o->platform_origin = ORIGIN_PLATFORM;
		return true;
	}
	return false;
}

static void settle_grace(struct options *o, char *const *envp)
{
	if (o->platform_ns != NOT_GIVEN) {
		o->platform_origin = options_origin(o, "platform-grace");
		o->platform_from = o->platform_origin == ORIGIN_VARIABLE
					   ? "LASTCALL_PLATFORM_GRACE"
					   : "--platform-grace";
	} else if (!finds_period(o, envp)) {
		o->platform_ns = 30 * NS_PER_S;
		o->platform_from = "default";
	}
	if (o->plan.grace_ns == NOT_GIVEN) {
		o->plan.grace_ns = o->platform_ns - reserve(o->platform_ns);
		o->grace_from = o->platform_from;
		o->grace_derived = true;
		return;
	}
	o->grace_from = options_origin(o, "grace") == ORIGIN_VARIABLE
				? "LASTCALL_GRACE"
				: "--grace";
}

static void settle_limits(struct options *o)
{
	struct stop_plan *plan = &o->plan;
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

	plan->last_call_fixed = plan->last_call_ns != NOT_GIVEN;
	if (!plan->last_call_fixed)
		plan->last_call_ns = 5 * NS_PER_S;
	/* After a requested stop leftover processes have the rest of grace. */
	plan->stop_sweep_ns =
		plan->sweep_ns != NOT_GIVEN ? plan->sweep_ns : NEVER_NS;
	if (plan->sweep_ns == NOT_GIVEN)
		plan->sweep_ns = 5 * NS_PER_S;
}

/* Adds "--delay 5s", with a plus if it is not the first. */
static void add_term(struct text *t, const char *name, int64_t ns, bool shown)
{
	if (ns == 0)
		return;
	text_format(t, t->length ? " + %s" : "%s", name);
	if (shown)
		text_format(t, " %t", ns);
}

/*
 * "--delay 20s + --stop 15s: needs --platform-grace 39s": what was given, and
 * what would be enough.  The line has 100 columns at most, with what comes
 * before and behind: so the names are those of the options, not of variables,
 * and long durations are left out.
 */
static bool complain_sum(struct text *complaint, const struct options *o,
			 int64_t stop_ns, int64_t ns)
{
	const char *remedy = o->grace_from;
	bool shown = true;

	if (o->grace_derived) {
		ns += min(max(ns / 9, NS_PER_S), 5 * NS_PER_S) + NS_PER_S - 1;
		ns -= ns % NS_PER_S;
		remedy = o->platform_origin == ORIGIN_PLATFORM
				 ? "a period of"
				 : "--platform-grace";
	}
	for (;; shown = false) {
		text_clear(complaint);
		add_term(complaint, "--delay", o->plan.delay_ns, shown);
		add_term(complaint, "--stop", stop_ns, shown);
		add_term(complaint, "--post-stop", o->plan.post_ns, shown);
		text_format(complaint, ": needs %s %t", remedy, ns);
		if (complaint->length <= COMPLAINT_COLUMNS || !shown)
			return false;
	}
}

static bool check_limits(struct options *o, struct text *complaint)
{
	struct stop_plan *plan = &o->plan;
	struct source from;
	int64_t stop_ns = 0;
	int64_t most;

	for (int i = 0; i < plan->steps; i++)
		if (plan->step[i].wait_ns != NEVER_NS)
			stop_ns += plan->step[i].wait_ns;
	most = plan->delay_ns + stop_ns + plan->post_ns;
	if (most > plan->grace_ns)
		return complain_sum(complaint, o, stop_ns, most);
	most = plan->grace_ns - plan->post_ns;
	if (plan->last_call_fixed && plan->last_call_ns > most)
		return text_format(complaint,
				   "%s '%t' is more than the %t until SIGKILL",
				   options_source(&from, o, "last-call"),
				   plan->last_call_ns, most);
	if (plan->pre_limit_ns == NOT_GIVEN) {
		plan->pre_limit_ns =
			min(max(plan->grace_ns / 2, plan->delay_ns), most);
		return true;
	}
	if (plan->pre_limit_ns <= plan->grace_ns &&
	    plan->pre_limit_ns >= plan->delay_ns)
		return true;
	return text_format(complaint,
			   "%s '%t': expected delay of %t to grace of %t",
			   options_source(&from, o, "pre-stop-limit"),
			   plan->pre_limit_ns, plan->delay_ns, plan->grace_ns);
}

bool defaults_settle(struct options *o, char *const *envp,
		     struct text *complaint)
{
	bool told = o->platform_ns != NOT_GIVEN;

	settle_grace(o, envp);
	if (told && o->plan.grace_ns >= o->platform_ns)
		return text_format(
			complaint,
			"%s '%t': platform gives %t; expected at most %t",
			o->grace_from, o->plan.grace_ns, o->platform_ns,
			o->platform_ns - reserve(o->platform_ns));
	settle_limits(o);
	return check_limits(o, complaint);
}
