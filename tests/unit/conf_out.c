/* conf_out: what is written is read again as it was, or not written at all */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_out.h"
#include "tap.h"

static const char *const values[] = {
	"plain", "two words", " before", "behind ", "\"quoted\"", "\"", "= x",
	"a\\b", " a\\b", " \\", " a \\\" b ", "#x", "x # y", "\xc3\xbc",
};

static void
round_trip(void)
{
	struct conf_out o = { .text = { .max = 1 << 16 } };
	struct conf c = { .file = "x" };
	const struct conf_line *l;
	struct arena a = { 0 };
	struct err e = { 0 };
	size_t i;

	conf_out_section(&o, "account", "base", NULL);
	conf_out_section(&o, "account", "a", "base");
	for (i = 0; i < sizeof values / sizeof *values; i++)
		ok(conf_out_key(&o, "user", values[i]), "%s", values[i]);
	is_int(conf_parse(&c, &a, o.text.p, o.text.n, &e), 0, "is read %s",
	    e.msg);
	is_str(c.sections->next->parent, "base", "its parent");
	l = c.sections->next->lines;
	for (i = 0; l != NULL; l = l->next, i++)
		is_str(l->value, values[i], "the same");
	is_int((int)i, (int)(sizeof values / sizeof *values), "all of them");
	arena_free(&a);
	conf_out_free(&o);
}

/* What would not be read, or not as it was. */
static void
refused(void)
{
	static const char *const bad[] = { "", "a\tb", "a\nuser b", "\x7f" };
	struct conf_out o = { .text = { .max = 1 << 16 } };
	char *big = mem_new(8002, 1);
	size_t i;

	ok(conf_out_key(&o, "user", NULL) && o.text.n == 0, "nothing for NULL");
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		o.text.n = 0;
		ok(!conf_out_key(&o, "user", bad[i]), "refused: %zu", i);
		ok(strncmp(o.text.p, "  # user: not taken over", 24) == 0 &&
		    strchr(o.text.p, '\n')[1] == '\0', "a comment: %s",
		    o.text.p);
	}
	memset(big, 'x', 8001);
	ok(!conf_out_key(&o, "user", big), "8001 bytes");
	big[8000] = '\0';
	ok(conf_out_key(&o, "user", big), "8000 bytes");
	free(big);
	conf_out_free(&o);
}

static const struct {
	const char *wanted, *given;
} names[] = {
	{ "work", "work" }, { "work", "work-2" }, { "work", "work-3" },
	{ "work-2", "work-2-2" }, { ".x", "x" }, { "-x", "x-2" },
	{ "a.b-c", "a.b-c" }, { "a b/c", "a-b-c" }, { "a:b#c", "a-b-c-2" },
	{ "", "account" }, { "/", "account-2" }, { "\xc3\xbc", "\xc3\xbc" },
	{ "\xff" "a", "a" },
};

static void
naming(void)
{
	struct conf_out o = { .text = { .max = 1 << 16 } };
	char big[100];
	const char *name;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		is_str(conf_out_name(&o, "account", names[i].wanted),
		    names[i].given, "the name %s", names[i].wanted);
	is_str(conf_out_name(&o, "sync", "work"), "work", "of another kind");
	memset(big, 'y', sizeof big);
	big[sizeof big - 1] = '\0';
	name = conf_out_name(&o, "account", big);
	is_int((int)strlen(name), 58, "a long one is cut");
	is_int((int)strlen(conf_out_name(&o, "account", big)), 60, "and so is "
	    "the next, which has a number");
	conf_out_free(&o);
}

int
main(void)
{
	round_trip();
	refused();
	naming();
	return done();
}
