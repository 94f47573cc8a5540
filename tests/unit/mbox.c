/* mbox.c: quoting, locking, and going back after a crash */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "mbox.h"
#include "tap.h"

static const struct {
	const char *in, *out;
} quoted[] = {
	{ "From a\n", ">From a\n" }, { ">From a\n", ">>From a\n" },
	{ "a\n\nFrom b", "a\n\n>From b" }, { " From a\n", " From a\n" },
	{ "from a\n>x\n", "from a\n>x\n" }, { "From\n", "From\n" },
};

static char dir[] = "/tmp/mbox.XXXXXX", path[64];

static void
write_file(const char *text)
{
	struct err e = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	file_write(fd, text, strlen(text), &e);
	close(fd);
}

static const char *
read_file(char *dst, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, dst, cap - 1);

	dst[n > 0 ? n : 0] = '\0';
	close(fd);
	return dst;
}

static void
append(void)
{
	static const char *const before[] = { "", "x\n", "x\n\n", "x" };
	static const char *const after[] = { "", "x\n\n", "x\n\n", "x\n\n" };
	char text[1000], want[1000], from[128];
	struct err e = { 0 };
	struct mbox m;
	size_t i;

	mbox_from(from, 86400);
	is_str(from, "From " MBOX_SENDER " Fri Jan  2 00:00:00 1970\n",
	    "the From line");
	for (i = 0; i < 4; i++) {
		write_file(before[i]);
		is_int(mbox_open(&m, path, 1, &e), 0, "opened");
		mbox_begin(&m, 86400, &e);
		mbox_put(&m, STR("A: b\n\nFrom x"), &e);
		mbox_end(&m, &e);
		is_int(mbox_sync(&m, &e), 0, "written");
		mbox_close(&m);
		snprintf(want, sizeof want, "%s%sA: b\n\n>From x\n\n",
		    after[i], from);
		is_str(read_file(text, sizeof text), want, "behind \"%s\"",
		    before[i]);
	}
}

static const struct {
	const char *tail;
	int got;
} tails[] = {
	{ "From mailfetch@localhost Fri Jan\nA: b\n\nhalf", 1 },
	{ "From mai", 1 }, { "\n", 1 }, { "\n\nFrom mailfetch@localhost x\n",
	    1 }, { "", 1 },
	{ "From jo@example.org Fri Jan\nA: b\n\n", 0 },
	{ "From mailfetch@localhost x\nA: b\n\nFrom jo@x.test Fri\n\n", 0 },
	{ "rubbish", 0 },
};

static void
recover(void)
{
	char text[1000];
	struct err e = { 0 };
	struct mbox m;
	size_t i;

	for (i = 0; i < sizeof tails / sizeof *tails; i++) {
		snprintf(text, sizeof text, "old\n\n%s", tails[i].tail);
		write_file(text);
		mbox_open(&m, path, 1, &e);
		is_int(mbox_recover(&m, 5, &e), tails[i].got, "tail %zu", i);
		mbox_close(&m);
		ok((strcmp(read_file(text, sizeof text), "old\n\n") == 0) ==
		    (tails[i].got == 1), "tail %zu: what is left", i);
	}
}

static void
locks(void)
{
	char lock[80];
	struct err e = { 0 };
	struct mbox m;
	int fd;

	snprintf(lock, sizeof lock, "%s.lock", path);
	fd = open(lock, O_WRONLY | O_CREAT, 0600);
	dprintf(fd, "%d\n", (int)getpid());
	close(fd);
	is_int(mbox_open(&m, path, 0.2, &e), -1, "locked by who lives");
	is_int(e.code, EX_TEMPFAIL, "is temporary");
	is_int(access(lock, F_OK), 0, "and his lock stays");
	fd = open(lock, O_WRONLY | O_TRUNC);
	dprintf(fd, "%d\n", 0x3ffffff);
	close(fd);
	fail_clear(&e);
	is_int(mbox_open(&m, path, 0.2, &e), 0, "locked by who is dead");
	mbox_close(&m);
	is_int(access(lock, F_OK), -1, "no lock is left");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof quoted / sizeof *quoted; i++) {
		struct buf b = { 0 };
		bool begins = true;

		mbox_quote(&b, str_of(quoted[i].in), &begins);
		is_str(b.p, quoted[i].out, "quoted %zu", i);
		buf_free(&b);
	}
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/mbox", dir);
	append();
	recover();
	locks();
	unlink(path);
	rmdir(dir);
	return done();
}
