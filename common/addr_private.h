/* addr_private.h: what the two parsers of addresses share */
#ifndef ADDR_PRIVATE_H
#define ADDR_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

struct err;

/* A text under examination: positions in messages count from its start. */
struct addr_in {
	struct str s;
	struct err *e;
	size_t shown;		/* so much of s stands in messages; 0: all */
};

/* "a@b..c: what is wrong (position 5)", at being 4; returns -1. */
int addr_bad(const struct addr_in *, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The byte or character at i in words. */
const char *addr_glyph(char buf[24], const struct addr_in *, size_t i);

/*
 * Is the whole text UTF-8 without controls?  Before anything else looks at
 * it.  invisibles: what only looks like nothing may be in it, as in a name.
 */
int addr_clean(const struct addr_in *, bool invisibles);

/* RFC 5322 3.2.3, and RFC 6532 */
bool addr_atext(char c);

#endif
