/*
 * meant.h: TXT records that were meant for something and do not count
 *
 * Who chooses records by their first bytes sees none where one is nearly
 * right.  Here a text is told apart that counts, that was meant and does not,
 * and that is something else.
 */
#ifndef MEANT_H
#define MEANT_H

#include "dns_answer.h"
#include "mem.h"
#include "str.h"

enum meant { MEANT_SPF, MEANT_DMARC, MEANT_STS, MEANT_TLSRPT, MEANT_BIMI };

/* Does it count, as those who use such records choose them? */
bool meant_counts(enum meant, struct str text);

/*
 * Why a record does not count that was meant to, a phrase in the arena; NULL:
 * it counts, or is something else.
 */
const char *meant_why(struct arena *, enum meant, const struct dns_rr *);

/*
 * Such a record as it was meant, where that is plain: without what stands before
 * it, in the right case.  p NULL: it is not plain.
 */
struct str meant_mended(struct arena *, enum meant, struct str text);

#endif
