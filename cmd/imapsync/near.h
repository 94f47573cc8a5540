/* near.h: a mailbox on this side: its state and its Maildir, joined */
#ifndef NEAR_H
#define NEAR_H

#include <stdbool.h>

struct box;
struct stamp;

int near_open(struct box *);	/* state and Maildir */
int near_scan(struct box *);	/* the Maildir, joined with the state */
/* Is the Maildir as it is now what the state says? */
bool near_settled(struct box *, struct stamp *);

#endif
