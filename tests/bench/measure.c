/*
 * measure.c - the measurements.
 */
#include "bench.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char *const nothing[] = { PROGRAM("child"), NULL };
static const char *const idle[] = { PROGRAM("child"), "idle", NULL };
static const char *const stubborn[] = { PROGRAM("child"), "stubborn", NULL };
static const char *const stamp[] = { PROGRAM("child"), "stamp", NULL };

void measure_size(row bytes)
{
	for (int i = 0; i < PEERS; i++) {
		struct stat st;

		bytes[i] = peers[i].path[0] && stat(peers[i].path, &st) == 0
				   ? (double)st.st_size
				   : -1;
	}
}

/* All of them idle at the same time, so the wait is one wait. */
void measure_idle(const struct effort *e, row pss_kb, row wakeups)
{
	const char *const key = "\nvoluntary_ctxt_switches:";
	const struct timespec settle = { 1, 0 };
	const struct timespec wait = { e->idle_s, 0 };
	struct running r[PEERS];
	bool runs[PEERS];
	int64_t before[PEERS];

	for (int i = 0; i < PEERS; i++)
		runs[i] = run_start(&r[i], &peers[i], true, idle) ||
			  run_start(&r[i], &peers[i], false, idle);
	nanosleep(&settle, NULL);
	for (int i = 0; i < PEERS; i++)
		if (runs[i])
			before[i] = proc_number(r[i].pid, "status", key);
	nanosleep(&wait, NULL);
	for (int i = 0; i < PEERS; i++) {
		pss_kb[i] = wakeups[i] = -1;
		if (!runs[i])
			continue;
		wakeups[i] = (double)(proc_number(r[i].pid, "status", key) -
				      before[i]);
		pss_kb[i] =
			(double)proc_number(r[i].pid, "smaps_rollup", "\nPss:");
		run_stop(&r[i]);
	}
}

/* What strace counts up to and with the one that makes the child. */
void measure_calls(row calls)
{
	static const char *const makers[] = { "fork(", "vfork(", "clone(",
					      "clone3(" };
	const char *trace = PROGRAM("trace");

	for (int i = 0; i < PEERS; i++) {
		const char *own[WORDS_MAX];
		char command[1024] = "exec strace -o ";
		char line[4096];
		bool forked = false;
		int count = 0;
		FILE *f;

		calls[i] = -1;
		if (!run_words(own, &peers[i], false, nothing))
			continue;
		strcat(strcat(command, trace), " --");
		for (int n = 0; own[n]; n++)
			strcat(strcat(command, " "), own[n]);
		strcat(command, " 2>/dev/null >/dev/null");
		if (system(command) != 0)
			continue;
		f = fopen(trace, "re");
		while (f && !forked && fgets(line, sizeof(line), f)) {
			count++;
			for (size_t m = 0; m < 4; m++)
				if (strncmp(line, makers[m],
					    strlen(makers[m])) == 0)
					forked = true;
		}
		if (f)
			fclose(f);
		unlink(trace);
		if (forked)
			calls[i] = count;
	}
}

/* From before the spawn until the end is known. */
static double run_once_us(const char *const *words)
{
	int64_t begin_ns;
	pid_t pid;

	begin_ns = now_ns();
	if (posix_spawn(&pid, words[0], NULL, NULL,
			(char *const *)(uintptr_t)words, environ))
		return -1;
	waitpid(pid, NULL, 0);
	return (double)(now_ns() - begin_ns) / 1e3;
}

void measure_start(const struct effort *e, row us)
{
	const char *words[PEERS][WORDS_MAX];
	struct samples with;
	struct samples without;
	bool runs[PEERS];

	samples_open(&with, e->starts);
	samples_open(&without, e->starts);
	for (int i = 0; i < PEERS; i++)
		runs[i] = run_words(words[i], &peers[i], false, nothing);
	for (int n = 0; n < e->starts; n++) {
		samples_add(&without, 0, run_once_us(nothing));
		for (int i = 0; i < PEERS; i++)
			if (runs[i])
				samples_add(&with, i, run_once_us(words[i]));
	}
	for (int i = 0; i < PEERS; i++)
		us[i] = runs[i] ? samples_median(&with, i) -
					  samples_median(&without, 0)
				: -1;
	samples_close(&with);
	samples_close(&without);
}

/* The init's own time on a processor, for each orphan. */
void measure_reaping(const struct effort *e, int burst, row us)
{
	char count[16];
	char size[16];
	const char *const words[] = { PROGRAM("child"),
				      "orphans",
				      "build/fixtures/orphans",
				      "-w",
				      count,
				      size,
				      NULL };
	struct samples s;

	snprintf(count, sizeof(count), "%d", e->orphans);
	snprintf(size, sizeof(size), "%d", burst);
	samples_open(&s, e->orphan_rounds);
	for (int n = 0; n < e->orphan_rounds; n++) {
		for (int i = 0; i < PEERS; i++) {
			struct running r;
			char said[64];
			int64_t before;
			int64_t after;

			if (!run_start(&r, &peers[i], true, words))
				continue;
			before = proc_number(r.pid, "schedstat", "");
			if (write(r.in_fd, "x", 1) != 1 ||
			    read(r.out_fd, said, sizeof(said)) <= 0)
				die("orphans");
			after = proc_number(r.pid, "schedstat", "");
			samples_add(&s, i,
				    (double)(after - before) / 1e3 /
					    e->orphans);
			run_stop(&r);
		}
	}
	for (int i = 0; i < PEERS; i++)
		us[i] = samples_median(&s, i);
	samples_close(&s);
}

void measure_signals(const struct effort *e, row us)
{
	const struct timespec apart = { 0, 200000 };
	struct running r[PEERS];
	bool runs[PEERS];
	struct samples s;

	samples_open(&s, e->signals);
	for (int i = 0; i < PEERS; i++)
		runs[i] = run_start(&r[i], &peers[i], true, stamp) ||
			  run_start(&r[i], &peers[i], false, stamp);
	for (int n = 0; n < e->signals; n++) {
		for (int i = 0; i < PEERS; i++) {
			int64_t sent_ns;
			int64_t got_ns;

			if (!runs[i])
				continue;
			/* Everybody has gone to sleep again by then. */
			nanosleep(&apart, NULL);
			sent_ns = now_ns();
			kill(r[i].pid, SIGUSR1);
			if (read(r[i].out_fd, &got_ns, 8) != 8)
				die("stamp");
			samples_add(&s, i, (double)(got_ns - sent_ns) / 1e3);
		}
	}
	for (int i = 0; i < PEERS; i++) {
		us[i] = samples_median(&s, i);
		if (runs[i])
			run_stop(&r[i]);
	}
	samples_close(&s);
}

/*
 * From TERM, which starts the clock, until the child is dead, less the
 * grace: the way of the signal is in it.
 */
void measure_deadline(const struct effort *e, double *median_ms,
		      double *most_ms)
{
	static const char *const grace[] = { "--grace", "250ms", "--", NULL };
	struct peer peer = peers[LASTCALL];
	struct samples s;

	peer.as_init = peer.as_subreaper = grace;
	samples_open(&s, e->stops);
	for (int n = 0; n < e->stops; n++) {
		struct pollfd p = { .events = POLLIN };
		struct running r;
		char name[32];
		int64_t asked_ns;

		if (!run_start(&r, &peer, true, stubborn) &&
		    !run_start(&r, &peer, false, stubborn))
			break;
		snprintf(name, sizeof(name), "task/%d/children", r.pid);
		p.fd = (int)syscall(SYS_pidfd_open,
				    (pid_t)proc_number(r.pid, name, ""), 0);
		if (p.fd < 0)
			die("pidfd_open");
		asked_ns = now_ns();
		kill(r.pid, SIGTERM);
		poll(&p, 1, 10000);
		samples_add(&s, 0, (double)(now_ns() - asked_ns) / 1e6 - 250);
		close(p.fd);
		run_stop(&r);
	}
	*most_ms = samples_most(&s, 0);
	*median_ms = samples_median(&s, 0);
	samples_close(&s);
}

/* As PID 1, interleaved: who is told to stop, dies, and is reaped. */
void measure_crowd(const struct effort *e, int processes, row ms)
{
	char number[16];
	const char *const crowd[] = { PROGRAM("child"), "crowd", number, NULL };
	struct samples s;

	snprintf(number, sizeof(number), "%d", processes);
	samples_open(&s, e->crowds);
	for (int n = 0; n < e->crowds; n++) {
		for (int i = 0; i < PEERS; i++) {
			struct running r;
			int64_t asked_ns;

			if (!run_start(&r, &peers[i], true, crowd))
				continue;
			asked_ns = now_ns();
			kill(r.pid, SIGTERM);
			waitpid(r.pid, NULL, 0);
			samples_add(&s, i, (double)(now_ns() - asked_ns) / 1e6);
			close(r.in_fd);
			close(r.out_fd);
		}
	}
	for (int i = 0; i < PEERS; i++)
		ms[i] = samples_median(&s, i);
	samples_close(&s);
}
