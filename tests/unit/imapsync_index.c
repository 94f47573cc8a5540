/* imapsync_index.c: what is saved comes back; what is not whole is nothing */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
#include "index.h"
#include "names.h"
#include "str.h"
#include "tap.h"

static char top[] = "/tmp/imapsync_index.XXXXXX";
static char dir[100], file[120];

static struct entry
sample(unsigned i)
{
	return (struct entry){
		.mark = { 1000 + i, 4000000000u + i, (uint64_t)1 << 62 | i,
		    7 * i, NULL },
		.stamp = { 1700000000123456789u + i, i, 17 * i, ~(uint64_t)i },
		.id = i % 3 ? names_hash(STR("id")) : 0,
		.dirty = i % 2, .missing = i % 5 == 0,
		.arrived = i % 7 ? 4000000000u - i : 0,
		.latest = i % 3 == 0,
	};
}

static bool
same(const struct entry *a, const struct entry *b)
{
	return memcmp(&a->mark, &b->mark, sizeof a->mark) == 0 &&
	    memcmp(&a->stamp, &b->stamp, sizeof a->stamp) == 0 &&
	    a->id == b->id && a->dirty == b->dirty &&
	    a->missing == b->missing && a->arrived == b->arrived &&
	    a->latest == b->latest;
}

static void
name_of(char dst[64], unsigned i)
{
	snprintf(dst, 64, "%s/%u", i % 2 ? "Entw\xc3\xbcrfe" : "Lists",
	    i * 7919 % 1000);
}

static void
fill(struct index *x, unsigned n)
{
	struct entry *y, want;
	char name[64];
	unsigned i;

	for (i = 0; i < n; i++) {
		name_of(name, i);
		y = index_add(x, str_of(name));
		want = sample(i);
		want.box = y->box;
		*y = want;
	}
}

static unsigned
differ(struct index *x, unsigned n)
{
	struct entry *y, want;
	unsigned i, bad = 0;
	char name[64];

	for (i = 0; i < n; i++) {
		name_of(name, i);
		want = sample(i);
		y = index_find(x, str_of(name));
		bad += y == NULL || strcmp(y->box, name) != 0 ||
		    !same(y, &want);
	}
	return bad;
}

static ino_t
inode(void)
{
	struct stat st;

	return stat(file, &st) == 0 ? st.st_ino : 0;
}

static void
there_and_back(void)
{
	struct err e = { 0 };
	struct index x;
	struct stat st;
	ino_t was;
	size_t i;

	is_int(index_open(&x, dir, &e), 0, "none yet: the folders are made");
	is_int(x.n, 0, "empty");
	ok(index_add(&x, STR("new"))->dirty, "what is made is dirty");
	index_drop(&x, STR("new"));
	ok(index_find(&x, STR("new")) == NULL, "and dropped");
	fill(&x, 300);
	is_int(index_save(&x, &e), 0, "saved");
	index_close(&x);
	is_int(stat(file, &st), 0, "the file");
	is_int(st.st_mode & 0777, 0600, "its mode");
	is_int(index_open(&x, dir, &e), 0, "opened again");
	is_int(x.n, 300, "all are there");
	is_int(differ(&x, 300), 0, "each as it was");
	for (i = 1; i < x.n && strcmp(x.v[i - 1].box, x.v[i].box) < 0; i++)
		;
	is_int(i, 300, "in order");
	was = inode();
	is_int(index_save(&x, &e), 0, "nothing changed");
	ok(inode() == was, "nothing written");
	x.v[7].mark.exists++;
	is_int(index_save(&x, &e), 0, "one number changed");
	ok(inode() != was, "written");
	was = inode();
	index_save(&x, &e);
	ok(inode() == was, "once");
	index_close(&x);
}

static void
too_big(void)
{
	struct err e = { 0 };
	struct index x;

	index_open(&x, dir, &e);
	x.v[0].dirty = false;
	x.v[0].mark.exists = (uint64_t)1 << 40;
	index_save(&x, &e);
	index_close(&x);
	index_open(&x, dir, &e);
	ok(x.v[0].dirty, "a number over 32 bits is not to be trusted");
	index_close(&x);
}

/* The first UID of the last downloads, which is kept by its distance. */
static void
arrived(void)
{
	static const struct {
		uint64_t next;
		uint32_t arrived, kept;
	} t[] = {
		{ 10, 9, 9 }, { 10, 10, 0 }, { 10, 11, 0 }, { 10, 0, 0 },
		{ 1 << 24, 1, 1 }, { (1 << 24) + 6, 1, 0 },
		{ (uint64_t)1 << 32, UINT32_MAX, 0 },
	};
	struct err e = { 0 };
	struct index x;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		index_open(&x, dir, &e);
		x.v[1].mark.uidnext = t[i].next;
		x.v[1].arrived = t[i].arrived;
		index_save(&x, &e);
		index_close(&x);
		index_open(&x, dir, &e);
		is_int(x.v[1].arrived, t[i].kept, "arrived, row %zu", i);
		index_close(&x);
	}
}

static void
put_file(const char *p, size_t n)
{
	struct err e = { 0 };
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	file_write(fd, p, n, &e);
	close(fd);
}

/* Cut anywhere, or any bit turned: as if there was none. */
static void
damaged(void)
{
	struct buf b = { .max = 1 << 20 };
	struct err e = { 0 };
	struct index x;
	size_t i, bad = 0;
	int fd;

	index_open(&x, dir, &e);
	while (x.n > 3) {
		char name[64];

		snprintf(name, sizeof name, "%s", x.v[3].box);
		index_drop(&x, str_of(name));
	}
	index_save(&x, &e);
	index_close(&x);
	fd = file_open(file, &e);
	file_slurp(fd, &b, &e);
	close(fd);
	for (i = 0; i < b.n; i++) {
		put_file(b.p, i);
		bad += index_open(&x, dir, &e) != 0 || x.n != 0;
		index_close(&x);
		b.p[i] = (char)(b.p[i] ^ 1 << i % 8);
		put_file(b.p, b.n);
		bad += index_open(&x, dir, &e) != 0 || x.n != 0;
		index_close(&x);
		b.p[i] = (char)(b.p[i] ^ 1 << i % 8);
	}
	is_int(bad, 0, "cut or turned at %zu places: none", b.n);
	put_file(b.p, b.n);
	index_open(&x, dir, &e);
	is_int(x.n, 3, "whole: it is there");
	index_close(&x);
	buf_c(&b, '\0');
	put_file(b.p, b.n);
	index_open(&x, dir, &e);
	is_int(x.n, 0, "a byte behind it: none");
	index_close(&x);
	buf_free(&b);
}

/* The sum is right, the rest is not: a hostile hand wrote it. */
static void
hostile(void)
{
	static const struct {
		uint32_t n, names;
		const char *tail;
		size_t len;
	} c[] = {
		{ 0xffffffff, 0, "", 0 },
		{ 0x04000000, 0, "", 0 },
		{ 1, 0, "", 0 },
		{ 0, 4, "abc", 4 },
		{ 0, 0xffffffff, "abc", 4 },
	};
	struct err e = { 0 };
	struct index x;
	char all[128];
	uint64_t sum;
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		memcpy(all, "postbag index 1\n", 16);
		memcpy(all + 16, &c[i].n, 4);
		memcpy(all + 20, &c[i].names, 4);
		memcpy(all + 32, c[i].tail, c[i].len);
		sum = names_hash((struct str){ all + 32, c[i].len });
		memcpy(all + 24, &sum, 8);
		put_file(all, 32 + c[i].len);
		is_int(index_open(&x, dir, &e), 0, "hostile %zu", i);
		is_int(x.n, 0, "is as none");
		index_close(&x);
	}
}

/* Whole entries, and names that cannot be theirs. */
static void
names(void)
{
	static const struct {
		const char *text;
		size_t len, want;
	} c[] = {
		{ "a\0b", 4, 2 }, { "a\0a", 4, 0 }, { "b\0a", 4, 0 },
		{ "\0a", 3, 0 }, { "a\0b\0c", 6, 0 }, { "a", 2, 0 },
		{ "a\0bc", 4, 0 },
	};
	struct err e = { 0 };
	struct index x;
	char all[32 + 128 + 8];
	uint32_t n = 2, len;
	uint64_t sum;
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		memset(all, 0, sizeof all);
		memcpy(all, "postbag index 1\n", 16);
		memcpy(all + 16, &n, 4);
		len = (uint32_t)c[i].len;
		memcpy(all + 20, &len, 4);
		memcpy(all + 160, c[i].text, c[i].len);
		sum = names_hash((struct str){ all + 32, 128 + c[i].len });
		memcpy(all + 24, &sum, 8);
		put_file(all, 160 + c[i].len);
		is_int(index_open(&x, dir, &e), 0, "names %zu", i);
		is_int(x.n, c[i].want, "entries");
		ok(c[i].want > 0 || x.v == NULL, "or nothing of them");
		index_close(&x);
	}
}

int
main(void)
{
	if (mkdtemp(top) == NULL)
		return 1;
	snprintf(dir, sizeof dir, "%s/a/b", top);
	snprintf(file, sizeof file, "%s/index", dir);
	there_and_back();
	too_big();
	arrived();
	damaged();
	hostile();
	names();
	unlink(file);
	rmdir(dir);
	*strrchr(dir, '/') = '\0';
	rmdir(dir);
	ok(rmdir(top) == 0, "nothing else was left");
	return done();
}
