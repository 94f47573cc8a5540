/* batch_files.h: files that are named on standard input, as one stream */
#ifndef BATCH_FILES_H
#define BATCH_FILES_H

#include "fail.h"
#include "spawn.h"

/*
 * Starts a process that is not confined, and talks to nobody: it reads the
 * lines of standard input, and the files that these name, and gives them to
 * the descriptor that comes back, in the form of batch_in.c.  Before the
 * sandbox.  *child is for spawn_end.  Behind each file stands a line "From "
 * with this word, or with what went wrong; behind the last, one with nothing.
 */
#define BATCH_FILES_WHOLE "."
int batch_files(struct spawn_child *child, struct err *);

#endif
