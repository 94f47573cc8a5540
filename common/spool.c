/*
 * spool.c: messages that wait on the disk: accepted, changed, removed
 *
 * The order of things is all there is to it.  A message is written in a folder
 * whose name has a dot in front, made durable, and then renamed.  A state is
 * replaced by another that is durable already.  What is done loses its mail
 * first, and that durably: a folder without mail is never sent again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool.h"
#include "clock.h"
#include "file.h"
#include "os.h"
#include "spool_private.h"
#include "statedir.h"

/*
 * How much of ours is there?  Counted once: what this process adds is known, and
 * what others do meanwhile is not so much.
 */
struct spool_use {
	bool known;
	uint64_t messages, bytes;
};

int
spool_open(struct spool *s, struct arena *a, const char *path, bool make,
    struct err *e)
{
	struct stat st;

	*s = (struct spool){ .arena = a, .path = arena_dup(a, str_of(path)),
	    .use = arena_new(a, 1, sizeof *s->use) };
	if (make && stat(path, &st) < 0 && statedir_make(path, e) < 0)
		return -1;
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, EX_CANTCREAT, "%s",
		    path);
	if (!S_ISDIR(st.st_mode))
		return fail(e, EX_CONFIG, "%s: not a directory", path);
	s->there = true;
	s->owner = st.st_uid;
	s->ours = st.st_uid == geteuid() || geteuid() == 0;
	s->shared = (st.st_mode & S_ISGID) != 0;
	return 0;
}

/* ---- our own folder */

/*
 * The mode comes by umask(2): chmod(2) by somebody who is not in the spool's
 * group would take away what hands that group on to all that is made in it.  In
 * the sandbox there is no umask(2), and what is made there is for us alone.
 */
static int
make_dir(const struct spool *s, int at, const char *name)
{
	mode_t was = umask(s->shared ? 007 : 077);
	int got = mkdirat(at, name, s->shared ? 0770 : 0700);

	umask(was);
	return got;
}

/*
 * In a spool that is shared the folder keeps out all but its owner and the
 * group, and the owner is to read the state, which others write.
 */
static int
make_file(const struct spool *s, int at, const char *name)
{
	int fd = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600), error;

	if (fd < 0 || !s->shared || fchmod(fd, 0664) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
spool_box(const struct spool *s, const char *name)
{
	struct buf b = { .max = 8192 };
	int fd;

	buf_printf(&b, "%s/%s", s->path, name);
	fd = open(b.over ? "" : b.p, SPOOL_OPEN_DIR);
	buf_free(&b);
	return fd;
}

DIR *
spool_names(int folder)
{
	int fd = openat(folder, ".", SPOOL_OPEN_DIR);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (d == NULL && fd >= 0)
		close(fd);
	return d;
}

/*
 * Its name in the spool is durable, too, whoever may read that; and so is what
 * the spool is in, which may be as new.
 */
static int
sync_box(const struct spool *s, int box, struct err *e)
{
	char *path = arena_dup(s->arena, str_of(s->path)), *end;

	if (access(path, R_OK) < 0)
		return os_sync_all(box) < 0 ? fail_sys(e, EX_IOERR, "%s",
		    path) : 0;
	while (access(path, W_OK) == 0 && file_sync_dir(path, e) == 0 &&
	    (end = strrchr(path, '/')) != NULL && end > path)
		*end = '\0';
	return e->code != 0 ? -1 : 0;
}

static int
make_box(const struct spool *s, const char *name, struct err *e)
{
	const char *path = arena_printf(s->arena, "%s/%s", s->path, name);
	int fd;

	if (make_dir(s, AT_FDCWD, path) < 0)
		return fail_sys(e, EX_CANTCREAT, "%s", path);
	if ((fd = spool_box(s, name)) < 0)
		return fail_sys(e, EX_CANTCREAT, "%s", path);
	if (sync_box(s, fd, e) == 0)
		return fd;
	close(fd);
	return -1;
}

/*
 * Ours, made if need be.  Where somebody else has put something under that name
 * it is another one.
 */
static int
own_box(const struct spool *s, struct err *e)
{
	char name[SPOOL_ID];
	struct stat st;
	unsigned some;
	int fd;

	snprintf(name, sizeof name, "%lu", (unsigned long)geteuid());
	if ((fd = spool_box(s, name)) < 0 && errno == ENOENT)
		return make_box(s, name, e);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid())
		return fd;
	if (fd >= 0)
		close(fd);
	if (os_random(&some, sizeof some, false) < 0)
		return fail_sys(e, EX_OSERR, "random bytes");
	snprintf(name, sizeof name, "%lu-%08x", (unsigned long)geteuid(), some);
	return make_box(s, name, e);
}

int
spool_own(const struct spool *s, struct err *e)
{
	int fd = own_box(s, e);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* ---- accepting */

bool
spool_lock(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

int
spool_clear(int box, const char *name)
{
	int dir = openat(box, name, SPOOL_OPEN_DIR), got;

	if (dir < 0)
		return errno == ENOENT ? 0 : -1;
	got = unlinkat(dir, "mail", 0);
	if (got < 0 && errno == ENOENT)
		got = 0;
	if (got == 0) {
		fsync(dir);	/* what it fails of is found by the next run */
		unlinkat(dir, "state", 0);
		unlinkat(dir, "state.new", 0);
		unlinkat(box, name, AT_REMOVEDIR);
	}
	close(dir);
	return got;
}

static int
count(struct spool_new *n, struct err *e)
{
	char path[SPOOL_ID + sizeof "/mail"];
	struct spool_use *u = n->spool->use;
	struct dirent *at;
	struct stat st;
	DIR *d;

	if (u->known)
		return 0;
	if ((d = spool_names(n->box)) == NULL)
		return fail_sys(e, EX_CANTCREAT, "%s", n->spool->path);
	while ((at = readdir(d)) != NULL) {
		if (at->d_name[0] == '.')
			continue;
		u->messages++;
		if ((size_t)snprintf(path, sizeof path, "%s/mail",
		    at->d_name) < sizeof path && fstatat(n->box, path, &st,
		    AT_SYMLINK_NOFOLLOW) == 0)
			u->bytes += (uint64_t)st.st_size;
	}
	closedir(d);
	u->known = true;
	return 0;
}

static int
few_enough(struct spool_new *n, struct err *e)
{
	if (count(n, e) < 0)
		return -1;
	return n->spool->use->messages < SPOOL_MESSAGES ? 0 : fail(e,
	    EX_TEMPFAIL, "%s: uid %lu has %d messages there: no more are taken",
	    n->spool->path, (unsigned long)geteuid(), SPOOL_MESSAGES);
}

/* Counts it in, if there is room for it. */
static int
small_enough(const struct spool_new *n, struct err *e)
{
	struct spool_use *u = n->spool->use;
	struct stat st;

	if (n->free)
		return 0;
	if (fstat(n->fd, &st) < 0)
		return fail_sys(e, EX_IOERR, "fstat");
	if (u->bytes + (uint64_t)st.st_size > SPOOL_BYTES)
		return fail(e, EX_TEMPFAIL, "uid %lu would have over 1 GB there: no more is taken",
		    (unsigned long)geteuid());
	u->bytes += (uint64_t)st.st_size;
	u->messages++;
	return 0;
}

/* By the time, so that the oldest comes first, and by chance. */
static int
new_id(char id[SPOOL_ID], struct err *e)
{
	unsigned some;

	if (os_random(&some, sizeof some, false) < 0)
		return fail_sys(e, EX_OSERR, "random bytes");
	snprintf(id, SPOOL_ID, "%08llx%08x", (unsigned long long)clock_wall(),
	    some);
	return 0;
}

static int
new_files(struct spool_new *n, struct err *e)
{
	int got;

	snprintf(n->temp, sizeof n->temp, SPOOL_TEMP "%s", n->id);
	got = make_dir(n->spool, n->box, n->temp);
	if (got < 0 && errno == EEXIST) {	/* it is of a crash */
		spool_clear(n->box, n->temp);
		got = make_dir(n->spool, n->box, n->temp);
	}
	if (got < 0)
		return fail_sys(e, EX_CANTCREAT, "%s", n->spool->path);
	if ((n->dir = openat(n->box, n->temp, SPOOL_OPEN_DIR)) < 0 ||
	    (n->fd = make_file(n->spool, n->dir, "mail")) < 0 ||
	    !spool_lock(n->fd))
		return fail_sys(e, EX_CANTCREAT, "%s/%s", n->spool->path,
		    n->temp);
	return 0;
}

int
spool_begin(struct spool_new *n, const struct spool *s, const char *id,
    struct err *e)
{
	*n = (struct spool_new){ .spool = s, .fd = -1, .dir = -1 };
	if ((n->box = own_box(s, e)) < 0)
		return -1;
	n->free = id != NULL;
	if (id != NULL)
		snprintf(n->id, sizeof n->id, "%s", id);
	if ((n->free || (few_enough(n, e) == 0 && new_id(n->id, e) == 0)) &&
	    new_files(n, e) == 0)
		return 0;
	spool_cancel(n);
	return -1;
}

static void
new_close(struct spool_new *n)
{
	if (n->fd >= 0)
		close(n->fd);
	if (n->dir >= 0)
		close(n->dir);
	if (n->box >= 0)
		close(n->box);
	n->fd = n->dir = n->box = -1;
}

void
spool_cancel(struct spool_new *n)
{
	if (n->fd >= 0)
		spool_clear(n->box, n->temp);
	else if (n->dir >= 0)
		unlinkat(n->box, n->temp, AT_REMOVEDIR);
	new_close(n);
}

/*
 * The file, and its name in the folder.  One after the other, and the file
 * first: a journal that takes the file takes its name with it, and then there is
 * nothing left to do.  Asked for both at once it is written twice as a rule.
 */
static int
sync_both(const struct spool_new *n, struct err *e)
{
	return file_sync(n->fd, e) < 0 ? -1 : file_sync(n->dir, e);
}

/*
 * 1 it has its name, 0 another has it already.  What follows cannot be seen by
 * others before it is done: mail is locked.
 */
static int
new_name(const struct spool_new *n, struct err *e)
{
	if (renameat(n->box, n->temp, n->box, n->id) == 0)
		return 1;
	if (errno == EEXIST || errno == ENOTEMPTY)
		return 0;
	return fail_sys(e, EX_CANTCREAT, "%s/%s", n->spool->path, n->id);
}

/* Durable, but for its name. */
static int
write_state(const struct spool *s, int dir, const char *name, struct str text,
    struct err *e)
{
	int fd, got;

	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return fail_sys(e, EX_IOERR, "%s", name);
	if ((fd = make_file(s, dir, name)) < 0)
		return fail_sys(e, EX_CANTCREAT, "%s", name);
	got = file_write(fd, text.p, text.n, e);
	if (got == 0)
		got = file_sync(fd, e);
	close(fd);
	if (got < 0)
		unlinkat(dir, name, 0);
	return got;
}

int
spool_new_state(struct spool_new *n, struct str text, struct err *e)
{
	return write_state(n->spool, n->dir, "state", text, e);
}

int
spool_commit(struct spool_new *n, struct err *e)
{
	int got = -1;

	if (small_enough(n, e) == 0 && sync_both(n, e) == 0)
		got = new_name(n, e);
	if (got > 0 && file_sync(n->box, e) < 0) {
		if (spool_clear(n->box, n->id) < 0)
			fail_add(e, "; nor can %s be taken back: it may be sent",
			    n->id);
		got = -1;
	} else if (got <= 0) {
		spool_clear(n->box, n->temp);
	}
	if (got > 0 && n->spool->shared)
		futimens(n->box, NULL);	/* who watches the spool is told */
	new_close(n);
	return got < 0 ? fail_in(e, "%s", n->spool->path) : 0;
}

/* ---- the state, and the end */

int
spool_set_state(const struct spool_item *i, struct str text, struct err *e)
{
	if (write_state(i->spool, i->dir, "state.new", text, e) < 0)
		return -1;
	if (renameat(i->dir, "state.new", i->dir, "state") < 0)
		return fail_sys(e, EX_IOERR, "state");
	return file_sync(i->dir, e);
}

int
spool_remove(const struct spool_item *i, struct err *e)
{
	if (spool_clear(i->box, i->entry->id) < 0)
		return fail_sys(e, EX_IOERR, "%s", i->entry->id);
	return 0;
}
