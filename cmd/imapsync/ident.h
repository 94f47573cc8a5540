/*
 * ident.h: who a message is, in 64 bits
 *
 * A hash, never 0, of its Message-ID, Date, From and Subject fields: unfolded,
 * trimmed, blanks one, without controls, each with its name, sorted by name.
 * It is the same from a file, from the wire, and from HEADER.FIELDS.
 */
#ifndef IDENT_H
#define IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

enum { IDENT_FIELDS = 4, IDENT_LONGEST = 10 };

/*
 * Header lines, byte by byte.  Of a value neither folds nor the number of
 * blanks count, nor controls: CR, because files do not have it, and NUL,
 * which some servers make 0x80.
 */
struct ident {
	enum { IDENT_START, IDENT_NAME, IDENT_COLON, IDENT_VALUE, IDENT_SKIP,
	    IDENT_DONE } state;
	uint64_t hash[IDENT_FIELDS];
	int which;		/* field, or -1 */
	char name[IDENT_LONGEST];
	size_t n;
	bool cr;		/* the line begins with one */
	bool blank, some;	/* of the value */
	bool named;		/* it has a Message-ID that says something */
};
void ident_begin(struct ident *);
/* Some more of the header; what is behind its empty line is ignored. */
void ident_put(struct ident *, const char *, size_t);
bool ident_done(const struct ident *);	/* that line has come */
uint64_t ident_end(const struct ident *);

/* The ident of header lines, as HEADER.FIELDS brings them. */
uint64_t ident_of(struct str head);
/* Is it that of no header at all, or of one without any of these fields? */
bool ident_none(uint64_t ident);
/* Has it a Message-ID?  Else it is that of all with such a header. */
static inline bool
ident_sure(uint64_t ident)
{
	return (ident & 1) != 0;
}

#endif
