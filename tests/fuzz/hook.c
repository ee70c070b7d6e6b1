/* hook.c - a hook's text: words by shell quoting, or an HTTP call. */
#include "fuzz.h"
#include "hook/spec.h"
#include "lib/text.h"
#include "log/log.h"

static void check_inside(const struct hook_spec *hook, const char *s)
{
	const char *end = hook->bytes + sizeof(hook->bytes);

	HOLDS(s >= hook->bytes && s < end &&
	      memchr(s, '\0', (size_t)(end - s)));
}

static void check_call(const struct hook_spec *hook)
{
	HOLDS(hook->method != NULL && *hook->method != '\0');
	HOLDS(hook->host != NULL && hook->header_host != NULL);
	HOLDS(hook->path != NULL && hook->path[0] == '/');
	HOLDS(hook->is_unix || hook->port > 0);
	/* Nothing that would end a line of the request. */
	HOLDS(strpbrk(hook->method, " \r\n\t") == NULL);
	HOLDS(strpbrk(hook->path, " \r\n") == NULL);
	HOLDS(strpbrk(hook->header_host, " \r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hook_spec hook;
	char *s = string_of(data, size);
	TEXT(complaint, LINE_MAX_LEN);

	if (!hook_spec_parse(&hook, s, &complaint)) {
		check_line(&complaint);
	} else if (hook.is_http) {
		check_call(&hook);
	} else {
		int words = 0;

		for (; words <= HOOK_WORDS_MAX && hook.argv[words]; words++)
			check_inside(&hook, hook.argv[words]);
		HOLDS(words >= 1 && words <= HOOK_WORDS_MAX);
	}
	free(s);
	return 0;
}
