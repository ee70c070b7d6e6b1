/*
 * oom.c - whether the kernel has killed a process because memory ran out.
 *
 * Duty: find the memory cgroup that lastcall runs in, of version 1 or 2, and
 * read its counter.  Invariants: the counter's file is opened before the
 * program runs and stays open, as what the program mounts there may hang; no
 * file can make lastcall wait; at most a page is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/descriptor.h"
#include "lib/parse.h"
#include "lib/text.h"
#include "process/oom.h"
#include "process/proc.h"

enum { FILE_BYTES_MAX = 4096 };

int oom_fd = -1;
static int64_t oom_known; /* the last count */

/* The kernel's kills so far, or -ENOENT where no cgroup tells. */
static int64_t oom_kills(void)
{
	char bytes[FILE_BYTES_MAX];
	ssize_t length = -1;
	int64_t kills;
	char *s;

	if (lseek(oom_fd, 0, SEEK_SET) == 0)
		length = read(oom_fd, bytes, sizeof(bytes) - 1);
	if (length < 0)
		return -ENOENT;
	bytes[length] = '\0';
	s = text_line(bytes, "oom_kill ");
	if (s == NULL)
		return -ENOENT;
	s[strcspn(s, "\n")] = '\0';
	return text_to_number(s, INT64_MAX, &kills) ? kills : -ENOENT;
}

/* Opens the counter of the cgroup in that folder, if it has one. */
static bool oom_open_folder(const char *root, const char *path,
			    const char *file)
{
	TEXT(name, 1024);

	text_format(&name, "%s%s/%s", root, path, file);
	if (name.cut)
		return false;
	/* O_NONBLOCK: a named pipe in its place must not be waited for. */
	oom_fd = descriptor_raise(descriptor_open(
		name.bytes, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
	oom_known = oom_kills();
	if (oom_known >= 0)
		return true;
	(void)close(oom_fd);
	oom_fd = -1;
	return false;
}

/* Is `name` in the comma-separated list that ends before `end`? */
static bool oom_has_word(const char *list, const char *end, const char *name)
{
	size_t length = strlen(name);

	while (list < end) {
		size_t word = strcspn(list, ",:");

		if (word == length && memcmp(list, name, length) == 0)
			return true;
		list += word + 1;
	}
	return false;
}

/* A line of /proc/self/cgroup, "ID:CONTROLLERS:PATH" (cgroups(7)). */
static bool oom_open_line(char *line)
{
	const char *controllers = strchr(line, ':');
	const char *path = controllers ? strchr(controllers + 1, ':') : NULL;
	const char *root = "/sys/fs/cgroup";
	const char *file = "memory.events";

	if (path == NULL)
		return false;
	controllers++;
	if (oom_has_word(controllers, path, "memory")) {
		root = "/sys/fs/cgroup/memory";
		file = "memory.oom_control";
	} else if (controllers != path) {
		return false;
	}
	path++;
	/*
	 * The root of a namespace is "/"; outside of it is "/..".  Without a
	 * cgroup namespace the path is the host's; the container sees only the
	 * end of it, as the root of its own mount.
	 */
	return (!text_starts(path, "/..") &&
		oom_open_folder(root, strcmp(path, "/") == 0 ? "" : path,
				file)) ||
	       oom_open_folder(root, "", file);
}

void oom_open(void)
{
	char lines[FILE_BYTES_MAX];
	char *line = lines;

	if (proc_read_file(getpid(), "cgroup", lines, sizeof(lines)) == 0)
		return;
	/*
	 * The lines of version 1 come first: where there are both, these count.
	 */
	while (line != NULL) {
		char *next = strchr(line, '\n');

		if (next != NULL)
			*next++ = '\0';
		if (oom_open_line(line))
			return;
		line = next;
	}
}

bool oom_has_killed(void)
{
	int64_t before = oom_known;

	oom_known = oom_kills();
	return before >= 0 && oom_known > before;
}
