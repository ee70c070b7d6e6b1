/*
 * text_test.c - text.c: what is written and what is read.
 * Prints TAP.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/text.h"
#include "tap.h"

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

enum { TOO_LONG = -2 };

static void test_durations(void)
{
	static const struct {
		const char *s;
		int64_t ns; /* -1: refused, or TOO_LONG */
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
		{ "8760.1h", TOO_LONG, NULL },
		{ "8761h", TOO_LONG, NULL },
		{ "99999999999999999999", TOO_LONG, NULL },
		{ "31536000001ms", TOO_LONG, NULL },
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
		{ "1m30s", 90 * NS_PER_S, "1m30s" },
		{ "1h0.5s", 3600500 * NS_PER_MS, "1h0.5s" },
		{ "1h2m3s4ms", 3723004 * NS_PER_MS, "1h2m3.004s" },
		{ "0.5h30m", 3600 * NS_PER_S, "1h" },
		{ "8759h60m", INT64_C(8760) * 3600 * NS_PER_S, "8760h" },
		{ "8760h1ms", TOO_LONG, NULL },
		{ "1m30", -1, NULL },
		{ "30s1m", -1, NULL },
		{ "1s1s", -1, NULL },
		{ "1 1s", -1, NULL },
		{ "1m 30s", -1, NULL },
		{ "1msh", -1, NULL },
		{ "1mm", -1, NULL },
		{ "1m30s!", -1, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t ns = -1;
		bool good = text_to_duration(rows[i].s, &ns);
		TEXT(t, 32);

		ok(rows[i].s,
		   good == (rows[i].ns >= 0) && (!good || ns == rows[i].ns));
		if (!good)
			ok("too long, or none at all",
			   (ns > 0) == (rows[i].ns == TOO_LONG));
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
	text_clear(&t);
	text_format(&t, "%d%% of %s", 7, "it");
	is("%% is one %", t.bytes, "7% of it");
	text_clear(&t);
	text_format(&t, "%s: %u and %s", "a", 7, "b");
	is("an unknown verb is shown, and takes no value", t.bytes,
	   "a: %u and %s");
	text_clear(&t);
	text_format(&t, "half %");
	is("a format that ends in % ends there", t.bytes, "half %");
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

static void test_nearest(void)
{
	static const struct {
		const char *s, *want;
	} rows[] = {
		{ "GRACE", "grace" },  { "gace", "grace" },
		{ "graace", "grace" }, { "grade", "grace" },
		{ "garce", "grace" },  { "dela", "delay" },
		{ "delays", "delay" }, { "on", "on" },
		{ "grade-x", "" },     { "", "" },
		{ "o", "" },	       { "gr", "" },
		{ "eacgr", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct nearest n = { rows[i].s, strlen(rows[i].s), DISTANCE_FAR,
				     "" };
		TEXT(got, 64);

		text_try(&n, "on");
		text_try(&n, "grace");
		text_try(&n, "delay|other");
		text_bytes(&got, n.word, strcspn(n.word, "|"));
		is(rows[i].s, got.bytes, rows[i].want);
	}
}

static void test_choice(void)
{
	ok("the first", text_choice("text|json", "text", false) == 0);
	ok("the last", text_choice("text|json", "json", false) == 1);
	ok("not its beginning", text_choice("text|json", "js", false) == -1);
	ok("nor more", text_choice("text|json", "jsonl", false) == -1);
	ok("nor the bar", text_choice("text|json", "text|json", false) == -1);
	ok("nor nothing", text_choice("text|json", "", false) == -1);
	ok("capitals", text_choice("text|json", "JSON", true) == 1);
	ok("are others", text_choice("text|json", "JSON", false) == -1);
}

static void test_unquoted(void)
{
	static const struct {
		const char *s;
		size_t want;
	} rows[] = {
		{ "", 0 },
		{ "ab", 2 },
		{ "a|b", 1 },
		{ "'a|b'|", 5 },
		{ "\"a|b\"|", 5 },
		{ "\"a'|\"|", 5 },
		{ "\"a\\\"|\"|", 6 },
		{ "'a\\'|", 4 },
		{ "a\\|b|", 4 },
		{ "'a|", 3 },
		{ "a\\", 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ok(rows[i].s, text_unquoted(rows[i].s, "|") == rows[i].want);
	ok("a backslash of the set", text_unquoted("ab\\n", "\\") == 2);
}

static void test_line(void)
{
	char text[] = "low 1\noom 5\noom_kill 7\n";
	char none[] = "";

	is("the first line", text_line(text, "low ") ?: "", text + 4);
	is("a later one", text_line(text, "oom_kill ") ?: "", "7\n");
	is("one whose beginning is another's", text_line(text, "oom ") ?: "",
	   text + 10);
	ok("none in the middle of a line", !text_line(text, "kill "));
	ok("none in an empty text", !text_line(none, "low "));
}

static void test_digits(void)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	int counts;

	/* Every byte but NUL, which would be found at the end. */
	for (int c = 1; c < 256; c++) {
		const char *at = strchr(digits, c);

		counts = at ? (int)(at - digits) : -1;
		if (counts > 15)
			counts -= 6;
		if (text_digit((char)c, 16) != counts ||
		    text_digit((char)c, 10) != (counts < 10 ? counts : -1)) {
			ok("every byte is the digit that it looks like", false);
			return;
		}
	}
	ok("every byte is the digit that it looks like", true);
	ok("NUL is no digit", text_digit('\0', 16) == -1);
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
	test_line();
	test_nearest();
	test_choice();
	test_unquoted();
	test_digits();
	return tap_end();
}
