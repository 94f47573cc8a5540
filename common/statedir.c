/* statedir.c: where a tool keeps what it must know the next time */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "lock.h"
#include "statedir.h"

const char *
statedir_path(struct arena *a, const char *tool, const char *instead,
    struct err *e)
{
	const char *dir = file_xdg(a, "XDG_STATE_HOME", ".local/state");

	if (dir != NULL)
		return arena_printf(a, "%s/postbag/%s", dir, tool);
	fail(e, EX_CONFIG, "neither $XDG_STATE_HOME nor $HOME is set: use %s",
	    instead);
	return NULL;
}

/*
 * What is synced in a folder is lost with the folder, if that has no name yet.
 * Where the one above cannot be read that is for the file system.
 */
static int
keep_name(const char *dir, struct err *e)
{
	const char *slash = strrchr(dir, '/');
	char *above = mem_dup(slash != NULL ? dir : ".");
	int fd, got;

	if (slash != NULL)
		above[slash > dir ? slash - dir : 1] = '\0';
	fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(above);
	if (fd < 0)
		return 0;
	got = file_sync(fd, e);
	close(fd);
	return got;
}

/* One that is there may be where nobody can make any. */
static int
make_one(const char *dir, struct err *e)
{
	struct stat st;
	int error;

	if (mkdir(dir, 0700) == 0)
		return keep_name(dir, e);
	if (errno == EEXIST)
		return 0;
	error = errno;
	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = error;
	return fail_sys(e, EX_CANTCREAT, "%s", dir);
}

int
statedir_make(const char *dir, struct err *e)
{
	char *path = mem_dup(dir), *at = path;
	int got = 0;

	while (got == 0 && at[0] != '\0' &&
	    (at = strchr(at + 1, '/')) != NULL) {
		*at = '\0';
		got = make_one(path, e);
		*at = '/';
	}
	if (got == 0)
		got = make_one(path, e);
	free(path);
	return got;
}

int
statedir_lock(const char *lock, struct err *e)
{
	const char *slash = strrchr(lock, '/');
	char *dir = mem_dup(lock);
	int got = 0;

	if (slash != NULL && slash > lock) {
		dir[slash - lock] = '\0';
		got = statedir_make(dir, e);
	}
	free(dir);
	return got < 0 ? -1 : lock_take(lock, e);
}
