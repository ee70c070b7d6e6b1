/*
 * errors.c - what went wrong, in words.
 *
 * Pure: no system call, no state.
 */
#include <errno.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/text.h"

/*
 * The errors that lastcall meets; libc's strerror() has a table of 2 KB.  A
 * list for the preprocessor, as it becomes two: the numbers, and all words in
 * one string.
 */
#define ERRORS(ROW)                                                            \
	ROW(EPERM, "operation not permitted")                                  \
	ROW(ENOENT, "no such file or directory")                               \
	ROW(ESRCH, "no such process")                                          \
	ROW(EIO, "input/output error")                                         \
	ROW(E2BIG, "arguments and environment too long")                       \
	ROW(ENOEXEC, "not in a format that can be executed")                   \
	ROW(EAGAIN, "resource temporarily unavailable")                        \
	ROW(ENOMEM, "out of memory")                                           \
	ROW(EACCES, "permission denied")                                       \
	ROW(ENOTDIR, "not a directory")                                        \
	ROW(EISDIR, "is a directory")                                          \
	ROW(EINVAL, "invalid argument")                                        \
	ROW(EMFILE, "too many open files")                                     \
	ROW(ETXTBSY, "text file busy")                                         \
	ROW(ENOSPC, "no space left on device")                                 \
	ROW(EROFS, "read-only file system")                                    \
	ROW(EPIPE, "broken pipe")                                              \
	ROW(ENAMETOOLONG, "file name too long")                                \
	ROW(ENOSYS, "not implemented by this kernel")                          \
	ROW(ELOOP, "too many symbolic links")                                  \
	ROW(ELIBACC, "its interpreter or loader is missing")                   \
	ROW(EAFNOSUPPORT, "address family not supported")                      \
	ROW(EADDRINUSE, "address already in use")                              \
	ROW(EADDRNOTAVAIL, "address not available")                            \
	ROW(ENETUNREACH, "network unreachable")                                \
	ROW(EHOSTUNREACH, "host unreachable")                                  \
	ROW(ECONNREFUSED, "connection refused")                                \
	ROW(ECONNRESET, "connection reset")                                    \
	ROW(ETIMEDOUT, "timed out")

#define NUMBER(error, words) error,
#define WORDS(error, words)  words "|"

void text_error(struct text *t, int error)
{
	static const unsigned char numbers[] = { ERRORS(NUMBER) };
	const char *words = ERRORS(WORDS);

	for (size_t i = 0; i < sizeof(numbers); i++) {
		if (numbers[i] == error) {
			text_bytes(t, words, strcspn(words, "|"));
			return;
		}
		words = text_next_choice(words);
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
