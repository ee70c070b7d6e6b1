/*
 * address.c - reads the value of --ready-port.
 *
 * Pure.
 */
#include <string.h>

#include "hook/spec.h"
#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/text.h"
#include "ready/address.h"

enum { ADDRESS_BYTES = 48 }; /* an IPv6 address with an IPv4 tail, and a NUL */

bool ready_address_parse(struct ready_address *a, const char *s,
			 struct text *reason)
{
	const char *colon = strrchr(s, ':');
	const char *port = colon != NULL ? colon + 1 : s;
	TEXT(host, ADDRESS_BYTES);
	int64_t number;

	memset(a, 0, sizeof(*a));
	if (!text_to_number(port, UINT16_MAX, &number) || number == 0)
		return value_complain(reason, port, strlen(port),
				      "is not a port from 1 to 65535");
	if (colon != NULL) {
		size_t length = (size_t)(colon - s);

		a->is_ipv6 = length >= 2 && s[0] == '[' && colon[-1] == ']';
		text_bytes(&host, s + a->is_ipv6,
			   length - 2 * (size_t)a->is_ipv6);
		if (host.cut ||
		    !address_parse(host.bytes, a->is_ipv6, a->address))
			return value_complain(
				reason, s, length,
				"is not an IPv4 address or [IPv6]");
	}
	a->is_any = colon == NULL;
	a->text = s;
	a->port = (uint16_t)number;
	return true;
}
