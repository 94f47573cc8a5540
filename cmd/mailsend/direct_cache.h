/*
 * direct_cache.h: the MTA-STS policies of before (RFC 8461 sections 3.2, 5.1)
 *
 * A policy that was got once holds until its max_age is over, whatever the DNS
 * and its server say by then: else whoever can suppress an answer could do
 * away with it.  One file a domain, readable by hand.
 */
#ifndef DIRECT_CACHE_H
#define DIRECT_CACHE_H

#include <stdbool.h>

#include "mem.h"
#include "mtasts.h"

/*
 * The policy of a domain if there is one that still holds, and its id; in the
 * arena.  dir is NULL where there is no cache.
 */
bool direct_cache_get(const char *dir, const char *domain, struct arena *,
    struct str *id, struct mtasts *);

/* Keeps it from now on; that it cannot is told by -v, and stops nothing. */
void direct_cache_put(const char *dir, const char *domain, struct str id,
    const struct mtasts *);

#endif
