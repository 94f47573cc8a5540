/* utf7.h: mailbox names in modified UTF-7 (RFC 3501 section 5.1.3) */
#ifndef UTF7_H
#define UTF7_H

#include "str.h"

/* Appends UTF-8 as modified UTF-7.  -1 if it is not UTF-8. */
int utf7_encode(struct buf *, struct str);

/*
 * The other way.  -1, and nothing appended, for what is not canonical: bytes
 * over 0x7f, stray bits, "&" runs that were not needed, lone surrogates.
 */
int utf7_decode(struct buf *, struct str);

/* Appends a character, which is one, as UTF-8. */
void utf7_put_utf8(struct buf *, uint32_t);

#endif
