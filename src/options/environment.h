/*
 * environment.h - the LASTCALL_ variables: each option that takes a value has
 * one.
 */
#ifndef LASTCALL_ENVIRONMENT_H
#define LASTCALL_ENVIRONMENT_H

#include <stdbool.h>

#include "lib/text.h"
#include "options/options.h"

/*
 * Reads the variables that the mode needs and that the command line does not
 * override into *o.  Line ends in repeated values are changed in place.
 * Returns false if a value is not accepted; `complaint` then says which.
 */
bool environment_read(struct options *o, char **envp, struct text *complaint);
/* Is it the variable of an option?  It is NAME=VALUE, as in `unread`. */
bool environment_is_known(char *variable);
/* Did one ask for an ordered shutdown? */
bool environment_orders_shutdown(const struct options *o);
/*
 * Removes the options' variables (not those of hooks or of a Kubernetes
 * Service) from envp, in place.
 */
void environment_strip(char **envp);

#endif
