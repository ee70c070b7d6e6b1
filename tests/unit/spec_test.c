/*
 * spec_test.c - spec.c: what a hook is read as, and which addresses are.
 * Prints TAP.
 */
#include <arpa/inet.h>
#include <string.h>

#include "hook/spec.h"
#include "lib/text.h"
#include "tap.h"

static const struct {
	const char *text, *want;
} hook_rows[] = {
	{ "a", "[a]" },
	{ "  a\tb \n c ", "[a][b][c]" },
	{ "a 'b c' d", "[a][b c][d]" },
	{ "a 'b \\' \"c d\"", "[a][b \\][c d]" },
	{ "a b'c'\"d\"e", "[a][bcde]" },
	{ "a '' \"\"", "[a][][]" },
	{ "a \\ b \\'c", "[a][ b]['c]" },
	{ "a \"b \\\" \\\\ \\$ \\` \\n\"", "[a][b \" \\ $ ` \\n]" },
	{ "a \"it's\" 'say \"x\"'", "[a][it's][say \"x\"]" },
	{ "a b\\\nc \"d\\\ne\"", "[a][bc][de]" },
	{ "a $HOME *.c ~ #x", "[a][$HOME][*.c][~][#x]" },
	{ "a 'b", "no: a quote is not closed" },
	{ "a \"b", "no: a quote is not closed" },
	{ "a b\\", "no: a quote is not closed" },
	{ "a \"b\\", "no: a quote is not closed" },
	{ "", "no: there is no command" },
	{ " \t", "no: there is no command" },
	{ "'' a", "no: there is no command" },
	{ "http://127.0.0.1/", "GET 127.0.0.1 80 as 127.0.0.1 /" },
	{ "http://127.0.0.1:8080/a?b=c",
	  "GET 127.0.0.1 8080 as 127.0.0.1:8080 /a?b=c" },
	{ "POST http://localhost:1/x", "POST localhost 1 as localhost:1 /x" },
	{ "PUT  http://[::1]:65535/x", "PUT ::1 65535 as [::1]:65535 /x" },
	{ "http://[fe80::1]", "GET fe80::1 80 as [fe80::1] /" },
	{ "http://10.0.0.1:80", "GET 10.0.0.1 80 as 10.0.0.1:80 /" },
	{ "http://unix:/run/a.sock:/x/y",
	  "GET unix /run/a.sock as localhost /x/y" },
	{ "DELETE http://unix:/run/a.sock",
	  "DELETE unix /run/a.sock as localhost /" },
	{ "http://unix:/run/a.sock:", "GET unix /run/a.sock as localhost /" },
	/* A name is a command where no URL follows it. */
	{ "POST", "[POST]" },
	{ "POST x", "[POST][x]" },
	{ "post http://127.0.0.1/", "[post][http://127.0.0.1/]" },
	{ "GEThttp://127.0.0.1/", "[GEThttp://127.0.0.1/]" },
	{ "http:/127.0.0.1/", "[http:/127.0.0.1/]" },
	{ "https://127.0.0.1/", "no: TLS is not spoken" },
	{ "POST https://127.0.0.1/", "no: TLS is not spoken" },
	{ "http://web:80/", "no: 'web:80' is not an IPv4 address, [IPv6] or "
			    "localhost (lastcall does not resolve names)" },
	{ "http:///x", "no: '' is not an IPv4 address, [IPv6] or localhost "
		       "(lastcall does not resolve names)" },
	{ "http://1.2.3/", "no: '1.2.3' is not an IPv4 address, [IPv6] or "
			   "localhost (lastcall does not resolve names)" },
	{ "http://u@127.0.0.1/",
	  "no: 'u@127.0.0.1' is not an IPv4 address, [IPv6] or localhost "
	  "(lastcall does not resolve names)" },
	{ "http://[::1/", "no: '[::1' is not an IPv4 address, [IPv6] or "
			  "localhost (lastcall does not resolve names)" },
	{ "http://[1.2.3.4]/",
	  "no: '[1.2.3.4]' is not an IPv4 address, [IPv6] or localhost "
	  "(lastcall does not resolve names)" },
	{ "http://[]/", "no: '[]' is not an IPv4 address, [IPv6] or localhost "
			"(lastcall does not resolve names)" },
	{ "http://::1/", "no: '::1' is not an IPv4 address, [IPv6] or "
			 "localhost (lastcall does not resolve names)" },
	{ "http://127.0.0.1:/", "no: ':' is not a port from :1 to :65535" },
	{ "http://127.0.0.1:0/", "no: ':0' is not a port from :1 to :65535" },
	{ "http://127.0.0.1:65536/",
	  "no: ':65536' is not a port from :1 to :65535" },
	{ "http://127.0.0.1:000000080/",
	  "no: ':000000080' is not a port from :1 to :65535" },
	{ "http://[::1]80/", "no: '80' is not a port from :1 to :65535" },
	{ "http://127.0.0.1?x", "no: '?x' is not a path from the slash on" },
	{ "http://127.0.0.1#x", "no: '#x' is not a path from the slash on" },
	{ "http://unix:/a.sock:x", "no: 'x' is not a path from the slash on" },
	{ "http://unix:a.sock:/", "no: the socket needs a path of 1 to 107 "
				  "bytes from the root" },
	{ "http://127.0.0.1/a b", "no: a blank in the URL" },
	{ "http://127.0.0.1/a\rb", "no: a blank in the URL" },
	{ "http://127.0.0.1/a\177", "no: a blank in the URL" },
};

/* Is it read, or refused, as inet_pton(3) does? */
static bool same_address(const char *s, bool six)
{
	unsigned char ours[16] = { 0 }, theirs[16] = { 0 };
	bool good = inet_pton(six ? AF_INET6 : AF_INET, s, theirs) == 1;

	return address_parse(s, six, ours) == good &&
	       (!good || memcmp(ours, theirs, sizeof(ours)) == 0);
}

static void test_addresses(void)
{
	static const char *const rows[] = {
		"127.0.0.1",
		"0.0.0.0",
		"255.255.255.255",
		"256.1.1.1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.",
		".1.2.3",
		"1..2.3",
		"1.2.3.4444",
		"1.2.3.x",
		"010.0.0.1",
		"1.2.3.00",
		"",
		"::",
		"::1",
		"1::",
		":",
		":::",
		":1",
		"1:",
		"::1::",
		"1::2::3",
		"fd00::a:1f",
		"FE80::1:0:0",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"1:2:3:4::5:6:7:8",
		"12345::",
		"0123:4567:89ab:cdef:CDEF:ffff::",
		"::ffff:127.0.0.1",
		"1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3",
		"::1.2.3.4:5",
		"g::",
	};
	static const char alphabet[] = "01259afF::::...";
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		is("an address, as IPv4",
		   same_address(rows[i], false) ? "" : rows[i], "");
		is("an address, as IPv6",
		   same_address(rows[i], true) ? "" : rows[i], "");
	}
	for (int i = 0; i < 200000; i++) {
		char s[16] = "";
		size_t length = 2 + (seed >> 16) % 13;

		for (size_t at = 0; at < length; at++) {
			seed = seed * 1103515245 + 12345;
			s[at] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		if (same_address(s, false) && same_address(s, true))
			continue;
		is("an address made up", s, "");
		return;
	}
}

static void test_hook(const char *s, const char *want)
{
	struct hook_spec hook;
	TEXT(why, 256);
	TEXT(got, 8192);

	if (!hook_spec_parse(&hook, s, &why)) {
		text_format(&got, "no: %s", why.bytes);
	} else if (hook.is_http && hook.is_unix) {
		text_format(&got, "%s unix %s as %s %s", hook.method, hook.host,
			    hook.header_host, hook.path);
	} else if (hook.is_http) {
		text_format(&got, "%s %s %d as %s %s", hook.method, hook.host,
			    hook.port, hook.header_host, hook.path);
	} else {
		for (char **word = hook.argv; *word; word++)
			text_format(&got, "[%s]", *word);
	}
	is(s, got.bytes, want);
}

static void test_hooks(void)
{
	char many[2 * HOOK_WORDS_MAX + 3];
	char long_text[2 * HOOK_BYTES_MAX];
	char socket[256] = "http://unix:/";
	TEXT(most, 512);

	for (size_t i = 0; i < sizeof(hook_rows) / sizeof(*hook_rows); i++)
		test_hook(hook_rows[i].text, hook_rows[i].want);

	memset(many, ' ', sizeof(many));
	for (int i = 0; i < HOOK_WORDS_MAX; i++) {
		many[2 * i] = 'a';
		text_add(&most, "[a]");
	}
	many[2 * HOOK_WORDS_MAX] = '\0';
	test_hook(many, most.bytes);
	memcpy(many + 2 * HOOK_WORDS_MAX, "a", 2);
	test_hook(many, "no: more than 64 words");

	memset(long_text, 'a', sizeof(long_text));
	long_text[HOOK_BYTES_MAX - 1] = '\0';
	test_hook(long_text, "no: more than 4096 bytes");
	memcpy(long_text, "http://10.0.0.1/", 16);
	test_hook(long_text, "no: more than 4096 bytes");

	memset(socket + 13, 's', 106);
	text_clear(&most);
	text_format(&most, "GET unix %s as localhost /", socket + 12);
	test_hook(socket, most.bytes);
	socket[13 + 106] = 's';
	test_hook(socket, "no: the socket needs a path of 1 to 107 bytes from "
			  "the root");
}

int main(void)
{
	test_addresses();
	test_hooks();
	return tap_end();
}
