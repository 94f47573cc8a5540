/*
 * spool.h: messages that wait on the disk, one directory each
 *
 *	SPOOL/UID/ID/mail	what was accepted; never changed again
 *	SPOOL/UID/ID/state	what became of it so far; there may be none
 *
 * SPOOL belongs to who sends.  It may be his alone, or let others make folders
 * in it without looking around (mode 3733): each user has one there, named by
 * the uid, and its owner is who has submitted what is in it.  Nothing but a
 * directory of that owner's, with a regular file of his that has one link, is a
 * message; all else is named and left alone.  A name with a dot in front is of a
 * message that is still being written.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fail.h"
#include "mem.h"
#include "str.h"

/* What each uid may have there; of what is over it nothing is taken. */
enum { SPOOL_MESSAGES = 1000, SPOOL_ID = 40 };
#define SPOOL_BYTES (UINT64_C(1) << 30)

struct spool {
	struct arena *arena;
	const char *path;
	bool there;
	bool ours;		/* we see all of it, and send it */
	bool shared;		/* the group of the spool has part in all */
	uid_t owner;
	struct spool_use *use;	/* private: what we have in it */
};

/*
 * Looks at it; make: makes it (mode 0700) if it is not there.  It lives in the
 * arena.  EX_CANTCREAT, EX_CONFIG if it is no directory.
 */
int spool_open(struct spool *, struct arena *, const char *path, bool make,
    struct err *);

/*
 * Makes our own folder in it, durably: before the sandbox, from which that cannot
 * be done.  EX_CANTCREAT, EX_IOERR.
 */
int spool_own(const struct spool *, struct err *);

/* ---- accepting */

struct spool_new {
	const struct spool *spool;
	char id[SPOOL_ID];
	int fd;			/* of mail: write to it */
	int box, dir;		/* private, as is the rest */
	bool free;		/* of the limits */
	char temp[SPOOL_ID + 8];
};

/*
 * A new message: it is there from spool_commit on, which has returned 0 if it
 * is durable; else there is none, or the error says that it cannot be taken
 * back.  It may begin with a state.  id is the one it is to have, for what must
 * not be there twice and does not count for the limits; or NULL.  EX_TEMPFAIL
 * over a limit.  Either spool_commit or spool_cancel closes it.
 */
int spool_begin(struct spool_new *, const struct spool *, const char *id,
    struct err *);
int spool_new_state(struct spool_new *, struct str, struct err *);
int spool_commit(struct spool_new *, struct err *);
void spool_cancel(struct spool_new *);

/* ---- what is there */

struct spool_entry {
	const char *box;	/* the folder in the spool */
	const char *id;		/* and in that one */
	uid_t uid;		/* who submitted it */
	uint64_t bytes;
	const char *bad;	/* why it is none of ours to send; or NULL */
};

struct spool_list {
	struct spool_entry *v;
	size_t n, cap;
};

/*
 * All that we may see, the oldest first of each uid; if the spool is not ours
 * what is in our own folder.  What a crash left half written is removed.
 */
int spool_find(struct spool_list *, const struct spool *, struct err *);

/* One that is open.  No other process has it, too, if it was taken. */
struct spool_item {
	const struct spool *spool;
	const struct spool_entry *entry;
	int box, dir, mail;
};

/*
 * 1 it is open; 0 it is gone, or another has it; -1 EX_DATAERR: no message.
 * spool_look is for reading alone, whoever has it.  spool_close if it was 1.
 */
int spool_take(struct spool_item *, const struct spool *,
    const struct spool_entry *, struct err *);
int spool_look(struct spool_item *, const struct spool *,
    const struct spool_entry *, struct err *);
void spool_close(struct spool_item *);

/* The text of its state, appended: 1; 0 there is none; -1. */
int spool_state(const struct spool_item *, struct buf *, struct err *);

/* Another state, durably; -1: it may be the old or the new one. */
int spool_set_state(const struct spool_item *, struct str, struct err *);

/* It is done: gone, durably, before anything else of it is. */
int spool_remove(const struct spool_item *, struct err *);

#endif
