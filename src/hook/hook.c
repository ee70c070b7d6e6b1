/*
 * hook.c - runs a hook: a command or an HTTP call, in a process of its own.
 *
 * The process is in a group of its own before hook_start() returns, so that
 * hook_kill() ends it and what it has started at any time after that.  PID 1
 * only forks: the child parses the hook's text, uses the network and logs the
 * output (output.h), and makes only async-signal-safe calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hook/hook.h"
#include "hook/http_call.h"
#include "hook/output.h"
#include "hook/spec.h"
#include "lib/clock.h"
#include "lib/descriptor.h"
#include "lib/errors.h"
#include "lib/signal_set.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "log/log.h"
#include "process/inherited.h"
#include "process/spawn.h"

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
static void hook_begin(struct environment *e, const char *name)
{
	if (e->used > 0)
		text_byte(e->values, '\0');
	e->list[e->used++] = e->values->bytes + e->values->length;
	text_add(e->values, name);
}

static void add_facts(struct environment *e, const struct hook_facts *facts)
{
	int64_t left_ns = facts->remaining_ns;

	hook_begin(e, "LASTCALL_PHASE=");
	text_add(e->values, facts->phase);
	hook_begin(e, "LASTCALL_SIGNAL=");
	if (facts->signal != 0)
		signal_name(e->values, facts->signal);
	hook_begin(e, "LASTCALL_CHILD_PID=");
	text_number(e->values, facts->child);
	hook_begin(e, "LASTCALL_REMAINING_MS=");
	text_number(e->values, left_ns > 0 ? left_ns / NS_PER_MS : 0);
	if (facts->exit_code < 0)
		return;
	hook_begin(e, "LASTCALL_EXIT_CODE=");
	text_number(e->values, facts->exit_code);
	hook_begin(e, "LASTCALL_FORCED=");
	text_number(e->values, facts->forced);
}

/* Is the variable there already?  An outer lastcall's hook may have run us. */
static bool hook_is_set(const struct environment *e, size_t count,
			const char *entry)
{
	for (size_t i = 0; i < count; i++) {
		size_t name = strcspn(e->list[i], "=") + 1;

		if (strncmp(e->list[i], entry, name) == 0)
			return true;
	}
	return false;
}

/*
 * Returns envp with the hook's variables added.  An environment can be too
 * large for the stack, so the list gets pages of its own: mmap(2) is a plain
 * system call.  Returns envp itself if that fails.
 */
static char **add_variables(const struct hook_facts *facts, char **envp,
			    struct text *values)
{
	struct environment e = { NULL, 0, values };
	size_t slots = VARIABLES_MAX + 1;
	size_t ours;

	for (char **entry = envp; *entry; entry++)
		slots++;
	e.list = mmap(NULL, slots * sizeof(*e.list), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (e.list == MAP_FAILED)
		return envp;
	add_facts(&e, facts);
	ours = e.used;
	for (; *envp; envp++)
		if (!hook_is_set(&e, ours, *envp))
			e.list[e.used++] = *envp;
	e.list[e.used] = NULL;
	return e.list;
}

/*
 * Makes /dev/null stdin, and stderr also stdout.  A stderr that is closed
 * becomes /dev/null too: else the first file that the hook opens would become
 * stderr.
 */
static void set_files(void)
{
	/*
	 * The next file opened becomes stdin, the lowest number that is free.
	 */
	close(STDIN_FILENO);
	(void)spawn_open_null();
	if (!descriptor_is_open(STDERR_FILENO))
		(void)dup2(STDIN_FILENO, STDERR_FILENO);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
}

static _Noreturn void run_command(const struct inherited *in,
				  const struct hook_spec *hook,
				  const char *text,
				  const struct hook_facts *facts, char **envp)
{
	char *argv[1 + HOOK_WORDS_MAX + 1]; /* the first is spawn_become()'s */
	TEXT(values, VARIABLES_BYTES);
	TEXT(line, LINE_MAX_LEN);
	int own_stderr = output_wrap(facts->phase, text);
	int code;

	memcpy(argv + 1, hook->argv, sizeof(hook->argv));
	environ = add_variables(facts, envp, &values);
	set_files();
	code = spawn_explain(&line, "cannot run ", argv[1],
			     spawn_become(in, argv + 1));
	if (own_stderr >= 0)
		(void)dup2(own_stderr, STDERR_FILENO);
	log_warning(line.bytes, 0);
	_exit(code);
}

static _Noreturn void run(const struct inherited *in, const char *text,
			  const struct hook_facts *facts, char **envp)
{
	struct hook_spec hook;
	TEXT(said, LINE_MAX_LEN);
	int result = EXIT_LASTCALL;

	/* It must not be taken for a lastcall in some phase (see probe.c). */
	(void)prctl(PR_SET_NAME, "lastcall-hook");
	if (hook_spec_parse(&hook, text, &said)) {
		if (!hook.is_http)
			run_command(in, &hook, text, facts, envp);
		/* The sweep's SIGTERM ends a call that waits. */
		(void)spawn_set_mask(~signal_bit(SIGTERM), NULL);
		result = http_call(&hook, &said);
	}
	if (result != 0)
		log_warning(said.bytes, 0);
	_exit(result);
}

pid_t hook_start(const struct inherited *in, const char *text,
		 const struct hook_facts *facts, char **envp)
{
	pid_t pid = spawn_fork_group(true);

	if (pid == 0)
		run(in, text, facts, envp);
	return pid;
}

void hook_kill(pid_t pid)
{
	(void)kill(-pid, SIGKILL);
}
