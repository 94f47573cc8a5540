/* imapsync_near_dir.c: a Maildir scanned and changed; nothing beyond the root */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attic.h"
#include "fail.h"
#include "file.h"
#include "flags.h"
#include "mark.h"
#include "mem.h"
#include "names.h"
#include "near_dir.h"
#include "near_file.h"
#include "near_letters.h"
#include "str.h"
#include "tap.h"

static char top[] = "/tmp/imapsync_near_dir.XXXXXX";
static int root;
static struct err e;

static void
touch(const char *path, const char *text)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct err f = { 0 };

	if (fd < 0 || file_write(fd, text, strlen(text), &f) < 0)
		diag("cannot make %s", path);
	close(fd);
}

static void
linked(const char *to, int at, const char *path)
{
	if (symlinkat(to, at, path) < 0)
		diag("cannot link %s", path);
}

static bool
there(const char *path)
{
	return faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static char *
text_of(const char *path)
{
	static struct buf b;
	int fd = openat(root, path, O_RDONLY);

	buf_free(&b);
	b = (struct buf){ .max = 1 << 20 };
	buf_s(&b, "");
	if (fd >= 0)
		file_slurp(fd, &b, &e);
	close(fd);
	return b.p;
}

/* By its base name. */
static struct near_msg *
find(struct near_dir *l, const char *base)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (str_eq(near_dir_base(l, &l->v[i]), str_of(base)))
			return &l->v[i];
	return NULL;
}

static struct near_msg *
must(struct near_dir *l, const char *base)
{
	struct near_msg *m = find(l, base);

	if (m == NULL) {
		printf("Bail out! %s is not there\n", base);
		exit(1);
	}
	return m;
}

static void
opened(void)
{
	struct near_dir l;

	is_int(near_dir_open(&l, root, "a/b", false, &e), 1, "not there");
	is_int(near_dir_open(&l, root, "a/b", true, &e), 0, "made");
	near_dir_close(&l);
	ok(there("a/b/cur") && there("a/b/new") && there("a/b/tmp"),
	    "with its three folders");
	is_int(near_dir_open(&l, root, "a", false, &e), 1, "a is no Maildir");
	is_int(near_dir_open(&l, root, ".x.y", true, &e), 0, "maildir++");
	near_dir_close(&l);
	ok(there(".x.y/maildirfolder"), "says so");
	is_int(near_dir_open(&l, root, "a/b", false, &e), 0, "opened again");
	near_dir_close(&l);
}

static void
kept_inside(void)
{
	static const char *bad[] = { "..", "a/../a/b", "/a/b", "a//b", "a/b/",
	    "./a/b", "../x" };
	struct err f;
	struct near_dir l;
	size_t i;

	linked("a", root, "link");
	linked("/tmp", root, "out");
	is_int(near_dir_open(&l, root, "link/b", false, &e), 1,
	    "a symbolic link is not followed");
	f = (struct err){ 0 };
	is_int(near_dir_open(&l, root, "out/x", true, &f), -1,
	    "nor is anything made behind one");
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		f = (struct err){ 0 };
		is_int(near_dir_open(&l, root, bad[i], true, &f), -1,
		    "refused: %s", bad[i]);
		f = (struct err){ 0 };
		is_int(near_dir_open(&l, root, bad[i], false, &f),
		    strcmp(bad[i], "/a/b") == 0 ? 1 : -1,
		    "nor looked for: %s", bad[i]);
	}
	unlinkat(root, "link", 0);
	unlinkat(root, "out", 0);
}

/* As those of scanned are. */
static bool
expected(void *of, const struct near_msg *m)
{
	struct near_dir *l = of;
	struct str base = near_dir_base(l, m);

	if (str_is(base, "two"))
		return m->flags == (FLAG_SEEN | FLAG_FLAGGED);
	return str_is(base, "one") ? m->fresh : !str_is(base, "unwanted");
}

/* One is delivered in each scan. */
static bool
disturbed(void *of, const struct near_msg *m)
{
	int *left = of;
	char path[40];

	if (m->fresh && *left > 0) {
		snprintf(path, sizeof path, "late/cur/%d", (*left)--);
		touch(path, "");
	}
	return true;
}

static void
disturbed_scan(void)
{
	struct keywords k = { .n = 0 };
	struct err f = { 0 };
	struct near_dir l;
	int left = 1;

	near_dir_open(&l, root, "late", true, &e);
	touch("late/new/first", "");
	is_int(near_dir_agrees(&l, &k, disturbed, &left, 2, &f), 1,
	    "one comes during a scan: scanned anew");
	left = 100;
	is_int(near_dir_agrees(&l, &k, disturbed, &left, 2, &f), -1,
	    "some come during each");
	is_int(f.code, EX_TEMPFAIL, "which is told: %s", f.msg);
	is_int(left, 90, "after ten");
	near_dir_close(&l);
	mkdirat(root, "late/sub", 0700);
	mkdirat(root, "late/sub/new", 0700);
	touch("late/sub/cur", "");
	ok(near_dir_stamp(root, "late/sub", &l.seen, &l.racy) == 1,
	    "a file that is called cur makes no Maildir");
}

static void
scanned(void)
{
	struct keywords k = { .n = 0 };
	struct err f = { 0 };
	struct stat st;
	struct near_dir l;
	struct near_msg *m;
	int fd;

	touch("a/b/dovecot-keywords", "0 work\n2 play\n40 far\nrubbish\n");
	touch("a/b/new/one", "1\n");
	touch("a/b/cur/two:2,FS", "2\n");
	touch("a/b/cur/three:2,acq", "3\n");
	touch("a/b/cur/four", "4\n");
	touch("a/b/cur/5:1,x", "5\n");
	touch("a/b/cur/.hidden", "");
	mkdirat(root, "a/b/cur/folder", 0700);
	linked("four", root, "a/b/cur/six");
	near_dir_open(&l, root, "a/b", false, &e);
	mkfifoat(root, "a/b/cur/pipe", 0600);
	touch("a/b/cur/:2,S", "");
	is_int(near_dir_scan(&l, &k, &e), 0, "scanned");
	is_int(l.n, 6, "six files");
	ok(find(&l, ":2,S") != NULL, "a name is never empty");
	is_int(near_dir_count(root, "a/b", 100), 6, "counted without a scan");
	is_int(near_dir_count(root, "a/b", 2), 2, "up to a number");
	is_int(near_dir_count(root, "a/b", 1), 1, "which new alone has");
	is_int(near_dir_count(root, "a", 100), 0, "none where no Maildir is");
	unlinkat(root, "a/b/cur/:2,S", 0);
	unlinkat(root, "a/b/cur/pipe", 0);
	m = must(&l, "one");
	ok(m->fresh && m->flags == 0, "a new one");
	is_str(near_dir_file(&l, m), "one", "its name");
	ok(must(&l, "two")->flags == (FLAG_SEEN | FLAG_FLAGGED), "flags");
	is_int(k.n, 2, "keywords from the file");
	ok(must(&l, "three")->flags == (256 | 512), "and from the names");
	ok(l.letters.strange == 1u << ('q' - 'a'), "q means nothing");
	ok(must(&l, "three")->vague && !must(&l, "two")->vague,
	    "of whom it may mean something");
	ok(must(&l, "four")->flags == 0 && find(&l, "5:1,x") != NULL,
	    "names without flags");
	fstatat(root, "a/b/cur/four", &st, 0);
	ok(must(&l, "four")->ino == st.st_ino, "the inode");
	fd = near_dir_read(&l, must(&l, "two"), &e);
	ok(fd > 1, "read");
	close(fd);
	unlinkat(root, "a/b/new/one", 0);
	is_int(near_dir_read(&l, must(&l, "one"), &f), -1, "vanished");
	is_int(f.code, EX_NOINPUT, "is said");
	f = (struct err){ 0 };
	mkfifoat(root, "a/b/new/one", 0600);
	is_int(near_dir_read(&l, must(&l, "one"), &f), -1, "a pipe by now");
	is_int(f.code, EX_IOERR, "is another fault: %s", f.msg);
	unlinkat(root, "a/b/new/one", 0);
	ok(l.racy, "changed just now: racy");
	is_int(near_dir_agrees(&l, &k, expected, &l, 4, &e), 1,
	    "four files, as they should be");
	is_int(l.n, 0, "none of which is kept");
	is_int(near_dir_agrees(&l, &k, expected, &l, 5, &e), 0, "not five");
	touch("a/b/cur/unwanted", "");
	is_int(near_dir_agrees(&l, &k, expected, &l, 5, &e), 0,
	    "nor one of another kind");
	unlinkat(root, "a/b/cur/unwanted", 0);
	near_dir_close(&l);
	unlinkat(root, "a/b/cur/.hidden", 0);
	unlinkat(root, "a/b/cur/six", 0);
	unlinkat(root, "a/b/cur/folder", AT_REMOVEDIR);
	flags_keywords_free(&k);
}

static void
flagged(void)
{
	struct keywords k = { .n = 0 };
	struct near_msg *m, copy;
	struct near_dir l;
	uint64_t bit;

	touch("a/b/new/one", "1\n");
	near_dir_open(&l, root, "a/b", false, &e);
	near_dir_scan(&l, &k, &e);
	m = must(&l, "one");
	is_int(near_dir_flags(&l, m, FLAG_SEEN, &e), 0, "flags of a new one");
	ok(there("a/b/cur/one:2,S") && !there("a/b/new/one"), "it is in cur");
	ok(!m->fresh && m->flags == FLAG_SEEN, "and m knows");
	is_str(near_dir_file(&l, m), "one:2,S", "its name, too");
	is_int(near_dir_flags(&l, m, FLAG_SEEN, &e), 0, "the same again");
	m = must(&l, "three");
	is_int(near_dir_flags(&l, m, m->flags | FLAG_DRAFT, &e), 0, "one more");
	ok(there("a/b/cur/three:2,Dacq"), "the strange letter stays");
	bit = flags_keyword(&k, STR("new-one"), true);
	is_int(near_dir_flags(&l, m, bit, &e), 0, "a keyword without a letter");
	ok(there("a/b/cur/three:2,bq"), "gets the free one");
	is_str(text_of("a/b/dovecot-keywords"),
	    "0 work\n2 play\n40 far\nrubbish\n1 new-one\n",
	    "which is saved, all else kept");
	copy = *must(&l, "two");
	renameat(root, "a/b/cur/two:2,FS", root, "a/b/cur/two:2,F");
	is_int(near_dir_flags(&l, &copy, 0, &e), 1,
	    "changed by somebody else meanwhile: not touched");
	ok(there("a/b/cur/two:2,F"), "it is as he made it");
	touch("a/b/cur/four:2,S", "another\n");
	is_int(near_dir_flags(&l, must(&l, "four"), FLAG_SEEN, &e), 1,
	    "the name is in use");
	is_str(text_of("a/b/cur/four:2,S"), "another\n",
	    "nothing is overwritten");
	unlinkat(root, "a/b/cur/four:2,S", 0);
	is_int(e.code, 0, "no failure: %s", e.msg);
	near_dir_close(&l);
	flags_keywords_free(&k);
}

/* A name has 255 bytes, its flags among them. */
static void
long_names(void)
{
	struct keywords k = { .n = 0 };
	char name[300], path[400];
	struct near_dir l;
	struct err f = { 0 };
	size_t i;

	near_dir_open(&l, root, "long", true, &e);
	for (i = 251; i < 253; i++) {
		memset(name, 'x', i);
		name[i] = '\0';
		snprintf(path, sizeof path, "long/new/%s", name);
		touch(path, "");
	}
	near_dir_scan(&l, &k, &e);
	is_int(near_dir_flags(&l, must(&l, name), FLAG_SEEN, &f), -1,
	    "no room for a flag");
	is_int(f.code, EX_CANTCREAT, "is told");
	ok(there(path), "it is as it was");
	name[251] = '\0';
	is_int(near_dir_flags(&l, must(&l, name), FLAG_SEEN, &e), 0,
	    "just enough");
	snprintf(path, sizeof path, "long/cur/%s:2,S", name);
	ok(there(path), "it has it");
	near_dir_close(&l);
	flags_keywords_free(&k);
}

static void
moved(void)
{
	struct keywords k = { .n = 0 }, k2 = { .n = 0 };
	struct near_dir l, to;
	struct near_msg m;
	struct err f = { 0 };

	near_dir_open(&to, root, "other", true, &e);
	touch("other/dovecot-keywords", "0 zero\n1 play\n");
	touch("a/b/cur/m:2,Sacq", "");
	touch("a/b/new/n", "");
	touch("a/b/cur/o:2,S{q`", "");
	touch("other/cur/four", "");
	near_dir_open(&l, root, "a/b", false, &e);
	near_dir_scan(&l, &k, &e);
	near_letters_load(&to, &k2, &e);
	is_int(near_dir_move_to(&l, must(&l, "m"), &to, &m, &e), 0, "moved");
	ok(there("other/cur/m:2,Sbc"), "keywords by their names");
	is_str(near_dir_file(&to, &m), "m:2,Sbc", "known to the other");
	is_int(near_dir_flags(&to, &m, m.flags | FLAG_DRAFT, &e), 0,
	    "which can change it");
	ok(there("other/cur/m:2,DSbc"), "so");
	is_str(text_of("other/dovecot-keywords"), "0 zero\n1 play\n2 work\n",
	    "the new one is saved");
	is_int(near_dir_move_to(&l, must(&l, "o"), &to, &m, &e), 0, "others");
	ok(there("other/cur/o:2,S`{"), "what is no letter stays");
	is_int(near_dir_move_to(&l, must(&l, "n"), &to, &m, &e), 0, "a new one");
	ok(there("other/new/n"), "is new there");
	is_int(near_dir_move_to(&l, must(&l, "n"), &to, &m, &e), 1, "gone by now");
	is_int(near_dir_move_to(&l, must(&l, "four"), &to, &m, &f), -1,
	    "one of that name is there");
	ok(there("a/b/cur/four"), "it stays");
	is_int(e.code, 0, "no failure: %s", e.msg);
	near_dir_close(&l);
	near_dir_close(&to);
	flags_keywords_free(&k);
	flags_keywords_free(&k2);
}

static void
removed(void)
{
	struct keywords k = { .n = 0 };
	struct near_dir l;
	struct arena arena = { 0 };
	struct attic attic;
	char day[16], path[100];
	time_t t = time(NULL);
	struct tm tm;

	near_file_shut(&(int){ near_file_enter(root, ".attic", true) });
	attic_open(&attic, &arena, top, root);
	is_str(attic.path + strlen(top), "/.attic", "it is there already");

	gmtime_r(&t, &tm);
	strftime(day, sizeof day, "%Y%m%d", &tm);
	touch("a/b/cur/four:2,S", "second\n");
	near_dir_open(&l, root, "a/b", false, &e);
	near_dir_scan(&l, &k, &e);
	is_int(near_dir_remove(&l, must(&l, "5:1,x"), NULL, &e), 0,
	    "unlinked");
	is_int(near_dir_remove(&l, must(&l, "5:1,x"), NULL, &e), 1,
	    "gone by now");
	is_int(near_dir_remove(&l, must(&l, "three"), &attic, &e), 0,
	    "to the attic");
	snprintf(path, sizeof path, ".attic/%s/a%%2Fb/three:2,bq", day);
	ok(there(path), "%s", path);
	is_int(near_dir_remove(&l, must(&l, "three"), &attic, &e), 1,
	    "gone by now");
	touch("a/b/cur/three:2,bq", "again\n");
	is_int(near_dir_remove(&l, must(&l, "three"), &attic, &e), 0,
	    "another of that name");
	is_str(text_of(path), "3\n", "does not overwrite the first");
	snprintf(path, sizeof path, ".attic/%s/a%%2Fb/three:2,bq~2", day);
	is_str(text_of(path), "again\n", "and is kept");
	is_int(e.code, 0, "no failure: %s", e.msg);
	near_dir_close(&l);
	attic_close(&attic);
	arena_free(&arena);
	flags_keywords_free(&k);
}

static void
put(void *to, const char *path)
{
	buf_printf(to, "%s|", path);
}

static void
folders(void)
{
	struct buf b = { .max = 4096 };
	struct near_dir l;

	near_dir_open(&l, root, "a/b/deep", true, &e);
	near_dir_close(&l);
	near_dir_open(&l, root, ".z", true, &e);
	near_dir_close(&l);
	mkdirat(root, "plain", 0700);
	linked("other", root, "plain/link");
	is_int(near_dir_folders(root, LAYOUT_VERBATIM, put, &b, &e), 0,
	    "verbatim");
	is_str(b.p, "a/b|a/b/deep|late|long|other|", "these");
	buf_drop(&b, b.n);
	near_dir_open(&l, root, "", true, &e);
	near_dir_close(&l);
	is_int(near_dir_folders(root, LAYOUT_MAILDIRPP, put, &b, &e), 0,
	    "maildir++");
	is_str(b.p, "|.x.y|.z|", "these, and the root");
	unlinkat(root, "plain/link", 0);
	unlinkat(root, "plain", AT_REMOVEDIR);
	buf_free(&b);
}

static void
taken_away(void)
{
	touch("a/b/deep/dovecot-uidlist", "");
	touch("a/b/deep/tmp/postbag.x", "");
	is_int(near_dir_rmdir(root, "other", &e), 1, "it has something");
	ok(there("other/cur/four") && there("other/new") && there("other/tmp"),
	    "and is untouched");
	is_int(near_dir_rmdir(root, "a/b/deep", &e), 0, "it has nothing");
	ok(!there("a/b/deep"), "it is gone");
	is_int(near_dir_rmdir(root, "a/b/deep", &e), 0, "again: well");
	is_int(near_dir_rmdir(root, "", &e), 1, "never the root");
	touch(".z/notes", "");
	is_int(near_dir_rmdir(root, ".z", &e), 1, "somebody's file");
	ok(there(".z/cur") && there(".z/new") && there(".z/maildirfolder"),
	    "and all is there still");
	unlinkat(root, ".z/notes", 0);
	touch(".z/cur/mail", "");
	is_int(near_dir_rmdir(root, ".z", &e), 1, "mail in cur alone");
	ok(there(".z/cur/mail") && there(".z/new"), "it is a Maildir still");
	unlinkat(root, ".z/cur/mail", 0);
	touch(".z/tmp/theirs", "");
	is_int(near_dir_rmdir(root, ".z", &e), 1, "a delivery is under way");
	ok(there(".z/tmp/theirs") && there(".z/new"), "and is not disturbed");
	unlinkat(root, ".z/tmp/theirs", 0);
	mkdirat(root, ".z/below", 0700);
	is_int(near_dir_rmdir(root, ".z", &e), 0, "a folder in it");
	ok(there(".z/below") && !there(".z/cur"), "stays");
	unlinkat(root, ".z/below", AT_REMOVEDIR);
}

static void
set_time(const char *path, double ago, long grain)
{
	struct timespec t[2];
	int64_t ns;

	clock_gettime(CLOCK_REALTIME, &t[0]);
	ns = t[0].tv_sec * INT64_C(1000000000) + t[0].tv_nsec -
	    (int64_t)(ago * 1e9);
	ns -= ns % grain;
	if (grain == 1 && ns % 1000000 == 0)
		ns++;
	t[0].tv_sec = t[1].tv_sec = ns / 1000000000;
	t[0].tv_nsec = t[1].tv_nsec = ns % 1000000000;
	utimensat(root, path, t, 0);
}

static void
stamps(void)
{
	static const struct {
		double cur, fresh;
		long grain;
		bool racy;
	} c[] = {
		{ 100, 100, 1, false },
		{ 0.01, 100, 1, true },
		{ 100, 0.01, 1, true },
		{ 0.3, 0.3, 1, false },
		{ 0.3, 0.3, 1000000, true },
		{ 0.3, 0.3, 1000000000, true },
		{ 5, 5, 1000000000, false },
		{ -50, 100, 1, true },
	};
	struct stamp s, t;
	struct near_dir l;
	bool racy;
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		set_time("other/cur", c[i].cur, c[i].grain);
		set_time("other/new", c[i].fresh, c[i].grain);
		near_dir_stamp(root, "other", &s, &racy);
		is_int(racy, c[i].racy, "%g s and %g s ago, grain %ld",
		    c[i].cur, c[i].fresh, c[i].grain);
	}
	near_dir_open(&l, root, "other", false, &e);
	is_int(near_dir_calm(&l), 10000, "not calm for long");
	set_time("other/cur", 100, 1);
	is_int(near_dir_calm(&l), 0, "calm");
	near_dir_close(&l);
	is_int(near_dir_stamp(root, "other", &s, &racy), 0, "a stamp");
	near_dir_stamp(root, "other", &t, &racy);
	ok(memcmp(&s, &t, sizeof s) == 0, "the same again");
	touch("other/new/later", "");
	near_dir_stamp(root, "other", &t, &racy);
	ok(memcmp(&s, &t, sizeof s) != 0, "a delivery: another");
	is_int(near_dir_stamp(root, "nowhere", &s, &racy), 1, "not there");
}

/* Files renamed all the time while it is scanned: each is seen once. */
static void
restless(void)
{
	struct keywords k = { .n = 0 };
	char a[64], b[64];
	struct near_dir l;
	size_t want = 3000;
	int i, bad = 0;
	pid_t pid;

	near_dir_open(&l, root, "busy", true, &e);
	for (i = 0; i < (int)want; i++) {
		snprintf(a, sizeof a, "busy/cur/m%d:2,", i);
		touch(a, "");
	}
	if ((pid = fork()) == 0) {
		for (i = 0; i < 1000000; i++) {
			struct timespec nap = { .tv_nsec = 30000000 };

			snprintf(a, sizeof a, "busy/cur/m%d:2,", i * 7 % 3000);
			snprintf(b, sizeof b, "busy/cur/m%d:2,S", i * 7 % 3000);
			renameat(root, a, root, b);
			renameat(root, b, root, a);
			if (i % 500 == 0)
				nanosleep(&nap, NULL);
		}
		_exit(0);
	}
	for (i = 0; i < 30; i++) {
		struct err f = { 0 };

		if (near_dir_scan(&l, &k, &f) == 0)
			bad += l.n != want;
		else
			bad += f.code != EX_TEMPFAIL;
	}
	is_int(bad, 0, "never one too few or too many");
	kill(pid, SIGKILL);
	waitpid(pid, &i, 0);
	near_dir_close(&l);
}

static void
names(void)
{
	static const struct {
		const char *base;
		uint32_t uid;
	} c[] = {
		{ "postbag.0123456789abcdef.1", 1 },
		{ "postbag.0123456789abcdef.4294967295", UINT32_MAX },
		{ "postbag.0123456789abcdef.4294967296", 0 },
		{ "postbag.0123456789abcdef.01", 0 },
		{ "postbag.0123456789abcdef.0", 0 },
		{ "postbag.0123456789abcdef.", 0 },
		{ "postbag.0123456789abcdee.1", 0 },
		{ "postbag.0123456789ABCDEF.1", 0 },
		{ "qostbag.0123456789abcdef.1", 0 },
		{ "postbag", 0 }, { "", 0 },
	};
	char name[64];
	size_t i;

	near_dir_name(name, 0x0123456789abcdef, 77);
	is_str(name, "postbag.0123456789abcdef.77", "the name of a download");
	for (i = 0; i < sizeof c / sizeof *c; i++)
		ok(near_dir_named(str_of(c[i].base), 0x0123456789abcdef) ==
		    c[i].uid, "%s is %u", c[i].base, c[i].uid);
}

int
main(void)
{
	char rm[64];
	pid_t pid;
	int status;

	if (mkdtemp(top) == NULL || (root = open(top, O_RDONLY |
	    O_DIRECTORY)) < 0)
		return 1;
	opened();
	kept_inside();
	scanned();
	disturbed_scan();
	flagged();
	long_names();
	moved();
	removed();
	folders();
	taken_away();
	stamps();
	restless();
	names();
	snprintf(rm, sizeof rm, "%s", top);
	if ((pid = fork()) == 0)
		execlp("rm", "rm", "-rf", rm, (char *)NULL);
	waitpid(pid, &status, 0);
	return done();
}
