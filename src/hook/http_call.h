/*
 * http_call.h - makes an HTTP call.
 */
#ifndef LASTCALL_HTTP_CALL_H
#define LASTCALL_HTTP_CALL_H

#include "hook/spec.h"
#include "lib/text.h"

/*
 * Makes the call and returns 0 (2xx, 3xx) or 1, with one line in `said` about
 * what happened.  Blocks without a limit: call it only in a process of its own
 * that its parent kills in time.
 */
int http_call(const struct hook_spec *hook, struct text *said);

#endif
