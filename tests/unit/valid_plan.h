/*
 * valid_plan.h - which plans the proof of shutdown.c is for: valid_plan() of
 * tests/proof/machine.c, as C.  What options let through must be one.
 */
#ifndef VALID_PLAN_H
#define VALID_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "shutdown.h"

static inline bool is_duration(int64_t ns)
{
	return ns >= 0 && ns <= INT64_C(365) * 24 * 3600 * NS_PER_S;
}

static inline bool is_wait(int64_t ns)
{
	return ns == NEVER_NS || is_duration(ns);
}

static inline bool valid_plan(const struct stop_plan *p)
{
	for (int i = 0; i < p->steps && i < STEP_MAX; i++)
		if (!is_wait(p->step[i].wait_ns))
			return false;
	return is_duration(p->grace_ns) && is_duration(p->delay_ns) &&
	       is_duration(p->pre_limit_ns) && is_duration(p->quiet_ns) &&
	       is_duration(p->last_call_ns) && p->post_ns >= 0 &&
	       p->post_ns <= p->grace_ns && is_wait(p->linger_ns) &&
	       is_wait(p->sweep_ns) && is_wait(p->stop_sweep_ns) &&
	       p->pre_hooks >= 0 && p->pre_hooks <= HOOK_MAX &&
	       p->post_hooks >= 0 && p->post_hooks <= HOOK_MAX &&
	       p->steps >= 1 && p->steps <= STEP_MAX;
}

#endif
