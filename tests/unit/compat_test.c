/*
 * compat_test.c - compat.c: command lines and environments of the drop-in
 * names, and what is made of them.  That the peers do the same is shown by
 * tests/8?-compat-*.bats, which run them as well.  Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

enum { WORDS = 8, VARIABLES = 4 };

struct row {
	const char *words[WORDS];
	const char *variables[VARIABLES];
	const char *want; /* as show() or show_end() has it */
};

#include "compat_rows.h"

/* How the parser ended: the code, where to, and the first line. */
static void show_end(struct text *t, const struct compat *c, int code,
		     const char *said)
{
	text_format(t, "%d to %d: ", code, c->said_fd);
	text_bytes(t, said, text_until(said, "\n"));
}

static void show(struct text *t, const struct compat *c,
		 const struct options *o)
{
	static const char *const scopes[] = { "auto", "child", "group", "all" };

	text_format(t, "%s level=%d", scopes[o->scope], c->level);
	if (c->session)
		text_add(t, " session");
	if (c->ordered)
		text_add(t, " ordered");
	if (c->pause)
		text_add(t, " pause");
	if (c->debug_mode)
		text_add(t, " debug");
	if (o->subreaper)
		text_add(t, " subreaper");
	if (o->warn_reaped)
		text_add(t, " reaped");
	if (o->parent_death_signal)
		text_format(t, " death=%d", o->parent_death_signal);
	for (int i = 0; i < 256; i++)
		if (o->expected[i / 8] >> i % 8 & 1)
			text_format(t, " expect=%d", i);
	for (int i = 0; i <= SIGNAL_MAX; i++)
		if (o->map[i] != i)
			text_format(t, " %d:%d", i, o->map[i]);
	for (char **word = o->program; word && *word; word++)
		text_format(t, " [%s]", *word);
}

static char **copies(const char *const *words, size_t most)
{
	char **copy = calloc(most + 1, sizeof(*copy));

	for (size_t i = 0; i < most && words[i]; i++)
		copy[i] = strdup(words[i]);
	return copy;
}

static void release(char **copy, char **all, size_t most)
{
	for (size_t i = 0; i < most; i++)
		free(all[i]);
	free(all);
	free(copy);
}

static bool test_row(int number, const struct row *row)
{
	char **words = copies(row->words, WORDS);
	char **argv = calloc(WORDS + 1, sizeof(*argv));
	char **envp = copies(row->variables, VARIABLES);
	struct compat c = { .pid = 7 };
	struct options o;
	TEXT(said, 4096);
	TEXT(got, 4096);
	int code = -1;
	bool same;

	memcpy(argv, words, (WORDS + 1) * sizeof(*argv));
	c.name = compat_find(argv[0]);
	if (c.name == COMPAT_NONE)
		text_add(&got, "lastcall");
	else if ((code = compat_parse(&c, &o, argv, envp, &said)) >= 0)
		show_end(&got, &c, code, said.bytes);
	else
		show(&got, &c, &o);
	same = strcmp(got.bytes, row->want) == 0 && !said.cut;
	printf("%s %d -", same ? "ok" : "not ok", number);
	for (size_t i = 0; i < VARIABLES && row->variables[i]; i++)
		printf(" %s", row->variables[i]);
	for (size_t i = 0; i < WORDS && row->words[i]; i++)
		printf(" %s", row->words[i]);
	printf("\n");
	if (!same)
		printf("# got  %s\n# want %s\n", got.bytes, row->want);
	release(argv, words, WORDS);
	release(NULL, envp, VARIABLES);
	return same;
}

int main(void)
{
	int count = sizeof(rows) / sizeof(*rows), failed = 0;

	printf("1..%d\n", count);
	for (int i = 0; i < count; i++)
		failed += !test_row(i + 1, &rows[i]);
	return failed > 0;
}
