/* pair.h: who is who, when the state cannot tell */
#ifndef PAIR_H
#define PAIR_H

#include <stdbool.h>
#include <stdint.h>

struct box;

/*
 * New messages from that UID on say who they are, if they have not yet; see
 * far_hear_idents.  A mailbox that cannot be selected has failed.  0, -1.
 */
int pair_idents(struct box *, uint64_t from);
/*
 * All new messages.  Of many the answers are kept for the next run, in a first
 * pairing that may be cut, and where this side gets nothing new; see idents.h.
 * In a mailbox that is known, those have no flags (flags_known) then.
 */
int pair_idents_all(struct box *);
/* Is that new message one that has not said who it is? */
bool pair_unasked(struct box *, uint32_t uid);
int pair_find(struct box *);
/* Has that file the bytes of that message?  Both are read.  1, 0, -1. */
int pair_same(struct box *near, uint32_t file, struct box *far, uint32_t uid);
/* New on both sides at once: are some of them the same?  1 yes, 0, -1. */
int pair_new(struct box *);
/*
 * Ends the doubts.  If a message that may be it does not say who it is, the
 * mailbox has failed, and what is in doubt is asked the next time.
 */
int pair_pending(struct box *);

#endif
