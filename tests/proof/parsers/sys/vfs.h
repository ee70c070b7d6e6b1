/* vfs.h - for src/process/proc.c; Frama-C has none. */
struct statfs {
	long f_type;
};
int fstatfs(int fd, struct statfs *fs);
