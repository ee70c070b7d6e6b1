/*
 * getopt.c - a command line as glibc's getopt_long(3) reads it, complaints
 * included: musl's reads it differently, and the peers' users have glibc's.
 *
 * Pure.
 */
#include <string.h>

#include "compat/getopt.h"

/* Writes one of getopt's complaints; returns '?'. */
static int getopt_complain(const struct getopt *s, const char *format,
			   const char *what)
{
	text_format(s->said, "%s: ", s->argv[0]);
	text_format(s->said, format, what);
	text_byte(s->said, '\n');
	return '?';
}

static bool takes_value(const struct getopt *s, char letter)
{
	const char *at = strchr(s->letters, letter);

	return at != NULL && at[1] == ':';
}

static int getopt_letter(struct getopt *s)
{
	const char letter[2] = { *s->rest++, '\0' };
	const char *value;

	if (!*s->rest)
		s->rest = NULL;
	if (*letter == ':' || !strchr(s->letters, *letter))
		return getopt_complain(s, "invalid option -- '%s'", letter);
	if (!takes_value(s, *letter))
		return *letter;
	value = s->rest ? s->rest : s->argv[s->at++];
	s->rest = NULL;
	if (!value)
		return getopt_complain(s, "option requires an argument -- '%s'",
				       letter);
	s->value = value;
	return *letter;
}

/* Reads a word that begins with --; any unambiguous beginning is enough. */
static int getopt_name(struct getopt *s, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	const char *found = NULL;
	const char *value;

	for (const char *name = s->names; *name; name += strlen(name) + 1) {
		if (strncmp(name + 1, word + 2, length) != 0)
			continue;
		if (found)
			return getopt_complain(s, "option '%s' is ambiguous",
					       word);
		found = name;
	}
	if (!found)
		return getopt_complain(s, "unrecognized option '%s'", word);
	value = word[2 + length] ? word + 2 + length + 1 : NULL;
	if (!takes_value(s, *found))
		return value ? getopt_complain(s,
					       "option '--%s' doesn't allow an "
					       "argument",
					       found + 1)
			     : *found;
	if (!value)
		value = s->argv[s->at++];
	if (!value)
		return getopt_complain(s, "option '--%s' requires an argument",
				       found + 1);
	s->value = value;
	return *found;
}

int getopt_next(struct getopt *s)
{
	char *word;

	if (s->rest)
		return getopt_letter(s);
	while ((word = s->argv[s->at])) {
		if (word[0] == '-' && word[1]) {
			s->at++;
			if (!strcmp(word, "--"))
				break;
			if (word[1] == '-' && s->names)
				return getopt_name(s, word);
			s->rest = word + 1;
			return getopt_letter(s);
		}
		if (!s->permutes)
			break;
		s->argv[++s->kept] = word;
		s->at++;
	}
	while (s->argv[s->at])
		s->argv[++s->kept] = s->argv[s->at++];
	s->argv[s->kept + 1] = NULL;
	return 0;
}
