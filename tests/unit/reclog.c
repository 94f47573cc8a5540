/* reclog.c: a log that is appended to, cut, and replaced */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"
#include "reclog.h"
#include "tap.h"

static char dir[64], path[96];
static struct err e;

static int synced;		/* files and folders, with fsync(2) */

int
fsync(int fd)
{
	synced++;
	return (int)syscall(SYS_fsync, fd);
}

static const char *
text(void)
{
	static char some[64];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, some, sizeof some - 1) : 0;

	if (fd >= 0)
		close(fd);
	some[n > 0 ? n : 0] = '\0';
	return some;
}

static void
appended(void)
{
	struct reclog l;

	is_int(reclog_open(&l, path, O_RDWR, &e), 1, "there is none");
	reclog_close(&l);
	is_int(reclog_open(&l, path, O_RDWR | O_CREAT, &e), 0, "made");
	is_int(reclog_begin(&l, 0, &e), 0, "a new one");
	buf_s(&l.out, "head one ");
	is_str(text(), "", "not written yet");
	synced = 0;
	is_int(reclog_sync(&l, &e), 0, "durable");
	is_int(synced, 1, "its name in the folder, too");
	is_str(text(), "head one ", "written");
	buf_s(&l.out, "two torn");
	is_int(reclog_flush(&l, &e), 0, "more");
	reclog_close(&l);
	is_int(reclog_open(&l, path, O_RDWR, &e), 0, "opened again");
	is_int(reclog_begin(&l, strlen("head one two "), &e), 0, "cut");
	buf_s(&l.out, "three ");
	is_int(reclog_flush(&l, &e), 0, "goes on there");
	is_str(text(), "head one two three ", "behind the last good one");
	reclog_close(&l);
}

static int
put(void *of, int fd, struct err *why)
{
	const char *what = of;

	return what == NULL ? fail(why, EX_IOERR, "no") :
	    file_write(fd, what, strlen(what), why);
}

static void
replaced(void)
{
	char shorter[] = "head three ", made[sizeof path + 8];
	struct reclog l;
	struct err f = { 0 };

	reclog_open(&l, path, O_RDWR, &e);
	reclog_begin(&l, strlen("head one two three "), &e);
	is_int(reclog_replace(&l, "log", put, NULL, &f), -1, "%s", f.msg);
	is_str(text(), "head one two three ", "all is as it was");
	snprintf(made, sizeof made, "%s.new", path);
	is_int(access(made, F_OK), -1, "nothing is left behind");
	buf_s(&l.out, "stale ");
	l.out.over = true;
	is_int(reclog_replace(&l, "log", put, shorter, &e), 0, "shorter");
	buf_s(&l.out, "four");
	is_int(reclog_sync(&l, &e), 0, "and goes on");
	is_str(text(), "head three four", "in the new file");
	reclog_close(&l);
}

/* A write that fails is the last one, whatever comes behind it. */
static void
broken(void)
{
	char whole[] = "head ";
	struct reclog l;
	struct err f = { 0 };
	int was;

	reclog_open(&l, path, O_RDWR, &e);
	reclog_begin(&l, strlen("head three "), &e);
	was = l.fd;
	l.fd = open(path, O_RDONLY);
	buf_s(&l.out, "five ");
	is_int(reclog_flush(&l, &f), -1, "%s", f.msg);
	close(l.fd);
	l.fd = was;
	f.code = 0;
	buf_s(&l.out, "six ");
	is_int(reclog_sync(&l, &f), -1, "%s", f.msg);
	is_str(text(), "head three ", "none of it is there");
	is_int(reclog_replace(&l, "log", put, whole, &e), 0, "a new one");
	buf_s(&l.out, "seven");
	is_int(reclog_sync(&l, &e), 0, "%s", e.msg);
	is_str(text(), "head seven", "can be written to");
	reclog_close(&l);
}

/* What does not fit is no shorter record: nothing of it is written. */
static void
too_long(void)
{
	struct reclog l;
	struct err f = { 0 };

	reclog_open(&l, path, O_RDWR, &e);
	reclog_begin(&l, strlen("head "), &e);
	l.out.max = 4;
	buf_s(&l.out, "1234567");
	ok(reclog_sync(&l, &f) == -1 && f.code == EX_SOFTWARE, "%s", f.msg);
	is_str(text(), "head ", "cut, and no more");
	reclog_close(&l);
}

static void
links(void)
{
	struct reclog l;
	struct err f = { 0 };

	unlink(path);
	is_int(symlink("/dev/null", path), 0, "a symbolic link");
	is_int(reclog_open(&l, path, O_RDWR | O_CREAT, &f), -1, "%s", f.msg);
	is_int(f.code, EX_CANTCREAT, "is not followed");
	reclog_close(&l);
	unlink(path);
}

/* A FIFO here, for with a device the test would have it replaced. */
static void
others(void)
{
	struct reclog l;
	struct err f = { 0 };
	char folder[96];

	ok(mkfifo(path, 0600) == 0, "a FIFO");
	ok(reclog_open(&l, path, O_RDWR, &f) == -1 && f.code == EX_CANTCREAT &&
	    l.fd < 0, "what is no file is not written to: %s", f.msg);
	reclog_close(&l);
	unlink(path);
	fail_clear(&f);
	snprintf(folder, sizeof folder, "%s/", dir);
	ok(reclog_open(&l, folder, O_RDWR, &f) == -1 && f.code == EX_CANTCREAT,
	    "a name is needed: %s", f.msg);
	reclog_close(&l);
}

int
main(void)
{
	is_int(reclog_crc32c("123456789", 9), 0xe3069283, "CRC-32C");
	is_int(reclog_crc32c("", 0), 0, "of nothing");
	snprintf(dir, sizeof dir, "/tmp/reclog.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/log", dir);
	appended();
	replaced();
	broken();
	too_long();
	links();
	others();
	rmdir(dir);
	return done();
}
