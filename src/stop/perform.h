/*
 * perform.h - does what shutdown.c says is due.
 */
#ifndef LASTCALL_PERFORM_H
#define LASTCALL_PERFORM_H

#include <stdint.h>

#include "shutdown.h"
#include "stop/lastcall.h"

/* Does one action at the turn's time; never waits for other processes. */
void perform_action(struct lastcall *l, struct action action, int64_t now_ns);
/* Notes an event that has at most a number. */
void perform_note(struct lastcall *l, enum event_kind kind, int number,
		  int64_t now_ns);
/* In the sweep, when what a process decided for was orphaned. */
void perform_sweep_again(struct lastcall *l);
/* The running hook was reaped. */
void perform_hook_ended(struct lastcall *l, int status, int64_t now_ns);
/* Writes to the termination log if memory ran out or the stop was forced. */
void perform_termination(const struct lastcall *l);

#endif
