/*
 * far_private.h: what the parts of far.c share
 *
 * far.c		the ladder: what is asked, and what follows from it
 * far_hear.c	what is said of messages, noted in the box or the look
 * far_trust.c	mailboxes that need not be looked at
 */
#ifndef FAR_PRIVATE_H
#define FAR_PRIVATE_H

#include "run.h"

enum { BITS = 64, AHEAD = 24 };	/* flags; mailboxes asked for at once */

enum what { W_SELECT, W_CHANGES, W_ALL, W_EVERY, W_CANARY, W_BIT };

struct ask {
	enum what what;
	unsigned tag;
	uint64_t bit;
	bool without;		/* found are those that lack the bit */
	bool done, refused;
	char *keys;		/* of a search that waits for its turn */
};

struct look {
	struct box *b;
	enum delta how;
	struct ask ask[BITS + 8];
	size_t n;
	uint64_t bits;		/* asked for one by one */
	struct imap_uids all, found[BITS];
	bool have_all, refused;
	size_t asked, canaries;		/* known UIDs asked about, and heard */
	size_t strangers;		/* not they */
	size_t sure;			/* strangers that once came from there */
	bool backwards;		/* UIDNEXT or MODSEQ lower than they were */
};

/* ---- far.c ---- */

bool remote_renumbered(const struct look *);
/* SELECT, and who some known messages are; meant: one more of them, or 0. */
void remote_ask_who(struct look *, struct line *, uint32_t meant);
/* The answers to all that was asked of this mailbox. */
int remote_hear(struct look *, struct imap *);
void remote_done(struct look *);	/* the end of it */
/* Of those that are under way, v[tail % AHEAD] being the oldest. */
void remote_done_all(struct look **v, size_t tail, size_t head);

/* ---- far_hear.c ---- */

uint64_t remote_flags(struct box *, struct str words);
int remote_fetched(struct look *, struct imap *);
int remote_vanished(struct look *, struct imap *, struct str set);

#endif
