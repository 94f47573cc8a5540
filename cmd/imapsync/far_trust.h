/* far_trust.h: mailboxes that need not be looked at */
#ifndef FAR_TRUST_H
#define FAR_TRUST_H

struct box;
struct run;

/*
 * A mailbox of which STATUS says what the state does is not selected: it is
 * believed to be as it was.
 */
void far_trust(struct box *);
/*
 * Selects all that are believed and that something is to be done to.  Those
 * that are as they were, and can store what is planned, are heard by that.  The
 * others are not believed any more, and far_look is for them, unless they
 * have failed.  1: there are such, and what was planned does not hold; 0; -1.
 */
int far_trust_check(struct run *);

#endif
