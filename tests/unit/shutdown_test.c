/*
 * shutdown_test.c - the shutdown machine in virtual time, as tables: what is
 * noted at a time, and what the machine then asks for until it waits again.
 * Prints TAP.
 *
 * What a row notes: start, stop:SIGNAL, main, targets, all, hook (done), none
 * (EVENT_COUNT) and, as the answer to ACTION_CHECK_PORTS in this row and the
 * later ones, ports:IN_FLIGHT:IDLE_MS:COST_MS; nofork makes the next hook fail
 * to start, deaf leaves the next look without an answer.  What it then wants:
 * the actions, as action:number/why, and the wake-up in ms, or exit with what
 * the machine tells about the whole.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "shutdown.h"
#include "tap.h"

#define MS(n)  ((n)*NS_PER_MS)
#define S(n)   ((n)*NS_PER_S)
#define BASE   S(86400) /* the clock when lastcall starts */
#define NO_END NEVER_NS

struct row {
	int64_t at_ms;
	const char *note;
	const char *want;
};

struct life {
	const char *name;
	struct stop_plan plan;
	struct row row[20];
};

static const char *const action_names[ACTION_COUNT] = {
	[ACTION_WAIT] = "wait",		  [ACTION_DRAIN] = "drain",
	[ACTION_CHECK_PORTS] = "look",	  [ACTION_HOOK] = "hook",
	[ACTION_HOOK_SKIP] = "skip",	  [ACTION_HOOK_KILL] = "hook-kill",
	[ACTION_DRAIN_DONE] = "drained",  [ACTION_SIGNAL] = "signal",
	[ACTION_LAST_CALL] = "last-call", [ACTION_FIND_SURVIVORS] = "survivors",
	[ACTION_SWEEP] = "sweep",	  [ACTION_SWEPT] = "swept",
	[ACTION_KILL] = "kill",		  [ACTION_KILL_AGAIN] = "kill-again",
	[ACTION_POST_HOOK] = "post",	  [ACTION_EXIT] = "exit",
	[ACTION_ASK_AGAIN] = "ask-again",
};

#define TERM_ONLY .steps = 1, .step = { { 0, NO_END } }
#define TERM_QUIT_KILL                                                         \
	.steps = 3,                                                            \
	.step = { { SIGTERM, S(15) }, { SIGQUIT, S(5) }, { SIGKILL, NO_END } }
/* 27 s of grace, half of it for the drain, and the signal received. */
#define PLAIN                                                                  \
	.grace_ns = S(27), .pre_limit_ns = MS(13500), .sweep_ns = S(5),        \
	.stop_sweep_ns = S(5)

#include "shutdown_drain_rows.h"
#include "shutdown_stop_rows.h"

static struct shutdown m;
static struct event look; /* the answer to ACTION_CHECK_PORTS */
static bool no_fork, deaf;

static struct event event_of(enum event_kind kind, int number, int64_t idle_ms,
			     int64_t cost_ms)
{
	return (struct event){ kind, number, MS(idle_ms), MS(cost_ms) };
}

static void note_word(const struct stop_plan *plan, const char *word,
		      int64_t now_ns)
{
	static const struct {
		const char *word;
		enum event_kind kind;
	} plain[] = {
		{ "main", EVENT_MAIN_GONE },  { "targets", EVENT_TARGETS_GONE },
		{ "all", EVENT_ALL_GONE },    { "hook", EVENT_HOOK_DONE },
		{ "readers", EVENT_READERS }, { "none", EVENT_COUNT },
	};
	int number, idle_ms, cost_ms;

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (strcmp(word, plain[i].word) == 0) {
			shutdown_note(&m, plan,
				      event_of(plain[i].kind, 0, 0, 0), now_ns);
			return;
		}
	}
	if (strcmp(word, "start") == 0)
		shutdown_started(&m, now_ns);
	else if (strcmp(word, "nofork") == 0)
		no_fork = true;
	else if (strcmp(word, "deaf") == 0)
		deaf = true;
	else if (sscanf(word, "stop:%d", &number) == 1)
		shutdown_note(&m, plan, event_of(EVENT_STOP, number, 0, 0),
			      now_ns);
	else if (sscanf(word, "unasked:%d:%d", &number, &idle_ms) == 2)
		shutdown_note(&m, plan,
			      event_of(EVENT_PORTS, number, idle_ms, 0),
			      now_ns);
	else if (sscanf(word, "ports:%d:%d:%d", &number, &idle_ms, &cost_ms) ==
		 3)
		look = event_of(EVENT_PORTS, number, idle_ms, cost_ms);
	else
		abort();
}

static void note_words(const struct stop_plan *plan, const char *words,
		       int64_t now_ns)
{
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		note_word(plan, word, now_ns);
}

/* Does what init.c would: answers what the machine cannot know by itself. */
static void perform(const struct stop_plan *plan, struct action a,
		    int64_t now_ns)
{
	if (a.kind == ACTION_CHECK_PORTS && !deaf)
		shutdown_note(&m, plan, look, now_ns);
	if (a.kind == ACTION_CHECK_PORTS)
		deaf = false;
	if ((a.kind == ACTION_HOOK || a.kind == ACTION_POST_HOOK) && no_fork) {
		no_fork = false;
		shutdown_note(&m, plan, event_of(EVENT_HOOK_DONE, 0, 0, 0),
			      now_ns);
	}
}

static void write_end(struct text *t, struct action a)
{
	if (a.kind == ACTION_WAIT && m.wake_ns == NEVER_NS) {
		text_add(t, ":never");
	} else if (a.kind == ACTION_WAIT) {
		text_byte(t, ':');
		text_number(t, (m.wake_ns - BASE) / NS_PER_MS);
	} else {
		if (m.killed)
			text_add(t, m.main_killed ? " main-killed" : " killed");
		if (m.requests > 1) {
			text_add(t, " repeats=");
			text_number(t, m.requests - 1);
		}
	}
}

static bool has_number(enum action_kind kind)
{
	return kind == ACTION_DRAIN || kind == ACTION_HOOK ||
	       kind == ACTION_HOOK_SKIP || kind == ACTION_HOOK_KILL ||
	       kind == ACTION_POST_HOOK;
}

/* Everything that is due now, in words. */
static void run(const struct stop_plan *plan, int64_t now_ns, struct text *t)
{
	struct action a;

	do {
		a = shutdown_next(&m, plan, now_ns);
		if (t->length > 0)
			text_byte(t, ' ');
		text_add(t, action_names[a.kind]);
		if (has_number(a.kind) || a.number != 0) {
			text_byte(t, ':');
			text_number(t, a.number);
		}
		if (a.reason != REASON_NONE) {
			text_byte(t, '/');
			text_add(t, reason_names[a.reason]);
		}
		perform(plan, a, now_ns);
	} while (a.kind != ACTION_WAIT && a.kind != ACTION_EXIT && !t->cut);
	write_end(t, a);
}

/* The rows of a life in turn; false at the first that differs. */
static bool live(const struct life *life)
{
	bool lived = false;

	shutdown_init(&m);
	for (const struct row *r = life->row; r->note; r++) {
		int64_t now_ns = BASE + MS(r->at_ms);
		TEXT(got, 1024);

		note_words(&life->plan, r->note, now_ns);
		run(&life->plan, now_ns, &got);
		if (strcmp(got.bytes, r->want) != 0) {
			printf("# at %lld ms, noted: %s\n# got  %s\n# want "
			       "%s\n",
			       (long long)r->at_ms, r->note, got.bytes,
			       r->want);
			return false;
		}
		lived = true;
	}
	return lived;
}

/* Every phase, why and action has a name, for the log and these tables. */
static bool all_named(void)
{
	for (int i = 0; i < PHASE_COUNT; i++)
		if (!phase_names[i])
			return false;
	for (int i = 0; i < REASON_COUNT; i++)
		if (!reason_names[i])
			return false;
	for (int i = 0; i < ACTION_COUNT; i++)
		if (!action_names[i])
			return false;
	return true;
}

/* What is no phase and no event ends, and changes, nothing else. */
static bool strange_is_harmless(void)
{
	static const struct stop_plan plan = { PLAIN, TERM_ONLY };
	enum phase none = PHASE_COUNT + 1;

	shutdown_init(&m);
	shutdown_note(&m, &plan, event_of(EVENT_COUNT + 1, 1, 0, 0), BASE);
	if (m.deadline_ns != NEVER_NS)
		return false;
	m.phase = none;
	return shutdown_next(&m, &plan, BASE).kind == ACTION_EXIT;
}

/* As many as a number holds, and one more. */
static bool counts_to_the_end(void)
{
	static const struct stop_plan plan = { PLAIN, TERM_ONLY };

	shutdown_init(&m);
	m.requests = INT_MAX;
	shutdown_note(&m, &plan, event_of(EVENT_STOP, 15, 0, 0), BASE);
	return m.requests == INT_MAX;
}

#define COUNT(array) (int)(sizeof(array) / sizeof(*(array)))

int main(void)
{
	for (int i = 0; i < COUNT(drain_lives); i++)
		ok(drain_lives[i].name, live(&drain_lives[i]));
	for (int i = 0; i < COUNT(stop_lives); i++)
		ok(stop_lives[i].name, live(&stop_lives[i]));
	ok("a strange event or phase is harmless", strange_is_harmless());
	ok("everything has a name", all_named());
	ok("any number of stop requests is counted", counts_to_the_end());
	return tap_end();
}
