/* far_ask.h: the ladder: what a server is asked about a mailbox */
#ifndef FAR_ASK_H
#define FAR_ASK_H

#include "box.h"
#include "link.h"

enum { FAR_BITS = 64, FAR_AHEAD = 24 };	/* flags; mailboxes asked for at once */

enum far_what { W_SELECT, W_CHANGES, W_ALL, W_EVERY, W_CANARY, W_BIT };

/* One question. */
struct far_asked {
	enum far_what what;
	unsigned tag;
	uint64_t bit;
	bool without;		/* found are those that lack the bit */
	bool done, refused;
	char *keys;		/* of a search that waits for its turn */
};

/* A mailbox that is looked at. */
struct far_look {
	struct box *b;
	enum delta how;
	struct far_asked ask[FAR_BITS + 8];
	size_t n;
	uint64_t bits;		/* asked for one by one */
	uint64_t listed;	/* by FLAGS: the mailbox has them; 0: not said */
	struct imap_uids all, found[FAR_BITS];
	bool have_all, refused;
	size_t asked, canaries;		/* known UIDs asked about, and heard */
	size_t strangers;		/* not they */
	size_t sure;			/* strangers that once came from there */
	bool backwards;		/* UIDNEXT or MODSEQ lower than they were */
};

/* SELECT, and all that the best way asks for at once. */
void far_ask(struct far_look *, struct link *);
/* SELECT, and who some known messages are; meant: one more of them, or 0. */
void far_ask_who(struct far_look *, struct link *, uint32_t meant);
/* A search whose answer is noted as what; it may wait for its turn. */
void far_ask_search(struct far_look *, struct imap *, enum far_what,
    const char *keys);
/* Keywords that are known by now and were not asked for yet; any of them? */
void far_ask_keywords(struct far_look *, struct imap *);
bool far_ask_has_more(const struct far_look *);
/* A command was sent, and this is what it asks. */
void far_ask_note(struct far_look *, enum far_what, unsigned tag);

#endif
