/* options.c - lastcall's own command line and environment. */
#include "options/options.h"
#include "drain/ports.h"
#include "fuzz.h"
#include "lib/text.h"
#include "log/log.h"
#include "options/environment.h"
#include "preview/preview.h"
#include "shutdown.h"

static void check_options(const struct options *o)
{
	const struct stop_plan *plan = &o->plan;

	if (o->mode != MODE_RUN && o->mode != MODE_PLAN)
		return;
	check_plan(plan);
	HOLDS(plan->grace_ns >= 0);
	/* What the platform gives must be more, where the user says it. */
	HOLDS(plan->grace_ns < o->platform_ns ||
	      strncmp(o->platform_from, "--", 2) != 0);
	HOLDS(plan->post_ns >= 0 && plan->post_ns <= plan->grace_ns);
	HOLDS(plan->delay_ns >= 0 && plan->delay_ns <= plan->grace_ns);
	HOLDS(plan->pre_limit_ns >= 0 && plan->pre_limit_ns <= plan->grace_ns);
	HOLDS(plan->sweep_ns >= 0 && plan->quiet_ns >= 0);
	HOLDS(plan->steps >= 1 && plan->steps <= STEP_MAX);
	HOLDS(plan->pre_hooks >= 0 && plan->pre_hooks <= HOOK_MAX);
	HOLDS(plan->post_hooks >= 0 && plan->post_hooks <= HOOK_MAX);
	HOLDS(o->ports >= 0 && o->ports <= PORT_MAX);
	for (int i = 0; i < plan->steps - 1; i++)
		HOLDS(plan->step[i].signal != SIGKILL);
	for (int i = 0; i < plan->pre_hooks; i++)
		HOLDS(o->pre_stop[i] != NULL);
	for (int i = 0; i < plan->post_hooks; i++)
		HOLDS(o->post_stop[i] != NULL);
	HOLDS(o->unread_count >= 0 && o->unread_count <= UNREAD_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options o;
	static char page[65536];
	struct command_line line;
	TEXT(complaint, LINE_MAX_LEN);

	split(&line, data, size, "lastcall");
	if (!options_parse(&o, line.argc, line.argv, line.envp, &complaint)) {
		HOLDS(complaint.length > 0);
		check_line(&complaint);
	} else {
		struct text t = { page, sizeof(page), 0, false };

		text_clear(&t);
		check_options(&o);
		if (o.mode == MODE_PLAN)
			plan_print(&t, &o, line.envp, size % 2 == 0);
		HOLDS(!t.cut && t.length == strlen(page));
	}
	environment_strip(line.envp);
	for (int i = 0; line.envp[i] != NULL; i++)
		HOLDS(strncmp(line.envp[i], "LASTCALL_GRACE=", 15) != 0);
	free(line.text);
	return 0;
}
