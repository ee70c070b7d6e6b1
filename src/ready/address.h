/*
 * address.h - where --ready-port listens.
 */
#ifndef LASTCALL_ADDRESS_H
#define LASTCALL_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

struct ready_address {
	const char *text; /* as it was given */
	uint16_t port;	  /* 0: not given */
	bool is_any;	  /* no address was given: all, IPv4 and IPv6 */
	bool is_ipv6;	  /* else IPv4 */
	unsigned char address[16]; /* in network order; 4 bytes for IPv4 */
};

/*
 * Reads [ADDRESS:]PORT, ADDRESS being an IPv4 address or [IPv6].  Returns false
 * with the reason.
 */
bool ready_address_parse(struct ready_address *a, const char *s,
			 struct text *reason);

#endif
