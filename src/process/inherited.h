/*
 * inherited.h - how lastcall was started.
 */
#ifndef LASTCALL_INHERITED_H
#define LASTCALL_INHERITED_H

#include <stdbool.h>
#include <stdint.h>

/* How lastcall was started, to be given back to the child. */
struct inherited {
	uint64_t mask;	   /* blocked signals, bit n-1 is signal n */
	bool chld_ignored; /* SIGCHLD was ignored */
	int tty_fd;	   /* the controlling terminal; -1: none at stdin */
	bool has_tty;	   /* and lastcall can hand it over */
	/*
	 * The program gets a process group of its own.  If not, it shares
	 * lastcall's: see spawn_find_group().
	 */
	bool own_group;
};

#endif
