/*
 * parse.c - reads words, variables, numbers and durations.
 *
 * Pure: no system call, no state.  Nothing is guessed: a text is taken whole
 * or refused.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/parse.h"

#define DURATION_MAX_NS (INT64_C(365) * 24 * 3600 * NS_PER_S)

int text_digit(char c, int base)
{
	char lower = c | 0x20;
	int digit = c >= '0' && c <= '9' ? c - '0'
		    : lower >= 'a'	 ? lower - 'a' + 10
					 : base;

	return digit < base ? digit : -1;
}

/*
 * Reads digits at *s up to the first other byte and moves *s there.  Returns
 * false if there are none; *n is -1 if the number is above `most`.
 */
static bool read_digits(const char **s, int64_t most, int64_t *n)
{
	const char *from = *s;
	int digit;

	for (*n = 0; (digit = text_digit(**s, 10)) >= 0; ++*s)
		*n = *n < 0 || *n > (most - digit) / 10 ? -1 : *n * 10 + digit;
	return *s > from;
}

bool text_same(const char *s, const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char lower = s[i] | 0x20;

		/* Where only this bit differs, it is a letter's case. */
		if (s[i] != word[i] &&
		    (lower != (word[i] | 0x20) || lower < 'a' || lower > 'z'))
			return false;
	}
	return true;
}

size_t text_starts(const char *s, const char *start)
{
	size_t length = strlen(start);

	return strncmp(s, start, length) == 0 ? length : 0;
}

char *text_line(char *text, const char *start)
{
	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (text_starts(text, start))
			return text + strlen(start);
	}
	return NULL;
}

const char *text_variable(char *const *envp, const char *name)
{
	for (; *envp; envp++) {
		size_t length = text_starts(*envp, name);

		if (length && (*envp)[length] == '=')
			return *envp + length + 1;
	}
	return NULL;
}

bool text_to_number(const char *s, int64_t most, int64_t *n)
{
	return read_digits(&s, most, n) && *n >= 0 && *s == '\0';
}

/*
 * Reads one number with its unit.  Returns false if there is none; *unit_ns is
 * the length of the unit, or 0 if none is named.
 */
static bool read_part(const char **s, int64_t *ns, int64_t *unit_ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "", 0 },
		{ "ms", NS_PER_MS },
		{ "s", NS_PER_S },
		{ "m", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S },
	};
	const char *fraction = "";
	size_t length, i = 0;
	int64_t whole, unit;

	if (!read_digits(s, DURATION_MAX_NS / NS_PER_MS, &whole))
		return false;
	if (**s == '.') {
		fraction = ++*s;
		*s += strspn(*s, "0123456789");
		if (*s == fraction)
			return false;
	}
	length = strspn(*s, "msh");
	while (strncmp(*s, units[i].name, length) != 0 ||
	       units[i].name[length] != '\0')
		if (++i == sizeof(units) / sizeof(*units))
			return false;
	*s += length;
	*unit_ns = units[i].ns;
	unit = *unit_ns != 0 ? *unit_ns : NS_PER_S;
	*ns = DURATION_MAX_NS + 1;
	if (whole >= 0 && whole <= DURATION_MAX_NS / unit)
		*ns = whole * unit;
	/* Below a nanosecond, digits add nothing. */
	for (; *fraction >= '0' && *fraction <= '9'; fraction++)
		*ns += (*fraction - '0') * (unit /= 10);
	return true;
}

/*
 * Reads one part or several, as in 1m30s, each of a smaller unit than the last.
 */
static bool read_parts(const char *s, int64_t *ns)
{
	int64_t part_ns, unit_ns, before_ns;

	if (!read_part(&s, ns, &unit_ns))
		return false;
	while (*s != '\0') {
		before_ns = unit_ns;
		if (!read_part(&s, &part_ns, &unit_ns) || unit_ns == 0 ||
		    unit_ns >= before_ns)
			return false;
		*ns += part_ns;
	}
	return true;
}

bool text_to_duration(const char *s, int64_t *ns)
{
	if (!read_parts(s, ns))
		*ns = -1;
	return *ns >= 0 && *ns <= DURATION_MAX_NS;
}

const char *text_next_choice(const char *words)
{
	words = strchr(words, '|');
	return words ? words + 1 : NULL;
}

int text_choice(const char *words, const char *s, bool any_case)
{
	size_t length = strlen(s);

	for (int i = 0; words; i++, words = text_next_choice(words))
		if (strcspn(words, "|") == length &&
		    (any_case ? text_same(words, s, length)
			      : strncmp(words, s, length) == 0))
			return i;
	return -1;
}

/* How far is s from a word, which ends at a bar? */
static int distance(const char *s, size_t n, const char *word)
{
	size_t m = strcspn(word, "|");
	size_t least = n < m ? n : m;

	if (text_same(s, word, least) && (n == m || least >= 3))
		return n == m ? DISTANCE_SAME : DISTANCE_BEGINS;
	/* Compare what is left without the common beginning and end. */
	for (; n && m && text_same(s, word, 1); n--, m--) {
		s++;
		word++;
	}
	for (; n && m && text_same(s + n - 1, word + m - 1, 1); n--)
		m--;
	return least >= 2 && ((n <= 1 && m <= 1) ||
			      (n == 2 && m == 2 && s[0] == word[1] &&
			       s[1] == word[0]))
		       ? DISTANCE_SLIP
		       : DISTANCE_FAR;
}

void text_try(struct nearest *nearest, const char *word)
{
	int d = distance(nearest->s, nearest->length, word);

	if (d < nearest->distance) {
		nearest->distance = d;
		nearest->word = word;
	}
}

size_t text_unquoted(const char *s, const char *set)
{
	const char *at = s;
	char quote = '\0';

	for (; *at; at++) {
		if (quote ? *at == quote : *at == '\'' || *at == '"')
			quote = quote ? '\0' : *at;
		else if (!quote && strchr(set, *at))
			break;
		else if (*at == '\\' && quote != '\'' && at[1])
			at++;
	}
	return (size_t)(at - s);
}
