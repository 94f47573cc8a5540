/* far.h: what changed in a mailbox on the server */
#ifndef FAR_H
#define FAR_H

#include "imapsync.h"

struct box;
struct line;
struct run;

/*
 * A mailbox of which STATUS says what the state does is not selected: it is
 * believed to be as it was.
 */
void remote_believe(struct box *);
/* Of all with look that are neither believed nor heard: far_v, gone, seen. */
int remote_look(struct run *);
/*
 * Selects all that are believed and that something is to be done to.  Those
 * that are as they were, and can store what is planned, are heard by that.  The
 * others are not believed any more, and remote_look is for them, unless they
 * have failed.  1: there are such, and what was planned does not hold; 0; -1.
 */
int remote_check(struct run *);
/* Idents and flags of these messages into far_v.  -1. */
int remote_idents(struct line *, struct box *, const uint32_t *uids,
    size_t n);

/* Does a deletion there move the message to the trash? */
bool far_to_trash(const struct box *);
/* Does it leave the message, marked with \Deleted? */
bool far_marks(const struct box *);

#endif
