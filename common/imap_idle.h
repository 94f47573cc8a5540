/* imap_idle.h: IDLE (RFC 2177): waiting for what a server tells */
#ifndef IMAP_IDLE_H
#define IMAP_IDLE_H

#include "imap.h"

/*
 * The whole: 1 the mailbox has changed (EXISTS, EXPUNGE, FETCH, VANISHED), or
 * one of the others that it was asked to tell of (STATUS, see imap_notify.h);
 * 0 not in these seconds, in 29 minutes, or before a stop (after which only
 * imap_quit is of use), -1.  That the server is still there is not worth a
 * return.
 */
int imap_idle(struct imap *, double seconds, bool others);

/*
 * The same step by step, for who wants to know all that is said.  What comes
 * before the server idles, and after DONE, is news as any other.
 *
 *	tag = imap_ask_idle(m);
 *	while ((got = imap_idle_open(m, tag, &r)) == 1) ...
 *	while (got >= 0 && (got = imap_idle_next(m, tag, also, 60, &r)) == 1) ...
 *	imap_idle_done(m);
 *	... imap_next until imap_done(&r, tag)
 */
unsigned imap_ask_idle(struct imap *);
/* 1 a response has come, 0 the server idles, 2 it refuses (m->text), -1. */
int imap_idle_open(struct imap *, unsigned tag, struct imap_resp *);
/*
 * 1 a response has come; 2 there is something to read from the descriptor also
 * (-1: none); 3 the server has ended it, and imap_idle_done is not to be said;
 * 0 none of it in these seconds, or before a stop; -1.
 */
int imap_idle_next(struct imap *, unsigned tag, int also, double seconds,
    struct imap_resp *);
void imap_idle_done(struct imap *);

#endif
