/* mxlookup_outcome.c: what became of a name, and which of several is worst */
#include "outcome.h"

#include "checks.h"
#include "run.h"
#include "settings.h"
#include "tap.h"
#include "task.h"

static struct settings set;
static struct run run = { .set = &set, .checks = checks_all };

static const struct finding_kind
	hint = { "HINT", FINDING_HINT, "x", "x" },
	warn = { "WARN", FINDING_WARN, "x", "x" },
	error = { "ERROR", FINDING_ERROR, "x", "x" };

enum { MX = CHECK_BIT(CHECK_MX), ADDR = CHECK_BIT(CHECK_ADDR),
	SPF = CHECK_BIT(CHECK_SPF), DKIM = CHECK_BIT(CHECK_DKIM) };

/* A name with a host, or without any where none is said. */
static const struct {
	const char *name;
	enum dns_status status;		/* of its MX question */
	const struct finding_kind *worst;
	enum finding_sev fail_on;
	unsigned unknown, asked;
	enum mx_route route;
	enum operand kind;
	enum outcome want;
	const char *said;
} t[] = {
	{ "well", DNS_OK, NULL, FINDING_ERROR, 0, MX, MX_HOSTS, IN_DOMAIN,
	    OUTCOME_WELL, "a.test: well" },
	{ "a hint", DNS_OK, &hint, FINDING_ERROR, 0, MX, MX_HOSTS, IN_DOMAIN,
	    OUTCOME_WELL, "a.test: well" },
	{ "a warning", DNS_OK, &warn, FINDING_ERROR, 0, MX, MX_HOSTS,
	    IN_DOMAIN, OUTCOME_WARNED, "a.test: text (WARN)" },
	{ "an error", DNS_OK, &error, FINDING_ERROR, 0, MX, MX_HOSTS,
	    IN_DOMAIN, OUTCOME_BAD, "a.test: text (ERROR)" },
	{ "a warning, which counts", DNS_OK, &warn, FINDING_WARN, 0, MX,
	    MX_HOSTS, IN_DOMAIN, OUTCOME_BAD, "a.test: text (WARN)" },
	{ "a hint, which counts", DNS_OK, &hint, FINDING_HINT, 0, MX,
	    MX_HOSTS, IN_DOMAIN, OUTCOME_BAD, "a.test: text (HINT)" },
	{ "nothing counts", DNS_OK, &error, FINDING_SEVS, 0, MX, MX_HOSTS,
	    IN_DOMAIN, OUTCOME_WELL, "a.test: well" },
	{ "a check is not known", DNS_OK, NULL, FINDING_ERROR, SPF, MX,
	    MX_HOSTS, IN_DOMAIN, OUTCOME_TEMPORARY,
	    "a.test: spf: not known now" },
	{ "two are not", DNS_OK, &warn, FINDING_ERROR, SPF | DKIM, MX,
	    MX_HOSTS, IN_DOMAIN, OUTCOME_TEMPORARY,
	    "a.test: spf, dkim: not known now" },
	{ "an error beside", DNS_OK, &error, FINDING_ERROR, SPF, MX,
	    MX_HOSTS, IN_DOMAIN, OUTCOME_BAD, "a.test: text (ERROR)" },
	{ "of mx and addr all that counts is known", DNS_OK, NULL,
	    FINDING_ERROR, MX | ADDR, MX, MX_HOSTS, IN_DOMAIN, OUTCOME_WELL,
	    "a.test: well" },
	{ "no such name", DNS_NXDOMAIN, NULL, FINDING_ERROR, 0, MX, MX_NONE,
	    IN_DOMAIN, OUTCOME_UNROUTED, "a.test: nxdomain" },
	{ "no such name, and nobody asked for the way", DNS_NXDOMAIN, NULL,
	    FINDING_ERROR, 0, SPF, MX_NONE, IN_DOMAIN, OUTCOME_UNROUTED,
	    "a.test: nxdomain" },
	{ "no way", DNS_NODATA, NULL, FINDING_ERROR, 0, MX, MX_NONE,
	    IN_DOMAIN, OUTCOME_UNROUTED, "a.test: no MX and no address" },
	{ "no way, and a warning", DNS_NODATA, &warn, FINDING_ERROR, 0, MX,
	    MX_NONE, IN_DOMAIN, OUTCOME_UNROUTED,
	    "a.test: no MX and no address" },
	{ "no way, and an error says why", DNS_OK, &error, FINDING_ERROR, 0,
	    MX, MX_NONE, IN_DOMAIN, OUTCOME_UNROUTED, "a.test: text (ERROR)" },
	{ "no way, and nobody asked for it", DNS_NODATA, NULL, FINDING_ERROR,
	    0, SPF, MX_NONE, IN_DOMAIN, OUTCOME_WELL, "a.test: well" },
	{ "no mail", DNS_OK, NULL, FINDING_ERROR, 0, MX, MX_NULL, IN_DOMAIN,
	    OUTCOME_WELL, "a.test: well" },
	{ "no mail, and there is some", DNS_OK, NULL, FINDING_ERROR, 0, MX,
	    MX_NULL, IN_MAILBOX, OUTCOME_UNROUTED,
	    "a.test: takes no mail (null MX)" },
	{ "the way is not known", DNS_SERVFAIL, NULL, FINDING_ERROR, MX, MX,
	    MX_TEMP, IN_DOMAIN, OUTCOME_TEMPORARY, "a.test: MX: servfail" },
	{ "no name", DNS_OK, NULL, FINDING_ERROR, 0, SPF, MX_NONE, IN_BAD,
	    OUTCOME_UNROUTED, "a.test: no domain name: why" },
};

static void
become(size_t i)
{
	static struct dns_rr address = { .data = { "\xc0\0\2\1", 4 } };
	static struct dns_answer found = { .status = DNS_OK, .n = 1,
	    .rr = &address }, empty = { .status = DNS_NODATA };
	struct dns_answer mx = { .status = t[i].status, .ede = -1 };
	struct mx_host host = { .name = "mx.test", .a = &found,
	    .aaaa = &empty };
	struct finding f = { .kind = t[i].worst, .text = "text" };
	struct task task = { .run = &run, .domain = "a.test",
	    .kind = t[i].kind, .why = "why", .todo = MX | ADDR | t[i].asked,
	    .ask.unknown = t[i].unknown };
	struct worst w = { .outcome = OUTCOME_WELL };
	enum outcome got;

	set.want.fail_on = t[i].fail_on;
	set.want.checks = set.want.asked = t[i].asked;
	task.mx = (struct mx){ .route = t[i].route, .answer = &mx,
	    .host = &host, .n = t[i].route == MX_HOSTS };
	if (f.kind != NULL) {
		f.sev = f.kind->sev;
		task.findings.first = task.findings.last = &f;
	}
	got = outcome_of(&task);
	is_int(got, t[i].want, "%s", t[i].name);
	outcome_note(&w, &task, got);
	buf_c(&w.why, '\0');
	is_str(w.why.p, t[i].said, "and so it is told");
	buf_free(&w.why);
}

/* A second name beside a warning about the 5th line: is it worse? */
static void
several(void)
{
	static const struct {
		const char *name;
		enum outcome o;
		const struct finding_kind *worst;
		uint64_t seq;
		bool want;
	} n[] = {
		{ "the same, later", OUTCOME_WARNED, &warn, 6, false },
		{ "the same, earlier", OUTCOME_WARNED, &warn, 4, true },
		{ "one that is well", OUTCOME_WELL, NULL, 4, false },
		{ "one that is not known", OUTCOME_TEMPORARY, NULL, 6, true },
		{ "one with a worse finding", OUTCOME_WARNED, &error, 6,
		    true },
		{ "one with a lesser finding", OUTCOME_WARNED, &hint, 4,
		    false },
		{ "one that is bad by a lesser finding", OUTCOME_BAD, &hint,
		    6, true },
	};
	struct finding f = { .kind = &warn, .sev = FINDING_WARN,
	    .text = "text" };
	struct task task = { .run = &run, .domain = "a.test" };
	size_t i;

	for (i = 0; i < sizeof n / sizeof *n; i++) {
		struct worst w = { .outcome = OUTCOME_WELL };

		f.kind = &warn;
		f.sev = FINDING_WARN;
		task.findings.first = &f;
		task.seq = 5;
		outcome_note(&w, &task, OUTCOME_WARNED);
		task.seq = n[i].seq;
		f.kind = n[i].worst;
		if (f.kind != NULL)
			f.sev = f.kind->sev;
		else
			task.findings.first = NULL;
		outcome_note(&w, &task, n[i].o);
		is_int(w.seq == n[i].seq, n[i].want, "%s", n[i].name);
		buf_free(&w.why);
	}
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		become(i);
	several();
	return done();
}
