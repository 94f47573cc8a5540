/* sync.h: the order of a run */
#ifndef SYNC_H
#define SYNC_H

struct run;

/* Both sides are made the same, mailbox by mailbox; -1, r->e. */
int sync_run(struct run *);

#endif
