/* net_own.h: the addresses of this machine */
#ifndef NET_OWN_H
#define NET_OWN_H

#include <stdbool.h>
#include <stddef.h>

#include "net.h"

/* Of all its interfaces, as they are now; before the sandbox.  Zero first. */
struct net_own {
	struct net_addr *v;
	size_t n;
};
void net_own_find(struct net_own *);
void net_own_free(struct net_own *);

/*
 * Is it one of them, any of the loopback's, or one of "this network" (RFC 1122
 * section 3.2.1.3, RFC 4291 section 2.5.2), which leads here as well?
 */
bool net_own_has(const struct net_own *, const struct net_addr *);

#endif
