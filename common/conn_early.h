/* conn_early.h: what a server says before it is asked */
#ifndef CONN_EARLY_H
#define CONN_EARLY_H

#include "conn.h"

/*
 * An answer that came before its question answers nothing: a server, or
 * somebody between, may have said it whatever the question will be.  So before
 * a command is said, and no answer is due, this is asked.  Nothing is waited
 * for: what arrives later cannot be told from an answer.
 *
 * How many bytes are here that were not read; *p is valid until the next read.
 * 0 none; -1 failed.
 */
long conn_early(struct conn *, const char **p);

/*
 * It is our turn to speak, or else -1.  A server may hang up unasked, and says
 * why: what begins with one of the bytes of refusals is left to be read, and
 * nothing more is said to it, not even what is queued: 1.  Any other byte is
 * EX_PROTOCOL, and the connection has failed.  0: nothing came.
 */
int conn_our_turn(struct conn *, const char *refusals);

/*
 * Where a server may speak at any time (IMAP): how many bytes have come, as
 * far as they are here; and how many of them were read.  What begins at less
 * than conn_came was when a command was said does not answer it.
 */
uint64_t conn_came(struct conn *);
uint64_t conn_taken(const struct conn *);

#endif
