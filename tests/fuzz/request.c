/*
 * request.c - a request to the ready port, whole and in pieces: the same comes
 * of both.  The first byte says how large the pieces are.  And the same bytes
 * as the value of --ready-port.
 */
#include "ready/request.h"
#include "fuzz.h"
#include "ready/address.h"

static void feed(struct request *r, const uint8_t *data, size_t size,
		 size_t piece)
{
	bool wants = true;

	request_init(r);
	for (size_t at = 0; at < size && wants; at += piece) {
		size_t count = size - at < piece ? size - at : piece;
		char *bytes = copy_of(data + at, count);

		wants = request_feed(r, bytes, count);
		HOLDS(wants ==
		      (r->state != REQUEST_WHOLE && r->state != REQUEST_BAD));
		free(bytes);
	}
	HOLDS(r->bytes <= REQUEST_BYTES_MAX + 1);
	HOLDS(r->length <= METHOD_MAX_LEN);
}

static void listen_at(const uint8_t *data, size_t size)
{
	char *value = string_of(data, size);
	struct ready_address a;
	TEXT(reason, 256);

	if (ready_address_parse(&a, value, &reason))
		HOLDS(a.port != 0 && reason.length == 0);
	else
		HOLDS(reason.length > 0);
	check_line(&reason);
	free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request whole, pieces;

	if (size < 1)
		return 0;
	feed(&whole, data + 1, size - 1, size);
	feed(&pieces, data + 1, size - 1, 1 + data[0]);
	HOLDS(whole.state == pieces.state && whole.bytes == pieces.bytes);
	HOLDS(whole.is_head == pieces.is_head);
	listen_at(data + 1, size - 1);
	return 0;
}
