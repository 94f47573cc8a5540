/* dkim_sign.h: signing a message (RFC 6376 section 5) */
#ifndef DKIM_SIGN_H
#define DKIM_SIGN_H

#include <stdint.h>

#include "fail.h"
#include "mem.h"
#include "msg.h"
#include "sign.h"

/* Who signs.  The caller owns it all. */
struct dkim_signer {
	const char *selector;
	const char *domain;	/* in A-labels */
	struct sign_key *key;
};

/*
 * The SHA-256 of the message's body in relaxed form.  The message is read once;
 * nothing of it is held.
 */
int dkim_sign_body(const struct msg *, unsigned char md[32], struct err *);

/*
 * A DKIM-Signature field in wire form, with its CRLF, to stand in front of this
 * header: relaxed/relaxed, with all fields that tell what the message says.
 * From, Subject, To and Date are named once more than they are there, so that
 * nobody can add another.  now is in seconds since 1970.  NULL: EX_SOFTWARE.
 */
char *dkim_sign_field(const struct dkim_signer *, struct arena *,
    struct str head, const unsigned char body[32], int64_t now, struct err *);

/*
 * The text of the key record (section 3.6.1), for SELECTOR._domainkey.DOMAIN
 * TXT; NULL: EX_SOFTWARE.
 */
char *dkim_sign_record(const struct sign_key *, struct arena *, struct err *);

#endif
