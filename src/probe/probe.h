/*
 * probe.h - --probe: a process of its own that reads the name of PID 1.
 */
#ifndef LASTCALL_PROBE_H
#define LASTCALL_PROBE_H

#include "options/options.h"
#include "process/inherited.h"

/*
 * The process name of a lastcall begins with this, followed by the phase.  So
 * does the name of the memfd that tells of the stop request (see
 * stop/publish.h).
 */
#define PROCESS_PREFIX "lastcall:"

/*
 * Does what --probe asks.  Returns 0 for yes, or 1 for no, with one line on
 * stderr that says why.  CHECK is run with the signal mask of *in.
 */
int probe_main(const struct options *o, const struct inherited *in,
	       char **envp);

#endif
