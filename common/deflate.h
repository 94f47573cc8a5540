/* deflate.h: raw DEFLATE between a fifo and a fifo, both ways (RFC 1951) */
#ifndef DEFLATE_H
#define DEFLATE_H

#include <stdbool.h>

#include "fifo.h"

/* from and to are the caller's to fill and to empty; the rest is private. */
struct deflate {
	struct fifo from;	/* compressed, came in */
	struct fifo to;		/* compressed, to go out */
	bool more, held;	/* zlib has more than there was room for */
	struct deflate_zlib *z;
};

/* Whether this was built with zlib. */
bool deflate_here(void);
const char *deflate_version(void);	/* zlib's; NULL: without */

/* The maxima of from and to, in bytes.  NULL without zlib. */
struct deflate *deflate_new(size_t from, size_t to);

/*
 * The bytes of from, decompressed, to the end of in, in steps of at most step
 * bytes, until one of them has no room or no more.  -1: not DEFLATE.
 */
int deflate_in(struct deflate *, struct fifo *in, size_t step);

/*
 * Takes all of out, compressed, to the end of to: whole, so that the other
 * side sees it.  False if there was nothing, or no room: empty to and call
 * again until false.
 */
bool deflate_out(struct deflate *, struct fifo *out, size_t step);

void deflate_free(struct deflate *);	/* or NULL */

#endif
