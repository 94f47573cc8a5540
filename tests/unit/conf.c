/* conf.c: what each line of a configuration means, and what is refused */
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "str.h"
#include "tap.h"

static char *
repeated(const char *s, int n)
{
	struct buf b = { .max = 1 << 20 };

	while (n-- > 0)
		buf_s(&b, s);
	return b.p;
}

/* "kind name:parent[key=value,...]" of each section, a blank between. */
static void
dump(const struct conf *c, struct buf *b)
{
	const struct conf_section *s;
	const struct conf_line *l;

	buf_s(b, "");
	for (s = c->sections; s != NULL; s = s->next) {
		buf_printf(b, "%s%s %s%s%s[", b->n > 0 ? " " : "", s->kind,
		    s->name, s->parent != NULL ? ":" : "",
		    s->parent != NULL ? s->parent : "");
		for (l = s->lines; l != NULL; l = l->next)
			buf_printf(b, "%s%s=%s", l != s->lines ? "," : "",
			    l->key, l->value);
		buf_c(b, ']');
	}
}

/* What the text means, or "file:line: why" with a "!" before it. */
static char *
meaning(const char *text, struct conf *c, struct arena *a)
{
	struct buf b = { .max = 1 << 20 };
	struct err e = { 0 };
	size_t n = strlen(text);
	char *copy = arena_new(a, n + 1, 1);

	memcpy(copy, text, n);
	*c = (struct conf){ .file = "f" };
	if (conf_parse(c, a, copy, n, &e) < 0)
		buf_printf(&b, "!%d %s", e.code, e.msg);
	else
		dump(c, &b);
	return b.p;
}

static void
lines(void)
{
	static const struct {
		const char *text, *want;
	} v[] = {
		{ "", "" }, { "\n\n", "" }, { "# x", "" }, { " \t# x\n", "" },
		{ "\xef\xbb\xbf# x\ndefaults\n", "defaults []" },
		{ "\xef\xbb", "!78 f:1: \"\xef\xbb\" is no key" },
		{ "account a", "account a[]" },
		{ "account a\r\n user b \t\r\n", "account a[user=b]" },
		{ "account a:b # c\nfetch a : b#c\nsync a",
		    "account a:b[] fetch a:b[] sync a[]" },
		{ "defaults # x\n k\n k2 v w # x", "defaults [k=,k2=v w # x]" },
		{ "defaults\nk \"v # x\"#y\nk \"a\\\"b\\\\\" # z\nk \"\"",
		    "defaults [k=v # x,k=a\"b\\,k=]" },
		{ "defaults\nk\tv\tw", "defaults [k=v\tw]" },
		{ "defaults x", "!78 f:1: \"defaults\" stands alone" },
		{ "defaults\n\ndefaults", "!78 f:3: defaults is there already, in line 1" },
		{ "account a\nfetch a\naccount a",
		    "!78 f:3: account a is there already, in line 1: one of them needs another name" },
		{ "account", "!78 f:1: the section needs a name" },
		{ "account # a", "!78 f:1: the section needs a name" },
		{ "account a b", "!78 f:1: \"a b\": a name is one word" },
		{ "account a :", "!78 f:1: no name behind the \":\"" },
		{ "account a : b c", "!78 f:1: no name behind the \":\"" },
		{ "account a : .b", "!78 f:1: no name behind the \":\"" },
		{ "account .a", "!78 f:1: \".a\" is not fit for a name" },
		{ "account -a", "!78 f:1: \"-a\" is not fit for a name" },
		{ "account a/b", "!78 f:1: \"a/b\" is not fit for a name" },
		{ "account a\"b", "!78 f:1: \"a\"b\" is not fit for a name" },
		{ "account a-.b", "account a-.b[]" },
		{ "account \xc3", "!78 f:1: \"\xc3\" is not fit for a name" },
		{ "account \xc3\xbc", "account \xc3\xbc[]" },
		{ "k v", "!78 f:1: \"k\" stands before the first section (defaults or account NAME)" },
		{ "defaults\nK v", "!78 f:2: \"K\" is no key" },
		{ "defaults\n-k v", "!78 f:2: \"-k\" is no key" },
		{ "defaults\nk-2 v", "defaults [k-2=v]" },
		{ "defaults\nk = v", "!78 f:2: write \"k VALUE\", without an =" },
		{ "defaults\nk=v", "!78 f:2: \"k...\" is no key" },
		{ "defaults\nk:v", "!78 f:2: \"k...\" is no key" },
		{ "defaults\npasswordSecret", "!78 f:2: \"password...\" is no key" },
		{ "defaults\nPassword", "!78 f:2: \"Password\" is no key" },
		{ "defaults\nk \"v", "!78 f:2: the closing quote is missing" },
		{ "defaults\nk \"v\\\"", "!78 f:2: the closing quote is missing" },
		{ "defaults\nk \"v\\n\"", "!78 f:2: in quotes a \\ stands before \" or another \\ only" },
		{ "defaults\nk \"v\" w", "!78 f:2: text behind the closing quote; quote the whole value, and \\\" inside it" },
		{ "defaults\nk v\x1b", "!78 f:2: a control character (0x1b)" },
		{ "defaults\nk v\x7f", "!78 f:2: a control character (0x7f)" },
	};
	struct arena a = { 0 };
	struct conf c;
	size_t i;
	char *got;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		got = meaning(v[i].text, &c, &a);
		is_str(got, v[i].want, "%zu", i);
		free(got);
	}
	arena_free(&a);
}

/* So many, and one more. */
static void
limits(void)
{
	static const struct {
		const char *begin, *each, *end;
		int most;
		const char *why;
	} v[] = {
		{ "account ", "x", "", 64, "is not fit for a name" },
		{ "defaults\n", "k", "", 64, "is no key" },
		{ "defaults\nk ", "x", "", 16384 - 2, "a line over 16384 bytes" },
		{ "defaults\n", "k\n", "", 4096, "over 4096 lines in a section" },
	};
	struct arena a = { 0 };
	struct buf b = { .max = 1 << 20 };
	struct conf c;
	char *got, *each;
	size_t i;
	int more;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		for (more = 0; more < 2; more++) {
			each = repeated(v[i].each, v[i].most + more);
			b.n = 0;
			buf_printf(&b, "%s%s", v[i].begin, each);
			got = meaning(b.p, &c, &a);
			if (more == 0)
				ok(got[0] != '!', "%d of \"%s\"", v[i].most,
				    v[i].each);
			else
				ok(got[0] == '!' && strstr(got, v[i].why) !=
				    NULL, "and one more: %.80s", got);
			free(got);
			free(each);
		}
	b.n = 0;
	each = repeated("k\n", 4096);
	buf_printf(&b, "account a\n%saccount b\nk\n", each);
	got = meaning(b.p, &c, &a);
	ok(got[0] != '!', "so many for each section");
	free(got);
	free(each);
	for (more = 0; more < 2; more++) {
		b.n = 0;
		for (i = 0; i < 4096 + (size_t)more; i++)
			buf_printf(&b, "account a%zu\n", i);
		got = meaning(b.p, &c, &a);
		ok((got[0] == '!') == (more == 1), "%zu sections", i);
		free(got);
	}
	buf_free(&b);
	arena_free(&a);
}

/* A file that weighs less, what is found, and what is wiped. */
static void
joined(void)
{
	struct arena a = { 0 };
	struct buf b = { .max = 1000 };
	struct conf ours, less;

	free(meaning("defaults\nk 1\naccount a\nk 2\nk 3\nl \"4\"\n", &ours, &a));
	free(meaning("account a\nk 5\nfetch a\nk 6\ndefaults\nk 7\nm 8\n"
	    "account b\n", &less, &a));
	conf_append(&ours, less.sections);
	dump(&ours, &b);
	is_str(b.p, "defaults [k=1] account a[k=2,k=3,l=4] fetch a[k=6] "
	    "defaults [k=7,m=8] account b[]", "the sections of both");
	is_str(conf_value(conf_find(&ours, "account", "a"), "k"), "3",
	    "the last one counts");
	is_str(conf_value(conf_find(&ours, "account", "a"), "m"), NULL,
	    "none of another section");
	is_str(conf_value(conf_find(&ours, "defaults", ""), "k"), "1",
	    "the first defaults");
	ok(conf_find(&ours, "sync", "a") == NULL &&
	    conf_find(&ours, "fetch", "b") == NULL, "kind and name");
	is_int((long)conf_find(&ours, "fetch", "a")->line, 3, "its line");
	conf_forget(conf_find(&ours, "account", "a")->lines->next);
	conf_forget(conf_find(&ours, "account", "a")->lines->next->next);
	b.n = 0;
	dump(&ours, &b);
	ok(strstr(b.p, "account a[k=2,k=,l=]") != NULL, "wiped: %s", b.p);
	buf_free(&b);
	arena_free(&a);
}

int
main(void)
{
	lines();
	limits();
	joined();
	return done();
}
