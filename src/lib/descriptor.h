/*
 * descriptor.h - files, and descriptors beside the standard ones, which the
 * program and the hooks are given: one that lastcall opens for itself must not
 * become one of them where they were closed.
 */
#ifndef LASTCALL_DESCRIPTOR_H
#define LASTCALL_DESCRIPTOR_H

#include <stdbool.h>

bool descriptor_is_open(int fd);
/* open(2); every user can read a file that it creates. */
int descriptor_open(const char *path, int flags);
/*
 * pipe2(2), closed on exec; `flags` are further ones, or 0.  Returns 0 or -1
 * with errno.
 */
int descriptor_pipe(int ends[2], int flags);
/* A copy above the standard ones, closed on exec.  Returns it or -1. */
int descriptor_copy(int fd);
/* Returns the descriptor if it is above them, else a copy, and closes it. */
int descriptor_raise(int fd);

#endif
