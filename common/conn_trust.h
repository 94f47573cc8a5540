/* conn_trust.h: whose words these are, and what they answer */
#ifndef CONN_TRUST_H
#define CONN_TRUST_H

#include "conn.h"

/*
 * From here on somebody else speaks, or the same one in another way.  Every
 * such change goes through here, before anything of the new kind is read: what
 * stands unread was said by somebody of before, who must not be believed
 * afterwards.
 *
 * CONN_TUNNEL	a proxy has answered.  The bytes behind its answer are the
 *		server's greeting, in plaintext, or the proxy's invention: good
 *		for plaintext, and refused by the next change.
 * CONN_TLS	TLS begins with no go-ahead: nobody may have spoken.
 * CONN_STARTTLS TLS begins after the go-ahead: not a byte may stand behind
 *		it, neither here nor in the kernel.
 * CONN_DEFLATE	the server's words, compressed.  The server may go on at once,
 *		so what stands behind its yes is given to the decompressor and
 *		never taken for text.
 *
 * -1: EX_PROTOCOL, the connection has failed.
 */
enum conn_change { CONN_TUNNEL, CONN_TLS, CONN_STARTTLS, CONN_DEFLATE };
int conn_trust(struct conn *, enum conn_change);

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
 * Raw DEFLATE from here on, both ways (RFC 4978), inside TLS if there is any.
 * EX_OSERR without zlib: ask deflate_here first.
 */
int conn_deflate(struct conn *);

#endif
