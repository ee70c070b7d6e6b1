/*
 * timetable.c - the timetable of --plan: what is done when, at the earliest
 * and at the latest, and where each figure comes from.
 *
 * Pure: all of it is what struct stop_plan says, as the machine reads it.
 */
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/signal_set.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "options/options.h"
#include "options/table.h"
#include "preview/page.h"
#include "preview/timetable.h"
#include "process/family.h"
#include "shutdown.h"

enum { TEXT_AT = 20 }; /* the column of the timetable's text */

/* Writes the signals of the set: "PWR, RTMIN+3". */
static void add_signals(struct text *t, uint64_t set)
{
	for (int i = 1; i <= SIGNAL_MAX; i++) {
		if (!signal_in(set, i))
			continue;
		text_add(t, t->length ? ", " : "");
		signal_name(t, i);
	}
}

/* Writes further signals that ask for a stop, if there are any. */
static void tell_signals(struct view *v, uint64_t set, const char *option,
			 const char *format)
{
	TEXT(list, 512);

	add_signals(&list, set);
	if (list.length)
		plan_say(plan_step(v, "request", option), format, list.bytes,
			 plan_program(v).text);
}

static void tell_request(struct view *v)
{
	const struct options *o = v->o;

	plan_step(v, "request", "on");
	plan_say(plan_times(v, v->request, 0, NO_TIME), "%s arrives",
		 plan_signal_name(v->request).text);
	tell_signals(v, o->stop_signals & ~signal_bit(v->request), "on",
		     "or %s");
	tell_signals(v, o->sent_stop_signals, "stop", "or %s, from a process");
	tell_signals(v, o->untaken_stop_signals, "on",
		     "or %s, if %q does not take it");
}

static void tell_hooks(struct view *v, const char *const *hooks, int count,
		       const char *name)
{
	for (int i = 0; i < count; i++)
		plan_say(plan_step(v, name, name), "run %q",
			 plan_brief(hooks[i]).text);
}

static void tell_drain(struct view *v)
{
	TEXT(ports, 160);

	if (v->o->drain_auto)
		text_add(&ports, "the ports that the program listens on");
	for (int i = 0; i < v->o->ports; i++)
		text_format(&ports, ports.length ? ", %d" : "port %d",
			    v->o->port[i]);
	plan_say(plan_step(v, "drain", "drain"), "drain %s until quiet for %t",
		 ports.bytes, v->plan->quiet_ns);
	if (v->o->oldest_given)
		plan_say(plan_step(v, "drain", "drain"),
			 "a request older than %t is not waited for",
			 v->o->oldest_ns);
}

/* Writes what comes before the first stop signal. */
static void tell_before(struct view *v)
{
	const struct stop_plan *plan = v->plan;
	struct source delay;

	if (v->o->ready.address.port != 0)
		plan_say(plan_step(v, "ready-port", "ready-port"),
			 "health checks fail: port %d is closed",
			 v->o->ready.address.port);
	tell_hooks(v, v->o->pre_stop, plan->pre_hooks, "pre-stop");
	if (plan->drain)
		tell_drain(v);
	plan_step(v, "serve-until", plan_waits(v) ? "pre-stop-limit" : "delay");
	plan_times(v, 0, plan->delay_ns, v->latest_ns);
	if (plan_waits(v)) {
		const char *limit = v->source;

		v->source = NULL;
		plan_say(v, "the %s (earliest: %s; latest: %s)",
			 plan->drain ? "drain ends" : "hooks have ended",
			 options_source(&delay, v->o, "delay"), limit);
	} else if (plan->delay_ns) {
		plan_say(v, "the delay ends");
	}
}

static void tell_last_call(struct view *v)
{
	int64_t first_ns = v->plan->delay_ns;
	int64_t ns = plan_last_call_ns(v, first_ns);

	if (ns == plan_kill_ns(v, first_ns))
		return;
	plan_step(v, "last-call", "last-call");
	plan_say(plan_times(v, SIGTERM, ns, plan_last_call_ns(v, v->latest_ns)),
		 "last call: TERM to those left that were sent no stop signal");
}

static void tell_steps(struct view *v)
{
	static const char *const forms[] = {
		[SCOPE_AUTO] = ("%s to %q and, if it does not take the signal, "
				"to what it has started"),
		[SCOPE_CHILD] = "%s to %q alone",
		[SCOPE_GROUP] = "%s to the process group of %q",
		[SCOPE_ALL] = "%s to every process",
	};
	const struct stop_plan *plan = v->plan;
	bool called = false;

	for (int i = 0; i < plan->steps; i++) {
		int signal = plan_signal(v, i);
		bool mapped = !plan->step[i].signal && signal != v->request;
		int64_t ns = plan_step_ns(v, i);
		int64_t late = v->latest_ns + ns;
		const char *form = forms[v->o->scope];

		called = signal == SIGKILL;
		if (called)
			tell_last_call(v);
		plan_step(v, "stop", mapped ? "map" : "stop");
		plan_times(v, signal, plan->delay_ns + ns, late);
		if (signal == SIGKILL)
			form = forms[SCOPE_ALL];
		else if (i > 0)
			form = "%s to the same, as far as they are left";
		if (signal == 0)
			form = "%s to anybody";
		if (late >= v->kill_ns + (signal == SIGKILL)) {
			v->late_ns = NO_TIME;
			form = "%s, unless all is killed first";
		}
		plan_say(v, form, plan_signal_name(signal).text,
			 plan_program(v).text);
	}
	if (!called)
		tell_last_call(v);
}

static void tell_platform(struct view *v)
{
	plan_step(v, "platform", "platform-grace");
	v->source = v->o->platform_from;
	plan_say(plan_times(v, SIGKILL, NO_TIME, v->o->platform_ns),
		 "the platform's SIGKILL");
}

/* Writes what happens to processes that are left when the program has ended. */
static void tell_left_over(struct view *v)
{
	const struct stop_plan *plan = v->plan;
	struct brief name = plan_program(v);
	bool alone = plan->linger_ns >= v->kill_ns;

	if (plan->linger_ns > 0)
		plan_say(plan_step(v, "linger", "linger"),
			 alone ? "what %q leaves behind is left alone"
			       : "what %q leaves behind is left alone for %t",
			 name.text, plan->linger_ns);
	/* Only the last call would end that before SIGKILL. */
	if (alone && plan->last_call_ns == 0)
		return;
	plan_step(v, "sweep", "sweep")->signal = SIGTERM;
	plan_say(v,
		 plan->stop_sweep_ns == NEVER_NS
			 ? "TERM to what %q leaves behind, then the rest of "
			   "the time"
			 : "TERM to what %q leaves behind, then at most %t",
		 name.text, plan->stop_sweep_ns);
}

static void tell_end(struct view *v)
{
	const struct options *o = v->o;
	const struct stop_plan *plan = v->plan;
	bool derived = o->grace_derived;
	bool too_late = plan->grace_ns > o->platform_ns;

	tell_left_over(v);
	if (too_late)
		tell_platform(v);
	if (plan->post_hooks) {
		plan_step(v, "kill", "post-stop-limit");
		plan_say(plan_times(v, SIGKILL, NO_TIME, v->kill_ns),
			 "KILL to all that is left, %t before the end",
			 plan->post_ns);
		tell_hooks(v, o->post_stop, plan->post_hooks, "post-stop");
	}
	plan_step(v, plan->post_hooks ? "exit" : "kill", "grace");
	v->source = NULL;
	plan_say(plan_times(v, plan->post_hooks ? 0 : SIGKILL, NO_TIME,
			    plan->grace_ns),
		 derived ? "%sexit: %t (%s) less a reserve of %t"
			 : "%sexit: grace %t (%s)",
		 plan->post_hooks ? "" : "KILL to all that is left, ",
		 derived ? o->platform_ns : plan->grace_ns, o->grace_from,
		 o->platform_ns - plan->grace_ns);
	if (!too_late)
		tell_platform(v);
}

void plan_tell(struct view *v)
{
	v->at = TEXT_AT;
	tell_request(v);
	tell_before(v);
	tell_steps(v);
	tell_end(v);
	v->step = NULL;
}
