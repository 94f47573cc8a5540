/* dkim_canon.h: canonical forms of header and body (RFC 6376 section 3.4) */
#ifndef DKIM_CANON_H
#define DKIM_CANON_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum dkim_canon { DKIM_SIMPLE, DKIM_RELAXED };

/*
 * Appends a header field, "Name: body" with its folds and without its last
 * line end, in canonical form; without a last CRLF, which the signature's own
 * field has not.  A bare LF is a line end.
 */
void dkim_canon_field(enum dkim_canon, struct str field, struct buf *);

/*
 * The SHA-256 of a body that comes in pieces, of any size: memory is flat.  A
 * bare LF is a line end, as files have it; a bare CR is a byte like others.
 */
struct dkim_body {
	enum dkim_canon canon;
	uint64_t limit;		/* bytes that are hashed: l=, or UINT64_MAX */
	uint64_t size;		/* canonical bytes, hashed or not; at the end */

	/* Private. */
	struct digest *digest;
	uint64_t ends;		/* line ends held back: the body may end here */
	bool blank;		/* blanks held back: the line may end here */
	bool cr;		/* a CR held back: it may be of a line end */
	struct buf out;		/* not hashed yet */
};
void dkim_body_begin(struct dkim_body *, enum dkim_canon, uint64_t limit);
void dkim_body_put(struct dkim_body *, const char *, size_t);

/* Frees it in any case; false: the digest is not to be had. */
bool dkim_body_end(struct dkim_body *, unsigned char md[32]);

#endif
