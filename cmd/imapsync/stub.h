/*
 * stub.h: a file that has the header of a message, and not its body
 *
 * All fields of the header, byte for byte, but MIME-Version and Content-*.
 * These become those of a message/external-body by URL (RFC 2046 section
 * 5.2.3, RFC 2017), whose phantom header has the message's own Content-*.
 *
 * The URL is that of the day it was made: a mailbox that is renamed or gets
 * other UIDs, and a message that is moved, leave it as it is.  Who has a record
 * of the file goes by that, and by the URL where there is none.
 */
#ifndef STUB_H
#define STUB_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "mem.h"
#include "str.h"

enum { STUB_HEADER = 16 << 20 };	/* bytes of the longest header */

/* The message that a stub stands for. */
struct stub {
	const char *user, *host;	/* user: NULL if there is none */
	const char *box;		/* UTF-8 */
	uint64_t uidvalidity;
	uint64_t size;			/* of all of it; 0: not known */
	uint32_t uid;
};

/* The stub as on the wire, from the message's header; out is appended to. */
void stub_make(struct buf *out, const struct stub *, struct str header);
/*
 * Is that file a stub of ours?  Its header says so, of whatever account.  1,
 * 0, -1.
 */
int stub_is(int fd, struct err *);
/*
 * The same, and what it says, in the arena: a host of NULL if it has no URL as
 * stub_make writes it.
 */
int stub_read(int fd, struct stub *, struct arena *, struct err *);

/*
 * SHA-256 of a message's own fields, without CR: the same of the stub and of
 * the header that it was made of.  False: the file cannot be read, or there is
 * no SHA-256.
 */
bool stub_sum(int fd, unsigned char md[32]);
bool stub_sum_header(struct str header, unsigned char md[32]);

#endif
