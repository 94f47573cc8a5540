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
static struct buf order;		/* of theirs: "PORT/PROTO@HOST.NTH " */
static const char *via;			/* of a report */
static unsigned at;
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
	via = r->via;
	at = r->port;
	snprintf(why, sizeof why, "%s: %s", f != NULL ? f->kind->id : "",
	    r->trouble.text);
}

/* In the place of share.c. */
void
share_join(struct run *r, struct job *j)
{
	(void)r;
	joined++;
	buf_printf(&order, "%u/%s@%llu.%u ", j->port.number, j->port.proto !=
	    NULL ? j->port.proto->name : "-", (unsigned long
	    long)(j->order >> 32), j->nth);
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

/* ---- ports, order, and how the way here was */

static struct settings set;
static struct run run = { .set = &set };
static struct target target;

/* A host with an address of each family: the jobs, or what is said of it. */
static const char *
jobs(struct host *h)
{
	static const char raw[2][16] = { "\300\0\2\1", "" };
	static struct dns_rr rr[2] = { { .data = { raw[0], 4 } },
	    { .data = { raw[1], 16 } } };
	int i;

	for (i = 0; i < 2; i++)
		answer[i] = (struct dns_answer){ .status = DNS_OK, .n = 1,
		    .rr = &rr[i] };
	answer[1].status = six;
	answer[1].n = six == DNS_OK;
	order.n = 0;
	told = -1;
	hosts_resolve(h);
	buf_c(&order, '\0');
	return order.p;
}

static struct host *
host_of(enum target_kind kind, const char *name)
{
	arena_free(&target.mem);
	target = (struct target){ .run = &run, .given = { .kind = kind,
	    .text = "x:a.test", .domain = "a.test" } };
	target.last = &target.hosts;
	return hosts_add(&target, name, NULL);
}

static void
ports(void)
{
	struct port https = { 465, probe_talk_port(465) };
	struct host *h;

	set = (struct settings){ .scope = { .timeout = 1, .first = true } };
	is_str(jobs(host_of(TARGET_MX, "mx.test")), "25/smtp@0.0 ",
	    "a mail host: 25, at one address with --first");
	is_int(told, -1, "of which nothing is said");
	six = DNS_SERVFAIL;
	jobs(host_of(TARGET_MX, "mx.test"));
	is_int(told, -1, "--first: another that is not known does not matter");
	six = DNS_OK;
	is_str(jobs(host_of(TARGET_HOST, "a.test")), "25/smtp@0.0 "
	    "465/smtps@0.0 587/submission@0.0 110/pop3@0.0 995/pop3s@0.0 "
	    "143/imap@0.0 993/imaps@0.0 ", "a host: the usual ones");
	h = host_of(TARGET_HOST, "a.test");
	target.given.port = https;
	is_str(jobs(h), "465/smtps@0.0 ", "the one that is given");
	h = host_of(TARGET_SRV, "a.test");
	h->port = https;
	target.given.port = (struct port){ 25, probe_talk_port(25) };
	is_str(jobs(h), "465/smtps@0.0 ", "the host's own counts first");
	set.scope.mode = MODE_STARTTLS;
	is_str(jobs(host_of(TARGET_MX, "mx.test")), "25/smtp@0.0 ",
	    "by STARTTLS");
	set.scope.mode = MODE_IMPLICIT;
	is_str(jobs(host_of(TARGET_MX, "mx.test")), "25/smtps@0.0 ",
	    "by TLS from the first byte");
	set.scope.mode = MODE_AUTO;
	set.scope.first = false;
	h = host_of(TARGET_MX, "mx.test");
	h = hosts_add(&target, "mx2.test", NULL);
	is_str(jobs(h), "25/smtp@1.0 25/smtp@1.1 ",
	    "the second host, both of its addresses");
	is_str(jobs(target.hosts), "25/smtp@0.0 25/smtp@0.1 ",
	    "the first, which is known later, comes before it");
}

static void
known(void)
{
	static struct dns_answer signed_one = { .ad = true, .ad_bit = true },
	    said = { .ad_bit = true }, open_one;
	struct host *h;

	set = (struct settings){ .scope = { .timeout = 1, .nports = 1,
	    .port = { { 25, probe_talk_port(25) } } } };
	h = host_of(TARGET_HOST, "x.localhost");
	is_str(jobs(h), "25/smtp@0.0 25/smtp@0.1 ", "below localhost");
	ok(h->known, "this machine, whatever the DNS says");
	h = host_of(TARGET_MX, "localhost");
	jobs(h);
	ok(!h->known, "not where the DNS names it");
	set.scope.six = true;
	buf_s(&run.hosts, "192.0.2.7 filed.test\n");
	h = host_of(TARGET_HOST, "filed.test");
	is_str(jobs(h), "", "in the file with another family alone");
	ok(told == EX_NOHOST && strstr(why, "/etc/hosts") != NULL,
	    "which is said: %s", why);
	ok(via == NULL, "nobody has led there");
	buf_free(&run.hosts);
	set.scope.six = false;
	answer[0] = answer[1] = (struct dns_answer){ .status = DNS_NXDOMAIN };
	hosts_resolve(host_of(TARGET_HOST, "gone.test"));
	is_str(why, ": no such host", "NXDOMAIN is said");
	is_int((int)at, 25, "of the one port that was wanted");
	hosts_resolve(host_of(TARGET_MX, "gone.test"));
	is_str(via, "x:a.test", "and who has led there");
	is_int((int)at, 0, "which is no port of its own");
	h = host_of(TARGET_HOST, "192.0.2.1");
	h->literal = true;
	jobs(h);
	is_int((int)h->dns_us, 0, "no time for an address");
	ok(hosts_add(&target, "a", NULL)->lead == LEAD_SECURE &&
	    hosts_add(&target, "a", &signed_one)->lead == LEAD_SECURE,
	    "a lead that is signed, or none");
	ok(hosts_add(&target, "a", &said)->lead == LEAD_UNBELIEVED,
	    "one of a resolver that is not believed");
	ok(hosts_add(&target, "a", &open_one)->lead == LEAD_INSECURE,
	    "one that is not signed");
	arena_free(&target.mem);
	buf_free(&order);
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
	ports();
	known();
	return done();
}
