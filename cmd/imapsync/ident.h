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
#include <stdint.h>

#include "str.h"

/* The ident of header lines, as HEADER.FIELDS brings them. */
uint64_t bytes_ident(struct str head);
/* Has it a Message-ID?  Else it is that of all with such a header. */
static inline bool
bytes_sure(uint64_t ident)
{
	return (ident & 1) != 0;
}

#endif
