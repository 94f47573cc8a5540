/*
 * mbox_lock.h: the dotlock of an mbox, FILE.lock beside it
 *
 * mbox_lock_of, mbox_lock_try until it is ours, mbox_lock_drop.  Who has it
 * stands in it (lock.h).
 */
#ifndef MBOX_LOCK_H
#define MBOX_LOCK_H

#include <stddef.h>

enum { MBOX_LOCK_PATH = 4096 };

struct mbox_lock {
	char path[MBOX_LOCK_PATH];	/* "" there is none, nor can there be */
};

void mbox_lock_of(struct mbox_lock *, const char *mbox);

/*
 * 1 it is ours, or the folder is not ours to make one in; 0 another program has
 * it.  One that a killed run of ours left does not count, nor any that nobody
 * has touched for five minutes.
 */
int mbox_lock_try(struct mbox_lock *);

void mbox_lock_drop(struct mbox_lock *);

/* The folder that a file is in; -1 where its name has no room. */
int mbox_lock_folder(const char *path, char *dir, size_t cap);

#endif
