/*
 * killn.c: LD_PRELOAD: SIGKILL just before the Nth change of a file
 *
 * KILLN=12 kills before the 12th write, fsync, rename, creation ... of
 * anything that is not a socket, a pipe or a terminal.  Whatever can change a
 * file is counted, so that "after the 12th" is what "before the 13th" shows.
 * KILLN_COUNT=FILE tells how many there were.  With KILLN_NET=1 it counts, too,
 * when something is sent.
 *
 * SIGKILL takes no written page away: what syncs wait for cannot be seen by
 * such a test, so with KILLN_FAST=1 they are counted and not done.
 *
 * Other things that befall a process:
 * KILLN_SIGNAL=15	this signal instead
 * KILLN_FULL=BYTES	after so many written bytes the disk is full
 * KILLN_NAMED=1	the file system has no files without a name
 * KILLN_DAYS=N		it is N days later
 * KILLN_LATER=FILE	once that file is there it is 30 days later
 * KILLN_NOROOM=FILE	as long as that file is there the disk is full
 * KILLN_SLEPT=FILE	once that file is there the machine has been suspended
 *			for an hour
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int count;

static int
at(const char *name)
{
	const char *v = getenv(name);

	return v != NULL ? atoi(v) : 0;
}

static void
before(void)
{
	if (__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) == at("KILLN"))
		kill(getpid(), at("KILLN_SIGNAL") != 0 ? at("KILLN_SIGNAL") :
		    SIGKILL);
}

static int
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) ||
	    S_ISDIR(st.st_mode));
}

static int
is_net(int fd)
{
	struct stat st;

	return at("KILLN_NET") && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

#define WRAP(type, name, params, args, test) \
type name params \
{ \
	static type (*real) params; \
\
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name); \
	if (test) \
		before(); \
	return real args; \
}

#define WRAP_SYNC(name) \
int name(int fd) \
{ \
	static int (*real)(int); \
\
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name); \
	if (is_file(fd)) \
		before(); \
	return at("KILLN_FAST") ? 0 : real(fd); \
}

static int
no_room(int fd)
{
	const char *path = getenv("KILLN_NOROOM");

	if (path == NULL || !is_file(fd) || access(path, F_OK) != 0)
		return 0;
	errno = ENOSPC;
	return 1;
}

static mode_t
mode(int flags, va_list ap)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ?
	    va_arg(ap, mode_t) : 0;
}

ssize_t
write(int fd, const void *p, size_t n)
{
	static ssize_t (*real)(int, const void *, size_t);
	static long long room = -1;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	if (is_net(fd))
		before();
	if (!is_file(fd))
		return real(fd, p, n);
	before();
	if (no_room(fd))
		return -1;
	if (getenv("KILLN_FULL") == NULL)
		return real(fd, p, n);
	if (room < 0)
		room = at("KILLN_FULL");
	if (room == 0 && n > 0) {
		errno = ENOSPC;
		return -1;
	}
	if ((size_t)room < n)
		n = (size_t)room;
	room -= (long long)n;
	return real(fd, p, n);
}

time_t
time(time_t *to)
{
	const char *later = getenv("KILLN_LATER");
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += (time_t)at("KILLN_DAYS") * 86400;
	if (later != NULL && access(later, F_OK) == 0)
		t.tv_sec += 30 * 86400;
	if (to != NULL)
		*to = t.tv_sec;
	return t.tv_sec;
}

int
clock_gettime(clockid_t which, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *slept = getenv("KILLN_SLEPT");
	int got;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	got = real(which, t);
	if (which == CLOCK_BOOTTIME && slept != NULL &&
	    access(slept, F_OK) == 0)
		t->tv_sec += 3600;
	return got;
}
WRAP_SYNC(fsync)
WRAP_SYNC(fdatasync)
WRAP_SYNC(syncfs)
WRAP(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n),
    is_file(fd) || is_net(fd))
ssize_t
pwrite(int fd, const void *p, size_t n, off_t at_byte)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite");
	if (is_file(fd))
		before();
	return no_room(fd) ? -1 : real(fd, p, n, at_byte);
}

WRAP(ssize_t, send, (int fd, const void *p, size_t n, int how),
    (fd, p, n, how), is_net(fd))
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int how),
    (fd, m, how), is_net(fd))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), is_file(fd))
WRAP(int, rename, (const char *a, const char *b), (a, b), 1)
WRAP(int, renameat, (int d, const char *a, int f, const char *b),
    (d, a, f, b), 1)

/* renameat2, for which not every C library has a function. */
long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a[6];
	va_list ap;
	int i;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_renameat2)
		before();
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

WRAP(int, rmdir, (const char *a), (a), 1)
WRAP(int, unlink, (const char *a), (a), 1)
WRAP(int, unlinkat, (int d, const char *a, int f), (d, a, f), 1)
WRAP(int, mkdir, (const char *a, mode_t m), (a, m), 1)
WRAP(int, mkdirat, (int d, const char *a, mode_t m), (d, a, m), 1)
WRAP(int, link, (const char *a, const char *b), (a, b), 1)
WRAP(int, linkat, (int d, const char *a, int f, const char *b, int how),
    (d, a, f, b, how), 1)
WRAP(int, futimens, (int fd, const struct timespec t[2]), (fd, t), 1)
WRAP(int, utimensat, (int d, const char *a, const struct timespec t[2],
    int how), (d, a, t, how), 1)

int
open(const char *path, int flags, ...)
{
	static int (*real)(const char *, int, ...);
	va_list ap;
	mode_t m;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "open");
	va_start(ap, flags);
	m = mode(flags, ap);
	va_end(ap);
	if ((flags & O_TMPFILE) == O_TMPFILE && at("KILLN_NAMED")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if ((flags & (O_CREAT | O_TRUNC)) != 0)
		before();
	return real(path, flags, m);
}

int
openat(int dir, const char *path, int flags, ...)
{
	static int (*real)(int, const char *, int, ...);
	va_list ap;
	mode_t m;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "openat");
	va_start(ap, flags);
	m = mode(flags, ap);
	va_end(ap);
	if ((flags & O_TMPFILE) == O_TMPFILE && at("KILLN_NAMED")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if ((flags & (O_CREAT | O_TRUNC)) != 0)
		before();
	return real(dir, path, flags, m);
}

static FILE *told;

/* At the start: later on the program can open no file of ours. */
__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("KILLN_COUNT");

	if (path != NULL)
		told = fopen(path, "we");
}

__attribute__((destructor)) static void
tell(void)
{
	if (told == NULL)
		return;
	fprintf(told, "%d\n", count);
	fclose(told);
}
