/* spool_private.h: between spool.c and spool_find.c */
#ifndef SPOOL_PRIVATE_H
#define SPOOL_PRIVATE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>

#include "spool.h"

/* A folder, and nothing that leads to another. */
#define SPOOL_OPEN_DIR	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* In front of the name of what is not complete. */
#define SPOOL_TEMP	".new-"

/* A user's folder in it: the descriptor, or -1 and errno. */
int spool_box(const struct spool *, const char *name);

/* What is in a folder, for readdir(3); NULL and errno. */
DIR *spool_names(int folder);

/* Our process alone has it from here on, as long as it is open. */
bool spool_lock(int fd);

/*
 * Removes the folder of a message; what is not ours to know stays in it.  -1
 * and errno if its mail is still there.
 */
int spool_clear(int box, const char *name);

#endif
