/* look.h: a mailbox on this side: its state and its Maildir, joined */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>

struct box;
struct stamp;

int look_open(struct box *);	/* state and Maildir */
int look_scan(struct box *);	/* the Maildir, joined with the state */
/* The Maildir as it is now, against the state: does it say the same? */
bool look_settled(struct box *, struct stamp *);

#endif
