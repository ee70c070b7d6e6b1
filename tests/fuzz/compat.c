/*
 * compat.c - the command lines of tini, dumb-init and catatonit.  The first
 * line is the name that lastcall is started under.
 */
#include "compat/peers.h"
#include "fuzz.h"
#include "lib/text.h"
#include "options/options.h"

static bool is_word_of(const struct command_line *line, const char *word)
{
	for (int i = 0; i < line->argc; i++)
		if (line->argv[i] == word)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options o;
	struct compat c = { .pid = 1 };
	struct command_line line;
	TEXT(said, 65536);

	split(&line, data, size, NULL);
	if (line.argc > 0)
		c.peer = compat_find(line.argv[0]);
	if (c.peer != NULL) {
		struct command_line given = line;
		int code = compat_parse(&c, &o, line.argv, line.envp, &said);

		HOLDS(said.length == strlen(said.bytes) && !said.cut);
		HOLDS(code >= -1 && code <= 255);
		HOLDS(code <= 0 || said.length > 0);
		HOLDS(c.pause || code >= 0 || o.program != NULL);
		if (code < 0 && o.program != NULL)
			HOLDS(o.program[0] != NULL);
		for (char **word = o.program; code < 0 && word && *word; word++)
			HOLDS(is_word_of(&given, *word));
		if (code < 0 && c.ordered)
			check_plan(&o.plan);
	}
	free(line.text);
	return 0;
}
