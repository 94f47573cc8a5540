/* far_check.h: has a server done what it said OK to? */
#ifndef FAR_CHECK_H
#define FAR_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"

struct act;
struct box;
struct imap;

/*
 * Some servers, and what stands between them and us, answer OK and do nothing.
 * All are about messages of the selected mailbox, by ascending UID, and cost
 * one round trip.  0; 1 it has not, m->text says so; -1.  What it does not
 * tell is taken as done.
 */
int far_check_gone(struct imap *m, struct box *, const uint32_t *uids,
    size_t n);
/* Those that are there have \Deleted? */
int far_check_marked(struct imap *m, struct box *, const uint32_t *uids,
    size_t n);
/* ACT_FAR_FLAGS: those that have not the flags have failed then. */
int far_check_flags(struct imap *m, struct box *, struct act **, size_t n);

/*
 * Has a COPY brought n messages to a mailbox, though it did not say which?  By
 * its UIDNEXT, which was this before; 0: that is not known.
 */
int far_check_copied(struct imap *m, struct str to, uint64_t uidnext,
    size_t n);

#endif
