/*
 * exit_code.h - what lastcall ends with.
 */
#ifndef LASTCALL_EXIT_CODE_H
#define LASTCALL_EXIT_CODE_H

#include "stop/lastcall.h"

/* The exit status that lastcall would end with now. */
int exit_code(const struct lastcall *l);
/* The program's own exit status, before the options change it. */
int exit_code_own(const struct lastcall *l);

#endif
