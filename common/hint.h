/*
 * hint.h: which URL would work, where two sides do not understand each other
 *
 * Where TLS begins with the first byte, a server waits for our hello, and we,
 * told to begin in plaintext, wait for its greeting.  The other way round its
 * greeting comes where TLS should begin.
 */
#ifndef HINT_H
#define HINT_H

#include "conn.h"

/*
 * The phase "the greeting", until its first byte is there to be read; within
 * TLS that is left to the caller.  In plaintext and after 5 s of silence it is
 * said on a terminal, or with -v, what may be wrong, otherwise in the error if
 * one comes of it.  The ports that are plain by tradition may take all their
 * time; those that are for TLS get 10 s; of any other it is found out by a
 * second connection with a hello whether TLS is spoken there (EX_PROTOCOL).
 * scheme is "smtp", "imap" or "pop3"; NULL: there is nothing to say.
 */
int hint_greeting(struct conn *, const char *scheme, double seconds);

/* conn_tls, and in its error the plain URL if there was plaintext. */
int hint_tls(struct conn *);

#endif
