/*
 * imap_pieces.h: a command about many messages, in pieces that the server does
 *
 * A line has room for so many UIDs only, and some servers do no more than so
 * many messages by one command (RFC 9738 MESSAGELIMIT): the rest they leave,
 * and what a command was cut from it has said nothing about.
 *
 *	struct imap_pieces p = { .m = m, .uids = uids, .n = n };
 *
 *	while (got == 0 && imap_pieces_next(&p)) {
 *		got = imap_wait(m, imap_ask_store(m, p.set.p, ...));
 *		if (got >= 0 && imap_pieces_cut(&p))
 *			got = imap_pieces_again(&p) ? 0 : 1;
 *	}
 *	imap_pieces_free(&p);
 */
#ifndef IMAP_PIECES_H
#define IMAP_PIECES_H

#include "imap.h"

struct imap_pieces {
	struct imap *m;
	const uint32_t *uids;	/* sorted, the caller's */
	size_t n;
	size_t from, at;	/* this piece is uids[from] ... uids[at - 1] */
	struct buf set;		/* it, as a set */
	unsigned cuts;		/* m->cuts before it */
};

/* The next piece; false: there is none. */
bool imap_pieces_next(struct imap_pieces *);
/* Was an answer since then about less than was asked? */
bool imap_pieces_cut(const struct imap_pieces *);
/*
 * What it was cut from is asked for once more, in smaller pieces; false: one
 * message is too much, which m->text says.
 */
bool imap_pieces_again(struct imap_pieces *);
void imap_pieces_free(struct imap_pieces *);

#endif
