/* target.h: an operand or a line: its hosts, its questions, its news */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "due.h"
#include "jobs.h"
#include "mem.h"
#include "net.h"
#include "operand.h"
#include "port.h"
#include "tlsa.h"

struct best;
struct crl;
struct probe;
struct run;
struct served;
struct sts;

/* Of a host, and of a target's records of one kind; those behind are told. */
enum { ADDRS_MAX = 16, HOSTS_MAX = 32 };

/* Is what leads to a host proven by DNSSEC? */
enum lead {
	LEAD_SECURE,			/* or nothing leads there */
	LEAD_INSECURE,
	LEAD_UNBELIEVED			/* the resolver says so: who is that? */
};

/* The ports of an address: how many connected, how many were refused. */
struct answers {
	unsigned open, refused;
	unsigned others;		/* that connected, but for those on 25 */
};

struct host {
	struct host *next;
	struct target *target;
	const char *name;		/* or the address as text */
	bool literal;			/* no name: no DNS, no DANE */
	bool known;			/* without DNS: no DANE */
	enum lead lead;
	struct port port;		/* of a SRV record, or 0 */
	struct net_addr *addr;
	int naddr, beyond;		/* addresses; those over ADDRS_MAX */
	bool resolved;
	int64_t dns_us;
	struct answers *answers;	/* of each address */
	unsigned left;			/* jobs that are not over */
	struct probe *held;		/* filtered: waits for these */
	struct job *put_off;		/* no way from here: for these, too */
	struct served *served;		/* certificates of its ports */
	uint64_t order;			/* of its next report: see place() */
};

struct target {
	struct run *run;
	struct arena mem;
	uint64_t seq;
	struct operand given;
	struct host *hosts, **last;
	struct ask ask;			/* its questions */
	unsigned left;			/* reports to come */
	bool expanded, over;
	bool news;			/* it is in run.news */
	bool answers;			/* and some of it are answers */
	struct target *next;		/* there */
	struct probe *waiting;		/* for answers */
	struct probe *held;		/* for the policy */
	struct sts *sts;
	struct crl *crls;		/* --deep: see crl.h */
	struct target *before, *after;	/* in run.all */
	struct due due;
	int64_t started;
	struct best *best;		/* --aggregate */
	uint64_t orders;		/* hosts, and what names none */
};

/* A new one, among all of the run. */
struct target *target_new(struct run *, struct str text);

/* When nothing is pending of its questions, or the DNS is closed. */
void target_free(struct target *);

/* Asks the DNS about DANE; false: answers are missing (ask.h). */
bool target_dane(struct host *, const struct job *, struct tlsa *,
    struct arena *);

/* For --tlsa: the records there are, proven or not; NULL: no name to ask for. */
bool target_published(struct host *, const struct job *, const struct tlsa *,
    const struct dns_answer **);

/* A report of its was told. */
void target_told(struct target *);

/* It has changed and is to be looked at; target_next_news gives it then. */
void target_news(struct target *);
struct target *target_next_news(struct run *);	/* or NULL */

#endif
