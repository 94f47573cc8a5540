/* run.h: what all of a run share */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "dns.h"
#include "due.h"
#include "fail.h"
#include "sandbox.h"
#include "settings.h"
#include "str.h"
#include "sts.h"
#include "tally.h"
#include "tls.h"

struct feed;
struct jobs;
struct output;
struct probe;
struct shares;
struct slots;
struct target;

/* Handshakes: see probe_conn_turn. */
struct shakes {
	unsigned n;			/* under way */
	int64_t ended;			/* when the last one did, clock_ms */
	struct probe *queue, **last;	/* who waits to begin one */
};

/* Targets that are to be looked at, in order. */
struct news {
	struct target *first, **last;
};

struct run {
	const struct settings *set;
	uint64_t most;			/* connections: as many as we may have */
	struct sandbox box;
	bool policies;			/* of MTA-STS are fetched */
	struct sts_way sts;		/* to them */
	bool watched;			/* their pool is, for what has come */

	/* The engine. */
	struct dns *dns;
	struct tls_ctx *tls;
	int watch;
	struct buf hosts;		/* /etc/hosts */
	char our_name[256];		/* for EHLO; "": of each connection */
	struct dues dues;
	struct jobs *jobs;
	struct shares *shares;
	struct slots *slots;
	struct feed *feed;
	struct output *output;
	struct target *all;		/* newest first */
	unsigned targets;		/* begun and not over */
	struct news news;
	struct shakes shakes;
	struct err scratch;		/* what a connection says of itself */
	int64_t now;			/* seconds since 1970, at the start */
	int64_t tick;			/* clock_us when the wait ended */

	struct tally tally;
};

#endif
