/* imapsync_map.c: names here and there, by rules, there and back */
#include "map.h"
#include "mem.h"
#include "tap.h"

static struct opt_list
rules(struct arena *a, const char *const *v)
{
	struct opt_list l = { 0 };

	for (; *v != NULL; v++)
		opt_list_add(a, &l, *v);
	return l;
}

static void
pairs(void)
{
	static const char *const gmail[] = { "Sent -> [Gmail]/Sent Mail",
	    "g/* -> [Gmail]/*", NULL };
	static const char *const prefix[] = { "* -> INBOX.*", NULL };
	static const char *const inbox[] = { "In->INBOX", NULL };
	static const char *const usual[] = { "a.b -> ~c\\+d",
	    "~(19|20)([0-9][0-9])/([^/]+) -> Old/\\3 (\\1\\2)",
	    "\\1 -> ~\\[Gmail\\]/([^/]*)", "list-\\1 -> ~^Lists/(.+)$",
	    NULL };
	static const char *const odd[] = { "d -> ~c\\$", "~q([])x]+) -> Q\\1",
	    "~r([^])x]+) -> R\\1", "~s([[:alpha:])]+) -> S\\1",
	    "~t(\\)+) -> T\\1", "~u -> v/\\w", "e.f -> ~g",
	    "~k1 -> K1", NULL };
	static const char *const third[] = { "~k3 -> K1", NULL };
	static const char *const first[] = { "~k1 -> K3", NULL };
	static const struct {
		const char *const *rules;
		const char *near, *far;
		char sep;
	} v[] = {
		{ gmail, "Sent", "[Gmail]/Sent Mail", '/' },
		{ gmail, "Sent", "[Gmail].Sent Mail", '.' },
		{ gmail, "g/Trash", "[Gmail]/Trash", '/' },
		{ gmail, "INBOX", "INBOX", '/' },
		{ gmail, "Lists/a", "Lists/a", '/' },
		{ gmail, "Sent/2024", "Sent/2024", '/' },
		{ gmail, NULL, "Sent", '/' },
		{ gmail, "[Gmail]/Trash", NULL, '/' },
		{ gmail, "g/Sent Mail", NULL, '/' },
		{ prefix, "a.b", "INBOX.a.b", '.' },
		{ prefix, "INBOX", "INBOX", '.' },
		{ prefix, NULL, "INBOX.INBOX", '.' },
		{ inbox, "In", "INBOX", '/' },
		{ inbox, "INBOX", NULL, '/' },
		{ usual, "1999/a b", "Old/a b (1999)", '/' },
		{ usual, "1999.a/b", "Old.a/b (1999)", '.' },
		{ usual, "1999/a/b", "1999/a/b", '/' },
		{ usual, "Trash", "[Gmail]/Trash", '/' },
		{ usual, "Trash", "[Gmail].Trash", '.' },
		{ usual, "list-a/b", "Lists/a/b", '/' },
		{ usual, "a.b", "c+d", '/' },
		{ usual, "INBOX", "INBOX", '/' },
		{ gmail, "g/Trash", "[Gmail]/Trash", '\0' },
		{ usual, "1999/a b", "Old/a b (1999)", '\0' },
		{ usual, "x.[Gmail]", "x.[Gmail]", '.' },
		{ odd, "e.f", "g", '/' },
		{ odd, "exf", "exf", '/' },
		{ odd, "e.fe", "e.fe", '/' },
		{ odd, "ee.f", "ee.f", '/' },
		{ odd, "k1", "K1", '/' },
		{ third, "k3", "K1", '/' },
		{ third, "k1", "k1", '/' },
		{ first, "k1", "K3", '/' },
		{ first, "K1", "K1", '/' },
		{ odd, "d", "c$", '/' },
		{ odd, "q]x)", "Q]x)", '/' },
		{ odd, "rab", "Rab", '/' },
		{ odd, "ra)", "ra)", '/' },
		{ odd, "sa)", "Sa)", '/' },
		{ odd, "t))", "T))", '/' },
		{ odd, "u", "v/w", '/' },
	};
	struct arena a = { 0 };
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct opt_list l = rules(&a, v[i].rules);
		struct buf near = { .max = 100 }, far = { .max = 100 },
		    back = { .max = 100 };

		if (v[i].near == NULL) {
			map_near(&l, str_of(v[i].far), v[i].sep, &near);
			ok(!map_far(&l, BUF_STR(near), v[i].sep, &far) ||
			    !str_eq(BUF_STR(far), str_of(v[i].far)),
			    "%s has a name that is another one's", v[i].far);
		} else if (v[i].far == NULL) {
			ok(!map_far(&l, str_of(v[i].near), v[i].sep, &far) &&
			    far.n == 0, "%s is no mailbox's", v[i].near);
		} else {
			map_near(&l, str_of(v[i].far), v[i].sep, &near);
			is_str(near.p, v[i].near, "%s here", v[i].far);
			ok(map_far(&l, str_of(v[i].near), v[i].sep, &back),
			    "%s is one there", v[i].near);
			is_str(back.p, v[i].far, "this one");
		}
		buf_free(&near);
		buf_free(&far);
		buf_free(&back);
	}
	arena_free(&a);
}

/* A name ends where it ends, whatever stands behind it. */
static void
ends(void)
{
	static const char *const one[] = { "Sent -> Out", "a/* -> b/*",
	    "~u -> v", NULL };
	struct arena a = { 0 };
	struct opt_list l = rules(&a, one);
	struct buf far = { .max = 100 };

	ok(map_far(&l, str_to(STR("Sent"), 3), '/', &far), "Sen");
	buf_c(&far, ' ');
	ok(map_far(&l, str_to(STR("a/x"), 1), '/', &far), "a");
	buf_c(&far, ' ');
	ok(map_far(&l, (struct str){ "u\0x", 3 }, '/', &far), "u, NUL, x");
	buf_c(&far, '\0');
	is_str(far.p, "Sen a u", "are no names of a rule");
	buf_free(&far);
	arena_free(&a);
}

static void
refused(void)
{
	static const char *const bad[] = { "", "a", "a ->", "-> b", "a* -> b",
	    "a -> b*", "a*b -> c", "a -> b\001", "a*c* -> b*",
	    "~a -> ~b", "~a.b -> c", "~(a) -> b", "~(a)(b) -> \\1",
	    "~(a) -> \\1\\1", "~(a) -> \\2", "~(a)* -> \\1", "~((a)) -> \\1",
	    "~(a -> \\1", "~a|b -> c", "~() -> \\1", "~([a) -> \\1",
	    "~(a{2,1}) -> \\1", "~a\\1 -> b", "~[ab] -> c",
	    "a\001b -> c", "~a\\b -> c", "a ->  ", "a -> ~(b)" };
	struct arena a = { 0 };
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *one[] = { bad[i], NULL };
		struct opt_list l = rules(&a, one);
		struct err e = { 0 };

		ok(map_check(&l, &e) < 0 && e.code == EX_USAGE,
		    "\"%s\" is no rule", bad[i]);
	}
	arena_free(&a);
}

int
main(void)
{
	pairs();
	ends();
	refused();
	return done();
}
