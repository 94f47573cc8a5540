/* portprobe_tally.c: what counts: the best of a port, and the exit status */
#include "tally.h"

#include "report.h"
#include "run.h"
#include "tap.h"
#include "target.h"

/* A probe's outcome, the lists end with port 99. */
struct outcome {
	unsigned port;
	enum finding_sev sev;
	int status;
	bool unknown;
};

enum { END = 99 };
#define OK(port) { port, FINDING_HINT, 0, false }
#define WARN(port) { port, FINDING_WARN, 0, false }
#define BAD(port, status) { port, FINDING_ERROR, status, false }
#define UNKNOWN(port) { port, FINDING_ERROR, EX_TEMPFAIL, true }
#define NO_MORE { END, FINDING_HINT, 0, false }

/* Told in this order and in the other one: what counts of all of it. */
static const struct {
	const char *name;
	struct outcome told[4];
	uint64_t count[FINDING_SEVS], unknown;
	int status;
} bests[] = {
	{ "nothing", { NO_MORE }, { 0, 0, 0 }, 0, 0 },
	{ "one that is well", { OK(25), NO_MORE }, { 1, 0, 0 }, 0, 0 },
	{ "well beside bad", { OK(25), BAD(25, EX_UNAVAILABLE), NO_MORE },
	    { 1, 0, 0 }, 0, 0 },
	{ "well beside a warning", { OK(25), WARN(25), NO_MORE },
	    { 1, 0, 0 }, 0, 0 },
	{ "a warning beside bad", { WARN(25), BAD(25, EX_UNAVAILABLE),
	    NO_MORE }, { 0, 1, 0 }, 0, 0 },
	{ "a warning with a status beside bad without",
	    { { 25, FINDING_WARN, EX_PROTOCOL, false }, BAD(25, 0), NO_MORE },
	    { 0, 1, 0 }, 0, EX_PROTOCOL },
	{ "bad in two ways", { BAD(25, EX_TEMPFAIL), BAD(25, EX_PROTOCOL),
	    NO_MORE }, { 0, 0, 1 }, 0, EX_TEMPFAIL },
	{ "one that nobody could find out beside bad",
	    { UNKNOWN(25), BAD(25, EX_TEMPFAIL), NO_MORE },
	    { 0, 0, 0 }, 1, EX_TEMPFAIL },
	{ "one that nobody could find out beside well",
	    { UNKNOWN(25), OK(25), NO_MORE }, { 1, 0, 0 }, 0, 0 },
	{ "two ports", { OK(25), BAD(465, EX_PROTOCOL), NO_MORE },
	    { 1, 0, 1 }, 0, EX_PROTOCOL },
	{ "two ports, one of them twice", { BAD(25, EX_PROTOCOL), WARN(465),
	    OK(25), NO_MORE }, { 1, 1, 0 }, 0, 0 },
	{ "a host without an address beside one",
	    { BAD(0, EX_NOHOST), OK(25), NO_MORE }, { 1, 0, 0 }, 0, 0 },
	{ "no host with an address", { BAD(0, EX_NOHOST), NO_MORE },
	    { 0, 0, 1 }, 0, EX_NOHOST },
};

static void
count(struct tally *got, const struct outcome *o, int n, int step)
{
	struct run run = { .tally.status = 0 };
	struct target t = { .run = &run };
	struct report r = { .run = &run };

	for (; n > 0; n--, o += step) {
		r.port = o->port;
		r.verdict.sev = o->sev;
		r.verdict.status = o->status;
		r.verdict.unknown = o->unknown;
		tally_best(&t, &r);
	}
	tally_target(&t);
	*got = run.tally;
	arena_free(&t.mem);
}

static void
best(size_t i)
{
	const struct outcome *told = bests[i].told;
	struct tally got;
	int n, way;

	for (n = 0; told[n].port != END; n++)
		;
	for (way = 0; way < 2; way++) {
		count(&got, way == 0 ? told : told + n - (n > 0), n,
		    way == 0 ? 1 : -1);
		ok(memcmp(got.count, bests[i].count, sizeof got.count) == 0 &&
		    got.unknown == bests[i].unknown, "%s%s: %d %d %d, %d",
		    bests[i].name, way == 0 ? "" : ", the other way round",
		    (int)got.count[0], (int)got.count[1], (int)got.count[2],
		    (int)got.unknown);
		is_int(got.status, bests[i].status, "its status");
	}
}

/* A monitoring plugin's: critical, else unknown, else warning. */
static void
nagios(void)
{
	static const struct {
		struct tally n;
		uint64_t all;
		int want;
	} t[] = {
		{ { .probes = 7 }, 0, 3 },
		{ { .count = { 1, 0, 0 } }, 1, 0 },
		{ { .count = { 1, 2, 0 } }, 3, 1 },
		{ { .count = { 1, 2, 3 } }, 6, 2 },
		{ { .count = { 1, 2, 3 }, .unknown = 4 }, 10, 2 },
		{ { .count = { 1, 2, 0 }, .unknown = 1 }, 4, 3 },
		{ { .count = { 1, 0, 0 }, .unknown = 1 }, 2, 3 },
		{ { .unknown = 1 }, 1, 3 },
		{ { .count = { 0, 1, 0 } }, 1, 1 },
		{ { .count = { 0, 0, 1 } }, 1, 2 },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		is_int(tally_nagios(&t[i].n), t[i].want, "plugin's status %zu",
		    i);
		is_int(tally_all(&t[i].n), t[i].all, "so many");
	}
}

/* The worst status stays, whenever it comes. */
static void
worst(void)
{
	struct tally n = { .status = 0 };

	tally_count(&n, FINDING_HINT, 0, false);
	is_int(n.status, 0, "well");
	tally_count(&n, FINDING_ERROR, EX_TEMPFAIL, true);
	is_int(n.status, EX_TEMPFAIL, "not known now");
	tally_count(&n, FINDING_ERROR, EX_PROTOCOL, false);
	is_int(n.status, fail_worse(EX_TEMPFAIL, EX_PROTOCOL), "the worse");
	tally_count(&n, FINDING_HINT, 0, false);
	is_int(n.status, fail_worse(EX_TEMPFAIL, EX_PROTOCOL), "it stays");
	ok(n.count[FINDING_HINT] == 2 && n.count[FINDING_ERROR] == 1 &&
	    n.unknown == 1, "what is unknown is not among the errors");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof bests / sizeof *bests; i++)
		best(i);
	nagios();
	worst();
	return done();
}
