/*
 * spawn.c - starts a process the way its user would have started it.
 *
 * Duty: fork, process group, terminal, signal mask and dispositions, exec.
 * Invariants: every signal is blocked from spawn_block() to the moment before
 * exec, so a signal sent to the child early waits for it and is not lost; the
 * process group exists before either side goes on.
 * Called by init.c, hook.c and probe.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

/* Where a program is looked for when PATH is unset, as in execvp(3). */
#define DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

enum { PATH_BYTES_MAX = 4096 };

/*
 * The raw call: libc's sigprocmask() leaves out the two or three signals that
 * libc uses for itself (32 to 34), which could then end lastcall.
 */
int spawn_set_mask(uint64_t mask, uint64_t *old)
{
	return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, old,
		       SIGNAL_MAX / 8) < 0
		       ? -errno
		       : 0;
}

/*
 * The raw call: libc's sigaction() comes with locks and a thread's worth of
 * code.  The kernel's struct begins with the disposition; all else is 0.
 * Returns the old disposition.
 */
static uintptr_t set_chld(uintptr_t disposition)
{
	uintptr_t new[8] = { disposition }, old[8] = { 0 };

	(void)syscall(SYS_rt_sigaction, SIGCHLD, new, old, SIGNAL_MAX / 8);
	return old[0];
}

int spawn_block(struct inherited *in)
{
	int error = spawn_set_mask(UINT64_MAX, &in->mask);

	in->tty_fd = -1;

	/*
	 * With SIGCHLD ignored the kernel reaps by itself and says nothing
	 * (wait(2), NOTES).  The other ignored signals may stay so: a blocked
	 * signal is queued even when it is ignored.
	 */
	in->chld_ignored = set_chld((uintptr_t)SIG_DFL) == (uintptr_t)SIG_IGN;
	return error;
}

/* Gives the mask and the ignored SIGCHLD back: just before exec. */
static void restore(const struct inherited *in)
{
	if (in->chld_ignored)
		(void)set_chld((uintptr_t)SIG_IGN);
	(void)spawn_set_mask(in->mask, NULL);
}

pid_t spawn_foreground(const struct inherited *in)
{
	pid_t foreground;

	/* Fails unless it is our controlling terminal (tty_ioctl(4)). */
	if (in->tty_fd < 0 || ioctl(in->tty_fd, TIOCGPGRP, &foreground) < 0)
		return -1;
	return foreground;
}

void spawn_find_tty(struct inherited *in)
{
	pid_t foreground;

	in->tty_fd = STDIN_FILENO;
	foreground = spawn_foreground(in);
	if (foreground < 0)
		in->tty_fd = -1;
	else
		in->has_tty = foreground == getpgrp();
}

bool spawn_hand_tty(const struct inherited *in, pid_t group)
{
	/* SIGTTOU is blocked, so a background process may do this too. */
	return in->has_tty && tcsetpgrp(in->tty_fd, group) == 0;
}

bool spawn_stop_self(int signal)
{
	const uint64_t but_one = ~(UINT64_C(1) << (signal - 1));
	uint64_t pending = 0;

	(void)kill(0, signal);
	/* Here lastcall stops, until its shell sends SIGCONT. */
	(void)spawn_set_mask(but_one, NULL);
	(void)spawn_set_mask(UINT64_MAX, NULL);
	(void)syscall(SYS_rt_sigpending, &pending, sizeof(pending));
	return (pending >> (SIGCONT - 1) & 1) != 0;
}

/* A binary, though not for this machine: the error is that of a script. */
static bool is_elf(const char *path)
{
	char magic[4] = "";
	int fd = kernel_open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)!read(fd, magic, sizeof(magic));
	(void)close(fd);
	return memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

/*
 * A program without a magic number is a script of /bin/sh's, as POSIX's
 * execvp() has it; musl's does not do that.  ENOENT for a file that is there
 * means its interpreter or loader is not: said as ELIBACC.
 */
static int exec_path(char *path, char **argv)
{
	char shell[] = "/bin/sh";
	char *name = argv[0];
	int error;

	execve(path, argv, environ);
	error = -errno;
	if (error == -ENOENT && access(path, F_OK) == 0)
		return -ELIBACC;
	if (error != -ENOEXEC || is_elf(path))
		return error;
	argv[-1] = shell;
	argv[0] = path;
	execve(shell, argv - 1, environ);
	error = -errno;
	argv[0] = name;
	return error;
}

/* Finds argv[0] along PATH and becomes it. */
static int exec_argv(char **argv)
{
	TEXT(path, PATH_BYTES_MAX);
	const char *dir = text_variable(environ, "PATH");
	int result = -ENOENT;

	if (argv[0][0] == '\0')
		return -ENOENT;
	if (text_char(argv[0], '/') != NULL)
		return exec_path(argv[0], argv);
	if (dir == NULL)
		dir = DEFAULT_PATH;
	for (;;) {
		size_t length = text_until(dir, ":");
		int error;

		text_clear(&path);
		text_bytes(&path, dir, length);
		if (length > 0)
			text_byte(&path, '/');
		text_add(&path, argv[0]);
		error = path.cut ? -ENAMETOOLONG : exec_path(path.bytes, argv);
		/* What may not be run is passed over, but not forgotten. */
		if (error == -EACCES)
			result = error;
		else if (error != -ENOENT && error != -ENOTDIR)
			return error;
		if (dir[length] == '\0')
			return result;
		dir += length + 1;
	}
}

int spawn_become(const struct inherited *in, char **argv)
{
	struct inherited own;
	int error;

	restore(in);
	error = exec_argv(argv);
	/* A log that nobody reads must not end this process by SIGPIPE. */
	(void)spawn_block(&own);
	return error;
}

int spawn_explain(struct text *t, const char *what, const char *name, int error)
{
	text_add(t, what);
	text_shown(t, name);
	text_add(t, ": ");
	text_error(t, -error);
	return error == -ENOENT || error == -ENOTDIR ? EXIT_NOT_FOUND
						     : EXIT_CANNOT_RUN;
}

/*
 * The bare call: libc's takes locks and keeps books that a process of one
 * thread, which runs exec next, has no use for.
 */
pid_t spawn_fork(void)
{
#ifdef __s390x__
	return (pid_t)syscall(SYS_clone, 0L, (long)SIGCHLD, 0L, 0L, 0L);
#else
	return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
#endif
}

/* In the child. */
static _Noreturn void become(const struct inherited *in, char **argv,
			     const char *termination_log)
{
	TEXT(line, LINE_MAX_LEN);
	int error = spawn_become(in, argv);
	int code = spawn_explain(&line, "cannot run ", argv[0], error);

	log_line(line.bytes);
	log_termination(termination_log, line.bytes);
	_exit(code);
}

pid_t spawn_program(const struct inherited *in, char **argv,
		    const char *termination_log)
{
	pid_t pid = spawn_fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)spawn_hand_tty(in, getpid());
		become(in, argv, termination_log);
	}
	/* Fails once the child has run exec, which then did it itself. */
	(void)setpgid(pid, pid);
	(void)spawn_hand_tty(in, pid);
	return pid;
}
