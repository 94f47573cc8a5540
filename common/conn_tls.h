/* conn_tls.h: TLS on a connection, and what it is worth */
#ifndef CONN_TLS_H
#define CONN_TLS_H

#include <stdbool.h>

#include "conn.h"
#include "tls.h"

/* How a connection comes to TLS. */
enum conn_tls {
	CONN_TLS_IMPLICIT,	/* from the first byte */
	CONN_TLS_STARTTLS,	/* required: nothing is sent without it */
	CONN_TLS_MAY,		/* STARTTLS if it is offered: SMTP between MTAs */
	CONN_TLS_OFF
};

/*
 * TLS from here on: from the first byte, or after the server's go-ahead.
 * Whoever learnt something before forgets it (RFC 3207 section 4.2).
 *
 * If nothing answers a first message with a hybrid group (it is closed, reset,
 * or silent for 10 s) there is one more try, a new connection, with classic
 * groups: what is verified is the same.  conn_tls does that by itself, and
 * likewise without ALPN for a server that refuses it.  conn_starttls returns
 * CONN_AGAIN: the connection is a new one, in plaintext, and what follows is
 * the greeting.
 */
enum { CONN_AGAIN = 1 };
int conn_tls(struct conn *);
int conn_starttls(struct conn *);

bool conn_encrypted(const struct conn *);

/*
 * May a secret travel here?  By TLS only to a server that was verified;
 * without TLS only over loopback, a unix socket, or a command of the user's.
 */
bool conn_private(const struct conn *);

/* Up to 4 bytes that came, in plaintext, where TLS should begin; or "". */
const char *conn_first(const struct conn *);

struct tls *conn_session(const struct conn *);		/* NULL if plain */

#endif
