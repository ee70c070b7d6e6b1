/*
 * page.c - what the files of --plan share: lines of text on a page of 80
 * columns, and the figures that more than one of them shows.
 *
 * Pure: all of it is what struct stop_plan says, as the machine reads it.
 */
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "options/options.h"
#include "preview/page.h"

struct view *plan_step(struct view *v, const char *step, const char *option)
{
	v->step = step;
	v->signal = 0;
	v->early_ns = NO_TIME;
	v->late_ns = NO_TIME;
	v->source = options_source(&v->from, v->o, option);
	return v;
}

struct view *plan_times(struct view *v, int signal, int64_t early_ns,
			int64_t late_ns)
{
	v->signal = signal;
	v->early_ns = early_ns;
	v->late_ns = late_ns;
	return v;
}

void plan_ms(struct text *t, const char *key, int64_t ns)
{
	if (ns == NO_TIME)
		return;
	text_format(t, ",\"%s_ms\":", key);
	text_number(t, ns / NS_PER_MS);
}

void plan_text(struct text *t, const char *key, const char *s)
{
	text_format(t, ",\"%s\":", key);
	text_quoted(t, s);
}

/* Writes a step or a warning as JSON. */
static void put_object(struct view *v, const char *said)
{
	struct text *t = v->t;

	text_add(t, v->comma);
	v->comma = ",";
	if (!v->step) {
		text_quoted(t, said);
		return;
	}
	text_format(t, "{\"step\":\"%s\"", v->step);
	if (v->signal)
		plan_text(t, "signal", plan_signal_name(v->signal).text);
	plan_ms(t, "earliest", v->early_ns);
	plan_ms(t, "latest", v->late_ns);
	plan_text(t, "text", said);
	if (v->source)
		plan_text(t, "source", v->source);
	text_byte(t, '}');
}

/* Writes the time, unless it is NO_TIME, and blanks up to the column. */
static void put_time(struct text *t, size_t start, int64_t ns, size_t column)
{
	if (ns != NO_TIME)
		text_duration(t, ns);
	do
		text_byte(t, ' ');
	while (t->length - start < column);
}

void plan_say(struct view *v, const char *format, ...)
{
	struct text *t = v->t;
	size_t start = t->length;
	size_t column;
	bool warns = !v->step && v->at == PLAN_WARNING_AT;
	va_list values;
	TEXT(said, 1024);

	va_start(values, format);
	text_vformat(&said, format, values);
	va_end(values);
	v->warnings += warns;
	if (v->json) {
		put_object(v, said.bytes);
		return;
	}
	text_add(t, warns ? "Warning:" : "");
	if (v->step) {
		text_add(t, "  ");
		put_time(t, start, v->early_ns, v->at / 2);
		put_time(t, start,
			 v->late_ns != v->early_ns ? v->late_ns : NO_TIME,
			 v->at);
		if (v->source)
			text_format(&said, " (%s)", v->source);
	}
	column = t->length - start;
	for (const char *s = said.bytes; *s; s += strspn(s, " ")) {
		size_t length = strcspn(s, " ");

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

int plan_signal(const struct view *v, int i)
{
	int signal = v->plan->step[i].signal;

	return signal ? signal : options_default_stop(v->o, v->request);
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

int64_t plan_kill_ns(const struct view *v, int64_t first_ns)
{
	int last = v->plan->steps - 1;
	int64_t ns = first_ns + plan_step_ns(v, last);

	return plan_signal(v, last) == SIGKILL && ns < v->kill_ns ? ns
								  : v->kill_ns;
}

int64_t plan_last_call_ns(const struct view *v, int64_t first_ns)
{
	int64_t kill_ns = plan_kill_ns(v, first_ns);
	int64_t ns = v->plan->last_call_ns;
	int64_t most = kill_ns > first_ns ? kill_ns - first_ns : 0;

	if (!v->plan->last_call_fixed)
		most /= 4;
	if (v->o->map[SIGTERM] == 0)
		most = 0;
	return kill_ns - (ns < most ? ns : most);
}

struct brief plan_command(const struct view *v)
{
	TEXT(words, 64);

	text_add(&words, plan_program(v).text);
	if (v->o->program != NULL)
		for (char **word = v->o->program + 1; *word; word++)
			text_format(&words, " %s", *word);
	return plan_brief(words.bytes);
}

/* The program's name, or what stands for it. */
struct brief plan_program(const struct view *v)
{
	return plan_brief(v->o->program ? plan_base_name(*v->o->program)
					: "PROGRAM");
}

bool plan_waits(const struct view *v)
{
	return v->plan->pre_hooks || v->plan->drain;
}
