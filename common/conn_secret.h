/*
 * conn_secret.h: a login's secrets on a connection
 *
 * What goes is not traced; what comes does not repeat it, wherever it is shown
 * afterwards (the trace, an error's words, -j): servers have answered "unknown
 * command: PASS" with the rest of the line.
 *
 *	conn_hide(c, password);
 *	conn_mask(c, "PASS");
 *	conn_printf(...);
 *	conn_mask(c, NULL);
 *	the answer, conn_line()
 *	conn_wipe(c);
 */
#ifndef CONN_SECRET_H
#define CONN_SECRET_H

#include "conn.h"

/*
 * While a label is set (not NULL) the trace shows "> label ***" for what is
 * sent, and no payload of what comes: secrets are under way.
 */
void conn_mask(struct conn *, const char *label);

/*
 * Until conn_wipe a line that comes has "***" where this secret or its base64
 * stands, letters in any case, but for the line's first word.  Shorter than
 * four bytes it is not looked for: it would be found in any answer.
 */
void conn_hide(struct conn *, struct str secret);

/* The login is over: what our side has left of it in buffers is wiped. */
void conn_wipe(struct conn *);

#endif
