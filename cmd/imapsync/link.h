/* link.h: one IMAP connection, and what is selected on it */
#ifndef LINK_H
#define LINK_H

#include "fail.h"
#include "imap.h"
#include "imap_box.h"
#include "session.h"

struct box;
struct run;
struct commit;
struct batch;

enum { LINKS_MAX = 16 };		/* of an account */

/* One connection, used by one thread at a time. */
struct link {
	struct run *run;
	struct session session;
	struct imap imap;
	struct err err;
	struct box *selected;	/* for writing, and its UIDVALIDITY is right */
	bool open;
	bool tried;		/* to be had: it is open, or never will be */
	bool chose;		/* something is selected */
	struct commit *commit;
	struct batch *batch;	/* commit.c: what came last */
};

/* Connects, logs in, says ENABLE and whatever else was queued after it. */
int link_connect(struct run *, struct link *);

/*
 * So many connections are enough for what is left to do: when all of them
 * have logged in, the secret is wiped.
 */
void link_enough(struct run *, size_t links);

/*
 * Queues SELECT, or EXAMINE if read_only; since is NULL or what is known.  Who
 * hears the answer says so by link_selected if it is what is to be written to.
 */
unsigned link_ask_select(struct link *, const struct box *, bool read_only,
    const struct imap_since *since);
/* Nothing was asked since, and the answer has the UIDVALIDITY of the state. */
void link_selected(struct link *, struct box *);
/* Nothing is selected from here on, so STATUS may ask about any mailbox. */
void link_unselect(struct link *);
/*
 * Selected for writing and with the UIDVALIDITY of the state: 0, -1; 1 if it
 * is not (failed is set, and it is told).
 */
int link_select(struct link *, struct box *);

#endif
