/*
 * run.c - does what tini, dumb-init and catatonit do, when lastcall is started
 * under their names and not asked for an ordered shutdown: passes signals on,
 * reaps, and ends as soon as the main process has ended.
 *
 * Their defects are left out: every signal is blocked before anything else, no
 * timer runs, a refused signal is not fatal, and the child gets the
 * dispositions and (except under dumb-init) the mask that the init was given.
 *
 * What the peers' options mean is in peers.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat/peers.h"
#include "compat/run.h"
#include "lib/clock.h"
#include "lib/descriptor.h"
#include "lib/errors.h"
#include "lib/helper.h"
#include "lib/parse.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "log/log.h"
#include "log/writer.h"
#include "options/options.h"
#include "process/family.h"
#include "process/inherited.h"
#include "process/spawn.h"
#include "process/terminal.h"
#include "reap.h"
#include "stop/exit_code.h"
#include "stop/lastcall.h"

/* tini's levels; the others have only 0 and 1. */
enum { FATAL, WARN, INFO, DEBUG };

/* Writes a log line, if lastcall has this peer's name and its level says so. */
static void say(const struct compat *c, enum peer_id whose, int level,
		const char *format, ...)
{
	TEXT(line, LINE_MAX_LEN);
	va_list values;

	if (c->peer->id != whose || (level > FATAL && level > c->level))
		return;
	compat_prefix(&line, c, level);
	va_start(values, format);
	text_vformat(&line, format, values);
	va_end(values);
	text_byte(&line, '\n');
	log_plain(c->peer->informs_on_stdout && level >= INFO ? STDOUT_FILENO
							      : STDERR_FILENO,
		  line.bytes, line.length);
}

#define TINI(level, ...) say(c, PEER_TINI, level, __VA_ARGS__)
#define DUMB_INIT(...)	 say(c, PEER_DUMB_INIT, 1, __VA_ARGS__)
#define CATATONIT(...)	 say(c, PEER_CATATONIT, 1, __VA_ARGS__)

/* ----------------------------------------------------------------- start */

/* In the child: becomes argv, or fails with the peer's message and code. */
static _Noreturn void become(struct lastcall *l)
{
	const struct compat *c = l->compat;
	struct inherited *in = &l->inherited;
	char **argv = l->options->program;
	struct compat child = *c;
	struct spawn_names names;
	TEXT(complaint, 64);
	int error;

	spawn_prepare(&names, c->pid, l->options->child_death_signal);
	if (c->peer->clears_mask)
		in->mask = 0;
	error = -spawn_become(in, argv);
	if (l->failed != NULL)
		*l->failed = true;
	if (error == ELIBACC)
		error = ENOENT;
	text_error(&complaint, error);
	/*
	 * Tools may look for the peers' messages, which begin with a capital.
	 */
	if (complaint.bytes[0] >= 'a')
		complaint.bytes[0] ^= 'a' ^ 'A';
	child.pid = getpid();
	c = &child;
	TINI(FATAL, "exec %s failed: %s", argv[0], complaint.bytes);
	say(c, PEER_DUMB_INIT, FATAL, "%s: %s", argv[0], complaint.bytes);
	say(c, PEER_CATATONIT, FATAL, "failed to exec pid1: %s",
	    complaint.bytes);
	if (error == ENOENT)
		_exit(c->peer->not_found);
	_exit(error == EACCES ? c->peer->cannot_run : c->peer->cannot_start);
}

/*
 * dumb-init gives its terminal up, so that the child's session can take it.  If
 * it led the terminal's session, the kernel then sends a HUP and a CONT to the
 * foreground group, which is its own (tty_ioctl(4), TIOCNOTTY): these are
 * dropped.
 */
static void give_up_tty(const struct compat *c)
{
	uint64_t set = signal_bit(SIGHUP) | signal_bit(SIGCONT);
	int signal;

	if (ioctl(STDIN_FILENO, TIOCNOTTY) < 0 || getsid(0) != c->pid)
		return;
	while ((signal = wait_signal(set, NULL, 0)) > 0)
		DUMB_INIT("Ignoring tty hand-off signal %d.", signal);
}

/*
 * dumb-init: the child leads a session of its own, which must exist before its
 * group is sent anything: a byte comes through the pipe when it does.
 */
static pid_t spawn_session(struct lastcall *l)
{
	const struct compat *c = l->compat;
	int ready[2] = { -1, -1 };
	char end;
	pid_t pid;

	give_up_tty(c);
	(void)descriptor_pipe(ready, 0);
	pid = spawn_fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)setsid();
		(void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
		(void)!write(ready[1], "", 1);
		become(l);
	}
	close(ready[1]);
	(void)!read(ready[0], &end, 1);
	close(ready[0]);
	DUMB_INIT("setsid complete.");
	return pid;
}

/*
 * Does as spawn_program(), except that the child may stay in lastcall's group.
 */
static pid_t spawn_group(struct lastcall *l)
{
	struct inherited *in = &l->inherited;
	bool own_group = l->compat->peer->has_group;
	pid_t pid = spawn_fork_group(own_group);

	if (pid < 0)
		return pid;
	if (pid == 0) {
		if (own_group)
			(void)spawn_hand_tty(in, getpid());
		become(l);
	}
	return pid;
}

pid_t compat_spawn(struct lastcall *l)
{
	const struct compat *c = l->compat;
	char **argv = l->options->program;
	pid_t pid;

	writer_use_process();
	if (c->debug_mode)
		DUMB_INIT("Running in debug mode.");
	if (c->peer->session)
		l->inherited.tty_fd = -1;
	pid = c->session ? spawn_session(l) : spawn_group(l);
	if (pid < 0)
		return pid;
	/* This comes before the first line, which opens the writer's socket. */
	if (c->ordered)
		spawn_release(c->peer->informs_on_stdout && c->level >= INFO);
	else if (c->peer->closes_files)
		spawn_close_files(l->inherited.tty_fd);
	TINI(INFO, "Spawned child process '%s' with pid '%d'", argv[0], pid);
	DUMB_INIT("Child spawned with PID %d.", pid);
	CATATONIT("pid1 (%d) spawned: %s", pid, argv[0]);
	return pid;
}

static void find_tty(const struct compat *c, struct inherited *in)
{
	spawn_find_tty(in);
	if (!c->peer->opens_tty || in->tty_fd >= 0)
		return;
	in->tty_fd = descriptor_open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	in->has_tty = spawn_foreground(in) == getpgrp();
	if (in->has_tty)
		return;
	(void)close(in->tty_fd);
	in->tty_fd = -1;
}

static void adopt_orphans(const struct compat *c, const struct options *o)
{
	int is_subreaper = 0;

	if (o->subreaper || (c->peer->adopts && c->pid != 1)) {
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1UL);
		return;
	}
	(void)prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
	if (c->pid != 1 && !is_subreaper)
		TINI(WARN, "zombie reaping won't work: not PID 1, no "
			   "subreaper (-s, TINI_SUBREAPER)");
}

/* ------------------------------------------------------------------- run */

static void forward(struct lastcall *l, int signal, const siginfo_t *info)
{
	const struct compat *c = l->compat;
	int to = l->options->map[signal];

	if (to != signal)
		DUMB_INIT("Translating signal %d to %d.", signal, to);
	if (to == 0) {
		DUMB_INIT("Not forwarding signal 0 to children (ignored).");
		return;
	}
	/* EPERM (set-uid) and ESRCH (just gone) are no reason to end. */
	(void)resend_send(&l->family.resend,
			  l->options->scope == SCOPE_GROUP ? -l->child
							   : l->child,
			  l->child, to, info);
	DUMB_INIT("Forwarded signal %d to children.", to);
}

static void say_reaped(const struct lastcall *l, const struct ended *e)
{
	const struct compat *c = l->compat;
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

static void compat_handle_ended(struct lastcall *l)
{
	struct reap reap = { .stopped_too =
				     terminal_follows_child(&l->inherited) };
	struct ended e;

	while (reap_next(&reap, &e)) {
		if (e.stopped_by != 0) {
			if (e.pid == l->child)
				l->child_stopped = terminal_stop_with_child(
					&l->inherited, l->child, e.stopped_by,
					false);
			continue;
		}
		say_reaped(l, &e);
		if (e.pid == l->child)
			l->status = e.status;
	}
}

void compat_end_by_fault(const struct lastcall *l, int signal)
{
	static const int faults[] = { SIGFPE,  SIGILL,	SIGSEGV, SIGBUS,
				      SIGABRT, SIGTRAP, SIGSYS };
	const struct compat *c = l->compat;

	if (c->peer == NULL || !c->peer->dies_of_faults || c->pid == 1 ||
	    l->options->map[signal] != 0)
		return;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		if (signal != faults[i])
			continue;
		/* If this returns, the signal was inherited as ignored. */
		(void)kill(c->pid, signal);
		(void)spawn_set_mask(~signal_bit(signal), NULL);
		(void)spawn_set_mask(UINT64_MAX, NULL);
	}
}

/* Handles one signal.  Returns false if it ends catatonit -P. */
static bool compat_handle_signal(struct lastcall *l, int signal,
				 const siginfo_t *info)
{
	const struct compat *c = l->compat;

	if (helper_has_ended(signal, info)) {
		compat_handle_ended(l);
		return true;
	}
	DUMB_INIT("Received signal %d.", signal);
	if (signal == SIGCHLD) {
		TINI(DEBUG, "Received SIGCHLD");
		compat_handle_ended(l);
		return true;
	}
	compat_end_by_fault(l, signal);
	if (c->pause)
		return signal != SIGTERM && signal != SIGINT;
	if (signal == SIGCONT && l->child_stopped) {
		l->child_stopped = false;
		terminal_continue_child(&l->inherited, l->child);
	} else {
		forward(l, signal, info);
	}
	if (c->peer->stops_itself &&
	    (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
		DUMB_INIT("Suspending self due to TTY signal.");
		(void)kill(c->pid, SIGSTOP);
	}
	return true;
}

static void compat_loop(struct lastcall *l)
{
	while (l->status < 0) {
		siginfo_t info;
		struct resend *resend = &l->family.resend;
		int signal = wait_signal(resend_wait_set(resend), &info,
					 resend_left_ns(resend, NEVER_NS));

		/* The log's reader is gone: the PIPE is not for the child. */
		if (signal == SIGPIPE && info.si_pid == l->compat->pid)
			continue;
		if (signal > 0 && !compat_handle_signal(l, signal, &info))
			return;
		resend_tend(resend);
	}
}

int compat_start(struct compat *c, struct options *o, char **argv, char **envp)
{
	TEXT(said, 2048);
	int code;

	c->pid = getpid();
	code = compat_parse(c, o, argv, envp, &said);
	if (code >= 0 && c->said_fd >= 0) {
		(void)!write(c->said_fd, said.bytes, said.length);
	} else if (code >= 0) {
		log_open(o->log_format, 1);
		log_line(said.bytes);
	}
	return code;
}

int compat_run(struct lastcall *l)
{
	const struct options *o = l->options;
	const struct compat *c = l->compat;

	if (o->parent_death_signal != 0)
		(void)prctl(PR_SET_PDEATHSIG,
			    (unsigned long)o->parent_death_signal);
	adopt_orphans(c, o);
	/* No SIGCHLD comes for children that ended before lastcall's exec. */
	compat_handle_ended(l);
	if (c->pause) {
		helper_close_except(NULL, 0);
	} else {
		find_tty(c, &l->inherited);
		l->child = compat_spawn(l);
		if (l->child < 0)
			return 1;
		l->family.group = l->child;
	}
	if (c->peer->moves_to_root)
		(void)!chdir("/");

	compat_loop(l);

	if (c->pause)
		return 0;
	if (c->peer->ends_group)
		forward(l, SIGTERM, NULL);
	DUMB_INIT("Child exited with status %d. Goodbye.", exit_code(l));
	terminal_take_back(&l->inherited, l->child);
	writer_finish(clock_ns() + WRITER_FINISH_MS * NS_PER_MS);
	return exit_code(l);
}
