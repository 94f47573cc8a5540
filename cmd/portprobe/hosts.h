/* hosts.h: the hosts of a target, their addresses, and the jobs of these */
#ifndef HOSTS_H
#define HOSTS_H

#include "net.h"
#include "target.h"

/* Ports that are probed where none is given. */
enum { HOSTS_USUAL = 7 };
extern const unsigned hosts_usual[HOSTS_USUAL];

/*
 * Tells of a host that cannot be probed, or with h NULL of a name that leads
 * to none; with the exit status, and why.
 */
void hosts_none(struct target *, struct host *h, const char *name, int status,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Tells that of all that a name leads to, "addresses", only the first few are
 * probed: what is behind them is not known.
 */
void hosts_limit(struct target *, struct host *, const char *name, int few,
    int all, const char *what);

/* One more host; the answer is what leads to it, NULL: nothing does. */
struct host *hosts_add(struct target *, const char *name,
    const struct dns_answer *);

/* One more address, if it is of a family that is wanted. */
void hosts_addr(struct host *, const struct net_addr *);

/*
 * Looks the host up.  If answers are missing, nothing else; else it is
 * resolved, and there is a job for each of its addresses and ports.
 */
void hosts_resolve(struct host *);

#endif
