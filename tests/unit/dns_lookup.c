/* dns_lookup.c: the addresses of a host, of answers that are made here */
#include "dns.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "clock.h"
#include "dns_private.h"
#include "tap.h"

/* In the place of dns.c: what is asked is answered at once, or never. */
static const struct row {
	const char *name;
	const char *six, *four;		/* addresses, or NULL */
	enum dns_status s6, s4;
	int family, max;
	const char *want;		/* addresses, or what is wrong */
	int status;
	const char *why;		/* in the answer that is none */
	unsigned silent;		/* 1: to AAAA, 2: to A */
} *row;
static unsigned asked, open;

struct dns *
dns_open(const struct dns_conf *conf, struct err *e)
{
	(void)conf, (void)e;
	asked = 0;
	open++;
	return (struct dns *)(uintptr_t)&open;
}

void
dns_close(struct dns *d)
{
	(void)d;
	open--;
}

unsigned
dns_step(struct dns *d, int64_t deadline)
{
	(void)d, (void)deadline;
	return (asked & row->silent) != 0;
}

void
dns_want(struct dns *d, const char *name, unsigned type,
    void (*came)(void *, const struct dns_answer *), void *arg)
{
	bool six = type == DNS_AAAA;
	struct str rest = str_of(six ? row->six : row->four), one;
	struct dns_answer *a;
	struct dns_layout l;
	char text[64], raw[4][16];
	unsigned n = 0, i;

	(void)d;
	asked |= six ? 1 : 2;
	if ((row->silent & (six ? 1 : 2)) != 0)
		return;
	while ((one = str_word(&rest)).n > 0) {
		snprintf(text, sizeof text, "%.*s", STR_ARG(one));
		inet_pton(six ? AF_INET6 : AF_INET, text, raw[n++]);
	}
	if (n == 0) {
		a = dns_nothing(name, type, six ? row->s6 : row->s4,
		    row->why);
	} else {
		a = dns_allocate(n, 0, (size_t)n * 17 + 64, &l);
		for (i = 0; i < n; i++) {
			dns_rr_of(a)[i].data.p = dns_place(&l, raw[i],
			    six ? 16 : 4);
			dns_rr_of(a)[i].data.n = six ? 16 : 4;
		}
		a->status = DNS_OK;
	}
	came(arg, a);
	dns_drop(a);
}

enum { BOTH = AF_UNSPEC, FOUR = AF_INET, SIX = AF_INET6 };
#define NOBODY DNS_NODATA, DNS_NODATA

static const struct row rows[] = {
	{ "IPv4", NULL, "192.0.2.1", NOBODY, BOTH, 9, "192.0.2.1", 0, NULL, 0 },
	{ "IPv6", "2001:db8::1", NULL, NOBODY, BOTH, 9, "2001:db8::1", 0, NULL,
	    0 },
	{ "in turn, IPv6 first", "2001:db8::1 2001:db8::2",
	    "192.0.2.1 192.0.2.2", NOBODY, BOTH, 9,
	    "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2", 0, NULL, 0 },
	{ "more of IPv4", "2001:db8::1", "192.0.2.1 192.0.2.2", NOBODY, BOTH,
	    9, "2001:db8::1 192.0.2.1 192.0.2.2", 0, NULL, 0 },
	{ "more of IPv6", "2001:db8::1 2001:db8::2", "192.0.2.1", NOBODY,
	    BOTH, 9, "2001:db8::1 192.0.2.1 2001:db8::2", 0, NULL, 0 },
	{ "room for three", "2001:db8::1 2001:db8::2", "192.0.2.1 192.0.2.2",
	    NOBODY, BOTH, 3, "2001:db8::1 192.0.2.1 2001:db8::2", 0, NULL,
	    0 },
	{ "room for one", "2001:db8::1", "192.0.2.1", NOBODY, BOTH, 1,
	    "2001:db8::1", 0, NULL, 0 },
	{ "IPv4 alone", "2001:db8::1", "192.0.2.1", NOBODY, FOUR, 9,
	    "192.0.2.1", 0, NULL, 0 },
	{ "IPv6 alone", "2001:db8::1", "192.0.2.1", NOBODY, SIX, 9,
	    "2001:db8::1", 0, NULL, 0 },
	{ "one family fails", NULL, "192.0.2.1", DNS_SERVFAIL, DNS_NODATA,
	    BOTH, 9, "192.0.2.1", 0, NULL, 0 },
	{ "one family is silent", NULL, "192.0.2.1", NOBODY, BOTH, 9,
	    "192.0.2.1", 0, NULL, 1 },
	{ "nothing there", NULL, NULL, NOBODY, BOTH, 9,
	    "a.test: no such host", EX_NOHOST, NULL, 0 },
	{ "no such name", NULL, NULL, DNS_NXDOMAIN, DNS_NXDOMAIN, BOTH, 9,
	    "a.test: no such host", EX_NOHOST, NULL, 0 },
	{ "no name", NULL, NULL, DNS_INVALID, DNS_INVALID, BOTH, 9,
	    "a.test: no host name", EX_NOHOST, NULL, 0 },
	{ "IPv6 is not known, IPv4 is not there", NULL, NULL, DNS_SERVFAIL,
	    DNS_NODATA, BOTH, 9,
	    "a.test: cannot be resolved now: servfail", EX_TEMPFAIL, NULL, 0 },
	{ "IPv4 is not known, IPv6 is not there", NULL, NULL, DNS_NODATA,
	    DNS_SERVFAIL, BOTH, 9,
	    "a.test: cannot be resolved now: servfail", EX_TEMPFAIL, NULL, 0 },
	{ "neither is known, and why", NULL, NULL, DNS_TIMEOUT, DNS_TIMEOUT,
	    BOTH, 9, "a.test: cannot be resolved now: timeout: no reply",
	    EX_TEMPFAIL, "no reply", 0 },
	{ "nobody answers in time", NULL, NULL, NOBODY, BOTH, 9,
	    "a.test: cannot be resolved now: no reply in time", EX_TEMPFAIL,
	    NULL, 3 },
};

static void
addresses(void)
{
	struct net_addr out[9];
	struct buf b = { 0 };
	struct err e = { 0 };
	char ip[64];
	int n, i;

	n = dns_hosts("a.test", 25, row->family, out, row->max,
	    row->silent != 0 ? clock_ms() - 1 : CLOCK_NEVER, &e);
	for (i = 0; i < n; i++) {
		net_ntop(&out[i], ip, sizeof ip);
		buf_printf(&b, "%s%s", i > 0 ? " " : "", ip);
	}
	if (n < 0)
		buf_s(&b, e.msg);
	buf_c(&b, '\0');
	is_str(b.p, row->want, "%s", row->name);
	is_int(e.code, row->status, "its status");
	is_int(asked, row->family == FOUR ? 2 : row->family == SIX ? 1 : 3,
	    "what was asked");
	is_int(open, 0, "and nothing is left open");
	buf_free(&b);
}

/* One question: what came, or that nothing did. */
static void
question(void)
{
	static const struct row there = { .four = "192.0.2.1" },
	    silent = { .silent = 2 };
	const struct dns_answer *a;
	struct dns_conf conf = { 0 };
	struct err e = { 0 };

	row = &there;
	is_int(dns_lookup(&conf, "a.test", DNS_A, CLOCK_NEVER, &a, &e), 0,
	    "a question");
	ok(a->status == DNS_OK && a->n == 1, "its answer");
	dns_drop(a);
	row = &silent;
	is_int(dns_lookup(&conf, "a.test", DNS_A, clock_ms() - 1, &a, &e), 0,
	    "one that nobody answers");
	is_int(a->status, DNS_TIMEOUT, "a timeout");
	is_str(a->why, "no reply in time", "and why");
	dns_drop(a);
}

int
main(void)
{
	for (row = rows; row < rows + sizeof rows / sizeof *rows; row++)
		addresses();
	question();
	return done();
}
