/*
 * runner.h - runs --ready-check for the server of the ready port.
 *
 * It is a helper of its own, as the server has given up the rights that a check
 * may need, and must not wait for a check.  The two are connected by a socket:
 * a byte asks for a check, a struct check_reply is its result.
 */
#ifndef LASTCALL_RUNNER_H
#define LASTCALL_RUNNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "hook/check.h"
#include "lib/text.h"
#include "process/inherited.h"

enum check_kind {
	CHECK_ENDED,
	CHECK_SILENT,	   /* it took too long */
	CHECK_NOT_STARTED, /* fork(2) failed */
};

struct check_reply {
	enum check_kind kind;
	int status; /* of CHECK_ENDED, as from waitpid(2) */
};

/*
 * What the helper does: answers on fd until the server has ended.  lastcall
 * itself ends it by SIGTERM, and with it the check that it runs.  When a result
 * is not the one before, lastcall gets a HELPER_SIGNAL with runner_value().
 */
_Noreturn void runner_run(const struct check *check, const struct inherited *in,
			  int fd);
/* A reply as one number; 0 is yes. */
int runner_value(const struct check_reply *reply);
/* lastcall's side: logs the reply of that number, whatever it is. */
void runner_log(int value);

/* The server's side.  Both return false if the runner is gone. */
bool runner_ask(int fd);
/* Takes the reply that has come. */
bool runner_take(int fd, struct check_reply *reply);

bool runner_says_yes(const struct check_reply *reply);
/* Adds why the reply is not yes. */
void runner_explain(struct text *t, const struct check_reply *reply);

#endif
