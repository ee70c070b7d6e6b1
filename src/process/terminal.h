/*
 * terminal.h - the terminal, and lastcall as a job of a shell: stop, continue.
 */
#ifndef LASTCALL_TERMINAL_H
#define LASTCALL_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "process/inherited.h"

/*
 * Finds out whether stdin is the controlling terminal, and whether lastcall
 * holds its foreground and so has it to hand over (tty_ioctl(4), TIOCGPGRP).
 */
void spawn_find_tty(struct inherited *in);
/*
 * Decides whether the program gets a process group of its own, and if so also
 * does spawn_find_tty().  It gets none in a shell's pipeline: where lastcall
 * is not PID 1, has a controlling terminal, and standard input or output is
 * something else.  There its neighbours share the terminal with it as members
 * of one group, and to make another group the foreground one would stop them.
 */
void spawn_find_group(struct inherited *in);
/* Makes `group` the terminal's foreground group; false: no terminal. */
bool spawn_hand_tty(const struct inherited *in, pid_t group);
/* The terminal's foreground group, 0 in an outer PID namespace; -1: none. */
pid_t spawn_foreground(const struct inherited *in);
/*
 * Stops lastcall, with `group` its whole process group, as the terminal does
 * with `signal` (TSTP, TTIN, TTOU) and returns true when it was continued.
 * Returns false at once where the kernel does not stop it, as no process could
 * continue it: PID 1, and an orphaned process group (setpgid(2)).
 */
bool spawn_stop_self(int signal, bool group);

/* Must lastcall learn when the child is stopped? */
bool terminal_follows_child(const struct inherited *in);
/*
 * Has the terminal sent this signal to the program as well, as a member of
 * lastcall's own process group?
 */
bool terminal_has_sent(const struct inherited *in, const siginfo_t *info);
/*
 * The child was stopped by the signal: if its terminal did that, lastcall stops
 * with it, though not when `stopping`, after a stop request.  Returns true if
 * lastcall stopped and was continued and the child was not yet: see
 * terminal_continue_child().
 */
bool terminal_stop_with_child(struct inherited *in, pid_t child, int signal,
			      bool stopping);
/* lastcall was continued: gives the child the terminal, then continues it. */
void terminal_continue_child(struct inherited *in, pid_t child);
/* At the end: the terminal goes back to lastcall's own group. */
void terminal_take_back(const struct inherited *in, pid_t child);

#endif
