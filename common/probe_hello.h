/*
 * probe_hello.h: a first message of TLS made by hand, and what answers it
 *
 * It can offer what the OpenSSL of this machine does not have.  No handshake
 * comes of it: the first message of the server says all that is asked.
 */
#ifndef PROBE_HELLO_H
#define PROBE_HELLO_H

#include <stdbool.h>

#include "str.h"

enum { PROBE_HELLO_X25519 = 0x001d, PROBE_HELLO_MLKEM = 0x11ec };

struct probe_hello {
	const char *sni;		/* or NULL */
	unsigned group;			/* of key exchange, the only one; but with
					 * X25519 P-256 is offered, too, for
					 * certificates with that curve in 1.2 */
	size_t size;			/* filled up to so many bytes, about */
	bool reverse;			/* the ciphers in the other order */
	unsigned without;		/* but for this one, or 0 */
};

/*
 * A ClientHello (RFC 8446 section 4.1.2) without a key share: a server that has
 * the group asks for one, by HelloRetryRequest.
 */
void probe_hello(const struct probe_hello *, struct buf *out);

enum probe_hello_said {
	PROBE_HELLO_MORE,	/* it is not all here */
	PROBE_HELLO_TAKEN,	/* this group it will be */
	PROBE_HELLO_OTHER,	/* another one, or an older version */
	PROBE_HELLO_REFUSED,	/* an alert */
	PROBE_HELLO_ODD		/* this is not TLS */
};

/* What came back, from its first byte on. */
enum probe_hello_said probe_hello_said(struct str in, unsigned group);

/* The cipher that such an answer, all of it, has chosen; 0: none. */
unsigned probe_hello_cipher(struct str in);

#endif
