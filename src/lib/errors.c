/*
 * errors.c - what went wrong, in words.
 *
 * Pure: no system call, no state.
 */
#include <errno.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/text.h"

void text_error(struct text *t, int error)
{
	/*
	 * The errors that lastcall meets; libc's strerror() has a table of 2
	 * KB.
	 */
	static const struct {
		int error;
		const char *words;
	} known[] = {
		{ EPERM, "operation not permitted" },
		{ ENOENT, "no such file or directory" },
		{ ESRCH, "no such process" },
		{ EIO, "input/output error" },
		{ E2BIG, "arguments and environment too long" },
		{ ENOEXEC, "not in a format that can be executed" },
		{ EAGAIN, "resource temporarily unavailable" },
		{ ENOMEM, "out of memory" },
		{ EACCES, "permission denied" },
		{ ENOTDIR, "not a directory" },
		{ EISDIR, "is a directory" },
		{ EINVAL, "invalid argument" },
		{ EMFILE, "too many open files" },
		{ ETXTBSY, "text file busy" },
		{ ENOSPC, "no space left on device" },
		{ EROFS, "read-only file system" },
		{ EPIPE, "broken pipe" },
		{ ENAMETOOLONG, "file name too long" },
		{ ENOSYS, "not implemented by this kernel" },
		{ ELOOP, "too many symbolic links" },
		{ ELIBACC, "its interpreter or loader is missing" },
		{ EAFNOSUPPORT, "address family not supported" },
		{ EADDRINUSE, "address already in use" },
		{ EADDRNOTAVAIL, "address not available" },
		{ ENETUNREACH, "network unreachable" },
		{ EHOSTUNREACH, "host unreachable" },
		{ ECONNREFUSED, "connection refused" },
		{ ECONNRESET, "connection reset" },
		{ ETIMEDOUT, "timed out" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].error == error) {
			text_add(t, known[i].words);
			return;
		}
	}
	text_format(t, "error %d", error);
}

bool value_too_many(struct text *complaint, int limit, const char *what)
{
	return text_format(complaint, "more than %d %s", limit, what);
}

/* `complaint` becomes "'TEXT' WHAT", TEXT being `length` bytes at s. */
bool value_complain(struct text *complaint, const char *s, size_t length,
		    const char *what)
{
	TEXT(bad, 64);

	text_bytes(&bad, s, length);
	return text_format(complaint, "%q %s", bad.bytes, what);
}

void text_meant(struct text *complaint, const char *word)
{
	if (!*word)
		return;
	text_add(complaint, " (did you mean ");
	text_bytes(complaint, word, strcspn(word, "|"));
	text_add(complaint, "?)");
}
