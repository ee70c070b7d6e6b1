/*
 * log.c - a value of any bytes in the log: always one line, in JSON always
 * valid JSON in valid UTF-8, in text and logfmt always one field; and all of
 * it in as many parts as it takes.  The first byte chooses the format.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/text.h"
#include "log/log.h"

/* Past one UTF-8 character that JSON may hold as it is; NULL: it is not. */
static const unsigned char *past_character(const unsigned char *s)
{
	int more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	uint32_t code = *s & (more == 0 ? 0x7f : 0x3f >> more);

	if (*s < ' ' || (*s >= 0x80 && *s < 0xc2) || *s > 0xf4)
		return NULL;
	s++;
	for (int i = 0; i < more; i++, s++) {
		if ((*s & 0xc0) != 0x80)
			return NULL;
		code = code << 6 | (*s & 0x3f);
	}
	if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) ||
	    code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return NULL;
	return s;
}

/* Past a quoted string; NULL: it is not one. */
static const unsigned char *past_string(const unsigned char *s)
{
	if (*s++ != '"')
		return NULL;
	while (s != NULL && *s != '"') {
		if (*s != '\\')
			s = past_character(s);
		else if (s[1] == 'u' && strspn((const char *)s + 2,
					       "0123456789abcdefABCDEF") >= 4)
			s += 6;
		else if (s[1] != '\0' && strchr("\"\\/bfnrt", s[1]) != NULL)
			s += 2;
		else
			return NULL;
	}
	return s != NULL ? s + 1 : NULL;
}

static bool is_json(const unsigned char *s)
{
	if (*s++ != '{')
		return false;
	for (;;) {
		s = past_string(s);
		if (s == NULL || *s++ != ':')
			return false;
		if (*s == '"')
			s = past_string(s);
		else if (strncmp((const char *)s, "true", 4) == 0)
			s += 4;
		else
			s += strspn((const char *)s, "-0123456789");
		if (s == NULL || (*s != ',' && *s != '}'))
			return false;
		if (*s++ == '}')
			return strcmp((const char *)s, "\n") == 0;
	}
}

/* key=word or key="string", and spaces between. */
static bool is_logfmt(const unsigned char *s)
{
	if (strncmp((const char *)s, "lastcall: ", 10) == 0)
		s += 10;
	for (;;) {
		s += strcspn((const char *)s, "= \"\n");
		if (*s++ != '=')
			return false;
		if (*s == '"') {
			s = past_string(s);
			if (s == NULL)
				return false;
		} else {
			while (*s > ' ' && *s < 0x7f && *s != '"' && *s != '=')
				s++;
		}
		if (*s != ' ')
			return strcmp((const char *)s, "\n") == 0;
		s++;
	}
}

/* The line that `value` makes: stderr is a file for as long as it takes. */
static const unsigned char *line_of(const char *value, enum log_format format)
{
	static unsigned char line[LINE_MAX_LEN + 1];
	static int file = -1, kept;
	ssize_t length;
	size_t taken;

	if (file < 0) {
		file = memfd_create("log", MFD_CLOEXEC);
		kept = dup(STDERR_FILENO);
		HOLDS(file >= 0 && kept >= 0);
	}
	HOLDS(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
	HOLDS(dup2(file, STDERR_FILENO) >= 0);
	log_open(format, 1);
	log_begin("survivor", LOG_WARNING);
	log_number("pid", 1);
	log_text("name", value);
	log_text("state", value);
	log_text("again", value);
	log_text("last", value);
	log_flag("flag", true);
	log_end();
	/* No part is empty, so this comes to its end. */
	log_begin("part", LOG_INFO);
	taken = log_part("value", value);
	HOLDS(taken <= strlen(value) && (taken > 0 || *value == '\0'));
	HOLDS(dup2(kept, STDERR_FILENO) >= 0);
	length = pread(file, line, LINE_MAX_LEN, 0);
	HOLDS(length > 0);
	line[length] = '\0';
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value;
	TEXT(shown, 256);

	if (size < 1)
		return 0;
	value = string_of(data + 1, size - 1);
	if (data[0] & 1)
		HOLDS(is_json(line_of(value, LOG_JSON)));
	else
		HOLDS(is_logfmt(
			line_of(value, data[0] & 2 ? LOG_LOGFMT : LOG_TEXT)));
	text_shown(&shown, value);
	check_line(&shown);
	HOLDS(shown.length <= 60 + strlen("''..."));
	free(value);
	return 0;
}
