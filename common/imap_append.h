/* imap_append.h: APPEND (RFC 3501, 3502, 3516, 7888) of a stream of bytes */
#ifndef IMAP_APPEND_H
#define IMAP_APPEND_H

#include <time.h>

#include "imap.h"

/*
 * Several messages in one command where IMAP_MULTIAPPEND is there (RFC 3502:
 * all or none):
 *
 *	imap_append_begin(m, name);
 *	for each message:
 *		imap_append_one(m, &head);   1 go on, 0 refused, -1
 *		imap_append_put(m, ...)      head.size bytes in all
 *	tag = imap_append_end(m);
 *	... imap_next until imap_done(&r, tag); imap_appended(m, &r, ...)
 *
 * imap_append_one waits for the server's "+" only where neither LITERAL+ nor
 * (up to 4096 bytes) LITERAL- lets it go on (RFC 7888).  Then nothing else may
 * be under way but what imap_append_others hears, and what the server says of
 * the selected mailbox meanwhile is lost.  When it returns 0 the command has been answered already: NO, m->text;
 * nothing was stored.
 * binary: literal8 (RFC 3516), for bytes that hold NUL; only with
 * IMAP_BINARY.  flags as "\Seen $Forwarded" or "".  date 0: now.  size is
 * not 0: an empty literal calls all of it off (RFC 3502 section 6.3.11).
 */
struct imap_append {
	const char *flags;
	time_t date;
	uint64_t size;
	bool binary;
};
/*
 * Tagged answers to commands before, one by one, while imap_append_one waits;
 * hear says nothing to the server; -1 ends it.  NULL: no more.
 */
void imap_append_others(struct imap *, int (*hear)(void *of,
    struct imap_resp *), void *of);
int imap_append_begin(struct imap *, struct str name);
int imap_append_one(struct imap *, const struct imap_append *);
/* Would it wait for a literal of that size?  Then hear what is under way. */
bool imap_append_waits(const struct imap *, uint64_t size);
/* A sink (conn.h); the clock runs anew for each piece of 64 KB. */
int imap_append_put(void *imap, const void *, size_t, struct err *);
/* The tag; 0 if bytes are missing, which ends as imap_append_abort does. */
unsigned imap_append_end(struct imap *);

/*
 * Gives up in the middle of an APPEND: the connection cannot be used any
 * more (a literal is owed) and is failed with EX_TEMPFAIL.  Nothing is
 * stored of it.  -1.
 */
int imap_append_abort(struct imap *, const char *why);

#endif
