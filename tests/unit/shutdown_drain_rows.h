/*
 * shutdown_drain_rows.h - shutdown_test.c's rows for the phases start, ready
 * and drain.
 */
static const struct life drain_lives[] = {
	{
		"ready: no timer, whatever is noted that is not an end",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "", "wait:never" },
			{ 5, "start", "wait:never" },
			{ 9, "told hook none", "wait:never" },
		},
	},
	{
		"ready: the child ends and leaves nobody: exit at once",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 50, "main told all", "exit" },
			{ 60, "stop:15 main", "exit repeats=1" },
		},
	},
	{
		"ready: nobody is left means that the child is gone too",
		{ PLAIN, TERM_ONLY },
		{ { 0, "start", "wait:never" }, { 50, "all", "exit" } },
	},
	{
		"start: a stop request before the child runs is remembered",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "stop:15", "wait:never" },
			{ 9, "start",
			  "drain:15 drained/done signal wait:26500" },
			{ 30, "main told all", "exit" },
		},
	},
	{
		"stop: the child ends: nobody is left, exit at once",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 100, "stop:15",
			  "drain:15 drained/done signal wait:26600" },
			{ 200, "main told all", "exit" },
		},
	},
	{
		"a stop request and the child's end at once: nobody is told",
		{ PLAIN, .pre_hooks = 2, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 main",
			  "drain:15 skip:0/child-exited skip:1/child-exited "
			  "drained/child-exited sweep wait:4500" },
			{ 1, "all", "swept/done exit" },
		},
	},
	{
		"drain: a plain delay",
		{ PLAIN, .delay_ns = S(5), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 wait:5000" },
			{ 4999, "stop:15", "wait:5000" },
			{ 5000, "", "drained/done signal wait:26500" },
			{ 5001, "main told all", "exit repeats=1" },
		},
	},
	{
		"drain: hooks in order, the next when one is done",
		{ PLAIN, .delay_ns = S(1), .pre_hooks = 3, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:1000" },
			{ 400, "hook", "hook:1 wait:1000" },
			{ 1000, "", "wait:13500" },
			{ 2000, "hook", "hook:2 wait:13500" },
			{ 3000, "hook", "drained/done signal wait:26500" },
		},
	},
	{
		"drain: a hook that cannot be started is passed over",
		{ PLAIN, .pre_hooks = 2, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 nofork",
			  "drain:15 hook:0 hook:1 "
			  "wait:13500" },
			{ 10, "hook", "drained/done signal wait:26500" },
		},
	},
	{
		"drain: at the limit the hook is killed, the rest skipped",
		{ PLAIN, .pre_hooks = 3, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:13500" },
			{ 13500, "",
			  "hook-kill:0/limit skip:1/limit skip:2/limit "
			  "drained/limit signal wait:26500" },
			{ 13501, "hook", "wait:26500" },
		},
	},
	{
		"drain: a hook that ends at the limit starts no other",
		{ PLAIN, .pre_hooks = 2, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:13500" },
			{ 13500, "hook",
			  "skip:1/limit drained/limit signal wait:26500" },
		},
	},
	{
		"drain: the last hook ends at the limit: that is done",
		{ PLAIN, .pre_hooks = 1, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:13500" },
			{ 13500, "hook", "drained/done signal wait:26500" },
		},
	},
	{
		"drain: the child ends: its hook is left to the sweep",
		{ PLAIN, .pre_hooks = 2, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:13500" },
			{ 500, "main",
			  "skip:1/child-exited drained/child-exited sweep "
			  "wait:5000" },
			{ 600, "hook all", "swept/done exit" },
		},
	},
	{
		"drain: a second SIGINT ends it",
		{ PLAIN, .delay_ns = S(9), .pre_hooks = 2, TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:2", "drain:2 hook:0 wait:9000" },
			{ 10, "stop:15", "wait:9000" },
			{ 20, "stop:2",
			  "hook-kill:0/interrupt skip:1/interrupt "
			  "drained/interrupt signal:15 wait:15020" },
		},
	},
	{
		"drain: both SIGINTs at once, before it began (was lost)",
		{ PLAIN, .delay_ns = S(9), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:2 stop:2",
			  "drain:2 drained/interrupt signal wait:26500" },
		},
	},
	{
		"drain: longer than grace less the post-stop share",
		{ .grace_ns = S(9),
		  .pre_limit_ns = S(9),
		  .pre_hooks = 1,
		  .post_hooks = 1,
		  .post_ns = S(2),
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:7000" },
			{ 7000, "",
			  "hook-kill:0/deadline drained/deadline kill/deadline "
			  "wait:7050" },
			{ 7001, "main hook all", "post:0 wait:9000" },
		},
	},
	{
		"drain: longer than the grace: SIGKILL at the deadline",
		{ .grace_ns = S(9),
		  .delay_ns = S(9),
		  .pre_limit_ns = S(9),
		  .sweep_ns = S(5),
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 wait:9000" },
			{ 9000, "",
			  "drained/deadline kill/deadline wait:9050" },
			{ 9001, "main all", "exit main-killed" },
		},
	},
	{
		"ports: quiet is counted from the stop request",
		{ PLAIN, .drain = true, .quiet_ns = S(1), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:0:60000:1",
			  "drain:15 look wait:100" },
			{ 100, "", "look wait:200" },
			{ 900, "", "look wait:1000" },
			{ 1000, "", "look drained/done signal wait:26500" },
		},
	},
	{
		"ports: a request, then data, start quiet anew",
		{ PLAIN, .drain = true, .quiet_ns = S(1), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:1:0:1", "drain:15 look wait:100" },
			{ 500, "", "look wait:600" },
			{ 600, "ports:0:0:1", "look wait:700" },
			{ 1500, "ports:0:900:1", "look wait:1600" },
			{ 1600, "ports:0:0:1", "look wait:1700" },
			{ 1700, "ports:0:60000:1", "look wait:1800" },
			{ 2599, "", "look wait:2699" },
			{ 2699, "", "look drained/done signal wait:26500" },
		},
	},
	{
		"ports: a stale quiet is looked at once more, and believed",
		{ PLAIN, .delay_ns = MS(1050), .drain = true, .quiet_ns = 0,
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:0:9000:1",
			  "drain:15 look wait:100" },
			{ 1000, "", "look wait:1050" },
			{ 1050, "", "look drained/done signal wait:26500" },
		},
	},
	{
		"ports: a stale quiet is not believed: a request came",
		{ PLAIN, .delay_ns = MS(1050), .drain = true, .quiet_ns = 0,
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:0:9000:1",
			  "drain:15 look wait:100" },
			{ 1000, "", "look wait:1050" },
			{ 1050, "ports:2:0:1", "look wait:1150" },
			{ 1150, "ports:0:0:1",
			  "look drained/done signal wait:26500" },
		},
	},
	{
		"ports: quiet waits for the hook",
		{ PLAIN, .pre_hooks = 1, .drain = true, .quiet_ns = 0,
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:0:0:1",
			  "drain:15 hook:0 look wait:100" },
			{ 100, "", "look wait:200" },
			{ 130, "hook", "look drained/done signal wait:26500" },
		},
	},
	{
		"ports: requests in flight at the limit",
		{ PLAIN, .drain = true, .quiet_ns = S(1), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:3:0:1", "drain:15 look wait:100" },
			{ 13400, "", "look wait:13500" },
			{ 13500, "", "drained/limit signal wait:26500" },
		},
	},
	{
		"ports: a look without an answer is repeated, not at once",
		{ PLAIN, .delay_ns = MS(1050), .drain = true, .quiet_ns = 0,
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:0:9000:1",
			  "drain:15 look wait:100" },
			{ 1000, "", "look wait:1050" },
			{ 1050, "deaf", "look wait:1150" },
			{ 1150, "deaf", "look wait:1250" },
			{ 1250, "", "look drained/done signal wait:26500" },
		},
	},
	{
		"ports: quiet when the delay ends at the limit (was a limit)",
		{ .grace_ns = S(20),
		  .delay_ns = S(10),
		  .pre_limit_ns = S(10),
		  .drain = true,
		  .quiet_ns = S(1),
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:0:60000:1",
			  "drain:15 look wait:100" },
			{ 9950, "", "look wait:10000" },
			{ 10000, "", "look drained/done signal wait:19500" },
		},
	},
	{
		"ports: looks that cost much come rarely",
		{ PLAIN, .drain = true, .quiet_ns = S(1), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15 ports:1:0:10", "drain:15 look wait:100" },
			{ 100, "ports:1:0:300", "look wait:3100" },
			{ 3000, "stop:15", "wait:3100" },
			{ 3100, "", "look wait:6100" },
			{ 6100, "ports:1:0:3000", "look wait:13500" },
			{ 13500, "", "drained/limit signal wait:26500" },
		},
	},
	{
		"ports: an answer that nobody asked for ends nothing",
		{ PLAIN, .delay_ns = S(1), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "unasked:0:0", "wait:never" },
			{ 0, "stop:15", "drain:15 wait:1000" },
			{ 9, "unasked:0:0", "wait:1000" },
			{ 1000, "", "drained/done signal wait:26500" },
			{ 1001, "unasked:1:0", "wait:26500" },
		},
	},
};
