/* far_carry.h: messages go from one mailbox of the server to another */
#ifndef FAR_CARRY_H
#define FAR_CARRY_H

#include <stdbool.h>
#include <stdint.h>

#include "far_check.h"
#include "imap_set.h"

struct box;
struct imap;
struct imap_pieces;

/* What a MOVE, or what stands for it, has done. */
struct far_carried {
	struct far_copy copy;
	/*
	 * Are there for certain; sorted.  Of a piece that was refused, those
	 * that may be: there are as many more.
	 */
	struct imap_uids sure;
	bool cut;		/* the server did less than was asked */
};

void far_carry_free(struct far_carried *);

/*
 * Marks messages \Deleted and, if that is asked for and the server can do it
 * to these alone, expunges them: then the marks are noted before, else when the
 * server shows them, for where it marks alone nobody asks again.  0; 1 refused;
 * -1.
 */
int far_carry_expunge(struct imap *, struct box *, const struct imap_uids *,
    bool expunge);

/*
 * Moves the next piece of the list uids, which p is about: 0; 1 refused; 2
 * there is none; -1.
 */
int far_carry_next(struct imap_pieces *, uint32_t *uids, struct box *,
    const char *to, struct far_carried *);

#endif
