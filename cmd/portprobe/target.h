/* target.h: an operand or a line: its hosts, its questions, its news */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "dns.h"
#include "due.h"
#include "jobs.h"
#include "mem.h"
#include "net.h"
#include "operand.h"
#include "port.h"
#include "tlsa.h"

struct run;
struct probe;
struct sts;
struct ask;
struct best;

enum { ADDRS_MAX = 16, HOSTS_MAX = 32 };

struct host {
	struct host *next;
	struct target *target;
	const char *name;		/* or the address as text */
	bool literal;			/* no name: no DNS, no DANE */
	bool known;			/* without DNS: no DANE */
	bool secure;			/* what leads here is signed */
	struct port port;		/* of a SRV record, or 0 */
	struct net_addr *addr;
	int naddr;
	bool resolved;
	int64_t dns_us;
	unsigned opened;		/* jobs that connected, but on 25 */
	unsigned left;			/* jobs that are not over */
	struct probe *held;		/* on 25, filtered: waits for these */
	uint64_t order;			/* of its next report: see place() */
};

struct target {
	struct run *run;
	struct arena mem;
	uint64_t seq;
	struct operand given;
	struct host *hosts, **last;
	struct ask *asks;
	unsigned pending;		/* questions */
	unsigned left;			/* reports to come */
	bool expanded, over;
	bool news;			/* it is in run.news */
	bool answers;			/* and some of it are answers */
	struct target *next;		/* there */
	struct probe *waiting;		/* for answers */
	struct probe *held;		/* for the policy */
	struct sts *sts;
	struct target *before, *after;	/* in run.all */
	struct due due;
	int64_t started;
	struct best *best;		/* --aggregate */
	uint64_t orders;		/* hosts, and what names none */
};

/*
 * An answer to a question of this target, or NULL: then it has been asked, and
 * the target has news when the answer comes.  Whoever asked asks again.
 */
const struct dns_answer *target_ask(struct target *, const char *name,
    unsigned type);

/* All answers, when none is missing any more. */
void target_forget(struct target *);

/* What the DNS says of DANE; false: answers are missing, as above. */
bool target_dane(struct host *, const struct job *, struct tlsa *,
    struct arena *);

/* A report of its was told. */
void target_told(struct target *);

/* It has changed and is to be looked at; target_next_news gives it then. */
void target_news(struct target *);
struct target *target_next_news(struct run *);	/* or NULL */

#endif
