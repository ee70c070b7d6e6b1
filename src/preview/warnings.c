/*
 * warnings.c - the warnings of --plan: what is allowed, but will go wrong.
 *
 * Pure.
 */
#include <signal.h>
#include <string.h>

#include "hook/spec.h"
#include "lib/parse.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "log/log.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/platform.h"
#include "options/table.h"
#include "preview/page.h"
#include "preview/warnings.h"
#include "shutdown.h"

/* Warns if the platform's SIGKILL comes first. */
static void warn_platform(struct view *v)
{
	TEXT(line, LINE_MAX_LEN);

	if (platform_warn(&line, &v->platform, v->plan->grace_ns))
		plan_say(v, "%s", line.bytes);
}

/*
 * Warns if most of the platform's period is unused.  An explicit grace
 * overrides the period, and may be left over from elsewhere, such as an image's
 * ENV.  A third or more may be meant: containers can share a pod's period.
 */
static void warn_unused(struct view *v)
{
	const struct options *o = v->o;

	if (v->plan->grace_ns < o->platform_ns / 3 &&
	    o->platform_origin != ORIGIN_DEFAULT)
		plan_say(v,
			 "%s is %t of the platform's %t (%s): most of it is "
			 "unused",
			 o->grace_from, v->plan->grace_ns, o->platform_ns,
			 o->platform_from);
}

static void warn_drain(struct view *v)
{
	const struct stop_plan *plan = v->plan;

	if ((plan->drain || v->o->ready.address.port != 0) &&
	    plan->delay_ns == 0)
		plan_say(v,
			 "%s without --delay: a balancer that has not noticed "
			 "yet still sends, and only --delay covers it",
			 plan->drain ? "--drain" : "--ready-port");
	if (plan->drain && plan->delay_ns > 0 &&
	    plan->delay_ns >= plan->pre_limit_ns)
		plan_say(v,
			 "--drain ends with --delay: both may take %t "
			 "(--pre-stop-limit)",
			 plan->pre_limit_ns);
	if (plan->drain && plan->quiet_ns > plan->pre_limit_ns)
		plan_say(v,
			 "--drain never sees %t of quiet: --pre-stop-limit is "
			 "%t",
			 plan->quiet_ns, plan->pre_limit_ns);
}

/* Warns of what comes too late after the longest drain, or always. */
static void warn_cut(struct view *v)
{
	const struct stop_plan *plan = v->plan;

	for (int i = 0; i < plan->steps; i++) {
		int64_t at_ns = v->latest_ns + plan_step_ns(v, i);
		int signal = plan_signal(v, i);

		if (at_ns > v->kill_ns ||
		    (at_ns == v->kill_ns && signal != SIGKILL))
			plan_say(v,
				 "%s%s would be sent at %t, but all is killed "
				 "at %t",
				 v->latest_ns > plan->delay_ns
					 ? "after the longest drain "
					 : "",
				 plan_signal_name(signal).text, at_ns,
				 v->kill_ns);
	}
}

/* Warns if the schedule is nothing but KILL and signals that end no program. */
static void warn_useless(struct view *v)
{
	static const int endless[] = { 0,	SIGKILL, SIGCHLD,
				       SIGCONT, SIGSTOP, SIGTSTP,
				       SIGTTIN, SIGTTOU, SIGURG };
	const size_t count = sizeof(endless) / sizeof(*endless);
	struct source from;

	for (int i = 0; i < v->plan->steps; i++) {
		size_t k = 0;

		while (k < count && plan_signal(v, i) != endless[k])
			k++;
		if (k == count)
			return;
	}
	plan_say(v,
		 "%s has no signal that asks the program to end: it is only "
		 "killed",
		 options_source(&from, v->o,
				v->o->explicit_stop ? "stop" : "map"));
}

/* Warns of a command that is meant for a shell, or that is an HTTP call. */
static void warn_hooks(struct view *v, const char *const *hooks, int count)
{
	for (int i = 0; i < count; i++) {
		const char *s = hooks[i];
		const char *how = NULL;
		struct hook_spec hook;
		size_t capitals;
		TEXT(complaint, 64);

		(void)hook_spec_parse(&hook, s, &complaint);
		if (hook.is_http)
			continue;
		capitals = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (strchr(hook.argv[0], ':') ||
		    (capitals >= 3 && s[capitals] == ' '))
			how = "as a command: an HTTP call has http://";
		else if (s[text_unquoted(s, "|&;<>()$`*")])
			how = "without a shell: write sh -c '...'";
		if (how)
			plan_say(v, "hook %q is run %s", plan_brief(s).text,
				 how);
	}
}

/* Warns of what images and command lines often get wrong about the program. */
static void warn_program(struct view *v)
{
	static const struct {
		const char *name, *line;
	} servers[] = {
		{ "nginx", "--stop QUIT" },
		{ "httpd", "--stop WINCH" },
		{ "apache2", "--stop WINCH" },
		{ "haproxy", "--stop USR1" },
		{ "php-fpm", "--stop QUIT" },
		{ "uwsgi", "--drain auto --stop INT" },
	};
	char **word = v->o->program;

	if (!word)
		return;
	/* The first word may be an entrypoint, and the second its server. */
	for (int n = 0; n < 2 && word[n]; n++) {
		const char *name = plan_base_name(word[n]);

		for (size_t i = 0; i < sizeof(servers) / sizeof(*servers);
		     i++) {
			size_t length = text_starts(name, servers[i].name);

			/* This matches php-fpm8.2 and httpd-foreground, too. */
			if (length > 0 &&
			    ((name[length] <= '9' && name[length] != '-') ||
			     strcmp(name + length, "-foreground") == 0) &&
			    plan_signal(v, 0) == SIGTERM && !v->plan->drain)
				plan_say(v,
					 "%s does not finish its requests at "
					 "TERM: say %s",
					 servers[i].name, servers[i].line);
		}
	}
	while (*++word)
		if (options_is_ours(*word))
			plan_say(v,
				 "%q is behind the program, which gets it, not "
				 "lastcall",
				 *word);
}

static void warn_unread_variables(struct view *v)
{
	for (int i = 0; i < v->o->unread_count; i++) {
		char *s = v->o->unread[i];
		TEXT(name, 64);

		text_bytes(&name, s, strcspn(s, "="));
		plan_say(v, "%q: %s", name.bytes,
			 environment_is_known(s)
				 ? "this variable is empty: not set"
				 : "nothing reads this variable");
	}
}

static void warn_request(struct view *v)
{
	int signal = v->platform.signal;
	struct source from;

	if (signal_in(v->o->stop_signals, signal))
		return;
	plan_say(v,
		 "%s has no %s, which %s sends unless the image has another "
		 "STOPSIGNAL: it is only passed on",
		 options_source(&from, v->o, "on"),
		 plan_signal_name(signal).text, v->platform.name);
}

void plan_warn(struct view *v)
{
	v->at = PLAN_WARNING_AT;
	warn_platform(v);
	warn_unused(v);
	warn_request(v);
	warn_drain(v);
	warn_useless(v);
	warn_cut(v);
	warn_hooks(v, v->o->pre_stop, v->plan->pre_hooks);
	warn_hooks(v, v->o->post_stop, v->plan->post_hooks);
	warn_hooks(v, &v->o->ready.check, v->o->ready.check != NULL);
	warn_program(v);
	warn_unread_variables(v);
}
