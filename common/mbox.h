/*
 * mbox.h: appending to an mbox file, mboxrd quoted, durable, all or nothing
 *
 * mbox_open, mbox_begin for each message, mbox_put, mbox_end; mbox_sync for
 * all of them; mbox_close.  From mbox_open to mbox_close the file is locked,
 * as others lock it: a dotlock and fcntl(2).  A batch that is not to be is
 * taken back with mbox_back.
 */
#ifndef MBOX_H
#define MBOX_H

#include <time.h>

#include "fail.h"
#include "mbox_lock.h"
#include "msg.h"
#include "str.h"

struct mbox {
	const char *path;		/* the caller's */
	struct mbox_lock dotlock;
	int fd;				/* -1: closed */
	uint64_t start, length;		/* before the batch, and now */
	uint32_t batch;			/* see mbox_batch; 0: it has no number */
	struct mbox_piece piece;	/* what is being written, if guarded */
	struct buf out;
	bool begins;			/* at the beginning of a line */
	bool guarded;			/* by mbox_guard */
	bool torn;			/* and cannot be taken back: the lock
					 * stays, for who can */
	bool unsure;			/* see mbox_sync */
	enum { MBOX_WRITES, MBOX_COMPARES, MBOX_DIFFERS } mode;
	uint64_t at;			/* in the file, of what is compared */
};

/*
 * Who "From " lines are from, if nobody else is said.  Nobody else is called
 * so.
 */
#define MBOX_SENDER "mailfetch@localhost"

/* The paths that all this opens: the file, and for its lock its folder. */
struct sandbox;
void mbox_box(const char *path, struct sandbox *);

/* EX_TEMPFAIL if it stays locked for so many seconds. */
int mbox_open(struct mbox *, const char *path, double seconds, struct err *);

/*
 * The same in a folder where others write, too: EX_CANTCREAT unless it is a
 * file of who we act as, which has no other name and is no symbolic link.
 */
int mbox_open_own(struct mbox *, const char *path, double seconds,
    struct err *);

/*
 * A number for what is written from now on, by chance and never 0: it stands in
 * "From " lines that are from nobody, so that mbox_recover knows this batch from
 * another run's, be it of the same account.  0 or -1.
 */
int mbox_batch(struct mbox *, struct err *);

/*
 * After a crash: back to this length, if all that was added is of the batch of
 * this number; 0: of an earlier version, which gave none.  1 done (or nothing to
 * do), 0 somebody else has written since, -1 failed.
 */
int mbox_recover(struct mbox *, uint64_t length, uint32_t batch,
    struct err *);

/*
 * Before mbox_begin, of one message: if we are killed before mbox_sync is done,
 * whoever opens the file next takes back what there is of it, so that it was
 * not delivered.  Not where another program has written behind it, where there
 * is no dotlock, nor when the machine fails.
 */
void mbox_guard(struct mbox *);

/* sender: a reverse-path, or NULL: MBOX_SENDER, with the batch's number. */
int mbox_begin(struct mbox *, const char *sender, time_t, struct err *);
/* Lines end in LF; those of a message become so. */
int mbox_put(struct mbox *, struct str, struct err *);
int mbox_put_msg(struct mbox *, const struct msg *, struct err *);
int mbox_end(struct mbox *, struct err *);
/*
 * If it failed it fails from then on: the kernel tells an error once, and takes
 * what it could not write for written.
 */
int mbox_sync(struct mbox *, struct err *);
/* How long it is with what waits to be written. */
uint64_t mbox_length(const struct mbox *);
/* As long as that was once, in this batch: what waited then waits again. */
void mbox_back(struct mbox *, uint64_t length);
void mbox_close(struct mbox *);

/*
 * Is the message there, whole, durable, and as it was delivered?  1, 0; -1.  It
 * reads all of the file: for who does not know whether a run before delivered it.
 */
int mbox_holds(struct mbox *, const struct msg *, struct err *);

/* The "From " line, with its line end. */
void mbox_from(char dst[MBOX_FROM], const char *sender, time_t);

/*
 * Appends s to out, a ">" in front of each ">*From " that begins a line;
 * *begins says whether s begins one, and is kept up to date.  A line cut in
 * its first bytes between two calls is the caller's fault: cut behind a line
 * end, or after 64 bytes at least.
 */
void mbox_quote(struct buf *out, struct str s, bool *begins);

#endif
