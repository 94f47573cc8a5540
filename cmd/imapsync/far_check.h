/* far_check.h: has a server done what it said OK to? */
#ifndef FAR_CHECK_H
#define FAR_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imap_set.h"
#include "mark.h"
#include "str.h"

struct act;
struct box;
struct imap;

/*
 * Some servers, and what stands between them and us, answer OK and do nothing.
 * All are about messages of the selected mailbox, by ascending UID, and cost
 * one round trip.  0; 1 it has not, m->text says so; -1.  What it does not
 * tell is taken as done, but for a COPY.
 */
int far_check_gone(struct imap *m, struct box *, const uint32_t *uids,
    size_t n);
/* Those that are there have \Deleted? */
int far_check_marked(struct imap *m, struct box *, const uint32_t *uids,
    size_t n);
/* 1: "the server said OK, and ", and this. */
int far_check_not(struct imap *, const char *what);
/* ACT_FAR_FLAGS: those that have not the flags have failed then. */
int far_check_flags(struct imap *m, struct box *, struct act **, size_t n);

/*
 * A COPY or MOVE of some messages to another mailbox, and what COPYUID (RFC
 * 4315) has said of it.
 */
struct far_copy {
	const uint32_t *uids;		/* asked for; sorted, the caller's */
	size_t n;
	struct mark was, now;		/* the other mailbox before, and after */
	uint64_t uidvalidity;		/* of it, as COPYUID says */
	struct imap_uids from, to;	/* in pairs; none: it has said nothing */
};

/*
 * Can it be so?  Those that COPYUID names were asked for, once, and their
 * copies are new and there.  Where it names none, see far_prove.  now is asked
 * for if it has no UIDNEXT.
 */
int far_check_copy(struct imap *, struct str to, struct far_copy *);

#endif
