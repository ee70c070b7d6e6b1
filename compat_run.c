/*
 * compat_run.c - does what tini, dumb-init and catatonit do, when started
 * under their names and not asked for an ordered shutdown: pass signals on,
 * reap, and leave as soon as the main process has ended.
 *
 * Left out are their defects: every signal is blocked before anything else,
 * no timer runs, a refused signal is not fatal, and the child gets the
 * dispositions and (but for dumb-init) the mask that the init was given.
 *
 * Called by init.c.  What the peers' options mean is compat.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

/* tini's levels; the others have 0 and 1 alone. */
enum { FATAL, WARN, INFO, DEBUG };

/* One of the peer's lines, where it says as much; see text_format(). */
static void say(const struct compat *c, enum compat_name whose, int level,
		const char *format, ...)
{
	TEXT(line, LINE_MAX_LEN);
	va_list values;

	if (c->name != whose || (level > FATAL && level > c->level))
		return;
	compat_prefix(&line, c, level);
	va_start(values, format);
	text_vformat(&line, format, values);
	va_end(values);
	text_byte(&line, '\n');
	if (whose == COMPAT_TINI && level >= INFO)
		(void)!write(STDOUT_FILENO, line.bytes, line.length);
	else
		log_plain(line.bytes, line.length);
}

#define TINI(level, ...) say(c, COMPAT_TINI, level, __VA_ARGS__)
#define DUMB_INIT(...)	 say(c, COMPAT_DUMB_INIT, 1, __VA_ARGS__)
#define CATATONIT(...)	 say(c, COMPAT_CATATONIT, 1, __VA_ARGS__)

/* ----------------------------------------------------------------- start */

/*
 * catatonit: a LISTEN_PID (sd_listen_fds(3)) that meant the init means the
 * child.  The text must last until exec.
 */
static void retarget_listen_pid(const struct compat *c, struct text *variable)
{
	static const char name[] = "LISTEN_PID=";
	int64_t pid;

	for (char **e = environ; *e; e++) {
		if (strncmp(*e, name, sizeof(name) - 1) != 0 ||
		    !text_to_number(*e + sizeof(name) - 1, INT32_MAX, &pid) ||
		    pid != c->pid)
			continue;
		text_add(variable, name);
		text_number(variable, getpid());
		*e = variable->bytes;
	}
}

/* In the child: becomes argv, or fails with the peer's words and code. */
static _Noreturn void become(const struct compat *c, struct inherited *in,
			     char **argv)
{
	struct compat child = *c;
	TEXT(listen_pid, 32);
	TEXT(why, 64);
	int error;

	if (c->name == COMPAT_CATATONIT)
		retarget_listen_pid(c, &listen_pid);
	/* dumb-init's children start with nothing blocked. */
	if (c->name == COMPAT_DUMB_INIT)
		in->mask = 0;
	error = -spawn_become(in, argv);
	if (error == ELIBACC)
		error = ENOENT;
	text_error(&why, error);
	/* The peers' words begin with a capital, and are looked for. */
	if (why.bytes[0] >= 'a')
		why.bytes[0] ^= 'a' ^ 'A';
	child.pid = getpid();
	c = &child;
	TINI(FATAL, "exec %s failed: %s", argv[0], why.bytes);
	say(c, COMPAT_DUMB_INIT, FATAL, "%s: %s", argv[0], why.bytes);
	say(c, COMPAT_CATATONIT, FATAL, "failed to exec pid1: %s", why.bytes);
	if (c->name == COMPAT_DUMB_INIT)
		_exit(2);
	if (c->name == COMPAT_TINI && error == ENOENT)
		_exit(EXIT_NOT_FOUND);
	if (c->name == COMPAT_TINI && error == EACCES)
		_exit(EXIT_CANNOT_RUN);
	_exit(1);
}

/*
 * dumb-init gives its terminal up, for the child's session to take.  Where it
 * led the terminal's session, the kernel sends the foreground group, itself,
 * a HUP and a CONT for that (tty_ioctl(4), TIOCNOTTY): they are nobody's.
 */
static void give_up_tty(const struct compat *c)
{
	uint64_t set = UINT64_C(1) << (SIGHUP - 1) | UINT64_C(1)
							     << (SIGCONT - 1);
	int signal;

	if (ioctl(STDIN_FILENO, TIOCNOTTY) < 0 || getsid(0) != c->pid)
		return;
	while ((signal = wait_signal(set, NULL, 0)) > 0)
		DUMB_INIT("Ignoring tty hand-off signal %d.", signal);
}

/*
 * dumb-init: the child leads a session of its own, which must be there before
 * its group is sent anything: a byte comes through the pipe when it is.
 */
static pid_t spawn_session(const struct compat *c, struct inherited *in,
			   char **argv)
{
	int ready[2] = { -1, -1 };
	char end;
	pid_t pid;

	give_up_tty(c);
	(void)syscall(SYS_pipe2, ready, O_CLOEXEC);
	pid = spawn_fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)setsid();
		(void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
		(void)!write(ready[1], "", 1);
		become(c, in, argv);
	}
	close(ready[1]);
	(void)!read(ready[0], &end, 1);
	close(ready[0]);
	DUMB_INIT("setsid complete.");
	return pid;
}

/* As spawn_program(); dumb-init's child without a session has no own group. */
static pid_t spawn_group(const struct compat *c, struct inherited *in,
			 char **argv)
{
	bool own_group = c->name != COMPAT_DUMB_INIT;
	pid_t pid = spawn_fork();

	if (pid < 0)
		return -errno;
	if (own_group) {
		(void)setpgid(pid, pid);
		(void)spawn_hand_tty(in, pid ? pid : getpid());
	}
	if (pid == 0)
		become(c, in, argv);
	return pid;
}

pid_t compat_spawn(const struct compat *c, struct inherited *in, char **argv)
{
	pid_t pid;

	if (c->debug_mode)
		DUMB_INIT("Running in debug mode.");
	if (c->name == COMPAT_DUMB_INIT)
		in->tty_fd = -1;
	pid = c->session ? spawn_session(c, in, argv)
			 : spawn_group(c, in, argv);
	if (pid < 0)
		return pid;
	TINI(INFO, "Spawned child process '%s' with pid '%d'", argv[0], pid);
	DUMB_INIT("Child spawned with PID %d.", pid);
	CATATONIT("pid1 (%d) spawned: %s", pid, argv[0]);
	return pid;
}

/* catatonit looks for a terminal beyond stdin, too. */
static void find_tty(const struct compat *c, struct inherited *in)
{
	spawn_find_tty(in);
	if (c->name != COMPAT_CATATONIT || in->tty_fd >= 0)
		return;
	in->tty_fd = kernel_open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	in->has_tty = spawn_foreground(in) == getpgrp();
	if (in->has_tty)
		return;
	(void)close(in->tty_fd);
	in->tty_fd = -1;
}

/* catatonit holds no descriptor but the standard ones and its terminal. */
static void close_all(const struct inherited *in)
{
	int first = STDERR_FILENO + 1;

	if (in->tty_fd > STDERR_FILENO) {
		(void)syscall(SYS_close_range, first, in->tty_fd - 1, 0);
		first = in->tty_fd + 1;
	}
	(void)syscall(SYS_close_range, first, INT32_MAX, 0);
}

static void adopt_orphans(const struct compat *c, const struct options *o)
{
	int is_subreaper = 0;

	if (o->subreaper || (c->name == COMPAT_CATATONIT && c->pid != 1)) {
		(void)kernel_prctl(PR_SET_CHILD_SUBREAPER, 1);
		return;
	}
	(void)kernel_prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
	if (c->pid != 1 && !is_subreaper)
		TINI(WARN, "zombie reaping won't work: not PID 1, no "
			   "subreaper (-s, TINI_SUBREAPER)");
}

/* ------------------------------------------------------------------- run */

static void forward(const struct lastcall *l, int signal, const siginfo_t *info)
{
	const struct compat *c = &l->compat;
	int to = l->options->map[signal];

	if (to != signal)
		DUMB_INIT("Translating signal %d to %d.", signal, to);
	if (to == 0) {
		DUMB_INIT("Not forwarding signal 0 to children (ignored).");
		return;
	}
	/* EPERM (set-uid) and ESRCH (just gone) are no reason to end. */
	if (l->options->scope == SCOPE_GROUP)
		(void)kill(-l->child, to);
	else if (info == NULL || info->si_code != SI_QUEUE ||
		 syscall(SYS_rt_sigqueueinfo, l->child, to, info) < 0)
		(void)kill(l->child, to);
	DUMB_INIT("Forwarded signal %d to children.", to);
}

static void say_reaped(const struct lastcall *l, const struct ended *e)
{
	const struct compat *c = &l->compat;
	bool is_main = e->pid == l->child;
	bool killed = WIFSIGNALED(e->status);
	int code = killed ? WTERMSIG(e->status) : WEXITSTATUS(e->status);

	DUMB_INIT(killed ? "A child with PID %d was terminated by signal %d."
			 : "A child with PID %d exited with exit status %d.",
		  e->pid, code);
	TINI(DEBUG, "Reaped child with pid: '%d'", e->pid);
	if (is_main)
		TINI(INFO,
		     killed ? "Main child exited with signal (signal '%d')"
			    : "Main child exited normally (with status '%d')",
		     code);
	else if (l->options->warn_reaped)
		TINI(WARN, "Reaped zombie process with pid=%d", e->pid);
}

static void reap(struct lastcall *l)
{
	struct ended e;

	while (reap_next(&e, l->inherited.tty_fd >= 0) == 1) {
		if (WIFSTOPPED(e.status)) {
			if (e.pid == l->child)
				job_stop_with_child(l, WSTOPSIG(e.status));
			continue;
		}
		say_reaped(l, &e);
		if (e.pid == l->child)
			l->status = e.status;
	}
}

/* One signal; false: it ends catatonit -P. */
static bool take_signal(struct lastcall *l, int signal, const siginfo_t *info)
{
	const struct compat *c = &l->compat;

	DUMB_INIT("Received signal %d.", signal);
	if (signal == SIGCHLD) {
		TINI(DEBUG, "Received SIGCHLD");
		reap(l);
		return true;
	}
	if (c->pause)
		return signal != SIGTERM && signal != SIGINT;
	if (signal == SIGCONT && l->child_stopped)
		job_continue_child(l);
	else
		forward(l, signal, info);
	if (c->name == COMPAT_DUMB_INIT &&
	    (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
		DUMB_INIT("Suspending self due to TTY signal.");
		(void)kill(c->pid, SIGSTOP);
	}
	return true;
}

static void turn_until_exit(struct lastcall *l)
{
	while (l->status < 0) {
		siginfo_t info;
		int signal = wait_signal(UINT64_MAX, &info, NEVER_NS);

		/* Where nobody reads what it says, that is no PIPE for the
		 * child. */
		if (signal == SIGPIPE && info.si_pid == l->compat.pid)
			continue;
		if (signal > 0 && !take_signal(l, signal, &info))
			return;
	}
}

int compat_start(struct compat *c, struct options *o, char **argv, char **envp)
{
	TEXT(said, 2048);
	int code;

	c->pid = getpid();
	code = compat_parse(c, o, argv, envp, &said);
	if (code >= 0)
		(void)!write(c->said_fd, said.bytes, said.length);
	return code;
}

int compat_run(struct lastcall *l)
{
	const struct options *o = l->options;
	const struct compat *c = &l->compat;

	if (o->parent_death_signal != 0)
		(void)kernel_prctl(PR_SET_PDEATHSIG, o->parent_death_signal);
	adopt_orphans(c, o);
	if (!c->pause) {
		find_tty(c, &l->inherited);
		l->child = compat_spawn(c, &l->inherited, o->program);
		if (l->child < 0)
			return 1;
		l->family.group = l->child;
	}
	if (c->name == COMPAT_DUMB_INIT)
		(void)!chdir("/");
	if (c->name == COMPAT_CATATONIT)
		close_all(&l->inherited);

	turn_until_exit(l);

	if (c->pause)
		return 0;
	if (c->name == COMPAT_DUMB_INIT)
		forward(l, SIGTERM, NULL);
	DUMB_INIT("Child exited with status %d. Goodbye.", act_exit_code(l));
	job_take_tty_back(l);
	return act_exit_code(l);
}
