/*
 * output.h - logs what a hook's command writes.
 */
#ifndef LASTCALL_OUTPUT_H
#define LASTCALL_OUTPUT_H

/*
 * In the hook's process, just before it becomes the command.  If the log is for
 * programs, it forks and returns only in the new process, whose stderr is then
 * a pipe.  The old process logs every line from the pipe as `hook-output`, and
 * ends as the command ends; processes that the command has left running write
 * to a closed pipe from then on.
 *
 * Returns a copy of the stderr that lastcall was given, for a line about a
 * command that cannot be run, or -1 if stderr is still that: in LOG_TEXT, or if
 * there is no pipe or process to be had.
 */
int output_wrap(const char *phase, const char *hook);

#endif
