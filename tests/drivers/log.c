/*
 * log.c - makes log.c do what its arguments say, with every signal
 * blocked, as lastcall has them.  What it finds goes to stdout.
 *
 *   logfmt, json, quiet  open the log in this way (text is the beginning)
 *   tick N               N events with a number
 *   value TEXT           an event with a value
 *   parts TEXT           an event for each part of a value, as it fits
 *   line TEXT            a line for a person
 *   warn ERRNO           a warning
 *   end PATH TEXT        the termination log; PATH - is the default
 *   process              from here on lines go through the writer's process
 *   kill                 SIGKILL to that process, which is reaped
 *   tend                 what the loop does about it
 *   finish               waits for it, at most a quarter of a second
 *   plain TEXT           to stdout, as it is
 *   pending              is a SIGPIPE or a SIGXFSZ pending?
 *   raise                a SIGPIPE from another process, waited for
 *   flags                are stderr's flags the ones that it came with?
 *   fds                  descriptors that an exec would pass on
 *   occupy               opens the file `wrong` on the lowest descriptor
 *   wait                 for a line on stdin
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/helper.h"
#include "lib/wait.h"
#include "log/log.h"
#include "log/termination.h"
#include "log/writer.h"

static void print_pending(void)
{
	sigset_t set;

	sigpending(&set);
	printf("pending=%s%s\n", sigismember(&set, SIGPIPE) ? "PIPE" : "",
	       sigismember(&set, SIGXFSZ) ? "XFSZ" : "");
}

static void raise_from_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		kill(getppid(), SIGPIPE);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void print_passed_on(void)
{
	const char *before = "fds=";

	for (int fd = 0; fd < 64; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC)) {
			printf("%s%d", before, fd);
			before = " ";
		}
	}
	printf("\n");
}

/* The writer's process is the only child, and lastcall says who is one. */
static void kill_writer(void)
{
	char line[32] = "";
	FILE *f = fopen("/proc/thread-self/children", "r");
	pid_t pid;

	if (f && fgets(line, sizeof(line), f)) {
		pid = atoi(line);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
		printf("killed=%d\n", helper_reaped(pid));
	}
}

static void wait_for_line(void)
{
	char c;

	printf("READY\n");
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
}

static void tick(int count)
{
	for (int i = 1; i <= count; i++) {
		log_begin("tick", LOG_INFO);
		log_number("n", i);
		log_duration_ms("total_ms", i * NS_PER_S + 999999);
		log_signal("signal", SIGTERM);
		log_end();
	}
}

static void write_parts(const char *value)
{
	while (*value != '\0') {
		log_begin("part", LOG_INFO);
		value += log_part("value", value);
		log_flag("last", *value == '\0');
		log_end();
	}
}

int main(int argc, char **argv)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);

	/* libc leaves out its own. */
	(void)spawn_set_mask(UINT64_MAX, NULL);
	setvbuf(stdout, NULL, _IONBF, 0);
	log_open(LOG_TEXT, 1);
	for (int i = 1; i < argc; i++) {
		const char *what = argv[i];

		if (strcmp(what, "json") == 0) {
			log_open(LOG_JSON, 1);
		} else if (strcmp(what, "logfmt") == 0) {
			log_open(LOG_LOGFMT, 1);
		} else if (strcmp(what, "quiet") == 0) {
			log_open(LOG_TEXT, 0);
		} else if (strcmp(what, "tick") == 0) {
			tick(atoi(argv[++i]));
		} else if (strcmp(what, "value") == 0) {
			log_begin("said", LOG_WARNING);
			log_text("value", argv[++i]);
			log_number("after", 1);
			log_end();
		} else if (strcmp(what, "parts") == 0) {
			write_parts(argv[++i]);
		} else if (strcmp(what, "line") == 0) {
			log_line(argv[++i]);
		} else if (strcmp(what, "warn") == 0) {
			log_warning("that did not work", atoi(argv[++i]));
		} else if (strcmp(what, "end") == 0) {
			const char *path = argv[++i];

			termination_write(strcmp(path, "-") ? path : NULL,
					  argv[++i]);
		} else if (strcmp(what, "process") == 0) {
			writer_use_process();
		} else if (strcmp(what, "kill") == 0) {
			kill_writer();
		} else if (strcmp(what, "tend") == 0) {
			writer_tend();
		} else if (strcmp(what, "finish") == 0) {
			writer_finish(clock_ns() +
				      WRITER_FINISH_MS * NS_PER_MS);
		} else if (strcmp(what, "plain") == 0) {
			what = argv[++i];
			log_plain(STDOUT_FILENO, what, strlen(what));
		} else if (strcmp(what, "pending") == 0) {
			print_pending();
		} else if (strcmp(what, "raise") == 0) {
			raise_from_child();
		} else if (strcmp(what, "flags") == 0) {
			printf("flags=%s\n",
			       fcntl(STDERR_FILENO, F_GETFL) == flags
				       ? "same"
				       : "changed");
		} else if (strcmp(what, "fds") == 0) {
			print_passed_on();
		} else if (strcmp(what, "occupy") == 0) {
			printf("occupied=%d\n",
			       open("wrong", O_RDWR | O_CREAT | O_TRUNC, 0600));
		} else if (strcmp(what, "wait") == 0) {
			wait_for_line();
		} else {
			printf("unknown word %s\n", what);
			return 2;
		}
	}
	return 0;
}
