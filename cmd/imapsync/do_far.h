/* do_far.h: what a plan has for the server, but for uploads */
#ifndef DO_FAR_H
#define DO_FAR_H

struct box;
struct link;

/*
 * All of a kind, of a mailbox that is selected for writing.  A refusal of the
 * server is told, and the mailbox has failed; -1 is the connection or a disk.
 */
int do_far_flags(struct link *, struct box *);
int do_far_moves(struct link *, struct box *);
int do_far_purge(struct link *, struct box *);
int do_far_deletes(struct link *, struct box *);

#endif
