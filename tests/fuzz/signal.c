/* signal.c - signals: read from a part of a text, written, and read again. */
#include "fuzz.h"
#include "lib/signals.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = copy_of(data, size);
	int signal = signal_parse(s, size);

	HOLDS(signal >= 0 && signal <= SIGNAL_MAX);
	if (signal > 0) {
		TEXT(name, 16);

		signal_name(&name, signal);
		HOLDS(!name.cut);
		HOLDS(signal_parse(name.bytes, name.length) == signal);
	}
	free(s);
	return 0;
}
