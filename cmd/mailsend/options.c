/* options.c: words that an option's value is made of (RFC 3461) */
#include "options.h"

const struct opt_choice option_dsn_words[] = {
	{ "never", OPTION_DSN_NEVER },
	{ "success", OPTION_DSN_SUCCESS },
	{ "failure", OPTION_DSN_FAILURE },
	{ "delay", OPTION_DSN_DELAY },
	{ .name = NULL }
};

const struct opt_choice option_ret_words[] = {
	{ "full", OPTION_RET_FULL },
	{ "hdrs", OPTION_RET_HDRS },
	{ .name = NULL }
};

const struct opt_choice option_doubt_words[] = {
	{ "send", OPTION_DOUBT_SEND },
	{ "hold", OPTION_DOUBT_HOLD },
	{ .name = NULL }
};

/* The value of a word; 0: there is no such word. */
static unsigned
dsn_word(struct str word)
{
	const struct opt_choice *c;

	for (c = option_dsn_words; c->name != NULL; c++)
		if (str_is(word, c->name))
			return c->value;
	return 0;
}

int
option_dsn_set(void *to, const char *arg, struct err *e)
{
	struct str rest = str_of(arg);
	unsigned all = 0, one;

	while (rest.p != NULL) {
		one = dsn_word(str_cut(&rest, ','));
		if (one == 0 || ((all | one) != one &&
		    ((all | one) & OPTION_DSN_NEVER) != 0))
			return fail(e, EX_USAGE, "--dsn is never, or some of success,failure,delay, not \"%s\"",
			    arg);
		all |= one;
	}
	*(unsigned *)to = all;
	return 0;
}
