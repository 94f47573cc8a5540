/*
 * route.c: the checks mx and addr: what is odd on the way of mail
 *
 * The way itself is found in common/mx.
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "route.h"
#include "run.h"
#include "settings.h"
#include "task.h"

enum { MANY = 10, SHORT_TTL = 60 };

static const struct finding_kind mx_findings[] = {
	{ "MX_NULL_MIXED", FINDING_ERROR, "RFC7505#3",
	    "A null MX (host \".\") stands beside other MX records. Either the domain takes mail or it does not: keep one kind. The null one is passed over." },
	{ "MX_NULL_PREF", FINDING_WARN, "RFC7505#3",
	    "A null MX has preference 0." },
	{ "MX_IS_IP", FINDING_ERROR, "RFC5321#5.1",
	    "The MX host is an IP address. It must be a name; senders look it up as one and find nothing. Give the host a name with an A or AAAA record." },
	{ "MX_BAD_NAME", FINDING_ERROR, "RFC1123#2.1",
	    "The MX host cannot be a host name: letters, digits and hyphens only (an underscore is let pass)." },
	{ "MX_DUPLICATE", FINDING_WARN, "RFC5321#5.1",
	    "The same host is there more than once; only its best preference counts." },
	{ "MX_MANY", FINDING_HINT, "RFC5321#5.1",
	    "More than ten MX records: some senders try only the first few." },
	{ "MX_TTL", FINDING_HINT, "RFC1912#2.2",
	    "The TTL is under a minute: every sender asks again and again, and each failure counts." },
	{ "MX_OWNER_CNAME", FINDING_HINT, "RFC5321#5.1",
	    "The domain is an alias (CNAME); mail follows it. Some senders rewrite the address to the target." },
	{ "MX_NO_USABLE", FINDING_ERROR, "RFC5321#5.1",
	    "Not one of the MX records names a host that can be tried." },
	{ .id = NULL }
};

static const struct finding_kind addr_findings[] = {
	{ "MX_CNAME", FINDING_WARN, "RFC2181#10.3",
	    "The MX host is an alias (CNAME). Most senders cope, some refuse, and DANE may not apply. Name the target itself." },
	{ "MX_NXDOMAIN", FINDING_WARN, "RFC5321#5.1",
	    "There is no such host. Remove the MX, or bring the host back: whoever can register its name gets your mail." },
	{ "MX_NO_ADDR", FINDING_WARN, "RFC5321#5.1",
	    "The MX host has neither an A nor an AAAA record: senders waste time on it." },
	{ "MX_TEMP", FINDING_WARN, "RFC5321#4.5.4",
	    "Addresses of an MX host cannot be looked up now." },
	{ "MX_ALL_DEAD", FINDING_ERROR, "RFC5321#5.1",
	    "No MX host has an address: mail cannot be delivered." },
	{ "MX_LOCAL_ADDR", FINDING_WARN, "RFC6890",
	    "An address that cannot be reached from elsewhere: loopback, private, link-local or for documentation." },
	{ "MX_SAME_ADDR", FINDING_HINT, "RFC5321#5.1",
	    "Two MX hosts share an address: if it fails, both do." },
	{ "MX_NO_IPV4", FINDING_WARN, "RFC5321#5.2",
	    "No MX host has an IPv4 address: senders without IPv6 cannot deliver." },
	{ "MX_NO_IPV6", FINDING_HINT, "RFC5321#5.2",
	    "No MX host has an IPv6 address." },
	{ .id = NULL }
};

/* ---- mx */

static void
judge_mx(struct task *t, const struct mx_host *h)
{
	switch (h->flaw) {
	case MX_FIT:
		break;
	case MX_ROOT:
		task_find(t, "MX_NULL_MIXED", NULL, "MX %u . beside %zu others",
		    h->pref, t->mx.n - 1);
		break;
	case MX_ADDRESS:
		task_find(t, "MX_IS_IP", h->name,
		    "MX %u %s is an address, not a name", h->pref, h->name);
		break;
	case MX_BAD_NAME:
		task_find(t, "MX_BAD_NAME", h->name,
		    "MX %u %s is no host name", h->pref, h->name);
		break;
	case MX_REPEATED:
		task_find(t, "MX_DUPLICATE", h->name,
		    "MX %u %s is there with preference %u, too", h->pref,
		    h->name, h->first);
		break;
	}
}

static void
judge_records(struct task *t)
{
	const struct mx *m = &t->mx;
	size_t i;

	if (m->route == MX_NULL) {
		if (m->answer->rr[0].pref != 0)
			task_find(t, "MX_NULL_PREF", NULL,
			    "null MX with preference %u",
			    m->answer->rr[0].pref);
		return;
	}
	for (i = 0; i < m->n; i++)
		judge_mx(t, &m->host[i]);
	if (m->route == MX_NONE)
		task_find(t, "MX_NO_USABLE", NULL, "%zu MX, none usable", m->n);
	if (m->n > MANY)
		task_find(t, "MX_MANY", NULL, "%zu MX records", m->n);
	if (m->answer->ttl < SHORT_TTL)
		task_find(t, "MX_TTL", NULL, "TTL %u", m->answer->ttl);
}

static bool
run_mx(struct task *t)
{
	struct mx *m = &t->mx;

	m->four = t->run->set->want.four;
	m->six = t->run->set->want.six;
	if (!mx_find(m, &t->ask, t->domain))
		return false;
	t->result[CHECK_MX] = m;
	if (m->answer->ncname > 0)
		task_find(t, "MX_OWNER_CNAME", NULL, "alias of %s",
		    dns_owner(m->answer));
	if (m->answer->status == DNS_OK)
		judge_records(t);
	return true;
}

/* ---- addr */

/* Not to be reached over the Internet (RFC 6890). */
static const char *
local_kind(struct str ip)
{
	static const struct { const char *net; unsigned bits; size_t len;
	    const char *what; } table[] = {
		{ "\0", 8, 4, "this host" }, { "\x7f", 8, 4, "loopback" },
		{ "\x0a", 8, 4, "private" }, { "\xac\x10", 12, 4, "private" },
		{ "\xc0\xa8", 16, 4, "private" },
		{ "\xa9\xfe", 16, 4, "link-local" },
		{ "\x64\x40", 10, 4, "shared (carrier NAT)" },
		{ "\xc0\0\2", 24, 4, "documentation" },
		{ "\xc6\x33\x64", 24, 4, "documentation" },
		{ "\xcb\0\x71", 24, 4, "documentation" },
		{ "\xe0", 4, 4, "multicast" },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 128, 16, "loopback" },
		{ "\xfc", 7, 16, "private (ULA)" },
		{ "\xfe\x80", 10, 16, "link-local" },
		{ "\x20\1\x0d\xb8", 32, 16, "documentation" },
		{ "\xff", 8, 16, "multicast" },
	};
	size_t i, n;
	unsigned rest, mask;

	for (i = 0; i < sizeof table / sizeof *table; i++) {
		n = table[i].bits / 8;
		rest = table[i].bits % 8;
		mask = 0xff00u >> rest & 0xff;
		if (table[i].len == ip.n && memcmp(ip.p, table[i].net, n) == 0
		    && (rest == 0 || (((unsigned char)ip.p[n] ^
		    (unsigned char)table[i].net[n]) & mask) == 0))
			return table[i].what;
	}
	return NULL;
}

static void
judge_addresses(struct task *t, const struct mx_host *h,
    const struct dns_answer *a)
{
	char text[64];
	const char *what;
	unsigned i;

	for (i = 0; dns_has(a) && i < a->n; i++) {
		what = local_kind(a->rr[i].data);
		if (what == NULL)
			continue;
		dns_addr(a->rr[i].data, text, sizeof text);
		task_find(t, "MX_LOCAL_ADDR", h->name, "%s has %s: %s",
		    h->name, text, what);
	}
}

static bool
nxdomain(const struct dns_answer *a)
{
	return a != NULL && a->status == DNS_NXDOMAIN;
}

/* The word that -4 or -6 puts before "address". */
static const char *
family(const struct task *t)
{
	if (t->run->set->want.four)
		return "IPv4 ";
	return t->run->set->want.six ? "IPv6 " : "";
}

static void
host_unknown(struct task *t, const struct mx_host *h,
    const struct dns_answer *a)
{
	if (dns_unsure(a))
		task_find(t, "MX_TEMP", h->name, "%s of %s: %s",
		    dns_type(a->type), h->name, dns_status(a->status));
}

static void
judge_host(struct task *t, const struct mx_host *h)
{
	if (h->cname != NULL && t->mx.route == MX_HOSTS)
		task_find(t, "MX_CNAME", h->name, "%s is an alias of %s",
		    h->name, h->cname);
	judge_addresses(t, h, h->a);
	judge_addresses(t, h, h->aaaa);
	if (dns_unsure(h->a) || dns_unsure(h->aaaa)) {
		host_unknown(t, h, h->a);
		host_unknown(t, h, h->aaaa);
		return;
	}
	if (dns_has(h->a) || dns_has(h->aaaa))
		return;
	if (nxdomain(h->a) || nxdomain(h->aaaa))
		task_find(t, "MX_NXDOMAIN", h->name, "%s does not exist",
		    h->name);
	else
		task_find(t, "MX_NO_ADDR", h->name, "%s has no %saddress",
		    h->name, family(t));
}

struct place {
	struct str ip;
	const struct mx_host *host;
};

static int
place_order(const void *p, const void *q)
{
	const struct place *a = p, *b = q;
	int c;

	if (a->ip.n != b->ip.n)
		return a->ip.n < b->ip.n ? -1 : 1;
	c = memcmp(a->ip.p, b->ip.p, a->ip.n);
	return c != 0 ? c : (a->host > b->host) - (a->host < b->host);
}

static void
places_add(const struct mx_host *h, const struct dns_answer *a,
    struct place *v, size_t *n)
{
	unsigned i;

	for (i = 0; dns_has(a) && i < a->n; i++)
		v[(*n)++] = (struct place){ a->rr[i].data, h };
}

static unsigned
address_count(const struct mx_host *h)
{
	return (dns_has(h->a) ? h->a->n : 0) +
	    (dns_has(h->aaaa) ? h->aaaa->n : 0);
}

/* For each host the first one that has an address of its own, too. */
static void
judge_shared(struct task *t)
{
	const struct mx *m = &t->mx;
	const struct mx_host **with = arena_new(t->mem, m->n + 1, sizeof *with);
	struct place *v;
	size_t n = 0, i, first = 0;

	for (i = 0; i < m->n; i++)
		n += address_count(&m->host[i]);
	v = arena_new(t->mem, n + 1, sizeof *v);
	for (n = i = 0; i < m->n; i++) {
		if (m->host[i].flaw != MX_FIT)
			continue;
		places_add(&m->host[i], m->host[i].a, v, &n);
		places_add(&m->host[i], m->host[i].aaaa, v, &n);
	}
	qsort(v, n, sizeof *v, place_order);
	for (i = 0; i < n; i++) {
		const struct mx_host **w = &with[v[i].host - m->host];

		if (!str_eq(v[i].ip, v[first].ip))
			first = i;
		if (v[first].host < v[i].host &&
		    (*w == NULL || v[first].host < *w))
			*w = v[first].host;
	}
	for (i = 0; i < m->n; i++)
		if (with[i] != NULL)
			task_find(t, "MX_SAME_ADDR", m->host[i].name, "%s and %s",
			    with[i]->name, m->host[i].name);
}

static void
judge_all(struct task *t)
{
	const struct mx *m = &t->mx;
	const struct mx_host *h;
	unsigned four = 0, six = 0, temp = 0;

	for (h = m->host; h < m->host + m->n; h++) {
		if (h->flaw != MX_FIT)
			continue;
		four += dns_has(h->a);
		six += dns_has(h->aaaa);
		temp += dns_unsure(h->a) || dns_unsure(h->aaaa);
	}
	judge_shared(t);
	if (four + six + temp == 0)
		task_find(t, "MX_ALL_DEAD", NULL,
		    "no MX host has an %saddress", family(t));
	else if (temp == 0 && four == 0 && !t->run->set->want.six)
		task_find(t, "MX_NO_IPV4", NULL, "only IPv6");
	else if (temp == 0 && six == 0 && !t->run->set->want.four)
		task_find(t, "MX_NO_IPV6", NULL, "only IPv4");
}

static bool
run_addr(struct task *t)
{
	struct mx *m = &t->mx;
	size_t i;

	if (!mx_addresses(m, &t->ask))
		return false;
	t->result[CHECK_ADDR] = m;
	for (i = 0; i < m->n; i++)
		if (m->host[i].flaw == MX_FIT)
			judge_host(t, &m->host[i]);
	if (m->route == MX_HOSTS || m->route == MX_IMPLICIT)
		judge_all(t);
	return true;
}

const struct check route_mx = {
	.name = "mx", .about = "MX records, null and implicit ones",
	.run = run_mx, .findings = mx_findings,
};

const struct check route_addr = {
	.name = "addr", .about = "addresses of the hosts",
	.needs = CHECK_BIT(CHECK_MX), .run = run_addr,
	.findings = addr_findings,
};

/* ---- for all */

enum dns_status
route_status(const struct task *t)
{
	if (t->kind == IN_BAD)
		return DNS_INVALID;
	return t->mx.answer != NULL ? t->mx.answer->status : DNS_OK;
}

enum mx_verdict
route_verdict(const struct task *t)
{
	if (t->kind == IN_ADDRESS ||
	    (t->kind != IN_BAD && t->mx.answer == NULL))
		return MX_DELIVERABLE;
	return mx_verdict(&t->mx);
}

/* Did the user ask for mx or addr? */
static bool
route_asked(const struct task *t)
{
	return task_asked(t, CHECK_MX) || task_asked(t, CHECK_ADDR);
}

bool
route_shown(const struct task *t)
{
	const struct check *const *checks = t->run->checks;
	int c;

	if (route_asked(t))
		return true;
	for (c = 0; c < CHECK_MAX; c++)
		if (task_asked(t, c) && checks[c]->host_json != NULL)
			return true;
	return false;
}

bool
route_fault(const struct task *t)
{
	if (route_verdict(t) != MX_UNDELIVERABLE)
		return false;
	if (t->kind == IN_BAD || route_status(t) == DNS_NXDOMAIN)
		return true;
	return route_asked(t) &&
	    (t->mx.route != MX_NULL || t->kind == IN_MAILBOX);
}
