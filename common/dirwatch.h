/* dirwatch.h: being told that names come and go in folders */
#ifndef DIRWATCH_H
#define DIRWATCH_H

/*
 * A descriptor that can be read when something has happened in a folder that
 * was added; -1, errno: this system cannot tell, so look now and then.  A
 * sandbox needs `watches' for it.
 */
int dirwatch_open(void);

/*
 * Adds the folder: its number, higher than all before if it was not there yet;
 * -1 and errno (ENOSPC: there are too many).  A link in the last place is not
 * followed.  One that is removed is forgotten.
 */
int dirwatch_add(int watch, const char *path);

/*
 * All that has happened until now is taken, without waiting: bits.  Files: a
 * name came, went or was another one; folders: one of a folder did, or one of
 * the watched is gone; lost: too much happened, look at all.
 */
enum dirwatch {
	DIRWATCH_FILES = 1, DIRWATCH_FOLDERS = 2, DIRWATCH_LOST = 4
};
unsigned dirwatch_take(int watch);

#endif
