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

/* Is it one of them, or any of the loopback's? */
bool net_own_has(const struct net_own *, const struct net_addr *);

#endif
