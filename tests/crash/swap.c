/*
 * swap.c: LD_PRELOAD: another file is put in the place of one, at the last
 * moment: just before it is opened
 *
 * SWAP_PATH=FILE	once, when that is about to be opened,
 * SWAP_TO=OTHER	it becomes a link to this,
 * SWAP_HOW=symlink	or link; or folder: a symbolic link, where FILE is a folder,
 *			which is FILE.was then
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
swap(const char *path)
{
	static int done;
	char was[PATH_MAX];
	const char *at = getenv("SWAP_PATH"), *to = getenv("SWAP_TO");
	const char *how = getenv("SWAP_HOW");

	if (done || at == NULL || to == NULL || how == NULL ||
	    strcmp(path, at) != 0)
		return;
	done = 1;
	if (strcmp(how, "folder") == 0) {
		snprintf(was, sizeof was, "%s.was", at);
		if (rename(at, was) < 0)
			abort();
	}
	unlink(at);
	if ((strcmp(how, "link") == 0 ? link(to, at) : symlink(to, at)) < 0)
		abort();
}

int
open(const char *path, int flags, ...)
{
	static int (*real)(const char *, int, ...);
	mode_t m = 0;
	va_list ap;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "open");
	va_start(ap, flags);
	if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE)
		m = va_arg(ap, mode_t);
	va_end(ap);
	swap(path);
	return real(path, flags, m);
}

int
openat(int dir, const char *path, int flags, ...)
{
	static int (*real)(int, const char *, int, ...);
	mode_t m = 0;
	va_list ap;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "openat");
	va_start(ap, flags);
	if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE)
		m = va_arg(ap, mode_t);
	va_end(ap);
	swap(path);
	return real(dir, path, flags, m);
}
