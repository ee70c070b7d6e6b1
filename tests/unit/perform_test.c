/*
 * perform_test.c - what perform.c leaves undone: while there are dead to take,
 * nobody is killed again and nobody looked for, as that would keep lastcall
 * from those who have ended already.
 */
#include <unistd.h>

#include "stop/lastcall.h"
#include "stop/perform.h"
#include "tap.h"

/* Does it kill everyone whom a new look finds?  There is nobody here. */
static bool kills_again(bool dead_left)
{
	static struct lastcall l;
	const struct action again = { .kind = ACTION_KILL_AGAIN };

	l = (struct lastcall){
		.family = { .self = getpid() },
		.dead_left = dead_left,
	};
	perform_action(&l, again, 0);
	return l.family.seen_all;
}

int main(void)
{
	ok("it kills again where all the dead are taken", kills_again(false));
	ok("it does not where there are more of them", !kills_again(true));
	return tap_end();
}
