/* dirwatch_linux.c: being told that names come and go in folders, by inotify */
#include <stddef.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "dirwatch.h"

int
dirwatch_open(void)
{
	return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

int
dirwatch_add(int watch, const char *path)
{
	return inotify_add_watch(watch, path, IN_CREATE | IN_MOVE |
	    IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
	    IN_DONT_FOLLOW);
}

static unsigned
meaning(const struct inotify_event *e)
{
	if ((e->mask & IN_Q_OVERFLOW) != 0)
		return DIRWATCH_LOST;
	if ((e->mask & (IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF |
	    IN_UNMOUNT)) != 0)
		return DIRWATCH_FOLDERS;
	return (e->mask & IN_IGNORED) != 0 ? 0 : DIRWATCH_FILES;
}

unsigned
dirwatch_take(int watch)
{
	_Alignas(struct inotify_event) char some[8192];
	struct inotify_event e;
	unsigned bits = 0;
	ssize_t n, at;

	while ((n = read(watch, some, sizeof some)) > 0)
		for (at = 0; at < n; at += (ssize_t)(sizeof e + e.len)) {
			memcpy(&e, some + at, sizeof e);
			bits |= meaning(&e);
		}
	return bits;
}
