/*
 * server.h - what the helper of the ready port does.
 *
 * ready.c starts it in a process of its own, which does nothing else.
 */
#ifndef LASTCALL_SERVER_H
#define LASTCALL_SERVER_H

#include "ready/address.h"

/*
 * Opens the port and answers health checks until it is killed.  runner_fd is
 * connected to the check's runner (runner.h); -1: there is no check.  Writes to
 * told_fd how opening the port went, an errno (bind(2)) or 0, and exits if it
 * failed.  If told_fd is -1, it tries until it has the port.
 */
_Noreturn void server_run(const struct ready_address *address, int runner_fd,
			  int told_fd);

#endif
