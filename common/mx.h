/*
 * mx.h: where mail for a domain goes (RFC 5321 section 5.1, RFC 7505)
 *
 * The MX records by preference; if the answer is that there are none (NODATA,
 * nothing else will do), the domain's own addresses.  By replay, see ask.h:
 * mx_find says which hosts there are, mx_addresses where they are.
 */
#ifndef MX_H
#define MX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ask.h"

enum mx_route {
	MX_NONE,	/* no such domain, or nothing that could take mail */
	MX_HOSTS,	/* MX records, one of which at least can be tried */
	MX_IMPLICIT,	/* no MX: the domain itself is the only host */
	MX_NULL,	/* the domain takes no mail (RFC 7505) */
	MX_TEMP,	/* cannot be known now */
};
const char *mx_route(enum mx_route);	/* "none" "mx" "implicit" ... */

/* Why a host is not to be tried. */
enum mx_flaw {
	MX_FIT,			/* it is */
	MX_ROOT,		/* ".", which is null MX, beside others */
	MX_ADDRESS,		/* an IP address, not a name */
	MX_BAD_NAME,		/* cannot be a host name */
	MX_REPEATED,		/* with a better preference, too: see first */
};

/* One host; its answers are those of the ask. */
struct mx_host {
	const char *name;
	unsigned pref;
	uint32_t ttl;
	enum mx_flaw flaw;
	unsigned first;		/* MX_REPEATED: the better preference */
	const struct dns_answer *a, *aaaa;	/* NULL: not asked */
	const char *cname;	/* what it is an alias of, or NULL */
};

/* Begins as zero, but for what the caller sets. */
struct mx {
	bool four, six;		/* only IPv4, only IPv6: addresses of the
				 * other family are not asked for */

	enum mx_route route;
	const struct dns_answer *answer;	/* to MX; NULL: not there yet */
	bool secure;		/* AD of that answer, also a denial */
	struct mx_host *host;	/* by preference, then by name; of any flaw;
				 * in the arena of the ask */
	size_t n;
};

/*
 * Finds the hosts.  False: answers are missing.  An implicit one has its
 * addresses then; a domain without any is no host (n is 0).  domain must live
 * as long as the ask.
 */
bool mx_find(struct mx *, struct ask *, const char *domain);

/* Fills in the addresses of all that are fit.  False: answers are missing. */
bool mx_addresses(struct mx *, struct ask *);

/* Fit, and not known to be without addresses. */
bool mx_usable(const struct mx_host *);

/* Can mail be delivered there, as far as the DNS says? */
enum mx_verdict {
	MX_DELIVERABLE,
	MX_UNKNOWN,		/* not known now: try again later */
	MX_UNDELIVERABLE,
};
enum mx_verdict mx_verdict(const struct mx *);

/* Is this name an address, as text? */
bool mx_is_address(const char *name);

#endif
