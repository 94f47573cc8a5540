/*
 * failn.c: LD_PRELOAD: the Nth call of a kind fails, once or from then on
 *
 * FAIL_WHAT=file	what changes a file below FAIL_BELOW=FOLDER
 * FAIL_WHAT=net	what sends to or receives from a socket
 * FAIL_WHAT=malloc	an allocation
 * FAIL_WHAT=list	a folder's next name, below FAIL_BELOW
 * FAIL_N=12		the 12th; 0 counts only
 * FAIL_HOW=ENOSPC	once; or EIO, or "short": half of it is written;
 *			"kill": SIGKILL before it; "full": ENOSPC from then on;
 *			"dead": EIO from then on
 * FAIL_LOG=FILE	a line for each such call
 *
 * What the process starts is left alone.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static char what[8], how[8], below[PATH_MAX];
static int count, nth, told = -1;

static void
take(const char *name, char *to, size_t cap)
{
	const char *v = getenv(name);

	snprintf(to, cap, "%s", v != NULL ? v : "");
}

__attribute__((constructor)) static void
begin(void)
{
	char n[16];

	take("FAIL_HOW", how, sizeof how);
	take("FAIL_BELOW", below, sizeof below);
	take("FAIL_N", n, sizeof n);
	nth = atoi(n);
	if (getenv("FAIL_LOG") != NULL)	/* later on no file can be opened */
		told = (int)syscall(SYS_openat, AT_FDCWD, getenv("FAIL_LOG"),
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	take("FAIL_WHAT", what, sizeof what);
	unsetenv("LD_PRELOAD");
}

static void
note(const char *call, const char *path)
{
	char line[PATH_MAX + 32];
	int n = snprintf(line, sizeof line, "%s %s\n", call, path);

	if (told >= 0)
		syscall(SYS_write, told, line, n);
}

/* 1 it fails, 2 half of it is done, 0 it goes on. */
static int
fails(const char *call, const char *path)
{
	int n = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);

	if (nth == 0)
		note(call, path);
	if (nth == 0 || n < nth || (n > nth && strcmp(how, "full") != 0 &&
	    strcmp(how, "dead") != 0))
		return 0;
	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
	/* Also of what has no half: else it is an error of before. */
	errno = strcmp(how, "EIO") == 0 || strcmp(how, "dead") == 0 ? EIO :
	    ENOSPC;
	return strcmp(how, "short") == 0 ? 2 : 1;
}

static int
file_fails(const char *call, const char *path)
{
	if (strcmp(what, "file") != 0 || strstr(path, below) == NULL)
		return 0;
	return fails(call, path);
}

static int
net_fails(const char *call, int fd)
{
	struct stat st;

	if (strcmp(what, "net") != 0 || fstat(fd, &st) < 0 ||
	    !S_ISSOCK(st.st_mode) || fails(call, "") == 0)
		return 0;
	errno = ECONNRESET;
	return 1;
}

static const char *
path_of(int fd, char to[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, to, PATH_MAX - 1);
	to[n > 0 ? n : 0] = '\0';
	return to;
}

/* The path of a name in a folder; "." is where we are. */
static const char *
path_at(int dir, const char *name, char to[PATH_MAX])
{
	size_t n;

	if (name[0] == '/' || dir == AT_FDCWD)
		return name;
	path_of(dir, to);
	n = strlen(to);
	snprintf(to + n, PATH_MAX - n, "/%s", name);
	return to;
}

static int
fd_fails(const char *call, int fd)
{
	char path[PATH_MAX];

	return strcmp(what, "file") == 0 ? file_fails(call, path_of(fd,
	    path)) : 0;
}

#define REAL(type, name, params) \
	static type (*real) params; \
\
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

#define WRITE(name, params, args, half) \
ssize_t name params \
{ \
	int got; \
	REAL(ssize_t, name, params); \
	if (net_fails(#name, fd) || (got = fd_fails(#name, fd)) == 1) \
		return -1; \
	return got == 2 ? real half : real args; \
}

WRITE(write, (int fd, const void *p, size_t n), (fd, p, n),
    (fd, p, (n + 1) / 2))
WRITE(pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at),
    (fd, p, (n + 1) / 2, at))
WRITE(writev, (int fd, const struct iovec *p, int n), (fd, p, n),
    (fd, p, (n + 1) / 2))
WRITE(send, (int fd, const void *p, size_t n, int f), (fd, p, n, f),
    (fd, p, (n + 1) / 2, f))
WRITE(recv, (int fd, void *p, size_t n, int f), (fd, p, n, f),
    (fd, p, n, f))
WRITE(sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f),
    (fd, m, f))

#define CALL(name, params, args, test) \
int name params \
{ \
	REAL(int, name, params); \
	return (test) != 0 ? -1 : real args; \
}

#define AT(dir, path) file_fails(__func__, path_at(dir, path, \
    (char[PATH_MAX]){ "" }))

CALL(fsync, (int fd), (fd), fd_fails(__func__, fd))
CALL(fdatasync, (int fd), (fd), fd_fails(__func__, fd))
CALL(syncfs, (int fd), (fd), fd_fails(__func__, fd))
CALL(ftruncate, (int fd, off_t n), (fd, n), fd_fails(__func__, fd))
CALL(rename, (const char *a, const char *b), (a, b), AT(AT_FDCWD, b))
CALL(renameat, (int d, const char *a, int f, const char *b), (d, a, f, b),
    AT(f, b))

/* By its number, for not every C library has a function for it. */
long
syscall(long number, ...)
{
	long a[6];
	va_list ap;
	int i;

	REAL(long, syscall, (long, ...));
	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_renameat2 && AT((int)a[2], (const char *)a[3]) != 0)
		return -1;
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

CALL(link, (const char *a, const char *b), (a, b), AT(AT_FDCWD, b))
CALL(linkat, (int d, const char *a, int f, const char *b, int h),
    (d, a, f, b, h), AT(f, b))
CALL(unlink, (const char *a), (a), AT(AT_FDCWD, a))
CALL(unlinkat, (int d, const char *a, int f), (d, a, f), AT(d, a))
CALL(mkdir, (const char *a, mode_t m), (a, m), AT(AT_FDCWD, a))
CALL(mkdirat, (int d, const char *a, mode_t m), (d, a, m), AT(d, a))

static mode_t
mode(int flags, va_list ap)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ?
	    va_arg(ap, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t m;

	REAL(int, open, (const char *, int, ...));
	va_start(ap, flags);
	m = mode(flags, ap);
	va_end(ap);
	if ((flags & O_ACCMODE) != O_RDONLY && AT(AT_FDCWD, path) != 0)
		return -1;
	return real(path, flags, m);
}

int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t m;

	REAL(int, openat, (int, const char *, int, ...));
	va_start(ap, flags);
	m = mode(flags, ap);
	va_end(ap);
	if ((flags & O_ACCMODE) != O_RDONLY && AT(dir, path) != 0)
		return -1;
	return real(dir, path, flags, m);
}

struct dirent *
readdir(DIR *d)
{
	char path[PATH_MAX];

	REAL(struct dirent *, readdir, (DIR *));
	return strcmp(what, "list") == 0 && strstr(path_of(dirfd(d), path),
	    below) != NULL && fails("readdir", path) != 0 ? NULL : real(d);
}

static int
memory_fails(void)
{
	return strcmp(what, "malloc") == 0 && fails("malloc", "") != 0;
}

void *
malloc(size_t n)
{
	return memory_fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return memory_fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return memory_fails() ? NULL : __libc_realloc(p, n);
}
