/* net_reach.h: from where an address can be reached (RFC 6890) */
#ifndef NET_REACH_H
#define NET_REACH_H

#include "net.h"
#include "str.h"

enum net_reach {
	NET_REACH_PUBLIC,	/* from everywhere */
	NET_REACH_PRIVATE,	/* within a site or a provider's network */
	NET_REACH_LINK,		/* on one link */
	NET_REACH_HERE,		/* on this machine: loopback, "this network" */
	NET_REACH_NOBODY	/* multicast, broadcast, reserved: no host's */
};

/* Its 4 or 16 bytes; an IPv4 address within one of IPv6 counts as that. */
enum net_reach net_reach(struct str bytes);
enum net_reach net_reach_of(const struct net_addr *);

/* "private", "link-local"; for the words "a ... address". */
const char *net_reach_word(enum net_reach);

#endif
