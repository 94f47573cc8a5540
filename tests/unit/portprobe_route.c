/* portprobe_route.c: hosts by SRV records, and whether what names them is signed */
#include "hosts.h"
#include "mx.h"
#include "route.h"
#include "tap.h"

static unsigned asked;
static struct dns_answer imaps, none = { .status = DNS_NODATA };

/* In a row of tests each has its own answer. */
static const struct step {
	const char *service;		/* NULL: the end */
	const struct dns_answer *answer;	/* NULL: it is missing */
} *steps;

/* In the place of ask.c: one service has hosts. */
const struct dns_answer *
ask_dnsf(struct ask *q, unsigned type, const char *fmt, ...)
{
	char name[200];
	va_list ap;

	(void)q;
	(void)type;
	va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	va_end(ap);
	asked++;
	if (steps != NULL) {
		const struct step *s = steps;

		while (s->service != NULL && !str_starts(str_of(name),
		    s->service))
			s++;
		return s->service != NULL ? s->answer : &none;
	}
	return str_starts(str_of(name), "_imaps.") ? &imaps : &none;
}

/* In the place of mx.c. */
static struct mx route;
static bool unknown;

bool
mx_find(struct mx *m, struct ask *q, const char *domain)
{
	(void)q;
	(void)domain;
	*m = route;
	return !unknown;
}

/* In the place of hosts.c. */
static struct host found[40];
static int n, nones, few, all;
static char said[400];			/* of those without a host */

struct host *
hosts_add(struct target *t, const char *name, const struct dns_answer *a)
{
	found[n] = (struct host){ .next = t->hosts, .name = name,
	    .lead = a != NULL && a->ad ? LEAD_SECURE : LEAD_INSECURE };
	t->hosts = &found[n];
	return &found[n++];
}

void
hosts_none(struct target *t, struct host *h, const char *name, int status,
    const char *fmt, ...)
{
	size_t end = strlen(said);
	va_list ap;

	(void)t;
	(void)h;
	end += (size_t)snprintf(said + end, sizeof said - end, "%s%d %s: ",
	    end > 0 ? "; " : "", status, name);
	va_start(ap, fmt);
	vsnprintf(said + end, sizeof said - end, fmt, ap);
	va_end(ap);
	nones++;
}

void
hosts_limit(struct target *t, struct host *h, const char *name, int some,
    int of, const char *what)
{
	(void)t;
	(void)h;
	(void)name;
	(void)what;
	few = some;
	all = of;
}

static void
srv(bool signed_)
{
	struct dns_rr rr[] = { { .name = "a.test", .port = 993 },
	    { .name = ".", .port = 0 }, { .name = "b.test", .port = 0 },
	    { .name = "c.test", .port = 1993 } };
	struct target t = { .given.domain = "test" };
	enum lead lead;

	imaps = (struct dns_answer){ .name = "_imaps._tcp.test", .n = 4,
	    .rr = rr, .ad = signed_ };
	n = nones = 0;
	ok(route_srv(&t), "all is known");
	is_int(n, 2, "two hosts");
	lead = signed_ ? LEAD_SECURE : LEAD_INSECURE;
	ok(found[0].lead == lead && found[1].lead == lead,
	    "as signed as the record: %d", signed_);
	ok(found[0].port.number == 993 && found[1].port.number == 1993,
	    "their ports");
	is_int(nones, 1, "one that is none");
	arena_free(&t.mem);
}

/* Of so many hosts the first 32 are probed, and the others are told. */
static void
many(int hosts, int want)
{
	struct dns_rr rr[40];
	struct mx_host host[40];
	struct target t = { .given.domain = "test" };
	struct dns_answer mx = { .status = DNS_OK };
	int i;

	for (i = 0; i < hosts; i++) {
		char *name = arena_printf(&t.mem, "h%d.test", i);

		rr[i] = (struct dns_rr){ .name = name, .port = 993 };
		host[i] = (struct mx_host){ .name = name };
	}
	imaps = (struct dns_answer){ .name = "_imaps._tcp.test",
	    .n = (unsigned)hosts, .rr = rr };
	n = few = all = 0;
	ok(route_srv(&t) && n == want, "srv: %d of %d hosts", n, hosts);
	is_int(all, hosts > want ? hosts : 0, "so many are told");
	is_int(few, hosts > want ? want : 0, "of them so few");
	route = (struct mx){ .route = MX_HOSTS, .answer = &mx, .host = host,
	    .n = (size_t)hosts };
	n = few = all = 0;
	t.hosts = NULL;
	ok(route_mx(&t) && n == want, "mx: %d of %d hosts", n, hosts);
	is_int(all, hosts > want ? hosts : 0, "so many are told");
	is_int(few, hosts > want ? want : 0, "of them so few");
	arena_free(&t.mem);
}

/* ---- what a domain's answers lead to */

static struct dns_rr
	one[] = { { .name = "a.test", .port = 993 } },
	again[] = { { .name = "A.test", .port = 993 },
	    { .name = "a.test", .port = 1993 } },
	dot[] = { { .name = "." } },
	odd[] = { { .name = "a b.test", .port = 993 } },
	portless[] = { { .name = "a.test", .port = 0 } };
#define SRV(name_, rr_) { .name = name_ "._tcp.test", .n = sizeof rr_ / \
	sizeof *rr_, .rr = rr_ }
static struct dns_answer
	a_imaps = SRV("_imaps", one), a_imap = SRV("_imap", one),
	a_again = SRV("_imap", again), a_dot = SRV("_imaps", dot),
	a_odd = SRV("_imaps", odd), a_portless = SRV("_imaps", portless),
	a_smtps = SRV("_submissions", one), a_smtp = SRV("_submission", one),
	a_pop3s = SRV("_pop3s", one), a_pop3 = SRV("_pop3", one),
	a_sieve = SRV("_sieve", one),
	fails = { .name = "_pop3._tcp.test", .status = DNS_SERVFAIL };

static const struct {
	const char *name;
	struct step step[4];
	const char *want;		/* HOST:PORT/PROTO ... */
	const char *said;
	bool missing;
} srvs[] = {
	{ "no service", { { NULL, NULL } }, "",
	    "68 test: no SRV record offers a mail service", false },
	{ "IMAP", { { "_imaps.", &a_imaps } }, "a.test:993/imaps", "", false },
	{ "IMAP with STARTTLS", { { "_imap.", &a_imap } }, "a.test:993/imap",
	    "", false },
	{ "submission with TLS", { { "_submissions.", &a_smtps } },
	    "a.test:993/smtps", "", false },
	{ "submission", { { "_submission.", &a_smtp } },
	    "a.test:993/submission", "", false },
	{ "POP3 with TLS", { { "_pop3s.", &a_pop3s } }, "a.test:993/pop3s",
	    "", false },
	{ "POP3", { { "_pop3.", &a_pop3 } }, "a.test:993/pop3", "", false },
	{ "ManageSieve", { { "_sieve.", &a_sieve } }, "a.test:993/sieve", "",
	    false },
	{ "the same host and port by two services",
	    { { "_imaps.", &a_imaps }, { "_imap.", &a_again } },
	    "a.test:993/imaps a.test:1993/imap", "", false },
	{ "not offered", { { "_imaps.", &a_dot } }, "",
	    "68 test: no SRV record offers a mail service", false },
	{ "not offered, and another one is",
	    { { "_imaps.", &a_dot }, { "_imap.", &a_imap } },
	    "a.test:993/imap", "", false },
	{ "no host name", { { "_imaps.", &a_odd } }, "",
	    "68 a b.test: _imaps._tcp.test names no host and port", false },
	{ "no port", { { "_imaps.", &a_portless } }, "",
	    "68 a.test: _imaps._tcp.test names no host and port", false },
	{ "one that is not known now", { { "_pop3.", &fails } }, "",
	    "75 test: _pop3._tcp.test: servfail", false },
	{ "one that is not known now beside one that is",
	    { { "_pop3.", &fails }, { "_imaps.", &a_imaps } },
	    "a.test:993/imaps", "75 test: _pop3._tcp.test: servfail", false },
	{ "one that is missing",
	    { { "_imaps.", &a_imaps }, { "_pop3.", NULL } }, "", "", true },
};

static void
led(struct buf *b)
{
	int i;

	b->n = 0;
	for (i = 0; i < n; i++) {
		buf_printf(b, "%s%s", i > 0 ? " " : "", found[i].name);
		if (found[i].port.number > 0)
			buf_printf(b, ":%u/%s", found[i].port.number,
			    found[i].port.proto->name);
	}
	buf_c(b, '\0');
}

static void
services(void)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof srvs / sizeof *srvs; i++) {
		struct target t = { .given.domain = "test" };

		steps = srvs[i].step;
		n = nones = 0;
		asked = 0;
		said[0] = '\0';
		is_int(route_srv(&t), !srvs[i].missing, "srv: %s",
		    srvs[i].name);
		led(&b);
		is_str(b.p, srvs[i].want, "the hosts");
		is_str(said, srvs[i].said, "and what is told");
		is_int(asked, 7, "all are asked at once");
		arena_free(&t.mem);
	}
	steps = NULL;
	buf_free(&b);
}

static const struct {
	const char *name;
	enum dns_status status;
	const char *why;
	enum mx_route route;
	const char *host[3];
	const char *want, *said;
} mxs[] = {
	{ "hosts", DNS_OK, NULL, MX_HOSTS, { "a.test", "b.test" },
	    "a.test b.test", "" },
	{ "one of them twice", DNS_OK, NULL, MX_HOSTS,
	    { "a.test", "A.test", "b.test" }, "a.test b.test", "" },
	{ "no host name", DNS_OK, NULL, MX_HOSTS, { "a b.test", "b.test" },
	    "b.test", "68 a b.test: the MX names no host" },
	{ "null MX", DNS_OK, NULL, MX_NULL, { NULL }, "",
	    "68 test: the domain takes no mail (null MX)" },
	{ "no MX", DNS_NODATA, NULL, MX_IMPLICIT, { NULL }, "test", "" },
	{ "no such domain", DNS_NXDOMAIN, NULL, MX_HOSTS, { NULL }, "",
	    "68 test: no such domain" },
	{ "not known now", DNS_SERVFAIL, NULL, MX_HOSTS, { NULL }, "",
	    "75 test: MX: servfail" },
	{ "not known now, and why", DNS_TIMEOUT, "no reply", MX_HOSTS,
	    { NULL }, "", "75 test: MX: timeout: no reply" },
};

static void
mail_hosts(void)
{
	struct buf b = { 0 };
	size_t i, k;

	for (i = 0; i < sizeof mxs / sizeof *mxs; i++) {
		struct target t = { .given.domain = "test" };
		struct dns_answer a = { .status = mxs[i].status,
		    .why = mxs[i].why };
		struct mx_host host[3];

		for (k = 0; k < 3 && mxs[i].host[k] != NULL; k++)
			host[k] = (struct mx_host){ .name = mxs[i].host[k] };
		route = (struct mx){ .route = mxs[i].route, .answer = &a,
		    .host = host, .n = k };
		n = 0;
		said[0] = '\0';
		ok(route_mx(&t), "mx: %s", mxs[i].name);
		led(&b);
		is_str(b.p, mxs[i].want, "the hosts");
		is_str(said, mxs[i].said, "and what is told");
		unknown = true;
		n = 0;
		ok(!route_mx(&t) && n == 0, "not before it is known");
		unknown = false;
		arena_free(&t.mem);
	}
	buf_free(&b);
}

int
main(void)
{
	srv(false);
	srv(true);
	many(32, 32);
	many(33, 32);
	services();
	mail_hosts();
	return done();
}
