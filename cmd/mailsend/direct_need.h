/* direct_need.h: what TLS must be like with a mail host; pure */
#ifndef DIRECT_NEED_H
#define DIRECT_NEED_H

#include <stdbool.h>

#include "account.h"
#include "mtasts.h"
#include "tlsa.h"

enum direct_need {
	DIRECT_NEED_OFF,	/* none is begun */
	DIRECT_NEED_MAY,	/* with any certificate, or else in the clear */
	DIRECT_NEED_ANY,	/* with any certificate, and never in the clear */
	DIRECT_NEED_NAME,	/* the certificate is for the host's name */
	DIRECT_NEED_DANE,	/* a TLSA record matches */
	DIRECT_NEED_LATER,	/* cannot be known now: not to be talked to */
	DIRECT_NEED_NEVER	/* not to be talked to */
};
const char *direct_need(enum direct_need);	/* "off" "may" "any" ... */

/* What there is to be known about a host and the domain it stands for. */
struct direct_facts {
	enum account_tls tls;	/* may, starttls or off */
	bool require_tls;	/* RFC 8689 */
	bool secure;		/* the DNS has proven that it is a host of the
				 * domain */
	enum tlsa_state dane;	/* of no account unless secure */
	enum mtasts_mode sts;	/* MTASTS_UNSET: no policy */
	bool named;		/* the policy has the host's name */
};

/*
 * DANE before MTA-STS, as RFC 8461 section 2 has it.  *why is set where the
 * host is not to be talked to.
 */
enum direct_need direct_need_of(const struct direct_facts *, const char **why);

#endif
