/*
 * values.c - the grammars of the options' values: schedules, ports, signals,
 * and the rest.
 *
 * Pure.  Every reader either takes the whole text or refuses it; nothing is
 * guessed.  A reader that knows more than "expected FORM" writes that to
 * `complaint`.
 */
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "drain/ports.h"
#include "hook/spec.h"
#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/signal_set.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "log/log.h"
#include "options/options.h"
#include "options/values.h"
#include "process/family.h"
#include "ready/address.h"
#include "shutdown.h"

#define TOO_LONG "more than 365 days"
#define URL	 "http://HOST[:PORT]/PATH or http://unix:/SOCKET:/PATH"

static bool read_duration(struct options *o, void *field, const char *s,
			  struct text *complaint)
{
	int64_t *ns = field;

	(void)o;
	if (text_to_duration(s, ns))
		return true;
	text_add(complaint, *ns > 0 ? TOO_LONG : "");
	return false;
}

static bool read_period(struct options *o, void *field, const char *s,
			struct text *complaint)
{
	return read_duration(o, field, s, complaint) && *(int64_t *)field > 0;
}

static bool read_linger(struct options *o, void *field, const char *s,
			struct text *complaint)
{
	*(int64_t *)field = NEVER_NS;
	return strcmp(s, "forever") == 0 ||
	       read_duration(o, field, s, complaint);
}

/* Reads a duration that is a part of a value. */
static bool parse_wait(int64_t *ns, const char *s, size_t length,
		       struct text *complaint)
{
	TEXT(word, 64);

	*ns = -1;
	text_bytes(&word, s, length);
	if (!word.cut && text_to_duration(word.bytes, ns))
		return true;
	return value_complain(complaint, s, length,
			      *ns > 0 ? "is " TOO_LONG : "is not a duration");
}

static bool complain_signal(struct text *complaint, const char *s,
			    size_t length, const char *what)
{
	value_complain(complaint, s, length, what);
	signal_suggest(complaint, s, length);
	return false;
}

/* Reads SIGNAL[/WAIT/SIGNAL]...[/WAIT], as start-stop-daemon's --retry. */
static bool read_schedule(struct options *o, void *field, const char *s,
			  struct text *complaint)
{
	struct stop_plan *plan = &o->plan;
	size_t length = 0;

	(void)field;
	o->explicit_stop = true;
	for (plan->steps = 0;; s += length + 1) {
		struct step *step = &plan->step[plan->steps];

		if (plan->steps == STEP_MAX)
			return value_too_many(complaint, STEP_MAX, "signals");
		length = strcspn(s, "/");
		step->signal = signal_parse(s, length);
		step->wait_ns = NEVER_NS;
		if (step->signal == 0)
			return complain_signal(complaint, s, length,
					       "is not a signal");
		plan->steps++;
		if (s[length] == '\0')
			return true;
		if (step->signal == SIGKILL)
			return text_format(complaint,
					   "nothing may follow KILL");
		s += length + 1;
		length = strcspn(s, "/");
		if (!parse_wait(&step->wait_ns, s, length, complaint))
			return false;
		if (s[length] == '\0')
			break;
	}
	if (plan->steps == STEP_MAX)
		return value_too_many(complaint, STEP_MAX, "signals");
	plan->step[plan->steps++] = (struct step){ SIGKILL, NEVER_NS };
	return true;
}

static bool read_scope(struct options *o, void *field, const char *s,
		       struct text *complaint)
{
	/* In the order of enum scope. */
	int scope = text_choice("auto|child|group|all", s, false);

	(void)field;
	(void)complaint;
	o->scope = (enum scope)scope;
	return scope >= 0;
}

static bool read_signal(struct options *o, void *field, const char *s,
			struct text *complaint)
{
	int signal = signal_parse(s, strlen(s));

	(void)o;
	*(int *)field = signal;
	return signal != 0 ||
	       complain_signal(complaint, s, strlen(s), "is not a signal");
}

/* Reads a signal that lastcall can receive: KILL and STOP never arrive. */
static int read_received(const char *s, size_t length, struct text *complaint)
{
	int signal = signal_parse(s, length);

	if (signal == 0)
		complain_signal(complaint, s, length, "is not a signal");
	if (signal != SIGKILL && signal != SIGSTOP && signal != SIGCHLD)
		return signal;
	value_complain(complaint, s, length, "is never forwarded");
	return 0;
}

static bool read_signals(struct options *o, void *field, const char *s,
			 struct text *complaint)
{
	(void)field;
	for (;; s++) {
		size_t length = strcspn(s, ",");
		int signal = read_received(s, length, complaint);

		if (signal == 0)
			return false;
		o->stop_signals |= signal_bit(signal);
		s += length;
		if (*s == '\0')
			return true;
	}
}

static bool read_map(struct options *o, void *field, const char *s,
		     struct text *complaint)
{
	size_t length = strcspn(s, ":");
	int from, to;

	(void)field;
	if (s[length] == '\0')
		return false;
	from = read_received(s, length, complaint);
	if (from == 0)
		return false;
	s += length + 1;
	to = signal_parse(s, strlen(s));
	if (to == 0 && strcmp(s, "0") != 0)
		return complain_signal(complaint, s, strlen(s),
				       "is not a signal or 0");
	o->map[from] = (unsigned char)to;
	return true;
}

/* Adds auto or a port, unless it is there already. */
static bool add_port(struct options *o, const char *s, size_t length,
		     struct text *complaint)
{
	int64_t port;
	TEXT(word, 8);

	text_bytes(&word, s, length);
	if (strcmp(word.bytes, "auto") == 0) {
		o->drain_auto = true;
		return true;
	}
	if (word.cut || !text_to_number(word.bytes, 65535, &port) || port == 0)
		return value_complain(
			complaint, s, length,
			"is not a port from 1 to 65535, nor auto");
	for (int i = 0; i < o->ports; i++)
		if (o->port[i] == port)
			return true;
	if (o->ports == PORT_MAX)
		return value_too_many(complaint, PORT_MAX, "ports");
	o->port[o->ports++] = (uint16_t)port;
	return true;
}

/* Reads auto|PORT[,PORT]...[/QUIET[/OLDEST]]; several values add up. */
static bool read_drain(struct options *o, void *field, const char *s,
		       struct text *complaint)
{
	size_t length;

	(void)field;
	o->plan.drain = true;
	for (;; s++) {
		length = strcspn(s, ",/");
		if (!add_port(o, s, length, complaint))
			return false;
		s += length;
		if (*s != ',')
			break;
	}
	for (int i = 0; i < 2 && *s == '/'; i++) {
		int64_t *longest = i == 0 ? &o->plan.quiet_ns : &o->oldest_ns;
		bool *given = i == 0 ? &o->quiet_given : &o->oldest_given;
		int64_t ns;

		s++;
		length = i == 0 ? strcspn(s, "/") : strlen(s);
		if (!parse_wait(&ns, s, length, complaint))
			return false;
		if (i == 1 && ns == 0)
			return value_complain(complaint, s, length,
					      "is not above 0");
		/* Of several values the longest counts. */
		if (!*given || ns > *longest)
			*longest = ns;
		*given = true;
		s += length;
	}
	return true;
}

static bool parse_code(const char *s, size_t length, int64_t *code)
{
	TEXT(word, 8);

	text_bytes(&word, s, length);
	return !word.cut && text_to_number(word.bytes, 255, code);
}

static bool read_code(struct options *o, void *field, const char *s,
		      struct text *complaint)
{
	int64_t code;

	(void)o;
	(void)complaint;
	if (!parse_code(s, strlen(s), &code))
		return false;
	*(int *)field = (int)code;
	return true;
}

/* Reads CODE[:TO]. */
static bool read_codes(struct options *o, void *field, const char *s,
		       struct text *complaint)
{
	size_t length = strcspn(s, ":");
	int64_t code, to = 0;

	(void)field;
	(void)complaint;
	if (!parse_code(s, length, &code))
		return false;
	s += length;
	if (*s == ':' && !parse_code(s + 1, strlen(s + 1), &to))
		return false;
	o->exit_codes[code] = (unsigned char)to;
	return true;
}

static bool read_path_or_none(struct options *o, void *field, const char *s,
			      struct text *complaint)
{
	(void)o;
	*(const char **)field = s;
	return strlen(s) < PATH_MAX ||
	       value_too_many(complaint, PATH_MAX - 1, "bytes");
}

static bool read_path(struct options *o, void *field, const char *s,
		      struct text *complaint)
{
	return read_path_or_none(o, field, s, complaint) && *s != '\0';
}

static bool read_format(struct options *o, void *field, const char *s,
			struct text *complaint)
{
	/* In the order of enum log_format. */
	int format = text_choice("text|logfmt|json", s, false);

	(void)field;
	(void)complaint;
	o->log_format = format > 0 ? (enum log_format)format : LOG_TEXT;
	return format >= 0;
}

static bool read_probe(struct options *o, void *field, const char *s,
		       struct text *complaint)
{
	int which = text_choice("ready|live", s, false);

	(void)field;
	(void)complaint;
	o->mode = MODE_PROBE;
	o->asked_probe = true;
	o->probe_live = which == 1;
	return which >= 0;
}

static bool read_hook(struct options *o, void *field, const char *s,
		      struct text *complaint)
{
	const char **list = field;
	struct hook_spec hook;
	int n = 0;

	(void)o;
	while (n < HOOK_MAX && list[n])
		n++;
	if (n == HOOK_MAX)
		return value_too_many(complaint, HOOK_MAX, "hooks");
	list[n] = s;
	return hook_spec_parse(&hook, s, complaint);
}

static bool read_check(struct options *o, void *field, const char *s,
		       struct text *complaint)
{
	struct hook_spec hook;

	(void)o;
	*(const char **)field = s;
	return hook_spec_parse(&hook, s, complaint);
}

static bool read_listen(struct options *o, void *field, const char *s,
			struct text *complaint)
{
	(void)o;
	return ready_address_parse(field, s, complaint);
}

static bool read_url(struct options *o, void *field, const char *s,
		     struct text *complaint)
{
	struct hook_spec hook;

	(void)field;
	o->probe_url = s;
	return hook_spec_parse(&hook, s, complaint) && hook.is_http;
}

const struct value_kind value_kinds[VALUE_COUNT] = {
	[VALUE_FLAG] = { "", "1, true, yes, on, 0, false, no or off", NULL },
	[VALUE_CHOICE] = { "", "1, true, yes, on, 0, false, no or off", NULL },
	[VALUE_DURATION] = { "D", "a duration: 800ms, 9s, 1.5m, 1h or seconds",
			     read_duration },
	[VALUE_PERIOD] = { "D", "a duration above 0, such as 800ms or 9s",
			   read_period },
	[VALUE_LINGER] = { "D|forever", "a duration, such as 9s, or forever",
			   read_linger },
	[VALUE_SCHEDULE] = { "SCHEDULE",
			     "SIGNAL[/WAIT/SIGNAL]...[/WAIT], such as "
			     "TERM/15s/QUIT/5s/KILL",
			     read_schedule },
	[VALUE_SCOPE] = { "auto|child|group|all", "auto, child, group or all",
			  read_scope },
	[VALUE_SIGNAL] = { "SIGNAL",
			   "a signal: TERM, SIGTERM, 15, RTMIN+3, RTMAX-1",
			   read_signal },
	[VALUE_SIGNALS] = { "SIGNAL[,SIGNAL]...",
			    "SIGNAL[,SIGNAL]..., such as TERM,RTMIN+3",
			    read_signals },
	[VALUE_MAP] = { "FROM:TO",
			"FROM:TO, such as TERM:QUIT, or HUP:0 to "
			"drop it",
			read_map },
	[VALUE_DRAIN] = { "auto|PORT[,PORT]...[/QUIET[/OLDEST]]",
			  "auto or PORT[,PORT]...[/QUIET[/OLDEST]], such as "
			  "auto, 8080,8443 or auto/3s/30s",
			  read_drain },
	[VALUE_HOOK] = { "HOOK", "COMMAND [ARG]... or [METHOD ]URL, as " URL,
			 read_hook },
	[VALUE_CHECK] = { "HOOK", "COMMAND [ARG]... or [METHOD ]URL, as " URL,
			  read_check },
	[VALUE_LISTEN] = { "[ADDRESS:]PORT",
			   "[ADDRESS:]PORT, such as 8086 or 127.0.0.1:8086 or "
			   "[::1]:8086",
			   read_listen },
	[VALUE_CODE] = { "CODE", "an exit code from 0 to 255", read_code },
	[VALUE_CODES] = { "CODE[:TO]",
			  "CODE[:TO], exit codes from 0 to 255, such as 143 "
			  "or 3:0",
			  read_codes },
	[VALUE_PATH] = { "PATH", "a file's path", read_path },
	[VALUE_PATH_OR_NONE] = { "PATH", "a file's path", read_path_or_none },
	[VALUE_FORMAT] = { "text|logfmt|json", "text, logfmt or json",
			   read_format },
	[VALUE_PROBE] = { "ready|live", "ready or live", read_probe },
	[VALUE_URL] = { "URL", URL, read_url },
};
