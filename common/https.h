/*
 * https.h: one GET over HTTPS, as strict as MTA-STS wants it (RFC 8461 3.3);
 * and, for what is signed, over HTTP
 *
 * No redirects, no cookies, no compression, no cache; the certificate counts.
 */
#ifndef HTTPS_H
#define HTTPS_H

#include "fail.h"
#include "str.h"
#include "tls.h"

struct https {
	const char *host;	/* in the certificate, SNI and Host: */
	const char *dial;	/* its address as text, or NULL: resolve it */
	unsigned port;		/* 0: 443 */
	bool plain;		/* without TLS, at port 80; for what is signed */
	const char *path;
	struct tls_ctx *tls;
	double seconds;		/* for all of it */

	/* The answer; zeroed at first. */
	int status;		/* 200; 0: no answer */
	char type[128];		/* the media type, without parameters */
	bool too_big;		/* more than body.max bytes */
	struct buf body;	/* .max is set by the caller, who frees it */
};

/*
 * 0 if an answer with its body came, whatever the status says.  -1: EX_NOPERM
 * for the certificate, EX_TEMPFAIL, EX_PROTOCOL.
 */
int https_get(struct https *, struct err *);

#endif
