/*
 * portprobe_hosts.c: a host without addresses: is there none, or is it not known?
 * And one with more of them than are probed.
 */
#include "ask.h"
#include "hosts.h"
#include "jobs.h"
#include "output.h"
#include "report.h"
#include "run.h"
#include "tap.h"

static struct dns_answer answer[2];
static int told;			/* the exit status of a report */
static char why[200];			/* what it says, and its finding */
static unsigned joined;			/* jobs */
static enum dns_status six = DNS_OK;	/* of AAAA, where there is A */
static enum dns_status four = DNS_OK;	/* of A, where there is AAAA */
static bool only_four, only_six;	/* options */

/* In the place of ask.c and output.c. */
const struct dns_answer *
ask_dns(struct ask *q, const char *name, unsigned type)
{
	(void)q;
	(void)name;
	return &answer[type == DNS_AAAA];
}

void
output_report(struct report *r)
{
	const struct finding *f = r->verdict.findings.first;

	told = r->verdict.status;
	snprintf(why, sizeof why, "%s: %s", f != NULL ? f->kind->id : "",
	    r->trouble.text);
}

/* In the place of share.c. */
void
share_join(struct run *r, struct job *j)
{
	(void)r;
	(void)j;
	joined++;
}

static int
status(enum dns_status a, enum dns_status aaaa)
{
	struct settings set = { .scope = { .timeout = 1, .four = only_four,
	    .six = only_six } };
	struct run run = { .set = &set };
	struct target target = { .run = &run,
	    .given = { .text = "a.test", .domain = "a.test" } };
	struct host host = { .target = &target, .name = "a.test" };

	answer[0] = (struct dns_answer){ .status = a };
	answer[1] = (struct dns_answer){ .status = aaaa };
	told = -1;
	hosts_resolve(&host);
	return told;
}

/* So many addresses by IPv4, and one by IPv6: how many jobs? */
static unsigned
jobs_of(unsigned n, bool no_six)
{
	static const char data[40][4], data6[16];
	struct settings set = { .scope = { .timeout = 1, .four = no_six,
	    .six = only_six, .port = { { 25, probe_talk_port(25) } }, .nports = 1 } };
	struct run run = { .set = &set };
	struct target target = { .run = &run,
	    .given = { .text = "a.test", .domain = "a.test" } };
	struct host host = { .target = &target, .name = "a.test" };
	struct dns_rr rr[40] = { 0 }, rr6 = { .data = { data6, 16 } };
	unsigned i;

	for (i = 0; i < n; i++)
		rr[i].data = (struct str){ data[i], 4 };
	answer[0] = (struct dns_answer){ .status = four, .n = n, .rr = rr };
	answer[1] = (struct dns_answer){ .status = six, .n = six == DNS_OK,
	    .rr = &rr6 };
	told = -1;
	why[0] = '\0';
	joined = 0;
	hosts_resolve(&host);
	arena_free(&target.mem);
	return joined;
}

static void
limit(void)
{
	is_int(jobs_of(15, false), 16, "as many addresses as are probed");
	is_int(told, -1, "of which nothing is said");
	is_int(jobs_of(16, false), 16, "one address more");
	is_int(told, EX_TEMPFAIL, "is not known");
	is_str(why, "PROBE_LIMIT: only the first 16 of 17 addresses are probed",
	    "and is told");
	is_int(jobs_of(40, false), 16, "many more");
	is_str(why, "PROBE_LIMIT: only the first 16 of 41 addresses are probed",
	    "are counted");
	is_int(jobs_of(1, false), 2, "one of each family");
	is_int(told, -1, "and all is known");
	six = DNS_SERVFAIL;
	is_int(jobs_of(1, false), 1, "a family that is not known now");
	is_int(told, EX_TEMPFAIL, "is not left out in silence");
	is_str(why, ": its IPv6 addresses are not known, and not probed: servfail",
	    "which says so");
	is_int(jobs_of(1, true), 1, "where it is not wanted");
	is_int(told, -1, "it does not matter");
	six = DNS_OK;
	only_six = true;
	is_int(jobs_of(3, false), 1, "-6: those of IPv6");
	four = DNS_SERVFAIL;
	is_int(jobs_of(0, false), 1, "-6: of IPv4 nothing is known");
	is_int(told, -1, "which does not matter");
	only_six = false;
	is_int(jobs_of(0, false), 1, "without -6");
	is_str(why, ": its IPv4 addresses are not known, and not probed: servfail",
	    "it does");
	four = DNS_OK;
	is_int(jobs_of(16, true), 16, "one of a family that is not wanted");
	is_int(told, -1, "is none more");
}

int
main(void)
{
	static const struct {
		enum dns_status a, aaaa;
		int want;
		const char *name;
	} t[] = {
		{ DNS_NODATA, DNS_NODATA, EX_NOHOST, "neither" },
		{ DNS_NXDOMAIN, DNS_NXDOMAIN, EX_NOHOST, "no such name" },
		{ DNS_SERVFAIL, DNS_NODATA, EX_TEMPFAIL, "A is not known" },
		{ DNS_NODATA, DNS_SERVFAIL, EX_TEMPFAIL, "AAAA is not known" },
		{ DNS_SERVFAIL, DNS_SERVFAIL, EX_TEMPFAIL, "both are not" },
		{ DNS_SERVFAIL, DNS_NXDOMAIN, EX_TEMPFAIL,
		    "A is not known, AAAA says that there is no such name" },
		{ DNS_NXDOMAIN, DNS_SERVFAIL, EX_TEMPFAIL,
		    "A says that there is no such name, AAAA is not known" },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		is_int(status(t[i].a, t[i].aaaa), t[i].want, "%s", t[i].name);
	only_six = true;
	is_int(status(DNS_SERVFAIL, DNS_NODATA), EX_NOHOST,
	    "-6: A is not known, and not wanted");
	is_int(status(DNS_NODATA, DNS_SERVFAIL), EX_TEMPFAIL,
	    "-6: AAAA is not known");
	only_six = false;
	only_four = true;
	is_int(status(DNS_NODATA, DNS_SERVFAIL), EX_NOHOST,
	    "-4: AAAA is not known, and not wanted");
	is_int(status(DNS_SERVFAIL, DNS_NODATA), EX_TEMPFAIL,
	    "-4: A is not known");
	only_four = false;
	limit();
	return done();
}
