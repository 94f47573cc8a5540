/* mbox_lock.c: the dotlock of an mbox */
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

enum { STALE = 300 };			/* seconds */

/* One that nobody has touched for long was left behind. */
static void
break_stale(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && clock_wall() - st.st_mtime > STALE)
		unlink(path);
}

/* A lock that a killed run of ours left does not count. */
static bool
left_behind(const char *path)
{
	char text[LOCK_TEXT];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text);
	close(fd);
	return n > 0 && lock_left(text, (size_t)n);
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

static void
sign(int fd)
{
	char text[LOCK_TEXT];
	size_t n = lock_text(text);

	(void)!write(fd, text, n);
}

/* 0; -1, with EEXIST if there is a lock. */
static int
link_unnamed(const char *path)
{
	int fd = unnamed(path), got, why;
	bool by_path = true;

	if (fd < 0)
		return -1;
	sign(fd);
	got = os_file_name(fd, AT_FDCWD, path, &by_path);
	why = errno;
	close(fd);
	errno = why;
	return got;
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
	sign(fd);
	close(fd);
	got = link(name, path);
	why = errno;
	unlink(name);
	errno = why;
	return got;
}

/* A lock that is not signed, of a run that was killed, counts as another's. */
static int
make_lock(const char *path)
{
	int fd;

	if (link_unnamed(path) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	if (link_named(path) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)			/* nor has every one hard links */
		return -1;
	sign(fd);
	return close(fd);
}

void
mbox_lock_of(struct mbox_lock *k, const char *mbox)
{
	if ((size_t)snprintf(k->path, sizeof k->path, "%s.lock", mbox) >=
	    sizeof k->path)
		k->path[0] = '\0';
}

int
mbox_lock_try(struct mbox_lock *k)
{
	if (k->path[0] == '\0')
		return 1;
	break_stale(k->path);
	if (left_behind(k->path))
		unlink(k->path);
	if (make_lock(k->path) == 0)
		return 1;
	if (errno == EEXIST)
		return 0;
	k->path[0] = '\0';		/* as in /var/mail for others */
	return 1;
}

void
mbox_lock_drop(struct mbox_lock *k)
{
	if (k->path[0] != '\0')
		unlink(k->path);
	k->path[0] = '\0';
}
