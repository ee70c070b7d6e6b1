/*
 * musl_test.c - musl.c's functions beside this machine's libc: the same
 * answers to the same questions.  Prints TAP.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* musl.c's get names of their own here, beside libc's. */
#define strnlen	  our_strnlen
#define strlen	  our_strlen
#define strncmp	  our_strncmp
#define strcmp	  our_strcmp
#define read	  our_read
#define write	  our_write
#define close	  our_close
#define waitpid	  our_waitpid
#define tcsetpgrp our_tcsetpgrp
#define connect	  our_connect
#define sendto	  our_sendto
#define recvfrom  our_recvfrom
#include "musl.c"
#undef strnlen
#undef strlen
#undef strncmp
#undef strcmp
#undef read
#undef write
#undef close
#undef waitpid
#undef tcsetpgrp
#undef connect
#undef sendto
#undef recvfrom

enum { ROUNDS = 300000, STRING_MAX = 12 };

static int count, failed;

static void ok(const char *name, bool good)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++count, name);
	failed += !good;
}

/* A string of few letters, so that two of them often begin alike. */
static const char *fill(char *s)
{
	static const char letters[] = "aAbZ\x80\xff";
	int length = rand() % STRING_MAX;

	for (int i = 0; i < length; i++)
		s[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
	s[length] = '\0';
	return s;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_strings(void)
{
	bool lengths = true, compares = true;
	int equal = 0;

	for (int i = 0; i < ROUNDS; i++) {
		char x[STRING_MAX], y[STRING_MAX];
		const char *a = fill(x), *b = fill(y);
		size_t n = (size_t)rand() % STRING_MAX;

		lengths &= our_strlen(a) == strlen(a) &&
			   our_strnlen(a, n) == strnlen(a, n);
		compares &=
			sign(our_strcmp(a, b)) == sign(strcmp(a, b)) &&
			sign(our_strncmp(a, b, n)) == sign(strncmp(a, b, n));
		equal += strncmp(a, b, n) == 0;
	}
	ok("lengths are libc's", lengths);
	ok("comparisons are libc's", compares);
	ok("some thousands of which were equal", equal > 5000);
}

static void test_files(void)
{
	char bytes[8] = "";
	int fds[2];

	ok("there is a pipe", pipe(fds) == 0);
	ok("write() writes", our_write(fds[1], "abc", 3) == 3);
	ok("close() closes",
	   our_close(fds[1]) == 0 && write(fds[1], "d", 1) == -1);
	ok("read() reads", our_read(fds[0], bytes, sizeof(bytes)) == 3 &&
				   strcmp(bytes, "abc") == 0);
	ok("to the end", our_read(fds[0], bytes, sizeof(bytes)) == 0);
	close(fds[0]);
	ok("an error is one",
	   our_read(fds[0], bytes, 1) == -1 && errno == EBADF);
	ok("tcsetpgrp() needs a terminal",
	   our_tcsetpgrp(fds[0], getpid()) == -1 && errno == EBADF);
}

static void test_waitpid(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	ok("waitpid() returns who has ended",
	   our_waitpid(pid, &status, 0) == pid);
	ok("and how", WIFEXITED(status) && WEXITSTATUS(status) == 7);
	ok("nobody is left",
	   our_waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
}

static void test_sockets(void)
{
	struct sockaddr to = { .sa_family = AF_UNSPEC };
	char bytes[8] = "";
	int fds[2];

	ok("there is a pair of sockets",
	   socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0);
	ok("sendto() sends", our_sendto(fds[0], "abc", 3, 0, NULL, 0) == 3);
	ok("recvfrom() receives",
	   our_recvfrom(fds[1], bytes, 2, MSG_TRUNC, NULL, NULL) == 3 &&
		   strcmp(bytes, "ab") == 0);
	ok("connect() to nobody disconnects",
	   our_connect(fds[0], &to, sizeof(to)) == 0 &&
		   our_sendto(fds[0], "d", 1, 0, NULL, 0) == -1 &&
		   errno == ENOTCONN);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	srand(1);
	test_strings();
	test_files();
	test_waitpid();
	test_sockets();
	printf("1..%d\n", count);
	return failed > 0;
}
