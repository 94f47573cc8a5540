/* imap_set.h: sets of UIDs as IMAP writes them, "1:4,7", and as arrays */
#ifndef IMAP_SET_H
#define IMAP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

/*
 * "1:4,7": 1 and the next range, lo <= hi; 0 at the end; -1 malformed.  "*"
 * is UINT32_MAX.
 */
int imap_set_next(struct str *, uint32_t *lo, uint32_t *hi);

/* Appends sorted UIDs from *at on, about max bytes at most, and moves *at. */
void imap_set_put(struct buf *, const uint32_t *uids, size_t n, size_t *at,
    size_t max);

/* UIDs, growing; sorted and without doubles after imap_uids_sort. */
struct imap_uids {
	uint32_t *v;		/* free(3) it */
	size_t n, cap;
};
void imap_uids_add(struct imap_uids *, uint32_t);
/* The same of one that may be there, be it said a million times. */
void imap_uids_note(struct imap_uids *, uint32_t);
void imap_uids_sort(struct imap_uids *);
bool imap_uids_has(const struct imap_uids *, uint32_t);	/* sorted */

/*
 * Adds a set, all of it or nothing: 0; 1 it is malformed, or has "*"; 2 there
 * would be more than most.
 */
int imap_uids_add_set(struct imap_uids *, struct str set, size_t most);

#endif
