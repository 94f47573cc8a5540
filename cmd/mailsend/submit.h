/* submit.h: a letter to the server */
#ifndef SUBMIT_H
#define SUBMIT_H

#include "letter.h"
#include "report.h"
#include "run.h"

/* EX_USAGE for the options of sending that are malformed. */
int submit_check(const struct options *, struct err *);

/*
 * Sends the letter, over as many connections as the server wants.  The session
 * and the sandbox are made ready at the first call.  0 or -1; but the
 * recipients' fates are in the letter either way, and the rest in the report.
 */
int submit(struct letter *, struct run *, struct report *, struct err *);

/*
 * For who has a connection of his own to the account's one server: the session
 * and the sandbox are made ready.
 */
int submit_ready(struct letter *, struct run *, struct err *);

/* The dialogue with the account's server, as the options have it. */
struct smtp_conf submit_conf(const struct run *);

/* For a server without 8BITMIME: the letter's message in 7 bits from then on. */
int submit_downgrade(struct letter *, const struct smtp *,
    const struct options *, struct err *);

/*
 * For -bs: what does the server say to this sender and recipient?  0, and its
 * answer; or -1.  The connection is kept for the next question until
 * submit_asked, or until a message is submitted.
 */
int submit_ask(struct run *, const struct letter_source *, const char *rcpt,
    struct smtp_reply *, struct err *);
void submit_asked(struct run *);

#endif
