/*
 * added.h: the fields that --add-header puts in front of a message
 *
 * They say when it came, so that they are others at the next time: a message
 * with them is known again by the bytes that came, as behind a filter.
 */
#ifndef ADDED_H
#define ADDED_H

#include "place.h"

/* Each must be a field that is known here, once.  EX_USAGE. */
int added_check(const struct options *, struct err *);

/* Are there any?  Appended, lines ending in LF: it came now, to host. */
bool added_any(const struct options *);
void added_fields(struct buf *, const struct handed *, time_t now,
    const char *host);

#endif
