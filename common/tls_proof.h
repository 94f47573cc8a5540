/* tls_proof.h: what a certificate must prove, if not a name by authorities */
#ifndef TLS_PROOF_H
#define TLS_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

/* One TLSA record (RFC 6698); the last three are for tls_look's answer. */
struct tls_tlsa {
	uint8_t usage, selector, mtype;
	struct str data;
	bool usable;
	int depth;		/* the certificate as sent it matches; -1 */
	const char *unsent;	/* the subject of an authority that it matches,
				 * which verifies the chain and was not sent */
};

enum tls_prove {
	TLS_PROVE_NAME,		/* by authorities, or by a pin: the usual */
	TLS_PROVE_NOTHING,	/* any will do (RFC 7435); tls_verified says
				 * whether it would have proved the name */
	TLS_PROVE_DANE		/* a TLSA record matches (RFC 7672) */
};

/* Lives as long as the connection. */
struct tls_proof {
	enum tls_prove what;
	/* of DANE alone: the records, whose they are, and the domain of the
	 * mail, which with a trust anchor's the certificate may be for, too */
	const struct tls_tlsa *tlsa;
	size_t ntlsa;
	const char *base, *also;
};

#endif
