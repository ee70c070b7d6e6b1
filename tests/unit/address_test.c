/*
 * address_test.c - address.c: where to listen.  Prints TAP.
 */
#include <string.h>

#include "ready/address.h"
#include "tap.h"

static const struct row {
	const char *value;
	int port; /* 0: it is refused */
	bool is_any, is_ipv6;
	unsigned char address[16];
} rows[] = {
	{ "8086", 8086, .is_any = true },
	{ "1", 1, .is_any = true },
	{ "65535", 65535, .is_any = true },
	{ "127.0.0.1:80", 80, .address = { 127, 0, 0, 1 } },
	{ "0.0.0.0:8086", .port = 8086 },
	{ "[::]:8086", 8086, .is_ipv6 = true },
	{ "[::1]:8086", 8086, .is_ipv6 = true, .address = { [15] = 1 } },
	{ "[::ffff:192.0.2.1]:1", 1, .is_ipv6 = true,
	  .address = { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
	{ "0", .port = 0 },
	{ "65536", .port = 0 },
	{ "-1", .port = 0 },
	{ "", .port = 0 },
	{ "http", .port = 0 },
	{ "80 ", .port = 0 },
	{ ":8086", .port = 0 },
	{ "127.0.0.1", .port = 0 },
	{ "127.0.0.1:", .port = 0 },
	{ "::1:8086", .port = 0 },
	{ "[::1]", .port = 0 },
	{ "[::1]8086", .port = 0 },
	{ "[127.0.0.1]:8086", .port = 0 },
	{ "[:8086", .port = 0 },
	{ "[]:8086", .port = 0 },
	{ "]:8086", .port = 0 },
	{ "localhost:8086", .port = 0 },
	{ "[fe80::1%eth0]:8086", .port = 0 },
	{ "127.0.0.1:80:80", .port = 0 },
	{ "[0000:0000:0000:0000:0000:0000:255.255.255.255 too long]:80",
	  .port = 0 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct ready_address a;
		TEXT(name, 128);
		TEXT(reason, 128);
		bool good = ready_address_parse(&a, row->value, &reason);

		if (row->port == 0)
			good = !good && reason.length > 0;
		else
			good = good && reason.length == 0 &&
			       a.port == row->port && a.is_any == row->is_any &&
			       a.is_ipv6 == row->is_ipv6 &&
			       memcmp(a.address, row->address, 16) == 0;
		text_format(&name,
			    row->port ? "%q is where to listen"
				      : "%q is refused",
			    row->value);
		ok(name.bytes, good);
	}
	return tap_end();
}
