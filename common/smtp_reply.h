/*
 * smtp_reply.h: what an SMTP server answers (RFC 5321 section 4.2)
 *
 * For the two halves of the dialogue, smtp.c and smtp_mail.c.  The last reply
 * is kept in the struct smtp; a line that is not SMTP is EX_PROTOCOL.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "smtp.h"

/*
 * Before something is said: no more replies may be here than are due.  If none
 * is due the server must be silent: a refusal that comes unasked (421) is left
 * to be heard as the next reply, and nothing more is said.  Failure is the
 * connection's, EX_PROTOCOL: it comes out where the next reply is heard.
 */
void smtp_check_due(struct smtp *);

/* The same before a command; its reply is due from now on. */
void smtp_ask(struct smtp *);

/* How many replies are here, unread, that answer nothing we said. */
size_t smtp_surplus(struct smtp *);

/*
 * The next reply, into s->reply: its code, or -1.  each, or NULL, is called
 * with the text of each line, which is valid in that call alone.
 */
int smtp_hear(struct smtp *, void (*each)(struct smtp *, struct str));

/* The first digit of the last reply's code: 2, 3, 4 or 5. */
int smtp_class(const struct smtp *);

/* A reply that must be a yes or a no: 0, -1. */
int smtp_answered(struct smtp *);

/*
 * The server says no to what everything depends on: -1 with the code
 * EX_TEMPFAIL for 4yz, permanent for 5yz, else EX_PROTOCOL.
 */
int smtp_refused(struct smtp *, const char *what, int permanent);

#endif
