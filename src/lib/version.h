/*
 * version.h - which lastcall this is; packaging/version reads it, too.
 */
#ifndef LASTCALL_VERSION_H
#define LASTCALL_VERSION_H

#define VERSION "1.0.0"

#endif
