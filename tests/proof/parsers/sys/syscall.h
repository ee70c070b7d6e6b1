/* syscall.h - for src/process/proc.c; Frama-C has none. */
enum { SYS_getdents64 = 217, SYS_rt_sigtimedwait = 128 };
long syscall(long number, ...);
