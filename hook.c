/*
 * hook.c - runs a hook: a command or an HTTP call, in a process of its own.
 *
 * The process is in a group of its own before hook_start() returns, so that
 * hook_kill() ends it and what it started at any time after.  PID 1 only
 * forks: the hook's text is taken apart, and the network spoken to, in the
 * child, which makes async-signal-safe calls alone.
 * Called by init.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

enum {
	VARIABLES_MAX = 6,
	VARIABLES_BYTES = 256,
};

struct environment {
	char **list;
	size_t used;
	struct text *values;
};

/* Begins a variable, whose value is added to e->values. */
static void begin(struct environment *e, const char *name)
{
	if (e->used > 0)
		text_byte(e->values, '\0');
	e->list[e->used++] = e->values->bytes + e->values->length;
	text_add(e->values, name);
}

static void add_facts(struct environment *e, const struct hook_facts *facts)
{
	int64_t left_ns = facts->remaining_ns;

	begin(e, "LASTCALL_PHASE=");
	text_add(e->values, facts->phase);
	begin(e, "LASTCALL_SIGNAL=");
	if (facts->signal != 0)
		signal_name(e->values, facts->signal);
	begin(e, "LASTCALL_CHILD_PID=");
	text_number(e->values, facts->child);
	begin(e, "LASTCALL_REMAINING_MS=");
	text_number(e->values, left_ns > 0 ? left_ns / NS_PER_MS : 0);
	if (facts->exit_code < 0)
		return;
	begin(e, "LASTCALL_EXIT_CODE=");
	text_number(e->values, facts->exit_code);
	begin(e, "LASTCALL_FORCED=");
	text_number(e->values, facts->forced);
}

/* Is the variable there already?  An outer lastcall's hook may have run us. */
static bool is_set(const struct environment *e, size_t count, const char *entry)
{
	for (size_t i = 0; i < count; i++) {
		size_t name = text_until(e->list[i], "=") + 1;

		if (strncmp(e->list[i], entry, name) == 0)
			return true;
	}
	return false;
}

/*
 * envp with the hook's variables.  An environment can be larger than a stack
 * that is safe to take, so the list gets pages of its own: mmap(2) is a bare
 * system call.  Returns envp itself where that fails.
 */
static char **add_variables(const struct hook_facts *facts, char **envp,
			    struct text *values)
{
	struct environment e = { NULL, 0, values };
	size_t slots = VARIABLES_MAX + 1;
	size_t ours;

	for (char **entry = envp; *entry; entry++)
		slots++;
	e.list = kernel_map(slots * sizeof(*e.list));
	if (e.list == MAP_FAILED)
		return envp;
	add_facts(&e, facts);
	ours = e.used;
	for (; *envp; envp++)
		if (!is_set(&e, ours, *envp))
			e.list[e.used++] = *envp;
	e.list[e.used] = NULL;
	return e.list;
}

/*
 * /dev/null as stdin, stderr as stdout.  A stderr that is closed becomes
 * /dev/null too, or the first file that the hook opens would be it.
 */
static void set_files(void)
{
	int pipes[2];

	/* What is opened next is stdin: the lowest number that is free. */
	close(STDIN_FILENO);
	/* Where there is no /dev, a pipe that nobody writes to. */
	if (kernel_open("/dev/null", O_RDWR) < 0 && pipe(pipes) == 0)
		close(pipes[1]);
	if (syscall(SYS_fcntl, STDERR_FILENO, F_GETFD) < 0)
		(void)dup2(STDIN_FILENO, STDERR_FILENO);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
}

static _Noreturn void run_command(const struct inherited *in,
				  const struct hook *hook,
				  const struct hook_facts *facts, char **envp)
{
	char *argv[1 + HOOK_WORDS_MAX + 1]; /* the first is spawn_become()'s */
	TEXT(values, VARIABLES_BYTES);
	TEXT(line, LINE_MAX_LEN);
	int code;

	memcpy(argv + 1, hook->argv, sizeof(hook->argv));
	environ = add_variables(facts, envp, &values);
	set_files();
	code = spawn_explain(&line, "cannot run ", argv[1],
			     spawn_become(in, argv + 1));
	log_warning(line.bytes, 0);
	_exit(code);
}

static _Noreturn void run(const struct inherited *in, const char *text,
			  const struct hook_facts *facts, char **envp)
{
	struct hook hook;
	TEXT(said, LINE_MAX_LEN);
	int result = EXIT_LASTCALL;

	/* Not to be taken for a lastcall in some phase (see probe.c). */
	(void)kernel_prctl(PR_SET_NAME, "lastcall-hook");
	if (hook_parse(&hook, text, &said)) {
		if (!hook.is_http)
			run_command(in, &hook, facts, envp);
		result = http_call(&hook, &said);
	}
	if (result != 0)
		log_warning(said.bytes, 0);
	_exit(result);
}

pid_t hook_start(const struct inherited *in, const char *text,
		 const struct hook_facts *facts, char **envp)
{
	pid_t pid = spawn_fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)setpgid(0, 0);
		run(in, text, facts, envp);
	}
	/* Fails once the child has run exec, which then did it itself. */
	(void)setpgid(pid, pid);
	return pid;
}

void hook_kill(pid_t pid)
{
	(void)kill(-pid, SIGKILL);
}
