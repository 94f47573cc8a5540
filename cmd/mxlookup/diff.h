/* diff.h: --diff: what has changed since an earlier output */
#ifndef DIFF_H
#define DIFF_H

#include <stdbool.h>

#include "fail.h"
#include "opt.h"
#include "str.h"

struct diff;

/*
 * Reads where the objects of an earlier -j are; the file stays open.  EX_USAGE
 * if it is no regular file, EX_DATAERR if it has none.
 */
struct diff *diff_open(const char *path, struct err *);

/* NULL is well.  -1 if the file could not be read again while it was used. */
int diff_close(struct diff *, struct err *);

/* The names in it, in order, as they were given. */
const struct opt_list *diff_names(const struct diff *);

/* What there is of a name: an object of -j, a line without its end. */
enum diff_verdict {
	DIFF_SAME,
	DIFF_CHANGED,
	DIFF_UNKNOWN,		/* nothing changed, and not all was known */
};

/*
 * Compares the object of a name with the earlier one and appends what differs:
 * a line each, or one object if json.
 */
enum diff_verdict diff_tell(struct diff *, const char *in, struct str now,
    bool json, struct buf *out);

#endif
