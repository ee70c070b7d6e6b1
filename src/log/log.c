/*
 * log.c - events on stderr, one line each, as text, logfmt or JSON.
 *
 * Duty: make a line's text, which writer.c writes.  log_open() sets the state,
 * except what is needed while a line is made.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "log/log.h"
#include "log/writer.h"

enum {
	VALUE_MAX_LEN = 512,   /* bytes of a value before it is quoted */
	QUOTED_MAX_LEN = 1000, /* and after: other values need room too */
	UTF8_MAX_LEN = 4,      /* bytes of a character */
};

static struct record record;
static struct text line;

static struct {
	enum log_format format;
	int verbosity;
	bool unwanted; /* the event that is being made is not written */
} state;

void log_open(enum log_format format, int verbosity)
{
	/* This gets the record's pages now: see lib/memory.h. */
	memset(&record, 0, sizeof(record));
	state.format = format;
	state.verbosity = verbosity;
	writer_open(format == LOG_JSON);
}

int log_verbosity(void)
{
	return state.verbosity;
}

static void log_start(void)
{
	line.bytes = record.bytes;
	line.size = sizeof(record.bytes) - LINE_END_LEN;
	text_clear(&line);
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/*
 * RFC 3339, UTC, milliseconds.  Not by gmtime_r(): glibc's reads
 * /etc/localtime and allocates, which PID 1 must not.
 */
static void add_time(struct text *t)
{
	enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MS, PARTS };
	static const char ends[PARTS] = "--T::.Z";
	int64_t ms = clock_wall_ns() / NS_PER_MS;
	int seconds = (int)(ms / 1000 % 86400);
	int day = (int)(ms / 1000 / 86400), leap, length;
	int part[PARTS] = {
		[YEAR] = 1970,		 [MONTH] = 1,
		[HOUR] = seconds / 3600, [MINUTE] = seconds / 60 % 60,
		[SECOND] = seconds % 60, [MS] = (int)(ms % 1000),
	};

	for (;; part[YEAR]++) {
		leap = is_leap(part[YEAR]);
		if (day < 365 + leap)
			break;
		day -= 365 + leap;
	}
	for (;; part[MONTH]++) {
		/* 31 and 30 alternate, but July and August both have 31. */
		length = part[MONTH] == 2
				 ? 28 + leap
				 : 30 + (part[MONTH] + part[MONTH] / 8) % 2;
		if (day < length)
			break;
		day -= length;
	}
	part[DAY] = day + 1;
	for (int i = 0; i < PARTS; i++) {
		text_padded(t, part[i], i == MS ? 3 : 2);
		text_byte(t, ends[i]);
	}
}

static void add_key(const char *key)
{
	bool json = state.format == LOG_JSON;

	if (json)
		text_byte(&line, line.length > 0 ? ',' : '{');
	else if (line.length > 0)
		text_byte(&line, ' ');
	if (json)
		text_quoted(&line, key);
	else
		text_add(&line, key);
	text_byte(&line, json ? ':' : '=');
}

/* In text and logfmt a word of plain ASCII needs no quotes. */
static bool is_word(const char *s)
{
	const char *start = s;

	while (*s > ' ' && *s < 0x7f && *s != '"' && *s != '=' && *s != '\\')
		s++;
	return *s == '\0' && s != start;
}

static void add_field(const char *key, const char *value)
{
	add_key(key);
	if (state.format != LOG_JSON && is_word(value))
		text_add(&line, value);
	else
		text_quoted(&line, value);
}

/* An event is a word of letters and hyphens. */
static void begin_line(const char *event, enum log_level level)
{
	static const char *const levels[] = {
		[LOG_INFO] = "info",
		[LOG_WARNING] = "warning",
		[LOG_ERROR] = "error",
	};
	TEXT(ts, 32);

	log_start();
	if (state.format == LOG_TEXT) {
		text_add(&line, "lastcall:");
	} else {
		add_time(&ts);
		add_field("ts", ts.bytes);
		add_field("level", levels[level]);
		add_field("source", "lastcall");
	}
	add_field("event", event);
}

void log_begin(const char *event, enum log_level level)
{
	state.unwanted = !writer_is_open() || state.verbosity < 1;
	if (!state.unwanted)
		begin_line(event, level);
}

/* Removes a field that did not fit.  Returns false if it did. */
static bool take_out(size_t length)
{
	if (!line.cut)
		return false;
	line.length = length;
	line.bytes[length] = '\0';
	line.cut = false;
	return true;
}

/* Adds a number, true or false, which JSON also has without quotes. */
static void log_bare(const char *key, const char *value)
{
	size_t length = line.length;

	if (state.unwanted)
		return;
	add_key(key);
	text_add(&line, value);
	take_out(length);
}

void log_number(const char *key, int64_t n)
{
	TEXT(digits, 24);

	text_number(&digits, n);
	log_bare(key, digits.bytes);
}

void log_flag(const char *key, bool on)
{
	log_bare(key, on ? "true" : "false");
}

/* The key is expected to end in _ms. */
void log_duration_ms(const char *key, int64_t ns)
{
	log_number(key, ns / NS_PER_MS);
}

/*
 * Adds a value of any bytes.  One that is too long is cut at the beginning of a
 * character and followed by `dots`; the line stays whole.  Returns how many
 * bytes of the value it has.
 */
static size_t add_text(const char *key, const char *value, const char *dots)
{
	size_t length = line.length;
	size_t keep = strlen(value);
	bool is_cut = keep > VALUE_MAX_LEN;
	TEXT(shown, VALUE_MAX_LEN + sizeof("..."));

	if (state.unwanted)
		return 0;
	if (line.size > length + QUOTED_MAX_LEN)
		line.size = length + QUOTED_MAX_LEN;
	if (is_cut)
		keep = VALUE_MAX_LEN;
	for (;; is_cut = true, keep /= 2) {
		size_t most = keep;

		while (is_cut && keep > 0 && keep + UTF8_MAX_LEN > most &&
		       (value[keep] & 0xc0) == 0x80)
			keep--;
		text_clear(&shown);
		text_bytes(&shown, value, keep);
		text_add(&shown, is_cut ? dots : "");
		add_field(key, shown.bytes);
		if (!take_out(length) || keep == 0)
			break;
	}
	line.size = sizeof(record.bytes) - LINE_END_LEN;
	return keep;
}

void log_text(const char *key, const char *value)
{
	(void)add_text(key, value, "...");
}

size_t log_part(const char *key, const char *value)
{
	return add_text(key, value, "");
}

void log_signal(const char *key, int signal)
{
	TEXT(name, 16);

	signal_name(&name, signal);
	log_text(key, name.bytes);
}

/* Adds an errno in words. */
void log_error(const char *key, int error)
{
	TEXT(words, 64);

	text_error(&words, error);
	log_text(key, words.bytes);
}

void log_status(int status)
{
	if (WIFSIGNALED(status))
		log_signal("signal", WTERMSIG(status));
	else
		log_number("code", WEXITSTATUS(status));
}

/* The writer adds the line's end. */
void log_end(void)
{
	if (state.unwanted)
		return;
	record.fd = STDERR_FILENO;
	record.is_line = true;
	writer_put(&record, line.length);
}

void log_begin_warning(const char *what)
{
	log_begin("warning", LOG_WARNING);
	log_text("what", what);
}

void log_warning(const char *what, int error)
{
	log_begin_warning(what);
	if (error != 0)
		log_error("error", error);
	log_end();
}

void log_line(const char *text)
{
	state.unwanted = !writer_is_open();
	if (state.unwanted)
		return;
	if (state.format != LOG_TEXT) {
		begin_line("error", LOG_ERROR);
		log_text("message", text);
	} else {
		log_start();
		text_format(&line, "lastcall: %s", text);
	}
	log_end();
}

bool log_wraps_output(void)
{
	return state.format != LOG_TEXT && writer_is_open();
}

void log_begin_output(void)
{
	state.verbosity = 1;
	writer_wait_for_reader();
}

void log_plain(int fd, const char *bytes, size_t length)
{
	record.fd = fd;
	record.is_line = false;
	if (length > sizeof(record.bytes))
		length = sizeof(record.bytes);
	memcpy(record.bytes, bytes, length);
	writer_put(&record, length);
}
