/*
 * log.h - one line for each event on stderr.  A line that the writer (writer.h)
 * does not take at once is dropped and counted, and the next line says
 * dropped=N.
 *
 *   log_open(...) once, before the fork; then, per event:
 *   log_begin("child-exited", LOG_INFO); log_number("code", 3); log_end();
 *
 * LOG_TEXT is for people: "lastcall: event=child-exited code=3".  LOG_LOGFMT
 * and LOG_JSON are for programs: before the event's own keys they have ts,
 * level and source.
 *
 * Without log_open() nothing is written.  Verbosity 0 keeps events and
 * warnings back, but not log_line() and what a hook writes.
 */
#ifndef LASTCALL_LOG_H
#define LASTCALL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LINE_MAX_LEN = 2048, /* one line of the log, below PIPE_BUF */
};

enum log_format { LOG_TEXT, LOG_LOGFMT, LOG_JSON };
enum log_level { LOG_INFO, LOG_WARNING, LOG_ERROR };

void log_open(enum log_format format, int verbosity);
int log_verbosity(void);
void log_begin(const char *event, enum log_level level);
void log_number(const char *key, int64_t n);
void log_flag(const char *key, bool on);
/* A value of any bytes; one over 512 is cut, with three dots. */
void log_text(const char *key, const char *value);
/*
 * The same for a part that other parts follow: without the dots.  Returns how
 * many bytes of the value it has.
 */
size_t log_part(const char *key, const char *value);
void log_signal(const char *key, int signal);
void log_error(const char *key, int error);
/* How a process ended (waitpid(2)): signal=NAME or code=NUMBER. */
void log_status(int status);
void log_duration_ms(const char *key, int64_t ns);
void log_end(void);
/* Begins event=warning what=...; further keys and log_end() follow. */
void log_begin_warning(const char *what);
/* event=warning what=... error=...: `error` is 0 or an errno. */
void log_warning(const char *what, int error);
/*
 * A line for people, with "lastcall: " before it, about what happens before the
 * child runs.  In logfmt and JSON it is event=error with the line in `message`.
 */
void log_line(const char *text);
/*
 * Is what a hook writes logged, instead of written by the hook itself?  The
 * process that logs it calls log_begin_output() first: its lines wait for their
 * reader, and --quiet does not keep them back.
 */
bool log_wraps_output(void);
void log_begin_output(void);
/* Writes bytes as they are to stdout or stderr: a peer's messages. */
void log_plain(int fd, const char *bytes, size_t length);

#endif
