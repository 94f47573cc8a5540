/* pair.h: who is who, when the state cannot tell */
#ifndef PAIR_H
#define PAIR_H

struct box;

int pair_find(struct box *);
/* New on both sides at once: are some of them the same?  1 yes, 0, -1. */
int pair_new(struct box *);
int pair_pending(struct box *);		/* what was in doubt is no more */

#endif
