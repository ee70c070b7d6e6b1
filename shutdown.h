/*
 * shutdown.h - the machine that decides: what is due, in which order, and until
 * when.
 *
 *   shutdown_init(&m);                 in phase start
 *   shutdown_started(&m, now);         the child runs: phase ready
 *   each turn of the loop, at one `now`:
 *       shutdown_note(&m, plan, event, now)     for everything that was seen
 *       while ((a = shutdown_next(&m, plan, now)).kind != ACTION_WAIT) do a
 *       wait until m.wake_ns (NEVER_NS: no timer) or a signal
 *
 * Both are total: any event may be noted in any phase.  What is noted is
 * only remembered; shutdown_next() decides.  It returns one action at a time
 * and ends, after finitely many, in ACTION_WAIT or ACTION_EXIT.
 */
#ifndef LASTCALL_SHUTDOWN_H
#define LASTCALL_SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HOOK_MAX = 8,  /* --pre-stop and --post-stop, each */
	STEP_MAX = 16, /* signals in a --stop schedule */
};

enum phase {
	PHASE_START,
	PHASE_READY,
	PHASE_DRAIN,
	PHASE_STOP,
	PHASE_SWEEP,
	PHASE_KILL,
	PHASE_POST,
	PHASE_EXIT,
	PHASE_COUNT
};

extern const char *const phase_names[PHASE_COUNT];

struct step {
	int signal;	 /* 1 to 64; 0: the signal received, after --map */
	int64_t wait_ns; /* before the next step; NEVER_NS: to the deadline */
};

/* What the user asked for, as far as the machine needs it. */
struct stop_plan {
	int64_t grace_ns;     /* stop request to exit */
	int64_t delay_ns;     /* least time before the first stop signal */
	int64_t pre_limit_ns; /* most time before the first stop signal */
	int64_t post_ns;      /* the post-stop hooks' share of grace */
	/*
	 * Processes that were never sent a stop signal get SIGTERM this long
	 * before SIGKILL (0: never).  A default is cut to a quarter of the time
	 * from the phase's start to SIGKILL; what the user gave
	 * (`last_call_fixed`) is not.
	 */
	int64_t last_call_ns;
	bool last_call_fixed;
	/*
	 * How long leftover processes may go on before they get SIGTERM;
	 * NEVER_NS: as long as they like.
	 */
	int64_t linger_ns;
	/*
	 * The most time for them to end after that SIGTERM (NEVER_NS: the rest
	 * of grace).  sweep_ns: after the program's own end; stop_sweep_ns:
	 * after a requested stop.
	 */
	int64_t sweep_ns, stop_sweep_ns;
	int64_t quiet_ns; /* --drain's QUIET */
	bool drain;	  /* --drain was given */
	int pre_hooks;	  /* 0 to HOOK_MAX */
	int post_hooks;
	int steps; /* 1 to STEP_MAX; a SIGKILL is only ever the last */
	struct step step[STEP_MAX];
};

enum event_kind {
	EVENT_STOP,	    /* a stop request; number: the signal */
	EVENT_MAIN_GONE,    /* the main process has been reaped */
	EVENT_TARGETS_GONE, /* no process that was sent one is left */
	EVENT_ALL_GONE,	    /* no descendant is left (wait says ECHILD) */
	EVENT_HOOK_DONE,    /* the running hook has ended or never started */
	EVENT_READERS,	    /* the sweep has left out readers of pipes */
	EVENT_PORTS,	    /* the ports were checked; number: in flight */
	EVENT_COUNT
};

struct event {
	enum event_kind kind;
	int number;
	int64_t idle_ns; /* EVENT_PORTS: since data last went either way */
	int64_t cost_ns; /* EVENT_PORTS: how long the check took */
};

enum action_kind {
	ACTION_WAIT,	    /* nothing is due before wake_ns */
	ACTION_DRAIN,	    /* the stop request begins: ready file, log */
	ACTION_CHECK_PORTS, /* check the ports, note EVENT_PORTS */
	ACTION_HOOK, /* start pre-stop hook `number`; note EVENT_HOOK_DONE */
	ACTION_HOOK_SKIP,  /* hook `number` will not be started any more */
	ACTION_HOOK_KILL,  /* the hook's time is over: SIGKILL its group */
	ACTION_DRAIN_DONE, /* the drain has ended: see `reason` */
	ACTION_SIGNAL,	   /* send stop signal `number` (0: the one received) */
	ACTION_LAST_CALL,  /* SIGTERM and SIGCONT to the processes that were
			      never sent a stop signal; look up all names */
	ACTION_FIND_SURVIVORS, /* look up the names of the processes that may
				  have to be killed */
	ACTION_SWEEP,	       /* SIGTERM and SIGCONT to every process left */
	ACTION_SWEPT,	       /* the sweep is over: log it */
	ACTION_KILL,	       /* SIGKILL to every process, at once */
	ACTION_KILL_AGAIN,     /* for processes forked meanwhile; not logged */
	ACTION_POST_HOOK,      /* start post-stop hook `number` */
	ACTION_EXIT,	       /* leave */
	ACTION_ASK_AGAIN,      /* internal to shutdown.c: never returned */
	ACTION_COUNT
};

enum reason {
	REASON_NONE,
	REASON_DONE,	 /* all of the drain is done; nobody is left to sweep */
	REASON_LIMIT,	 /* --pre-stop-limit or --post-stop-limit */
	REASON_DEADLINE, /* kill_ns has come */
	REASON_SCHEDULE, /* the schedule said KILL */
	REASON_CHILD,	 /* the child ended */
	REASON_INTERRUPT,   /* a second SIGINT */
	REASON_SWEEP_LIMIT, /* --sweep is over */
	REASON_GAP,	    /* near its limit: nothing in flight for a moment */
	REASON_COUNT
};

extern const char *const reason_names[REASON_COUNT];

struct action {
	enum action_kind kind;
	enum reason reason;
	int number;
};

struct shutdown {
	enum phase phase;
	int64_t wake_ns;     /* when shutdown_next() wants to be called */
	int64_t asked_ns;    /* the stop request, or the child's own end */
	int64_t deadline_ns; /* asked + grace; NEVER_NS before it is fixed */
	int64_t kill_ns;     /* deadline less the post-stop share */
	int64_t entered_ns;  /* the current phase */
	int64_t spent_ns[PHASE_COUNT];
	int signal;   /* the stop request's; 0: the program ended itself */
	int requests; /* stop requests so far, even if too late */
	bool main_gone;
	bool targets_gone;
	bool all_gone;
	bool lingers; /* the program ended by itself, and processes that it left
			 go on */
	bool killed;  /* ACTION_KILL was asked for */
	bool main_killed; /* the main process had not ended then */
	bool swept;	  /* ACTION_SWEEP was asked for */

	/* Only shutdown.c uses these. */
	bool interrupted;     /* a second SIGINT, not yet acted on */
	bool had_interrupt;   /* there was an earlier SIGINT */
	int64_t interrupt_ns; /* when the last SIGINT came */
	bool survivors_found; /* names were asked for in this phase */
	bool called;	      /* ACTION_LAST_CALL was asked for in phase stop */
	bool readers_called;  /* and in phase sweep */
	bool hook_running;
	enum reason drain_end; /* why the drain ends; REASON_NONE: it goes on */
	enum reason sweep_end; /* the reason of ACTION_KILL, for ACTION_SWEPT */
	int next_pre_hook;     /* the number of the next hook */
	int next_post_hook;
	int step;		 /* the next step of the schedule */
	int64_t linger_until_ns; /* the end of --linger, in phase ready */
	int64_t step_until_ns;	 /* the end of the wait after a stop signal */
	int64_t sweep_until_ns;
	int64_t readers_until_ns; /* until then readers get no SIGTERM */
	int64_t dead_until_ns;	  /* the end of the wait after SIGKILL */
	int64_t post_until_ns;
	int64_t check_ports_ns; /* the next check of the ports */
	int64_t quiet_ns; /* the last check, if it found the ports quiet, or
			     NEVER_NS */
	int64_t free_ns;  /* the last check near the limit that found nothing in
			     flight, or NEVER_NS */
	int64_t busy_ns;  /* when a port was last seen not to be quiet */
	int64_t again_ns; /* the next ACTION_KILL_AGAIN */
};

void shutdown_init(struct shutdown *m);
void shutdown_started(struct shutdown *m, int64_t now_ns);
void shutdown_note(struct shutdown *m, const struct stop_plan *plan,
		   struct event event, int64_t now_ns);
struct action shutdown_next(struct shutdown *m, const struct stop_plan *plan,
			    int64_t now_ns);

#endif
