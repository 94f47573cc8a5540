/* imapbox_private.h: one folder, for the files that are about it */
#ifndef IMAPBOX_PRIVATE_H
#define IMAPBOX_PRIVATE_H

#include "message.h"

enum { IMAPBOX_SET = 7000 };	/* bytes of a set of UIDs in one command */

struct box {
	struct run *r;
	struct imap *m;
	const char *folder;
	char sep;		/* between the parts of its name, or NUL */
	struct key key;		/* of the folder and its UIDVALIDITY */
	uint32_t mark;
	uint32_t *uids;		/* what SEARCH found over the mark; once that
				   is planned, what is wanted of it */
	size_t n;
	size_t found;		/* by the last search, be it old */
	uint32_t top;		/* the last one that it found; 0: none */
	uint32_t last;		/* of those over the mark */
	uint32_t head;		/* up to here all were done before */
	uint32_t left;		/* the first that is left there, or 0 */
	bool refused;		/* a FETCH was: that was said */
	bool all_alone;		/* SEARCH finds nothing by UIDs, but by ALL */
};

/* UIDNEXT; 0: it is not known, or nonsense. */
uint32_t imapbox_next(const struct box *);
/* Of a message: its key in the state, and what is known before it comes. */
struct key imapbox_key(const struct box *, uint32_t uid);
struct message imapbox_message(const struct box *, uint32_t uid);

/*
 * Into uids, which are the box's: what the server lists over the mark and
 * --search and the like let through.  A message that is there and not listed
 * is said.
 */
int imapbox_find(struct box *);
/* --list, --check, --dry-run. */
int imapbox_look(struct box *);

#endif
