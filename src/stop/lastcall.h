/*
 * lastcall.h - what the running lastcall knows.
 */
#ifndef LASTCALL_LASTCALL_H
#define LASTCALL_LASTCALL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "drain/ports.h"
#include "options/options.h"
#include "process/everyone.h"
#include "process/inherited.h"
#include "ready/ready.h"
#include "shutdown.h"

struct compat;

/* Everything that the running lastcall knows. */
struct lastcall {
	const struct options *options;
	char **envp;
	struct inherited inherited;
	int blocked; /* 0, or why signals cannot be waited for */
	const struct compat *compat; /* the drop-in name, see compat/peers.h */
	struct family family;
	struct shutdown machine;
	int64_t now_ns;	  /* the last time read */
	enum phase shown; /* in the process name */
	bool has_ready_file;
	bool in_docker; /* asked at the start: a later look may hang */

	pid_t child;
	int status;   /* of the child, as wait(2) gave it; -1: not reaped */
	bool *failed; /* set by the child if it cannot run the program */
	int64_t oom_until_ns; /* a SIGKILL until then is the kernel's */
	bool child_oom;	      /* the child ended because memory ran out */
	bool not_run;	      /* the program could not be run */
	bool ended_alone;     /* the event `exited` reports its end */
	bool child_stopped;   /* by the terminal; lastcall did too */

	bool was_other;	     /* the last signal was neither CHLD nor none */
	bool dead_left;	     /* more have ended than one turn takes */
	siginfo_t asked;     /* the stop request */
	int64_t repeated_ns; /* when a repeated one may be logged again */

	pid_t hook_pid;	       /* the running one; 0: none */
	enum phase hook_phase; /* in which it was started */
	const char *hook_line;
	int64_t hook_ns; /* when that was */

	struct ready ready; /* the processes of the ready port */

	struct drained drained;
	struct port_check port_check; /* the last check of the ports */
	bool port_check_warned; /* it failed or fell back, and this is logged */

	struct survivor survivor[SURVIVOR_MAX];
	int survivors; /* of these, when SIGKILL was sent */
	int killed;    /* processes that got it; -1: not known */
	int swept;     /* by everyone_sweep(); -1: not known */
};

#endif
