/*
 * bench.c - `make bench`: lastcall against tini, dumb-init, catatonit and the
 * floor, in one run, as a table, with what it is meant to reach beside it.
 * It reports and does not fail.
 *
 *     BENCH_LONG=1   an idle minute instead of ten seconds, more rounds
 *     BENCH_SHORT=1  a few rounds, only to see that it works
 */
#include "bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const bare[] = { "--", NULL };
static const char *const nothing[] = { NULL };
static const char *const child[] = { "--scope", "child", "--", NULL };
static const char *const single[] = { "-c", "--", NULL };
static const char *const subreaper[] = { "-s", "--", NULL };

/*
 * dumb-init with -c, as PID 1: otherwise its child is in a session of its
 * own, which the scheduler groups apart from the init (sched_autogroup), and
 * that, not the init, would be measured: singly it then costs a third less,
 * in bursts a third more.
 */
struct peer peers[PEERS] = {
	[LASTCALL] = { "lastcall", "lastcall", "", bare, bare },
	[LASTCALL_CHILD] = { "--scope child", "lastcall", "", child, child },
	[FLOOR] = { "floor", PROGRAM("floor"), "", nothing, nothing },
	[TINI] = { "tini", "/usr/bin/tini", "", bare, subreaper },
	[TINI_STATIC] = { "tini-static", "/usr/bin/tini-static", "", bare,
			  subreaper },
	[DUMB_INIT] = { "dumb-init", "/usr/bin/dumb-init", "", single, bare },
	[CATATONIT] = { "catatonit", "/usr/bin/catatonit", "", bare, bare },
};

/* A copy is mapped by nobody else on this machine, so Pss is its own. */
static void copy_peers(void)
{
	mkdir(PROGRAM("peers"), 0755);
	for (int i = 0; i < PEERS; i++) {
		struct peer *peer = &peers[i];
		char command[1024];

		if (access(peer->source, X_OK) < 0) {
			fprintf(stderr, "bench: no %s here\n", peer->source);
			continue;
		}
		snprintf(peer->path, sizeof(peer->path), PROGRAM("peers/%d"),
			 i);
		mkdir(peer->path, 0755);
		strcat(strcat(peer->path, "/"),
		       strrchr(peer->source, '/')
			       ? strrchr(peer->source, '/') + 1
			       : peer->source);
		snprintf(command, sizeof(command), "cp -f %s %s", peer->source,
			 peer->path);
		if (system(command) != 0)
			die("bench: cp");
	}
}

static double best_of(const row values, int first, int last)
{
	double best = -1;

	for (int i = first; i <= last; i++)
		if (values[i] >= 0 && (best < 0 || values[i] < best))
			best = values[i];
	return best;
}

static double best_peer(const row values)
{
	return best_of(values, TINI, CATATONIT);
}

static void print_cell(double value, int decimals)
{
	if (value < 0)
		printf("%12s", "-");
	else
		printf("%12.*f", decimals, value);
}

static void print_row(const char *what, const row values, int decimals)
{
	double best = best_peer(values);

	printf("%-30s", what);
	for (int i = 0; i < PEERS; i++)
		if (i != LASTCALL_CHILD)
			print_cell(values[i], decimals);
	print_cell(best > 0 ? values[LASTCALL] / best : -1, 2);
	print_cell(values[FLOOR] > 0 ? values[LASTCALL] / values[FLOOR] : -1,
		   2);
	putchar('\n');
	fflush(stdout);
}

static void print_heading(void)
{
	printf("%-30s", "");
	for (int i = 0; i < PEERS; i++)
		if (i != LASTCALL_CHILD)
			printf("%12s", peers[i].name);
	printf("%12s%12s\n", "/best peer", "/floor");
}

/* What was aimed at is printed when the table is complete. */
static char aims[8192];

static void aim(const char *what, double value, double most, const char *unit)
{
	char *at = aims + strlen(aims);

	snprintf(at, sizeof(aims) - strlen(aims),
		 "  %-7s  %s: %.*f %s, at most %.*f\n",
		 value <= most ? "met" : "not met", what, most < 1000 ? 2 : 0,
		 value, unit, most < 1000 ? 2 : 0, most);
}

static void reaping(const struct effort *e, const char *what, int burst)
{
	row us;
	double best;

	measure_reaping(e, burst, us);
	print_row(what, us, 2);
	best = best_of(us, FLOOR, CATATONIT);
	if (best > 0)
		aim(what, us[LASTCALL], best * 1.1, "us");
}

static void signals(const struct effort *e)
{
	row us;
	row child_us;
	double best;

	measure_signals(e, us);
	memcpy(child_us, us, sizeof(row));
	child_us[LASTCALL] = us[LASTCALL_CHILD];
	print_row("signal to child, us", us, 2);
	print_row("  with --scope child, us", child_us, 2);
	best = best_of(us, FLOOR, CATATONIT);
	if (best > 0) {
		aim("signal to child, --scope child", us[LASTCALL_CHILD],
		    best * 1.1, "us");
		aim("signal to child, --scope auto", us[LASTCALL], best + 15,
		    "us");
	}
}

/* A shell with so many children: each is told to stop, and reaped. */
static void crowds(const struct effort *e)
{
	static const int sizes[] = { 1000, 4000, 16000, 30000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char what[64];
		row ms;

		if (sizes[i] > e->most_processes)
			break;
		snprintf(what, sizeof(what), "stop %d processes, ms", sizes[i]);
		measure_crowd(e, sizes[i], ms);
		print_row(what, ms, 0);
	}
}

/* Ten times the connections are to cost no more than ten times as much. */
static void looks(const struct effort *e)
{
	double each_us = -1;

	for (int n = 10000; n <= e->most_connections; n *= 10) {
		double us = measure_look(n);
		char what[64];

		if (us < 0)
			break;
		printf("a look at %d connections: %.1f ms, %.2f us each\n", n,
		       us / 1e3, us / n);
		snprintf(what, sizeof(what), "a look at %d connections, each",
			 n);
		if (each_us >= 0)
			aim(what, us / n, each_us * 1.5, "us");
		each_us = us / n;
	}
}

static void report(const struct effort *e)
{
	row bytes;
	row pss;
	row wakeups;
	row calls;
	row us;
	double median_ms;
	double most_ms;
	char what[64];

	print_heading();
	measure_size(bytes);
	print_row("file, bytes", bytes, 0);
	aim("file", bytes[LASTCALL], 98304, "bytes");

	measure_idle(e, pss, wakeups);
	print_row("Pss of the idle init, kB", pss, 0);
	snprintf(what, sizeof(what), "wake-ups in %d s idle", e->idle_s);
	print_row(what, wakeups, 0);
	aim("Pss of the idle init", pss[LASTCALL], 112, "kB");
	aim("Pss against half of the best peer's", pss[LASTCALL],
	    best_peer(pss) / 2, "kB");
	aim(what, wakeups[LASTCALL], 0, "wake-ups");

	measure_calls(calls);
	print_row("system calls until fork", calls, 0);

	measure_start(e, us);
	print_row("start-up added to a no-op, us", us, 0);
	aim("start-up added, against half of the best peer's", us[LASTCALL],
	    best_peer(us) / 2, "us");

	reaping(e, "CPU per orphan, singly, us", 1);
	reaping(e, "CPU per orphan, bursts, us", 100);
	signals(e);

	crowds(e);
	measure_deadline(e, &median_ms, &most_ms);
	printf("\nSIGKILL after the deadline: %.2f ms median, %.2f ms at "
	       "most, of %d stops\n",
	       median_ms, most_ms, e->stops);
	aim("SIGKILL after the deadline", median_ms, 5, "ms");
	looks(e);
	printf("\ndumb-init runs with -c, in the session of its child like the "
	       "others.\n");
	printf("\naims (with what this run measured):\n%s", aims);
}

int main(void)
{
	struct effort e = { .starts = 1000,
			    .orphans = 20000,
			    .orphan_rounds = 3,
			    .signals = 3000,
			    .stops = 20,
			    .crowds = 3,
			    .most_processes = 30000,
			    .most_connections = 100000,
			    .idle_s = 10 };
	cpu_set_t one;

	if (getenv("BENCH_LONG")) {
		e.starts = 3000;
		e.orphan_rounds = 7;
		e.idle_s = 60;
	} else if (getenv("BENCH_SHORT")) {
		e = (struct effort){ .starts = 50,
				     .orphans = 500,
				     .orphan_rounds = 1,
				     .signals = 100,
				     .stops = 2,
				     .crowds = 1,
				     .most_processes = 1000,
				     .most_connections = 10000,
				     .idle_s = 2 };
	}
	/* The last one: interrupts often go to the first. */
	CPU_ZERO(&one);
	CPU_SET((int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &one);
	sched_setaffinity(0, sizeof(one), &one);

	copy_peers();
	report(&e);
	return 0;
}
