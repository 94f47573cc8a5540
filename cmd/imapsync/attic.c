/* attic.c: where the files go that are deleted here */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attic.h"
#include "clock.h"
#include "mem.h"
#include "names.h"
#include "near_file.h"
#include "str.h"

/* ---- which ---- */

/* Without slashes at its end; "." and the like as what they are. */
static const char *
plain(struct arena *a, const char *near)
{
	struct str s = str_of(near);
	const char *slash;
	char *real, *path;

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	path = arena_dup(a, s);
	slash = strrchr(path, '/');
	slash = slash != NULL ? slash + 1 : path;
	if (strcmp(slash, "") != 0 && strcmp(slash, ".") != 0 &&
	    strcmp(slash, "..") != 0)
		return path;
	if ((real = realpath(near, NULL)) == NULL)
		return path;
	path = arena_dup(a, str_of(real));
	free(real);
	return path;
}

/* Another user's would show him our mail: that of who owns the Maildirs. */
static int
attic_own(struct attic *k, int root)
{
	struct stat is, ours;

	if (fstat(k->all, &is) < 0 || fstat(root, &ours) < 0)
		return fail_sys(&k->why, EX_CANTCREAT, "%s", k->path);
	if (is.st_uid == geteuid() || is.st_uid == ours.st_uid)
		return 0;
	return fail(&k->why, EX_CANTCREAT, "%s: it belongs to another user",
	    k->path);
}

/* Its name is to last as long as what goes in there. */
static int
attic_settle(const char *path)
{
	char *dir = mem_dup(path), *slash = strrchr(dir, '/');
	int fd, got;

	if (slash != NULL)
		slash[slash == dir] = '\0';
	fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	got = fd >= 0 ? fsync(fd) : -1;
	near_file_shut(&fd);
	free(dir);
	return got;
}

static void
attic_beside(struct attic *k, struct arena *a, const char *near)
{
	bool made;

	k->path = arena_printf(a, "%s.attic", plain(a, near));
	made = mkdir(k->path, 0700) == 0;
	if (!made && errno != EEXIST)
		return;
	k->all = near_file_enter(AT_FDCWD, k->path, false);
	if (made && k->all >= 0 && attic_settle(k->path) < 0)
		near_file_shut(&k->all);
}

void
attic_open(struct attic *k, struct arena *a, const char *near, int root)
{
	*k = (struct attic){ .all = near_file_enter(root, ".attic", false) };
	if (k->all < 0)
		attic_beside(k, a, near);
	if (k->all < 0 && (errno == EACCES || errno == EPERM ||
	    errno == EROFS)) {
		k->path = NULL;
		k->all = near_file_enter(root, ".attic", true);
		if (k->all >= 0 && fsync(root) < 0)
			near_file_shut(&k->all);
	}
	if (k->path == NULL)
		k->path = arena_printf(a, "%s/.attic", near);
	if (k->all < 0)
		fail_sys(&k->why, EX_CANTCREAT, "%s", k->path);
	else if (attic_own(k, root) < 0)
		near_file_shut(&k->all);
}

/* ---- what is in it ---- */

static void
attic_name(const char *path, char dst[256])
{
	struct buf b = { .max = 4096 };
	size_t n;

	if (path[0] == '/')		/* the inbox, outside of near */
		path = "";
	for (; *path != '\0'; path++) {
		if (*path == '/')
			buf_s(&b, "%2F");
		else
			buf_c(&b, *path);
	}
	if (b.n == 0)
		buf_s(&b, "INBOX");
	n = b.n;
	if (n > 200)
		snprintf(dst, 256, "%.180s%016llx", b.p,
		    (unsigned long long)names_hash(BUF_STR(b)));
	else
		memcpy(dst, b.p, n + 1);
	buf_free(&b);
}

int
attic_today(const struct attic *k, const char *path, struct err *e)
{
	time_t now = clock_wall();
	char name[256];
	struct tm tm;
	int day, at = -1;

	if (k->all < 0) {
		fail_join(e, &k->why);
		return -1;
	}
	gmtime_r(&now, &tm);
	strftime(name, sizeof name, "%Y%m%d", &tm);
	day = near_file_enter(k->all, name, true);
	attic_name(path, name);
	if (day >= 0)
		at = near_file_enter(day, name, true);
	if (at >= 0 && (fsync(day) < 0 || fsync(k->all) < 0))
		near_file_shut(&at);	/* what goes in is to be found there */
	if (at < 0)
		fail_sys(e, EX_CANTCREAT, "%s for %s", k->path, path);
	near_file_shut(&day);
	return at;
}

void
attic_close(struct attic *k)
{
	near_file_shut(&k->all);
}
