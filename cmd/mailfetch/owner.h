/*
 * owner.h: whose messages they are that a state knows
 *
 * A user's at a host and a port.  The ports of the protocols' own are one, and
 * a host is the same in capitals and with a dot at its end.  Behind another port
 * may be the same server, as by a tunnel, or one that calls its messages alike:
 * that is told by what they hold.
 */
#ifndef OWNER_H
#define OWNER_H

#include "account_url.h"
#include "mem.h"
#include "state.h"

struct owner {
	const char *keyed;	/* what the keys of its messages are made with */
	const char *like;	/* of who has the other port; NULL: decided */
	uint32_t number_like;
	struct entry record;	/* says that, once it is in the state */
	bool recorded;
};

/* The host in lower case, without a dot at its end. */
const char *owner_host(struct arena *, const char *host);

/*
 * From the state that was read; from now on what is put there is this owner's.
 * A state of a version that knew no owners has the messages of whoever opens it
 * first.
 */
void owner_find(struct owner *, struct state *, struct arena *,
    const struct account_server *, const char *user);
/* It is the one of the other port; or another one. */
void owner_decide(struct owner *, struct state *, bool same);
/*
 * What this owner's places have is had, and no reason to delete it: for who has
 * numbers alone, of IMAP, to go by.  How many to *n.
 */
int owner_distrust(const struct owner *, struct state *, uint64_t *n,
    struct err *);
/* Into the state, when it can be written; not before it is decided. */
int owner_record(struct owner *, struct state *, struct err *);

#endif
