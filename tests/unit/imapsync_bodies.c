/* imapsync_bodies.c: rules that say of which messages the bodies come */
#include "bodies.h"
#include "flags.h"
#include "tap.h"

enum { DAY = 86400 };

static void
parse(struct bodies *b, struct arena *a, const char *const *v, struct err *e)
{
	struct opt_list l = { 0 };

	for (; *v != NULL; v++)
		opt_list_add(a, &l, *v);
	bodies_parse(b, &l, a, e);
}

static void
fit(void)
{
	static const struct {
		const char *rules[4];
		struct bodies_msg m;
		enum bodies_level level;
	} v[] = {
		{ { NULL }, { .box = "a" }, BODIES_FULL },
		{ { "headers" }, { .box = "a" }, BODIES_HEADERS },
		{ { "headers", "full" }, { .box = "a" }, BODIES_FULL },
		{ { "headers:folder=Lists/*" }, { .box = "Lists/a", .sep = '/' },
		    BODIES_HEADERS },
		{ { "headers:folder=Lists/*" }, { .box = "Lists.a", .sep = '.' },
		    BODIES_HEADERS },
		{ { "headers:folder=Lists/*" }, { .box = "List", .sep = '/' },
		    BODIES_FULL },
		{ { "headers:folder=a, b" }, { .box = "a, b" },
		    BODIES_HEADERS },
		{ { "headers:size>2M" }, { .box = "a", .size = 2 << 20 },
		    BODIES_FULL },
		{ { "headers:size>2M" }, { .box = "a", .size = (2 << 20) + 1 },
		    BODIES_HEADERS },
		{ { "headers", "full:size<50k" }, { .box = "a", .size = 51199 },
		    BODIES_FULL },
		{ { "headers", "full:size<50k" }, { .box = "a", .size = 51200 },
		    BODIES_HEADERS },
		{ { "headers:age>30d" }, { .box = "a", .age = 30 * DAY + 1 },
		    BODIES_HEADERS },
		{ { "headers:age>30d" }, { .box = "a", .age = 30 * DAY },
		    BODIES_FULL },
		{ { "headers:age>30d" }, { .box = "a", .age = -5 },
		    BODIES_FULL },
		{ { "headers", "full:flagged" }, { .box = "a",
		    .flags = FLAG_FLAGGED }, BODIES_FULL },
		{ { "headers", "full:flagged" }, { .box = "a",
		    .flags = FLAG_SEEN }, BODIES_HEADERS },
		{ { "headers:read" }, { .box = "a", .flags = FLAG_SEEN },
		    BODIES_HEADERS },
		{ { "headers:unread" }, { .box = "a", .flags = FLAG_SEEN },
		    BODIES_FULL },
		{ { "headers:unanswered" }, { .box = "a",
		    .flags = FLAG_ANSWERED }, BODIES_FULL },
		{ { "headers:answered" }, { .box = "a",
		    .flags = FLAG_ANSWERED }, BODIES_HEADERS },
		{ { "headers:unflagged" }, { .box = "a",
		    .flags = FLAG_FLAGGED }, BODIES_FULL },
		{ { "headers:unflagged" }, { .box = "a",
		    .flags = FLAG_SEEN }, BODIES_HEADERS },
		{ { "headers:unread" }, { .box = "a",
		    .flags = FLAG_FLAGGED }, BODIES_HEADERS },
		{ { "headers:read,read,read,read,read,read,read,read" },
		    { .box = "a", .flags = FLAG_SEEN }, BODIES_HEADERS },
		{ { "headers:size>1k,read,folder=a" }, { .box = "a",
		    .flags = FLAG_SEEN, .size = 5000 }, BODIES_HEADERS },
		{ { "headers:size>1k, read ,folder=a" }, { .box = "a",
		    .size = 5000 }, BODIES_FULL },
		{ { "headers", "full:folder=a", "headers:size>1k" }, { .box = "a",
		    .size = 5000 }, BODIES_HEADERS },
		{ { "HEADERS:Read" }, { .box = "a", .flags = FLAG_SEEN },
		    BODIES_HEADERS }
	};
	struct arena a = { 0 };
	struct err e = { 0 };
	struct bodies b;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		parse(&b, &a, v[i].rules, &e);
		ok(e.code == 0 && bodies_of(&b, &v[i].m) == v[i].level, "%s...",
		    v[i].rules[0] != NULL ? v[i].rules[0] : "no rule");
	}
	arena_free(&a);
}

static void
needs(void)
{
	static const struct {
		const char *rules[4];
		unsigned needs;
	} v[] = {
		{ { NULL }, 0 },
		{ { "headers" }, 0 },
		{ { "headers:size>1k" }, BODIES_SIZE },
		{ { "headers:size>1k,read", "full:age>1d" },
		    BODIES_SIZE | BODIES_FLAGS | BODIES_AGE },
		{ { "headers:size>1k", "headers:folder=a" }, 0 },
		{ { "headers:size>1k", "headers:folder=b" }, BODIES_SIZE },
		{ { "headers:folder=a", "full:flagged" }, BODIES_FLAGS },
		{ { "headers:age>1d,folder=b" }, 0 },
		/* The last fits what is not known yet, which is nothing. */
		{ { "headers:age>1d", "full:size<50k" },
		    BODIES_AGE | BODIES_SIZE },
		{ { "headers:flagged", "full:age<1d" },
		    BODIES_FLAGS | BODIES_AGE },
		{ { "headers:size>1k", "full:unread" },
		    BODIES_SIZE | BODIES_FLAGS }
	};
	const struct bodies_msg m = { .box = "a" };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct bodies b;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		parse(&b, &a, v[i].rules, &e);
		ok(bodies_needs(&b, &m) == v[i].needs, "%s: what it needs",
		    v[i].rules[0] != NULL ? v[i].rules[0] : "no rule");
	}
	arena_free(&a);
}

/* What is to be looked at again as time goes by, and the rules as they are. */
static void
said(void)
{
	static const struct {
		const char *rules[4];
		bool ages;
		const char *text;
	} v[] = {
		{ { NULL }, false, NULL },
		{ { "headers:size>1k" }, false, "headers:size>1k" },
		{ { "headers:age>1d,read", "full:size<1k" }, true,
		    "headers:age>1d,read; full:size<1k" },
	};
	struct arena a = { 0 };
	struct err e = { 0 };
	struct bodies b;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		parse(&b, &a, v[i].rules, &e);
		is_int(b.ages, v[i].ages, "by age?");
		is_str(b.text, v[i].text, "the rules");
	}
	arena_free(&a);
}

static void
bad(void)
{
	static const char *const v[] = { "", "some", "full:", "headers:size",
	    "headers:size=5", "headers:size>", "headers:size>x",
	    "headers:age>5y", "headers:folder=", "headers:bold",
	    "headers:read,,unread", "headers,read", "headers:age>",
	    "headers:read,read,read,read,read,read,read,read,read" };
	struct arena a = { 0 };
	struct bodies b;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		const char *one[] = { v[i], NULL };
		struct err e = { 0 };

		parse(&b, &a, one, &e);
		ok(e.code == EX_USAGE, "\"%s\" is none", v[i]);
	}
	arena_free(&a);
}

int
main(void)
{
	fit();
	needs();
	said();
	bad();
	return done();
}
