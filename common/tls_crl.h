/* tls_crl.h: is a certificate in its issuer's list of revoked ones? (RFC 5280 section 5) */
#ifndef TLS_CRL_H
#define TLS_CRL_H

#include <stdint.h>

#include "str.h"

enum tls_crl {
	TLS_CRL_GOOD,		/* it is not in it */
	TLS_CRL_REVOKED,
	TLS_CRL_OLD,		/* it is not, and a newer list is overdue */
	TLS_CRL_BAD		/* no such list, or not the issuer's */
};

/*
 * The first certificate of this PEM text, behind which its issuer stands, and a
 * list as DER or PEM.  at: when it was revoked, or the list's end; seconds
 * since 1970, 0: not known.
 */
enum tls_crl tls_crl(const char *pem, struct str list, int64_t *at);

#endif
