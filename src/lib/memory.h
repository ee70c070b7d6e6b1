/*
 * memory.h - keeps in memory what is needed when there is no more to be had.
 */
#ifndef LASTCALL_MEMORY_H
#define LASTCALL_MEMORY_H

/*
 * In a memory cgroup that is full and has no OOM killer, a process that touches
 * a page that is not there sleeps until another process gives memory back;
 * lastcall would sleep when it is to end that other process.  So it writes to
 * the pages that a shutdown writes to, and locks them and its text if the
 * resource limit allows that (mlock(2)).
 *
 * Called before the program runs, and after a fork of a process that stays, as
 * both share the pages from then on, until one of them writes.
 */
void memory_keep(void);

#endif
