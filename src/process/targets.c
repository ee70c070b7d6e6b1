/*
 * targets.c - sends a signal to the processes that it is for.
 *
 * Duty: forward signals and send stop signals, by --scope; remember which
 * processes were sent a stop signal, and tell when they have gone.  The rule of
 * scope auto is in family.c.
 *
 * Invariant: a failing kill is logged and never keeps the signal from the
 * others.
 */
#include <errno.h>
#include <signal.h>

#include "log/log.h"
#include "process/family.h"
#include "process/proc.h"
#include "process/resend.h"
#include "process/table.h"
#include "process/targets.h"

/* ------------------------------------------------------------- forwarding */

/*
 * Forwards the signal, with its value where there is one.  EPERM: a set-uid
 * child in a user namespace; ESRCH: it has just gone.  Pid 0 would be
 * lastcall's own group.  For several processes the main one's queue is checked:
 * queued signals are counted for all processes of a user together.
 */
static void send(struct family *f, pid_t pid, int signal, const siginfo_t *info)
{
	int error = 0;

	if (pid != 0)
		error = resend_send(&f->resend, pid, pid > 0 ? pid : f->main,
				    signal, info);
	if (error < 0)
		family_log_failure(signal, pid, -error);
}

/* Does it end a process that neither catches nor ignores it (signal(7))? */
static bool ends_by_default(int signal)
{
	return signal != SIGCHLD && signal != SIGCONT && signal != SIGURG &&
	       signal != SIGWINCH && signal != SIGTSTP && signal != SIGTTIN &&
	       signal != SIGTTOU && signal != SIGSTOP;
}

/* Is it, after a scan by RULE_ALL, one that the scope has? */
static bool is_in_scope(const struct family *f, const struct entry *e)
{
	/* kill(-1) of PID 1 reaches also what is not its descendant. */
	if (f->scope == SCOPE_ALL && f->self == 1)
		return true;
	return family_is_target(e) &&
	       (f->scope != SCOPE_GROUP || e->process.group == f->group);
}

static void send_to_targets(struct family *f, int signal, const siginfo_t *info,
			    bool late)
{
	/* A process that takes it may be one that the scan has not reached. */
	bool taken = late;

	for (int i = 0; i < f->seen.count; i++) {
		struct entry *e = &f->seen.entry[i];

		if (!family_is_target(e))
			continue;
		/*
		 * judge() does not ask closely of a process without children.
		 */
		if (e->verdict == VERDICT_EXPANDED &&
		    proc_takes(&e->process, signal, true))
			e->verdict = VERDICT_TARGET;
		taken |= e->verdict == VERDICT_TARGET;
	}
	for (int i = 0; i < f->seen.count; i++) {
		const struct entry *e = &f->seen.entry[i];

		if (!family_is_target(e))
			continue;
		/* Where one process takes it, no other is to end of it. */
		if (taken && e->verdict != VERDICT_TARGET &&
		    ends_by_default(signal) &&
		    !proc_ignores(&e->process, signal))
			continue;
		if (family_is_alive(f, &e->process))
			send(f, e->process.pid, signal, info);
	}
}

/* Is the main process the only one that the signal is for? */
static bool main_takes(const struct family *f, int signal)
{
	struct process p;

	return f->main != 0 &&
	       (!proc_shows_signals() ||
		(proc_read(&p, f->main) && proc_decides(&p, signal, true)));
}

void targets_forward(struct family *f, int signal, const siginfo_t *info)
{
	enum rule rule = RULE_AUTO;
	bool found, late;

	switch (f->scope) {
	case SCOPE_CHILD:
		send(f, f->main, signal, info);
		return;
	case SCOPE_GROUP:
		/* Once it was reaped, its group may be a stranger's. */
		if (f->main != 0) {
			send(f, -f->group, signal, NULL);
			return;
		}
		rule = RULE_ALL;
		break;
	case SCOPE_ALL:
		if (family_everyone(f) != 0) {
			send(f, family_everyone(f), signal, NULL);
			return;
		}
		rule = RULE_ALL;
		break;
	case SCOPE_AUTO:
		if (main_takes(f, signal)) {
			send(f, f->main, signal, info);
			return;
		}
		break;
	}
	found = family_scan(f, signal, rule);
	late = !family_has_time(f);
	if (late) {
		log_begin_warning("no time to find all targets");
		log_signal("signal", signal);
		log_end();
	}
	if (!found)
		send(f, f->main, signal, info);
	else if (rule == RULE_AUTO)
		send_to_targets(f, signal, info, late);
	else
		for (int i = 0; i < f->seen.count; i++)
			if (is_in_scope(f, &f->seen.entry[i]) &&
			    family_is_alive(f, &f->seen.entry[i].process))
				send(f, f->seen.entry[i].process.pid, signal,
				     info);
	table_free(&f->seen);
}

/* ----------------------------------------------------------- stop signals */

static void remember_main(struct family *f)
{
	struct process p;

	if (f->main == 0)
		return;
	if (!proc_read(&p, f->main))
		p = (struct process){ .pid = f->main };
	family_remember(f, &p);
}

static void stop_one(struct family *f, struct entry *e, int signal)
{
	if (e->sent || !is_in_scope(f, e))
		return;
	e->sent = true;
	if (!family_is_alive(f, &e->process))
		return;
	family_remember(f, &e->process);
	family_send_stop(e->process.pid, signal);
}

/*
 * Sends the stop signal to every target, to the main process first: a shell
 * must not see its server end before it knows of the stop, and go on to its
 * next line.
 */
static void stop_targets(struct family *f, int signal)
{
	struct entry *main = table_find(&f->seen, f->main);

	if (main != NULL)
		stop_one(f, main, signal);
	for (int i = 0; i < f->seen.count && family_has_time(f); i++)
		stop_one(f, &f->seen.entry[i], signal);
}

/*
 * Remembers the processes that one kill(2) reaches in this scope: in scope
 * group to wait for them, and in scope all, so that the last call leaves them
 * out.
 */
static void remember_all(struct family *f)
{
	if (!family_scan(f, SIGTERM, RULE_ALL))
		return;
	for (int i = 0; i < f->seen.count; i++)
		if (is_in_scope(f, &f->seen.entry[i]))
			family_remember(f, &f->seen.entry[i].process);
}

/* Was no process but the main one sent a stop signal so far? */
static bool signalled_only_main(const struct family *f)
{
	return f->signalled.count == 0 ||
	       (f->signalled.count == 1 &&
		f->signalled.entry[0].process.pid == f->main);
}

void targets_stop(struct family *f, int signal)
{
	enum rule rule = RULE_AUTO;
	bool is_found = f->ahead != 0 && f->ahead == signal;

	f->ahead = 0;
	switch (f->scope) {
	case SCOPE_CHILD:
		remember_main(f);
		family_send_stop(f->main, signal);
		return;
	case SCOPE_GROUP:
		if (f->main == 0) {
			rule = RULE_ALL;
			break;
		}
		/*
		 * Before the signal, as a process that has ended is in no
		 * group.
		 */
		remember_all(f);
		family_send_stop(-f->group, signal);
		return;
	case SCOPE_ALL:
		if (family_everyone(f) != 0) {
			family_send_stop(family_everyone(f), signal);
			remember_all(f);
			return;
		}
		rule = RULE_ALL;
		break;
	case SCOPE_AUTO:
		if (!is_found && signalled_only_main(f) &&
		    main_takes(f, signal)) {
			remember_main(f);
			family_send_stop(f->main, signal);
			return;
		}
		break;
	}
	if (is_found || family_scan(f, signal, rule)) {
		stop_targets(f, signal);
	} else {
		remember_main(f);
		family_send_stop(f->main, signal);
	}
}

bool targets_find_ahead(struct family *f, int signal)
{
	if (f->scope != SCOPE_AUTO || main_takes(f, signal) ||
	    !family_scan(f, signal, RULE_AUTO))
		return false;
	f->ahead = signal;
	return true;
}

void targets_forget_ahead(struct family *f)
{
	f->ahead = 0;
}

void targets_forget(struct family *f, pid_t pid)
{
	struct entry *e = table_find(&f->signalled, pid);

	if (e != NULL) {
		e->verdict = VERDICT_APART; /* it has ended */
		f->orphans |= e->has_children;
	}
	if (pid == f->main)
		f->main = 0;
}

/* Begins at the end, so that each process that has ended is checked once. */
static bool is_nobody_left(struct family *f)
{
	while (f->signalled.count > 0) {
		const struct entry *last =
			&f->signalled.entry[f->signalled.count - 1];

		if (last->verdict != VERDICT_APART &&
		    family_is_alive(f, &last->process))
			return false;
		f->signalled.count--;
	}
	return true;
}

bool targets_are_gone(struct family *f)
{
	if (f->main != 0 || f->scope == SCOPE_ALL || !is_nobody_left(f))
		return false;
	if (f->scope != SCOPE_GROUP || f->group == 0 ||
	    (kill(-f->group, 0) < 0 && errno == ESRCH))
		return true;
	/* A zombie that is another process's to reap counts as gone. */
	if (!proc_usable())
		return false;
	remember_all(f);
	return is_nobody_left(f);
}

bool targets_may_end_unseen(const struct family *f)
{
	return f->scope == SCOPE_GROUP && f->main == 0;
}
