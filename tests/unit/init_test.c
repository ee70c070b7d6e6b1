/*
 * init_test.c - the loop of init.c on a faked kernel: signals, deaths and the
 * clock in every order that there is for small numbers.  Prints TAP.
 *
 * At every call of the kernel that the loop makes, anything that has not
 * happened yet may happen: a stop request, a second one, an interrupted wait,
 * the end of the program, of its worker, of a hook; up to four things in one
 * life. Each order is one life, and all of them are lived.  What must hold is
 * checked where the loop waits, as then nothing may have been missed, before
 * each action, and at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/helper.h"
#include "lib/wait.h"
#include "log/writer.h"
#include "process/targets.h"
#include "reap.h"
#include "stop/events.h"
#include "stop/perform.h"
#include "tap.h"

/* ------------------------------------------------------------ the fake kernel
 */

static int fake_wait_signal(uint64_t set, siginfo_t *info, int64_t left_ns);
static int64_t fake_clock_ns(void);
static pid_t fake_waitpid(pid_t pid, int *status, int flags);
static int fake_kill(pid_t pid, int signal);
static void fake_perform(struct lastcall *l, struct action action,
			 int64_t now_ns);
static void fake_hook_ended(struct lastcall *l, int status, int64_t now_ns);
static bool fake_targets_gone(void);
static void fake_forward(const struct family *f);

#define main(...)		       lastcall_main(__VA_ARGS__)
#define wait_signal		       fake_wait_signal
#define clock_ns		       fake_clock_ns
#define waitpid			       fake_waitpid
#define kill			       fake_kill
#define perform_action		       fake_perform
#define perform_hook_ended	       fake_hook_ended
#define targets_are_gone(family)       ((void)(family), fake_targets_gone())
#define targets_may_end_unseen(family) ((void)(family), false)
#define helper_reaped(pid)	       ((void)(pid), false)
#define helper_any()		       false
#define targets_forget(family, pid)    ((void)(family), (void)(pid))
#define targets_forward(family, sent, i)                                       \
	((void)(sent), (void)(i), fake_forward(family))
#define events_child_exited(l, all)	((void)(l))
#define events_forwarded(signal, to, i) ((void)(to), (void)(i))
#define events_stop_repeated(l, s, i)	((void)(i))
#define events_stop_requested(s, i)	((void)(i))
#define prctl(...)			0
#define writer_tend()			((void)0)

#include "../../init.c"
#include "../../reap.c"

#undef main

#define MS(n) ((int64_t)(n)*NS_PER_MS)

enum { MAIN, WORKER, HOOK, PROCESSES };
enum { WAITS_MAX = 2000000 }; /* many more than a busy life has */
enum state { NOBODY, ALIVE, ZOMBIE, GONE };

/* What may happen once in a life. */
enum happening {
	NOTHING,
	ASKED,	     /* SIGTERM */
	ASKED_AGAIN, /* SIGINT, from the platform or a person */
	INTERRUPTED, /* the wait ends, and there is no signal */
	ENDS,	     /* + MAIN, WORKER or HOOK */
	HAPPENINGS = ENDS + PROCESSES
};

static struct {
	struct lastcall l;
	int64_t now_ns, killed_ns;
	uint64_t pending;
	bool may[HAPPENINGS], told[PROCESSES], interrupted, kills, immortal;
	bool ended[PROCESSES]; /* when the wait was over */
	enum state process[PROCESSES];
	int requests; /* that the loop was given */
	long waits;
	int strangers;	   /* other zombies; -1: there is always one more */
	int64_t step_ns;   /* what each call takes */
	bool storm;	   /* there is always one more signal */
	long forwarded[2]; /* in phase ready, and later */
	int left;	   /* what may still happen in this life */
	bool over;	   /* nothing more can happen */
} world;

static const char *wrong;

#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition) && wrong == NULL)                             \
			wrong = #condition;                                    \
	} while (0)

/* The choices of one life, as the digits of a number that counts up. */
enum { CHOICES_MAX = 4096 };

static struct {
	unsigned char digit[CHOICES_MAX], base[CHOICES_MAX];
	int used, known;
} choices;

static unsigned choose(unsigned n)
{
	if (n < 2 || choices.used == CHOICES_MAX)
		return 0;
	if (choices.used == choices.known) {
		choices.digit[choices.known] = 0;
		choices.base[choices.known++] = (unsigned char)n;
	}
	return choices.digit[choices.used++];
}

/* The next life; false: that was the last. */
static bool count_up(void)
{
	for (choices.used = 0; choices.known > 0; choices.known--)
		if (++choices.digit[choices.known - 1] <
		    choices.base[choices.known - 1])
			return true;
	return false;
}

static uint64_t bit(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

static void end_process(int who)
{
	if (world.process[who] != ALIVE)
		return;
	world.process[who] = ZOMBIE;
	world.pending |= bit(SIGCHLD);
}

static bool can_happen(int what)
{
	return world.left > 0 && world.may[what] &&
	       (what < ENDS || world.process[what - ENDS] == ALIVE);
}

static bool something_can_happen(void)
{
	for (int what = ASKED; what < HAPPENINGS; what++)
		if (can_happen(what))
			return true;
	return false;
}

/* Lets one of what can happen, or nothing where it need not. */
static void let_something(bool must)
{
	int possible[HAPPENINGS] = { NOTHING }, count = 1, what;

	for (what = ASKED; what < HAPPENINGS; what++)
		if (can_happen(what))
			possible[count++] = what;
	if (must && count > 1)
		what = possible[1 + choose((unsigned)count - 1)];
	else
		what = possible[choose((unsigned)count)];
	world.may[what] = false;
	world.left -= what != NOTHING;
	if (what == ASKED)
		world.pending |= bit(SIGTERM);
	else if (what == ASKED_AGAIN)
		world.pending |= bit(SIGINT);
	else if (what == INTERRUPTED)
		world.interrupted = true;
	else if (what >= ENDS)
		end_process(what - ENDS);
}

static void let_happen(void)
{
	let_something(false);
}

static bool anybody_left(void)
{
	for (int who = 0; who < PROCESSES; who++)
		if (world.process[who] == ALIVE || world.process[who] == ZOMBIE)
			return true;
	return false;
}

/* The loop is about to sleep: what has happened, it must know. */
static void check_sleep(int64_t left_ns)
{
	const struct shutdown *m = &world.l.machine;
	bool reaped = world.process[MAIN] == GONE;

	for (int who = 0; who < PROCESSES; who++)
		HOLDS(world.process[who] != ZOMBIE);
	/* The pid of one that has ended may be a stranger's soon. */
	HOLDS(world.l.hook_pid == 0 || world.process[HOOK] == ALIVE);
	HOLDS(m->requests == world.requests);
	HOLDS(m->main_gone == reaped && (world.l.status >= 0) == reaped);
	HOLDS(anybody_left());
	HOLDS((m->deadline_ns != NEVER_NS) == (world.requests > 0 || reaped));
	HOLDS(left_ns > 0);
	if (m->deadline_ns != NEVER_NS && m->phase <= PHASE_SWEEP)
		HOLDS(left_ns <= m->kill_ns - world.now_ns);
}

/* What has ended by the end of a wait is known before anything is done. */
static void note_ended(void)
{
	for (int who = 0; who < PROCESSES; who++)
		world.ended[who] = world.process[who] == ZOMBIE;
}

static void check_evidence(const struct lastcall *l)
{
	for (int who = 0; who < PROCESSES; who++)
		HOLDS(!world.ended[who] || world.process[who] != ZOMBIE ||
		      l->dead_left);
	HOLDS(l->hook_pid == 0 || world.process[HOOK] != GONE);
}

/* The only way out of it for who is not lastcall. */
static int leave_loop(void)
{
	world.over = true;
	world.l.machine.phase = PHASE_EXIT;
	return 0;
}

static int fake_wait_signal(uint64_t set, siginfo_t *info, int64_t left_ns)
{
	memset(info, 0, sizeof(*info));
	world.now_ns += world.step_ns;
	let_happen();
	HOLDS(++world.waits < WAITS_MAX);
	if (wrong != NULL)
		return leave_loop();
	if (world.storm)
		world.pending |= bit(SIGHUP);
	if ((world.pending & set) == 0 && !world.interrupted && left_ns != 0) {
		check_sleep(left_ns);
		if (left_ns == NEVER_NS && !something_can_happen())
			return leave_loop();
		world.now_ns += left_ns == NEVER_NS ? MS(1000) : left_ns / 2;
		let_something(left_ns == NEVER_NS);
		if (world.pending == 0 && !world.interrupted &&
		    left_ns != NEVER_NS) {
			world.now_ns += left_ns - left_ns / 2;
			let_happen(); /* just at its end */
		}
	}
	note_ended();
	world.interrupted = world.interrupted && left_ns == 0;
	/* Of several the kernel gives the lowest (signal(7)). */
	for (int signal = 1; signal <= SIGNAL_MAX; signal++)
		if (world.pending & set & bit(signal)) {
			world.pending &= ~bit(signal);
			world.requests += signal == SIGTERM || signal == SIGINT;
			return signal;
		}
	return 0;
}

/* For how long it may look for whom the signal is. */
static void fake_forward(const struct family *f)
{
	const struct shutdown *m = &world.l.machine;
	uint64_t stop = bit(SIGTERM) | bit(SIGINT);

	HOLDS(f->limit.until_ns <= m->kill_ns);
	HOLDS(f->limit.until_ns <= world.now_ns + MS(500));
	HOLDS(f->limit.early_ns <= world.now_ns + MS(100));
	HOLDS((f->limit.early_signals & stop) ==
	      (m->phase == PHASE_READY ? stop : 0));
	world.forwarded[m->phase != PHASE_READY]++;
}

static int64_t fake_clock_ns(void)
{
	let_happen();
	return world.now_ns += world.step_ns;
}

static pid_t fake_waitpid(pid_t pid, int *status, int flags)
{
	bool left = false;

	HOLDS(pid == -1 && (flags & WNOHANG) != 0);
	world.now_ns += world.step_ns;
	let_happen();
	*status = 0;
	if (world.strangers != 0) {
		world.strangers -= world.strangers > 0;
		return 1000;
	}
	for (int who = 0; who < PROCESSES; who++) {
		if (world.process[who] == ZOMBIE) {
			world.process[who] = GONE;
			return 100 + who;
		}
		left = left || world.process[who] == ALIVE;
	}
	errno = ECHILD;
	return left ? 0 : -1;
}

static int fake_kill(pid_t pid, int signal)
{
	if (signal == SIGCHLD)
		world.pending |= bit(SIGCHLD);
	else
		HOLDS(pid == 100 + MAIN && signal == 0);
	return signal == SIGCHLD || world.process[MAIN] != GONE ? 0 : -1;
}

static void fake_perform(struct lastcall *l, struct action action,
			 int64_t now_ns)
{
	const struct shutdown *m = &l->machine;

	if (action.kind == ACTION_WAIT)
		return;
	check_evidence(l);
	let_happen();
	if (action.kind == ACTION_SIGNAL) {
		world.told[MAIN] = true;
	} else if (action.kind == ACTION_HOOK) {
		l->hook_pid = 100 + HOOK;
		world.process[HOOK] = ALIVE;
	} else if (action.kind == ACTION_HOOK_KILL) {
		l->hook_pid = 0;
		end_process(HOOK);
	} else if (action.kind == ACTION_KILL) {
		/* Not before its time, not after it, and not for nobody. */
		HOLDS(!world.kills && anybody_left());
		HOLDS(now_ns <= m->kill_ns + 2 * REAP_MAX * world.step_ns);
		world.kills = true;
		world.killed_ns = now_ns;
	}
	/* Where there is always one more, a turn never takes all of them. */
	if (action.kind == ACTION_KILL_AGAIN)
		HOLDS(l->dead_left == (world.strangers < 0));
	if (action.kind == ACTION_KILL || action.kind == ACTION_KILL_AGAIN)
		for (int who = 0; who < PROCESSES; who++)
			if (!world.immortal)
				end_process(who);
}

static void fake_hook_ended(struct lastcall *l, int status, int64_t now_ns)
{
	(void)status;
	l->hook_pid = 0;
	perform_note(l, EVENT_HOOK_DONE, 0, now_ns);
}

static bool fake_targets_gone(void)
{
	return !world.told[MAIN] || world.process[MAIN] == GONE;
}

/* --------------------------------------------------------------- the lives */

static struct options options = {
	.plan = { .grace_ns = MS(2000),
		  .pre_limit_ns = MS(500),
		  .sweep_ns = MS(200),
		  .stop_sweep_ns = NEVER_NS,
		  .steps = 2,
		  .step = { { SIGTERM, MS(800) }, { SIGKILL, NEVER_NS } } },
};

static const struct compat compat = { .peer = NULL, .pid = 1 };

static void begin(int worker, bool immortal, int most)
{
	memset(&world, 0, sizeof(world));
	world.now_ns = MS(1);
	world.immortal = immortal;
	world.left = most;
	for (int what = ASKED; what < HAPPENINGS; what++)
		world.may[what] = true;
	world.process[MAIN] = ALIVE;
	world.process[WORKER] = worker ? ALIVE : NOBODY;
	world.l.options = &options;
	world.l.compat = &compat;
	world.l.status = -1;
	world.l.child = world.l.family.main = 100 + MAIN;
	world.l.inherited.tty_fd = -1;
	options.stop_signals = bit(SIGTERM) | bit(SIGINT);
	shutdown_init(&world.l.machine);
	shutdown_started(&world.l.machine, world.now_ns);
	world.l.shown = PHASE_READY;
}

static void check_end(void)
{
	const struct shutdown *m = &world.l.machine;
	int64_t last_ns = m->deadline_ns;

	if (world.over)
		return;
	HOLDS(m->deadline_ns != NEVER_NS);
	if (world.kills && world.killed_ns + MS(1000) > last_ns)
		last_ns = world.killed_ns + MS(1000);
	HOLDS(world.now_ns <= last_ns + 3 * REAP_MAX * world.step_ns);
	HOLDS(world.kills || world.process[MAIN] == GONE);
	HOLDS((world.process[MAIN] == GONE) == (world.l.status >= 0));
}

static void live_all(const char *name, int worker, bool immortal, int most)
{
	long lives = 0;

	wrong = NULL;
	do {
		choices.used = 0;
		begin(worker, immortal, most);
		run_loop(&world.l);
		check_end();
		lives++;
	} while (wrong == NULL && count_up());
	if (!ok(name, wrong == NULL))
		printf("# does not hold: %s\n", wrong);
	printf("# %ld lives\n", lives);
}

/* Nothing may keep it from the deadline. */
static void live_busy(const char *name, int strangers, bool storm)
{
	wrong = NULL;
	choices.used = choices.known = 0;
	begin(1, false, 0);
	memset(world.may, 0, sizeof(world.may));
	world.pending = bit(SIGTERM);
	world.step_ns = 1000;
	world.strangers = strangers;
	world.storm = storm;
	/* A look at the end of grace must not outlast it. */
	options.plan.step[0].wait_ns = NEVER_NS;
	options.map[SIGHUP] = SIGHUP;
	run_loop(&world.l);
	HOLDS(world.kills);
	HOLDS(!storm || (world.forwarded[0] > 0 && world.forwarded[1] > 0));
	check_end();
	if (!ok(name, wrong == NULL))
		printf("# does not hold: %s\n", wrong);
}

int main(void)
{
	live_all("a program alone: no order in which anything is missed", 0,
		 false, 4);
	live_all("a program and its worker: no order either", 1, false, 3);
	live_all("a program that SIGKILL does not end: no order either", 0,
		 true, 2);
	options.plan.pre_hooks = 1;
	live_all("a program and a hook: no order either", 0, false, 3);
	live_all("a program, its worker and a hook: no order either", 1, false,
		 3);
	live_busy("the dead that do not end do not keep it from the deadline",
		  -1, false);
	live_busy("signals that do not end do not keep it from the deadline", 0,
		  true);
	return tap_end();
}
