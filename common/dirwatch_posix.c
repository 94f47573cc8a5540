/* dirwatch_posix.c: POSIX does not tell what happens in a folder */
#if defined(OS_POSIX) || !defined(__linux__)
#include <errno.h>

#include "dirwatch.h"

int
dirwatch_open(void)
{
	errno = ENOSYS;
	return -1;
}

int
dirwatch_add(int watch, const char *path)
{
	(void)watch;
	(void)path;
	errno = ENOSYS;
	return -1;
}

unsigned
dirwatch_take(int watch)
{
	(void)watch;
	return 0;
}

#endif
