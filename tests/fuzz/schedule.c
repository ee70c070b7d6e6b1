/* schedule.c - the value of --stop: whatever is accepted ends in time. */
#include "fuzz.h"
#include "lib/clock.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "log/log.h"
#include "options/options.h"
#include "options/values.h"
#include "shutdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options o;
	char *s = string_of(data, size);
	TEXT(why, LINE_MAX_LEN);

	memset(&o, 0, sizeof(o));
	if (value_kinds[VALUE_SCHEDULE].read(&o, NULL, s, &why)) {
		HOLDS(o.plan.steps >= 1 && o.plan.steps <= STEP_MAX);
		for (int i = 0; i < o.plan.steps; i++) {
			const struct step *step = &o.plan.step[i];

			HOLDS(step->signal >= 1 && step->signal <= SIGNAL_MAX);
			HOLDS(step->wait_ns >= 0);
			HOLDS(step->signal != SIGKILL || i == o.plan.steps - 1);
		}
		o.plan.grace_ns = 10 * NS_PER_S;
		check_plan(&o.plan);
	}
	check_line(&why);
	free(s);
	return 0;
}
