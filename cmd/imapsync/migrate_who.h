/* migrate_who.h: who the messages of a mailbox are, by header and by digest */
#ifndef MIGRATE_WHO_H
#define MIGRATE_WHO_H

#include <stddef.h>
#include <stdint.h>

#include "imap.h"

/*
 * All UIDs from low (at least 1) on, sorted; free(3) them.  A server that tells
 * of some only, and says so (RFC 9738), begins with the highest, and is asked
 * for those below.  -1: the connection's failure.
 */
int migrate_uids_ask(struct imap *, uint32_t low, uint32_t **uids, size_t *n);

struct migrate_who {
	uint64_t ident;			/* see ident.h */
	uint32_t uid, size;
};
struct migrate_whos {
	struct migrate_who *v;		/* free(3) it */
	size_t n, cap;
};

/* Of these UIDs, sorted; by ident and UID.  -1: the connection's failure. */
int migrate_who_ask(struct imap *, const uint32_t *uids, size_t n,
    struct migrate_whos *);

/* SHA-256 of a body; none: it did not come. */
struct migrate_sum {
	uint32_t uid;
	bool is;
	unsigned char md[32];
};
/*
 * v has UIDs, sorted; the rest is filled in.  loose: line ends and those at the
 * end of the message do not count.
 */
int migrate_sums_ask(struct imap *, struct migrate_sum *v, size_t n,
    bool loose);

#endif
