/*
 * hang - makes one system call of lastcall's helpers hang for ever.
 *
 *     hang N REPORT PROGRAM ARG...
 *
 * Runs PROGRAM, which is lastcall, and stops the N-th call that its helpers
 * make, the children that have another exit signal than SIGCHLD.  The call
 * never begins, and only SIGKILL ends the process.  Its number goes to the file
 * REPORT.  All others run free.  Exits as PROGRAM does.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRACEES_MAX = 64 };

static pid_t helpers[TRACEES_MAX];
static int helper_count, calls, target;
static const char *report;

static int is_helper(pid_t pid)
{
	for (int i = 0; i < helper_count; i++)
		if (helpers[i] == pid)
			return 1;
	return 0;
}

/* A helper is at a call's begin or end; returns whether it hangs now. */
static int hangs(pid_t pid)
{
	struct __ptrace_syscall_info info;
	FILE *f;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY || ++calls != target)
		return 0;
	f = fopen(report, "w");
	if (f) {
		fprintf(f, "%llu\n", (unsigned long long)info.entry.nr);
		fclose(f);
	}
	return 1;
}

static void handle_stop(pid_t pid, int status)
{
	int signal = WSTOPSIG(status);
	int event = status >> 16;
	unsigned long child;

	if (event == PTRACE_EVENT_CLONE && helper_count < TRACEES_MAX &&
	    ptrace(PTRACE_GETEVENTMSG, pid, 0, &child) == 0)
		helpers[helper_count++] = (pid_t)child;
	if (signal == (SIGTRAP | 0x80)) {
		if (!hangs(pid))
			ptrace(PTRACE_SYSCALL, pid, 0, 0);
		return;
	}
	if (event != 0)
		signal = 0;
	if (event == PTRACE_EVENT_STOP)
		ptrace(is_helper(pid) ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0,
		       0);
	else
		ptrace(is_helper(pid) ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0,
		       signal);
}

int main(int argc, char **argv)
{
	int ends[2];
	char byte;
	pid_t program;
	int status;

	if (argc < 4 || pipe(ends))
		return 2;
	target = atoi(argv[1]);
	report = argv[2];
	program = fork();
	if (program == 0) {
		close(ends[1]);
		/* Until it is traced. */
		if (read(ends[0], &byte, 1) < 0)
			return 2;
		close(ends[0]);
		execvp(argv[3], argv + 3);
		return 2;
	}
	/* A helper has another exit signal than SIGCHLD: a clone. */
	if (ptrace(PTRACE_SEIZE, program, 0,
		   PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD |
			   PTRACE_O_EXITKILL) < 0) {
		perror("hang: ptrace");
		kill(program, SIGKILL);
		return 2;
	}
	close(ends[1]);
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			return 2;
		if (WIFSTOPPED(status))
			handle_stop(pid, status);
		else if (pid == program)
			break;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
