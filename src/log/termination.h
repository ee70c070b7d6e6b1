/*
 * termination.h - the one line that Kubernetes shows when a container has
 * ended badly: the termination log.
 */
#ifndef LASTCALL_TERMINATION_H
#define LASTCALL_TERMINATION_H

/*
 * Writes one line to the file, truncating it; path is as in struct options
 * (NULL: the kubelet's, only if it exists; "": none).  Errors are ignored.  It
 * may take as long as the file system does, so it is called only before the
 * program runs and in processes that lastcall has forked.
 */
void termination_write(const char *path, const char *text);
/* Does the same in a helper, for which helper_finish() waits. */
void termination_start(const char *path, const char *text);

#endif
