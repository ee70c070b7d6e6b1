/*
 * spawn.c - starts a process the way its user would have started it.
 *
 * Duty: fork, process group, terminal, signal mask and dispositions, exec.
 * Invariants: every signal is blocked from spawn_block() to the moment before
 * exec, so that a signal sent to the child early stays pending and is not lost;
 * the process group exists before either side goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/descriptor.h"
#include "lib/errors.h"
#include "lib/helper.h"
#include "lib/parse.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "log/log.h"
#include "log/termination.h"
#include "log/writer.h"
#include "process/inherited.h"
#include "process/oom.h"
#include "process/proc.h"
#include "process/spawn.h"
#include "process/terminal.h"

/* Where a program is looked for when PATH is unset, as in execvp(3). */
#define DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

/*
 * The raw call: libc's sigaction() brings locks and code for threads.  The
 * kernel's struct begins with the disposition; all else is 0.  Returns the old
 * disposition.
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
	in->own_group = true;

	/*
	 * With SIGCHLD ignored the kernel reaps by itself and says nothing
	 * (wait(2), NOTES).  The other ignored signals may stay so: a blocked
	 * signal is queued even when it is ignored.
	 */
	in->chld_ignored = set_chld((uintptr_t)SIG_DFL) == (uintptr_t)SIG_IGN;
	return error;
}

/* Restores the mask and the ignored SIGCHLD, just before exec. */
static void restore(const struct inherited *in)
{
	if (in->chld_ignored)
		(void)set_chld((uintptr_t)SIG_IGN);
	(void)spawn_set_mask(in->mask, NULL);
}

/* Is it lastcall's controlling terminal? */
static bool is_terminal(int fd)
{
	pid_t foreground;

	return ioctl(fd, TIOCGPGRP, &foreground) == 0;
}

/* Has lastcall a controlling terminal, whatever its descriptors are? */
static bool has_terminal(void)
{
	int fd = descriptor_open("/dev/tty",
				 O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

void spawn_find_group(struct inherited *in)
{
	in->own_group =
		getpid() == 1 ||
		(is_terminal(STDIN_FILENO) && is_terminal(STDOUT_FILENO)) ||
		!has_terminal();
	if (in->own_group)
		spawn_find_tty(in);
}

/* Is it a binary?  One for another machine fails with the error of a script. */
static bool is_elf(const char *path)
{
	char magic[4] = "";
	int fd = descriptor_open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)!read(fd, magic, sizeof(magic));
	(void)close(fd);
	return memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

/*
 * A program without a magic number is a script for /bin/sh, as POSIX says of
 * execvp(); musl's does not do that.  ENOENT for a file that exists means that
 * its interpreter or loader is missing: this is reported as ELIBACC.
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
	return error == -ENOENT ? -ELIBACC : error;
}

/*
 * Does the search along PATH go on after this error?  It does where this
 * folder has nothing that can be run, as in glibc's execvp(3), and also after
 * a loop of symbolic links; not where the program was found but the kernel
 * cannot run it now (ETXTBSY, E2BIG, ENOMEM).
 */
static bool search_goes_on(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -EACCES ||
	       error == -ELIBACC || error == -ENAMETOOLONG || error == -ELOOP ||
	       error == -ESTALE || error == -ENODEV || error == -ETIMEDOUT;
}

/*
 * What to report when nothing was found: that permission was denied somewhere
 * (POSIX), or else the first error.  A folder that is missing, or whose name is
 * too long, is not reported.
 */
static int worse(int known, int error)
{
	if (error == -EACCES)
		return error;
	if (known != -ENOENT || error == -ENOTDIR || error == -ENAMETOOLONG)
		return known;
	return error;
}

/* Finds argv[0] along PATH and becomes it. */
static int exec_argv(char **argv)
{
	TEXT(path, PATH_MAX);
	const char *dir = text_variable(environ, "PATH");
	int result = -ENOENT;

	if (argv[0][0] == '\0')
		return -ENOENT;
	if (strchr(argv[0], '/') != NULL)
		return exec_path(argv[0], argv);
	if (strlen(argv[0]) > NAME_MAX)
		return -ENAMETOOLONG;
	if (dir == NULL)
		dir = DEFAULT_PATH;
	for (;;) {
		size_t length = strcspn(dir, ":");
		int error;

		text_clear(&path);
		text_bytes(&path, dir, length);
		if (length > 0)
			text_byte(&path, '/');
		text_add(&path, argv[0]);
		error = path.cut ? -ENAMETOOLONG : exec_path(path.bytes, argv);
		if (!search_goes_on(error))
			return error;
		result = worse(result, error);
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
 * The raw call: libc's takes locks and keeps records for which a process of one
 * thread, which runs exec next, has no use.
 */
pid_t spawn_fork(void)
{
#ifdef __s390x__
	pid_t pid = (pid_t)syscall(SYS_clone, 0L, (long)SIGCHLD, 0L, 0L, 0L);
#else
	pid_t pid = (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
#endif

	if (pid == 0)
		writer_use_none();
	return pid;
}

pid_t spawn_fork_group(bool own_group)
{
	pid_t pid = spawn_fork();

	if (pid < 0)
		return -errno;
	/*
	 * Both sides call it: the parent's call fails once the child has run
	 * exec.
	 */
	if (own_group)
		(void)setpgid(pid, pid);
	return pid;
}

int spawn_open_null(void)
{
	int pipes[2];
	int fd = descriptor_open("/dev/null", O_RDWR);

	if (fd >= 0)
		return fd;
	if (pipe(pipes) < 0)
		return -errno;
	(void)close(pipes[1]);
	return pipes[0];
}

void spawn_close_files(int fd)
{
	const int kept[] = { proc_fd, oom_fd, fd };

	helper_close_except(kept, sizeof(kept) / sizeof(*kept));
}

void spawn_release(bool keep_stdout)
{
	spawn_close_files(-1);
	/* What is opened next gets the lowest number: the one just closed. */
	if (!is_terminal(STDIN_FILENO)) {
		(void)close(STDIN_FILENO);
		(void)spawn_open_null();
	}
	if (!keep_stdout && !is_terminal(STDOUT_FILENO)) {
		(void)close(STDOUT_FILENO);
		(void)spawn_open_null();
	}
}

/*
 * LISTEN_PIDFDID, the number of a pidfd, tells lastcall from a process that got
 * its pid later.  That says nothing of the program, so it is removed.
 */
static void drop_variable(const char *name)
{
	char **to = environ;

	for (char **from = environ; *from; from++)
		if (!text_starts(*from, name))
			*to++ = *from;
	*to = NULL;
}

/*
 * These variables name, by its pid, the one process that systemd hands
 * something to: sd_listen_fds(3), sd_watchdog_enabled(3), systemd.exec(5).
 * Podman sets LISTEN_PID=1 for the container's first process.
 */
static void name_program(struct spawn_names *names, pid_t parent)
{
	static const char *const variables[SPAWN_NAMES] = {
		"LISTEN_PID=", "WATCHDOG_PID=", "SYSTEMD_EXEC_PID="
	};

	for (char **e = environ; *e; e++) {
		for (int i = 0; i < SPAWN_NAMES; i++) {
			size_t length = text_starts(*e, variables[i]);
			struct text t = { names->bytes[i],
					  sizeof(names->bytes[i]), 0, false };
			int64_t pid;

			if (length == 0 ||
			    !text_to_number(*e + length, INT32_MAX, &pid) ||
			    pid != parent)
				continue;
			text_clear(&t);
			text_format(&t, "%s%d", variables[i], getpid());
			*e = t.bytes;
			if (i == 0)
				names->listens = true;
		}
	}
	if (names->listens)
		drop_variable("LISTEN_PIDFDID=");
}

void spawn_prepare(struct spawn_names *names, pid_t parent, int death_signal)
{
	names->listens = false;
	name_program(names, parent);
	if (death_signal == 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, death_signal, 0L, 0L, 0L);
	/*
	 * The parent may have ended before that.  getppid() is 0 where it is in
	 * another PID namespace; then nobody can tell.
	 */
	if (getppid() != parent && getppid() != 0)
		(void)kill(getpid(), death_signal);
}

bool *spawn_share_flag(void)
{
	void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED ? page : NULL;
}

/*
 * Asks first whether there is a page: reading it would make one, which in a
 * full memory cgroup may take for ever.
 */
bool spawn_has_failed(const bool *flag)
{
	unsigned char there = 0;

	return flag != NULL &&
	       mincore((void *)(uintptr_t)flag, 1, &there) == 0 &&
	       (there & 1) != 0 && *flag;
}

/* Runs in the child: becomes argv, or reports why it cannot and exits. */
static _Noreturn void become(const struct inherited *in, char **argv,
			     const char *termination_log, const char *hint,
			     bool *failed)
{
	TEXT(line, LINE_MAX_LEN);
	int error = spawn_become(in, argv);
	int code = spawn_explain(&line, "cannot run ", argv[0], error);

	if (code == EXIT_NOT_FOUND)
		text_add(&line, hint);
	log_line(line.bytes);
	termination_write(termination_log, line.bytes);
	if (failed != NULL)
		*failed = true;
	_exit(code);
}

pid_t spawn_program(const struct inherited *in, char **argv, int death_signal,
		    const char *termination_log, const char *hint, bool *failed)
{
	struct spawn_names names;
	pid_t parent = getpid();
	pid_t pid = spawn_fork_group(in->own_group);

	if (pid < 0)
		return pid;
	if (pid == 0) {
		/*
		 * Only the child does this: the program may hand the terminal
		 * on at once, and the parent, coming late, would take it back.
		 */
		(void)spawn_hand_tty(in, getpid());
		spawn_prepare(&names, parent, death_signal);
		become(in, argv, termination_log, hint, failed);
	}
	return pid;
}
