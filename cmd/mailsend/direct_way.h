/* direct_way.h: what all deliveries of a process by MX have in common */
#ifndef DIRECT_WAY_H
#define DIRECT_WAY_H

#include "account.h"
#include "dns.h"
#include "net_own.h"
#include "options.h"
#include "session.h"
#include "sts.h"
#include "table.h"
#include "tls.h"

/* A mail host as this process has met it: see direct_host.h. */
struct direct_host;
struct direct_route;

struct direct_way {
	struct account *account;
	const struct options *options;
	struct arena mem;
	struct dns *dns;		/* of the main thread alone, */
	struct direct_route *ready;	/* as are those that may get further */
	struct tls_conf tls_conf;
	struct tls_ctx *tls;
	struct sts_way sts;
	const char *policies;		/* folder of direct_cache.h; or NULL */
	unsigned port;			/* of mail hosts */
	char name[280];			/* of this machine, */
	struct net_own own;		/* and its addresses */
	struct direct_host *host;	/* see there */
	size_t nhost;
	struct table hosts;		/* of these, by name */
};

/*
 * Once in a process: what is needed of the world is opened, and then the
 * process is confined to it and to what account->box has.  beside: a session
 * that is made ready, too (session_ready_beside); or NULL.  NULL with e.
 */
struct direct_way *direct_way_open(struct account *, const struct options *,
    struct session *beside, struct err *);

/* NULL is fine.  False: a thread is with a stranger still: end by _exit. */
bool direct_way_close(struct direct_way *);

#endif
