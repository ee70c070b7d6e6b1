/*
 * init.c - lastcall's main process: the story and the one loop.
 *
 * Duty: start the program, then turn: wait, take one signal, reap, read the
 * clock once, have done what shutdown.c says is due.  Invariants: nothing here
 * waits but wait_signal(); after the child runs no error ends lastcall;
 * evidence is taken in the order signals, the dead, hooks, the deadline, so who
 * has just ended is never killed for being late.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

enum {
	PAGE_SIZE_MIN = 4096,
	REAP_MAX = 1000, /* processes taken in one turn */
};

/* ld(1) puts them at the ends of the text. */
extern const char __executable_start[], etext[];

/* What the raw call takes, whatever libc's time_t is. */
struct kernel_timespec {
	long seconds, nanoseconds;
};

/*
 * Without its one wait and the time lastcall could do nothing: better known
 * before the program runs.  Waits for no signal and no time.  Returns 0 or
 * -errno.
 */
static int check_wait(void)
{
	static const struct kernel_timespec zero;
	static const uint64_t none;
	int64_t now_ns = clock_ns();

	if (now_ns < 0)
		return (int)now_ns;
	if (syscall(SYS_rt_sigtimedwait, &none, NULL, &zero, sizeof(none)) <
		    0 &&
	    errno != EAGAIN)
		return -errno;
	return 0;
}

/* A clock that fails stands still, and does not go back. */
static int64_t read_time(struct lastcall *l)
{
	int64_t now_ns = clock_ns();

	if (now_ns > l->now_ns)
		l->now_ns = now_ns;
	return l->now_ns;
}

/*
 * The raw call: libc's may restart the interval, and takes none of its own
 * signals (rt_sigtimedwait(2)).
 */
int wait_signal(uint64_t set, siginfo_t *info, int64_t left_ns)
{
	struct kernel_timespec left, *timeout = NULL;
	long signal;

	if (left_ns != NEVER_NS) {
		if (left_ns < 0)
			left_ns = 0;
		left.seconds = (long)(left_ns / NS_PER_S);
		left.nanoseconds = (long)(left_ns % NS_PER_S);
		timeout = &left;
	}
	signal = syscall(SYS_rt_sigtimedwait, &set, info, timeout, sizeof(set));
	return signal > 0 ? (int)signal : 0;
}

/* The phase is the process name: for ps, and for the probe. */
static void show_phase(struct lastcall *l)
{
	TEXT(name, NAME_MAX_LEN);

	if (l->shown == l->machine.phase)
		return;
	if (l->shown == PHASE_READY && l->options->ready_file != NULL)
		(void)unlink(l->options->ready_file);
	l->shown = l->machine.phase;
	text_add(&name, "lastcall:");
	text_add(&name, phase_names[l->shown]);
	(void)kernel_prctl(PR_SET_NAME, name.bytes);
}

/* Does everything that is due; false when that was to exit. */
static bool do_due(struct lastcall *l, int64_t now_ns)
{
	struct action action;

	do {
		action = shutdown_next(&l->machine, &l->options->plan, now_ns);
		show_phase(l);
		act_perform(l, action, now_ns);
	} while (action.act != ACT_WAIT && action.act != ACT_EXIT);
	return action.act == ACT_WAIT;
}

static bool in_set(uint64_t set, int signal)
{
	return (set >> (signal - 1) & 1) != 0;
}

/* One signal: a stop request is noted later, at this turn's time. */
static bool take_signal(struct lastcall *l, int signal, const siginfo_t *info)
{
	int sent;

	if (signal == SIGCHLD)
		return false;
	if (in_set(l->options->stop_signals, signal))
		return true;
	if (signal == SIGCONT && l->child_stopped) {
		job_continue_child(l);
		return false;
	}
	if (l->family.main == 0)
		return false;
	sent = l->options->map[signal];
	if (sent != 0)
		scope_forward(&l->family, sent, info);
	events_forwarded(signal, sent, info);
	return false;
}

/* Who has ended in this turn. */
struct gone {
	bool main, hook, all;
	int hook_status;
};

/*
 * Takes everybody who has ended, but only so many in one turn: those who end
 * as fast as they are taken must not keep it from the deadline.
 */
static void reap(struct lastcall *l, struct gone *gone)
{
	struct ended e;
	int count = 0;
	int result = 1;

	while (count++ < REAP_MAX &&
	       (result = reap_next(&e, l->inherited.tty_fd >= 0)) == 1) {
		if (WIFSTOPPED(e.status)) {
			if (e.pid == l->child)
				job_stop_with_child(l, WSTOPSIG(e.status));
			continue;
		}
		scope_forget(&l->family, e.pid);
		if (e.pid == l->child && l->status < 0) {
			l->status = e.status;
			gone->main = true;
		} else if (e.pid == l->hook) {
			gone->hook = true;
			gone->hook_status = e.status;
		} else if (l->options->warn_reaped) {
			events_reaped(&e);
		}
	}
	/* For those who are left the next wait is to end at once. */
	if (result == 1)
		(void)kill(l->family.self, SIGCHLD);
	/* Believed only where the main process is not there to be awaited. */
	gone->all = result == -ECHILD &&
		    (l->family.main == 0 || kill(l->family.main, 0) < 0);
}

/* Notes what this turn has shown. */
static void note_stop(struct lastcall *l, int signal, const siginfo_t *info,
		      int64_t now_ns)
{
	int repeats = l->machine.repeats;

	if (l->machine.signal == 0)
		l->asked = *info;
	act_note(l, EVENT_STOP, signal, now_ns);
	if (l->machine.repeats > repeats)
		events_stop_repeated(l, signal, info);
}

static void note_gone(struct lastcall *l, const struct gone *gone,
		      int64_t now_ns)
{
	if (gone->main) {
		act_note(l, EVENT_MAIN_GONE, 0, now_ns);
		events_child_exited(l);
	}
	if (gone->hook)
		act_hook_ended(l, gone->hook_status, now_ns);
	if (gone->all)
		act_note(l, EVENT_ALL_GONE, 0, now_ns);
	if (l->machine.phase == PHASE_STOP &&
	    (gone->all || scope_told_gone(&l->family)))
		act_note(l, EVENT_TOLD_GONE, 0, now_ns);
}

/* The one loop. */
static void turn_until_exit(struct lastcall *l)
{
	for (;;) {
		siginfo_t info;
		struct gone gone = { .main = false };
		int64_t wake_ns = l->machine.wake_ns;
		int signal = wait_signal(UINT64_MAX, &info,
					 wake_ns == NEVER_NS
						 ? NEVER_NS
						 : wake_ns - read_time(l));
		bool stop = signal > 0 && take_signal(l, signal, &info);
		int64_t now_ns;

		reap(l, &gone);
		/* Mostly there is nothing to decide: forwarded, or reaped. */
		if (l->machine.phase == PHASE_READY && !stop && !gone.main)
			continue;
		now_ns = read_time(l);
		if (stop)
			note_stop(l, signal, &info, now_ns);
		note_gone(l, &gone, now_ns);
		if (!do_due(l, now_ns))
			return;
	}
}

/* lastcall's own failure, before the program runs. */
static int refuse(const char *termination_log, const struct text *line)
{
	log_line(line->bytes);
	log_termination(termination_log, line->bytes);
	return EXIT_LASTCALL;
}

static void set_up(struct lastcall *l)
{
	const struct options *o = l->options;

	l->family.self = getpid();
	if ((l->family.self != 1 || o->subreaper) &&
	    kernel_prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		log_warning("cannot become a subreaper", errno);
	if (o->parent_death_signal != 0) {
		pid_t parent = getppid();

		if (kernel_prctl(PR_SET_PDEATHSIG, o->parent_death_signal) < 0)
			log_warning("cannot set the parent death signal",
				    errno);
		/* The parent may have been quicker. */
		if (getppid() != parent)
			(void)kill(l->family.self, o->parent_death_signal);
	}
	spawn_find_tty(&l->inherited);
}

static void make_ready_file(const struct options *o)
{
	int fd;

	if (o->ready_file == NULL)
		return;
	/*
	 * O_NONBLOCK: it may be a pipe that nobody reads.  O_NOFOLLOW: the
	 * program runs by now, and may have fewer rights than lastcall.
	 */
	fd = kernel_open(o->ready_file, O_WRONLY | O_CREAT | O_NONBLOCK |
						O_NOFOLLOW | O_NOCTTY |
						O_CLOEXEC);
	if (fd < 0)
		log_warning("cannot create the ready file", errno);
	else
		(void)close(fd);
}

/*
 * Unmaps what starting has used of the program's text; what is needed again
 * is mapped again.  The kernel maps around a fault as far as the mapping goes
 * (64 KiB, and whole large folios since 6.18), so the part that an idle
 * lastcall does not need gets an advice of its own, which splits the mapping:
 * the Makefile links that part last, from act.o on.  Only memory depends on
 * any of this: a failing madvise(2) changes nothing.
 */
static void release_text(void)
{
	const uintptr_t page = PAGE_SIZE_MIN;
	uintptr_t start = (uintptr_t)__executable_start & ~(page - 1);
	uintptr_t rest = ((uintptr_t)act_perform + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)etext + page - 1) & ~(page - 1);

	if (rest >= end)
		return;
	(void)madvise((void *)rest, end - rest, MADV_RANDOM);
	(void)madvise((void *)start, end - start, MADV_DONTNEED);
}

/* Starts the program and sees it through; returns the exit status. */
static int run(struct lastcall *l)
{
	const struct options *o = l->options;
	TEXT(line, LINE_MAX_LEN);
	int code;

	if (l->blocked == 0)
		l->blocked = check_wait();
	if (l->blocked != 0) {
		spawn_explain(&line, "no signals or clock here: not starting ",
			      o->program[0], l->blocked);
		return refuse(o->termination_log, &line);
	}
	options_strip(l->envp);
	if (l->compat.name != COMPAT_NONE && !l->compat.ordered)
		return compat_run(l);
	set_up(l);
	shutdown_init(&l->machine);
	l->child = l->compat.name != COMPAT_NONE
			   ? compat_spawn(&l->compat, &l->inherited, o->program)
			   : spawn_program(&l->inherited, o->program,
					   o->termination_log);
	if (l->child < 0) {
		(void)spawn_explain(&line, "cannot start ", o->program[0],
				    l->child);
		return refuse(o->termination_log, &line);
	}
	l->family.main = l->child;
	l->family.group = l->child;
	l->family.scope = o->scope;
	l->family.exe_fd = -1;
	shutdown_started(&l->machine, read_time(l));
	show_phase(l);
	make_ready_file(o);
	events_started(l);
	release_text();

	turn_until_exit(l);

	code = act_exit_code(l);
	act_write_termination(l);
	events_exited(l);
	job_take_tty_back(l);
	return code;
}

static void warn_unread(const struct options *o)
{
	for (int i = 0; i < o->unread_count && i < UNREAD_MAX; i++) {
		/* Its value may be a secret. */
		TEXT(name, 256);

		text_bytes(&name, o->unread[i], text_until(o->unread[i], "="));
		log_begin("warning");
		log_text("what", "nothing reads this variable");
		log_text("variable", name.bytes);
		log_end();
	}
}

static int print(const char *s)
{
	size_t length = strlen(s);

	while (length > 0) {
		ssize_t n = write(STDOUT_FILENO, s, length);

		if (n < 0)
			return EXIT_LASTCALL;
		s += n;
		length -= (size_t)n;
	}
	return 0;
}

static int print_help(void)
{
	TEXT(help, PAGE_BYTES_MAX);

	options_help(&help);
	return print(help.bytes);
}

static int print_plan(const struct options *o, char **envp)
{
	TEXT(plan, PAGE_BYTES_MAX);

	plan_print(&plan, o, envp, access("/.dockerenv", F_OK) == 0);
	return print(plan.bytes);
}

int main(int argc, char **argv, char **envp)
{
	static struct options options;
	static struct lastcall lastcall;
	TEXT(complaint, LINE_MAX_LEN);

	lastcall.blocked = spawn_block(&lastcall.inherited);
	lastcall.compat.name = argc > 0 ? compat_find(argv[0]) : COMPAT_NONE;
	if (lastcall.compat.name != COMPAT_NONE) {
		int code = compat_start(&lastcall.compat, &options, argv, envp);

		if (code >= 0)
			return code;
	} else if (!options_parse(&options, argc, argv, envp, &complaint)) {
		log_open(options.log_format, 1);
		/* Who only asks must not write over what the container says. */
		return refuse(options.mode == MODE_RUN ? options.termination_log
						       : "",
			      &complaint);
	}
	log_open(options.log_format, options.verbosity);
	lastcall.options = &options;
	lastcall.envp = envp;
	lastcall.status = -1;
	lastcall.survivors = -1;
	switch (options.mode) {
	case MODE_HELP:
		return print_help();
	case MODE_VERSION:
		return print("lastcall " VERSION "\n");
	case MODE_PLAN:
		return print_plan(&options, envp);
	case MODE_PROBE:
		return probe_main(&options, &lastcall.inherited, envp);
	case MODE_RUN:
		break;
	}
	warn_unread(&options);
	return run(&lastcall);
}
