/*
 * values.c - the grammars of the options' values: schedules, ports, signals,
 * and the rest.
 *
 * Pure.  Every reader either takes the whole text or refuses it; nothing is
 * guessed.  A reader that can say more than "expected FORM" says it in
 * `why`.  Called by options.c.
 */
#include <string.h>

#include "init.h"

static bool read_duration(struct options *o, void *field, const char *s,
			  struct text *why)
{
	(void)o;
	(void)why;
	return text_to_duration(s, field);
}

static bool read_period(struct options *o, void *field, const char *s,
			struct text *why)
{
	return read_duration(o, field, s, why) && *(int64_t *)field > 0;
}

bool value_too_many(struct text *why, int limit, const char *what)
{
	text_add(why, "more than ");
	text_number(why, limit);
	text_byte(why, ' ');
	text_add(why, what);
	return false;
}

/* `why` becomes "'TEXT' WHAT", TEXT being `length` bytes at s. */
bool value_blame(struct text *why, const char *s, size_t length,
		 const char *what)
{
	TEXT(bad, 64);

	text_bytes(&bad, s, length);
	text_shown(why, bad.bytes);
	text_byte(why, ' ');
	text_add(why, what);
	return false;
}

static bool read_wait(struct step *step, const char *s, size_t length,
		      struct text *why)
{
	TEXT(word, 64);

	text_bytes(&word, s, length);
	if (word.cut || !text_to_duration(word.bytes, &step->wait_ns))
		return value_blame(why, s, length, "is not a duration");
	return true;
}

/* SIGNAL[/WAIT/SIGNAL]...[/WAIT], as start-stop-daemon's --retry. */
static bool read_schedule(struct options *o, void *field, const char *s,
			  struct text *why)
{
	struct plan *plan = &o->plan;
	size_t length = 0;

	(void)field;
	o->explicit_stop = true;
	for (plan->steps = 0;; s += length + 1) {
		struct step *step = &plan->step[plan->steps];

		if (plan->steps == STEP_MAX)
			return value_too_many(why, STEP_MAX, "signals");
		length = text_until(s, "/");
		step->signal = signal_parse(s, length);
		step->wait_ns = NEVER_NS;
		if (step->signal == 0)
			return value_blame(why, s, length, "is not a signal");
		plan->steps++;
		if (s[length] == '\0')
			return true;
		if (step->signal == SIGKILL) {
			text_add(why, "nothing may follow KILL");
			return false;
		}

		s += length + 1;
		length = text_until(s, "/");
		if (!read_wait(step, s, length, why))
			return false;
		if (s[length] == '\0')
			break;
	}
	if (plan->steps == STEP_MAX)
		return value_too_many(why, STEP_MAX, "signals");
	plan->step[plan->steps++] = (struct step){ SIGKILL, NEVER_NS };
	return true;
}

static bool read_scope(struct options *o, void *field, const char *s,
		       struct text *why)
{
	static const char *const names[] = {
		[SCOPE_AUTO] = "auto",
		[SCOPE_CHILD] = "child",
		[SCOPE_GROUP] = "group",
		[SCOPE_ALL] = "all",
	};

	(void)field;
	(void)why;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(s, names[i]) == 0) {
			o->scope = (enum scope)i;
			return true;
		}
	}
	return false;
}

static bool read_signal(struct options *o, void *field, const char *s,
			struct text *why)
{
	int signal = signal_parse(s, strlen(s));

	(void)o;
	(void)why;
	*(int *)field = signal;
	return signal != 0;
}

/* A signal that lastcall can be sent: KILL and STOP never arrive. */
static int read_received(const char *s, size_t length, struct text *why)
{
	int signal = signal_parse(s, length);

	if (signal == 0)
		value_blame(why, s, length, "is not a signal");
	if (signal != SIGKILL && signal != SIGSTOP && signal != SIGCHLD)
		return signal;
	value_blame(why, s, length, "is never forwarded");
	return 0;
}

static bool read_signals(struct options *o, void *field, const char *s,
			 struct text *why)
{
	(void)field;
	o->stop_signals = 0;
	for (;; s++) {
		size_t length = text_until(s, ",");
		int signal = read_received(s, length, why);

		if (signal == 0)
			return false;
		o->stop_signals |= UINT64_C(1) << (signal - 1);
		s += length;
		if (*s == '\0')
			return true;
	}
}

static bool read_map(struct options *o, void *field, const char *s,
		     struct text *why)
{
	size_t length = text_until(s, ":");
	int from, to;

	(void)field;
	if (s[length] == '\0')
		return false;
	from = read_received(s, length, why);
	if (from == 0)
		return false;
	s += length + 1;
	to = signal_parse(s, strlen(s));
	if (to == 0 && strcmp(s, "0") != 0)
		return value_blame(why, s, strlen(s), "is not a signal or 0");
	o->map[from] = (unsigned char)to;
	return true;
}

/* PORT[,PORT]...[/QUIET] */
static bool read_drain(struct options *o, void *field, const char *s,
		       struct text *why)
{
	const char *slash = text_char(s, '/');

	(void)field;
	o->ports = 0;
	o->plan.drain = true;
	for (;; s++) {
		size_t length = text_until(s, ",/");
		int64_t port;
		TEXT(word, 8);

		text_bytes(&word, s, length);
		if (word.cut || !text_to_number(word.bytes, 65535, &port) ||
		    port == 0)
			return value_blame(why, s, length,
					   "is not a port from 1 to 65535");
		if (o->ports == PORT_MAX)
			return value_too_many(why, PORT_MAX, "ports");
		o->port[o->ports++] = (uint16_t)port;
		s += length;
		if (*s != ',')
			break;
	}
	o->plan.quiet_ns = NS_PER_S;
	if (slash && !text_to_duration(slash + 1, &o->plan.quiet_ns))
		return value_blame(why, slash + 1, strlen(slash + 1),
				   "is not a duration");
	return true;
}

static bool read_code(struct options *o, void *field, const char *s,
		      struct text *why)
{
	int64_t code;

	(void)field;
	(void)why;
	if (!text_to_number(s, 255, &code))
		return false;
	o->expected[code / 8] |= (unsigned char)(1u << code % 8);
	return true;
}

static bool read_path_or_none(struct options *o, void *field, const char *s,
			      struct text *why)
{
	(void)o;
	(void)why;
	*(const char **)field = s;
	return true;
}

static bool read_path(struct options *o, void *field, const char *s,
		      struct text *why)
{
	(void)read_path_or_none(o, field, s, why);
	return *s != '\0';
}

static bool read_format(struct options *o, void *field, const char *s,
			struct text *why)
{
	(void)field;
	(void)why;
	o->log_format = strcmp(s, "json") == 0 ? LOG_JSON : LOG_TEXT;
	return o->log_format == LOG_JSON || strcmp(s, "text") == 0;
}

static bool read_probe(struct options *o, void *field, const char *s,
		       struct text *why)
{
	(void)field;
	(void)why;
	o->mode = MODE_PROBE;
	o->probe_live = strcmp(s, "live") == 0;
	return o->probe_live || strcmp(s, "ready") == 0;
}

static bool read_hook(struct options *o, void *field, const char *s,
		      struct text *why)
{
	const char **list = field;
	struct hook hook;
	int n = 0;

	(void)o;
	while (n < HOOK_MAX && list[n])
		n++;
	if (n == HOOK_MAX)
		return value_too_many(why, HOOK_MAX, "hooks");
	list[n] = s;
	return hook_parse(&hook, s, why);
}

static bool read_url(struct options *o, void *field, const char *s,
		     struct text *why)
{
	struct hook hook;

	(void)field;
	o->probe_url = s;
	return hook_parse(&hook, s, why) && hook.is_http;
}

const struct value_kind value_kinds[VALUE_COUNT] = {
	[VALUE_FLAG] = { "", "1 or 0", false, NULL },
	[VALUE_CHOICE] = { "", "1 or 0", false, NULL },
	[VALUE_DURATION] = { "D", "a duration: 800ms, 9s, 1.5m, 1h or seconds",
			     false, read_duration },
	[VALUE_PERIOD] = { "D",
			   "a duration above 0: 800ms, 9s, 1.5m, 1h or "
			   "seconds",
			   false, read_period },
	[VALUE_SCHEDULE] = { "SCHEDULE",
			     "SIGNAL[/WAIT/SIGNAL]...[/WAIT], such as "
			     "TERM/15s/QUIT/5s/KILL",
			     false, read_schedule },
	[VALUE_SCOPE] = { "auto|child|group|all", "auto, child, group or all",
			  false, read_scope },
	[VALUE_SIGNAL] = { "SIGNAL",
			   "a signal: TERM, SIGTERM, 15, RTMIN+3, RTMAX-1",
			   false, read_signal },
	[VALUE_SIGNALS] = { "SIGNAL[,SIGNAL]...",
			    "SIGNAL[,SIGNAL]..., such as TERM,RTMIN+3", false,
			    read_signals },
	[VALUE_MAP] = { "FROM:TO",
			"FROM:TO, such as TERM:QUIT, or HUP:0 to "
			"drop it",
			true, read_map },
	[VALUE_DRAIN] = { "PORT[,PORT]...[/QUIET]",
			  "PORT[,PORT]...[/QUIET], such as 8080 or "
			  "8080,8443/3s",
			  false, read_drain },
	[VALUE_HOOK] = { "HOOK",
			 "COMMAND [ARG]... or [METHOD ]http://HOST[:PORT]/PATH "
			 "or [METHOD ]http://unix:/SOCKET:/PATH",
			 true, read_hook },
	[VALUE_CODE] = { "CODE", "an exit code from 0 to 255", true,
			 read_code },
	[VALUE_PATH] = { "PATH", "a file's path", false, read_path },
	[VALUE_PATH_OR_NONE] = { "PATH", "a file's path", false,
				 read_path_or_none },
	[VALUE_FORMAT] = { "text|json", "text or json", false, read_format },
	[VALUE_PROBE] = { "ready|live", "ready or live", false, read_probe },
	[VALUE_URL] = { "URL",
			"http://HOST[:PORT]/PATH or http://unix:/SOCKET:/PATH",
			false, read_url },
};
