/*
 * run.c - starting and ending inits, and reading what the kernel says of
 * them.
 */
#include "bench.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void die(const char *what)
{
	perror(what);
	exit(1);
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t proc_number(pid_t pid, const char *name, const char *key)
{
	char path[64];
	char text[4096];
	const char *at;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got < 0)
		return -1;
	text[got] = '\0';
	at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

static unsigned long namespaces(void)
{
	unsigned long flags = CLONE_NEWPID | CLONE_NEWNS;

	return geteuid() == 0 ? flags : flags | CLONE_NEWUSER;
}

bool run_can_be_init(void)
{
	static int answer = -1;
	long pid;

	if (answer >= 0)
		return answer;
	pid = syscall(SYS_clone, namespaces() | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	answer = pid > 0;
	return answer;
}

bool run_words(const char *all[WORDS_MAX], const struct peer *peer,
	       bool as_init, const char *const *words)
{
	const char *const *own = as_init ? peer->as_init : peer->as_subreaper;
	int n = 0;

	if (!peer->path[0] || !own)
		return false;
	all[n++] = peer->path;
	while (*own)
		all[n++] = *own++;
	while (*words)
		all[n++] = *words++;
	all[n] = NULL;
	return true;
}

static void become(const char *const *words, bool as_init, int in, int out)
{
	int null = open("/dev/null", O_WRONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (as_init) {
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
		if (mount("proc", "/proc", "proc", 0, NULL) < 0)
			die("mount /proc");
	}
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

bool run_start(struct running *r, const struct peer *peer, bool as_init,
	       const char *const *words)
{
	static const char ready[] = "READY\n";
	const char *all[WORDS_MAX];
	char said[sizeof(ready)] = "";
	size_t length = 0;
	int in[2];
	int out[2];

	if (!run_words(all, peer, as_init, words))
		return false;
	if (as_init && !run_can_be_init())
		return false;
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		die("pipe2");
	r->pid = as_init ? (pid_t)syscall(SYS_clone, namespaces() | SIGCHLD, 0,
					  0, 0, 0)
			 : fork();
	if (r->pid < 0)
		die("fork");
	if (r->pid == 0)
		become(all, as_init, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	r->in_fd = in[1];
	r->out_fd = out[0];
	while (length < sizeof(ready) - 1) {
		ssize_t got = read(r->out_fd, said + length,
				   sizeof(ready) - 1 - length);

		if (got <= 0)
			break;
		length += (size_t)got;
	}
	if (strcmp(said, ready) == 0)
		return true;
	fprintf(stderr, "bench: %s did not start its program\n", peer->name);
	run_stop(r);
	return false;
}

void run_stop(struct running *r)
{
	char children[256];
	char path[64];
	ssize_t got = 0;
	int fd;

	/* A subreaper's child is not ended by the init's own end. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", r->pid,
		 r->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, children, sizeof(children) - 1);
		close(fd);
	}
	children[got > 0 ? got : 0] = '\0';
	for (char *s = strtok(children, " "); s; s = strtok(NULL, " "))
		kill(atoi(s), SIGKILL);
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	close(r->in_fd);
	close(r->out_fd);
}
