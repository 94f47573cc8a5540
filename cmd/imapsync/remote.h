/* remote.h: what changed in a mailbox on the server */
#ifndef REMOTE_H
#define REMOTE_H

#include "imapsync.h"

struct box;
struct line;
struct run;

/*
 * A mailbox of which STATUS says what the state does is not selected: it is
 * believed to be as it was.
 */
void remote_believe(struct box *);
/* Of all with look that are not believed: far_v, gone, seen. */
int remote_look(struct run *);
/*
 * Selects one that is believed: 0 it is as it was, and can store what the
 * plan has for it; 1 it is not (stale), or cannot be selected (failed); -1.
 */
int remote_confirm(struct line *, struct box *);
/* Idents and flags of these messages into far_v.  -1. */
int remote_idents(struct line *, struct box *, const uint32_t *uids,
    size_t n);

/* Does a deletion there move the message to the trash? */
bool far_to_trash(const struct box *);
/* Does it leave the message, marked with \Deleted? */
bool far_marks(const struct box *);

#endif
