/*
 * publish.h - what lastcall leaves for the probe to read.
 */
#ifndef LASTCALL_PUBLISH_H
#define LASTCALL_PUBLISH_H

#include <stdint.h>

/*
 * Called in lastcall itself: tells the probe which stop signal came, and when,
 * by the name of a memfd (lastcall:TERM@MILLISECONDS), which needs no writable
 * file.
 */
void publish_stop_request(int signal, int64_t asked_ns);

#endif
