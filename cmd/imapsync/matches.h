/*
 * matches.h: which file here and which message there are the same one
 *
 * No I/O: who calls says what is known of each, and is asked for more where
 * that does not decide.
 */
#ifndef MATCHES_H
#define MATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"

struct box;

/* A file here, or a message there, that looks for its other half. */
struct match {
	uint64_t ident;
	uint64_t base;		/* of a file: flags once agreed; UINT64_MAX */
	uint32_t size;		/* on the wire; of a file 0: not known yet */
	uint32_t at;		/* the file's place, or the message's UID */
	uint32_t says;		/* of a stub: the UID that is in it, or 0 */
	bool sent;		/* of a file: it was uploaded by us once */
	bool stub;		/* of a file: size is the message's, or 0 */
	bool taken;		/* of a message: it is in a pair by its bytes */
	bool digested;		/* md is known, and size is as bare.h's */
	unsigned char md[32];	/* SHA-256, as bare.h has it */
};

/* All that look for one; the arrays are the caller's, and get sorted. */
struct matches {
	struct match *near, *far;
	size_t nnear, nfar;
	/* the group that matches_next found: all have one ident */
	struct match *here, *there;
	size_t nhere, nthere;
	bool sure;	/* nothing but the bytes decides: few are to be asked */
};

/* The next ident that both sides have; false: no more. */
bool matches_next(struct matches *);
/*
 * Do only the bytes decide in this group?  All sizes are known by now; if so,
 * each is to be digested.  One that could not be is not paired.
 */
bool matches_tied(const struct matches *);
/* The pairs of this group, appended. */
void matches_settle(struct matches *, struct pairs *);

void matches_pair(struct pairs *, uint32_t near, uint32_t uid, uint64_t base);
/* One byte each: is that one of n files in a pair? */
unsigned char *matches_taken(const struct pairs *, size_t n);

/* An act that may be half of a move. */
struct half {
	struct box *b;
	size_t act;		/* of b's plan; or the UID of a download */
	uint64_t key;		/* inode, hash of the name, or ident */
	uint64_t ident;		/* of a new file, once it was read; or 0 */
	uint64_t size;		/* of it, if it was read whole; else 0 */
};

struct halves {
	struct half *v;		/* malloced */
	size_t n, cap;
};

void matches_add(struct halves *, struct box *, size_t act, uint64_t key);
void matches_sort(struct halves *);
/* Of sorted ones, the first with this key or a higher one. */
size_t matches_find(const struct halves *, uint64_t key);

#endif
