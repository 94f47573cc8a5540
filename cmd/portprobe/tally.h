/* tally.h: what counts of the reports: the exit status, and --aggregate best */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "finding.h"

struct report;
struct target;

/* The outcome of all of it. */
struct tally {
	uint64_t probes, connections;
	uint64_t count[FINDING_SEVS], unknown;
	int status;			/* the exit status so far */
};

/* One more; unknown: whatever its severity, nobody could find out. */
void tally_count(struct tally *, enum finding_sev, int status, bool unknown);

/* Of the target's reports of one port the best is kept, for tally_target. */
void tally_best(struct target *, const struct report *);

/* All of them were told: the best of each port counts. */
void tally_target(struct target *);

/* How many have counted. */
uint64_t tally_all(const struct tally *);

/* The exit status of a monitoring plugin: also an index of its words. */
int tally_nagios(const struct tally *);

#endif
