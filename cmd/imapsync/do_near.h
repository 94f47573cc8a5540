/* do_near.h: what a plan has for this side, and for the state alone */
#ifndef DO_NEAR_H
#define DO_NEAR_H

struct act;
struct box;

/*
 * All that is about the state alone: pairs, orphans, what is gone on both
 * sides, flags that both have.
 */
int do_near_state(struct box *);
/* All flags of files; durable, and in the state. */
int do_near_flags(struct box *);
/* One file into another Maildir; the same. */
int do_near_move(struct box *, struct act *);
/* All files that go. */
int do_near_deletes(struct box *);

#endif
