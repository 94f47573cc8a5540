/*
 * tlsa.h: which TLSA records count for a mail server (RFC 7672, RFC 7671)
 *
 * The decision, without any certificate.  No I/O: answers come from a
 * function that may say "not yet"; then tlsa_decide is called again.
 */
#ifndef TLSA_H
#define TLSA_H

#include "dns.h"
#include "mem.h"

enum tlsa_state {
	TLSA_NO,		/* no DANE; why says for what reason */
	TLSA_TEMP,		/* not known now: senders defer */
	TLSA_UNUSABLE,		/* records, none of use: TLS is mandatory but
				 * nobody is authenticated */
	TLSA_USABLE,
};
const char *tlsa_state(enum tlsa_state);	/* "none" "temp" ... */

/* One record; DROPPED: usable, but a stronger digest stands beside it. */
enum tlsa_use { TLSA_USED, TLSA_DROPPED, TLSA_NOUSE };

struct tlsa {
	enum tlsa_state state;
	const char *why;	/* "insecure-host", "no-tlsa", ...; or NULL */
	const char *base;	/* the reference name; whose TLSA it is */
	const struct dns_answer *answer;	/* the TLSA answer, or NULL */
	enum tlsa_use *use;	/* of each of its records */
	size_t usable;		/* how many are used */
	bool host_secure;	/* the address records are signed */
	bool unbelieved;	/* "untrusted-resolver": the answers say that
				 * they are signed, and nobody believes that */
};

/*
 * For the mail host on a port; in the arena.  False: answers are missing.
 * Usages 2 and 3 count.  It does not know whether the MX record that names
 * the host is secure.
 */
bool tlsa_decide(struct tlsa *, struct arena *, const char *host,
    unsigned port, const struct dns_answer *(*ask)(void *, const char *name,
    unsigned type), void *arg);

/* The same for what mail clients talk to: any usage counts (RFC 7673). */
bool tlsa_decide_client(struct tlsa *, struct arena *, const char *host,
    unsigned port, const struct dns_answer *(*ask)(void *, const char *name,
    unsigned type), void *arg);

#endif
