/*
 * hung.h: messages at which the server ends the connection, each time
 *
 * What the server, or a proxy, cannot read may end the session, and whoever
 * asks for it first never sees what is behind it.  So how often that happened at
 * a message is in the state; from the second time on it is asked for when all
 * else is done, alone, on a connection of its own.
 *
 * Which message was under way is a guess: a server may lose answers to others
 * that it had not sent yet.  Being asked for alone tells, and hurts none that
 * is in order.  So with IMAP all that was under way is in the state: from the
 * third time on it is divided in halves, until each message is found.
 *
 * So it is with what POP3 reads before it knows which message it is: its header
 * may be had and its body not, or the reverse.
 */
#ifndef HUNG_H
#define HUNG_H

#include "message.h"

struct run;

enum hung_part { HUNG_BODY, HUNG_HEAD };

struct hung_one {
	struct message m;	/* as it was met in this run */
	enum hung_part part;
	struct key at;		/* of its entry in the state */
	uint32_t to;		/* the last UID of that, or 0: about it alone */
	uint32_t times;		/* that the connection ended at it */
	bool among;		/* any of the entry's may be the one */
	char sep;		/* of its folder's name */
};

struct hung {
	struct hung_one *v;	/* to be asked for when all else is done */
	size_t n, cap;
	const struct hung_one *alone;	/* nothing else is; or NULL */
	size_t alones;		/* so many of them are, in the order of UIDs */
	bool again;		/* it happened at one of those once more */
	char sep;		/* of the folder that is looked at */
	struct entry *among;	/* of the state: any of theirs may be the one */
	size_t namong;
	bool looked;		/* for those */
};

/*
 * The connection has failed while this message was under way, as the run's err
 * says: recorded, but for what is no fault of a message.  With IMAP so were
 * others up to this UID.  Returns -1.
 */
int hung_at(struct run *, const struct message *, enum hung_part, uint32_t to);
/* It came, or there was an answer.  0 or -1. */
int hung_over(struct run *, const struct message *, enum hung_part);
/* Something is asked for alone, and this is something else. */
bool hung_other(const struct run *, const struct message *);
/* Up to this UID nobody asks for any more in the folder of that key.  0 or -1. */
int hung_under(struct run *, uint64_t folder, uint32_t mark);
/* Does the state know of one that is asked for alone? */
bool hung_any(const struct state *);
/*
 * Is it not to be asked for now?  Kept for hung_rest if it is due in this run; a
 * look names it, and does not try.
 */
bool hung_waits(struct run *, const struct message *, enum hung_part);
/*
 * All else is done: those that were kept, one by one, each by a pass over the
 * account of its own.  One at which the connection ends again is named, and
 * counts with EX_TEMPFAIL.  0, or -1: the connection failed otherwise, and the
 * next run asks for that one in its turn.
 */
int hung_rest(struct run *, int (*pass)(struct run *));
void hung_free(struct hung *);

#endif
