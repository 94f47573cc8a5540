/* near_file.c: folders and files below the root, by names of one part */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maildir.h"
#include "mem.h"
#include "near_file.h"

enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* ---- links that are followed ---- */

/* Of this process, which has one account: by what the link and its end are. */
static struct followed {
	dev_t link_dev, dev;
	ino_t link_ino, ino;
} *followed;
static size_t nfollowed;

int
near_file_follow(int root, const char *path, struct stat *to)
{
	struct stat st;
	size_t i;
	bool same;

	if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISLNK(st.st_mode))
		return 1;
	if (fstatat(root, path, to, 0) < 0)
		return -1;
	errno = S_ISDIR(to->st_mode) ? EEXIST : ENOTDIR;
	for (i = 0; i < nfollowed; i++)
		if (followed[i].dev == to->st_dev &&
		    followed[i].ino == to->st_ino) {
			same = followed[i].link_dev == st.st_dev &&
			    followed[i].link_ino == st.st_ino;
			return same ? 0 : -1;
		}
	if (!S_ISDIR(to->st_mode))
		return -1;
	followed = mem_grow(followed, nfollowed + 1, sizeof *followed);
	followed[nfollowed++] = (struct followed){ st.st_dev, to->st_dev,
	    st.st_ino, to->st_ino };
	return 0;
}

/* The folder behind a link, if both are as they were; or -1, ELOOP. */
static int
enter_link(int at, const char *name)
{
	struct stat st, to;
	size_t i;
	int fd;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	for (i = 0; i < nfollowed; i++)
		if (followed[i].link_dev == st.st_dev &&
		    followed[i].link_ino == st.st_ino)
			break;
	errno = ELOOP;
	if (i == nfollowed)
		return -1;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fstat(fd, &to) == 0 && to.st_dev == followed[i].dev &&
	    to.st_ino == followed[i].ino))
		return fd;
	close(fd);
	errno = ELOOP;
	return -1;
}

/* ---- folders ---- */

int
near_file_enter(int at, const char *name, bool make)
{
	int fd = openat(at, name, FOLDER);

	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR) && nfollowed > 0)
		return enter_link(at, name);

	if (fd >= 0 || errno != ENOENT || !make ||
	    (mkdirat(at, name, 0700) < 0 && errno != EEXIST))
		return fd;
	return openat(at, name, FOLDER);
}

void
near_file_shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- to another file system ---- */

/* Until it has its name; one run at a time has a Maildir. */
static const char unfinished[] = ".postbag.copy";

/* All bytes and the time, durable; 0, or -1 and errno. */
static int
copy_bytes(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	char buf[65536];
	ssize_t n, done, got;

	while ((n = read(from, buf, sizeof buf)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		for (done = 0; done < n; done += got) {
			got = write(to, buf + done, (size_t)(n - done));
			if (got < 0 && errno != EINTR)
				return -1;
			if (got < 0)
				got = 0;
		}
	}
	return futimens(to, times) < 0 || fsync(to) < 0 ? -1 : 0;
}

/* The copy as "unfinished" in the other folder; 0, or -1 and errno. */
static int
copy_file(int from, const char *a, int to, uint64_t *ino)
{
	struct stat st;
	int in, out = -1, got = -1;

	in = openat(from, a, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (in < 0)
		return -1;
	if (fstat(in, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else
		out = openat(to, unfinished, O_WRONLY | O_CREAT | O_TRUNC |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out >= 0 && copy_bytes(in, out, &st) == 0)
		got = fstat(out, &st);
	if (got == 0 && ino != NULL)
		*ino = st.st_ino;
	near_file_shut(&in);
	if (out >= 0 && close(out) < 0)
		got = -1;
	return got;
}

/* As near_file_rename. */
static int
carry(int from, const char *a, int to, const char *b, uint64_t *ino)
{
	int got, why;

	if (copy_file(from, a, to, ino) < 0) {
		got = errno == ENOENT ? 1 : -1;
	} else if (maildir_rename(to, unfinished, to, b) < 0) {
		got = errno == EEXIST ? 2 : -1;
	} else if (fsync(to) == 0 && unlinkat(from, a, 0) == 0) {
		return 0;
	} else {	/* who renamed it meanwhile has it: the copy goes */
		got = errno == ENOENT ? 1 : -1;
		why = errno;
		unlinkat(to, b, 0);
		errno = why;
		return got;
	}
	why = errno;
	unlinkat(to, unfinished, 0);
	errno = why;
	return got;
}

int
near_file_rename(int from, const char *a, int to, const char *b, uint64_t *ino)
{
	if (maildir_rename(from, a, to, b) == 0)
		return 0;
	if (errno == EXDEV)
		return carry(from, a, to, b, ino);
	if (errno == ENOENT)
		return 1;
	return errno == EEXIST ? 2 : -1;
}
