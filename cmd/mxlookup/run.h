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

struct check;

struct run {
	const struct check *const *checks;	/* by number: checks_all */
	struct dns_conf conf;
	struct dns *dns;
	unsigned wanted;		/* bits of checks */
	bool json, quiet, nagios, ordered, stats, explain;
	bool four, six;			/* -4, -6 */
	enum finding_sev fail_on;
	const char *skip_done;
	struct opt_list operands;
	bool no_sandbox;
	struct sandbox box;		/* what checks open, beside DNS */
	struct sts_way sts;		/* to the policies of MTA-STS */
	struct buf out;			/* not yet written */
	uint64_t tasks, done, bad, unrouted, temporary, warned;
	unsigned active;
};

#endif
