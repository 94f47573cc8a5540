/* portprobe_hosts.c: a host without addresses: is there none, or is it not known? */
#include "ask.h"
#include "hosts.h"
#include "jobs.h"
#include "output.h"
#include "report.h"
#include "run.h"
#include "tap.h"

static struct dns_answer answer[2];
static int told;			/* the exit status of a report */

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
	told = r->verdict.status;
}

static int
status(enum dns_status a, enum dns_status aaaa)
{
	struct settings set = { .scope.timeout = 1 };
	struct run run = { .set = &set };
	struct target target = { .run = &run,
	    .given = { .text = "a.test", .domain = "a.test" } };
	struct host host = { .target = &target, .name = "a.test" };

	answer[0].status = a;
	answer[1].status = aaaa;
	told = -1;
	hosts_resolve(&host);
	return told;
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
	return done();
}
