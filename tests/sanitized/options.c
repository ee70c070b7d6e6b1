/*
 * options.c - how the sanitizers of build/sanitized/lastcall behave.
 *
 * Linked in rather than given in the environment: lastcall is also tested
 * with an environment of the test's own.  A report goes to a file of
 * REPORTS, which must be empty when the tests have run, so that one in any
 * process counts.  No leak is looked for: there is no malloc, and the search
 * needs ptrace(2).  No handler is installed and no stack changed: lastcall
 * promises that, and the tests look.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

#define OPTIONS                                                                \
	"log_path=" REPORTS "/report:detect_leaks=0:handle_segv=0:"            \
	"handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:"      \
	"use_sigaltstack=0:detect_stack_use_after_return=1"

const char *__asan_default_options(void)
{
	return OPTIONS;
}

const char *__ubsan_default_options(void)
{
	return OPTIONS ":print_stacktrace=1";
}
