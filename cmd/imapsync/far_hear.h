/* far_hear.h: what a server says of a mailbox, noted */
#ifndef FAR_HEAR_H
#define FAR_HEAR_H

#include "far_ask.h"

/*
 * The answers to all that was asked from that one on.  A refusal is noted, in
 * the look or as the mailbox's failure; -1 is the connection.
 */
int far_hear(struct far_look *, struct imap *, size_t from);
/* Told, and failed: nothing is concluded of this mailbox.  0. */
int far_hear_unusable(struct box *, const char *why);
/*
 * A list of flags as bits; keywords in it are in the state from here on.  For
 * any thread.
 */
uint64_t far_hear_flags(struct box *, struct str words, struct err *);
/* Drops all that searches have found so far. */
void far_hear_forget(struct far_look *);
enum { FAR_IDENTS = 8192 };		/* messages asked for at once */
/*
 * Asks new messages, FAR_IDENTS at a time, for their idents and flags.  Who
 * answers is in far.v.  -1.
 */
int far_hear_idents(struct link *, struct box *, const uint32_t *uids,
    size_t n);
/* The same for their flags alone: ident and size are 0. */
int far_hear_marks(struct link *, struct box *, const uint32_t *uids,
    size_t n);
/* The same for flags, size and date: ident is 0. */
int far_hear_facts(struct link *, struct box *, const uint32_t *uids,
    size_t n);

#endif
