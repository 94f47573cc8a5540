/* file.c: files: opened safely, read whole or spooled, made durable */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "os.h"
#include "sandbox.h"
#include "stop.h"

/* Interrupted by a stop, where it would go on blocking? */
static bool
gives_up(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return stop_asked() && poll(&p, 1, 0) == 0;
}

/* Fails with errno, or because we are to stop. */
static int
broken(struct err *e, int code, const char *what)
{
	return errno == EINTR && stop_asked() ? fail_stop(e) :
	    fail_sys(e, code, "%s", what);
}

static int
open_as(const char *path, int flags, struct err *e)
{
	int fd;

	if (strcmp(path, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
	return fd >= 0 ? fd : broken(e, EX_NOINPUT, path);	/* a fifo */
}

int
file_open(const char *path, struct err *e)
{
	return open_as(path, 0, e);
}

int
file_open_private(const char *path, struct err *e)
{
	int fd = open_as(path, O_NONBLOCK, e);

	if (fd >= 0 && file_private(fd, path, e) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

const char *
file_xdg(struct arena *a, const char *name, const char *usual)
{
	const char *dir = getenv(name), *home = getenv("HOME");

	if (dir != NULL && dir[0] == '/')
		return arena_dup(a, str_of(dir));
	return home != NULL && home[0] == '/' ?
	    arena_printf(a, "%s/%s", home, usual) : NULL;
}

char *
file_path(struct arena *a, const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && path[1] == '/' && home != NULL)
		return arena_printf(a, "%s%s", home, path + 1);
	return arena_dup(a, str_of(path));
}

static ssize_t
read_some(int fd, void *p, size_t n)
{
	ssize_t got;

	do
		got = read(fd, p, n);
	while (got < 0 && errno == EINTR && !gives_up(fd, POLLIN));
	return got;
}

int
file_slurp(int fd, struct buf *b, struct err *e)
{
	char some[16384];
	ssize_t n;

	while ((n = read_some(fd, some, sizeof some)) > 0) {
		buf_put(b, some, (size_t)n);
		if (b->over)
			return fail(e, EX_DATAERR, "over %zu bytes", b->max);
	}
	return n < 0 ? broken(e, EX_IOERR, "read") : 0;
}

int
file_whole(int fd, struct buf *b, size_t max, struct err *e)
{
	char *at;
	ssize_t n = 1;

	b->max = max;
	if ((at = buf_room(b, max)) == NULL)
		return fail(e, EX_SOFTWARE, "no room");
	while (n != 0 && b->n < max) {
		n = read_some(fd, at + b->n, max - b->n);
		if (n < 0)
			return broken(e, EX_NOINPUT, "read");
		b->n += (size_t)n;
	}
	if (b->n == max)
		return fail(e, EX_CONFIG, "a file over %zu bytes", max - 1);
	at[b->n] = '\0';
	b->cap = b->n + 1;		/* behind it nothing was written */
	return 0;
}

int
file_private(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_sys(e, EX_NOINPUT, "%s", path);
	if (!S_ISREG(st.st_mode))
		return fail(e, EX_CONFIG, "%s: not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return fail(e, EX_CONFIG, "%s: belongs to somebody else (uid %u)",
		    path, (unsigned)st.st_uid);
	if ((st.st_mode & (st.st_uid == 0 ? 037 : 077)) != 0)
		return fail(e, EX_CONFIG, "%s: holds a secret and has mode %03o: others can read it (chmod 600)",
		    path,
		    (unsigned)st.st_mode & 0777);
	return 0;
}

int
file_secret_fd(int fd, struct secret *s, struct err *e)
{
	ssize_t n;
	char *eol;

	s->n = 0;
	do {
		n = read_some(fd, s->p + s->n, sizeof s->p - s->n);
		if (n < 0)
			return broken(e, EX_IOERR, "reading a secret");
		s->n += (size_t)n;
	} while (n > 0 && s->n < sizeof s->p);
	eol = memchr(s->p, '\n', s->n);
	if (eol == NULL && s->n == sizeof s->p)
		return fail(e, EX_DATAERR, "a secret over %zu bytes", s->n);
	if (eol != NULL)
		s->n = (size_t)(eol - s->p);
	if (s->n > 0 && s->p[s->n - 1] == '\r')
		s->n--;
	if (s->n == 0)
		return fail(e, EX_CONFIG, "the secret is empty");
	return 0;
}

static int
own_link(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return fail_sys(e, EX_NOINPUT, "%s", path);
	if (S_ISLNK(st.st_mode) && st.st_uid != geteuid() && st.st_uid != 0)
		return fail(e, EX_CONFIG, "%s: a symbolic link of somebody else (uid %u)",
		    path, (unsigned)st.st_uid);
	return 0;
}

int
file_secret(const char *path, struct secret *s, struct err *e)
{
	int fd, got;

	if (own_link(path, e) < 0 || (fd = file_open_private(path, e)) < 0)
		return -1;
	if ((got = file_secret_fd(fd, s, e)) < 0)
		fail_in(e, "%s", path);
	close(fd);
	return got;
}

static int
temp_in(const char *dir)
{
	char path[4096];
	int fd;

	fd = os_file_unnamed(AT_FDCWD, dir, O_RDWR | O_EXCL);
	if (fd >= 0)
		return fd;
	if ((size_t)snprintf(path, sizeof path, "%s/postbag.XXXXXX", dir) >=
	    sizeof path)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);	/* a file system without those */
	if (fd >= 0)
		unlink(path);
	return fd;
}

/*
 * Opened anew, so that a lock on it tells whether that one is still open: one
 * that others, who read it, may have, too.
 */
static int
reopen(int kept)
{
	struct flock mine = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = os_file_reopen(kept, O_RDWR);

	if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &mine) == 0 &&
	    ftruncate(fd, 0) == 0) {
		mine.l_type = F_RDLCK;
		if (fcntl(fd, F_OFD_SETLK, &mine) == 0)
			return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* As many as 100 connections of mailsend need. */
static struct {
	int fd[320];
	size_t n;
	atomic_size_t next;		/* where the search begins */
} pool;

static int
temp_kept(void)
{
	size_t i, k, begin = atomic_load(&pool.next);
	int fd;

	for (i = 0; i < pool.n; i++) {
		k = (begin + i) % pool.n;
		if ((fd = reopen(pool.fd[k])) >= 0) {
			atomic_store(&pool.next, k + 1);
			return fd;
		}
	}
	return -1;
}

static int
temp_new(struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	int fd = -1;

	if (tmp != NULL && tmp[0] == '/')
		fd = temp_in(tmp);
	if (fd < 0)
		fd = temp_in("/var/tmp");
	if (fd < 0)
		fd = temp_in("/tmp");
	if (fd < 0)
		return fail_sys(e, EX_CANTCREAT, "temporary file");
	return fd;
}

int
file_temp(struct err *e)
{
	int fd = temp_kept();

	return fd >= 0 ? fd : temp_new(e);
}

int
file_temp_next(int was, struct err *e)
{
	struct err none = { 0 };
	int fd = was >= 0 ? file_temp(&none) : file_temp(e);

	if (was < 0)
		return fd;
	if (fd < 0 && ftruncate(was, 0) == 0 && lseek(was, 0, SEEK_SET) == 0)
		return was;
	close(was);
	return fd >= 0 ? fd : fail(e, none.code, "%s", none.msg);
}

void
file_temp_keep(size_t n, struct sandbox *s)
{
	struct err ignored = { 0 };
	char path[64];
	int fd;

	for (; n > 0 && pool.n < sizeof pool.fd / sizeof pool.fd[0]; n--) {
		if ((fd = temp_new(&ignored)) < 0)
			return;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		sandbox_path(s, path, SANDBOX_WRITE);
		pool.fd[pool.n++] = fd;
	}
}

/* As file_write; *put, which begins with 0, says how much it was. */
static int
write_some(int fd, const void *p, size_t n, size_t *put, struct err *e)
{
	const char *at = p;
	ssize_t one;

	while (*put < n) {
		one = write(fd, at + *put, n - *put);
		if (one < 0 && errno == EINTR && !gives_up(fd, POLLOUT))
			continue;
		if (one < 0)
			return broken(e, EX_IOERR, "write");
		*put += (size_t)one;
	}
	return 0;
}

int
file_write(int fd, const void *p, size_t n, struct err *e)
{
	size_t put = 0;

	return write_some(fd, p, n, &put, e);
}

/*
 * Shortens the file by the n bytes that were written last, if it ends with
 * them: another program may have written behind them.  A failure here is told
 * by the write that failed before.
 */
static void
take_back(int fd, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (end < (off_t)n || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != end)
		return;
	end -= (off_t)n;
	if (ftruncate(fd, end) == 0)
		lseek(fd, end, SEEK_SET);
}

int
file_write_lines(int fd, const void *p, size_t n, struct err *e)
{
	const char *text = p;
	size_t put = 0, whole;

	if (write_some(fd, p, n, &put, e) == 0)
		return 0;
	for (whole = put; whole > 0 && text[whole - 1] != '\n'; whole--)
		;
	if (whole < put)
		take_back(fd, put - whole);
	return -1;
}

ssize_t
file_pread(int fd, void *p, size_t n, off_t at, struct err *e)
{
	size_t got = 0;
	ssize_t one;

	while (got < n) {
		one = pread(fd, (char *)p + got, n - got, at + (off_t)got);
		if (one < 0 && errno == EINTR)
			continue;
		if (one < 0)
			return fail_sys(e, EX_IOERR, "read");
		if (one == 0)
			break;
		got += (size_t)one;
	}
	return (ssize_t)got;
}

ssize_t
file_scan(int fd, void *p, size_t n, off_t at, struct err *e)
{
	return stop_asked() ? fail_stop(e) : file_pread(fd, p, n, at, e);
}

bool
file_same(int from, const char *a, int to, const char *b)
{
	int x = openat(from, a, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK), y = openat(to, b, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct err e = { 0 };
	char p[8192], q[sizeof p];
	struct stat s, t;
	ssize_t k, n = x < 0 || y < 0 || fstat(x, &s) < 0 ||
	    fstat(y, &t) < 0 || s.st_size != t.st_size ? -1 : 1;
	off_t at = 0;

	for (; n > 0; at += n) {
		n = file_pread(x, p, sizeof p, at, &e);
		k = file_pread(y, q, sizeof q, at, &e);
		if (n < 0 || k != n || memcmp(p, q, (size_t)n) != 0)
			n = -1;
	}
	if (x >= 0)
		close(x);
	if (y >= 0)
		close(y);
	return n == 0;
}

static int
copy_bytes(int from, int to, uint64_t *size, struct err *e)
{
	char some[65536];
	ssize_t n;

	*size = 0;
	while ((n = read_some(from, some, sizeof some)) > 0) {
		if (stop_asked())	/* there may always be more */
			return fail_stop(e);
		if (file_write(to, some, (size_t)n, e) < 0)
			return -1;
		*size += (uint64_t)n;
	}
	return n < 0 ? broken(e, EX_NOINPUT, "read") : 0;
}

/*
 * Does it end where stat(2) says?  Files of /proc are as long as 0 bytes, those
 * of /sys as a page, and others grow while we look.
 */
static bool
ends_at(int fd, off_t end)
{
	char two[2];

	return pread(fd, two, sizeof two, end - 1) == 1;
}

int
file_spool(int fd, off_t *off, uint64_t *size, struct err *e)
{
	struct stat st;
	int to;

	if (fstat(fd, &st) < 0)
		return fail_sys(e, EX_NOINPUT, "stat");
	if (S_ISREG(st.st_mode) && (*off = lseek(fd, 0, SEEK_CUR)) >= 0 &&
	    st.st_size > *off && ends_at(fd, st.st_size)) {
		*size = (uint64_t)(st.st_size - *off);
		if ((to = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0)
			return fail_sys(e, EX_OSERR, "dup");
		return to;
	}
	*off = 0;
	if ((to = file_temp(e)) < 0)
		return -1;
	if (copy_bytes(fd, to, size, e) < 0) {
		close(to);
		return -1;
	}
	return to;
}

int
file_sync(int fd, struct err *e)
{
	return fsync(fd) < 0 ? fail_sys(e, EX_IOERR, "fsync") : 0;
}

int
file_sync_dir(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), got;

	if (fd < 0)
		return fail_sys(e, EX_IOERR, "%s", dir);
	got = file_sync(fd, e);
	close(fd);
	return got;
}

static int
replace_in(int dir, const char *path, struct str all, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	struct buf tmp = { .max = 4096 };
	int fd, got;

	buf_printf(&tmp, "%s.new", name);
	fd = openat(dir, tmp.p, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd < 0) {
		buf_free(&tmp);
		return fail_sys(e, EX_CANTCREAT, "%s.new", path);
	}
	got = file_write(fd, all.p, all.n, e);
	if (got == 0)
		got = file_sync(fd, e);
	close(fd);
	if (got < 0)
		fail_in(e, "%s.new", path);
	else if (renameat(dir, tmp.p, dir, name) < 0 || fsync(dir) < 0)
		got = fail_sys(e, EX_IOERR, "%s", path);
	buf_free(&tmp);
	return got;
}

int
file_replace(const char *path, struct str all, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *above = mem_dup(slash != NULL ? path : ".");
	int dir, got;

	if (slash != NULL)
		above[slash > path ? slash - path : 1] = '\0';
	dir = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	got = dir < 0 ? fail_sys(e, EX_IOERR, "%s", above) :
	    replace_in(dir, path, all, e);
	if (dir >= 0)
		close(dir);
	free(above);
	return got;
}
