/*
 * log.c - events on stderr, one line each, as logfmt or JSON.
 *
 * Nothing here ever waits.  The program shares this stderr, so a poll() that
 * says "writable" proves nothing by the time of the write, and O_NONBLOCK on
 * the inherited descriptor would change it for the program too.  What is left
 * is to ask for it write by write (RWF_NOWAIT, MSG_DONTWAIT) or to open the
 * same pipe or terminal a second time.  A line that does not go out at once is
 * dropped and counted.
 *
 * Called by every room but the pure ones; calls only text.c, signals.c and
 * clock.c.
 * The state is set by log_open(), but for what a line in the making needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "init.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x8
#endif

enum {
	VALUE_MAX_LEN = 512,   /* bytes of a value before it is quoted */
	QUOTED_MAX_LEN = 1000, /* and after: others need room too */
	TAIL_LEN = 40,	       /* kept free for dropped=N and the line's end */
};

_Static_assert(LINE_MAX_LEN <= 4096, "a pipe takes it whole or not at all");

enum sink {
	SINK_NONE,   /* closed, or not open for writing */
	SINK_FILE,   /* a regular file: a write does not wait for a reader */
	SINK_SOCKET, /* takes MSG_DONTWAIT */
	SINK_NOWAIT, /* takes RWF_NOWAIT, as far as is known */
	SINK_SECOND, /* has refused it: needs a descriptor of our own */
};

static char line_bytes[LINE_MAX_LEN];
static struct text line;

static struct {
	enum sink sink;
	enum log_format format;
	int verbosity;
	int second_fd; /* stderr, opened again; 0: not yet */
	bool unwanted; /* the event in the making is not to be written */
	bool torn;     /* the last write ended within its line */
	int64_t dropped;
} state;

/* The kernel's struct statx: the same on every processor, as stat's is not. */
struct file {
	uint32_t unused[7];
	uint16_t mode, pad;
	uint64_t inode;
	uint32_t more[24];
	uint32_t device[2];
	uint32_t rest[28];
};

_Static_assert(sizeof(struct file) == 256 &&
		       offsetof(struct file, device) == 136,
	       "as in statx(2)");

/* statx(2), which libc wraps in much; false and zeros where it fails. */
static bool look(int fd, struct file *file)
{
	enum { EMPTY_PATH = 0x1000, TYPE_AND_INODE = 0x101 };

	memset(file, 0, sizeof(*file));
	return syscall(SYS_statx, fd, "", EMPTY_PATH, TYPE_AND_INODE, file) ==
	       0;
}

/* Looks at what stderr is. */
void log_open(enum log_format format, int verbosity)
{
	struct file file;

	state.format = format;
	state.verbosity = verbosity;
	state.sink = SINK_NONE;
	if (!look(STDERR_FILENO, &file) && errno == EBADF)
		return;
	if (S_ISREG(file.mode))
		state.sink = SINK_FILE;
	else if (S_ISSOCK(file.mode))
		state.sink = SINK_SOCKET;
	else
		state.sink = SINK_NOWAIT;
}

int log_verbosity(void)
{
	return state.verbosity;
}

/*
 * Opens stderr's file once more, non-blocking, above the standard
 * descriptors: the child must find closed what was closed.  Returns the
 * descriptor or 0.
 */
static int open_second(void)
{
	struct file ours, theirs;
	int flags = (int)syscall(SYS_fcntl, STDERR_FILENO, F_GETFL);
	int fd, high;

	/* What was given for reading only is not ours to write to. */
	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
		return 0;
	fd = kernel_open("/proc/self/fd/2",
			 O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fd <= STDERR_FILENO) {
		high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC,
				    STDERR_FILENO + 1);
		close(fd);
		fd = high;
	}
	if (fd < 0)
		return 0;
	/*
	 * A /proc that is not procfs could lead anywhere.  Where statx(2) is
	 * refused, both are zeros.
	 */
	(void)look(fd, &ours);
	(void)look(STDERR_FILENO, &theirs);
	if (ours.inode == theirs.inode &&
	    memcmp(ours.device, theirs.device, sizeof(ours.device)) == 0)
		return fd;
	close(fd);
	return 0;
}

/*
 * Takes back the signal that a failed write has left pending, so that it is
 * not forwarded.  The kernel sends it to the thread, as from this process,
 * and a thread's own signals are dequeued first; what somebody else sent is
 * put back.
 */
static void take_back(int signal)
{
	const uint64_t at_once[2] = { 0, 0 }; /* a timespec of any width */
	const uint64_t set = UINT64_C(1) << (signal - 1);
	siginfo_t info;

	if (syscall(SYS_rt_sigtimedwait, &set, &info, at_once, sizeof(set)) !=
	    signal)
		return;
	if (info.si_code == SI_KERNEL ||
	    (info.si_code == SI_USER && info.si_pid == getpid()))
		return;
	syscall(SYS_rt_sigqueueinfo, getpid(), signal, &info);
}

/* The kernel (or a seccomp filter) does not let RWF_NOWAIT do it. */
static bool is_refused(int error)
{
	return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL ||
	       error == EPERM || error == EACCES;
}

/*
 * Pipes learnt RWF_NOWAIT late, and named ones and terminals have not (kernel
 * 6.18); yet it comes first, as a pipe that another user made cannot be opened
 * again.
 */
static ssize_t write_nowait(char *bytes, size_t length)
{
	const struct iovec iov = { bytes, length };

	/* The offset is a pair of longs: -1 means the file's own. */
	return syscall(SYS_pwritev2, STDERR_FILENO, &iov, 1L, -1L, -1L,
		       RWF_NOWAIT);
}

/* Returns how many bytes went out at once, or -1. */
static ssize_t write_now(char *bytes, size_t length)
{
	ssize_t n = -1;

	if (state.sink == SINK_NOWAIT) {
		n = write_nowait(bytes, length);
		if (n < 0 && is_refused(errno))
			state.sink = SINK_SECOND;
	}
	switch (state.sink) {
	case SINK_NONE:
	case SINK_NOWAIT:
		break;
	case SINK_FILE:
		n = write(STDERR_FILENO, bytes, length);
		break;
	case SINK_SOCKET:
		n = send(STDERR_FILENO, bytes, length,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case SINK_SECOND:
		if (state.second_fd == 0)
			state.second_fd = open_second();
		if (state.second_fd == 0)
			return -1;
		n = write(state.second_fd, bytes, length);
		break;
	}
	if (n < 0 && errno == EPIPE && state.sink != SINK_SOCKET)
		take_back(SIGPIPE);
	if (n < 0 && errno == EFBIG)
		take_back(SIGXFSZ);
	return n;
}

static void clear_line(void)
{
	line.bytes = line_bytes;
	line.size = sizeof(line_bytes) - TAIL_LEN;
	text_clear(&line);
}

/* Begins a line, on a new one where the last was cut short. */
static void begin(void)
{
	clear_line();
	if (state.torn)
		text_byte(&line, '\n');
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The date of a day since 1970: libc's gmtime_r() brings more than it. */
static void add_date(int64_t day)
{
	static const signed char lengths[] = { 31, 28, 31, 30, 31, 30,
					       31, 31, 30, 31, 30, 31 };
	int64_t year = 1970, length;
	int month = 0;

	for (; day >= (length = is_leap(year) ? 366 : 365); year++)
		day -= length;
	for (;; month++) {
		length = lengths[month] + (month == 1 && is_leap(year));
		if (day < length)
			break;
		day -= length;
	}
	text_padded(&line, year, 4);
	text_byte(&line, '-');
	text_padded(&line, month + 1, 2);
	text_byte(&line, '-');
	text_padded(&line, day + 1, 2);
}

/* RFC 3339, UTC, milliseconds. */
static void add_time(void)
{
	int64_t ms = clock_wall_ns() / NS_PER_MS;
	int64_t seconds = ms / 1000;

	add_date(seconds / 86400);
	text_byte(&line, 'T');
	text_padded(&line, seconds / 3600 % 24, 2);
	text_byte(&line, ':');
	text_padded(&line, seconds / 60 % 60, 2);
	text_byte(&line, ':');
	text_padded(&line, seconds % 60, 2);
	text_byte(&line, '.');
	text_padded(&line, ms % 1000, 3);
	text_byte(&line, 'Z');
}

static void begin_event(const char *event)
{
	begin();
	if (state.format == LOG_JSON) {
		text_add(&line, "{\"ts\":\"");
		add_time();
		text_add(&line, "\",\"event\":\"");
		text_add(&line, event);
		text_byte(&line, '"');
	} else {
		text_add(&line, "lastcall: event=");
		text_add(&line, event);
	}
}

/* Begins the line of an event, a word of letters and hyphens. */
void log_begin(const char *event)
{
	state.unwanted = state.sink == SINK_NONE || state.verbosity < 1;
	if (!state.unwanted)
		begin_event(event);
}

static void add_key(const char *key)
{
	bool json = state.format == LOG_JSON;

	text_add(&line, json ? ",\"" : " ");
	text_add(&line, key);
	text_add(&line, json ? "\":" : "=");
}

/* Forgets what does not fit; false if it did. */
static bool take_out(size_t length)
{
	if (!line.cut)
		return false;
	line.length = length;
	line.bytes[length] = '\0';
	line.cut = false;
	return true;
}

void log_number(const char *key, int64_t n)
{
	size_t length = line.length;

	if (state.unwanted)
		return;
	add_key(key);
	text_number(&line, n);
	take_out(length);
}

/* The key is expected to end in _ms. */
void log_duration_ms(const char *key, int64_t ns)
{
	log_number(key, ns / NS_PER_MS);
}

/* logfmt takes a word of plain ASCII without quotes. */
static bool is_word(const char *s)
{
	const char *start = s;

	while (*s > ' ' && *s < 0x7f && *s != '"' && *s != '=' && *s != '\\')
		s++;
	return *s == '\0' && s != start;
}

/*
 * Adds a value of any bytes.  One that is too long is cut, with three dots,
 * at the beginning of a character; the line stays whole.
 */
void log_text(const char *key, const char *value)
{
	size_t length = line.length;
	size_t keep = strnlen(value, VALUE_MAX_LEN);
	bool is_cut = value[keep] != '\0';
	char bytes[VALUE_MAX_LEN + sizeof("...")];

	if (state.unwanted)
		return;
	if (line.size > length + QUOTED_MAX_LEN)
		line.size = length + QUOTED_MAX_LEN;
	do {
		while (is_cut && keep > 0 && (value[keep] & 0xc0) == 0x80)
			keep--;
		memcpy(bytes, value, keep);
		memcpy(bytes + keep, is_cut ? "..." : "", is_cut ? 4 : 1);
		add_key(key);
		if (state.format == LOG_TEXT && is_word(bytes))
			text_add(&line, bytes);
		else
			text_quoted(&line, bytes);
		is_cut = true;
		keep /= 2;
	} while (take_out(length) && keep > 0);
	line.size = sizeof(line_bytes) - TAIL_LEN;
}

void log_signal(const char *key, int signal)
{
	TEXT(name, 16);

	signal_name(&name, signal);
	log_text(key, name.bytes);
}

/* An errno, in words. */
void log_error(const char *key, int error)
{
	TEXT(words, 64);

	text_error(&words, error);
	log_text(key, words.bytes);
}

/* Ends the line and writes it, or counts it as dropped. */
void log_end(void)
{
	ssize_t n;

	if (state.unwanted)
		return;
	line.size = sizeof(line_bytes);
	line.cut = false;
	if (state.dropped > 0) {
		add_key("dropped");
		text_number(&line, state.dropped);
	}
	text_add(&line, state.format == LOG_JSON ? "}\n" : "\n");

	n = write_now(line.bytes, line.length);
	if (n == (ssize_t)line.length) {
		state.dropped = 0;
		state.torn = false;
		return;
	}
	state.dropped++;
	/* Terminals and full disks take a part. */
	if (n > 0)
		state.torn = true;
}

void log_warning(const char *what, int error)
{
	log_begin("warning");
	log_text("what", what);
	if (error != 0)
		log_error("error", error);
	log_end();
}

void log_line(const char *text)
{
	state.unwanted = state.sink == SINK_NONE;
	if (state.unwanted)
		return;
	if (state.format == LOG_JSON) {
		begin_event("error");
		log_text("message", text);
	} else {
		begin();
		text_add(&line, "lastcall: ");
		text_add(&line, text);
	}
	log_end();
}

void log_plain(char *bytes, size_t length)
{
	if (state.sink != SINK_NONE &&
	    write_now(bytes, length) != (ssize_t)length)
		state.dropped++;
}

/*
 * The kubelet makes its file before the start, so the default one is written
 * only where it exists; one that was asked for is created.  O_NONBLOCK, as it
 * may be a pipe that nobody reads; O_NOFOLLOW, as the program may have fewer
 * rights than lastcall, and put a link to another file there.
 */
void log_termination(const char *path, const char *text)
{
	int create = O_CREAT;
	int fd;

	if (path == NULL) {
		path = "/dev/termination-log";
		create = 0;
	}
	fd = kernel_open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOFOLLOW |
				       O_NOCTTY | O_CLOEXEC | create);
	if (fd < 0)
		return;
	clear_line();
	text_add(&line, text);
	line.size = sizeof(line_bytes);
	line.cut = false;
	text_byte(&line, '\n');
	if (write(fd, line.bytes, line.length) < 0 && errno == EPIPE)
		take_back(SIGPIPE);
	close(fd);
}
