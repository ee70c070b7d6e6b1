/*
 * oom.h - whether the kernel has killed a process because memory ran out.
 *
 * SIGKILL alone does not say who sent it.  The memory cgroup that lastcall
 * runs in counts the kernel's own kills.
 */
#ifndef LASTCALL_OOM_H
#define LASTCALL_OOM_H

#include <stdbool.h>

/*
 * Called before the program runs: opens the counter of lastcall's own memory
 * cgroup.
 */
void oom_open(void);
extern int oom_fd; /* it, or -1; only for those who close all others */
/*
 * Has the kernel killed processes of that cgroup since the last call, or since
 * oom_open()?  False where no cgroup tells.
 */
bool oom_has_killed(void);

#endif
