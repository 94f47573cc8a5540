/* outcome.h: what became of a name, in one word and in one line */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdint.h>

#include "finding.h"
#include "str.h"

struct task;

/* The worst last. */
enum outcome {
	OUTCOME_WELL,
	OUTCOME_WARNED,		/* with warnings, and nothing worse */
	OUTCOME_TEMPORARY,	/* not known now */
	OUTCOME_BAD,		/* with findings that count (--fail-on) */
	OUTCOME_UNROUTED,	/* mail cannot be delivered, or no such name */
};

/* The findings must be sorted. */
enum outcome outcome_of(const struct task *);

/* The worst of several names, for the first line of a monitoring plugin. */
struct worst {
	enum outcome outcome;
	enum finding_sev sev;	/* of its worst finding, or FINDING_HINT */
	uint64_t seq;		/* of the name: the first of equals is kept */
	struct buf why;		/* "NAME: why", printable; free it */
};

/* Takes over this name if it is worse, and says why. */
void outcome_note(struct worst *, const struct task *, enum outcome);

#endif
