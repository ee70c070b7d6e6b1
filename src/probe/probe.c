/*
 * probe.c - answers --probe: is the lastcall of this container ready, or
 * alive?
 *
 * It is a process of its own, started by a kubelet or a Docker daemon.  It
 * needs no socket and no file: lastcall's process name shows its phase, which
 * any process may read, and the name of a memfd has the time of the stop
 * request, which a process of lastcall's own user may read.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/check.h"
#include "lib/clock.h"
#include "lib/descriptor.h"
#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/signal_set.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "log/log.h"
#include "options/environment.h"
#include "options/options.h"
#include "probe/probe.h"
#include "process/inherited.h"
#include "process/proc.h"
#include "process/spawn.h"
#include "shutdown.h"

#define MEMFD_PREFIX "/memfd:" PROCESS_PREFIX

enum {
	PATH_BYTES = 64,  /* /proc/NUMBER/... */
	LINK_BYTES = 128, /* mnt:[4026531840], a memfd's name */
	FD_MAX = 256,	  /* so many descriptors of lastcall are read */
};

static bool read_link(const char *path, char link[LINK_BYTES])
{
	ssize_t n = readlinkat(AT_FDCWD, path, link, LINK_BYTES - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	return true;
}

/* The phase in a process name, or PHASE_COUNT. */
static enum phase phase_of(const char *name)
{
	size_t prefix = text_starts(name, PROCESS_PREFIX);
	enum phase phase = PHASE_START;

	if (prefix == 0)
		return PHASE_COUNT;
	while (phase < PHASE_COUNT &&
	       strcmp(name + prefix, phase_names[phase]) != 0)
		phase++;
	return phase;
}

/*
 * The lastcall of our own mount namespace, with its phase.  If there are
 * several in different phases, `disagree` is set.
 *
 * The namespace of another user's process may not be read (ptrace(2)).  In a
 * pod that is most likely another container's lastcall, so it is only counted,
 * for the complaint.
 */
struct found {
	pid_t pid; /* 0: none */
	enum phase phase;
	bool disagree;
	bool is_first; /* a container's first process, see probe_find() */
	int hidden;
};

static void examine(struct found *found, const struct process *p,
		    const char *our_namespace)
{
	char namespace[LINK_BYTES];
	TEXT(path, PATH_BYTES);
	enum phase phase = phase_of(p->name);

	/* Between fork and exec the child still has lastcall's name. */
	if (phase == PHASE_COUNT || p->state == 'Z' ||
	    (found->pid != 0 && p->parent == found->pid))
		return;
	text_format(&path, "/proc/%d/ns/mnt", p->pid);
	if (!read_link(path.bytes, namespace)) {
		found->hidden++;
		return;
	}
	if (strcmp(namespace, our_namespace) != 0)
		return;
	if (found->pid != 0 && found->phase != phase)
		found->disagree = true;
	found->pid = p->pid;
	found->phase = phase;
	if (p->parent == 0)
		found->is_first = true;
}

static void examine_all(struct found *found, const char *our_namespace)
{
	const struct time_limit limit = { .until_ns = NEVER_NS };
	struct proc_walk walk;
	struct process p;

	if (proc_open(&walk, &limit) < 0)
		return;
	while (proc_next(&walk, &p))
		examine(found, &p, our_namespace);
}

/* To which container does PID 1 belong, by its mount namespace? */
enum owner { OWNER_OURS, OWNER_ANOTHER, OWNER_HIDDEN };

static enum owner find_owner(const char *our_namespace)
{
	char namespace[LINK_BYTES];

	if (!read_link("/proc/1/ns/mnt", namespace))
		return OWNER_HIDDEN;
	return strcmp(namespace, our_namespace) == 0 ? OWNER_OURS
						     : OWNER_ANOTHER;
}

static bool probe_complain(const struct found *found,
			   const struct process *first, enum owner owner,
			   struct text *complaint)
{
	if (phase_of(first->name) != PHASE_COUNT && owner == OWNER_ANOTHER)
		text_add(complaint,
			 "PID 1 is another container's lastcall, and ");
	else
		text_format(complaint, "PID 1 is %q, and ", first->name);
	text_add(complaint,
		 found->disagree     ? "the lastcalls of this container are "
				       "in different phases"
		 : found->hidden > 0 ? "only another user's lastcall runs here"
				     : "no lastcall runs in this container");
	return false;
}

/*
 * Finds the lastcall of our own container: PID 1, if that is one.  In a PID
 * namespace that containers share, PID 1 is another program (the pause process
 * of a pod) or another container's lastcall: then the lastcall with our own
 * mount namespace is taken.
 *
 * If PID 1's namespace may not be read, a lastcall of our own that was a
 * container's first process is preferred: the parent of such a process is
 * outside the PID namespace, and so 0.  Any other that is found may be one that
 * our lastcall has started.  Returns false with the reason.
 */
static bool probe_find(struct found *found, struct text *complaint)
{
	char our_namespace[LINK_BYTES] = "";
	struct process first;
	enum owner owner;
	bool is_lastcall;

	memset(found, 0, sizeof(*found));
	if (!proc_read(&first, 1)) {
		text_add(complaint, "cannot read /proc/1/stat");
		return false;
	}
	is_lastcall = phase_of(first.name) != PHASE_COUNT;
	(void)read_link("/proc/self/ns/mnt", our_namespace);
	owner = find_owner(our_namespace);
	if (!is_lastcall || owner != OWNER_OURS)
		examine_all(found, our_namespace);
	if (is_lastcall && owner != OWNER_ANOTHER && !found->is_first) {
		memset(found, 0, sizeof(*found));
		found->pid = 1;
		found->phase = phase_of(first.name);
	}
	if (found->pid != 0 && !found->disagree)
		return true;
	return probe_complain(found, &first, owner, complaint);
}

/*
 * /memfd:lastcall:TERM@123456 (deleted): adds ", 1.2s since SIGTERM".  Returns
 * false if the link is something else: any program may make such a file.
 */
static bool say_request(struct text *said, char *link)
{
	char *signal = link + strlen(MEMFD_PREFIX);
	char *at = strchr(link, '@');
	char *end = strchr(link, ' ');
	int64_t ms;

	if (!text_starts(link, MEMFD_PREFIX) || !at || !end)
		return false;
	*end = '\0';
	if (signal_parse(signal, (size_t)(at - signal)) == 0 ||
	    !text_to_number(at + 1, INT64_MAX / NS_PER_MS, &ms))
		return false;
	*at = '\0';
	ms = clock_ns() / NS_PER_MS - ms;
	/* Another time namespace may count from another moment. */
	if (ms < 0)
		return false;
	text_format(said, ", %t since SIG%s", (ms - ms % 100) * NS_PER_MS,
		    signal);
	return true;
}

/*
 * Says no time if the links may not be read, as those of another user's
 * process.
 */
static void say_phase(struct text *said, const struct found *found)
{
	text_format(said, "phase %s", phase_names[found->phase]);
	for (int fd = 0; fd < FD_MAX; fd++) {
		char link[LINK_BYTES];
		TEXT(path, PATH_BYTES);

		text_format(&path, "/proc/%d/fd/%d", found->pid, fd);
		if (read_link(path.bytes, link) && say_request(said, link))
			return;
	}
}

/*
 * Processes that a check has started do not end with it.  So a guard in the
 * check's group waits for the end of the probe and then kills the group, which
 * exists as long as the guard does.  Returns the guard's pid, or -1.
 */
static pid_t start_guard(pid_t group)
{
	pid_t probe = getpid();
	pid_t pid = spawn_fork();

	if (pid != 0)
		return pid;
	(void)spawn_set_mask(UINT64_MAX, NULL);
	(void)setpgid(0, group);
	(void)prctl(PR_SET_NAME, "lastcall-guard", 0L, 0L, 0L);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0L, 0L, 0L);
	while (getppid() == probe)
		(void)wait_signal(signal_bit(SIGTERM), NULL, NEVER_NS);
	(void)kill(-group, SIGKILL);
	_exit(0);
}

static void end_guard(pid_t pid)
{
	/* A guard that may not be killed notices the end of the probe. */
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		(void)waitpid(pid, NULL, 0);
}

/* Waits for the process.  Returns false if it has not ended in time. */
static bool probe_wait_until(pid_t pid, int64_t until_ns, int *status)
{
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (clock_ns() >= until_ns)
			return false;
		(void)wait_signal(signal_bit(SIGCHLD), NULL,
				  until_ns - clock_ns());
	}
	return true;
}

/*
 * Chooses the check for phase ready: --http or CHECK, else the container's
 * LASTCALL_READY_CHECK.  Returns its name for people; NULL: there is none.
 */
static const char *choose_check(const struct options *o, struct check *check)
{
	*check = (struct check){ .text = o->probe_url };
	if (check->text == NULL)
		check->argv = o->program;
	if (check->text == NULL && check->argv == NULL && !o->probe_live)
		check->text = o->ready.check;
	return check->argv != NULL ? check->argv[0] : check->text;
}

/*
 * Runs the check, which is killed at until_ns.  Returns whether it succeeds; if
 * not, `complaint` says why.
 */
static bool run_check(const struct check *check, const char *name,
		      const struct options *o, const struct inherited *in,
		      int64_t until_ns, struct text *complaint)
{
	char said[LINE_MAX_LEN];
	int pipes[2];
	int status = 0;
	pid_t pid, guard;
	bool ended;
	ssize_t n;

	/* All signals were blocked; Ctrl-C must end a probe that waits. */
	(void)spawn_set_mask(signal_bit(SIGCHLD), NULL);
	pid = descriptor_pipe(pipes, O_NONBLOCK) < 0
		      ? -errno
		      : check_start(check, in, pipes[1]);
	if (pid < 0) {
		text_add(complaint, "cannot start the check: ");
		text_error(complaint, -pid);
		return false;
	}
	close(pipes[1]);
	guard = start_guard(pid);
	ended = probe_wait_until(pid, until_ns, &status);
	if (!ended)
		check_kill(pid);
	end_guard(guard);
	if (!ended) {
		return text_format(complaint,
				   name == o->probe_url
					   ? "%s: no answer within %t"
					   : "%q: no answer within %t",
				   name, o->probe_timeout_ns);
	}
	if (status == 0)
		return true;
	/*
	 * The pipe holds what failed before exec, or nothing: do not wait for
	 * it.
	 */
	n = read(pipes[0], said, sizeof(said));
	if (n > 0) {
		text_bytes(complaint, said, (size_t)n);
		return false;
	}
	text_shown(complaint, name);
	check_explain(complaint, status);
	return false;
}

int probe_main(const struct options *o, const struct inherited *in, char **envp)
{
	int64_t until_ns = clock_ns() + o->probe_timeout_ns;
	TEXT(complaint, LINE_MAX_LEN);
	TEXT(line, LINE_MAX_LEN + 32);
	struct found found;
	struct check check;
	const char *name;
	bool yes = false;

	name = choose_check(o, &check);
	/* The check does not get these variables, as the program does not. */
	environment_strip(envp);
	if (probe_find(&found, &complaint)) {
		if (found.phase == PHASE_READY)
			yes = name == NULL || run_check(&check, name, o, in,
							until_ns, &complaint);
		else if (o->probe_live)
			yes = found.phase > PHASE_READY &&
			      found.phase < PHASE_EXIT;
		if (!yes && complaint.length == 0)
			say_phase(&complaint, &found);
	}
	if (yes)
		return 0;
	text_format(&line, "lastcall: not %s: %s\n",
		    o->probe_live ? "live" : "ready", complaint.bytes);
	(void)!write(STDERR_FILENO, line.bytes, line.length);
	return 1;
}
