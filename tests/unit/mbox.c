/* mbox.c: quoting, locking, and going back after a crash */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include "file.h"
#include "lock.h"
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
write_at(const char *where, const char *text)
{
	struct err e = { 0 };
	int fd = open(where, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	file_write(fd, text, strlen(text), &e);
	close(fd);
}

static void
write_file(const char *text)
{
	write_at(path, text);
}

static const char *
read_at(const char *where, char *dst, size_t cap)
{
	int fd = open(where, O_RDONLY);
	ssize_t n = read(fd, dst, cap - 1);

	dst[n > 0 ? n : 0] = '\0';
	close(fd);
	return dst;
}

static const char *
read_file(char *dst, size_t cap)
{
	return read_at(path, dst, cap);
}

static void
append(void)
{
	static const char *const before[] = { "", "x\n", "x\n\n", "x" };
	static const char *const after[] = { "", "x\n\n", "x\n\n", "x\n\n" };
	char text[1000], want[1000], from[MBOX_FROM];
	struct err e = { 0 };
	struct mbox m;
	size_t i;

	mbox_from(from, NULL, 86400);
	is_str(from, "From " MBOX_SENDER " Fri Jan  2 00:00:00 1970\n",
	    "the From line");
	mbox_from(from, "jo@x.test", 86400);
	is_str(from, "From jo@x.test Fri Jan  2 00:00:00 1970\n",
	    "by somebody");
	mbox_from(from, "\"a b\"@x.test", 86400);
	is_str(from, "From MAILER-DAEMON Fri Jan  2 00:00:00 1970\n",
	    "whose name is no word");
	mbox_from(from, MBOX_SENDER, 86400);
	is_str(from, "From MAILER-DAEMON Fri Jan  2 00:00:00 1970\n",
	    "nobody else is called as we are");
	mbox_from(from, NULL, 86400);
	for (i = 0; i < 4; i++) {
		write_file(before[i]);
		is_int(mbox_open(&m, path, 1, &e), 0, "opened");
		mbox_begin(&m, NULL, 86400, &e);
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
	{ "From mailfetch@localhost x\nA: b\n\nhalf"
	    "From jo@x.test Fri Jan  2 00:00:00 1970\nA: b\n\n", 0 },
	{ "From mailfetch@localhost x\nA: b\n\nhalf"
	    "From jo Fri Jul 12 9:00 1970 remote from x\nA: b\n\n", 0 },
	{ "From mailfetch@localhost x\nA: b\n\nit is From 9:00 to 12:00", 1 },
	{ "From mailfetch@localhost x\nA: b\n\nFrom a: From :1 From 2:1", 0 },
	{ "From mailfetch@localhost x\nA: b\n\n>From jo@x.test Fri Jan  2 "
	    "00:00:00 1970\n", 1 },
	{ "From mailfetch@localhost x\nA: b\n\nis From :1 From 2:1 From", 1 },
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
		is_int(mbox_recover(&m, 5, 0, &e), tails[i].got, "tail %zu", i);
		mbox_close(&m);
		ok((strcmp(read_file(text, sizeof text), "old\n\n") == 0) ==
		    (tails[i].got == 1), "tail %zu: what is left", i);
	}
}

/* Of the batch with the number 10; or, the last one, with none. */
static const struct {
	const char *tail;
	int got;
} batches[] = {
	{ "From mailfetch-0000000a@localhost x\nA: b\n\n"
	    "From mailfetch-0000000a@localhost x\nhalf", 1 },
	/* Another account's, or another run's, which was whole. */
	{ "From mailfetch-0000000b@localhost x\nA: b\n\n", 0 },
	{ "From mailfetch-0000000a@localhost x\nhalf\n\n"
	    "From mailfetch-0000000b@localhost x\nA: b\n\n", 0 },
	{ "From mailfetch@localhost x\nA: b\n\n", 0 },
	{ "From mailfetch@localhost x\nhalf\n\n"
	    "From mailfetch-0000000b@localhost x\nA: b\n\n", 0 },
};

static void
recover_batch(void)
{
	size_t i, n = sizeof batches / sizeof *batches;
	char text[1000];
	struct err e = { 0 };
	struct mbox m;

	for (i = 0; i < n; i++) {
		snprintf(text, sizeof text, "old\n\n%s", batches[i].tail);
		write_file(text);
		mbox_open(&m, path, 1, &e);
		is_int(mbox_recover(&m, 5, i + 1 < n ? 10 : 0, &e),
		    batches[i].got, "batch %zu", i);
		mbox_close(&m);
		ok((strcmp(read_file(text, sizeof text), "old\n\n") == 0) ==
		    (batches[i].got == 1), "batch %zu: what is left", i);
	}
}

static int syncs;
static bool bad_disk;			/* the next one fails, and no other */

int
fsync(int fd)
{
	bool bad = bad_disk;

	syncs++;
	bad_disk = false;
	errno = bad ? EIO : 0;
	return bad ? -1 : fdatasync(fd);
}

static void
unsure(void)
{
	struct err e = { 0 };
	struct mbox m;

	write_file("old\n\n");
	mbox_open(&m, path, 1, &e);
	mbox_begin(&m, NULL, 86400, &e);
	mbox_put(&m, STR("A: b\n"), &e);
	mbox_end(&m, &e);
	bad_disk = true;
	ok(mbox_sync(&m, &e) < 0 && e.code == EX_IOERR, "a sync fails");
	fail_clear(&e);
	ok(mbox_sync(&m, &e) < 0 && e.code == EX_IOERR,
	    "the next one works, and proves nothing");
	mbox_close(&m);
}

/* A run that was killed has delivered it, and may have not made it durable. */
static void
holds(void)
{
	char from[80];
	struct arena a = { 0 };
	struct msg msg = { 0 };
	struct err e = { 0 };
	struct mbox m;
	int fd;

	snprintf(from, sizeof from, "%s.msg", path);
	write_at(from, "A: b\n\nFrom x\n");
	fd = open(from, O_RDONLY);
	is_int(msg_scan(&msg, &a, fd, 0, &e), 0, "a message");
	write_file("old\n\n");
	mbox_open(&m, path, 1, &e);
	is_int(mbox_holds(&m, &msg, &e), 0, "is not there");
	mbox_begin(&m, NULL, 86400, &e);
	mbox_put_msg(&m, &msg, &e);
	mbox_end(&m, &e);
	is_int(mbox_sync(&m, &e), 0, "written");
	mbox_close(&m);
	mbox_open(&m, path, 1, &e);
	syncs = 0;
	is_int(mbox_holds(&m, &msg, &e), 1, "is there");
	is_int(syncs, 1, "and durable");
	mbox_close(&m);
	msg_close(&msg);
	arena_free(&a);
	close(fd);
	unlink(from);
}

static void
locks(void)
{
	char lock[80], text[LOCK_TEXT], who[2 * LOCK_TEXT];
	struct utimbuf old = { 1, 1 };
	struct err e = { 0 };
	struct mbox m;

	snprintf(lock, sizeof lock, "%s.lock", path);
	lock_text(text);
	write_at(lock, text);
	is_int(mbox_open(&m, path, 0.2, &e), -1, "locked by who lives");
	is_int(e.code, EX_TEMPFAIL, "is temporary");
	is_int(access(lock, F_OK), 0, "and his lock stays");

	snprintf(who, sizeof who, "%d%s", 0x3ffffff, strchr(text, '\n'));
	write_at(lock, who);
	fail_clear(&e);
	is_int(mbox_open(&m, path, 0.2, &e), 0, "locked by who is dead");
	is_str(read_at(lock, who, sizeof who), text, "we say who and where");
	mbox_close(&m);
	is_int(access(lock, F_OK), -1, "no lock is left");

	snprintf(who, sizeof who, "%d\nanother-host pid:[4026531836]\n",
	    0x3ffffff);
	write_at(lock, who);
	is_int(mbox_open(&m, path, 0.2, &e), -1, "locked on another machine, "
	    "by a number that nobody has here");
	snprintf(who, sizeof who, "%d\n", 0x3ffffff);
	write_at(lock, who);
	is_int(mbox_open(&m, path, 0.2, &e), -1, "locked who knows where");
	fail_clear(&e);
	utime(lock, &old);
	is_int(mbox_open(&m, path, 0.2, &e), 0, "but not for ever");
	mbox_close(&m);

	mkfifo(lock, 0600);
	alarm(60);
	is_int(mbox_open(&m, path, 0.2, &e), -1, "nobody waits for who writes "
	    "to a lock");
	is_int(e.code, EX_TEMPFAIL, "it is locked");
	alarm(0);
	unlink(lock);
}

/* Locks the mailbox, and removes it when somebody else waits for it. */
static void
reader(int ready, const char *lock)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR), left = 3000;

	if (fcntl(fd, F_SETLK, &l) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	while (access(lock, F_OK) < 0 && left-- > 0)
		usleep(10000);
	unlink(path);
	_exit(0);
}

static void
removed(void)
{
	char lock[80], text[1000];
	struct err e = { 0 };
	struct mbox m;
	int ready[2], status = -1;
	pid_t pid;

	snprintf(lock, sizeof lock, "%s.lock", path);
	write_file("old\n\n");
	if (pipe(ready) < 0)
		return;
	if ((pid = fork()) == 0)
		reader(ready[1], lock);
	close(ready[1]);
	is_int(read(ready[0], text, 1), 1, "somebody reads it");
	is_int(mbox_open(&m, path, 60, &e), 0, "opened when he has removed it");
	mbox_begin(&m, NULL, 86400, &e);
	mbox_put(&m, STR("A: b\n"), &e);
	mbox_end(&m, &e);
	is_int(mbox_sync(&m, &e), 0, "written");
	mbox_close(&m);
	waitpid(pid, &status, 0);
	is_int(status, 0, "he has");
	ok(strstr(read_file(text, sizeof text), "\nA: b\n") != NULL,
	    "the message is there, where the name leads");
	is_int(access(lock, F_OK), -1, "and no lock");
	close(ready[0]);
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
	recover_batch();
	holds();
	unsure();
	locks();
	removed();
	unlink(path);
	rmdir(dir);
	return done();
}
