/*
 * preview.c - --plan: the shutdown that the options ask for, as a picture, a
 * timetable and warnings.
 *
 * Pure: the picture shows the earliest course of things, the timetable also
 * the latest.  80 columns of ASCII hold it.
 */
#include <signal.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "log/log.h"
#include "options/options.h"
#include "options/platform.h"
#include "preview/page.h"
#include "preview/picture.h"
#include "preview/preview.h"
#include "preview/timetable.h"
#include "preview/warnings.h"
#include "shutdown.h"

/* Writes a page for people. */
static void print_page(struct view *v)
{
	const struct stop_plan *plan = v->plan;

	plan_say(v, "To stop %q, lastcall takes at most %t%s%t:",
		 plan_command(v).text, plan->grace_ns,
		 plan->grace_ns <= v->o->platform_ns
			 ? " of the platform's "
			 : "; the platform kills after ",
		 v->o->platform_ns);
	text_byte(v->t, '\n');
	plan_draw(v);
	text_add(
		v->t,
		"= in any case, - at most, . until all have ended, * a signal, "
		"| SIGKILL\n\n  earliest  latest\n");
	plan_tell(v);
	text_byte(v->t, '\n');
	plan_warn(v);
}

/* Writes the same for tools, as one JSON object. */
static void print_object(struct view *v)
{
	struct text *t = v->t;

	text_add(t, "{\"program\":");
	text_quoted(t, plan_command(v).text);
	plan_ms(t, "grace", v->plan->grace_ns);
	plan_text(t, "grace_source", v->o->grace_from);
	plan_ms(t, "platform", v->o->platform_ns);
	plan_text(t, "platform_source", v->o->platform_from);
	text_add(t, ",\"steps\":[");
	v->comma = "";
	plan_tell(v);
	text_add(t, "],\"warnings\":[");
	v->comma = "";
	plan_warn(v);
	text_add(t, "]}\n");
}

bool plan_print(struct text *t, const struct options *o, char *const *envp,
		bool dockerenv)
{
	const struct stop_plan *plan = &o->plan;
	struct view v = {
		.t = t,
		.o = o,
		.plan = plan,
		.kill_ns = plan->grace_ns - plan->post_ns,
		.latest_ns = plan->delay_ns,
		.span_ns = o->platform_ns,
	};
	bool has_platform;

	/*
	 * A variable may be meant only for the container's log: a person may
	 * run --plan there.
	 */
	v.json = o->log_format == LOG_JSON &&
		 options_origin(o, "log-format") == ORIGIN_OPTION;
	if (plan->grace_ns > v.span_ns)
		v.span_ns = plan->grace_ns;
	if (plan_waits(&v))
		v.latest_ns = plan->pre_limit_ns;
	has_platform = platform_find(&v.platform, envp, dockerenv);
	if (!has_platform)
		v.platform.name = "the platform";
	if (!has_platform || o->platform_origin != ORIGIN_DEFAULT) {
		v.platform.default_ns = o->platform_ns;
		v.platform.setting = "--platform-grace with what it gives";
	}
	v.request = v.platform.signal;
	if (!signal_in(o->stop_signals, v.request))
		v.request = __builtin_ctzll(o->stop_signals) + 1;

	if (v.json)
		print_object(&v);
	else
		print_page(&v);
	return v.warnings > 0;
}
