/*
 * init.c - lastcall's main process: the story and the one loop.
 *
 * Duty: start the program, then in each turn: wait, take one signal, reap, read
 * the clock once, do what shutdown.c says is due.  Invariants: only
 * wait_signal() waits here; after the child runs no error ends lastcall;
 * evidence is taken in the order signals, ended processes, hooks, the deadline,
 * so that a process that has just ended is never killed for being late.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat/peers.h"
#include "compat/run.h"
#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/helper.h"
#include "lib/memory.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "lib/version.h"
#include "lib/wait.h"
#include "log/log.h"
#include "log/termination.h"
#include "log/writer.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/platform.h"
#include "options/table.h"
#include "preview/preview.h"
#include "probe/probe.h"
#include "process/oom.h"
#include "process/proc.h"
#include "process/spawn.h"
#include "process/targets.h"
#include "process/terminal.h"
#include "ready/ready.h"
#include "reap.h"
#include "shutdown.h"
#include "stop/events.h"
#include "stop/exit_code.h"
#include "stop/lastcall.h"
#include "stop/perform.h"
#include "stop/ready_file.h"

enum {
	FORWARD_SCAN_MS = 500,	/* to find for whom a forwarded signal is */
	STOP_WAITS_MS = 40,	/* a stop request for that */
	REPEATED_MS = 1000,	/* between lines about repeated stop requests */
	UNSEEN_END_MS = 100,	/* between checks for targets that end unseen */
	OOM_TOGETHER_MS = 1000, /* between ends of processes killed at once */
};

/* If the clock fails, the time stands still; it never goes back. */
static int64_t read_time(struct lastcall *l)
{
	int64_t now_ns = clock_ns();

	if (now_ns > l->now_ns)
		l->now_ns = now_ns;
	return l->now_ns;
}

/* Shows the phase in the process name, for ps and for the probe. */
static void show_phase(struct lastcall *l)
{
	TEXT(name, NAME_MAX_LEN);

	if (l->has_ready_file && l->machine.phase > PHASE_READY)
		l->has_ready_file = !ready_file_remove(l->options->ready_file);
	if (l->shown == l->machine.phase)
		return;
	if (l->shown == PHASE_READY)
		ready_end(&l->ready);
	l->shown = l->machine.phase;
	text_format(&name, "lastcall:%s", phase_names[l->shown]);
	(void)prctl(PR_SET_NAME, name.bytes);
}

/* Does everything that is due.  Returns false when lastcall is to exit. */
static bool do_due(struct lastcall *l, int64_t now_ns)
{
	struct action action;

	do {
		action = shutdown_next(&l->machine, &l->options->plan, now_ns);
		show_phase(l);
		perform_action(l, action, now_ns);
	} while (action.kind != ACTION_WAIT && action.kind != ACTION_EXIT);
	return action.kind == ACTION_WAIT;
}

static uint64_t stop_requests(const struct options *o)
{
	return o->stop_signals | o->sent_stop_signals | o->untaken_stop_signals;
}

/*
 * Forwards a signal.  A scan of /proc for it ends after STOP_WAITS_MS if the
 * first stop request is pending, so that this, with the sends that follow,
 * waits for a tenth of a second at most; and it ends at the deadline.
 */
static void forward(struct lastcall *l, int signal, const siginfo_t *info)
{
	struct time_limit *limit = &l->family.limit;

	limit->early_ns = read_time(l) + STOP_WAITS_MS * NS_PER_MS;
	limit->until_ns = l->now_ns + FORWARD_SCAN_MS * NS_PER_MS;
	if (limit->until_ns > l->machine.kill_ns)
		limit->until_ns = l->machine.kill_ns;
	if (l->machine.phase == PHASE_READY)
		limit->early_signals = stop_requests(l->options);
	targets_forward(&l->family, signal, info);
	limit->early_signals = 0;
}

/* Does the signal ask for the ordered shutdown? */
static bool is_stop_request(const struct lastcall *l, int signal,
			    const siginfo_t *info)
{
	const struct options *o = l->options;
	struct process program;

	if (signal_in(o->stop_signals, signal))
		return true;
	/* Codes above 0 are the kernel's own (sigaction(2)): a terminal's. */
	if (signal_in(o->sent_stop_signals, signal))
		return info->si_code <= 0;
	if (!signal_in(o->untaken_stop_signals, signal))
		return false;
	/*
	 * A process that waits in sigwait(3) has the signals that it waits for
	 * unblocked, and which those are cannot be seen.  For a real-time
	 * signal, waiting counts as taking it; for PWR, which hardly any
	 * program waits for, it does not.
	 */
	return l->family.main == 0 ||
	       (proc_shows_signals() && proc_read(&program, l->family.main) &&
		!proc_takes(&program, signal, signal >= SIGNAL_RTMIN));
}

/*
 * Handles one signal.  Returns true for a stop request, which is noted later,
 * at this turn's time.
 */
static bool handle_signal(struct lastcall *l, int signal, const siginfo_t *info)
{
	int sent;

	if (signal == SIGCHLD || helper_has_ended(signal, info) ||
	    ready_take(&l->ready, signal, info))
		return false;
	if (is_stop_request(l, signal, info))
		return true;
	if (signal == SIGCONT && l->child_stopped) {
		l->child_stopped = false;
		terminal_continue_child(&l->inherited, l->child);
		return false;
	}
	compat_end_by_fault(l, signal);
	/*
	 * Processes that the program left behind may linger: forward to them.
	 */
	if ((l->family.main == 0 && !l->machine.lingers) ||
	    terminal_has_sent(&l->inherited, info))
		return false;
	sent = l->options->map[signal];
	if (sent != 0)
		forward(l, sent, info);
	events_forwarded(signal, sent, info);
	return false;
}

/* What has ended in this turn. */
struct gone {
	bool main, hook, all;
	int hook_status;
	bool oom_read, oom; /* the kernel's count was read; it kills now */
};

/*
 * Did the process die because memory ran out?  The kernel may kill several at
 * once, whose ends are seen one after the other: a process that dies of SIGKILL
 * soon after the kernel's count has grown is one of them.  The count is read
 * once a turn, and not after lastcall's own SIGKILL, of which many die.
 */
static bool is_oom(struct lastcall *l, int status, struct gone *gone)
{
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL ||
	    l->machine.killed)
		return false;
	if (!gone->oom_read) {
		int64_t now_ns = clock_ns();

		if (oom_has_killed())
			l->oom_until_ns = now_ns + OOM_TOGETHER_MS * NS_PER_MS;
		gone->oom = now_ns < l->oom_until_ns;
	}
	gone->oom_read = true;
	return gone->oom;
}

/* A shell exits with 128+9 when the command that it ran died of SIGKILL. */
static bool is_child_oom(struct lastcall *l, int status, struct gone *gone)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SIGNAL + SIGKILL)
		status = SIGKILL;
	return is_oom(l, status, gone);
}

/* Takes every process that has ended. */
static void handle_ended(struct lastcall *l, struct gone *gone)
{
	struct reap reap = { .stopped_too =
				     terminal_follows_child(&l->inherited) };
	struct ended e;

	while (reap_next(&reap, &e)) {
		if (e.stopped_by != 0) {
			if (e.pid == l->child)
				l->child_stopped = terminal_stop_with_child(
					&l->inherited, l->child, e.stopped_by,
					l->machine.signal != 0);
			continue;
		}
		targets_forget(&l->family, e.pid);
		if (e.pid == l->child && l->status < 0) {
			l->status = e.status;
			l->child_oom = is_child_oom(l, e.status, gone);
			gone->main = true;
		} else if (e.pid == l->hook_pid) {
			gone->hook = true;
			gone->hook_status = e.status;
		} else {
			/*
			 * Ask even if it is not logged: else this kill would
			 * count as the program's later.
			 */
			bool oom = is_oom(l, e.status, gone);

			if (l->options->warn_reaped)
				events_reaped(&e, oom);
		}
	}
	gone->all = reap_is_alone(&reap, l->family.main);
	l->dead_left = reap.count == REAP_MAX;
}

/* Notes a stop request; repeated ones are logged now and then. */
static void note_stop_request(struct lastcall *l, int signal,
			      const siginfo_t *info, int64_t now_ns)
{
	bool first = l->machine.requests == 0;
	bool late = l->machine.deadline_ns != NEVER_NS;

	if (first)
		l->asked = *info;
	perform_note(l, EVENT_STOP, signal, now_ns);
	if (!first && now_ns >= l->repeated_ns) {
		l->repeated_ns = now_ns + REPEATED_MS * NS_PER_MS;
		events_stop_repeated(l, signal, info);
	} else if (first && late) {
		events_stop_requested(signal, info);
	}
}

static void note_gone(struct lastcall *l, const struct gone *gone,
		      int64_t now_ns)
{
	l->family.limit.until_ns = l->machine.kill_ns;
	if (l->machine.phase == PHASE_SWEEP && l->machine.swept &&
	    l->family.orphans)
		perform_sweep_again(l);
	if (gone->main) {
		perform_note(l, EVENT_MAIN_GONE, 0, now_ns);
		events_child_exited(l, gone->all);
	}
	if (gone->hook)
		perform_hook_ended(l, gone->hook_status, now_ns);
	if (gone->all)
		perform_note(l, EVENT_ALL_GONE, 0, now_ns);
	if (l->machine.phase == PHASE_STOP &&
	    (gone->all || targets_are_gone(&l->family)))
		perform_note(l, EVENT_TARGETS_GONE, 0, now_ns);
}

/* How long to wait for a signal. */
static int64_t left_ns(struct lastcall *l)
{
	int64_t left_ns = l->machine.wake_ns;

	if (left_ns != NEVER_NS)
		left_ns -= read_time(l);
	if (l->machine.phase == PHASE_STOP &&
	    left_ns > UNSEEN_END_MS * NS_PER_MS &&
	    targets_may_end_unseen(&l->family))
		left_ns = UNSEEN_END_MS * NS_PER_MS;
	return resend_left_ns(&l->family.resend, left_ns);
}

/*
 * The kernel gives the signal of the lowest number first (signal(7)), so a stop
 * request could wait behind others that keep coming: after one of those, stop
 * requests alone are looked for first.
 */
static int next_signal(struct lastcall *l, siginfo_t *info)
{
	uint64_t stop = stop_requests(l->options);
	int signal = 0;

	if (l->was_other)
		signal = wait_signal(stop, info, 0);
	if (signal == 0)
		signal = wait_signal(stop | resend_wait_set(&l->family.resend),
				     info, left_ns(l));
	l->was_other = signal != 0 && signal != SIGCHLD;
	return signal;
}

/* The one loop. */
static void run_loop(struct lastcall *l)
{
	for (;;) {
		siginfo_t info;
		struct gone gone = { .main = false };
		int signal = next_signal(l, &info);
		bool stop = signal > 0 && handle_signal(l, signal, &info);
		int64_t now_ns;

		handle_ended(l, &gone);
		resend_tend(&l->family.resend);
		writer_tend();
		if (l->machine.phase == PHASE_READY)
			ready_tend(&l->ready, &l->inherited);
		/*
		 * Mostly a signal was forwarded or a process reaped, and there
		 * is nothing to decide.
		 */
		if (l->machine.phase == PHASE_READY && !stop &&
		    !l->machine.main_gone && !gone.main)
			continue;
		now_ns = read_time(l);
		if (stop)
			note_stop_request(l, signal, &info, now_ns);
		note_gone(l, &gone, now_ns);
		if (!do_due(l, now_ns))
			return;
	}
}

/* lastcall's own failure, before the program runs. */
static int refuse_to_start(const char *termination_log, const struct text *line)
{
	writer_use_none();
	log_line(line->bytes);
	termination_write(termination_log, line->bytes);
	return EXIT_LASTCALL;
}

static int refuse_program(const struct lastcall *l, const char *what, int error)
{
	TEXT(line, LINE_MAX_LEN);

	(void)spawn_explain(&line, what, l->options->program[0], error);
	return refuse_to_start(l->options->termination_log, &line);
}

static void set_up(struct lastcall *l)
{
	const struct options *o = l->options;

	l->family.self = getpid();
	oom_open();
	if ((l->family.self != 1 || o->subreaper) &&
	    prctl(PR_SET_CHILD_SUBREAPER, 1UL) < 0)
		log_warning("cannot become a subreaper", errno);
	if (o->parent_death_signal != 0) {
		pid_t parent = getppid();

		if (prctl(PR_SET_PDEATHSIG,
			  (unsigned long)o->parent_death_signal) < 0)
			log_warning("cannot set the parent death signal",
				    errno);
		/* The parent may have ended before that. */
		if (getppid() != parent)
			(void)kill(l->family.self, o->parent_death_signal);
	}
	/* Under a drop-in name the group is as that name's init has it. */
	if (l->compat->peer != NULL)
		spawn_find_tty(&l->inherited);
	else
		spawn_find_group(&l->inherited);
}

/* Waits a moment for the helpers to end, but not long, as they may hang. */
static void finish(void)
{
	int64_t until_ns = clock_ns() + WRITER_FINISH_MS * NS_PER_MS;

	writer_finish(until_ns);
	helper_finish(until_ns);
}

/*
 * Called before the program runs, which may take any port.  Returns 0 or the
 * exit code.
 */
static int start_ready(struct lastcall *l)
{
	const struct options *o = l->options;
	TEXT(line, LINE_MAX_LEN);
	struct source from;
	int error;

	if (o->ready.address.port == 0)
		return 0;
	error = ready_start(&l->ready, &o->ready, &l->inherited);
	if (error == 0)
		return 0;
	text_format(&line, "cannot listen on %s %s: ",
		    options_source(&from, o, "ready-port"),
		    o->ready.address.text);
	text_error(&line, -error);
	text_add(&line, "; see lastcall --help");
	return refuse_to_start(o->termination_log, &line);
}

/* Starts the program and sees it through; returns the exit status. */
static int run_program(struct lastcall *l)
{
	const struct options *o = l->options;
	int code;

	if (l->blocked == 0)
		l->blocked = wait_check();
	if (l->blocked != 0)
		return refuse_program(l,
				      "no signals or clock here: not starting ",
				      l->blocked);
	environment_strip(l->envp);
	/* Before the program can mount anything there. */
	(void)proc_usable();
	memory_keep();
	if (l->compat->peer != NULL && !l->compat->ordered)
		return compat_run(l);
	set_up(l);
	shutdown_init(&l->machine);
	code = start_ready(l);
	if (code != 0)
		return code;
	if (o->ready_file != NULL) {
		ready_file_make(o->ready_file);
		l->has_ready_file = true;
	}
	writer_use_process();
	l->failed = spawn_share_flag();
	l->child = l->compat->peer != NULL
			   ? compat_spawn(l)
			   : spawn_program(&l->inherited, o->program,
					   o->child_death_signal,
					   o->termination_log,
					   options_hint(o->program), l->failed);
	if (l->child < 0) {
		if (l->has_ready_file)
			(void)ready_file_remove(o->ready_file);
		ready_end(&l->ready);
		return refuse_program(l, "cannot start ", l->child);
	}
	/*
	 * Under a drop-in name compat_spawn() has done it, before its first
	 * line.
	 */
	if (l->compat->peer == NULL)
		spawn_release(false);
	l->family.main = l->child;
	l->family.group = l->inherited.own_group ? l->child : 0;
	l->family.scope = o->scope;
	/* In a pipeline lastcall's neighbours are in the program's group. */
	if (!l->inherited.own_group && o->scope == SCOPE_GROUP)
		l->family.scope = SCOPE_ALL;
	shutdown_started(&l->machine, read_time(l));
	show_phase(l);
	events_started(l);

	/* No SIGCHLD comes for children that ended before lastcall's exec. */
	(void)kill(l->family.self, SIGCHLD);
	run_loop(l);

	code = exit_code(l);
	perform_termination(l);
	resend_say_lost(&l->family.resend);
	events_exited(l);
	terminal_take_back(&l->inherited, l->child);
	finish();
	return code;
}

static void warn_unread(const struct options *o)
{
	for (int i = 0; i < o->unread_count && i < UNREAD_MAX; i++) {
		/* Its value may be a secret. */
		TEXT(name, 256);

		text_bytes(&name, o->unread[i], strcspn(o->unread[i], "="));
		log_begin_warning(environment_is_known(o->unread[i])
					  ? "this variable is empty: not set"
					  : "nothing reads this variable");
		log_text("variable", name.bytes);
		log_end();
	}
}

/*
 * Warns if PID 1 waits for lastcall and does nothing about SIGTERM, which does
 * not end the first process of a namespace (pid_namespaces(7)): the stop
 * request would not come.  Mostly it is the shell of a shell-form ENTRYPOINT.
 * What that has started in the background, and may not wait for, ignores SIGINT
 * (POSIX, XCU 2.11).
 */
static void warn_shell(void)
{
	struct process p;

	if (getppid() == 1 && proc_shows_signals() && proc_read(&p, getpid()) &&
	    !proc_ignores(&p, SIGINT) && proc_read(&p, 1) &&
	    !proc_decides(&p, SIGTERM, true))
		log_warning("PID 1 ignores SIGTERM: expected ENTRYPOINT in "
			    "exec form or exec lastcall",
			    0);
}

/*
 * Warns if nobody has said how long the platform waits, and the one that the
 * environment shows waits less by default than lastcall assumes.  That matters
 * to what the platform stops: PID 1, or what an init below it runs.
 */
static void warn_platform(const struct lastcall *l)
{
	const struct options *o = l->options;
	struct platform platform;
	TEXT(line, LINE_MAX_LEN);

	if (getppid() > 1)
		return;
	warn_shell();
	if (o->grace_derived && o->platform_origin == ORIGIN_DEFAULT &&
	    platform_find(&platform, l->envp, l->in_docker) &&
	    platform_warn(&line, &platform, o->plan.grace_ns))
		log_warning(line.bytes, 0);
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

/*
 * A page is larger than a small stack (RLIMIT_STACK) can hold, so these are
 * kept out of main()'s frame, in which the program is run.
 */
static __attribute__((noinline)) int print_help(void)
{
	TEXT(help, PAGE_BYTES_MAX);

	options_help(&help);
	return print(help.bytes);
}

static __attribute__((noinline)) int print_plan(const struct lastcall *l)
{
	TEXT(plan, PAGE_BYTES_MAX);

	bool warned = plan_print(&plan, l->options, l->envp, l->in_docker);
	int code = print(plan.bytes);

	return code != 0 ? code : warned;
}

/*
 * Finds out whose command line it is.  No other init has an option --probe, so
 * that is lastcall's own under any name, and docker run --init can have a
 * health check, too.
 */
static const struct peer *find_peer(int argc, char **argv)
{
	if (argc == 0 || (argc > 1 && options_is_probe(argv[1])))
		return NULL;
	return compat_find(argv[0]);
}

int main(int argc, char **argv, char **envp)
{
	static struct options options;
	static struct lastcall lastcall;
	static struct compat compat;
	TEXT(complaint, LINE_MAX_LEN);

	lastcall.blocked = spawn_block(&lastcall.inherited);
	compat.peer = find_peer(argc, argv);
	if (compat.peer != NULL) {
		int code = compat_start(&compat, &options, argv, envp);

		if (code >= 0)
			return code;
	} else if (!options_parse(&options, argc, argv, envp, &complaint)) {
		/* The kubelet shows people what a probe has written. */
		log_open(options.mode == MODE_PROBE ? LOG_TEXT
						    : options.log_format,
			 1);
		/*
		 * A --probe or --plan must not write over what lastcall has
		 * said.
		 */
		return refuse_to_start(
			options.mode == MODE_RUN ? options.termination_log : "",
			&complaint);
	}
	log_open(options.log_format, options.verbosity);
	lastcall.options = &options;
	lastcall.compat = &compat;
	lastcall.envp = envp;
	lastcall.status = -1;
	lastcall.killed = -1;
	lastcall.in_docker = access("/.dockerenv", F_OK) == 0;
	switch (options.mode) {
	case MODE_HELP:
		return print_help();
	case MODE_VERSION:
		return print("lastcall " VERSION "\n");
	case MODE_PLAN:
		return print_plan(&lastcall);
	case MODE_PROBE:
		return probe_main(&options, &lastcall.inherited, envp);
	case MODE_RUN:
		break;
	}
	warn_unread(&options);
	if (compat.peer == NULL || compat.ordered)
		warn_platform(&lastcall);
	return run_program(&lastcall);
}
