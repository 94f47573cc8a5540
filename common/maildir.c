/* maildir.c: delivering into a Maildir */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "maildir.h"
#include "mem.h"
#include "os.h"
#include "statedir.h"

enum { TRIES = 1000 };			/* names */

static int
make_folder(const char *dir, const char *sub, struct err *e)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof path, "%s%s%s", dir,
	    sub[0] != '\0' ? "/" : "", sub) >= sizeof path)
		return fail(e, EX_CANTCREAT, "%s: too long", dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, EX_CANTCREAT, "%s", path);
	return 0;
}

static char info_char = ':';

void
maildir_set_info(char c)
{
	info_char = c;
}

char
maildir_info(void)
{
	return info_char;
}

void
maildir_host(char to[MAILDIR_HOST])
{
	char *p;

	memset(to, 0, MAILDIR_HOST);
	if (gethostname(to, MAILDIR_HOST - 1) < 0 || to[0] == '\0')
		memcpy(to, "localhost", sizeof "localhost");
	for (p = to; *p != '\0'; p++)
		if (*p == '/' || *p == ':' || (unsigned char)*p <= ' ')
			*p = '_';
}

/*
 * A name nobody has: the time for people, 64 random bits for uniqueness, the
 * host because a Maildir may be shared.  "/" and ":" may not stand in it.
 */
static void
unique(char *dst, size_t cap)
{
	unsigned long long r = 0;
	char host[MAILDIR_HOST];

	if (os_random(&r, sizeof r, false) < 0)
		r = (unsigned long long)clock_us();
	maildir_host(host);
	snprintf(dst, cap, "%lld.R%016llxP%d.%s", (long long)clock_wall(), r,
	    (int)getpid(), host);
}

static size_t
lf(char *p, size_t n)
{
	size_t i, o = 0;

	for (i = 0; i < n; i++)		/* a struct msg has CR only in CRLF */
		if (p[i] != '\r')
			p[o++] = p[i];
	return o;
}

static int
copy_message(int fd, const struct msg *m, struct err *e)
{
	struct msg_reader *r = msg_reader_new(m);
	char *some = mem_new(1, 65536);
	ssize_t n;

	while ((n = msg_read(r, some, 65536, e)) > 0)
		if (file_write(fd, some, lf(some, (size_t)n), e) < 0) {
			n = -1;
			break;
		}
	free(some);
	free(r);
	return n < 0 ? -1 : file_sync(fd, e);
}

int
maildir_create(const char *dir, struct err *e)
{
	return make_folder(dir, "", e) < 0 || make_folder(dir, "tmp", e) < 0 ||
	    make_folder(dir, "new", e) < 0 ||
	    make_folder(dir, "cur", e) < 0 ? -1 : 0;
}

static int
open_part(int at, const char *path, const char *shown, struct err *e)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    (at != AT_FDCWD ? O_NOFOLLOW : 0));

	if (fd < 0)
		return fail_sys(e, EX_CANTCREAT, "%s%s%s", shown,
		    at != AT_FDCWD ? "/" : "", at != AT_FDCWD ? path : "");
	return fd;
}

/* Of who we act as, so that nobody else has put it there? */
static bool
own_folder(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid();
}

static int
strange(const struct maildir *m, struct err *e)
{
	return fail(e, EX_CANTCREAT, "%s: a link, or another user's", m->path);
}

static int
open_top(struct maildir *m, const char *path, bool own, struct err *e)
{
	if (!own)
		return m->top = open_part(AT_FDCWD, path, path, e);
	m->top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->top < 0 && errno != ELOOP && errno != ENOTDIR)
		return fail_sys(e, EX_CANTCREAT, "%s", path);
	return m->top >= 0 && own_folder(m->top) ? 0 : strange(m, e);
}

/* Below the descriptor of the top, wherever its name leads by now. */
static int
open_folders(struct maildir *m, bool create, bool own, struct err *e)
{
	const struct {
		const char *name;
		int *fd;
	} part[] = { { "tmp", &m->tmp }, { "new", &m->fresh },
	    { "cur", &m->cur } };
	size_t i;

	for (i = 0; i < sizeof part / sizeof *part; i++) {
		if (create && mkdirat(m->top, part[i].name, 0700) < 0 &&
		    errno != EEXIST)
			return fail_sys(e, EX_CANTCREAT, "%s/%s", m->path,
			    part[i].name);
		*part[i].fd = open_part(m->top, part[i].name, m->path, e);
		if (*part[i].fd < 0)
			return -1;
		if (own && !own_folder(*part[i].fd))
			return strange(m, e);
	}
	return 0;
}

static int
open_any(struct maildir *m, const char *path, bool create, bool own,
    struct err *e)
{
	struct stat st;

	*m = MAILDIR_NONE;
	m->path = path;
	if ((create && statedir_make(path, e) < 0) ||
	    open_top(m, path, own, e) < 0 ||
	    open_folders(m, create, own, e) < 0)
		return -1;
	if (faccessat(m->tmp, ".", W_OK | X_OK, AT_EACCESS) < 0 ||
	    faccessat(m->fresh, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return fail_sys(e, EX_CANTCREAT, "%s", path);
	if (fstat(m->tmp, &st) < 0)
		return fail_sys(e, EX_IOERR, "%s/tmp", path);
	m->dev = st.st_dev;
	return 0;
}

int
maildir_open(struct maildir *m, const char *path, bool create, struct err *e)
{
	return open_any(m, path, create, false, e);
}

static int
tmp_name(const struct maildir *m, const char *name, char *to, size_t cap)
{
	return (size_t)snprintf(to, cap, "%s%s", name, m->mine) < cap ? 0 :
	    -1;
}

int
maildir_begin(struct maildir *m, const char *name, struct err *e)
{
	const int how = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char tmp[512];
	int fd;

	if (tmp_name(m, name, tmp, sizeof tmp) < 0)
		return fail(e, EX_CANTCREAT, "%s: a name too long", m->path);
	fd = openat(m->tmp, tmp, how, 0600);
	if (fd < 0 && errno == EEXIST && unlinkat(m->tmp, tmp, 0) == 0)
		fd = openat(m->tmp, tmp, how, 0600);	/* of a run that died */
	return fd >= 0 ? fd : fail_sys(e, errno == ENOSPC || errno == EDQUOT ?
	    EX_IOERR : EX_CANTCREAT, "%s/tmp/%s", m->path, name);
}

void
maildir_abort(struct maildir *m, const char *name)
{
	char tmp[512];

	if (tmp_name(m, name, tmp, sizeof tmp) == 0)
		unlinkat(m->tmp, tmp, 0);
}

int
maildir_sync(struct maildir *m, struct err *e)
{
	if (m->unsure)
		return fail(e, EX_IOERR, "%s: an earlier syncfs failed", m->path);
	if (os_sync_all(m->tmp) == 0)
		return 0;
	m->unsure = true;
	return fail_sys(e, EX_IOERR, "%s: syncfs", m->path);
}

int
maildir_rename(int from, const char *a, int to, const char *b)
{
	if (os_rename_new(from, a, to, b) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	if (faccessat(to, b, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;			/* NFS, old kernels */
		return -1;
	}
	return renameat(from, a, to, b);
}

/* The k-th name it may have: with ~2 from the second on. */
static bool
nth_name(char to[512], const char *name, const char *flags, int k)
{
	char more[16] = "", info[4] = { info_char, '2', ',', '\0' };

	if (k > 1)
		snprintf(more, sizeof more, "~%d", k);
	return snprintf(to, 512, "%s%s%s%s", name, more, flags != NULL ?
	    info : "", flags != NULL ? flags : "") < 512;
}

int
maildir_publish(struct maildir *m, const char *name, const char *flags,
    struct err *e)
{
	int in = flags != NULL ? m->cur : m->fresh, k;
	char to[512], tmp[512];

	if (tmp_name(m, name, tmp, sizeof tmp) < 0)
		return fail(e, EX_CANTCREAT, "%s: a name too long", m->path);
	for (k = 1; k < TRIES; k++) {
		if (!nth_name(to, name, flags, k))
			return fail(e, EX_CANTCREAT, "%s: a name too long",
			    m->path);
		if (maildir_rename(m->tmp, tmp, in, to) == 0)
			return 0;
		if (errno != EEXIST)
			break;
		if (file_same(m->tmp, tmp, in, to)) {
			unlinkat(m->tmp, tmp, 0);
			return 0;
		}
		errno = EEXIST;
	}
	return fail_sys(e, EX_CANTCREAT, "%s/%s/%s", m->path, flags != NULL ?
	    "cur" : "new", to);
}

int
maildir_settle(const struct maildir *m, struct err *e)
{
	if (fsync(m->fresh) < 0 || fsync(m->cur) < 0)
		return fail_sys(e, EX_IOERR, "%s: fsync", m->path);
	return 0;
}

static int
scan_folder(const struct maildir *m, enum maildir_folder folder,
    maildir_each *each, void *to, struct err *e)
{
	static const char *const names[] = { "tmp", "new", "cur" };
	int fd = openat(m->top, names[folder], O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return fail_sys(e, EX_IOERR, "%s/%s", m->path, names[folder]);
	}
	errno = 0;
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.')
			each(to, folder, entry->d_name);
		errno = 0;
	}
	if (errno != 0)
		fail_sys(e, EX_IOERR, "%s/%s", m->path, names[folder]);
	closedir(d);
	return e->code != 0 ? -1 : 0;
}

int
maildir_scan(struct maildir *m, maildir_each *each, void *to, struct err *e)
{
	return scan_folder(m, MAILDIR_NEW, each, to, e) < 0 ||
	    scan_folder(m, MAILDIR_CUR, each, to, e) < 0 ? -1 : 0;
}

static void
sweep_one(void *to, enum maildir_folder folder, const char *name)
{
	struct maildir *m = to;
	size_t n = strlen(name), k = strlen(m->mine);

	(void)folder;
	if (k > 0 && n > k && strcmp(name + n - k, m->mine) == 0)
		unlinkat(m->tmp, name, 0);
}

int
maildir_sweep(struct maildir *m, struct err *e)
{
	return scan_folder(m, MAILDIR_TMP, sweep_one, m, e);
}

bool
maildir_holds(struct maildir *m, enum maildir_folder folder,
    const char *file, const char *name)
{
	char tmp[512];

	return tmp_name(m, name, tmp, sizeof tmp) == 0 && file_same(m->tmp, tmp,
	    folder == MAILDIR_CUR ? m->cur : m->fresh, file);
}

void
maildir_close(struct maildir *m)
{
	int *fd[] = { &m->top, &m->tmp, &m->fresh, &m->cur };
	size_t i;

	for (i = 0; i < 4; i++) {
		if (*fd[i] >= 0)
			close(*fd[i]);
		*fd[i] = -1;
	}
}

/* ---- one message ---- */

static int
deliver_file(struct maildir *d, const struct msg *m,
    const struct maildir_how *how, struct err *e)
{
	char name[256], host[MAILDIR_HOST];
	int fd, got;

	unique(name, sizeof name);
	if (how->name != NULL) {
		maildir_host(host);
		snprintf(name, sizeof name, "%s.%s", how->name, host);
	}
	if ((fd = maildir_begin(d, name, e)) < 0)
		return -1;
	got = copy_message(fd, m, e);
	if (close(fd) < 0 && got == 0)
		got = fail_sys(e, EX_IOERR, "%s/tmp/%s", d->path, name);
	if (got == 0)
		got = maildir_publish(d, name, how->flags, e);
	if (got == 0 && fsync(how->flags != NULL ? d->cur : d->fresh) == 0)
		return 0;
	if (got == 0)
		return fail_sys(e, EX_IOERR, "%s: fsync", d->path);
	maildir_abort(d, name);
	return -1;
}

struct delivered {
	const char *name;
	bool there;
};

/* Whatever stands behind the name: the host, sizes, flags. */
static void
is_delivered(void *to, enum maildir_folder folder, const char *file)
{
	struct delivered *d = to;
	size_t n = strlen(d->name);

	(void)folder;
	d->there |= strncmp(file, d->name, n) == 0 && file[n] == '.';
}

/* 1 it is there, durably, 0 not, -1. */
static int
find_delivered(struct maildir *d, const struct maildir_how *how,
    struct err *e)
{
	struct delivered it = { .name = how->name };

	if (how->name == NULL || !how->doubt)
		return 0;
	if (maildir_scan(d, is_delivered, &it, e) < 0)
		return -1;
	if (!it.there)
		return 0;
	return maildir_settle(d, e) < 0 ? -1 : 1;
}

int
maildir_deliver(const char *dir, const struct msg *m,
    const struct maildir_how *how, struct err *e)
{
	struct maildir d;
	int got = open_any(&d, dir, true, how->own, e);

	if (got == 0)
		got = find_delivered(&d, how, e);
	if (got == 0)
		got = deliver_file(&d, m, how, e);
	maildir_close(&d);
	return got;
}
