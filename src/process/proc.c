/*
 * proc.c - processes, as /proc shows them.
 *
 * Duty: walk through /proc and read what targets, the log and the probe need of
 * a process.  Invariants: only the directory itself is kept open between calls;
 * nothing is read that may block (a command line is in the memory of its
 * process, which may be a file that hangs); a process name may hold any bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/descriptor.h"
#include "lib/helper.h"
#include "lib/parse.h"
#include "lib/signal_set.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "process/proc.h"

#define PROC_SUPER_MAGIC 0x9fa0 /* linux/magic.h, which musl does not have */

enum {
	STAT_BYTES_MAX = 1024,
	STATUS_BYTES_MAX = 4096,
	STAT_PID = 1, /* numbers of the fields of /proc/PID/stat */
	STAT_PARENT = 4,
	STAT_GROUP = 5,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_BLOCKED = 32, /* signals 1 to 31; the others are in status */
	STAT_IGNORED = 33,
	STAT_CAUGHT = 34,
	STAT_SIGNALS = 31,
	LOOKS = 3, /* at most, at a process that may be about to wait */
};

/* What getdents64(2) fills in; libc's struct dirent may differ. */
struct kernel_dirent {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/*
 * /proc, opened once and kept: later scans begin there, whatever is mounted
 * over the path by then.  -1: not opened yet.
 */
int proc_fd = -1;

/* Adds PID/file, the path below /proc.  Returns false if there is no /proc. */
static bool add_path(struct text *path, pid_t pid, const char *file)
{
	text_format(path, "%d/%s", pid, file);
	return proc_usable();
}

int proc_open_file(pid_t pid, const char *file, int flags)
{
	TEXT(path, 64);
	int fd;

	if (!add_path(&path, pid, file))
		return -ENOENT;
	fd = openat(proc_fd, path.bytes, flags | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

ssize_t proc_read_file(pid_t pid, const char *file, char *bytes, size_t size)
{
	int fd = proc_open_file(pid, file, O_RDONLY);
	ssize_t length;

	if (fd < 0)
		return 0;
	length = read(fd, bytes, size - 1);
	(void)close(fd);
	if (length < 0)
		length = 0;
	bytes[length] = '\0';
	return length;
}

/* Reads a link below /proc; returns how many bytes, or -1. */
static ssize_t read_link(pid_t pid, const char *file, char *bytes, size_t size)
{
	TEXT(path, 64);

	if (!add_path(&path, pid, file))
		return -1;
	return readlinkat(proc_fd, path.bytes, bytes, size);
}

/*
 * Is this directory a procfs (statfs(2)) that shows lastcall's own PID
 * namespace?  In any other its pids are other processes.
 */
static bool is_our_proc(int fd)
{
	char target[16];
	struct statfs fs;
	ssize_t length;
	int64_t pid;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	length = readlinkat(fd, "self", target, sizeof(target) - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	return text_to_number(target, INT32_MAX, &pid) && pid == getpid();
}

bool proc_usable(void)
{
	int fd;

	if (proc_fd >= 0)
		return true;
	fd = descriptor_raise(
		descriptor_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0)
		return false;
	if (!is_our_proc(fd)) {
		(void)close(fd);
		return false;
	}
	proc_fd = fd;
	return true;
}

bool proc_shows_signals(void)
{
	static bool is_known, shows_signals;
	struct process self;

	if (!is_known && proc_read(&self, getpid())) {
		is_known = true;
		/* lastcall has every signal blocked; gVisor shows none. */
		shows_signals = self.blocked != 0;
	}
	return shows_signals;
}

/* Moves past one number and the spaces before it. */
static const char *proc_parse_number(const char *s, const char *end,
				     uint64_t *n)
{
	*n = 0;
	while (s < end && *s == ' ')
		s++;
	if (s < end && *s == '-')
		s++;
	for (; s < end && *s >= '0' && *s <= '9'; s++)
		*n = *n * 10 + (uint64_t)(*s - '0');
	return s;
}

bool proc_parse_stat(const char *line, size_t length, struct process *p)
{
	const char *close_paren = memrchr(line, ')', length);
	const char *end = line + length;
	uint64_t field[STAT_CAUGHT + 1] = { 0 };
	const char *s = proc_parse_number(line, end, &field[STAT_PID]);
	const char *open_paren = s + 1;
	size_t name_length;
	int count;

	/* The name may hold spaces and parentheses: the last one ends it. */
	if (close_paren == NULL || close_paren < open_paren ||
	    *open_paren != '(' || end - close_paren < 4)
		return false;
	name_length = (size_t)(close_paren - open_paren - 1);
	if (name_length > NAME_MAX_LEN - 1)
		name_length = NAME_MAX_LEN - 1;
	memcpy(p->name, open_paren + 1, name_length);
	p->name[name_length] = '\0';
	p->state = close_paren[2];
	s = close_paren + 3;
	for (count = STAT_PARENT; count <= STAT_CAUGHT && s < end; count++)
		s = proc_parse_number(s, end, &field[count]);
	/* The first thread may end while the others go on. */
	if (p->state == 'Z' && field[STAT_THREADS] > 1)
		p->state = 'S';
	p->pid = (pid_t)field[STAT_PID];
	p->parent = (pid_t)field[STAT_PARENT];
	p->group = (pid_t)field[STAT_GROUP];
	p->start = field[STAT_START];
	p->blocked = (uint32_t)field[STAT_BLOCKED];
	p->ignored = (uint32_t)field[STAT_IGNORED];
	p->caught = (uint32_t)field[STAT_CAUGHT];
	return count > STAT_START && p->pid > 0;
}

bool proc_read(struct process *p, pid_t pid)
{
	char line[STAT_BYTES_MAX];
	ssize_t length = proc_read_file(pid, "stat", line, sizeof(line));

	return length > 0 && proc_parse_stat(line, (size_t)length, p) &&
	       p->pid == pid;
}

/* The masks of /proc/PID/status, taken at one moment; bit n-1 is signal n. */
struct masks {
	uint64_t pending, blocked, ignored, caught;
	bool queue_full; /* as many signals are queued as may be */
};

/* The mask behind a name, such as SigCgt:, in hexadecimal digits. */
static uint64_t mask_of(char *status, const char *name)
{
	const char *s = text_line(status, name);
	uint64_t mask = 0;
	int digit;

	if (s == NULL)
		return 0;
	s += strspn(s, " \t");
	for (; (digit = text_digit(*s, 16)) >= 0; s++)
		mask = mask << 4 | (uint64_t)digit;
	return mask;
}

/* SigQ: 3/63432: how many signals are queued for its user, and its limit. */
static bool is_queue_full(char *status, const char *end)
{
	const char *s = text_line(status, "SigQ:\t");
	uint64_t queued, limit;

	if (s == NULL)
		return false;
	s = proc_parse_number(s, end, &queued);
	if (*s != '/')
		return false;
	(void)proc_parse_number(s + 1, end, &limit);
	return queued >= limit;
}

static bool read_masks(struct masks *masks, pid_t pid)
{
	char status[STATUS_BYTES_MAX];
	ssize_t length = proc_read_file(pid, "status", status, sizeof(status));

	if (length == 0)
		return false;
	*masks = (struct masks){
		.pending =
			mask_of(status, "SigPnd:") | mask_of(status, "ShdPnd:"),
		.blocked = mask_of(status, "SigBlk:"),
		.ignored = mask_of(status, "SigIgn:"),
		.caught = mask_of(status, "SigCgt:"),
		.queue_full = is_queue_full(status, status + length),
	};
	return true;
}

/*
 * Is the signal caught or blocked?  Or is one pending that would have ended the
 * process, unless sigwait(3) is about to return it?
 */
static bool masks_take(const struct masks *m, int signal)
{
	const uint64_t harmless = signal_bit(SIGCHLD) | signal_bit(SIGCONT) |
				  signal_bit(SIGURG) | signal_bit(SIGWINCH) |
				  signal_bit(SIGTSTP) | signal_bit(SIGTTIN) |
				  signal_bit(SIGTTOU);

	return signal_in(m->caught | m->blocked, signal) ||
	       (m->pending &
		~(m->blocked | m->caught | m->ignored | harmless)) != 0;
}

/* What a process does at this moment. */
enum moment { MOMENT_WAITS, MOMENT_RUNS, MOMENT_OTHER };

/*
 * A thread that waits in rt_sigtimedwait(2), as many inits do, is shown with
 * the signals that it waits for unblocked.  /proc/PID/syscall begins with the
 * number of the system call that the first thread is in, or is "running".
 */
static enum moment moment_of(pid_t pid)
{
	char line[32];
	char *space;
	int64_t number;

	if (proc_read_file(pid, "syscall", line, sizeof(line)) == 0)
		return MOMENT_OTHER;
	space = strchr(line, ' ');
	if (space == NULL)
		return MOMENT_RUNS;
	*space = '\0';
	if (!text_to_number(line, INT32_MAX, &number))
		return MOMENT_OTHER;
#ifdef SYS_rt_sigtimedwait_time64
	if (number == SYS_rt_sigtimedwait_time64)
		return MOMENT_WAITS;
#endif
	return number == SYS_rt_sigtimedwait ? MOMENT_WAITS : MOMENT_OTHER;
}

bool proc_ignores(const struct process *p, int signal)
{
	struct masks masks;

	if (signal <= STAT_SIGNALS)
		return signal_in(p->ignored, signal);
	return read_masks(&masks, p->pid) && signal_in(masks.ignored, signal);
}

bool proc_merges(pid_t pid, int signal)
{
	struct masks masks;

	return proc_usable() && read_masks(&masks, pid) && masks.queue_full &&
	       (masks.pending >> (signal - 1) & 1) != 0;
}

/* Does it wait in sigwait(3), or was it just woken there? */
static bool waits_for_signals(pid_t pid, int signal)
{
	struct masks masks;

	for (int i = 0; i < LOOKS; i++) {
		switch (moment_of(pid)) {
		case MOMENT_WAITS:
			return true;
		case MOMENT_OTHER:
			return false;
		case MOMENT_RUNS:
			break;
		}
		if (read_masks(&masks, pid) && masks_take(&masks, signal))
			return true;
	}
	return false;
}

bool proc_takes(const struct process *p, int signal, bool ask_closer)
{
	struct masks masks;

	if (signal <= STAT_SIGNALS) {
		if (signal_in(p->caught | p->blocked, signal))
			return true;
		if (signal_in(p->ignored, signal))
			return false;
	} else if (read_masks(&masks, p->pid) && masks_take(&masks, signal)) {
		return true;
	}
	return ask_closer && waits_for_signals(p->pid, signal);
}

bool proc_decides(const struct process *p, int signal, bool ask_closer)
{
	/* Signal 0: the terminal has sent it already, see targets_stop(). */
	return signal != 0 &&
	       (proc_ignores(p, signal) || proc_takes(p, signal, ask_closer));
}

bool proc_reads_own_pipe(pid_t pid, pid_t parent)
{
	static const char pipe[] = "pipe:[";
	char ours[64], theirs[64];
	ssize_t length = read_link(pid, "fd/0", ours, sizeof(ours));

	if (length < (ssize_t)sizeof(pipe) ||
	    memcmp(ours, pipe, sizeof(pipe) - 1) != 0)
		return false;
	return read_link(parent, "fd/0", theirs, sizeof(theirs)) != length ||
	       memcmp(ours, theirs, (size_t)length) != 0;
}

int proc_open(struct proc_walk *walk, const struct time_limit *limit)
{
	walk->limit = limit;
	walk->self = getpid();
	walk->length = 0;
	walk->next = 0;
	if (!proc_usable())
		return -ENOENT;
	return lseek(proc_fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

pid_t proc_next_pid(struct proc_walk *walk)
{
	const struct kernel_dirent *entry;
	int64_t pid;

	while (wait_has_time(walk->limit)) {
		if (walk->next >= walk->length) {
			walk->length =
				(int)syscall(SYS_getdents64, proc_fd,
					     walk->bytes, sizeof(walk->bytes));
			walk->next = 0;
			if (walk->length <= 0)
				return 0;
		}
		entry = (const void *)(walk->bytes + walk->next);
		walk->next += entry->length;
		if (text_to_number(entry->name, INT32_MAX, &pid) && pid > 0 &&
		    pid != walk->self && !helper_is((pid_t)pid))
			return (pid_t)pid;
	}
	return 0;
}

bool proc_next(struct proc_walk *walk, struct process *p)
{
	pid_t pid;

	while ((pid = proc_next_pid(walk)) != 0)
		if (proc_read(p, pid))
			return true;
	return false;
}
