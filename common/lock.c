/* lock.c: one run at a time, and who has a lock */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lock.h"
#include "sandbox.h"
#include "str.h"

enum { TRIES = 10 };

/* ---- who ---- */

/* "host pid:[4026531836]": two containers may share a name, and files. */
static void
here(char *dst, size_t cap)
{
	struct utsname u = { .nodename = "" };
	char space[64];
	ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space);

	uname(&u);
	snprintf(dst, cap, "%s %.*s", u.nodename, n > 0 ? (int)n : 0, space);
}

size_t
lock_text(char text[LOCK_TEXT])
{
	char place[LOCK_TEXT - 32];

	here(place, sizeof place);
	return (size_t)snprintf(text, LOCK_TEXT, "%d\n%s\n", (int)getpid(),
	    place);
}

/* The process, 0 if none is named; *elsewhere is the other machine's name. */
static int
owner(struct str s, struct str *elsewhere)
{
	struct str first = str_trim(str_cut(&s, '\n'));
	struct str second = str_trim(str_cut(&s, '\n'));
	char place[LOCK_TEXT - 32];
	uint64_t pid;

	*elsewhere = second;
	if (str_num(first, INT32_MAX, &pid) < 0)
		return 0;
	here(place, sizeof place);
	if (second.n > 0 && str_eq(second, str_trim(str_of(place))))
		elsewhere->n = 0;
	else
		*elsewhere = second.n > 0 ? str_word(&second) : STR("?");
	return (int)pid;
}

/*
 * In the sandbox, which lets us signal ourselves alone, /proc tells; if it shows
 * processes of others at all (hidepid).
 */
static bool
owner_gone(int pid)
{
	char path[32];

	if (kill(pid, 0) == 0)
		return false;
	if (errno == ESRCH)
		return true;
	snprintf(path, sizeof path, "/proc/%d", pid);
	return sandbox_entered() && access("/proc/1", F_OK) == 0 &&
	    access(path, F_OK) < 0 && errno == ENOENT;
}

bool
lock_left(const char *text, size_t n)
{
	struct str elsewhere;
	int pid = owner((struct str){ text, n }, &elsewhere);

	return pid > 0 && elsewhere.n == 0 && owner_gone(pid);
}

/* ---- the lock of a run ---- */

static int
busy(int fd, const char *path, struct err *e)
{
	char text[LOCK_TEXT];
	ssize_t n = pread(fd, text, sizeof text, 0);
	struct str where;
	int pid = n > 0 ? owner((struct str){ text, (size_t)n }, &where) : 0;

	if (pid <= 0 || lock_left(text, (size_t)n))
		return fail(e, EX_TEMPFAIL, "another run has %s", path);
	return fail(e, EX_TEMPFAIL, "another run has %s: process %d%s%.*s",
	    path, pid, where.n > 0 ? " on " : "", STR_ARG(where));
}

/* Somebody may have put another file there between our open and our lock. */
static bool
still_there(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* 1 it is locked, 0 once more, -1. */
static int
flock_take(int fd, const char *path, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[LOCK_TEXT];
	size_t n;

	if (fcntl(fd, F_OFD_SETLK, &l) < 0)
		return errno == EAGAIN || errno == EACCES ?
		    busy(fd, path, e) : fail_sys(e, EX_OSERR, "%s", path);
	if (!still_there(fd, path))
		return 0;
	n = lock_text(text);		/* no more than a help: see busy() */
	if (pwrite(fd, text, n, 0) == (ssize_t)n)
		(void)!ftruncate(fd, (off_t)n);
	return 1;
}

int
lock_take(const char *path, struct err *e)
{
	int fd, got, i;

	for (i = 0; i < TRIES; i++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		    O_NONBLOCK, 0600);
		if (fd < 0)
			return fail_sys(e, EX_CANTCREAT, "%s", path);
		got = flock_take(fd, path, e);
		if (got > 0)
			return fd;
		close(fd);
		if (got < 0)
			return -1;
	}
	return fail(e, EX_TEMPFAIL, "%s: another file each time", path);
}
