/*
 * hungfs - a file system that can hang, for the files that lastcall is told of.
 *
 *     hungfs FOLDER
 *
 * Mounts itself on FOLDER and prints READY.  It is one folder of a few small
 * files, which may be made, written, read and removed by anybody.  From SIGUSR1
 * on it answers nothing any more: whoever asks it for something waits.
 * Unmounts at SIGTERM.  Speaks /dev/fuse itself, so it needs no library; needs
 * root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 16, FILE_BYTES_MAX = 65536, REQUEST_MAX = 1 << 18 };

static struct {
	char name[64];
	char bytes[FILE_BYTES_MAX];
	size_t length;
} files[FILES_MAX]; /* node number i + 2 */

static volatile sig_atomic_t hangs;
static const char *folder;
static char request[REQUEST_MAX];
static int device;

static void on_signal(int signal)
{
	if (signal == SIGUSR1) {
		hangs = 1;
		return;
	}
	umount2(folder, MNT_DETACH);
	/* The end of this process ends the waits of the others. */
	_exit(0);
}

static void answer(uint64_t unique, int error, const void *bytes, size_t length)
{
	static char buffer[REQUEST_MAX];
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + length),
		.error = -error,
		.unique = unique,
	};

	memcpy(buffer, &head, sizeof(head));
	if (length > 0)
		memcpy(buffer + sizeof(head), bytes, length);
	if (write(device, buffer, head.len) < 0)
		return;
}

static int find(const char *name)
{
	for (int i = 0; i < FILES_MAX; i++)
		if (strcmp(files[i].name, name) == 0)
			return i;
	return -1;
}

/* Nothing is remembered by the kernel: each look asks anew. */
static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr a = { .ino = node, .nlink = 1, .blksize = 4096 };

	a.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0777 : S_IFREG | 0666;
	if (node != FUSE_ROOT_ID)
		a.size = files[node - 2].length;
	return a;
}

static struct fuse_entry_out entry(int i)
{
	struct fuse_entry_out e = { .nodeid = (uint64_t)i + 2 };

	e.attr = attributes(e.nodeid);
	return e;
}

static int make(const char *name)
{
	int i = find("");

	if (i >= 0) {
		strncpy(files[i].name, name, sizeof(files[i].name) - 1);
		files[i].length = 0;
	}
	return i;
}

static void serve(const struct fuse_in_header *in, char *body)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 4096,
		.max_write = 65536,
		.max_background = 8,
		.congestion_threshold = 8,
	};
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} made;
	struct fuse_attr_out attr = { .attr_valid = 0 };
	struct fuse_open_out opened = { .open_flags = FOPEN_DIRECT_IO };
	struct fuse_write_out written = { 0 };
	struct fuse_statfs_out statfs = { .st = { .bsize = 4096 } };
	struct fuse_setattr_in *set = (void *)body;
	struct fuse_write_in *w = (void *)body;
	struct fuse_read_in *r = (void *)body;
	uint64_t node = in->nodeid;
	size_t left;
	int i;

	switch (in->opcode) {
	case FUSE_INIT:
		answer(in->unique, 0, &init, sizeof(init));
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	case FUSE_LOOKUP:
		i = find(body);
		if (i < 0) {
			answer(in->unique, ENOENT, NULL, 0);
			return;
		}
		made.entry = entry(i);
		answer(in->unique, 0, &made.entry, sizeof(made.entry));
		return;
	case FUSE_SETATTR:
		if ((set->valid & FATTR_SIZE) && node != FUSE_ROOT_ID &&
		    set->size <= FILE_BYTES_MAX)
			files[node - 2].length = set->size;
		/* fall through */
	case FUSE_GETATTR:
		attr.attr = attributes(node);
		answer(in->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_CREATE:
		i = make(body + sizeof(struct fuse_create_in));
		if (i < 0) {
			answer(in->unique, ENOSPC, NULL, 0);
			return;
		}
		made.entry = entry(i);
		made.open = opened;
		answer(in->unique, 0, &made, sizeof(made));
		return;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(in->unique, 0, &opened, sizeof(opened));
		return;
	case FUSE_WRITE:
		left = files[node - 2].length;
		/* Always at the end: who writes has it open to append. */
		if (left + w->size <= FILE_BYTES_MAX) {
			memcpy(files[node - 2].bytes + left, body + sizeof(*w),
			       w->size);
			files[node - 2].length += w->size;
		}
		written.size = w->size;
		answer(in->unique, 0, &written, sizeof(written));
		return;
	case FUSE_READ:
		left = files[node - 2].length > r->offset
			       ? files[node - 2].length - r->offset
			       : 0;
		answer(in->unique, 0, files[node - 2].bytes + r->offset,
		       left < r->size ? left : r->size);
		return;
	case FUSE_UNLINK:
		i = find(body);
		if (i >= 0)
			files[i].name[0] = '\0';
		answer(in->unique, i < 0 ? ENOENT : 0, NULL, 0);
		return;
	case FUSE_STATFS:
		answer(in->unique, 0, &statfs, sizeof(statfs));
		return;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		answer(in->unique, 0, NULL, 0);
		return;
	default: /* FLUSH, ACCESS: not asked for again */
		answer(in->unique, ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	char options[128];
	sigset_t hang, before;
	int ready = 0;

	if (argc != 2)
		return 2;
	folder = argv[1];
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 device);
	if (device < 0 || mount("hungfs", argv[1], "fuse", MS_NOSUID | MS_NODEV,
				options) < 0) {
		perror("hungfs");
		return 1;
	}
	/* It comes in ppoll() alone. */
	sigemptyset(&hang);
	sigaddset(&hang, SIGUSR1);
	sigprocmask(SIG_BLOCK, &hang, &before);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (;;) {
		struct fuse_in_header *in = (void *)request;
		struct pollfd next = { .fd = device, .events = POLLIN };
		ssize_t n;

		/*
		 * Who waits for a request that was read cannot be killed, so
		 * no more are read.
		 */
		(void)ppoll(&next, 1, NULL, &before);
		while (hangs)
			pause();
		if ((next.revents & POLLIN) == 0)
			continue;
		n = read(device, request, sizeof(request));
		if (n < 0 && errno != EINTR && errno != ENOENT)
			return 1;
		if (n < (ssize_t)sizeof(*in))
			continue;
		serve(in, request + sizeof(*in));
		if (!ready) {
			ready = 1;
			printf("READY\n");
			fflush(stdout);
		}
	}
}
