/*
 * bench.h - measuring inits against each other.
 *
 * Every measurement visits the peers in turn, again and again, so that a
 * machine that gets slower does so for all of them, and keeps each peer's
 * samples.  What is shown is the median.  One processor runs it all: where
 * the scheduler puts two processes would be measured otherwise.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	LASTCALL,
	LASTCALL_CHILD,
	FLOOR,
	TINI,
	TINI_STATIC,
	DUMB_INIT,
	CATATONIT,
	PEERS
};

struct peer {
	const char *name;
	const char *source; /* where the program is */
	char path[256];	    /* the copy that is run; "": not installed */
	/* Words after its name, as PID 1 and as a subreaper; NULL: cannot. */
	const char *const *as_init;
	const char *const *as_subreaper;
};

extern struct peer peers[PEERS];

/* How much to measure; see `make bench` in bench.c. */
struct effort {
	int starts;
	int orphans;
	int orphan_rounds;
	int signals;
	int stops;
	int crowds; /* stops of each number of processes */
	int most_processes;
	int most_connections;
	int idle_s;
};

/* An init with a child that has said READY. */
struct running {
	pid_t pid;
	int in_fd;  /* the child's stdin */
	int out_fd; /* and stdout */
};

enum { WORDS_MAX = 16 };

/*
 * Starts a peer and the program in `words` under it, as PID 1 of a new PID
 * namespace with its own /proc or as a subreaper, and waits for READY.
 * False where the peer is not there or cannot.
 */
bool run_start(struct running *r, const struct peer *peer, bool as_init,
	       const char *const *words);
/* Ends it with SIGKILL and waits for it. */
void run_stop(struct running *r);
/* The command line of a peer and a program; NULL-terminated. */
bool run_words(const char *all[WORDS_MAX], const struct peer *peer,
	       bool as_init, const char *const *words);
/* Can PID namespaces be made here? */
bool run_can_be_init(void);

int64_t now_ns(void);
/* The number after `key` in the file /proc/PID/name; -1 if none. */
int64_t proc_number(pid_t pid, const char *name, const char *key);
void die(const char *what);

/* One measurement: samples of each peer, and the median. */
struct samples {
	double *value[PEERS];
	int count[PEERS];
	int size;
};

void samples_open(struct samples *s, int size);
void samples_add(struct samples *s, int peer, double value);
/* -1 where the peer has none. */
double samples_median(struct samples *s, int peer);
double samples_most(struct samples *s, int peer);
void samples_close(struct samples *s);

/* The measurements; each fills one row, -1 for what could not be had. */
typedef double row[PEERS];
void measure_size(row bytes);
void measure_idle(const struct effort *e, row pss_kb, row wakeups);
void measure_calls(row calls);
void measure_start(const struct effort *e, row us);
void measure_reaping(const struct effort *e, int burst, row us);
void measure_signals(const struct effort *e, row us);
/* From the stop request to the end of an init whose child has as many. */
void measure_crowd(const struct effort *e, int processes, row ms);
/* How late SIGKILL comes after the deadline. */
void measure_deadline(const struct effort *e, double *median_ms,
		      double *most_ms);
/*
 * Microseconds of one look at so many idle connections on one port, each with
 * an answer behind it; -1 where it cannot be measured.
 */
double measure_look(int connections);

#define PROGRAM(name) "build/bench/" name

#endif
