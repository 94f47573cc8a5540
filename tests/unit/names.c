/* names.c: names as paths and back, one to one, below the root */
#include <stdlib.h>

#include "names.h"
#include "str.h"
#include "tap.h"

static const struct naming plus = { .layout = LAYOUT_MAILDIRPP },
    legacy = { .layout = LAYOUT_LEGACY }, flat = { .flat = '.' },
    old = { .utf7 = true }, old_plus = { .layout = LAYOUT_MAILDIRPP,
	.utf7 = true };
#define V &names_verbatim
#define M &plus

static const struct {
	const char *box, *path;
	char sep;
	const struct naming *layout;
} pairs[] = {
	{ "INBOX", "INBOX", '/', V },
	{ "INBOX", "", '.', M },
	{ "INBOX/x", "INBOX/x", '/', V },
	{ "INBOX.x", ".INBOX.x", '.', M },
	{ "a/b/c", "a/b/c", '/', V },
	{ "a/b/c", ".a.b.c", '/', M },
	{ "a.b", "a/b", '.', V },
	{ "a.b", "a.b", '/', V },
	{ "a.b", ".a%2Eb", '/', M },
	{ "a/b", "a%2Fb", '.', V },
	{ "a/b", ".a%2Fb", '.', M },
	{ "a/b", "a%2Fb", '\0', V },
	{ "..", "%2E.", '/', V },
	{ "..", ".%2E%2E", '/', M },
	{ ".", "%2E", '/', V },
	{ "../x", "%2E./x", '/', V },
	{ "a/../../b", "a/%2E./%2E./b", '/', V },
	{ ".hidden", "%2Ehidden", '/', V },
	{ "x..", "x..", '/', V },
	{ "cur", "%63ur", '/', V },
	{ "a/new/b", "a/%6Eew/b", '/', V },
	{ "tmp", ".%74mp", '/', M },
	{ "Cur", "Cur", '/', V },
	{ "curt", "curt", '/', V },
	{ "100%", "100%25", '/', V },
	{ "%2e%2e", "%252e%252e", '/', V },
	{ "x:2,S", "x:2,S", '/', V },
	{ "a\nb\x7f", "a%0Ab%7F", '/', V },
	{ "Entw\xc3\xbcrfe", "Entw\xc3\xbcrfe", '/', V },
	{ "bad\xff\xc3", "bad%FF%C3", '/', V },
	{ " blank ", " blank ", '/', V },
	{ "a\\b", "a\\b", '/', V },
	{ "a\\b", "a/b", '\\', V },
	{ "a/b/c", "a/.b/.c", '/', &legacy },
	{ "a/.b", "a/.%2Eb", '/', &legacy },
	{ "INBOX/b", "INBOX/.b", '/', &legacy },
	{ "a/b", "a.b", '/', &flat },
	{ "a.b", "a.b", '.', &flat },
	{ "a.b/c", "a%2Eb.c", '/', &flat },
	{ "a/b", "a%2Fb", '.', &flat },
	{ "Entw\xc3\xbcrfe/&", "Entw&APw-rfe/&-", '/', &old },
	{ "Entw\xc3\xbcrfe/&", ".Entw&APw-rfe.&-", '/', &old_plus },
	{ "50%", "50%25", '/', &old },
};

static void
table(void)
{
	struct buf b = { .max = 4096 };
	size_t i;

	for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		buf_drop(&b, b.n);
		buf_s(&b, "");
		is_int(names_to_path(&b, str_of(pairs[i].box), pairs[i].sep,
		    pairs[i].layout), 0, "%s is a path", pairs[i].path);
		is_str(b.p, pairs[i].path, "that one");
		buf_drop(&b, b.n);
		is_int(names_from_path(&b, str_of(pairs[i].path),
		    pairs[i].sep, pairs[i].layout), 0, "and a name again");
		is_str(b.p, pairs[i].box, "the same");
	}
	buf_free(&b);
}

static void
spelled(void)
{
	static const struct {
		const char *box, *path;
	} c[] = { { "inbox", "INBOX" }, { "Inbox/inbox", "INBOX/inbox" } };
	struct buf b = { .max = 4096 };
	size_t i;

	for (i = 0; i < 2; i++) {
		buf_drop(&b, b.n);
		names_to_path(&b, str_of(c[i].box), '/', V);
		is_str(b.p, c[i].path, "%s is INBOX", c[i].box);
	}
	buf_drop(&b, b.n);
	is_int(names_to_path(&b, STR("iNBOX"), '.', M), 0, "with maildir++");
	is_int(b.n, 0, "it is the root");
	buf_free(&b);
}

static void
refused(void)
{
	static const struct {
		const char *box;
		char sep;
	} to[] = {
		{ "", '/' }, { "/", '/' }, { "a/", '/' }, { "/a", '/' },
		{ "a//b", '/' },
	};
	static const struct {
		const char *path;
		char sep;
		const struct naming *layout;
	} from[] = {
		{ "", '/', V }, { "..", '/', V }, { "../x", '/', V },
		{ "a/../b", '/', V }, { "/a", '/', V }, { "a/", '/', V },
		{ "cur", '/', V }, { "a/tmp", '/', V }, { ".x", '/', V },
		{ "a.b", '.', V }, { "a/b", '\0', V }, { "%61", '/', V },
		{ "%2e", '/', V }, { "a%", '/', V }, { "a%2", '/', V },
		{ "a%zz", '/', V }, { "\xff", '/', V }, { "inbox", '/', V },
		{ "INBOX", '/', M }, { ".INBOX", '/', M }, { ".", '/', M },
		{ "..", '/', M }, { ".a..b", '/', M }, { ".a.", '/', M },
		{ ".a/b", '/', M }, { ".a%2Eb", '.', M },
		{ "a/b", '/', &legacy }, { "a/..b", '/', &legacy },
		{ "a/b", '/', &flat }, { "a..b", '/', &flat },
		{ "Entw\xc3\xbcrfe", '/', &old }, { "a&", '/', &old },
		{ "&AGE-", '/', &old }, { "a&AC8-b", '/', &old },
	};
	struct buf b = { .max = 4096 };
	char longer[1100];
	size_t i;

	buf_s(&b, "kept");
	for (i = 0; i < sizeof to / sizeof *to; i++)
		is_int(names_to_path(&b, str_of(to[i].box), to[i].sep, V),
		    -1, "no path: %s", to[i].box);
	for (i = 0; i < sizeof from / sizeof *from; i++)
		is_int(names_from_path(&b, str_of(from[i].path), from[i].sep,
		    from[i].layout), -1, "no name: %s", from[i].path);
	memset(longer, 'x', sizeof longer);
	is_int(names_to_path(&b, (struct str){ longer, 201 }, '/', V), -1,
	    "a part of 201 bytes");
	is_int(names_to_path(&b, (struct str){ longer, 200 }, '/', V), 0,
	    "a part of 200 bytes");
	is_int((int)b.n, 204, "which was appended");
	b.n = 4;
	b.p[4] = '\0';
	for (i = 100; i < sizeof longer; i += 100)
		longer[i] = '/';
	is_int(names_to_path(&b, (struct str){ longer, 1001 }, '/', V), -1,
	    "a path of 1001 bytes");
	is_int(names_to_path(&b, (struct str){ longer, 250 }, '/', M), -1,
	    "a file name of 251 bytes");
	is_str(b.p, "kept", "nothing was appended");
	is_int(names_to_path(&b, (struct str){ longer, 999 }, '/', V), 0,
	    "999 bytes are well");
	buf_free(&b);
}

/* A path that stays below: no part is empty, ".", ".." or a Maildir's. */
static bool
below(struct str path, const struct naming *layout)
{
	struct str part;

	if (memchr(path.p, '\0', path.n) != NULL)
		return false;
	if (layout == M)
		return path.n == 0 || (path.n > 1 && path.p[0] == '.' &&
		    path.p[1] != '.' && !str_has(path, '/'));
	while (path.p != NULL) {
		part = str_cut(&path, '/');
		if (part.n == 0 || part.p[0] == '.' || str_eq(part,
		    STR("cur")) || str_eq(part, STR("new")) ||
		    str_eq(part, STR("tmp")))
			return false;
	}
	return true;
}

static uint32_t
dice(uint32_t n)
{
	static uint64_t x = 42;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(x >> 33) % n;
}

static void
random_names(void)
{
	static const char *piece[] = { "..", ".", "/", "%", "cur", "new",
	    "tmp", "INBOX", "a", "\xc3\xbc", "\xff", ":2,S", "%2e", "\\", "\n",
	    "%2F", " " };
	static const char seps[] = { '/', '.', '\0', '\\' };
	struct buf box = { .max = 400 }, path = { .max = 4096 },
	    back = { .max = 4096 };
	int i, bad = 0, made = 0, n;
	const struct naming *layout;
	char sep;

	for (i = 0; i < 100000; i++) {
		buf_drop(&box, box.n);
		buf_drop(&path, path.n);
		buf_drop(&back, back.n);
		for (n = (int)dice(6); n >= 0; n--) {
			if (dice(20) == 0)
				buf_c(&box, (char)dice(256));
			else
				buf_s(&box, piece[dice(sizeof piece /
				    sizeof *piece)]);
		}
		sep = seps[dice(sizeof seps)];
		layout = dice(2) > 0 ? M : V;
		buf_s(&path, "");
		if (names_to_path(&path, BUF_STR(box), sep, layout) < 0)
			continue;
		made++;
		if (!below(BUF_STR(path), layout) ||
		    names_from_path(&back, BUF_STR(path), sep, layout) < 0 ||
		    !str_eq(BUF_STR(back), BUF_STR(box))) {
			bad++;
			diag("%s", path.p);
		}
	}
	is_int(bad, 0, "names, made up, there and back");
	ok(made > 30000, "enough of them were paths: %d", made);
	buf_free(&box);
	buf_free(&path);
	buf_free(&back);
}

static void
patterns(void)
{
	static const struct {
		const char *pats, *box;
		char sep;
		bool yes;
	} c[] = {
		{ NULL, "x", '/', true },
		{ "*", "a/b", '/', true },
		{ "%", "a", '/', true },
		{ "%", "a/b", '/', false },
		{ "a/%", "a.b", '.', true },
		{ "a/%", "a.b.c", '.', false },
		{ "a/*", "a.b.c", '.', true },
		{ "a/b", "a/b", '.', false },
		{ "a.b", "a.b", '.', true },
		{ "* !Spam", "Spam", '/', false },
		{ "* !Spam", "Spam/x", '/', true },
		{ "* !Lists/% Lists/keep", "Lists/keep", '/', true },
		{ "* !Lists/% Lists/keep", "Lists/drop", '/', false },
		{ "* !\"[Gmail]/All Mail\"", "[Gmail]/All Mail", '/', false },
		{ "* !\"[Gmail]/All Mail\"", "[Gmail]/Sent", '/', true },
		{ "!Spam", "INBOX", '/', true },
		{ "!Spam", "Spam", '/', false },
		{ "inbox", "INBOX", '/', true },
		{ "INBOX/*", "Inbox/x", '/', true },
		{ "INBOX", "INBOXES", '/', false },
		{ "Work", "work", '/', false },
		{ "-x", "-x", '/', true },
		{ "-x", "y", '/', false },
		{ "", "x", '/', false },
		{ "a*b*c", "aXbbYc", '/', true },
		{ "a*b*c", "aXbbYcd", '/', false },
		{ "*%*%*", "abc", '/', true },
		{ "*a*a*a*a*a*a*a*a*a*b",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", '/',
		  false },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_int(names_match(c[i].pats, str_of(c[i].box), c[i].sep),
		    c[i].yes, "%s: %s", c[i].pats ? c[i].pats : "(none)",
		    c[i].box);
}

int
main(void)
{
	table();
	spelled();
	refused();
	random_names();
	patterns();
	return done();
}
