/*
 * peers_test.c - peers.c: command lines and environments of the drop-in
 * names, and what is made of them.  That the peers do the same is shown by
 * tests/8?-compat-*.bats, which run them as well.  Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat/peers.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "options/options.h"
#include "tap.h"

enum { WORDS = 8, VARIABLES = 4 };

struct row {
	const char *words[WORDS];
	const char *variables[VARIABLES];
	const char *want; /* as show() or show_end() has it */
};

#include "peers_rows.h"

/* How the parser ended: the code, where to, and the first line. */
static void show_end(struct text *t, const struct compat *c, int code,
		     const char *said)
{
	text_format(t, "%d to %d: ", code, c->said_fd);
	text_bytes(t, said, strcspn(said, "\n"));
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
		if (o->exit_codes[i] != i)
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

static void test_row(const struct row *row)
{
	char **words = copies(row->words, WORDS);
	char **argv = calloc(WORDS + 1, sizeof(*argv));
	char **envp = copies(row->variables, VARIABLES);
	struct compat c = { .pid = 7 };
	struct options o;
	TEXT(said, 4096);
	TEXT(got, 4096);
	TEXT(name, 4096);
	int code = -1;

	memcpy(argv, words, (WORDS + 1) * sizeof(*argv));
	c.peer = compat_find(argv[0]);
	if (c.peer == NULL)
		text_add(&got, "lastcall");
	else if ((code = compat_parse(&c, &o, argv, envp, &said)) >= 0)
		show_end(&got, &c, code, said.bytes);
	else
		show(&got, &c, &o);
	for (size_t i = 0; i < VARIABLES && row->variables[i]; i++) {
		text_add(&name, i ? " " : "");
		text_add(&name, row->variables[i]);
	}
	for (size_t i = 0; i < WORDS && row->words[i]; i++) {
		text_add(&name, name.length ? " " : "");
		text_add(&name, row->words[i]);
	}
	is(name.bytes, said.cut ? "cut" : got.bytes, row->want);
	release(argv, words, WORDS);
	release(NULL, envp, VARIABLES);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(&rows[i]);
	return tap_end();
}
