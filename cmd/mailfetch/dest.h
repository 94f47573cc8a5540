/* dest.h: IMAP servers that messages are brought to */
#ifndef DEST_H
#define DEST_H

#include "account.h"
#include "imap.h"
#include "options.h"
#include "session.h"

/* One server, of as many places (folders) and passes as there are. */
struct dest {
	struct dest *next;
	char *name;		/* "imap:work", "imaps://jo@imap.test" */
	struct account account;
	struct session session;
	struct imap imap;
	bool open;		/* logged in */
	bool was_open;
};

/*
 * That server: an account of the configuration file, or a URL without a
 * folder.  Added to *all if it is not there, which is before the sandbox.
 * Options about trust, time and the sandbox count for it, too.  NULL: EX_USAGE
 * or EX_CONFIG.
 */
struct dest *dest_find(struct dest **all, const struct options *,
    const char *name, struct err *);

/* Connected and logged in, anew if it must be. */
int dest_open(struct dest *, const struct options *, struct err *);
void dest_hang_up(struct dest *);
void dest_free(struct dest *all);

#endif
