/*
 * roster.h: the folders of an account, from one run of a watch to the next
 *
 * A run that looked at all of them leaves their names here, and what STATUS
 * said of each.  A later run of the same connection takes them from here where
 * nobody has told of a change, and asks no server.
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "imap_read.h"
#include "mark.h"
#include "mem.h"
#include "table.h"

struct imap;
struct run;

struct roster_box {
	const char *name, *path;	/* as in struct box */
	const char *use;		/* or NULL */
	bool far, near;			/* it is on that side */
	bool told;			/* it has changed there, says the server */
	bool heard;			/* a STATUS came since roster_deaf */
	struct mark last;		/* what the server said of it last */
};

struct roster {				/* start with { 0 } */
	struct arena arena;
	struct roster_box *v;		/* sorted as the run's */
	size_t n;
	struct table name;		/* of v */
	const char *trash;
	char sep;
	bool whole;			/* it is known; else all must be found */
};

/* All of a run that found them; what was known before is forgotten. */
void roster_take(struct roster *, const struct run *);
/*
 * The run's mailboxes, from here.  Those that were told of are as not counted;
 * they are told of no more.  1: a Maildir is not where it was, find all.
 */
int roster_give(struct roster *, struct run *);
/* The run is over: what it heard of each mailbox is what the server said last. */
void roster_heard(struct roster *, const struct run *);
/*
 * A STATUS that came unasked, with its items still to be read: 1 it says that
 * something has changed since the last one, 0 not; 2 nobody knows the mailbox.
 * -1.
 */
int roster_status(struct roster *, struct imap *, const struct imap_resp *);
/* The selected one is as the server said now: has it changed? */
bool roster_selected(struct roster_box *, const struct imap *);
/* From here on a STATUS of each is waited for; so many of them have none. */
void roster_deaf(struct roster *);
size_t roster_unheard(const struct roster *);
void roster_free(struct roster *);

/* One item of a STATUS, if it is a number that a mark has (RFC 9051, 7.3.4). */
void roster_take_number(struct mark *, const struct imap_item *);
/* All of one; what it has not is as before.  0, -1. */
int roster_take_items(struct imap *, struct mark *);

#endif
