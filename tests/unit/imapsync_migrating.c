/*
 * imapsync_migrating.c: what a migration decides without asking a server: names,
 * who copies which messages, which flags can be had, what still holds
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "migrate_marks.h"
#include "migrate_names.h"
#include "migrate_ranges.h"
#include "migrate_run.h"
#include "migrate_select.h"
#include "tap.h"

/* ---- names ---- */

struct server {
	char sep;
	const char *prefix;
	struct migrate_name v[6];
};

static void
list(struct migrate_side *s, const struct server *of, struct migrate_name *v)
{
	s->space.sep = of->sep;
	snprintf(s->space.prefix, sizeof s->space.prefix, "%s",
	    of->prefix != NULL ? of->prefix : "");
	s->v = v;
	for (s->n = 0; s->n < 6 && of->v[s->n].name != NULL; s->n++)
		v[s->n] = of->v[s->n];
}

static struct str
listed_name(const void *of, size_t at)
{
	return str_of(((const struct migrate_side *)of)->v[at].name);
}

static void
index_names(struct migrate_side *s)
{
	size_t i;

	s->names.text = listed_name;
	for (i = 0; i < s->n; i++)
		table_add(&s->names, s, i);
}

/* "a>b a>b": "+" is there, "!" is to be subscribed to, (USE) to be made so. */
static void
say(const struct migrate *r, struct buf *to)
{
	const struct migrate_folder *f = r->folder;

	for (; f < r->folder + r->nfolders; f++)
		buf_printf(to, "%s%s>%s%s%s%s", f > r->folder ? " " : "",
		    f->from, f->to, f->there ? "+" : "", f->subscribed ? "!" :
		    "", f->use != NULL ? f->use : "");
	buf_c(to, '\0');
}

#define BOX(n) { .name = n, .selectable = true }
#define USE(n, u) { .name = n, .selectable = true, .use = u }
#define NONE_SUCH(n) { .name = n }
#define SUBSCRIBED(n) { .name = n, .selectable = true, .subscribed = true }

static void
names(void)
{
	static const struct {
		struct server from, to;
		const char *map[3], *patterns;
		bool automap;
		int status;
		const char *want;
	} c[] = {
	{ { '/', NULL, { BOX("INBOX"), BOX("a/b") } }, { '/', NULL, { BOX("INBOX") } },
	    .want = "INBOX>INBOX+ a/b>a/b" },
	/* separators and prefixes */
	{ { '.', "INBOX.", { BOX("INBOX"), BOX("INBOX.a.b"), BOX("INBOX.c/d") } },
	    { '/', NULL, { BOX("a/b") } },
	    .want = "INBOX>INBOX INBOX.a.b>a/b+ INBOX.c/d>c_d" },
	{ { '/', NULL, { BOX("INBOX"), BOX("INBOX/x"), BOX("a.b/c") } },
	    { '.', "INBOX.", { BOX("INBOX.x") } },
	    .want = "INBOX>INBOX INBOX/x>INBOX.x+ a.b/c>INBOX.a_b.c" },
	{ { '/', NULL, { BOX("INBOX/x"), BOX("y") } }, { '.', "Mail.", { BOX("q") } },
	    .want = "INBOX/x>Mail.INBOX.x y>Mail.y" },
	{ { '/', "INBOX", { BOX("INBOX") } }, { '/', NULL, { BOX("q") } },
	    .want = "INBOX>INBOX" },
	{ { '\0', NULL, { BOX("a/b"), BOX("c.d") } }, { '\0', NULL, { BOX("q") } },
	    .want = "a/b>a/b c.d>c.d" },
	/* which ones */
	{ { '/', NULL, { BOX("a"), NONE_SUCH("b"), BOX("c") } }, { '/', NULL, { BOX("q") } },
	    .want = "a>a c>c" },
	{ { '/', NULL, { BOX("a"), BOX("b"), USE("s", "\\Scheduled") } },
	    { '/', NULL, { BOX("q") } }, .want = "a>a b>b" },
	{ { '/', NULL, { BOX("a"), BOX("b"), USE("s", "\\Scheduled") } },
	    { '/', NULL, { BOX("q") } }, .patterns = "*", .want = "a>a b>b" },
	{ { '/', NULL, { BOX("a"), BOX("b"), USE("s", "\\Scheduled") } },
	    { '/', NULL, { BOX("q") } }, .patterns = "a s", .want = "a>a s>s" },
	{ { '/', NULL, { BOX("a"), BOX("b") } }, { '/', NULL, { BOX("q") } },
	    .patterns = "* !a", .want = "b>b" },
	/* what is there, and subscribed */
	{ { '/', NULL, { BOX("a"), SUBSCRIBED("b"), SUBSCRIBED("c"),
	    SUBSCRIBED("d") } }, { '/', NULL, { NONE_SUCH("a"), BOX("b"),
	    SUBSCRIBED("c") } }, .want = "a>a b>b+! c>c+ d>d!" },
	/* uses */
	{ { '/', NULL, { USE("Sent", "\\Sent"), USE("Junk", "\\Junk") } },
	    { '/', NULL, { USE("Out", "\\Sent") } },
	    .want = "Sent>Sent Junk>Junk" },
	{ { '/', NULL, { USE("Sent", "\\Sent"), USE("Junk", "\\Junk") } },
	    { '/', NULL, { USE("Out", "\\Sent") } }, .automap = true,
	    .want = "Sent>Out+\\Sent Junk>Junk\\Junk" },
	{ { '/', NULL, { USE("Sent", "\\Sent") } }, { '/', NULL, { { .name = "No",
	    .use = "\\Sent" }, USE("Out", "\\Sent") } }, .automap = true,
	    .want = "Sent>Out+\\Sent" },
	{ { '/', NULL, { USE("Sent", "\\Sent") } }, { '/', NULL, { USE("Out",
	    "\\Sent") } }, .map = { "Sent -> Mine" }, .automap = true,
	    .want = "Sent>Mine\\Sent" },
	{ { '/', NULL, { BOX("Trash") } }, { '/', NULL, { BOX("A"), USE("Bin",
	    "\\Trash") } }, .automap = true, .want = "Trash>Bin+" },
	{ { '/', NULL, { USE("Bin", "\\Trash") } }, { '/', NULL, { BOX("A"),
	    NONE_SUCH("Deleted Items"), BOX("Trash") } }, .automap = true,
	    .want = "Bin>Trash+\\Trash" },
	{ { '/', NULL, { USE("Trash", "\\Junk") } }, { '/', NULL, { USE("Bin",
	    "\\Trash"), USE("Spam", "\\Junk") } }, .automap = true,
	    .want = "Trash>Spam+\\Junk" },
	{ { '/', NULL, { USE("Bin", "\\Junk") } }, { '/', NULL, { BOX("Trash") } },
	    .automap = true, .want = "Bin>Bin\\Junk" },
	/* one that would be another, by the rules or by itself */
	{ { '/', NULL, { BOX("a"), BOX("b") } }, { '/', NULL, { BOX("q") } },
	    .map = { "b -> a" }, .status = EX_DATAERR, .want = "b>a" },
	{ { '.', NULL, { BOX("a/b"), BOX("a_b") } }, { '/', NULL, { BOX("q") } },
	    .status = EX_DATAERR, .want = "a/b>a_b" },
	};
	struct account like = { .json = false };
	struct migrate_name v[2][6];
	size_t i, k;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct opt_list map = { 0 };
		struct buf out = { .max = 4096 };
		struct migrate_options o = { .like = &like, .map = &map,
		    .automap = c[i].automap, .patterns = c[i].patterns };
		struct migrate r = { .o = &o };

		for (k = 0; c[i].map[k] != NULL; k++)
			opt_list_add(&r.arena, &map, c[i].map[k]);
		list(&r.from, &c[i].from, v[0]);
		list(&r.to, &c[i].to, v[1]);
		index_names(&r.to);
		migrate_names(&r);
		say(&r, &out);
		is_str(out.p, c[i].want, "names, %zu", i);
		is_int(r.status, c[i].status, "status");
		buf_free(&out);
		table_free(&r.to.names);
		table_free(&r.of_to);
		free(r.folder);
		arena_free(&r.arena);
	}
}

/* Gmail's views come last; a name that is none is told if it is meant. */
static void
views_and_odd(void)
{
	static const struct server gmail = { '/', NULL, { USE("All", "\\All"),
	    BOX("B"), USE("Star", "\\Flagged"), USE("Top", "\\Important"),
	    USE("Sent", "\\Sent") } };
	static const struct {
		const char *caps, *patterns;
		int status;
		const char *want;
	} c[] = {
	{ "IMAP4REV1", NULL, EX_DATAERR,
	    "All>All B>B Star>Star Top>Top Sent>Sent" },
	{ "IMAP4REV1 X-GM-EXT-1", NULL, EX_DATAERR,
	    "B>B Sent>Sent All>All Star>Star Top>Top" },
	{ "IMAP4REV1", "B", 0, "B>B" },
	{ "IMAP4REV1", "B o*", EX_DATAERR, "B>B" },
	};
	struct account like = { .json = false };
	struct opt_list map = { 0 };
	struct migrate_name v[6];
	const char *odd[] = { "odd" };
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct buf out = { .max = 4096 };
		struct migrate_options o = { .like = &like, .map = &map,
		    .patterns = c[i].patterns };
		struct migrate r = { .o = &o };

		snprintf(r.from.imap.all, sizeof r.from.imap.all, "%s",
		    c[i].caps);
		list(&r.from, &gmail, v);
		r.from.odd = odd;
		r.from.nodd = 1;
		migrate_names(&r);
		say(&r, &out);
		is_str(out.p, c[i].want, "their order, %zu", i);
		is_int(r.status, c[i].status, "a name that is none");
		buf_free(&out);
		table_free(&r.of_to);
		free(r.folder);
		arena_free(&r.arena);
	}
}

/* ---- ranges ---- */

static void
ranges(void)
{
	static const struct {
		size_t n, at, running;
		bool over, first;
		size_t some;
		const char *what;
	} c[] = {
	{ 0, 0, 1, false, false, 0, "none" },
	{ 50, 0, 1, false, false, 50, "all for one" },
	{ 50, 0, 4, false, false, 50, "a few are not shared out" },
	{ 800, 10, 1, false, false, 790, "whoever is alone takes all" },
	{ 50, 20, 4, false, false, 30, "nor what is left" },
	{ 400, 0, 3, false, false, 100, "a part, and one is left" },
	{ 399, 0, 3, false, false, 100, "never too few" },
	{ 800, 0, 3, false, true, 200, "the first" },
	{ 80000, 0, 3, false, true, 1000, "which does not wait long" },
	{ 80000, 0, 1, false, false, MIGRATE_MARKS, "what can be marked" },
	{ 80000, 79990, 1, false, false, 10, "the end" },
	{ 800, 800, 2, false, false, 0, "nobody is left" },
	{ 800, 0, 2, true, false, 0, "it is over" },
	{ 800, 0, 2, true, true, 0, "for whoever begins, too" },
	};
	static uint32_t uids[80000];
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	const uint32_t *some;
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct migrate_ranges k = { .mutex = &mutex, .uids = uids,
		    .n = c[i].n, .at = c[i].at, .running = c[i].running,
		    .over = c[i].over };

		is_int(migrate_ranges_next(&k, c[i].first, &some), c[i].some,
		    "a range: %s", c[i].what);
		ok(some == uids + c[i].at && k.at == c[i].at + c[i].some,
		    "which nobody else gets");
	}
}

static void
ranges_left(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct migrate_ranges k = { .mutex = &mutex, .running = 4 };

	migrate_ranges_leave(&k, 2, false);
	ok(k.running == 2 && !migrate_ranges_over(&k), "two leave");
	migrate_ranges_leave(&k, 1, true);
	ok(k.running == 1 && migrate_ranges_over(&k), "one says it is over");
	migrate_ranges_leave(&k, 1, false);
	ok(k.running == 0 && migrate_ranges_over(&k), "which it stays");
}

/* ---- marks ---- */

static void
keeps(void)
{
	static const struct {
		const char *permanent, *flag;
		bool is;
	} c[] = {
	{ "", "\\Seen", true }, { "", "\\Answered", true },
	{ "", "\\Flagged", true }, { "", "\\Draft", true },
	{ "", "\\Deleted", true }, { "", "\\deleted", true },
	{ "\\*", "\\Recent", false }, { "\\* \\Own", "\\Own", false },
	{ "", "work", false }, { "\\*", "work", true }, { "work", "Work", true },
	{ "works", "work", false }, { "\\*", "wo]rk", false },
	{ "\\*", "w\303\266rk", false },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_int(migrate_marks_keeps(c[i].permanent, c[i].flag), c[i].is,
		    "%s where there is \"%s\"", c[i].flag, c[i].permanent);
}

static void
marks(void)
{
	static const uint32_t uids[] = { 3, 5, 8, 9 };
	struct migrate_marks k = { 0 };
	const struct migrate_mark *one;

	migrate_marks_begin(&k, uids, 4);
	migrate_marks_take(&k, 8, UINT64_C(5) << 32, 77, STR("\\Seen work"));
	migrate_marks_take(&k, 3, 10, 0, STR("work \\Seen \\Recent \\X"));
	migrate_marks_take(&k, 3, 20, 5, STR(""));
	migrate_marks_take(&k, 4, 30, 5, STR(""));
	migrate_marks_take(&k, 9, 0, 5, STR(""));
	migrate_marks_end(&k);
	is_int(k.n, 3, "three have come");
	ok(k.uids[0] == 3 && k.uids[1] == 8 && k.uids[2] == 9, "which ones");
	ok(migrate_marks_find(&k, 5) == NULL && migrate_marks_find(&k, 4) ==
	    NULL, "no other");
	one = migrate_marks_find(&k, 8);
	ok(one->size == UINT32_MAX - 1 && one->date == 77, "a huge one");
	is_str(migrate_marks_storable(&k, one, "\\*"), "\\Seen work",
	    "its flags");
	one = migrate_marks_find(&k, 3);
	ok(one->size == 10 && one->date == 0, "the first answer counts");
	is_str(migrate_marks_storable(&k, one, "\\*"), "\\Seen work",
	    "and its flags, but for what nobody can give");
	is_str(migrate_marks_storable(&k, migrate_marks_find(&k, 9), "\\*"), "",
	    "none");
	migrate_marks_free(&k);
}

/* ---- what holds still ---- */

static void
found(void)
{
	static const struct {
		const char *to;
		uint64_t validity[2], next[2];
		bool is;
		const char *what;
	} c[] = {
	{ "There", { 100, 200 }, { 10, 20 }, true, "as it was" },
	{ "There", { 100, 200 }, { 0, 0 }, true, "UIDNEXT is not told" },
	{ "There", { 100, 200 }, { 8, 15 }, true, "nothing came since" },
	{ "There", { 100, 200 }, { 7, 20 }, false, "FROM was set back" },
	{ "There", { 100, 200 }, { 10, 14 }, false, "TO was set back" },
	{ "There", { 100, 200 }, { 0, 14 }, false, "which alone tells it" },
	{ "There", { 101, 200 }, { 10, 20 }, false, "other UIDs in FROM" },
	{ "There", { 100, 201 }, { 10, 20 }, false, "other UIDs in TO" },
	{ "Else", { 100, 200 }, { 10, 20 }, false, "another mailbox in TO" },
	};
	char path[] = "/tmp/migrating.XXXXXX";
	static const struct migrate_pair pairs[] = { { 1, 14 }, { 7, 13 } };
	struct migrate r = { .o = NULL };
	struct migrate_folder f = { .from = "Here" };
	struct err e = { 0 };
	int fd = mkstemp(path);
	size_t i;

	is_int(migrate_state_open(&r.state, path, "a", "b", false, &e), 0,
	    "a state: %s", e.msg);
	ok(migrate_find(&r, &f) == NULL, "of none there is nothing");
	migrate_state_pair(&r.state, migrate_state_begin(&r.state, "Here",
	    "There", 100, 200, &e), pairs, 2, &e);
	for (i = 0; i < sizeof c / sizeof *c; i++) {
		f.to = c[i].to;
		r.from.imap.box.uidvalidity = c[i].validity[0];
		r.to.imap.box.uidvalidity = c[i].validity[1];
		r.from.imap.box.uidnext = c[i].next[0];
		r.to.imap.box.uidnext = c[i].next[1];
		is_int(migrate_find(&r, &f) != NULL, c[i].is, "%s",
		    c[i].what);
	}
	migrate_state_close(&r.state);
	close(fd);
	unlink(path);
}

int
main(void)
{
	names();
	views_and_odd();
	ranges();
	ranges_left();
	keeps();
	marks();
	found();
	return done();
}
