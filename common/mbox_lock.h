/*
 * mbox_lock.h: the dotlock of an mbox, FILE.lock beside it
 *
 * mbox_lock_of, mbox_lock_try until it is ours, mbox_lock_drop.  Who has it
 * stands in it (lock.h), and what he is about to append, if he noted it: of a
 * run that was killed the next one finds that here.
 */
#ifndef MBOX_LOCK_H
#define MBOX_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"

enum {
	MBOX_LOCK_PATH = 4096,
	MBOX_FROM = 400			/* a "From " line, with its line end */
};

/* These bytes of the mbox, and the line that they begin with. */
struct mbox_piece {
	uint64_t from, to;		/* to 0: there is no piece */
	char first[MBOX_FROM];
};

struct mbox_lock {
	char path[MBOX_LOCK_PATH];	/* "": there can be none */
	int fd;				/* of that file; -1: it is not ours */
	struct mbox_piece left;		/* by a run that was killed */
};

void mbox_lock_of(struct mbox_lock *, const char *mbox);

/*
 * 1 it is ours, or the folder is not ours to make one in; 0 another program has
 * it; -1 a killed run of ours left it, and it cannot be taken over: errno.  Such
 * a one does not count else, nor any that nobody has touched for five minutes.
 * mbox, the open file, may be locked after it, by fcntl(2).
 */
int mbox_lock_try(struct mbox_lock *, int mbox);

/* Is it still there?  Somebody may have taken it for stale. */
bool mbox_lock_ours(const struct mbox_lock *);

/*
 * In the place of what was noted before: about to be appended; or NULL.  It
 * counts until the lock is dropped or the machine starts anew, for such a lock
 * may have come back from the disk.  EX_IOERR; without a lock nothing is noted.
 */
int mbox_lock_note(struct mbox_lock *, const struct mbox_piece *,
    struct err *);

void mbox_lock_drop(struct mbox_lock *);
/* Instead: it stays, and who finds it when we are no more does what it says. */
void mbox_lock_leave(struct mbox_lock *);

/* The folder that a file is in; -1 where its name has no room. */
int mbox_lock_folder(const char *path, char *dir, size_t cap);

#endif
