/* near.h: a mailbox on this side: its state and its Maildir, joined */
#ifndef NEAR_H
#define NEAR_H

#include <stdbool.h>
#include <stdint.h>

struct box;
struct err;
struct near_msg;
struct outgo;
struct stamp;

/*
 * State and Maildir; the Maildir's files, joined with the state.  0; 1: it
 * cannot be, which is for box_fault: the others go on; -1: the run ends.
 */
int near_open(struct box *);
int near_scan(struct box *);
/*
 * Who a file is: its ident by its header, or with whole all of the outgo.  -1,
 * and EX_NOINPUT if it vanished.
 */
int near_look(const struct box *, uint32_t file, bool whole, struct outgo *,
    struct err *);
/* Is that file a stub?  One that cannot be read is none. */
bool near_is_stub(const struct box *, const struct near_msg *);
/* Is the Maildir as it is now what the state says? */
bool near_settled(struct box *, struct stamp *);

#endif
