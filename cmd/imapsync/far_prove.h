/* far_prove.h: are the copies there that COPYUID does not vouch for? */
#ifndef FAR_PROVE_H
#define FAR_PROVE_H

#include "far_check.h"
#include "imap_set.h"

struct box;
struct link;

/*
 * After a COPY of c->n messages of b, which is selected, to another mailbox:
 * sure are those that have a copy there, under UIDs that were not given before
 * it.  A copy has the same ident and size, as the server says of both, and
 * stands for one message.  0; 1 one that is in b still has none, and l->imap's
 * text says so; -1.  Some round trips.
 */
int far_prove(struct link *, struct box *b, const char *to,
    const struct far_copy *c, struct imap_uids *sure);

#endif
