/* near.h: a mailbox on this side: its state and its Maildir, joined */
#ifndef NEAR_H
#define NEAR_H

#include <stdbool.h>
#include <stdint.h>

struct box;
struct err;
struct outgo;
struct stamp;

int near_open(struct box *);	/* state and Maildir */
int near_scan(struct box *);	/* the Maildir, joined with the state */
/*
 * Who a file is: its ident by its header, or with whole all of the outgo.  -1,
 * and EX_NOINPUT if it vanished.
 */
int near_look(const struct box *, uint32_t file, bool whole, struct outgo *,
    struct err *);
/* Is the Maildir as it is now what the state says? */
bool near_settled(struct box *, struct stamp *);

#endif
