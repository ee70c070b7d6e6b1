/*
 * resend.c - sends again what a full queue has refused.
 *
 * Duty: notice a refusal, keep the signal, try again for a while, and log what
 * was lost.  Invariants: only a real-time signal is kept; one that is given up
 * is sent all the same, by kill(2), so that at least one of its number arrives;
 * with nothing kept and nothing to log there is no timer.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/helper.h"
#include "log/log.h"
#include "process/proc.h"
#include "process/resend.h"

enum {
	RETRY_MS = 20,
	GIVE_UP_MS = 5000,
	SAY_MS = 1000, /* between lines about what was lost */
};

/* Sends it; -EAGAIN: it would be lost. */
static int resend_try(const struct unsent *u)
{
	int signal = u->info.si_signo;

	if (u->to > 0 && u->info.si_code == SI_QUEUE) {
		if (syscall(SYS_rt_sigqueueinfo, u->to, signal, &u->info) == 0)
			return 0;
		if (errno == EAGAIN && signal >= HELPER_SIGNAL)
			return -EAGAIN;
	} else if (signal >= HELPER_SIGNAL && proc_merges(u->pid, signal)) {
		/*
		 * rt_sigqueueinfo(2) would fail with EAGAIN here as well, but
		 * with it the receiver would see SI_QUEUE and a value although
		 * the sender has used kill(2).
		 */
		return -EAGAIN;
	}
	return kill(u->to, signal) < 0 ? -errno : 0;
}

static void resend_give_up(struct resend *r, const struct unsent *u)
{
	(void)kill(u->to, u->info.si_signo);
	r->lost_pid = u->pid;
	r->lost_signal = u->info.si_signo;
	r->lost_count++;
}

int resend_send(struct resend *r, pid_t to, pid_t pid, int signal,
		const siginfo_t *info)
{
	struct unsent *u = &r->unsent[r->count];
	struct process process;
	int64_t now_ns;
	int error;

	u->to = to;
	u->pid = pid;
	u->info.si_code = SI_USER;
	if (info != NULL)
		u->info = *info;
	u->info.si_signo = signal;
	error = resend_try(u);
	if (error != -EAGAIN) {
		/* The process takes signals again. */
		if (pid == r->lost_pid)
			r->until_ns = 0;
		return error;
	}
	now_ns = clock_ns();
	if (r->until_ns == 0)
		r->until_ns = now_ns + GIVE_UP_MS * NS_PER_MS;
	if (r->count == UNSENT_MAX || now_ns >= r->until_ns ||
	    !proc_read(&process, pid)) {
		resend_give_up(r, u);
		return 0;
	}
	u->start = process.start;
	r->count++;
	return 0;
}

void resend_say_lost(struct resend *r)
{
	if (r->lost_count == 0)
		return;
	log_begin("signal-lost", LOG_WARNING);
	log_signal("signal", r->lost_signal);
	log_number("pid", r->lost_pid);
	log_number("count", r->lost_count);
	log_end();
	r->lost_count = 0;
}

void resend_tend(struct resend *r)
{
	int64_t now_ns;
	int kept = 0;

	if (r->count == 0 && r->lost_count == 0)
		return;
	now_ns = clock_ns();
	for (int i = 0; i < r->count; i++) {
		const struct unsent *u = &r->unsent[i];
		struct process now;

		/* Its pid may be another process's by now. */
		if (!proc_read(&now, u->pid) || now.start != u->start ||
		    resend_try(u) != -EAGAIN)
			continue;
		if (now_ns < r->until_ns)
			r->unsent[kept++] = *u;
		else
			resend_give_up(r, u);
	}
	if (kept == 0 && now_ns < r->until_ns)
		r->until_ns = 0;
	r->count = kept;
	if (now_ns >= r->said_ns + SAY_MS * NS_PER_MS) {
		resend_say_lost(r);
		r->said_ns = now_ns;
	}
}

int64_t resend_left_ns(const struct resend *r, int64_t left_ns)
{
	if ((r->count > 0 || r->lost_count > 0) &&
	    left_ns > RETRY_MS * NS_PER_MS)
		return RETRY_MS * NS_PER_MS;
	return left_ns;
}

uint64_t resend_wait_set(const struct resend *r)
{
	return r->count > 0 ? (UINT64_C(2) << (HELPER_SIGNAL - 1)) - 1
			    : UINT64_MAX;
}
