/* imapsync_base.c: whose a base is, by the notes that there are */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "index.h"
#include "names.h"
#include "near_dir.h"
#include "tap.h"

static char top[] = "/tmp/imapsync_base.XXXXXX";
static struct arena a;
static int made;

static const char *
in(const char *dir, const char *name)
{
	return arena_printf(&a, "%s/%s", dir, name);
}

static const char *
new_dir(void)
{
	const char *dir = arena_printf(&a, "%s/state%d", top, made++);

	mkdir(dir, 0700);
	return dir;
}

static void
maildir(const char *name)
{
	mkdir(in(top, name), 0700);
	mkdir(in(in(top, name), "cur"), 0700);
	mkdir(in(in(top, name), "new"), 0700);
	mkdir(in(in(top, name), "tmp"), 0700);
}

static struct base
whose(const char *account, const char *near, enum base_mode mode)
{
	return (struct base){ account, in(top, near), mode };
}

static void
note(const char *dir, const struct base *of)
{
	struct err e = { 0 };

	mkdir(dir, 0700);
	is_int(base_note(dir, of, &e), 0, "a note: %s", e.msg);
}

/* "own": dir itself; "": refused; else the name below it. */
static const char *
find(const char *dir, struct base is, bool accept, int status,
    const char *name)
{
	struct err e = { 0 };
	const char *got = base_find(dir, &is, accept, &a, &e);

	is_int(e.code, status, "%s: status", name);
	if (got == NULL)
		return "";
	return strcmp(got, dir) == 0 ? "own" : got + strlen(dir) + 1;
}

static bool
is_below(const char *name)
{
	return strlen(name) == 16;
}

/* ---- accounts and places ---- */

enum want { OWN, BELOW, REFUSED };

static const struct row {
	const char *was, *near;		/* of the note */
	const char *is, *now;		/* of the run */
	enum want want;
} rows[] = {
	{ "jo@h", "a", "jo@h", "a", OWN },
	{ "jo@h", "a", "JO@H", "a", OWN },
	{ "jo@h", "a", "@h", "a", OWN },
	{ "@h", "a", "jo@h", "a", OWN },
	{ "jo@h", "a", "jo@", "a", OWN },
	{ "jo@h", "a", "jo@localhost", "a", OWN },
	{ "jo@h", "a", "jo@127.0.0.2", "a", OWN },
	{ "jo@h", "a", "jo@::1", "a", OWN },
	{ "jo@localhost", "a", "jo@h", "a", OWN },
	{ "jo@x@h", "a", "JO@x@h", "a", OWN },
	{ "jo@h", "a", "jo@h", "link", OWN },
	{ "jo@h", "a", "jo@g", "a", REFUSED },
	{ "jo@h", "a", "eve@h", "a", REFUSED },
	{ "jo@h", "a", "eve@localhost", "a", REFUSED },
	{ "jo@x@h", "a", "jo@y@h", "a", REFUSED },
	{ "jo@h", "a", "eve@h", "link", REFUSED },
	{ "jo@h", "a", "jo@h", "b", BELOW },
	{ "jo@h", "a", "eve@h", "b", BELOW },
	{ "jo@h", "gone", "jo@h", "b", BELOW },
	{ "jo@h", "two\nlines", "jo@h", "two\nlines", OWN },
	{ "jo@h", "two\nlines", "jo@h", "two", BELOW },
};

static void
whose_rows(void)
{
	static const int status[] = { [REFUSED] = EX_USAGE };
	const struct row *r;
	const char *dir, *got, *name;
	struct base was;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		r = &rows[i];
		dir = new_dir();
		name = arena_printf(&a, "%s %s, then %s %s", r->was, r->near,
		    r->is, r->now);
		was = whose(r->was, r->near, BASE_BOTH);
		note(dir, &was);
		got = find(dir, whose(r->is, r->now, BASE_BOTH), false,
		    status[r->want], name);
		if (r->want == BELOW)
			ok(is_below(got), "%s: one of its own", name);
		else
			is_str(got, r->want == OWN ? "own" : "", "%s", name);
		if (r->want == REFUSED)
			is_str(find(dir, whose(r->is, r->now, BASE_BOTH), true,
			    0, name), "own", "%s: accepted", name);
	}
}

/* ---- modes ---- */

static void
modes(void)
{
	/* by the last run: both, pull, push, mirror; then those that follow */
	static const char want[BASE_MODES][BASE_MODES + 1] = {
		[BASE_BOTH] = "...x", [BASE_PULL] = "..xx",
		[BASE_PUSH] = ".x.x", [BASE_MIRROR] = "..x."
	};
	const char *dir = new_dir(), *name;
	struct base was = whose("jo@h", "a", BASE_BOTH);
	struct base is = was;
	unsigned i, k;

	for (i = 0; i < BASE_MODES; i++)
		for (k = 0; k < BASE_MODES; k++) {
			was.mode = (enum base_mode)i;
			is.mode = (enum base_mode)k;
			note(dir, &was);
			name = arena_printf(&a, "mode %u after %u", k, i);
			is_str(find(dir, is, false, want[i][k] == 'x' ?
			    EX_USAGE : 0, name), want[i][k] == 'x' ? "" :
			    "own", "%s", name);
			is_str(find(dir, is, true, 0, name), "own",
			    "%s, accepted", name);
		}
}

/* ---- Maildirs that were renamed ---- */

static void
know(const char *dir, const char *cur)
{
	struct err e = { 0 };
	struct index x;
	struct stat st;

	is_int(stat(in(in(top, cur), "cur"), &st), 0, "%s", cur);
	index_open(&x, dir, &e);
	index_add(&x, STR("INBOX"))->stamp.cur_ino = st.st_ino;
	index_save(&x, &e);
	index_close(&x);
	is_int(e.code, 0, "an index: %s", e.msg);
}

static void
moved(void)
{
	static const char *const known[] = { "b/INBOX", "b/.Lists" };
	const struct base both = whose("jo@h", "b", BASE_BOTH);
	struct base was = whose("jo@h", "gone", BASE_PULL), is = both;
	const char *dir;
	size_t i;

	for (i = 0; i < 2; i++) {
		dir = new_dir();
		note(dir, &was);
		know(dir, "c");
		ok(is_below(find(dir, is, false, 0, "others")),
		    "none of those that are known");
		know(dir, known[i]);
		is_str(find(dir, is, false, 0, known[i]), "own",
		    "%s: they took their base along", known[i]);
		is.account = "eve@h";
		ok(is_below(find(dir, is, false, 0, "eve")),
		    "not to another account");
		is = both;
		is.mode = BASE_PUSH;
		is_str(find(dir, is, false, EX_USAGE, "undone"), "",
		    "nor what undoes the last run");
		is = both;
		note(dir, &is);
		know(dir, "c");
		is_str(find(dir, is, false, 0, "noted"), "own",
		    "it is noted where they are now");
	}
	was = whose("jo@h", "a", BASE_BOTH);
	note(dir, &was);
	ok(is_below(find(dir, is, false, 0, "a")),
	    "nor where those of the note are there still");
}

/* ---- several in one directory ---- */

static void
several(void)
{
	const char *dir = new_dir(), *empty = "0123456789abcdef", *b, *eve;
	struct base of = whose("jo@h", "a", BASE_BOTH);
	struct stat st, now;

	is_str(find(dir, of, false, 0, "none"), "own", "no note: whose run it is");
	note(dir, &of);
	mkdir(in(dir, empty), 0700);
	of = whose("jo@h", "b", BASE_BOTH);
	b = find(dir, of, false, 0, "b");
	ok(is_below(b) && strcmp(b, empty) != 0,
	    "one below without a note is nobody's");
	note(in(dir, b), &of);
	is_str(find(dir, of, false, 0, "b"), b, "it is found");
	of.account = "eve@h";
	is_str(find(dir, of, false, EX_USAGE, "eve"), "", "it has an owner");
	ok(strcmp(find(dir, whose("jo@h", "c", BASE_BOTH), false, 0, "c"), b)
	    != 0, "other Maildirs have another one");
	eve = find(dir, whose("eve@h", "c", BASE_BOTH), false, 0, "eve");
	ok(is_below(eve) && strcmp(eve, find(dir, whose("jo@h", "c",
	    BASE_BOTH), false, 0, "jo")) != 0, "and another account");
	of = whose("jo@h", "a", BASE_BOTH);
	note(in(dir, empty), &of);
	of.account = "eve@h";
	note(dir, &of);
	is_str(find(dir, of, false, 0, "eve"), "own", "the owner's own first");
	is_str(find(dir, whose("jo@h", "a", BASE_BOTH), false, 0, "jo"), empty,
	    "and the other's own");
	stat(in(dir, "base"), &st);
	note(dir, &of);
	stat(in(dir, "base"), &now);
	ok(st.st_ino == now.st_ino, "what is noted is not written again");
}

static void
damaged(void)
{
	struct base of = whose("jo@h", "a", BASE_BOTH);
	const char *dir = new_dir(), *path = in(dir, "base");
	struct buf b = { .max = 4096 };
	struct err e = { 0 };
	int fd;

	note(dir, &of);
	fd = open(path, O_RDONLY);
	file_slurp(fd, &b, &e);
	close(fd);
	b.p[b.n - 1] = 'c';		/* of its near */
	file_replace(path, BUF_STR(b), &e);
	is_str(find(dir, whose("eve@h", "c", BASE_BOTH), false, 0, "eve"),
	    "own", "a damaged note is none");
	buf_drop(&b, b.n);
	buf_s(&b, "postbag base 2 x\nany\n");
	file_replace(path, BUF_STR(b), &e);
	is_str(find(dir, of, true, EX_CONFIG, "newer"), "", "a newer one is left");
	is_int(base_note(dir, &of, &e), -1, "nor written over");
	is_int(e.code, EX_CONFIG, "by an older version");
	buf_free(&b);
}

/* ---- with those of other sections ---- */

static void
alone(const char *all, const char *dir, struct base is, int status,
    const char *name)
{
	struct err e = { 0 };

	is_int(base_alone(all, dir, &is, &e), status == 0 ? 0 : -1, "%s",
	    name);
	is_int(e.code, status, "%s: status", name);
}

static void
sections(void)
{
	const char *all = new_dir(), *one = in(all, "one");
	const char *two = in(all, "two"), *below = in(one, "00000000000000ff");
	struct base of = whose("jo@h", "a", BASE_BOTH);

	mkdir(two, 0700);
	note(one, &of);
	of = whose("jo@h", "b", BASE_BOTH);
	note(below, &of);
	alone(all, two, whose("jo@h", "a", BASE_BOTH), 0, "the same account");
	alone(all, two, whose("eve@h", "a", BASE_BOTH), EX_USAGE, "another");
	alone(all, two, whose("eve@h", "link", BASE_BOTH), EX_USAGE,
	    "by another name");
	alone(all, two, whose("eve@h", "b", BASE_BOTH), EX_USAGE,
	    "a second base of a section");
	alone(all, two, whose("eve@h", "c", BASE_BOTH), 0, "other Maildirs");
	of = whose("eve@h", "a", BASE_BOTH);
	note(two, &of);
	alone(all, two, of, 0, "accepted before");
}

static void
placed(void)
{
	char here[4096];
	struct base is = base_of(&a, "jo", "h", "Mail", BASE_PUSH);

	is_str(is.account, "jo@h", "an account");
	ok(getcwd(here, sizeof here) != NULL, "here");
	is_str(is.near, in(here, "Mail"), "a whole path");
	is_int(is.mode, BASE_PUSH, "its mode");
	is = base_of(&a, NULL, NULL, "/x", BASE_BOTH);
	is_str(is.account, "@", "nobody nowhere");
	is_str(is.near, "/x", "as it is");
}

int
main(void)
{
	static const char *const there[] = { "a", "b", "b/INBOX", "b/.Lists",
	    "c" };
	size_t i;

	if (mkdtemp(top) == NULL)
		return 1;
	for (i = 0; i < sizeof there / sizeof *there; i++)
		maildir(there[i]);
	is_int(symlink(in(top, "a"), in(top, "link")), 0, "a link");
	placed();
	whose_rows();
	modes();
	moved();
	several();
	damaged();
	sections();
	arena_free(&a);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", top, (char *)NULL);
	wait(NULL);
	return done();
}
