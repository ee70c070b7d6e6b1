/*
 * signals_test.c - signals.c: the names of signals, read and written.
 * Prints TAP.
 */
#include <string.h>

#include "lib/signals.h"
#include "lib/text.h"
#include "tap.h"

int main(void)
{
	static const struct {
		const char *s;
		int signal;
	} rows[] = {
		{ "TERM", 15 },	      { "SIGTERM", 15 },  { "term", 15 },
		{ "sigterm", 15 },    { "15", 15 },	  { "1", 1 },
		{ "64", 64 },	      { "RTMIN", 34 },	  { "RTMIN+3", 37 },
		{ "SIGRTMIN+0", 34 }, { "RTMIN+30", 64 }, { "RTMAX", 64 },
		{ "SIGRTMAX-1", 63 }, { "rtmax-30", 34 }, { "POLL", 29 },
		{ "IOT", 6 },	      { "sigcld", 17 },	  { "", 0 },
		{ "0", 0 },	      { "65", 0 },	  { "100", 0 },
		{ "-1", 0 },	      { "SIG", 0 },	  { "SIG15", 0 },
		{ "TER", 0 },	      { "TERMX", 0 },	  { "SIGSIGTERM", 0 },
		{ "RTMIN-1", 0 },     { "RTMAX+1", 0 },	  { "RTMIN+31", 0 },
		{ "RTMAX-31", 0 },    { "RTMIN+", 0 },	  { "RTMIN+x", 0 },
		{ "RTMIN+x1", 0 },    { "RTMIN+1x", 0 },  { "RTMI", 0 },
		{ "1x", 0 },	      { "BREAD", 0 },
	};

	TEXT(beyond, 8);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ok(rows[i].s, signal_parse(rows[i].s, strlen(rows[i].s)) ==
				      rows[i].signal);
	ok("only `length` bytes are read", signal_parse("TERM/5", 4) == 15);
	ok("a NUL is no part of a name (was read past its end)",
	   signal_parse("SYS\0ABRT", 8) == 0);
	for (int signal = 1; signal <= SIGNAL_MAX; signal++) {
		TEXT(t, 16);

		signal_name(&t, signal);
		ok("a signal's name is read back",
		   signal_parse(t.bytes, t.length) == signal);
	}
	text_clear(&beyond);
	signal_name(&beyond, SIGNAL_RTMIN);
	is("34 is RTMIN alone", beyond.bytes, "RTMIN");
	is("31 is SYS", signal_standard_name(31), "SYS");
	text_clear(&beyond);
	signal_name(&beyond, 65);
	is("65 is no signal", beyond.bytes, "65");
	ok("33 has no standard name", !signal_standard_name(33));
	ok("0 has none", !signal_standard_name(0));
	is("10 is USR1", signal_standard_name(10), "USR1");
	return tap_end();
}
