/*
 * pattern.h: patterns of folders, with one meaning for all tools
 *
 *	struct pattern p = { 0 };
 *
 *	for each pattern, without the "!" in front of it
 *		pattern_take(&p, with_it, pattern_fits(pattern, name, sep));
 *	... p.yes ...
 */
#ifndef PATTERN_H
#define PATTERN_H

#include "str.h"

/*
 * Does one pattern mean the name?  "*" is anything, "%" anything within one
 * level (RFC 3501 6.3.8), "/" the server's separator, whatever that is; sep
 * is NUL where there is none.  A first part INBOX has no case.  Costs their
 * lengths' product at most.
 */
bool pattern_fits(struct str pattern, struct str name, char sep);

/*
 * Of several the last that fits decides: yes, or no if it has a "!".  If none
 * does, it is yes where the first one has a "!".
 */
struct pattern {
	bool yes;
	bool begun;
};
void pattern_take(struct pattern *, bool no, bool fits);

#endif
