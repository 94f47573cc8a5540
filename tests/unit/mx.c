/* mx.c: the route of a domain, its hosts in order, and whether it delivers */
#include "mx.h"

#include "dns_stub.h"
#include "tap.h"

static const struct stub_record zone[] = {
	/* three hosts, one of them twice, and what cannot be one */
	{ "many.example", DNS_MX, .data = "20 b.example", .ad = true },
	{ "many.example", DNS_MX, .data = "10 c.example", .ad = true },
	{ "many.example", DNS_MX, .data = "10 a.example", .ad = true },
	{ "many.example", DNS_MX, .data = "30 a.example", .ad = true },
	{ "many.example", DNS_MX, .data = "5 .", .ad = true },
	{ "many.example", DNS_MX, .data = "6 192.0.2.9", .ad = true },
	{ "many.example", DNS_MX, .data = "7 -bad.example", .ad = true },
	{ "a.example", DNS_A, .data = "192.0.2.1" },
	{ "a.example", DNS_AAAA, .data = "2001:db8::1" },
	{ "b.example", DNS_A, .data = "192.0.2.2" },
	{ "c.example", DNS_CNAME, .data = "a.example" },
	{ "null.example", DNS_MX, .data = "0 ." },
	{ "bad.example", DNS_MX, .data = "0 192.0.2.1" },
	{ "plain.example", DNS_A, .data = "192.0.2.3" },
	{ "text.example", DNS_TXT, .data = "no mail here" },
	{ "half.example", DNS_A, .status = DNS_SERVFAIL },
	{ "half.example", DNS_TXT, .data = "no mail here" },
	{ "down.example", DNS_MX, .status = DNS_TIMEOUT },
	{ "web.example", DNS_MX, .status = DNS_TIMEOUT },
	{ "web.example", DNS_A, .data = "192.0.2.5" },
	{ "half6.example", DNS_AAAA, .status = DNS_SERVFAIL },
	{ "half6.example", DNS_TXT, .data = "no mail here" },
	{ "dark.example", DNS_MX, .data = "10 half.example" },
	{ "dark.example", DNS_MX, .data = "20 gone.example" },
	{ "empty.example", DNS_MX, .data = "10 gone.example" },
	{ "part.example", DNS_MX, .data = "10 six.example" },
	{ "six.example", DNS_A, .status = DNS_SERVFAIL },
	{ "six.example", DNS_AAAA, .data = "2001:db8::6" },
	{ "v4.example", DNS_MX, .data = "10 b.example" },
	{ "-odd.example", DNS_A, .data = "192.0.2.4" },
	{ .name = NULL }
};

static struct arena mem;

static void
came(void *arg, unsigned ready)
{
	(void)arg, (void)ready;
}

static struct ask q;

static void
fresh(void)
{
	ask_free(&q);
	q = (struct ask){ .mem = &mem, .came = came };
}

/* By replay, until all is known; addresses, too. */
static void
find(struct mx *m, const char *domain)
{
	fresh();
	while (!mx_find(m, &q, domain) || !mx_addresses(m, &q))
		if (!stub_answer(NULL, 0)) {
			ok(false, "%s: nothing is asked, and it waits", domain);
			return;
		}
}

static void
routes(void)
{
	static const struct {
		const char *domain;
		enum mx_route route;
		size_t n;
		enum mx_verdict verdict;
	} cases[] = {
		{ "many.example", MX_HOSTS, 7, MX_DELIVERABLE },
		{ "null.example", MX_NULL, 0, MX_UNDELIVERABLE },
		{ "bad.example", MX_NONE, 1, MX_UNDELIVERABLE },
		{ "plain.example", MX_IMPLICIT, 1, MX_DELIVERABLE },
		{ "text.example", MX_NONE, 0, MX_UNDELIVERABLE },
		{ "half.example", MX_TEMP, 0, MX_UNKNOWN },
		{ "half6.example", MX_TEMP, 0, MX_UNKNOWN },
		{ "web.example", MX_TEMP, 0, MX_UNKNOWN },
		{ "nowhere.example", MX_NONE, 0, MX_UNDELIVERABLE },
		{ "down.example", MX_TEMP, 0, MX_UNKNOWN },
		{ "dark.example", MX_HOSTS, 2, MX_UNKNOWN },
		{ "part.example", MX_HOSTS, 1, MX_DELIVERABLE },
		{ "empty.example", MX_HOSTS, 1, MX_UNDELIVERABLE },
		{ "-odd.example", MX_NONE, 1, MX_UNDELIVERABLE },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mx m = { .host = NULL };

		find(&m, cases[i].domain);
		is_str(mx_route(m.route), mx_route(cases[i].route), "%s: route",
		    cases[i].domain);
		is_int(m.n, cases[i].n, "%s: hosts", cases[i].domain);
		is_int(mx_verdict(&m), cases[i].verdict, "%s: verdict",
		    cases[i].domain);
		is_int(m.secure, strcmp(cases[i].domain, "many.example") == 0,
		    "%s: signed", cases[i].domain);
	}
}

static void
order(void)
{
	static const struct {
		const char *name;
		unsigned pref;
		enum mx_flaw flaw;
	} want[] = {
		{ ".", 5, MX_ROOT }, { "192.0.2.9", 6, MX_ADDRESS },
		{ "-bad.example", 7, MX_BAD_NAME },
		{ "a.example", 10, MX_FIT }, { "c.example", 10, MX_FIT },
		{ "b.example", 20, MX_FIT }, { "a.example", 30, MX_REPEATED },
	};
	struct mx m = { .host = NULL };
	size_t i;

	find(&m, "many.example");
	ok(m.secure, "its MX is signed");
	for (i = 0; i < m.n; i++) {
		is_str(m.host[i].name, want[i].name, "host %zu", i);
		is_int(m.host[i].pref, want[i].pref, "its preference");
		is_int(m.host[i].flaw, want[i].flaw, "its flaw");
		ok(mx_usable(&m.host[i]) == (want[i].flaw == MX_FIT),
		    "it is tried if it is fit");
	}
	is_int(m.host[6].first, 10, "the better preference counts");
	ok(m.host[0].a == NULL && m.host[6].a == NULL,
	    "what is not fit has no addresses");
	is_str(m.host[4].cname, "a.example", "an alias is told");
	ok(m.host[3].cname == NULL, "and no other");
	is_int(m.host[3].aaaa->n, 1, "addresses of both families");
}

static void
families(void)
{
	struct mx m = { .six = true };

	find(&m, "v4.example");
	ok(m.host[0].a == NULL && m.host[0].aaaa != NULL,
	    "-6: IPv4 is not asked for");
	is_int(mx_verdict(&m), MX_UNDELIVERABLE, "and without IPv6: no");
	m = (struct mx){ .four = true };
	find(&m, "v4.example");
	ok(m.host[0].a != NULL && m.host[0].aaaa == NULL,
	    "-4: IPv6 is not asked for");
	is_int(mx_verdict(&m), MX_DELIVERABLE, "with IPv4: yes");
}

/* What is asked in one go, and that nothing is known too early. */
static void
replay(void)
{
	struct mx m = { .host = NULL };

	fresh();
	stub_asked = 0;
	ok(!mx_find(&m, &q, "many.example"), "MX is missing");
	is_int(stub_asked, 1, "addresses are not asked before");
	stub_answer(NULL, 0);
	ok(mx_find(&m, &q, "many.example"), "there");
	ok(!mx_addresses(&m, &q), "addresses are missing");
	is_int(stub_asked, 7, "A and AAAA of three hosts, at once");
	while (stub_answer("a.example", 0) || stub_answer("b.example", 0))
		;
	ok(!mx_addresses(&m, &q), "those of one are still missing");
	ok(m.host[4].cname == NULL, "nothing is said of it yet");
	while (stub_answer(NULL, 0))
		;
	ok(mx_addresses(&m, &q), "all there");
	is_int(stub_asked, 7, "nothing is asked twice");

	m = (struct mx){ .host = NULL };
	ok(!mx_find(&m, &q, "plain.example"), "implicit: MX is missing");
	stub_answer(NULL, 0);
	ok(!mx_find(&m, &q, "plain.example"), "then its addresses");
	ok(m.answer == NULL, "and nothing is decided");
	stub_answer("plain.example", DNS_A);
	ok(!mx_find(&m, &q, "plain.example"), "one of two will not do");
	stub_answer("plain.example", DNS_AAAA);
	ok(mx_find(&m, &q, "plain.example") && m.route == MX_IMPLICIT,
	    "with both it is implicit");
}

int
main(void)
{
	stub_zone = zone;
	routes();
	order();
	families();
	replay();
	ok(mx_is_address("192.0.2.1") && mx_is_address("2001:db8::1"),
	    "addresses");
	ok(!mx_is_address("a.example") && !mx_is_address("1.2.3"),
	    "no addresses");
	ask_free(&q);
	arena_free(&mem);
	return done();
}
