/*
 * ready_file.h - --ready-file: a file that exists while the program is ready.
 */
#ifndef LASTCALL_READY_FILE_H
#define LASTCALL_READY_FILE_H

#include <stdbool.h>

/*
 * Creates it in a helper, before the program runs, and waits for that, though
 * not for a file system that hangs.  Logs a warning if it fails.
 */
void ready_file_make(const char *path);
/*
 * Removes it, in a helper that is not waited for.  Returns false if no process
 * can be made, to be tried again.
 */
bool ready_file_remove(const char *path);

#endif
