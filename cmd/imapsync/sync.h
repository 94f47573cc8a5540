/* sync.h: the order of a run */
#ifndef SYNC_H
#define SYNC_H

struct roster;
struct run;

/*
 * Both sides are made the same, mailbox by mailbox; -1, r->e.  Which there are
 * is the roster's if it is whole, and else found and noted there; NULL: found.
 */
int sync_run(struct run *, struct roster *);

#endif
