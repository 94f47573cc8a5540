/* run.h: what all names of a run share, and what became of them */
#ifndef RUN_H
#define RUN_H

#include <stdint.h>

#include "outcome.h"
#include "sandbox.h"
#include "str.h"
#include "sts.h"

struct bulk;
struct check;
struct diff;
struct dns;
struct settings;
struct task;

/* How many names. */
struct tally {
	uint64_t begun;
	uint64_t done;
	uint64_t bad;			/* with findings that count */
	uint64_t unrouted;		/* mail cannot be delivered */
	uint64_t temporary;		/* not known now */
	uint64_t warned;		/* with warnings, and nothing worse */
	uint64_t changed, unsure;	/* by --diff */
};

struct run {
	const struct settings *set;
	const struct check *const *checks;	/* by number: checks_all */
	struct dns *dns;
	struct sandbox box;		/* what checks open, beside DNS */
	struct sts_way sts;		/* to the policies of MTA-STS */
	struct buf out;			/* not yet written */
	struct diff *diff;		/* an earlier output, or NULL */
	struct bulk *bulk;		/* what bulk.c knows of it, or NULL */
	struct task *spare;		/* tasks for the names to come */
	unsigned spares;		/* how many */
	unsigned active;		/* tasks begun and not done */
	struct tally tally;
	struct worst worst;		/* of the names done, for --nagios */
};

#endif
