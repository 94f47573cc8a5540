/* pair.h: who is who, when the state cannot tell */
#ifndef PAIR_H
#define PAIR_H

#include <stdint.h>

struct box;

/*
 * New messages from that UID on say who they are, if they have not yet; see
 * far_hear_idents.  A mailbox that cannot be selected has failed.  0, -1.
 */
int pair_idents(struct box *, uint64_t from);
int pair_find(struct box *);
/* New on both sides at once: are some of them the same?  1 yes, 0, -1. */
int pair_new(struct box *);
/*
 * Ends the doubts.  If a message that may be it does not say who it is, the
 * mailbox has failed, and what is in doubt is asked the next time.
 */
int pair_pending(struct box *);

#endif
