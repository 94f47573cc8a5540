/* local.h: delivery into the mailboxes of this machine's users */
#ifndef LOCAL_H
#define LOCAL_H

#include "letter.h"
#include "run.h"

/* EX_USAGE for options that have no effect with such an account. */
int local_check(const struct account *, const struct options *, struct err *);

/*
 * To each recipient who is a user here and was not tried, durably, as that user
 * if we are root.  What became of each is in the letter.  Without mail.msg it
 * is no more than asked who they are.
 */
void local_send(struct letter *, struct run *);

/* For -bs: what is to be said to a recipient, the first of the letter. */
void local_ask(struct letter *, struct run *, struct smtp_reply *);

#endif
