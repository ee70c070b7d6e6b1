/*
 * proc.c - processes, as /proc shows them.
 *
 * Duty: walk through /proc and read what scope.c and the log need of a
 * process.  Invariants: nothing but a link is kept open between calls; a
 * process name or command line may hold any bytes.
 * Called by scope.c, act.c and probe.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

enum {
	STAT_BYTES_MAX = 1024,
	STAT_PARENT = 4, /* the fields of /proc/PID/stat, from 1 */
	STAT_THREADS = 20,
	STAT_START = 22,
};

/* What getdents64(2) fills in; libc's struct dirent may differ. */
struct kernel_dirent {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* Adds /proc/PID/file. */
static void add_path(struct text *path, pid_t pid, const char *file)
{
	text_add(path, "/proc/");
	text_number(path, pid);
	text_byte(path, '/');
	text_add(path, file);
}

/* Returns the number of bytes, or -1. */
static ssize_t read_file(pid_t pid, const char *file, char *bytes, size_t size)
{
	TEXT(path, 64);
	ssize_t length;
	int fd;

	add_path(&path, pid, file);
	fd = kernel_open(path.bytes, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, bytes, size);
	(void)close(fd);
	return length;
}

/* Moves past one number and the spaces before it. */
static const char *take_number(const char *s, const char *end, uint64_t *n)
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
	const char *open_paren = text_find(line, '(', length);
	const char *close_paren = memrchr(line, ')', length);
	const char *end = line + length;
	const char *s;
	uint64_t pid, number, threads = 0;
	size_t name_length;
	int field;

	/* The name may hold spaces and parentheses: the last one ends it. */
	if (open_paren == NULL || close_paren == NULL ||
	    close_paren < open_paren || end - close_paren < 4)
		return false;
	(void)take_number(line, open_paren, &pid);
	name_length = (size_t)(close_paren - open_paren - 1);
	if (name_length > NAME_MAX_LEN - 1)
		name_length = NAME_MAX_LEN - 1;
	memcpy(p->name, open_paren + 1, name_length);
	p->name[name_length] = '\0';
	p->state = close_paren[2];
	s = take_number(close_paren + 3, end, &number);
	p->parent = (pid_t)number;
	for (field = STAT_PARENT; field < STAT_START && s < end; field++) {
		if (field == STAT_THREADS)
			threads = number;
		s = take_number(s, end, &number);
	}
	/* The first thread may end while the others go on. */
	if (p->state == 'Z' && threads > 1)
		p->state = 'S';
	p->pid = (pid_t)pid;
	p->start = number;
	return field == STAT_START && p->pid > 0;
}

bool proc_read(struct process *p, pid_t pid)
{
	char line[STAT_BYTES_MAX];
	ssize_t length = read_file(pid, "stat", line, sizeof(line));

	return length > 0 && proc_parse_stat(line, (size_t)length, p) &&
	       p->pid == pid;
}

bool proc_usable(void)
{
	char target[16];
	ssize_t length =
		kernel_read_link(-1, "/proc/self", target, sizeof(target) - 1);
	int64_t pid;

	if (length <= 0)
		return false;
	target[length] = '\0';
	return text_to_number(target, INT32_MAX, &pid) && pid == getpid();
}

int proc_open(struct proc_walk *walk, int64_t until_ns)
{
	walk->until_ns = until_ns;
	walk->self = getpid();
	walk->length = 0;
	walk->next = 0;
	if (!proc_usable())
		return -ENOENT;
	walk->fd = kernel_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return walk->fd >= 0 ? 0 : -errno;
}

void proc_close(struct proc_walk *walk)
{
	(void)close(walk->fd);
}

bool proc_next(struct proc_walk *walk, struct process *p)
{
	const struct kernel_dirent *entry;
	int64_t pid;

	while (clock_ns() < walk->until_ns) {
		if (walk->next >= walk->length) {
			walk->length =
				(int)syscall(SYS_getdents64, walk->fd,
					     walk->bytes, sizeof(walk->bytes));
			walk->next = 0;
			if (walk->length <= 0)
				return false;
		}
		entry = (const void *)(walk->bytes + walk->next);
		walk->next += entry->length;
		if (text_to_number(entry->name, INT32_MAX, &pid) &&
		    pid != walk->self && proc_read(p, (pid_t)pid))
			return true;
	}
	return false;
}

int proc_open_exe(pid_t pid)
{
	TEXT(path, 64);
	int fd;

	add_path(&path, pid, "exe");
	fd = kernel_open(path.bytes, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	/* In the place of a closed standard one, hooks would be given it. */
	if (fd >= 0 && fd <= STDERR_FILENO) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

bool proc_is_shell(pid_t pid, int exe_fd)
{
	static const char deleted[] = " (deleted)";
	TEXT(path, 64);
	char target[512];
	ssize_t length;

	if (exe_fd < 0)
		add_path(&path, pid, "exe");
	length = kernel_read_link(exe_fd, path.bytes, target, sizeof(target));
	if (length > 0) {
		const char *end = target + length - (sizeof(deleted) - 1);

		if (end > target &&
		    memcmp(end, deleted, sizeof(deleted) - 1) == 0)
			length = end - target;
		if (!shell_is_busybox(target, (size_t)length))
			return shell_is_named(target, (size_t)length);
	}
	length = read_file(pid, "cmdline", target, sizeof(target));
	return length > 0 && shell_is_named(target, (size_t)length);
}
