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
 * Selects every trusted mailbox whose plan has acts.  One that is as it was,
 * and can store the planned flags, is BOX_HEARD.  Another is trusted no more
 * and needs far_look, unless it has failed.  1: there are such, and all plans
 * are void; 0; -1.
 */
int far_trust_check(struct run *);

#endif
