/*
 * text_test.c - text.c and signals.c: what is written and what is read.
 * Prints TAP.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "init.h"

static int count, failed;

static void is(const char *name, const char *got, const char *want)
{
	bool same = strcmp(got, want) == 0;

	printf("%s %d - %s\n", same ? "ok" : "not ok", ++count, name);
	if (!same) {
		printf("# got  %s\n# want %s\n", got, want);
		failed++;
	}
}

static void ok(const char *name, bool good)
{
	is(name, good ? "yes" : "no", "yes");
}

/* Writes `s` with `write` into a text of `size` bytes. */
static const char *written(void (*write)(struct text *, const char *),
			   const char *s, size_t size)
{
	static char bytes[512];
	struct text t = { bytes, size, 0, false };

	memset(bytes, 'x', sizeof(bytes));
	text_clear(&t);
	write(&t, s);
	return bytes;
}

static void test_numbers(void)
{
	static const struct {
		int64_t n;
		int width;
		const char *want;
	} rows[] = {
		{ 0, 1, "0" },
		{ 7, 3, "007" },
		{ -7, 3, "-007" },
		{ 1234, 3, "1234" },
		{ INT64_MAX, 1, "9223372036854775807" },
		{ INT64_MIN, 1, "-9223372036854775808" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		TEXT(t, 32);

		text_padded(&t, rows[i].n, rows[i].width);
		is("a number is written", t.bytes, rows[i].want);
	}
}

static void test_durations(void)
{
	static const struct {
		const char *s;
		int64_t ns; /* -1: refused */
		const char *shown;
	} rows[] = {
		{ "0", 0, "0s" },
		{ "800ms", 800 * NS_PER_MS, "800ms" },
		{ "9", 9 * NS_PER_S, "9s" },
		{ "9s", 9 * NS_PER_S, "9s" },
		{ "1.5s", 1500 * NS_PER_MS, "1.5s" },
		{ "1.05", 1050 * NS_PER_MS, "1.05s" },
		{ "61.234s", 61234 * NS_PER_MS, "1m1.234s" },
		{ "60.5s", 60500 * NS_PER_MS, "1m0.5s" },
		{ "0.9", 900 * NS_PER_MS, "900ms" },
		{ "2m", 120 * NS_PER_S, "2m" },
		{ "1.5m", 90 * NS_PER_S, "1m30s" },
		{ "1h", 3600 * NS_PER_S, "1h" },
		{ "0.25h", 900 * NS_PER_S, "15m" },
		{ "3601", 3601 * NS_PER_S, "1h1s" },
		{ "1.5h", 5400 * NS_PER_S, "1h30m" },
		{ "0.0000000019s", 1, "0s" },
		{ "8760h", INT64_C(8760) * 3600 * NS_PER_S, "8760h" },
		{ "31536000000ms", INT64_C(8760) * 3600 * NS_PER_S, "8760h" },
		{ "8760.1h", -1, NULL },
		{ "8761h", -1, NULL },
		{ "99999999999999999999", -1, NULL },
		{ "31536000001ms", -1, NULL },
		{ "", -1, NULL },
		{ "s", -1, NULL },
		{ "-1", -1, NULL },
		{ "+1", -1, NULL },
		{ " 1", -1, NULL },
		{ "1 s", -1, NULL },
		{ "1.s", -1, NULL },
		{ ".5", -1, NULL },
		{ "1.5.5", -1, NULL },
		{ "1d", -1, NULL },
		{ "1S", -1, NULL },
		{ "1e3", -1, NULL },
		{ "0x10", -1, NULL },
		{ "1m30s", -1, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t ns = -1;
		bool good = text_to_duration(rows[i].s, &ns);
		TEXT(t, 32);

		ok(rows[i].s,
		   good == (rows[i].ns >= 0) && (!good || ns == rows[i].ns));
		if (rows[i].shown) {
			text_duration(&t, ns);
			is("the duration is written", t.bytes, rows[i].shown);
		}
	}
}

static void test_reading_numbers(void)
{
	int64_t n;

	ok("255 is at most 255", text_to_number("255", 255, &n) && n == 255);
	ok("256 is not", !text_to_number("256", 255, &n));
	ok("a sign is no number", !text_to_number("-1", 255, &n));
	ok("nothing is no number", !text_to_number("", 255, &n));
	ok("more after it is no number", !text_to_number("1x", 255, &n));
	ok("the largest number is read",
	   text_to_number("9223372036854775807", INT64_MAX, &n) &&
		   n == INT64_MAX);
	ok("one more is not",
	   !text_to_number("9223372036854775808", INT64_MAX, &n));
}

static void test_quoted(void)
{
	static const struct {
		const char *s, *want;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "a\nb\tc\rd\x1b", "\"a\\nb\\tc\\u000dd\\u001b\"" },
		{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
		{ "\xe2\x82\xac", "\"\xe2\x82\xac\"" },
		{ "\xf0\x9f\x8d\xba", "\"\xf0\x9f\x8d\xba\"" },
		{ "\x80", "\"\\ufffd\"" },
		{ "\xc3", "\"\\ufffd\"" },
		{ "\xc3(", "\"\\ufffd(\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
		{ "\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf0\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf5\x80", "\"\\ufffd\\ufffd\"" },
		{ " \x7f", "\" \\u007f\"" },
		{ "\xc2\x80\xc2\x9b", "\"\\u0080\\u009b\"" },
		{ "\xc2\xa0\xdf\xbf", "\"\xc2\xa0\xdf\xbf\"" },
		{ "\xe0\xa0\x80", "\"\xe0\xa0\x80\"" },
		{ "\xed\x9f\xbf", "\"\xed\x9f\xbf\"" },
		{ "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		is("JSON's quotes", written(text_quoted, rows[i].s, 512),
		   rows[i].want);
	is("a quoted text that is cut is closed",
	   written(text_quoted, "abcdefghijklmnop", 12), "\"abcd\"");
}

static void test_shown(void)
{
	static const char long_text[] =
		"0123456789012345678901234567890123456789012345678901234567890";

	is("plain text is shown in quotes", written(text_shown, "a b", 512),
	   "'a b'");
	is("control bytes are not shown",
	   written(text_shown, "a\x1b[2J\n\x7f\xc2\x9b\xff.", 512),
	   "'a?[2J????.'");
	is("U+00A0 is no control", written(text_shown, "\xc2\xa0", 512),
	   "'\xc2\xa0'");
	is("UTF-8 is shown", written(text_shown, "\xc3\xbc", 512),
	   "'\xc3\xbc'");
	is("a long text ends in an ellipsis",
	   written(text_shown, long_text, 512),
	   "'012345678901234567890123456789012345678901234567890123456789"
	   "...'");
	is("sixty bytes are shown whole",
	   written(text_shown, long_text + 1, 512),
	   "'123456789012345678901234567890123456789012345678901234567890'");
	is("a character is not cut in two",
	   written(text_shown,
		   "01234567890123456789012345678901234567890123456789012345678"
		   "\xc3\xbc",
		   512),
	   "'01234567890123456789012345678901234567890123456789012345678"
	   "...'");
}

static void test_full(void)
{
	TEXT(t, 4);

	text_add(&t, "abcdef");
	text_byte(&t, 'x');
	is("what does not fit is dropped", t.bytes, "abc");
	ok("and remembered", t.cut);
	text_clear(&t);
	text_add(&t, "abc");
	ok("a text that is just full is not cut", !t.cut);
	text_clear(&t);
	is("a cleared text is empty", t.bytes, "");
	text_add(&t, "abcd");
	text_quoted(&t, "x");
	is("nothing is added to a text that was cut", t.bytes, "abc");
}

static void test_format(void)
{
	TEXT(t, 128);

	text_format(&t, "%s is %d, not %q for %t.", "a", -7, "b\n",
		    1500 * NS_PER_MS);
	is("a format is filled in", t.bytes, "a is -7, not 'b?' for 1.5s.");
}

static void test_errors(void)
{
	TEXT(t, 128);

	text_error(&t, EPERM);
	is("the first error has words", t.bytes, "operation not permitted");
	text_clear(&t);
	text_error(&t, ENOENT);
	is("an error has words", t.bytes, "no such file or directory");
	text_clear(&t);
	text_error(&t, 9999);
	is("another has its number", t.bytes, "error 9999");
}

static void test_same(void)
{
	ok("letters are the same in either case", text_same("aZmz", "AzMZ", 4));
	ok("the first must be, too", !text_same("bc", "ac", 2));
	ok("@ is no letter, nor [",
	   !text_same("@", "`", 1) && !text_same("[", "{", 1));
}

static void test_signals(void)
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
}

int main(void)
{
	test_numbers();
	test_durations();
	test_reading_numbers();
	test_quoted();
	test_shown();
	test_full();
	test_format();
	test_errors();
	test_same();
	test_signals();
	printf("1..%d\n", count);
	return failed > 0;
}
