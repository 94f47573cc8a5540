/* save_imap.h: a copy of what was sent in a folder of an IMAP server */
#ifndef SAVE_IMAP_H
#define SAVE_IMAP_H

#include <pthread.h>

#include "dest.h"
#include "letter.h"

struct save_imap {
	struct arena mem;
	struct dest_conf conf;		/* set this one, and nothing else */
	struct dest *dest;
	const char *said;		/* as --save has it, for messages */
	const char *folder;		/* NULL: not named, and not found yet */
	pthread_mutex_t lock;		/* of all below, and of the connection */
	struct err err;			/* the connection's */
	uint64_t uidvalidity;		/* the copy that is in doubt cannot have */
	uint64_t uidnext;		/* a lower UID than this one of that */
	int64_t later;			/* no server was reached: not before then;
					 * the login was refused: never */
	bool many;			/* there are more letters to come */
};

/* The account is loaded; EX_USAGE, EX_CONFIG. */
int save_imap_open(struct save_imap *, const char *said, struct err *);

/*
 * 0 it is there, -1 it is not, or nobody knows: e says which; without e nobody
 * was asked, since the login was refused, which has been said.
 */
int save_imap_store(struct save_imap *, const struct letter *, struct err *);

void save_imap_close(struct save_imap *);

#endif
