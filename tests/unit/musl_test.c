/*
 * musl_test.c - musl.c's string functions and inet_pton(3) beside this
 * machine's libc: the same answers to the same, mostly random, questions.
 * Prints TAP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* musl.c's get names of their own here, beside libc's. */
#define memset	    our_memset
#define memchr	    our_memchr
#define strnlen	    our_strnlen
#define strlen	    our_strlen
#define strcpy	    our_strcpy
#define strchr	    our_strchr
#define strspn	    our_strspn
#define strcspn	    our_strcspn
#define strncmp	    our_strncmp
#define strncasecmp our_strncasecmp
#define strcmp	    our_strcmp
#define strcasecmp  our_strcasecmp
#define getenv	    our_getenv
#define inet_pton   our_inet_pton
#define open	    our_open
#define fcntl	    our_fcntl
#define prctl	    our_prctl
#define pipe2	    our_pipe2
#define readlink    our_readlink
#define socket	    our_socket
#define fstat	    our_fstat
#define mmap	    our_mmap
#define _Fork	    our_fork
#pragma GCC diagnostic ignored "-Wunused-function"
#include "musl.c"
#undef memset
#undef memchr
#undef strnlen
#undef strlen
#undef strcpy
#undef strchr
#undef strspn
#undef strcspn
#undef strncmp
#undef strncasecmp
#undef strcmp
#undef strcasecmp
#undef getenv
#undef inet_pton
#undef open
#undef fcntl
#undef prctl
#undef pipe2
#undef readlink
#undef socket
#undef fstat
#undef mmap
#undef _Fork

enum { ROUNDS = 300000, STRING_MAX = 12 };

static int count, failed;
static int accepted; /* addresses */

static void ok(const char *name, bool good)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++count, name);
	failed += !good;
}

/* A string of few letters, so that two of them often begin alike. */
static const char *fill(char *s, const char *letters)
{
	int length = rand() % STRING_MAX;

	for (int i = 0; i < length; i++)
		s[i] = letters[(size_t)rand() % strlen(letters)];
	s[length] = '\0';
	return s;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_strings(void)
{
	static const char letters[] = "aAbZz@[`{\x80\xff";
	bool lengths = true, finds = true, compares = true, copies = true;

	for (int i = 0; i < ROUNDS; i++) {
		char x[STRING_MAX], y[STRING_MAX], copy[STRING_MAX];
		const char *a = fill(x, letters), *b = fill(y, letters);
		size_t n = (size_t)rand() % STRING_MAX;
		int c = i % 20 == 0 ? 0 : letters[rand() % 11];

		lengths &= our_strlen(a) == strlen(a) &&
			   our_strnlen(a, n) == strnlen(a, n) &&
			   our_strspn(a, b) == strspn(a, b) &&
			   our_strcspn(a, b) == strcspn(a, b);
		finds &= our_strchr(a, c) == strchr(a, c) &&
			 our_memchr(a, c, n) == memchr(a, c, n);
		compares &=
			sign(our_strcmp(a, b)) == sign(strcmp(a, b)) &&
			sign(our_strncmp(a, b, n)) == sign(strncmp(a, b, n)) &&
			sign(our_strcasecmp(a, b)) == sign(strcasecmp(a, b)) &&
			sign(our_strncasecmp(a, b, n)) ==
				sign(strncasecmp(a, b, n));
		memset(copy, 'x', sizeof(copy));
		copies &= our_strcpy(copy, a) == copy && strcmp(copy, a) == 0;
	}
	ok("lengths and spans are libc's", lengths);
	ok("what is found is where libc finds it", finds);
	ok("comparisons are libc's", compares);
	ok("a copy is the same", copies);
}

static void test_memset(void)
{
	char bytes[4] = "abc";

	ok("memset() returns its memory",
	   our_memset(bytes + 1, 'x', 2) == bytes + 1);
	ok("and fills that alone", strcmp(bytes, "axx") == 0);
}

static void test_getenv(void)
{
	setenv("MUSL_TEST", "one=two", 1);
	unsetenv("MUSL_TES");
	ok("a variable is found",
	   our_getenv("MUSL_TEST") == getenv("MUSL_TEST"));
	ok("the beginning of its name is not", our_getenv("MUSL_TES") == NULL);
}

/* The same verdict, and the same bytes where it is yes. */
static bool is_same_address(int family, const char *s)
{
	unsigned char ours[16] = { 0 }, theirs[16] = { 0 };
	int good = inet_pton(family, s, theirs);

	accepted += good;
	if (our_inet_pton(family, s, ours) != good ||
	    (good && memcmp(ours, theirs, sizeof(ours)) != 0)) {
		printf("# %s is %d\n", s, good);
		return false;
	}
	return true;
}

static void test_addresses(void)
{
	static const char *const some[] = {
		"",
		"127.0.0.1",
		"255.255.255.255",
		"256.0.0.1",
		"1.2.3",
		"1.2.3.4.",
		"01.2.3.4",
		"0.0.0.0",
		"1.2.3.4.5",
		"1..2.3",
		"1.2.3.1000",
		"::",
		"::1",
		"1::",
		":1",
		"1:",
		":::",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4::5:6:7:8",
		"1::2::3",
		"fe80::ABCD:ef01",
		"12345::",
		"::ffff:1.2.3.4",
		"1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3",
		"1.2.3.4",
		"::1.2.3.4:5",
		"::g",
		"::1%lo",
		"::\x11",
		"::1.2.3.256",
	};
	bool same = true;

	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
		same &= is_same_address(AF_INET, some[i]) &
			is_same_address(AF_INET6, some[i]);
	ok("known addresses are libc's", same);

	for (int i = 0; i < ROUNDS && same; i++) {
		char s[64] = "";
		int groups = rand() % 10;

		for (int j = 0; j < groups; j++) {
			static const char *const parts[] = {
				"0", "1", "aF", "1234", "255", "25", "09",
			};

			strcat(s, parts[rand() % 7]);
			if (rand() % 6)
				strcat(s, rand() % 3   ? ":"
					  : rand() % 2 ? "::"
						       : ".");
		}
		same &= is_same_address(AF_INET6, s);
		same &= is_same_address(AF_INET, s);
	}
	ok("and random ones", same);

	for (int i = 0; i < ROUNDS && same; i++) {
		char s[STRING_MAX];

		fill(s, "0129.");
		same &= is_same_address(AF_INET, s);
		fill(s, "1f:::.");
		same &= is_same_address(AF_INET6, s);
	}
	ok("and short ones", same);
	ok("some thousands of which were good", accepted > 5000);
}

/* What the kernel fills in is what this libc's header says of it. */
static void test_fstat(void)
{
	struct stat st = { 0 }, here = { 0 };
	int fd = our_open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	ok("open() opens", fd >= 0);
	ok("fstat() knows a regular file",
	   our_fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
	ok("and which it is", stat("/etc/passwd", &here) == 0 &&
				      here.st_ino == st.st_ino &&
				      here.st_dev == st.st_dev);
	ok("fcntl() duplicates above",
	   our_fcntl(fd, F_DUPFD_CLOEXEC, 100) >= 100);
	ok("what is not there is an error",
	   our_open("/nowhere/at/all", O_RDONLY) == -1 && errno == ENOENT);
	close(fd);
}

int main(void)
{
	srand(1);
	test_strings();
	test_memset();
	test_getenv();
	test_addresses();
	test_fstat();
	printf("1..%d\n", count);
	return failed > 0;
}
