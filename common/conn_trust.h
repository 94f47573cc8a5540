/* conn_trust.h: from here on somebody else speaks, or in another way */
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
 * Raw DEFLATE from here on, both ways (RFC 4978), inside TLS if there is any.
 * EX_OSERR without zlib: ask deflate_here first.
 */
int conn_deflate(struct conn *);

#endif
