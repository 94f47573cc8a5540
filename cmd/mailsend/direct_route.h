/*
 * direct_route.h: where the mail of a domain goes, and what TLS must prove there
 *
 * RFC 5321 section 5.1, RFC 7505; RFC 7672; RFC 8461.  By replay, see ask.h.
 */
#ifndef DIRECT_ROUTE_H
#define DIRECT_ROUTE_H

#include "ask.h"
#include "direct_need.h"
#include "direct_way.h"
#include "mx.h"
#include "sts.h"
#include "tls_proof.h"

/* A host to be tried, in turn. */
struct direct_hop {
	const char *name;
	struct net_addr *addr;	/* all of it, IPv6 and IPv4 by turns */
	int naddr;
	enum direct_need need;
	const char *why;	/* not to be talked to; else NULL */
	struct tls_proof proof;
	bool testing;		/* a policy in testing mode: what it would
				 * have refused is to be told, */
	bool named;		/* and does it name this host? */
};

/* Why there is no host to be tried, as a reply says it (RFC 3463). */
struct direct_fault {
	int code;		/* of sysexits; 0: there are hosts */
	bool lasting;		/* no use to try again */
	const char *status;	/* "5.1.2" */
	const char *text;
};

/* Begins as zero but for the first three. */
struct direct_route {
	struct direct_way *way;
	const char *domain;	/* A-labels, lower case; or a literal in [] */
	bool require_tls;	/* by the message: one of a queue has its own */
	struct arena mem;
	struct ask ask;
	bool ready;		/* it may get further: it is in way->ready, */
	struct direct_route *next;	/* before this one */
	bool done;
	struct direct_hop *hop;
	size_t nhop;
	struct direct_fault fault;
	/* private */
	struct mx mx;
	struct tlsa *tlsa;	/* of each of mx.host */
	struct sts look, get;	/* the record; the policy, if it is a new one */
	struct direct_policy {
		bool asked, kept, settled;
		struct str id;
		struct mtasts is, was;
	} policy;
};

/* Finds all routes, side by side.  -1: asked to stop. */
int direct_route_all(struct direct_route *const *, size_t n, struct err *);

void direct_route_free(struct direct_route *);

#endif
