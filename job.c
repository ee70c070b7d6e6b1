/*
 * job.c - lastcall as a job of an interactive shell.
 *
 * Duty: when the child is stopped from its terminal, stop with it; go on when
 * the shell says so; give the terminal back at the end.  The child's group is
 * not lastcall's, so what the terminal sends reaches the child alone, and the
 * shell knows of lastcall alone.
 * Called by init.c and compat_run.c.
 */
#include <signal.h>
#include <unistd.h>

#include "init.h"

/*
 * Where nobody could continue lastcall, as its group is an orphaned one
 * (setpgid(2)), the child is continued instead.
 */
void job_stop_with_child(struct lastcall *l, int signal)
{
	if (l->inherited.tty_fd < 0 ||
	    (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU))
		return;
	/* fg, where the job was still running, moves the terminal alone. */
	if (signal != SIGTSTP && spawn_foreground(&l->inherited) == getpgrp()) {
		job_continue_child(l);
		return;
	}
	l->child_stopped = spawn_stop_self(signal);
	if (l->child_stopped)
		return;
	/* It wants the terminal, and would be stopped again without it. */
	if (signal != SIGTSTP &&
	    !spawn_hand_tty(&l->inherited, l->family.group))
		return;
	(void)kill(-l->family.group, SIGCONT);
}

void job_continue_child(struct lastcall *l)
{
	l->child_stopped = false;
	/* The shell may give it now to what it started in the background. */
	if (spawn_foreground(&l->inherited) == getpgrp()) {
		l->inherited.has_tty = true;
		(void)spawn_hand_tty(&l->inherited, l->family.group);
	}
	(void)kill(-l->family.group, SIGCONT);
}

void job_take_tty_back(const struct lastcall *l)
{
	/* Unless somebody else has taken it. */
	if (spawn_foreground(&l->inherited) == l->family.group)
		(void)spawn_hand_tty(&l->inherited, getpgrp());
}
