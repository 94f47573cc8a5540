/*
 * mbox_lock.c: the dotlock of an mbox
 *
 *	4711				# who has it: lock.h
 *	host pid:[4026531836]
 *	append BOOT 1234 5678		# these bytes are being written,
 *	From jo@x.test Fri Jan ...	# and begin with this line
 *
 * The lock of a process that was killed is taken over as a file, so that what
 * it says is never lost, and by who has the other lock (fcntl) alone: of two
 * that find it, one gets it.  So it is with one that nobody has touched for
 * long: whoever holds that lock is at work still.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mbox_lock.h"
#include "clock.h"
#include "lock.h"
#include "os.h"
#include "str.h"

enum {
	STALE = 300,			/* seconds */
	LOCK_ALL = LOCK_TEXT + 128 + MBOX_FROM
};

static const struct mbox_piece nothing;

/* One that nobody has touched for long was left behind. */
static bool
stale(const struct stat *st)
{
	return clock_wall() - st->st_mtime > STALE;
}

/* A lock that a killed run of ours left does not count. */
static bool
left_behind(const char *path)
{
	char text[LOCK_TEXT];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text);
	close(fd);
	return n > 0 && lock_left(text, (size_t)n);
}

/* It may be of another container, of whose processes nobody knows here. */
static bool
abandoned(const char *path)
{
	struct stat st;

	return left_behind(path) || (lstat(path, &st) == 0 && stale(&st));
}

int
mbox_lock_folder(const char *path, char *dir, size_t cap)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);

	if (slash == path)
		n = 1;
	if (n >= cap)
		return -1;
	snprintf(dir, cap, "%.*s", slash == NULL ? 1 : (int)n,
	    slash == NULL ? "." : path);
	return 0;
}

/* Who we are in a file without a name, which gets one when it is complete. */
static int
unnamed(const char *path)
{
	char dir[MBOX_LOCK_PATH];

	return mbox_lock_folder(path, dir, sizeof dir) < 0 ? -1 :
	    os_file_unnamed(AT_FDCWD, dir, O_WRONLY);
}

static int
sign(int fd, const struct mbox_piece *p)
{
	char text[LOCK_ALL];
	size_t n = lock_text(text);
	ssize_t put;

	if (p->to > 0 && *clock_boot() != '\0')
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "append %s %llu %llu\n%s", clock_boot(),
		    (unsigned long long)p->from, (unsigned long long)p->to,
		    p->first);
	put = pwrite(fd, text, n, 0);
	if (put >= 0 && put < (ssize_t)n)
		errno = ENOSPC;
	return put == (ssize_t)n && ftruncate(fd, (off_t)n) == 0 ? 0 : -1;
}

/* Open; -1, with EEXIST if there is a lock. */
static int
link_unnamed(const char *path)
{
	int fd = unnamed(path), why;
	bool by_path = true;

	if (fd < 0)
		return -1;
	(void)!sign(fd, &nothing);
	if (os_file_name(fd, AT_FDCWD, path, &by_path) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* Not every file system can do that.  A run that is killed leaves its name. */
static int
link_named(const char *path)
{
	char name[MBOX_LOCK_PATH + 16];
	int fd, got, why;

	snprintf(name, sizeof name, "%s.%d", path, (int)getpid());
	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	(void)!sign(fd, &nothing);
	got = link(name, path);
	why = errno;
	unlink(name);
	if (got == 0)
		return fd;
	close(fd);
	errno = why;
	return -1;
}

/* A lock that is not signed, of a run that was killed, counts as another's. */
static int
make_lock(const char *path)
{
	int fd;

	if ((fd = link_unnamed(path)) >= 0 || errno == EEXIST)
		return fd;
	if ((fd = link_named(path)) >= 0 || errno == EEXIST)
		return fd;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)			/* nor has every one hard links */
		(void)!sign(fd, &nothing);
	return fd;
}

/* ---- what was left ---- */

/* What the lock of a killed run says that it was writing, if it does. */
static void
read_piece(struct str s, struct mbox_piece *p)
{
	struct str line;

	*p = nothing;
	str_cut(&s, '\n');
	str_cut(&s, '\n');
	line = str_cut(&s, '\n');
	if (!str_is(str_word(&line), "append") || *clock_boot() == '\0' ||
	    !str_is(str_word(&line), clock_boot()) ||
	    str_num(str_word(&line), INT64_MAX, &p->from) < 0 ||
	    str_num(str_word(&line), INT64_MAX, &p->to) < 0 ||
	    s.n == 0 || memchr(s.p, '\n', s.n) == NULL)
		p->to = 0;
	line = str_cut(&s, '\n');
	snprintf(p->first, sizeof p->first, "%.*s\n", STR_ARG(line));
}

static int
fcntl_lock(int mbox, short how)
{
	struct flock l = { .l_type = how, .l_whence = SEEK_SET };

	return fcntl(mbox, F_SETLK, &l);
}

/*
 * Still left behind?  Nobody can have it written through a name that he gave
 * another file.
 */
static bool
lock_plain(int fd, struct str text)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_nlink == 1 && st.st_uid == geteuid() &&
	    (stale(&st) || lock_left(text.p, text.n));
}

/* What happens to a lock that a killed run left. */
enum taking {
	LOCK_FAILED = -1,		/* errno; it stays, with what it says */
	LOCK_WANTED,			/* somebody else is about to */
	LOCK_TAKEN,
	LOCK_GONE
};

/* Another user's can be read at most, and says nothing to us. */
static enum taking
remove_left(const char *path)
{
	if (abandoned(path))
		unlink(path);
	return LOCK_GONE;
}

/* Ours from now on, with what it says. */
static enum taking
take_over(struct mbox_lock *k)
{
	char text[LOCK_ALL];
	int fd = open(k->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct str s = { text, 0 };
	ssize_t n;
	int why = errno;

	if (fd < 0)
		return why == ENOENT || why == ELOOP || why == EACCES ||
		    why == EPERM ? remove_left(k->path) : LOCK_FAILED;
	if ((n = read(fd, text, sizeof text)) > 0)
		s.n = (size_t)n;
	if (!lock_plain(fd, s)) {
		close(fd);
		return remove_left(k->path);
	}
	read_piece(s, &k->left);
	if (sign(fd, &k->left) == 0) {
		k->fd = fd;
		return LOCK_TAKEN;
	}
	why = errno;
	close(fd);
	errno = why;
	return LOCK_FAILED;
}

static enum taking
take_left(struct mbox_lock *k, int mbox)
{
	enum taking got;

	if (fcntl_lock(mbox, F_WRLCK) < 0)
		return errno == EAGAIN || errno == EACCES ? LOCK_WANTED :
		    LOCK_FAILED;
	got = take_over(k);
	if (got == LOCK_GONE)
		fcntl_lock(mbox, F_UNLCK);
	return got;
}

void
mbox_lock_of(struct mbox_lock *k, const char *mbox)
{
	k->fd = -1;
	k->left = nothing;
	if ((size_t)snprintf(k->path, sizeof k->path, "%s.lock", mbox) >=
	    sizeof k->path)
		k->path[0] = '\0';
}

int
mbox_lock_try(struct mbox_lock *k, int mbox)
{
	enum taking got;

	if (k->path[0] == '\0')
		return 1;
	if (abandoned(k->path) && (got = take_left(k, mbox)) != LOCK_GONE)
		return got;
	if ((k->fd = make_lock(k->path)) >= 0)
		return 1;
	if (errno == EEXIST)
		return 0;
	k->path[0] = '\0';		/* as in /var/mail for others */
	return 1;
}

bool
mbox_lock_ours(const struct mbox_lock *k)
{
	struct stat ours, there;

	return k->fd >= 0 && fstat(k->fd, &ours) == 0 &&
	    lstat(k->path, &there) == 0 && ours.st_dev == there.st_dev &&
	    ours.st_ino == there.st_ino;
}

int
mbox_lock_note(struct mbox_lock *k, const struct mbox_piece *p, struct err *e)
{
	k->left = nothing;
	if (k->fd < 0 || sign(k->fd, p != NULL ? p : &nothing) == 0)
		return 0;
	return fail_sys(e, EX_IOERR, "%s", k->path);
}

void
mbox_lock_leave(struct mbox_lock *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}

void
mbox_lock_drop(struct mbox_lock *k)
{
	if (mbox_lock_ours(k))
		unlink(k->path);
	mbox_lock_leave(k);
}
