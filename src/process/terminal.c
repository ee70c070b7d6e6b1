/*
 * terminal.c - the terminal, and lastcall as a job of an interactive shell.
 *
 * Duty: when the child is stopped from its terminal, stop with it; go on when
 * the shell says so; give the terminal back at the end.  The child's group is
 * not lastcall's, so what the terminal sends reaches only the child, and the
 * shell knows only of lastcall.  In a shell's pipeline they are in one group:
 * the terminal and the shell reach both, and lastcall stops itself alone.
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/signal_set.h"
#include "lib/wait.h"
#include "process/inherited.h"
#include "process/proc.h"
#include "process/terminal.h"

pid_t spawn_foreground(const struct inherited *in)
{
	pid_t foreground;

	/* Fails unless it is our controlling terminal (tty_ioctl(4)). */
	if (in->tty_fd < 0 || ioctl(in->tty_fd, TIOCGPGRP, &foreground) < 0)
		return -1;
	return foreground;
}

void spawn_find_tty(struct inherited *in)
{
	pid_t foreground;

	in->tty_fd = STDIN_FILENO;
	foreground = spawn_foreground(in);
	if (foreground < 0)
		in->tty_fd = -1;
	else
		in->has_tty = foreground == getpgrp();
}

bool spawn_hand_tty(const struct inherited *in, pid_t group)
{
	/* SIGTTOU is blocked, so a background process may do this too. */
	return in->has_tty && tcsetpgrp(in->tty_fd, group) == 0;
}

bool spawn_stop_self(int signal, bool group)
{
	const uint64_t but_one = ~signal_bit(signal);

	(void)kill(group ? 0 : getpid(), signal);
	/* Here lastcall stops, until its shell sends SIGCONT. */
	(void)spawn_set_mask(but_one, NULL);
	(void)spawn_set_mask(UINT64_MAX, NULL);
	return wait_is_pending(signal_bit(SIGCONT));
}

bool terminal_follows_child(const struct inherited *in)
{
	return in->tty_fd >= 0 || !in->own_group;
}

bool terminal_has_sent(const struct inherited *in, const siginfo_t *info)
{
	/*
	 * Of the signals sent to lastcall only a terminal's come from the
	 * kernel.
	 */
	return !in->own_group && info->si_code == SI_KERNEL;
}

/*
 * Is the parent an init, which would not continue lastcall?  PID 1 can be an
 * init or a shell, and a shell with job control does not leave SIGTSTP at its
 * default.
 */
static bool parent_is_init(void)
{
	struct process p;

	return getppid() == 1 && proc_shows_signals() && proc_read(&p, 1) &&
	       !signal_in(p.ignored | p.caught, SIGTSTP);
}

/*
 * Where no process could continue lastcall, as its group is an orphaned one
 * (setpgid(2)) or its parent an init, the child is continued instead.
 */
bool terminal_stop_with_child(struct inherited *in, pid_t child, int signal,
			      bool stopping)
{
	if (!terminal_follows_child(in) ||
	    (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU))
		return false;
	/* If the job was still running, fg only moves the terminal. */
	if (in->own_group && signal != SIGTSTP &&
	    spawn_foreground(in) == getpgrp()) {
		terminal_continue_child(in, child);
		return false;
	}
	/* Once a stop is requested, the deadline has to be kept. */
	if (stopping)
		return false;
	if (!parent_is_init() && spawn_stop_self(signal, in->own_group))
		return true;
	if (!in->own_group)
		return false;
	/*
	 * The child wants the terminal, and would be stopped again without it.
	 */
	if (signal == SIGTSTP || spawn_hand_tty(in, child))
		(void)kill(-child, SIGCONT);
	return false;
}

void terminal_continue_child(struct inherited *in, pid_t child)
{
	struct process p;

	if (!in->own_group) {
		/*
		 * Mostly the shell has continued the whole group already.  A
		 * SIGTSTP that waits came after that: SIGCONT discards it.
		 */
		if ((!proc_read(&p, child) || p.state == 'T') &&
		    !wait_is_pending(signal_bit(SIGTSTP)))
			(void)kill(child, SIGCONT);
		return;
	}
	/*
	 * The shell may now give the terminal to a job that it started in the
	 * background.
	 */
	if (spawn_foreground(in) == getpgrp()) {
		in->has_tty = true;
		(void)spawn_hand_tty(in, child);
	}
	(void)kill(-child, SIGCONT);
}

void terminal_take_back(const struct inherited *in, pid_t child)
{
	/* Not if another process group has taken it. */
	if (spawn_foreground(in) == child)
		(void)spawn_hand_tty(in, getpgrp());
}
