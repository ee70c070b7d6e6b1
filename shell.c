/*
 * shell.c - which programs are shells.
 *
 * Pure.  A shell passes no signal on, so what it has started must be told
 * (scope.c), and --plan says so.  Called by proc.c and plan.c.
 */
#include <string.h>

#include "init.h"

static const char *const shells[] = { "sh",  "bash", "dash", "ash",
				      "ksh", "mksh", "zsh" };

/* The last component of a path, up to `end`. */
static const char *base_name(const char *path, const char *end)
{
	const char *slash = memrchr(path, '/', (size_t)(end - path));

	return slash != NULL ? slash + 1 : path;
}

static bool is_name(const char *s, const char *end, const char *name)
{
	return (size_t)(end - s) == strlen(name) &&
	       memcmp(s, name, (size_t)(end - s)) == 0;
}

/* A shell's name, bare or as in ksh93, zsh-5.9 and bash-static. */
static bool is_shell_name(const char *s, const char *end)
{
	static const char suffix[] = "-static";
	const size_t length = sizeof(suffix) - 1;

	while (end > s && text_char("0123456789.-", end[-1]) != NULL)
		end--;
	if ((size_t)(end - s) > length &&
	    memcmp(end - length, suffix, length) == 0)
		end -= length;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (is_name(s, end, shells[i]))
			return true;
	return false;
}

bool shell_is_busybox(const char *path, size_t length)
{
	const char *end = path + length;

	return is_name(base_name(path, end), end, "busybox");
}

bool shell_is_named(const char *words, size_t length)
{
	const char *end = words + length;
	const char *word = words;

	for (int i = 0; i < 2 && word < end; i++) {
		const char *stop = text_find(word, '\0', (size_t)(end - word));
		const char *name;

		if (stop == NULL)
			stop = end;
		name = base_name(word, stop);
		if (name < stop && *name == '-')
			name++;
		if (!is_name(name, stop, "busybox"))
			return is_shell_name(name, stop);
		/* busybox sh: the applet is the next word. */
		word = stop + 1;
	}
	return false;
}
