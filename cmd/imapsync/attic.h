/*
 * attic.h: where the files go that are deleted here
 *
 * NEAR.attic, beside the Maildirs, so that who reads or indexes these does not
 * find them; NEAR/.attic where that was there first, or where nothing can be
 * made beside NEAR.  In it YYYYMMDD/PATH-IN-ONE-PART/ (UTC; "/" is %2F, "" is
 * INBOX).
 */
#ifndef ATTIC_H
#define ATTIC_H

#include "fail.h"

struct arena;

struct attic {
	const char *path;	/* the arena's */
	int all;		/* it, open; or -1 */
	struct err why;		/* it cannot be: what is said when needed */
};

/*
 * Opens it, made with mode 0700 if it is not there.  near: an absolute path,
 * or below the working directory; root: it, open.  What goes wrong is why.
 */
void attic_open(struct attic *, struct arena *, const char *near, int root);
/* The folder of today for a Maildir, durably there: the caller's; or -1. */
int attic_today(const struct attic *, const char *path, struct err *);
void attic_close(struct attic *);

#endif
