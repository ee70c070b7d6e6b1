/*
 * probe.c - answers --probe: is the lastcall of this container ready, or
 * alive?
 *
 * A process of its own, started by a kubelet or a Docker daemon.  It needs no
 * socket and no file: lastcall's process name is its phase, which anybody may
 * read, and the time of the stop request stands in the name of a memfd, which
 * lastcall's own user may read.
 * Called by main() alone, but probe_publish(), which is PID 1's side of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8 /* Linux 6.3, which warns where it is missing */
#endif

#define PROCESS_PREFIX "lastcall:"
#define MEMFD_PREFIX   "/memfd:" PROCESS_PREFIX

enum {
	PATH_BYTES = 64,  /* /proc/NUMBER/... */
	LINK_BYTES = 128, /* mnt:[4026531840], a memfd's name */
	FD_MAX = 256,	  /* descriptors of lastcall that are looked at */
};

#define CHLD_ALONE (UINT64_C(1) << (SIGCHLD - 1))

void probe_publish(int signal, int64_t asked_ns)
{
	TEXT(name, PATH_BYTES);
	int fd;

	text_add(&name, PROCESS_PREFIX);
	signal_name(&name, signal);
	text_byte(&name, '@');
	text_number(&name, asked_ns / NS_PER_MS);
	fd = memfd_create(name.bytes, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd < 0)
		fd = memfd_create(name.bytes, MFD_CLOEXEC);
	/*
	 * Kept open for good, above the standard descriptors; where it fails
	 * the probe only says less.
	 */
	if (fd >= 0 && fd <= STDERR_FILENO) {
		(void)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC,
			      STDERR_FILENO + 1);
		close(fd);
	}
}

static bool read_link(const char *path, char link[LINK_BYTES])
{
	ssize_t n = kernel_read_link(-1, path, link, LINK_BYTES - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	return true;
}

/* The phase in a process name, or PHASE_COUNT. */
static enum phase phase_of(const char *name)
{
	size_t prefix = strlen(PROCESS_PREFIX);
	enum phase phase = PHASE_START;

	if (strncmp(name, PROCESS_PREFIX, prefix) != 0)
		return PHASE_COUNT;
	while (phase < PHASE_COUNT &&
	       strcmp(name + prefix, phase_names[phase]) != 0)
		phase++;
	return phase;
}

/*
 * The lastcall of our own mount namespace, with its phase.  Where several are
 * in different phases `disagree` is set.
 *
 * The namespace of another user's process may not be looked at (ptrace(2)).
 * In a pod that is most likely another container's lastcall, so it is not
 * asked; it is only counted, for the complaint.
 */
struct found {
	pid_t pid; /* 0: none */
	enum phase phase;
	bool disagree;
	int hidden;
};

static void look_at(struct found *found, const struct process *p,
		    const char *our_namespace)
{
	char namespace[LINK_BYTES];
	TEXT(path, PATH_BYTES);
	enum phase phase = phase_of(p->name);

	/* Between fork and exec the child is still named as lastcall is. */
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
}

static void look_around(struct found *found)
{
	char our_namespace[LINK_BYTES];
	struct proc_walk walk;
	struct process p;

	if (!read_link("/proc/self/ns/mnt", our_namespace) ||
	    proc_open(&walk, NEVER_NS) < 0)
		return;
	while (proc_next(&walk, &p))
		look_at(found, &p, our_namespace);
	proc_close(&walk);
}

/*
 * PID 1, or, where that is another program (the pause process of a shared
 * process namespace), the lastcall of our own container.  False with the
 * reason.
 */
static bool find(struct found *found, struct text *why)
{
	struct process p;

	memset(found, 0, sizeof(*found));
	if (!proc_read(&p, 1)) {
		text_add(why, "cannot read /proc/1/stat");
		return false;
	}
	found->phase = phase_of(p.name);
	if (found->phase != PHASE_COUNT) {
		found->pid = 1;
		return true;
	}
	look_around(found);
	if (found->pid != 0 && !found->disagree)
		return true;
	text_format(why, "PID 1 is %q, and %s", p.name,
		    found->disagree ? "the lastcalls of this container are "
				      "in different phases"
		    : found->hidden > 0
			    ? "only another user's lastcall runs here"
			    : "no lastcall runs in this container");
	return false;
}

/*
 * /memfd:lastcall:TERM@123456 (deleted): adds ", 1.2s since SIGTERM".  False
 * where the link is something else: any program may make such a file.
 */
static bool say_request(struct text *said, char *link)
{
	char *signal = link + strlen(MEMFD_PREFIX);
	char *at = text_char(link, '@');
	char *end = text_char(link, ' ');
	int64_t ms;

	if (strncmp(link, MEMFD_PREFIX, strlen(MEMFD_PREFIX)) != 0 || !at ||
	    !end)
		return false;
	*end = '\0';
	if (signal_parse(signal, (size_t)(at - signal)) == 0 ||
	    !text_to_number(at + 1, INT64_MAX / NS_PER_MS, &ms))
		return false;
	*at = '\0';
	ms = clock_ns() / NS_PER_MS - ms;
	/* A time namespace of its own counts from elsewhere. */
	if (ms < 0)
		return false;
	text_format(said, ", %t since SIG%s", (ms - ms % 100) * NS_PER_MS,
		    signal);
	return true;
}

/* The links of another user's descriptors may not be read: then no time. */
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

/* In the child: makes the call or becomes CHECK; says in `to` what failed. */
static _Noreturn void run_check(const struct options *o,
				const struct inherited *in, char **envp, int to)
{
	struct hook hook;
	TEXT(said, LINE_MAX_LEN);
	int result = 1;

	(void)setpgid(0, 0);
	/* Who asks may end the probe (a kubelet's own timeout). */
	(void)kernel_prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!o->probe_url) {
		options_strip(envp);
		(void)spawn_explain(&said, "cannot run ", o->program[0],
				    spawn_become(in, o->program));
	} else if (hook_parse(&hook, o->probe_url, &said)) {
		result = http_call(&hook, &said);
	}
	(void)!write(to, said.bytes, said.length);
	_exit(result);
}

/* Waits for the process; false when it has not ended in time. */
static bool wait_until(pid_t pid, int64_t until_ns, int *status)
{
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (clock_ns() >= until_ns)
			return false;
		(void)wait_signal(CHLD_ALONE, NULL, until_ns - clock_ns());
	}
	return true;
}

static void say_status(struct text *said, const struct options *o, int status)
{
	TEXT(name, NAME_MAX_LEN);

	if (WIFEXITED(status)) {
		text_format(said, "%q exited with %d", o->program[0],
			    WEXITSTATUS(status));
		return;
	}
	signal_name(&name, WTERMSIG(status));
	text_format(said, "%q was killed by SIG%s", o->program[0], name.bytes);
}

/*
 * Runs the check in a process and group of its own, killed at until_ns.
 * Returns whether it says yes; else `why` says why not.
 */
static bool check(const struct options *o, const struct inherited *in,
		  char **envp, int64_t until_ns, struct text *why)
{
	char said[LINE_MAX_LEN];
	int pipes[2];
	int status = 0;
	pid_t pid;
	ssize_t n;

	/* Everything was blocked; ^C must end a probe that waits. */
	(void)spawn_set_mask(CHLD_ALONE, NULL);
	pid = syscall(SYS_pipe2, pipes, O_CLOEXEC | O_NONBLOCK) < 0
		      ? -1
		      : spawn_fork();
	if (pid == 0)
		run_check(o, in, envp, pipes[1]);
	if (pid < 0) {
		text_add(why, "cannot start the check: ");
		text_error(why, errno);
		return false;
	}
	(void)setpgid(pid, pid);
	close(pipes[1]);
	if (!wait_until(pid, until_ns, &status)) {
		(void)kill(-pid, SIGKILL);
		text_format(why,
			    o->probe_url ? "%s: no answer within %t"
					 : "%q: no answer within %t",
			    o->probe_url ? o->probe_url : o->program[0],
			    o->probe_timeout_ns);
		return false;
	}
	if (status == 0)
		return true;
	/* It holds what failed before exec, or nothing: never waited for. */
	n = read(pipes[0], said, sizeof(said));
	if (n > 0)
		text_bytes(why, said, (size_t)n);
	else
		say_status(why, o, status);
	return false;
}

int probe_main(const struct options *o, const struct inherited *in, char **envp)
{
	int64_t until_ns = clock_ns() + o->probe_timeout_ns;
	TEXT(why, LINE_MAX_LEN);
	TEXT(line, LINE_MAX_LEN + 32);
	struct found found;
	bool yes = false;

	if (find(&found, &why)) {
		bool checked = o->probe_url || o->program;

		if (found.phase == PHASE_READY)
			yes = !checked || check(o, in, envp, until_ns, &why);
		else if (o->probe_live)
			yes = found.phase > PHASE_READY &&
			      found.phase < PHASE_EXIT;
		if (!yes && why.length == 0)
			say_phase(&why, &found);
	}
	if (yes)
		return 0;
	text_format(&line, "lastcall: not %s: %s\n",
		    o->probe_live ? "live" : "ready", why.bytes);
	(void)!write(STDERR_FILENO, line.bytes, line.length);
	return 1;
}
