/* lock.h: one run at a time, and who has a lock */
#ifndef LOCK_H
#define LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"

/*
 * Takes the lock of this file, which is made (mode 0600) and stays: what holds
 * it is the descriptor that comes back, and the process; close(2) gives it
 * back.  EX_TEMPFAIL if another has it, with the process if it said who it is;
 * EX_CANTCREAT if there can be no such file, which a symbolic link is not.
 */
int lock_take(const char *path, struct err *);

enum { LOCK_TEXT = 256 };

/*
 * Who we are, for a lock that is a file's existence: the process in the first
 * line, where other programs look for it, and in the second one the machine
 * and the namespace in which that number means something.
 */
size_t lock_text(char text[LOCK_TEXT]);

/*
 * Was that written here, by a process that is no more?  Of another machine's
 * processes, and of who did not say where he is, nobody here can tell.
 */
bool lock_left(const char *text, size_t n);

#endif
