/*
 * scope.c - who is meant.
 *
 * Duty: send a signal to whom it is for: the child, its group, a shell's own
 * children, or everyone; remember who was told to stop.
 * Invariants: who is meant is looked up at the moment of sending; a failing
 * kill is logged and never stops the others; SIGKILL always means all.
 * Without a usable /proc, `auto` is the child, and a subreaper knows only its
 * child's group.
 * Called by init.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

enum {
	TREE_ROUNDS = 8, /* of looking for who was forked meanwhile */
	WALK_MS = 10000, /* the longest look where no deadline is ahead */
	NAMES_MS = 400,	 /* and for who may have to be named */
};

static void log_failure(int signal, pid_t pid, int error)
{
	log_begin("signal-failed");
	log_signal("signal", signal);
	log_number("pid", pid);
	log_error("error", error);
	log_end();
}

/*
 * kill(2), or rt_sigqueueinfo(2) where a value goes along.  EPERM: a set-uid
 * child in a user namespace; ESRCH: it has just gone.
 */
static void send(pid_t pid, int signal, const siginfo_t *info)
{
	if (info != NULL && info->si_code == SI_QUEUE &&
	    syscall(SYS_rt_sigqueueinfo, pid, signal, info) == 0)
		return;
	if (kill(pid, signal) < 0)
		log_failure(signal, pid, errno);
}

static struct member *find(struct members *all, pid_t pid)
{
	for (int i = all->count - 1; i >= 0; i--)
		if (all->member[i].pid == pid)
			return &all->member[i];
	return NULL;
}

/* Adds one; false: it was there, or the table is full. */
static bool add(struct members *all, pid_t pid, uint64_t start, bool expand)
{
	struct member *m = find(all, pid);

	if (m != NULL && m->start == start)
		return false;
	if (m == NULL) {
		if (all->count == MEMBER_MAX)
			return false;
		m = &all->member[all->count++];
	}
	*m = (struct member){ pid, expand, start };
	return true;
}

static int64_t in_ms(int ms)
{
	return clock_ns() + ms * NS_PER_MS;
}

/* Are this one's children meant too? */
static bool is_expanded(struct family *f, pid_t pid, bool shells)
{
	struct member *m;

	if (!shells && pid == f->self)
		return true;
	m = find(&f->tree, pid);
	return m != NULL && m->expand;
}

/*
 * Adds the children of those who are expanded, and does `how`, if not NULL,
 * with each at once: a look may take long.  Returns whether somebody came.
 */
static bool grow_tree(struct family *f, bool shells, void (*how)(pid_t, int),
		      int signal)
{
	struct proc_walk walk;
	struct process p;
	bool grown = false;

	if (proc_open(&walk, f->until_ns) != 0)
		return false;
	while (proc_next(&walk, &p)) {
		if (p.state == 'Z' || !is_expanded(f, p.parent, shells) ||
		    !add(&f->tree, p.pid, p.start,
			 !shells || proc_is_shell(p.pid, -1)))
			continue;
		grown = true;
		if (how != NULL)
			how(p.pid, signal);
	}
	proc_close(&walk);
	return grown;
}

/* As often as it takes; processes that only ever fork do not hold it up. */
static void grow_whole_tree(struct family *f, bool shells,
			    void (*how)(pid_t, int), int signal)
{
	for (int round = 0; round < TREE_ROUNDS; round++)
		if (!grow_tree(f, shells, how, signal))
			return;
}

/*
 * Fills f->tree with everything below lastcall or, with `shells`, with the
 * main process and what it and further shells have started as shells.  /proc
 * lists by pid and a child may have a lower one, so look until nothing comes.
 */
static void find_tree(struct family *f, bool shells, int64_t until_ns)
{
	f->until_ns = until_ns;
	f->tree.count = 0;
	if (shells)
		(void)add(&f->tree, f->main, 0, true);
	grow_whole_tree(f, shells, NULL, 0);
}

/* From the first time on the link is held open: no way to walk there. */
static bool main_is_shell(struct family *f)
{
	if (f->exe_fd < 0 && proc_usable())
		f->exe_fd = proc_open_exe(f->main);
	return proc_is_shell(f->main, f->exe_fd);
}

/*
 * Who is meant, where that is one kill(2): everyone (-1), a group, or the
 * main process alone, which is lastcall's to reap, so that its pid cannot be
 * another's.  0: nobody, or those whom find_tree() finds.
 */
static pid_t meant_at_once(struct family *f)
{
	switch (f->scope) {
	case SCOPE_ALL:
		if (f->self == 1)
			return -1;
		return proc_usable() ? 0 : -f->group;
	case SCOPE_GROUP:
		return -f->group;
	case SCOPE_AUTO:
		if (f->main != 0 && main_is_shell(f) && proc_usable())
			return 0;
		return f->main;
	case SCOPE_CHILD:
		break;
	}
	return f->main;
}

void scope_forward(struct family *f, int signal, const siginfo_t *info)
{
	pid_t at_once = meant_at_once(f);

	if (at_once != 0) {
		send(at_once, signal, at_once > 0 ? info : NULL);
		return;
	}
	find_tree(f, f->scope == SCOPE_AUTO, in_ms(WALK_MS));
	for (int i = 0; i < f->tree.count; i++)
		send(f->tree.member[i].pid, signal, info);
}

/* A stopped process acts on a signal only when it is continued. */
static void send_stop(pid_t pid, int signal)
{
	send(pid, signal, NULL);
	(void)kill(pid, SIGCONT);
}

static bool is_alive(const struct member *m)
{
	struct process p;

	if (kill(m->pid, 0) < 0 && errno == ESRCH)
		return false;
	if (m->start == 0 || !proc_usable())
		return true;
	return proc_read(&p, m->pid) && p.start == m->start && p.state != 'Z';
}

void scope_stop(struct family *f, int signal, int64_t until_ns)
{
	pid_t at_once = meant_at_once(f);

	if (at_once < 0) {
		send_stop(at_once, signal);
		return;
	}
	f->tree.count = 0;
	if (at_once > 0)
		(void)add(&f->tree, at_once, 0, false);
	else if (f->main != 0 || f->scope == SCOPE_ALL)
		find_tree(f, f->scope == SCOPE_AUTO, until_ns);
	/* Who was told before and is left gets the schedule's next signal. */
	for (int i = 0; i < f->told.count; i++) {
		struct member *m = &f->told.member[i];

		if (is_alive(m))
			(void)add(&f->tree, m->pid, m->start, false);
	}
	for (int i = 0; i < f->tree.count; i++) {
		struct member *m = &f->tree.member[i];

		(void)add(&f->told, m->pid, m->start, false);
		send_stop(m->pid, signal);
	}
}

void scope_forget(struct family *f, pid_t pid)
{
	struct member *m = find(&f->told, pid);

	if (m != NULL)
		*m = f->told.member[--f->told.count];
	if (pid == f->main)
		f->main = 0;
}

bool scope_told_gone(struct family *f)
{
	if (f->main != 0 || f->scope == SCOPE_ALL)
		return false;
	if (f->scope == SCOPE_GROUP)
		return kill(-f->group, 0) < 0 && errno == ESRCH;
	/* From the end, so that each of the dead is looked at once. */
	while (f->told.count > 0) {
		if (is_alive(&f->told.member[f->told.count - 1]))
			return false;
		f->told.count--;
	}
	return true;
}

/*
 * A signal, once, to each process below lastcall and to who is forked
 * meanwhile.  Returns how many.
 */
static int send_tree(struct family *f, void (*how)(pid_t, int), int signal,
		     int64_t until_ns)
{
	f->until_ns = until_ns;
	f->tree.count = 0;
	grow_whole_tree(f, false, how, signal);
	return f->tree.count;
}

/* Not logged: it is done again and again, and survivors are named. */
static void send_kill(pid_t pid, int signal)
{
	(void)kill(pid, signal);
}

int scope_sweep(struct family *f, int64_t until_ns)
{
	struct survivor list[SURVIVOR_MAX];
	int count;

	if (f->self == 1) {
		count = scope_survivors(f, list, until_ns);
		send_stop(-1, SIGTERM);
		return count;
	}
	if (proc_usable())
		return send_tree(f, send_stop, SIGTERM, until_ns);
	send_stop(-f->group, SIGTERM);
	return -1;
}

void scope_kill(struct family *f)
{
	if (f->self == 1) {
		(void)kill(-1, SIGKILL);
		return;
	}
	if (f->main != 0 || !proc_usable())
		(void)kill(-f->group, SIGKILL);
	/*
	 * Those of the last look at once, then whoever else there is.  The pid
	 * of a main process that was reaped may be a stranger's by now.
	 */
	for (int i = 0; i < f->tree.count; i++) {
		const struct member *m = &f->tree.member[i];

		if ((m->start != 0 || m->pid == f->main) && is_alive(m))
			(void)kill(m->pid, SIGKILL);
	}
	(void)send_tree(f, send_kill, SIGKILL, in_ms(WALK_MS));
}

/* Adds a process to the survivors, if it is alive and there is room. */
static int count_survivor(const struct process *p, struct survivor *list,
			  int count)
{
	if (p->state == 'Z')
		return count;
	if (count < SURVIVOR_MAX) {
		list[count].pid = p->pid;
		list[count].state = p->state;
		memcpy(list[count].name, p->name, sizeof(p->name));
	}
	return count + 1;
}

int scope_survivors(struct family *f, struct survivor *list, int64_t until_ns)
{
	struct proc_walk walk;
	struct process p;
	int count = 0;

	if (!proc_usable())
		return -1;
	/* However long the look takes, it begins with the main process. */
	if (f->main != 0 && proc_read(&p, f->main))
		count = count_survivor(&p, list, count);
	if (until_ns > in_ms(NAMES_MS))
		until_ns = in_ms(NAMES_MS);
	if (f->self != 1) {
		find_tree(f, false, until_ns);
		for (int i = 0; i < f->tree.count; i++)
			if (f->tree.member[i].pid != f->main &&
			    proc_read(&p, f->tree.member[i].pid))
				count = count_survivor(&p, list, count);
		return count;
	}
	if (proc_open(&walk, until_ns) != 0)
		return -1;
	while (proc_next(&walk, &p))
		if (p.pid != f->main)
			count = count_survivor(&p, list, count);
	proc_close(&walk);
	return count;
}
