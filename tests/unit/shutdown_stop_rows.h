/*
 * shutdown_stop_rows.h - shutdown_test.c's rows for the phases stop, sweep,
 * kill and post.
 */
static const struct life stop_lives[] = {
	{
		"stop: TERM/15/QUIT/5/KILL",
		{ PLAIN, TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:15 wait:15000" },
			{ 7000, "stop:15 stop:1", "wait:15000" },
			{ 15000, "", "signal:3 wait:19500" },
			{ 19500, "", "survivors wait:20000" },
			{ 20000, "", "kill/schedule wait:20050" },
			{ 20002, "main all", "exit main-killed repeats=2" },
		},
	},
	{
		"stop: a wait at the end is followed by KILL",
		{ PLAIN, .steps = 1, .step = { { SIGQUIT, S(3) } } },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:3 wait:2500" },
			{ 2500, "", "survivors wait:3000" },
			{ 3000, "", "kill/schedule wait:3050" },
		},
	},
	{
		"stop: KILL alone kills at once",
		{ PLAIN, .steps = 1, .step = { { SIGKILL, NO_END } } },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done survivors kill/schedule "
			  "wait:50" },
		},
	},
	{
		"stop: steps without a wait follow at once",
		{ PLAIN, .steps = 3,
		  .step = { { SIGINT, 0 },
			    { SIGTERM, 0 },
			    { SIGQUIT, NO_END } } },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:2 signal:15 signal:3 "
			  "wait:26500" },
		},
	},
	{
		"stop: a schedule cut by the deadline after a long drain",
		{ .grace_ns = S(27),
		  .pre_limit_ns = S(20),
		  .pre_hooks = 1,
		  TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:20000" },
			{ 20000, "",
			  "hook-kill:0/limit drained/limit signal:15 "
			  "wait:26500" },
			{ 26500, "", "survivors wait:27000" },
			{ 27000, "", "kill/deadline wait:27050" },
		},
	},
	{
		"stop: the main process dies, the schedule goes on for others",
		{ PLAIN, TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:15 wait:15000" },
			{ 1, "main", "wait:15000" },
			{ 15000, "", "signal:3 wait:19500" },
			{ 19000, "told", "sweep wait:23500" },
			{ 19100, "all", "swept/done exit" },
		},
	},
	{
		"stop: who was told may die first; the main process counts",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal wait:26500" },
			{ 1, "told", "wait:26500" },
			{ 2, "main told", "sweep wait:4502" },
		},
	},
	{
		"stop: told and gone before the stop says nothing (was kept)",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start told", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal wait:26500" },
			{ 1, "main", "wait:26500" },
		},
	},
	{
		"stop: nobody left is enough, no matter who was told (was not)",
		{ PLAIN, TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:15 wait:15000" },
			{ 1, "main all", "exit" },
		},
	},
	{
		"stop: SIGINT after TERM is absorbed, after SIGINT moves on",
		{ PLAIN, TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:15 wait:15000" },
			{ 100, "stop:2", "wait:15000" },
			{ 200, "stop:15", "wait:15000" },
			{ 300, "stop:2", "signal:3 wait:4800" },
			{ 400, "stop:2", "survivors kill/interrupt wait:450" },
			{ 410, "stop:2", "wait:450" },
			{ 420, "main all", "exit main-killed repeats=5" },
		},
	},
	{
		"stop: names are looked up ahead, once, and delay no signal",
		{ .grace_ns = S(30),
		  .post_ns = S(3),
		  .steps = 2,
		  .step = { { SIGTERM, MS(26900) }, { SIGQUIT, NO_END } } },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:15 wait:26500" },
			{ 26500, "", "survivors wait:26900" },
			{ 26900, "", "signal:3 wait:27000" },
			{ 27000, "", "kill/deadline wait:27050" },
		},
	},
	{
		"sweep: names are looked up anew after the stop's",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal wait:26500" },
			{ 26500, "", "survivors wait:27000" },
			{ 26900, "main told", "sweep survivors wait:27000" },
		},
	},
	{
		"sweep: the child ends by itself and leaves strays",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 9000, "main", "sweep wait:13500" },
			{ 13500, "", "survivors wait:14000" },
			{ 14000, "",
			  "kill/sweep-limit swept/sweep-limit "
			  "wait:14050" },
			{ 14001, "all", "exit killed" },
		},
	},
	{
		"sweep: a stop request during it changes nothing",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "main", "sweep wait:4500" },
			{ 10, "stop:15", "wait:4500" },
			{ 20, "stop:15", "wait:4500" },
			{ 30, "all", "swept/done exit repeats=2" },
		},
	},
	{
		"sweep: a second SIGINT cuts it, and that is said (was limit)",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "main", "sweep wait:4500" },
			{ 10, "stop:2 stop:2",
			  "survivors kill/interrupt swept/interrupt wait:60" },
			{ 11, "all", "exit killed repeats=2" },
		},
	},
	{
		"sweep: a deadline that is nearer than its limit",
		{ .grace_ns = S(10),
		  .sweep_ns = S(5),
		  .post_ns = S(3),
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal wait:6500" },
			{ 5000, "main told", "sweep wait:6500" },
			{ 6500, "", "survivors wait:7000" },
			{ 7000, "", "kill/deadline swept/deadline wait:7050" },
		},
	},
	{
		"sweep: main gone at the deadline: strays killed, none swept",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal wait:26500" },
			{ 26500, "", "survivors wait:27000" },
			{ 27000, "main told", "kill/deadline wait:27050" },
			{ 27001, "all", "exit killed" },
		},
	},
	{
		"sweep: no time for it at all",
		{ .grace_ns = S(10), .sweep_ns = 0, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "main",
			  "sweep survivors kill/sweep-limit swept/sweep-limit "
			  "wait:50" },
		},
	},
	{
		"kill: again every 50 ms, for a second, then exit unreaped",
		{ .grace_ns = MS(100), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal survivors wait:100" },
			{ 100, "", "kill/deadline wait:150" },
			{ 120, "stop:2 stop:2", "wait:150" },
			{ 150, "", "kill-again wait:200" },
			{ 190, "main", "wait:200" },
			{ 210, "", "kill-again wait:260" },
			{ 1090, "", "kill-again wait:1100" },
			{ 1100, "", "kill-again exit main-killed repeats=2" },
		},
	},
	{
		"post: hooks in order, each has what is left of the share",
		{ PLAIN, .post_hooks = 2, .post_ns = S(5), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal wait:21500" },
			{ 1000, "main told all", "post:0 wait:6000" },
			{ 2000, "hook all", "post:1 wait:6000" },
			{ 3000, "hook all", "exit" },
		},
	},
	{
		"post: the limit kills the hook and skips the rest",
		{ PLAIN, .post_hooks = 3, .post_ns = S(5), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 1000, "main all", "post:0 wait:6000" },
			{ 6000, "",
			  "hook-kill:0/limit skip:1/limit skip:2/limit "
			  "kill-again exit" },
		},
	},
	{
		"post: what a hook leaves behind is killed at the exit",
		{ PLAIN, .post_hooks = 1, .post_ns = S(5), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "main all", "post:0 wait:5000" },
			{ 10, "hook", "kill-again exit" },
		},
	},
	{
		"post: a second SIGINT ends it, and that is said (was limit)",
		{ PLAIN, .post_hooks = 2, .post_ns = S(5), TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "main all", "post:0 wait:5000" },
			{ 10, "stop:2", "wait:5000" },
			{ 20, "stop:2",
			  "hook-kill:0/interrupt skip:1/interrupt kill-again "
			  "exit repeats=2" },
		},
	},
	{
		"post: the share is kept from the stop and cut by the deadline",
		{ .grace_ns = S(10),
		  .pre_limit_ns = S(5),
		  .post_hooks = 1,
		  .post_ns = S(2),
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal wait:7500" },
			{ 7500, "", "survivors wait:8000" },
			{ 8000, "", "kill/deadline wait:8050" },
			{ 8010, "main", "wait:8050" },
			{ 9000, "", "post:0 wait:10000" },
			{ 10000, "",
			  "hook-kill:0/limit kill-again exit main-killed" },
		},
	},
	{
		"post: a pre-stop hook that SIGKILL does not end holds nothing",
		{ PLAIN, .pre_hooks = 1, .post_hooks = 1, .post_ns = S(5),
		  TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:13500" },
			{ 1000, "main",
			  "drained/child-exited sweep wait:5500" },
			{ 6000, "",
			  "survivors kill/sweep-limit swept/sweep-limit "
			  "wait:6050" },
			{ 7000, "", "post:0 wait:12000" },
		},
	},
	{
		"post: a share of nothing skips every hook",
		{ PLAIN, .post_hooks = 1, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "main all", "skip:0/limit exit" },
		},
	},
	{
		"late: lastcall was stopped for longer than everything",
		{ PLAIN, .pre_hooks = 2, .post_hooks = 1, .post_ns = S(5),
		  TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15", "drain:15 hook:0 wait:13500" },
			{ 90000, "",
			  "hook-kill:0/deadline skip:1/deadline "
			  "drained/deadline kill/deadline wait:90050" },
			{ 90001, "main hook told all",
			  "skip:0/limit exit main-killed" },
		},
	},
	{
		"late: in the stop, past every step: no signal but SIGKILL",
		{ PLAIN, TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:15 wait:15000" },
			{ 90000, "", "kill/deadline wait:90050" },
			{ 99000, "", "kill-again exit main-killed" },
		},
	},
	{
		"late: who ended in the meantime is not killed for it",
		{ PLAIN, TERM_QUIT_KILL },
		{
			{ 0, "start", "wait:never" },
			{ 0, "stop:15",
			  "drain:15 drained/done signal:15 wait:15000" },
			{ 90000, "main told all", "exit" },
		},
	},
	{
		"late: in the sweep",
		{ PLAIN, TERM_ONLY },
		{
			{ 0, "start", "wait:never" },
			{ 0, "main", "sweep wait:4500" },
			{ 90000, "",
			  "kill/deadline swept/deadline wait:90050" },
		},
	},
};
