/*
 * shutdown_walk_test.c - the shutdown machine on every path: millions of
 * random turns over random plans, then every path there is through small
 * ones.  Prints TAP.
 *
 *   shutdown_walk_test [SEED [TURNS]]
 *
 * A walk that fails prints its seed; with that and 1 turn it is shown.
 */
#include "lib/clock.h"
#include "shutdown.h"
#include "shutdown_world.h"

static uint64_t seed, walk_seed;
static bool exhaustive;

/* ------------------------------------------------------------ random walk */

static uint64_t random_bits(void)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t random_below(int64_t n)
{
	return (int64_t)(random_bits() % (uint64_t)n);
}

/* Often a round number, often equal to another one, often nothing. */
static int64_t random_time(int64_t most_ns)
{
	if (most_ns <= 0 || random_below(4) == 0)
		return 0;
	if (random_below(4) == 0)
		return most_ns;
	if (random_below(2) == 0)
		return MS(random_below(most_ns / MS(1) + 1));
	return random_below(most_ns);
}

static struct stop_plan random_plan(void)
{
	static const int64_t graces[] = { 0, 1, 50, 300, 1000, 5000, 27000 };
	struct stop_plan p = { .grace_ns = MS(graces[random_below(7)]) };

	p.post_hooks = (int)random_below(3);
	p.post_ns = p.post_hooks > 0 ? random_time(p.grace_ns) : 0;
	p.delay_ns = random_time(p.grace_ns);
	p.pre_limit_ns = random_time(p.grace_ns);
	p.sweep_ns = random_time(2 * p.grace_ns);
	p.stop_sweep_ns =
		random_below(2) == 0 ? NEVER_NS : random_time(2 * p.grace_ns);
	p.linger_ns = random_time(p.grace_ns);
	if (random_below(4) == 0)
		p.linger_ns = NEVER_NS;
	p.last_call_ns = random_time(p.grace_ns);
	p.last_call_fixed = random_below(2) == 0;
	p.pre_hooks = (int)random_below(4);
	p.drain = random_below(2) == 0;
	p.quiet_ns = random_time(p.grace_ns / 2);
	p.steps = 1 + (int)random_below(4);
	for (int i = 0; i < p.steps; i++) {
		p.step[i].signal = (int)random_below(SIGKILL);
		p.step[i].wait_ns = random_time(p.grace_ns);
	}
	if (random_below(2) == 0)
		p.step[p.steps - 1].signal = SIGKILL;
	if (random_below(2) == 0)
		p.step[p.steps - 1].wait_ns = NEVER_NS;
	return p;
}

/*
 * Mostly exactly at the wake-up, or before it because something has happened;
 * now and then late, or very late: lastcall itself was stopped.
 */
static int64_t random_turn_ns(const struct world *w)
{
	int64_t left_ns = MS(60000);

	if (w->m.wake_ns != NEVER_NS)
		left_ns = w->m.wake_ns - w->now_ns;
	switch (random_below(16)) {
	case 0:
		return w->now_ns + left_ns + 1 + random_below(MS(20));
	case 1:
		return w->now_ns + left_ns + random_below(MS(60000));
	case 2:
		return w->now_ns + 1;
	case 3:
	case 4:
	case 5:
		return w->now_ns + 1 + random_below(left_ns);
	default:
		return w->now_ns + left_ns;
	}
}

static void show_action(const struct world *w, struct action a)
{
	printf("# %" PRId64 " ns, %s: action %d, why %s, number %d, alive %x\n",
	       w->now_ns, phase_names[w->m.phase], (int)a.kind,
	       reason_names[a.reason], a.number, w->alive);
}

/* One life of lastcall; returns how many turns it took. */
static long walk(void)
{
	struct stop_plan plan = random_plan();
	struct world w;
	long turns = 0;

	begin_world(&w, &plan, MS(random_below(1000000000)));
	for (; !w.exit; turns++)
		turn_world(&w, turns == 0 ? w.now_ns : random_turn_ns(&w));
	turn_world(&w, w.now_ns);
	return turns + 1;
}

static void walk_randomly(long most_turns)
{
	long turns = 0, walks = 0;

	trace = most_turns == 1 ? show_action : NULL;
	for (walk_seed = seed; turns < most_turns; walks++) {
		seed = walk_seed;
		turns += walk();
		walk_seed++;
	}
	trace = NULL;
	printf("ok 1 - %ld random turns in %ld lives\n", turns, walks);
}

/* -------------------------------------------------------- exhaustive walk */

/*
 * Time in ticks of 50 ms, of which every period of the machine's is a
 * multiple.  From each state that is reached every choice is taken at every
 * tick: nothing, or any of what can happen, with and without waking lastcall
 * where that is not due.  A state that was seen before is not entered again.
 */
#define TICK_NS MS(50)

enum { CHOICES_MAX = 32, KEY_SIZE = 64 };

/* The choices of one turn, as the digits of a number that counts up. */
struct choices {
	unsigned digit[CHOICES_MAX], base[CHOICES_MAX];
	int used, known;
};

static struct choices *choices;

static unsigned next_choice(unsigned n)
{
	if (choices->used == CHOICES_MAX)
		abort();
	if (choices->used == choices->known) {
		choices->digit[choices->known] = 0;
		choices->base[choices->known++] = n;
	}
	return choices->digit[choices->used++];
}

/* The next combination of choices; false: that was the last. */
static bool count_up(struct choices *c)
{
	for (c->used = 0; c->known > 0; c->known--)
		if (++c->digit[c->known - 1] < c->base[c->known - 1])
			return true;
	return false;
}

static unsigned choose(unsigned n, unsigned odds)
{
	if (exhaustive)
		return next_choice(n);
	if (odds > 1 && random_below(odds) != 0)
		return 0;
	return (unsigned)random_below(n);
}

static void fail(const struct world *w, const char *what)
{
	printf("not ok %d - in phase %s: %s\n", exhaustive ? 2 : 1,
	       phase_names[w->m.phase], what);
	if (!exhaustive)
		printf("# shown by: shutdown_walk_test %" PRIu64 " 1\n",
		       walk_seed);
	exit(1);
}

/*
 * A state without what the machine never reads again: the sums of time, whose
 * total check_exit() makes sure of, and the counts.
 */
struct key {
	unsigned char bytes[KEY_SIZE];
};

static unsigned char *put_flags(unsigned char *at, const bool *flag, int count)
{
	for (int i = 0; i < count; i++)
		at[i / 8] |= (unsigned char)(flag[i] << i % 8);
	return at + (count + 7) / 8;
}

static int64_t current_until_ns(const struct shutdown *m)
{
	switch (m->phase) {
	case PHASE_READY:
		return m->linger_until_ns;
	case PHASE_STOP:
		return m->step_until_ns;
	case PHASE_SWEEP:
		return m->swept ? m->sweep_until_ns : 0;
	case PHASE_KILL:
		return m->dead_until_ns;
	case PHASE_POST:
		return m->post_until_ns;
	case PHASE_START:
	case PHASE_DRAIN:
	case PHASE_EXIT:
	case PHASE_COUNT:
		break;
	}
	return 0;
}

static struct key key_of(const struct world *w)
{
	const struct shutdown *m = &w->m;
	const int64_t times[] = {
		w->now_ns,	     m->asked_ns,	m->entered_ns,
		current_until_ns(m), m->check_ports_ns, m->quiet_ns,
		m->busy_ns,	     m->again_ns,	w->ready_ns,
		w->signal_ns,	     w->kill_ns,	w->again_ns,
		w->busy_ns,	     w->look_free_ns,	m->deadline_ns,
		m->wake_ns,	     w->sweep_ns,	w->linger_until_ns,
		w->readers_ns,
	};
	const bool flags[] = {
		m->main_gone,	    m->targets_gone,  m->all_gone,
		m->killed,	    m->main_killed,   m->swept,
		m->interrupted,	    m->had_interrupt, m->survivors_found,
		m->hook_running,    m->requests > 1,  w->group,
		w->moved_on,	    w->hook_runs,     w->hook_alone,
		w->drain,	    w->drained,	      w->sweep,
		w->swept,	    w->kill,	      w->looks > 0,
		w->early_looks > 0, m->lingers,	      w->lingers,
		m->called,	    w->called,	      m->readers_called,
	};
	const int small[] = {
		(int)m->phase,	   m->signal,	     (int)m->drain_end,
		(int)m->sweep_end, m->next_pre_hook, m->next_post_hook,
		m->step,	   (int)w->alive,    (int)w->told,
		w->interrupts,	   w->pre_hooks,     w->post_hooks,
		w->steps,	   (int)w->phase,
	};
	struct key key = { { 0 } };
	unsigned char *at = key.bytes;

	_Static_assert((sizeof(flags) + 7) / 8 +
				       sizeof(small) / sizeof(*small) +
				       2 * (sizeof(times) / sizeof(*times)) <=
			       KEY_SIZE,
		       "a key holds the whole state");

	at = put_flags(at, flags, (int)(sizeof(flags) / sizeof(*flags)));
	for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++)
		*at++ = (unsigned char)small[i];
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		int64_t ticks =
			times[i] == NEVER_NS ? 65535 : times[i] / TICK_NS;

		*at++ = (unsigned char)ticks;
		*at++ = (unsigned char)(ticks >> 8);
	}
	return key;
}

static struct {
	struct key *slot; /* all zero: free; a real key is never that */
	size_t size, used;
} seen;

static uint64_t hash_of(const struct key *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (int i = 0; i < KEY_SIZE; i++)
		hash = (hash ^ key->bytes[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

static bool add_key(const struct key *key)
{
	static const struct key none;
	size_t i = hash_of(key) & (seen.size - 1);

	while (memcmp(&seen.slot[i], &none, sizeof(none)) != 0) {
		if (memcmp(&seen.slot[i], key, sizeof(*key)) == 0)
			return false;
		i = (i + 1) & (seen.size - 1);
	}
	seen.slot[i] = *key;
	seen.used++;
	return true;
}

/* True where the state is new. */
static bool see(const struct world *w)
{
	static const struct key none;
	struct key key = key_of(w);
	struct key *old = seen.slot;
	size_t size = seen.size;

	if (seen.used * 2 >= seen.size) {
		seen.size = size > 0 ? size * 2 : 1 << 16;
		seen.used = 0;
		seen.slot = calloc(seen.size, sizeof(*seen.slot));
		if (seen.slot == NULL)
			abort();
		for (size_t i = 0; i < size; i++)
			if (memcmp(&old[i], &none, sizeof(none)) != 0)
				(void)add_key(&old[i]);
		free(old);
	}
	return add_key(&key);
}

static long exhaustive_turns;

/* One turn as the choices say; late ones where the plan allows for them. */
static void turn_by_choice(struct world *w, bool late)
{
	static const int ticks[] = { 1, 3, 200 };
	int64_t now_ns = w->now_ns;

	/* Phase ready is the same at any time, so it need not pass. */
	if (w->m.phase != PHASE_READY || w->m.wake_ns != NEVER_NS) {
		now_ns += ticks[late ? choose(3, 1) : 0] * TICK_NS;
		if (now_ns < w->m.wake_ns && choose(2, 1) == 1) {
			w->now_ns = now_ns;
			return;
		}
	}
	turn_world(w, now_ns);
	exhaustive_turns++;
}

static void explore(const struct world *w, bool late)
{
	struct choices mine = { .used = 0 };

	do {
		struct world next = *w;

		choices = &mine;
		turn_by_choice(&next, late);
		if (!next.exit && see(&next))
			explore(&next, late);
	} while (count_up(&mine));
}

#define T(ticks) ((ticks)*TICK_NS)
#define KILL_AT(ticks)                                                         \
	.steps = 2, .step = { { SIGTERM, T(ticks) }, { SIGKILL, NEVER_NS } }

static const struct {
	bool late;
	struct stop_plan plan;
} small_plans[] = {
	{ true, { .grace_ns = 0, .steps = 1, .step = { { 0, NEVER_NS } } } },
	{ true,
	  { .grace_ns = T(8),
	    .sweep_ns = T(3),
	    .stop_sweep_ns = T(3),
	    .steps = 1,
	    .step = { { 0, NEVER_NS } } } },
	{ true,
	  { .grace_ns = T(9),
	    .sweep_ns = T(9),
	    .stop_sweep_ns = T(9),
	    .steps = 3,
	    .step = { { 0, T(2) }, { SIGQUIT, 0 }, { SIGINT, T(2) } } } },
	{ true,
	  { .grace_ns = T(8), .sweep_ns = 0, .stop_sweep_ns = 0, KILL_AT(5) } },
	{ false,
	  { .grace_ns = T(9),
	    .delay_ns = T(2),
	    .pre_limit_ns = T(4),
	    .pre_hooks = 2,
	    .sweep_ns = T(2),
	    .stop_sweep_ns = T(2),
	    KILL_AT(3) } },
	{ false,
	  { .grace_ns = T(7),
	    .delay_ns = T(3),
	    .pre_limit_ns = T(5),
	    .drain = true,
	    .quiet_ns = T(2),
	    .sweep_ns = T(2),
	    .stop_sweep_ns = T(2),
	    .steps = 1,
	    .step = { { 0, NEVER_NS } } } },
	{ false,
	  { .grace_ns = T(5),
	    .pre_limit_ns = T(8),
	    .drain = true,
	    .pre_hooks = 1,
	    .steps = 1,
	    .step = { { 0, T(1) } } } },
	{ false,
	  { .grace_ns = T(8),
	    .post_hooks = 2,
	    .post_ns = T(3),
	    .sweep_ns = T(3),
	    .stop_sweep_ns = T(3),
	    .steps = 1,
	    .step = { { 0, NEVER_NS } } } },
	{ true,
	  { .grace_ns = T(5),
	    .pre_limit_ns = T(2),
	    .pre_hooks = 1,
	    .post_hooks = 1,
	    .post_ns = T(5),
	    .sweep_ns = T(1),
	    .stop_sweep_ns = T(1),
	    KILL_AT(1) } },
	{ true,
	  { .grace_ns = T(8),
	    .linger_ns = T(3),
	    .sweep_ns = T(2),
	    .stop_sweep_ns = NEVER_NS,
	    .last_call_ns = T(5),
	    .steps = 1,
	    .step = { { 0, NEVER_NS } } } },
	{ false,
	  { .grace_ns = T(9),
	    .linger_ns = NEVER_NS,
	    .pre_limit_ns = T(2),
	    .pre_hooks = 1,
	    .sweep_ns = T(2),
	    .stop_sweep_ns = T(3),
	    .last_call_ns = T(3),
	    .last_call_fixed = true,
	    .steps = 3,
	    .step = { { 0, T(3) },
		      { SIGQUIT, T(3) },
		      { SIGKILL, NEVER_NS } } } },
	{ false,
	  { .grace_ns = T(5),
	    .linger_ns = T(1),
	    .delay_ns = T(1),
	    .pre_limit_ns = T(4),
	    .drain = true,
	    .quiet_ns = T(2),
	    .stop_sweep_ns = NEVER_NS,
	    .last_call_ns = T(9),
	    .last_call_fixed = true,
	    KILL_AT(3) } },
};

static void walk_exhaustively(void)
{
	size_t states = 0;

	exhaustive = true;
	for (size_t i = 0; i < sizeof(small_plans) / sizeof(*small_plans);
	     i++) {
		struct choices mine = { .used = 0 };
		struct world w;

		do {
			choices = &mine;
			begin_world(&w, &small_plans[i].plan, TICK_NS);
			if (see(&w))
				explore(&w, small_plans[i].late);
		} while (count_up(&mine));
		printf("# plan %zu: %zu states, %ld turns\n", i, seen.used,
		       exhaustive_turns);
		states += seen.used;
		seen.used = 0;
		memset(seen.slot, 0, seen.size * sizeof(*seen.slot));
	}
	printf("ok 2 - every path: %zu states, %ld turns\n", states,
	       exhaustive_turns);
}

int main(int argc, char **argv)
{
	long turns = 4000000;

	seed = 1;
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		turns = strtol(argv[2], NULL, 10);
	printf("1..2\n# seed %" PRIu64 "\n", seed);
	walk_randomly(turns);
	walk_exhaustively();
	return 0;
}
