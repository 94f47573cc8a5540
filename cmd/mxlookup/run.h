/* run.h: what a run of mxlookup holds: options, engine, output, counts */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "dns.h"
#include "finding.h"
#include "opt.h"
#include "sandbox.h"
#include "str.h"
#include "sts.h"

struct bulk;
struct check;
struct task;

struct run {
	const struct check *const *checks;	/* by number: checks_all */
	struct dns_conf conf;
	struct dns *dns;
	unsigned wanted;		/* bits of checks */
	bool json, quiet, nagios, ordered, stats, explain;
	bool four, six;			/* -4, -6 */
	enum finding_sev fail_on;	/* from here on findings are bad */
	const char *skip_done;		/* a file, or NULL */
	struct opt_list operands;	/* none: names come from stdin */
	bool no_sandbox;
	struct sandbox box;		/* what checks open, beside DNS */
	struct sts_way sts;		/* to the policies of MTA-STS */
	struct buf out;			/* not yet written */
	struct bulk *bulk;		/* what bulk.c knows of it, or NULL */
	struct task *spare;		/* tasks for the names to come */
	unsigned spares;		/* how many */
	unsigned active;		/* tasks begun and not done */
	uint64_t tasks;			/* begun */
	uint64_t done;
	uint64_t bad;			/* with findings that count */
	uint64_t unrouted;		/* mail cannot be delivered */
	uint64_t temporary;		/* not known now */
	uint64_t warned;		/* with warnings, and nothing worse */
};

#endif
