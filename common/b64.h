/* b64.h: base64 (RFC 4648 section 4) */
#ifndef B64_H
#define B64_H

#include "str.h"

/* Bytes that n bytes become, without a NUL. */
#define B64_LEN(n) (((n) + 2) / 3 * 4)

/* Encodes n bytes to dst, which has room for B64_LEN(n); that many come. */
size_t b64_encode(char *dst, const void *src, size_t n);

/* Appends the encoding of s. */
void b64_put(struct buf *, struct str s);

/*
 * Appends the decoding of s.  Strict: padded, no blanks, no stray bits
 * (RFC 4648 section 3.5).  -1 and nothing appended if it is not base64.
 */
int b64_get(struct buf *, struct str s);

#endif
