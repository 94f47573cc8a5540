/* bare.h: a message without the header lines that other programs add to it */
#ifndef BARE_H
#define BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"

enum { BARE_LONGEST = 14 };	/* a name of those fields; see bare.c */

/*
 * Takes a message's wire form in pieces.  Two messages with one digest and one
 * size are the same, but for what mbsync, offlineimap and mbox files have put
 * into their headers, and for CR, NUL and the byte 0x80.
 */
struct bare {
	uint64_t size;		/* without those lines and bytes */
	/* private */
	struct digest *d;
	enum { BARE_START, BARE_NAME, BARE_KEEP, BARE_DROP, BARE_BODY } state;
	bool dropped;		/* the field before was: its folds are, too */
	char name[BARE_LONGEST + 1];
	size_t n;
};
void bare_begin(struct bare *);
int bare_put(void *bare, const void *, size_t, struct err *);	/* a sink */
/* SHA-256; false: OpenSSL has none. */
bool bare_end(struct bare *, unsigned char md[32]);

#endif
