/* reclog.c: a log of records: appended to, made durable, replaced */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "reclog.h"

enum { OUT_MAX = 1 << 30 };

/* ---- CRC-32C, eight bytes a step ---- */

static uint32_t crc_table[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void
crc_make(void)
{
	uint32_t c;
	int i, k;

	for (i = 0; i < 256; i++) {
		for (c = (uint32_t)i, k = 0; k < 8; k++)
			c = c >> 1 ^ (0x82f63b78 & -(c & 1));
		crc_table[0][i] = c;
	}
	for (i = 0; i < 256; i++)
		for (k = 1; k < 8; k++) {
			c = crc_table[k - 1][i];
			crc_table[k][i] = c >> 8 ^ crc_table[0][c & 255];
		}
}

uint32_t
reclog_crc32c(const void *of, size_t n)
{
	const char *p = of;
	uint32_t c = ~(uint32_t)0, a, b;

	pthread_once(&crc_once, crc_make);
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&a, p, 4);
		memcpy(&b, p + 4, 4);
		a = le32toh(a) ^ c;
		b = le32toh(b);
		c = crc_table[7][a & 255] ^ crc_table[6][a >> 8 & 255] ^
		    crc_table[5][a >> 16 & 255] ^ crc_table[4][a >> 24] ^
		    crc_table[3][b & 255] ^ crc_table[2][b >> 8 & 255] ^
		    crc_table[1][b >> 16 & 255] ^ crc_table[0][b >> 24];
	}
	for (; n > 0; n--, p++)
		c = c >> 8 ^ crc_table[0][(c ^ (unsigned char)*p) & 255];
	return ~c;
}

/* ---- opening and closing ---- */

static const char *
log_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int
log_folder(const char *path)
{
	size_t n = (size_t)(log_name(path) - path);
	char *dir = mem_dup(n > 0 ? path : ".");
	int fd;

	if (n > 0)
		dir[n] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return fd;
}

/*
 * /dev/null reads as an empty one, and who may write to /dev would put a file
 * in its place, for all.  Who only looks may look at it.
 */
static int
log_is_file(struct reclog *l, int how, struct err *e)
{
	struct stat st;

	if ((how & O_ACCMODE) == O_RDONLY || (fstat(l->fd, &st) == 0 &&
	    S_ISREG(st.st_mode)))
		return 0;
	close(l->fd);
	l->fd = -1;
	return fail(e, EX_CANTCREAT, "%s: not a regular file", l->path);
}

int
reclog_open(struct reclog *l, const char *path, int how, struct err *e)
{
	*l = (struct reclog){ .path = path, .fd = -1, .out.max = OUT_MAX };
	if (*log_name(path) == '\0')
		return fail(e, EX_CANTCREAT, "\"%s\" is not the name of a file",
		    path);
	l->dir = log_folder(path);
	if (l->dir >= 0)
		l->fd = openat(l->dir, log_name(path), how | O_NOFOLLOW |
		    O_CLOEXEC | O_NONBLOCK, 0600);
	if (l->fd >= 0)
		return log_is_file(l, how, e);
	return errno == ENOENT && (how & O_CREAT) == 0 ? 1 :
	    fail_sys(e, EX_CANTCREAT, "%s", path);
}

void
reclog_close(struct reclog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->dir >= 0)
		close(l->dir);
	buf_free(&l->out);
	l->fd = l->dir = -1;
}

/* ---- writing ---- */

int
reclog_begin(struct reclog *l, uint64_t size, struct err *e)
{
	l->made = size == 0;
	l->size = size;
	if (lseek(l->fd, 0, SEEK_END) > (off_t)size &&
	    ftruncate(l->fd, (off_t)size) < 0)
		return fail_sys(e, EX_IOERR, "%s", l->path);
	return 0;
}

/* At its place, so that what a failed write left is overwritten or torn. */
int
reclog_flush(struct reclog *l, struct err *e)
{
	size_t done = 0;
	ssize_t wrote;

	if (l->broken)
		return fail(e, EX_IOERR, "%s: an earlier write failed",
		    l->path);
	if (l->out.over)
		return fail(e, EX_SOFTWARE, "%s: too long", l->path);
	while (done < l->out.n) {
		wrote = pwrite(l->fd, l->out.p + done, l->out.n - done,
		    (off_t)(l->size + done));
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			l->broken = true;
			return fail_sys(e, EX_IOERR, "%s", l->path);
		}
		done += (size_t)wrote;
	}
	l->size += done;
	l->unsynced = l->unsynced || done > 0;
	buf_drop(&l->out, done);
	return 0;
}

int
reclog_sync(struct reclog *l, struct err *e)
{
	if (reclog_flush(l, e) < 0)
		return -1;
	if (l->unsynced && (fdatasync(l->fd) < 0 ||
	    (l->made && fsync(l->dir) < 0)))
		return fail_sys(e, EX_IOERR, "%s", l->path);
	l->unsynced = l->made = false;
	return 0;
}

/* ---- a new one ---- */

static int
write_new(struct reclog *l, const char *tmp, const char *name,
    int (*put)(void *, int, struct err *), void *of, struct err *e)
{
	int fd = openat(l->dir, tmp, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);

	if (fd < 0)
		return fail_sys(e, EX_CANTCREAT, "%s.new", l->path);
	if (put(of, fd, e) == 0 && file_sync(fd, e) == 0) {
		if (renameat(l->dir, tmp, l->dir, name) == 0)
			return fd;
		fail_sys(e, EX_IOERR, "rename");
	}
	close(fd);
	unlinkat(l->dir, tmp, 0);
	return fail_in(e, "%s.new", l->path);
}

int
reclog_replace(struct reclog *l, const char *name,
    int (*put)(void *of, int fd, struct err *), void *of, struct err *e)
{
	char *tmp = mem_new(strlen(name) + sizeof ".new", 1);
	int fd;

	snprintf(tmp, strlen(name) + sizeof ".new", "%s.new", name);
	fd = write_new(l, tmp, name, put, of, e);
	free(tmp);
	if (fd < 0)
		return -1;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = fd;
	l->size = (uint64_t)lseek(fd, 0, SEEK_END);
	buf_drop(&l->out, l->out.n);
	l->out.over = false;
	l->broken = false;
	l->unsynced = l->made = true;
	return reclog_sync(l, e);
}
