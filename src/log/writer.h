/*
 * writer.h - how a line of the log gets to stderr.
 *
 * The reader of stderr may be stuck, and a program that has it open can hold
 * the lock of its pipe for ever (splice(2)); no flag of a write helps against
 * that.  So once the program runs, lastcall writes to no file that other
 * processes have open: a line goes, without waiting, into a socket of
 * lastcall's own, from which a helper (helper.h) takes it and writes it, and
 * that may block as long as it has to.  The helper is started with the first
 * line, so that an idle lastcall stays one process.
 *
 *   writer_open(...);       once
 *   writer_put(...);        written at once, or dropped
 *   writer_use_process();   just before the program is forked
 *   writer_put(...);        sent to the process, or dropped
 *   writer_tend();          each turn of the loop
 *   writer_finish(...);     at the exit
 */
#ifndef LASTCALL_WRITER_H
#define LASTCALL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/log.h"

/* One line, or bytes to be written as they are. */
struct record {
	int64_t dropped; /* only the writer uses it */
	int fd;		 /* stdout or stderr */
	/*
	 * A line without its end, which is added when it is written, after
	 * dropped=N if lines before it are missing.
	 */
	bool is_line;
	char bytes[LINE_MAX_LEN];
};

enum {
	LINE_END_LEN = 40, /* bytes to keep free in a line for its end */
	/*
	 * How long an exit waits for the writer: some periods of a CPU quota,
	 * in which the writer may not run (cgroup's cpu.max: mostly 100 ms).
	 */
	WRITER_FINISH_MS = 250,
};

/* Finds out whether stderr is open.  `json`: lines are JSON objects. */
void writer_open(bool json);
/* False if stderr was closed: then nothing can ever be written. */
bool writer_is_open(void);
/* Writes or sends the record, which has `length` bytes. */
void writer_put(struct record *record, size_t length);
/* From here on lines go to the helper. */
void writer_use_process(void);
/* Called in a forked process, or before an exit: lines are written at once. */
void writer_use_none(void);
/* Called in such a process, or in the helper: its writes may wait. */
void writer_wait_for_reader(void);
/* If the helper was killed before it had written all, starts another. */
void writer_tend(void);
/* Waits until the helper has written all and ended, or until until_ns. */
void writer_finish(int64_t until_ns);

#endif
