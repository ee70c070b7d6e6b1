/*
 * options.c - the command line, read into one struct options.
 *
 * Pure.  The table of options is in table.c, the grammars of their values in
 * values.c, the variables in environment.c.  Parsing stops at the first word
 * that is not an option, with any libc: getopt(3) is not used, as glibc's
 * reorders the words.
 */
#include <signal.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/parse.h"
#include "lib/signal_set.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "options/accept.h"
#include "options/defaults.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/table.h"
#include "options/values.h"

/* The state while the command line is read. */
struct reading {
	struct options *o;
	char **next; /* the next word of the command line */
	struct text *complaint;
};

/* Options of other inits, and one that this had before, with those of here. */
static const struct {
	const char *word, *here;
} equivalents[] = {
	{ "-c", "--scope child" },
	{ "--single-child", "--scope child" },
	{ "-r", "--map TERM:QUIT, for 15:3" },
	{ "--rewrite", "--map TERM:QUIT, for 15:3" },
	{ "-V", "--version" },
	{ "-P", "-- sleep infinity" },
	{ "--success-on-stop", "--stop-code 0" },
};

/* Suggests the option that may be meant.  Returns false if there is none. */
static bool suggest_option(struct reading *r, const char *word)
{
	const char *name = word + strspn(word, "-");
	size_t length = strcspn(name, "= ");
	struct nearest nearest = { name, length, DISTANCE_FAR, "" };

	for (size_t i = 0; i < sizeof(equivalents) / sizeof(*equivalents);
	     i++) {
		size_t whole = text_starts(word, equivalents[i].word);

		/* The value may follow a letter at once: -r15:3. */
		if (!whole || word[whole] >= 'A')
			continue;
		text_meant(r->complaint, equivalents[i].here);
		return true;
	}
	for (const struct row *row = option_rows; row->help; row++)
		text_try(&nearest, row->name);
	if (nearest.distance == DISTANCE_FAR)
		return false;
	return !text_format(r->complaint, " (did you mean --%s%s?)",
			    nearest.word,
			    name[length] == ' ' ? " in a word of its own" : "");
}

static bool expect_usage(struct reading *r)
{
	return text_format(r->complaint, "; expected %s", options_usage);
}

static bool unknown(struct reading *r, const char *word)
{
	text_format(r->complaint, "unknown option %q", word);
	if (!suggest_option(r, word))
		(void)expect_usage(r);
	return false;
}

/* Takes an option that is given as `word`, with `value` in it or NULL. */
static bool accept_given(struct reading *r, const struct row *row,
			 const char *word, const char *value)
{
	const struct value_kind *kind = &value_kinds[row->value];

	if (!kind->read) {
		if (value)
			return text_format(r->complaint,
					   "%q: expected it without a value",
					   word);
		return accept_value(r->o, row, NULL, false, r->complaint);
	}
	/* A -- ends the options, so the value has been forgotten. */
	if (!value && *r->next && strcmp(*r->next, "--") != 0)
		value = *r->next++;
	if (value)
		return accept_value(r->o, row, value, false, r->complaint);
	return text_format(r->complaint, "%q: no value; expected %s", word,
			   kind->expected);
}

static const struct row *find_name(const char *name, size_t length)
{
	for (const struct row *row = option_rows; row->help; row++)
		if (strncmp(row->name, name, length) == 0 &&
		    row->name[length] == '\0')
			return row;
	return NULL;
}

static bool read_long(struct reading *r, const char *word)
{
	const char *name = word + 1 + (word[1] == '-');
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;

	const struct row *row = find_name(name, length);

	/* Letters, whose value follows at once, may spell a name: -plan. */
	if (!row || (word[1] != '-' && value_kinds[row->value].read))
		return unknown(r, word);
	return accept_given(r, row, word, value);
}

/* -gv and -e3: letters; the value may follow the last one at once. */
static bool read_letters(struct reading *r, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct row *row = option_rows;

		while (row->help && row->letter != *c)
			row++;
		if (!row->help)
			return unknown(r, word);
		if (value_kinds[row->value].read)
			return accept_given(r, row, word, c[1] ? c + 1 : NULL);
		accept_value(r->o, row, NULL, false, r->complaint);
	}
	return true;
}

/* Programs in Go and Java have one dash before a long name. */
static bool is_long(const char *word)
{
	return word[1] == '-' || find_name(word + 1, strlen(word + 1));
}

static bool is_last_word(const struct options *o)
{
	return o->mode == MODE_HELP || o->mode == MODE_VERSION;
}

static void set_format(struct options *o, const char *name)
{
	if (name != NULL)
		(void)value_kinds[VALUE_FORMAT].read(o, NULL, name, NULL);
}

bool options_is_probe(const char *word)
{
	size_t length = text_starts(word, "--probe");

	return length && (word[length] == '\0' || word[length] == '=');
}

/*
 * A word was refused: does a later word ask for --plan or --probe, or say how
 * and where the refusal is to be written?  A word after an option may be its
 * value.
 */
static void find_mode(struct reading *r)
{
	for (char **word = r->next; *word; word++) {
		size_t length = strcspn(*word, "=");
		const char *value =
			(*word)[length] ? *word + length + 1 : word[1];

		if (strcmp(*word, "--") == 0 ||
		    (**word != '-' && *word[-1] != '-'))
			return;
		if (strcmp(*word, "--plan") == 0)
			r->o->mode = MODE_PLAN;
		else if (options_is_probe(*word))
			r->o->mode = MODE_PROBE;
		else if (text_starts(*word, "--log-format"))
			set_format(r->o, value);
		else if (text_starts(*word, "--termination-log"))
			r->o->termination_log = value;
	}
}

static bool read_line(struct reading *r)
{
	while (*r->next && (*r->next)[0] == '-' && (*r->next)[1]) {
		const char *word = *r->next++;

		if (strcmp(word, "--") == 0)
			break;
		if (!(is_long(word) ? read_long : read_letters)(r, word)) {
			find_mode(r);
			return false;
		}
		if (is_last_word(r->o))
			return true;
	}
	r->o->program = *r->next ? r->next : NULL;
	return true;
}

/* Do the options of the command line go together? */
static bool check_line(struct reading *r)
{
	const struct options *o = r->o;
	bool probing = o->asked_probe;

	for (const struct row *row = option_rows; row->help; row++) {
		if (!(o->on_line & option_bit(row)) || row->probe == probing)
			continue;
		option_add_name(r->complaint, row, false);
		return text_format(r->complaint, " %s --probe; expected %s",
				   probing ? "does not go with"
					   : "goes only with",
				   options_probe_usage);
	}
	if (probing && o->program &&
	    (o->probe_url || text_starts(*o->program, "http://")))
		return text_format(r->complaint,
				   "%q: expected --http URL or -- CHECK",
				   *o->program);
	if (o->mode == MODE_RUN && !o->program) {
		text_add(r->complaint,
			 "no program (ENTRYPOINT empties the base image's CMD, "
			 "and in shell form ignores it)");
		return expect_usage(r);
	}
	return true;
}

static void set_defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->plan.grace_ns = NOT_GIVEN;
	o->platform_ns = NOT_GIVEN;
	o->plan.pre_limit_ns = NOT_GIVEN;
	o->plan.post_ns = NOT_GIVEN;
	o->plan.last_call_ns = NOT_GIVEN;
	o->plan.sweep_ns = NOT_GIVEN;
	o->plan.quiet_ns = NS_PER_S;
	o->oldest_ns = 60 * NS_PER_S;
	o->plan.steps = 1;
	o->plan.step[0].wait_ns = NEVER_NS;
	o->probe_timeout_ns = NS_PER_S;
	o->verbosity = 1;
	o->stop_code = -1;
	for (int i = 0; i < 256; i++)
		o->exit_codes[i] = (unsigned char)i;
	for (int i = 0; i <= SIGNAL_MAX; i++)
		o->map[i] = (unsigned char)i;
}

/*
 * Which signals ask for a stop.  An explicit --on is the whole list.  Else they
 * are those that platforms send, the first signal of --stop, which is likely
 * the image's STOPSIGNAL, and those that stop a system: PWR (LXC, Incus,
 * Proxmox) and systemd's RTMIN+3.  Of these two one with a --map is left out,
 * as the user has another use for it.
 */
static void settle_stop_requests(struct options *o)
{
	static const int conventions[] = { SIGPWR, SIGNAL_RTMIN + 3 };
	const uint64_t never = signal_bit(SIGKILL) | signal_bit(SIGSTOP) |
			       signal_bit(SIGCHLD) | signal_bit(SIGCONT);

	if (o->stop_signals != 0)
		return;
	o->stop_signals =
		signal_bit(SIGTERM) | signal_bit(SIGINT) | signal_bit(SIGQUIT);
	if (o->explicit_stop)
		o->sent_stop_signals = signal_bit(o->plan.step[0].signal) &
				       ~o->stop_signals & ~never;
	for (size_t i = 0; i < sizeof(conventions) / sizeof(*conventions); i++)
		if (o->map[conventions[i]] == conventions[i])
			o->untaken_stop_signals |= signal_bit(conventions[i]);
	o->untaken_stop_signals &= ~o->sent_stop_signals;
}

int options_default_stop(const struct options *o, int request)
{
	bool untaken = o->untaken_stop_signals & signal_bit(request);

	return o->map[untaken ? SIGTERM : request];
}

static bool check_ready(const struct options *o, struct text *complaint)
{
	struct source from;

	if (o->ready.address.port == 0) {
		if (!o->ready.check ||
		    options_origin(o, "ready-check") != ORIGIN_OPTION)
			return true;
		return text_format(
			complaint,
			"--ready-check needs --ready-port; for --probe say "
			"LASTCALL_READY_CHECK");
	}
	for (int i = 0; i < o->ports; i++)
		if (o->port[i] == o->ready.address.port)
			return text_format(
				complaint,
				"%s %d is one of --drain's ports; expected "
				"another port",
				options_source(&from, o, "ready-port"),
				o->port[i]);
	return true;
}

static bool read_all(struct options *o, int argc, char **argv, char **envp,
		     struct text *complaint)
{
	struct reading r = { o, argv + (argc > 0), complaint };

	set_defaults(o);
	/* A refusal is written so, whatever is read first. */
	set_format(o, text_variable(envp, "LASTCALL_LOG_FORMAT"));
	o->termination_log = text_variable(envp, "LASTCALL_TERMINATION_LOG");
	if (!read_line(&r))
		return false;
	if (is_last_word(o))
		return true;
	if (!check_line(&r))
		return false;
	if (!environment_read(o, envp, complaint))
		return false;
	if (o->mode != MODE_PROBE) {
		settle_stop_requests(o);
		return check_ready(o, complaint) &&
		       defaults_settle(o, envp, complaint);
	}
	/* A CHECK on the command line overrides LASTCALL_HTTP. */
	if (o->program)
		o->probe_url = NULL;
	return true;
}

bool options_parse(struct options *o, int argc, char **argv, char **envp,
		   struct text *complaint)
{
	if (read_all(o, argc, argv, envp, complaint))
		return true;
	text_add(complaint, "; see lastcall --help");
	return false;
}

bool options_is_ours(const char *word)
{
	size_t length = strcspn(word, "=");
	const struct row *row = NULL;

	if (length > 2 + sizeof("stop") - 1 && text_starts(word, "--"))
		row = find_name(word + 2, length - 2);
	return row && !row->aside && !row->probe && !row->line_only;
}

const char *options_hint(char *const *program)
{
	if (**program == '-' && (*program)[1])
		return "; it is behind --: expected lastcall's options before, "
		       "or as variables";
	if (strchr(*program, ' '))
		return "; it has a blank in its name: expected words, as "
		       "\"npm\", \"start\"";
	while (*++program)
		if (options_is_ours(*program))
			return "; options behind the program are not "
			       "lastcall's";
	return "";
}
