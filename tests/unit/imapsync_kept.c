/* imapsync_kept.c: what is kept beside the states: held, faces, idents */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faces.h"
#include "file.h"
#include "held.h"
#include "idents.h"
#include "mem.h"
#include "tap.h"

static char dir[] = "/tmp/imapsync_kept.XXXXXX";
static struct err e;

static char *
at(const char *name)
{
	static char path[100];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

/* The one file in the folder whose name ends so, or "". */
static char *
file_named(const char *ending)
{
	static char path[200];
	char cmd[200];
	FILE *f;

	snprintf(cmd, sizeof cmd, "ls %s/*%s 2> /dev/null", dir, ending);
	f = popen(cmd, "r");
	if (f == NULL || fgets(path, sizeof path, f) == NULL)
		path[0] = '\0';
	if (f != NULL)
		pclose(f);
	path[strcspn(path, "\n")] = '\0';
	return path;
}

static void
slurp(const char *path, struct buf *b)
{
	int fd = file_open(path, &e);

	b->max = 1 << 20;
	file_slurp(fd, b, &e);
	close(fd);
}

/* ---- held ---- */

static void
held(void)
{
	struct buf b = { .max = 4096 };
	struct held h;

	is_int(held_open(&h, dir, true, &e), 0, "read only, and no file");
	ok(!held_told(&h, STR("a"), 7, 1) && held_told(&h, STR("a"), 7, 1),
	    "told once");
	is_int(held_close(&h, &e), 0, "closed");
	ok(access(at("held"), F_OK) < 0, "nothing is written");
	held_open(&h, dir, false, &e);
	ok(!held_told(&h, STR("a"), 7, 1) && !held_told(&h, STR("a"), 7, 2) &&
	    !held_told(&h, STR("a"), 8, 1) && !held_told(&h, STR("b"), 7, 1) &&
	    !held_told(&h, STR("a 7"), 1, 7) && !held_told(&h, STR("a"), 71, 1)
	    && !held_told(&h, STR("a7"), 1, 1), "each is another one");
	held_forget(&h, STR("a"), 7, 2);
	held_forget(&h, STR("c"), 1, 1);
	is_int(held_close(&h, &e), 0, "closed");
	held_open(&h, dir, true, &e);
	ok(held_has(&h, STR("a"), 7, 1) && held_has(&h, STR("b"), 7, 1) &&
	    held_has(&h, STR("a"), 8, 1), "as they were");
	ok(!held_has(&h, STR("a"), 7, 2), "but for what was forgotten");
	held_told(&h, STR("z"), 1, 1);
	held_close(&h, &e);
	held_open(&h, dir, true, &e);
	ok(!held_has(&h, STR("z"), 1, 1), "read only: nothing is added");
	held_close(&h, &e);
	held_open(&h, dir, false, &e);
	held_forget(&h, STR("b"), 7, 1);
	ok(!held_has(&h, STR("b"), 7, 1), "forgotten");
	held_close(&h, &e);
	slurp(at("held"), &b);
	held_open(&h, dir, false, &e);
	ok(!held_has(&h, STR("b"), 7, 1) && held_has(&h, STR("a"), 7, 1),
	    "for ever, and no other");
	held_close(&h, &e);
	/* a line more, for what was forgotten, is in front */
	is_int(file_replace(at("held"), str_to(BUF_STR(b), 40), &e), 0, "torn");
	held_open(&h, dir, true, &e);
	is_int(h.n, 1, "one is left");
	ok(held_has(&h, STR("a"), 7, 1), "the first");
	held_close(&h, &e);
	file_replace(at("held"), STR("xyz\n0123456789abcdeg\n-\n\n"), &e);
	held_open(&h, dir, true, &e);
	is_int(h.n, 0, "what is malformed is nothing");
	held_close(&h, &e);
	unlink(at("held"));
	buf_free(&b);
}

/* ---- faces ---- */

static void
faces(void)
{
	static const struct face one = { 1, 11, 111, 1111, 11111 };
	static const struct face two = { 2, 22, 222, 2222, 22222 };
	static const struct stamp st = { 5, 6, 7, 8 };
	struct faces f = { .n = 0 };
	struct buf b = { .max = 4096 };
	const struct face *got;
	size_t i, bad = 0;
	char *path;

	faces_read(&f, dir, "Old");
	is_int(f.n, 0, "none yet");
	faces_add(&f, &one);
	faces_add(&f, &two);
	is_int(faces_save(&f, dir, "Old", &st, &e), 0, "saved");
	faces_free(&f);
	faces_read(&f, dir, "Old");
	is_int(f.n, 2, "two are back");
	ok(stamp_same(&f.stamp, &st), "with their stamp");
	got = faces_find(&f, 2, 22);
	ok(got != NULL && memcmp(got, &two, sizeof two) == 0, "as it was");
	ok(faces_find(&f, 2, 23) == NULL, "another inode is another file");
	ok(faces_find(&f, 3, 22) == NULL, "and another name");
	faces_free(&f);
	faces_read(&f, dir, "Other");
	is_int(f.n, 0, "another folder has none of them");
	faces_free(&f);
	path = file_named(".faces");
	slurp(path, &b);
	for (i = 0; i < b.n; i++) {
		file_replace(path, str_to(BUF_STR(b), i), &e);
		faces_read(&f, dir, "Old");
		bad += f.n != 0 || f.stamp.cur_ino != 0;
		faces_free(&f);
		b.p[i] ^= 1;
		file_replace(path, BUF_STR(b), &e);
		b.p[i] ^= 1;
		faces_read(&f, dir, "Old");
		bad += f.n != 0 || f.stamp.cur_ino != 0;
		faces_free(&f);
	}
	is_int(bad, 0, "cut or turned at %zu places: none", b.n);
	unlink(path);
	buf_free(&b);
}

/* ---- idents ---- */

static size_t
kept(uint64_t uidvalidity, bool read_only, uint32_t uids[4])
{
	struct idents x;
	size_t i, n;

	idents_open(&x, dir, STR("INBOX"), uidvalidity, read_only, &e);
	n = x.n;
	for (i = 0; i < n && i < 4; i++)
		uids[i] = x.v[i].ident == 10 * (uint64_t)x.v[i].uid &&
		    x.v[i].size == x.v[i].uid + 1 ? x.v[i].uid : 0;
	idents_close(&x, &e);
	return n;
}

static void
idents(void)
{
	struct idents x;
	struct buf b = { .max = 4096 };
	uint32_t uids[4], i;
	size_t n, bad = 0;
	char *path;

	is_int(idents_open(&x, dir, STR("INBOX"), 7, true, &e), 0,
	    "read only, and no file");
	idents_add(&x, &(struct ident_rec){ 1, 2, 10 });
	is_int(idents_close(&x, &e), 0, "closed");
	is_str(file_named(".idents"), "", "nothing is written");
	idents_open(&x, dir, STR("INBOX"), 7, false, &e);
	for (i = 3; i > 0; i--)
		idents_add(&x, &(struct ident_rec){ i, i + 1, 10 * i });
	is_int(idents_close(&x, &e), 0, "three are kept");
	is_int(kept(7, true, uids), 3, "and are there");
	ok(uids[0] == 1 && uids[1] == 2 && uids[2] == 3, "in order");
	is_int(kept(8, true, uids), 0, "not under another UIDVALIDITY");
	is_int(kept(7, true, uids), 3, "which read_only does not begin");
	path = file_named(".idents");
	slurp(path, &b);
	for (n = 0; n < b.n; n++) {
		file_replace(path, str_to(BUF_STR(b), n), &e);
		bad += kept(7, false, uids) != (n < 16 ? 0 : (n - 16) / 20);
		idents_open(&x, dir, STR("INBOX"), 7, false, &e);
		idents_add(&x, &(struct ident_rec){ 9, 10, 90 });
		idents_close(&x, &e);
		bad += kept(7, true, uids) != (n < 16 ? 0 : (n - 16) / 20) + 1;
	}
	is_int(bad, 0, "cut at %zu places: what is whole, and one more", b.n);
	for (n = 0; n < b.n; n++) {
		b.p[n] ^= 1;
		file_replace(path, BUF_STR(b), &e);
		b.p[n] ^= 1;
		bad += kept(7, true, uids) != (n < 16 ? 0 : (n - 16) / 20);
	}
	is_int(bad, 0, "a bit turned: what is before it");
	file_replace(path, BUF_STR(b), &e);
	idents_open(&x, dir, STR("INBOX"), 7, false, &e);
	idents_add(&x, &(struct ident_rec){ 9, 10, 90 });
	idents_forget(&x, 7);
	is_int(x.n, 0, "forgotten");
	idents_add(&x, &(struct ident_rec){ 5, 6, 50 });
	idents_close(&x, &e);
	is_int(kept(7, true, uids), 1, "in the file, too");
	ok(uids[0] == 5, "but for what came then");
	is_int(kept(8, false, uids), 0, "another UIDVALIDITY");
	is_int(kept(7, true, uids), 0, "begins anew");
	idents_drop(dir, STR("INBOX"));
	is_str(file_named(".idents"), "", "it is removed");
	buf_free(&b);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	held();
	faces();
	idents();
	is_int(e.code, 0, "no failure: %s", e.msg);
	ok(rmdir(dir) == 0, "nothing else was left");
	return done();
}
