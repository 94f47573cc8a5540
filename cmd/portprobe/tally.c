/* tally.c: what counts of the reports: the exit status, and --aggregate best */
#include "tally.h"

#include "report.h"
#include "run.h"
#include "target.h"

/* The best of a target's probes of one port. */
struct best {
	struct best *next;
	unsigned port;
	enum finding_sev sev;
	int status;
	bool unknown;
};

void
tally_count(struct tally *n, enum finding_sev sev, int status, bool unknown)
{
	if (unknown)
		n->unknown++;
	else
		n->count[sev]++;
	n->status = fail_worse(n->status, status);
}

/* Is it no worse than this one? */
static bool
good_enough(const struct best *b, const struct verdict *v)
{
	if (b->sev != v->sev)
		return b->sev < v->sev;
	if (b->status != v->status)
		return fail_worse(b->status, v->status) == v->status;
	return b->unknown;
}

void
tally_best(struct target *t, const struct report *r)
{
	struct best *b;

	for (b = t->best; b != NULL; b = b->next)
		if (b->port == r->port)
			break;
	if (b == NULL) {
		b = arena_new(&t->mem, 1, sizeof *b);
		b->next = t->best;
		t->best = b;
	} else if (good_enough(b, &r->verdict)) {
		return;
	}
	b->port = r->port;
	b->sev = r->verdict.sev;
	b->status = r->verdict.status;
	b->unknown = r->verdict.unknown;
}

/* A host without an address has no port; it counts where none has one. */
void
tally_target(struct target *t)
{
	const struct best *b;
	bool ports = false;

	for (b = t->best; b != NULL; b = b->next)
		ports |= b->port != 0;
	for (b = t->best; b != NULL; b = b->next)
		if (b->port != 0 || !ports)
			tally_count(&t->run->tally, b->sev, b->status,
			    b->unknown);
}

uint64_t
tally_all(const struct tally *n)
{
	return n->count[FINDING_HINT] + n->count[FINDING_WARN] +
	    n->count[FINDING_ERROR] + n->unknown;
}

int
tally_nagios(const struct tally *n)
{
	if (n->count[FINDING_ERROR] > 0)
		return 2;
	if (n->unknown > 0 || tally_all(n) == 0)
		return 3;
	return n->count[FINDING_WARN] > 0 ? 1 : 0;
}
