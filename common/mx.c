/* mx.c: where mail for a domain goes (RFC 5321 section 5.1, RFC 7505) */
#include "mx.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const char *
mx_route(enum mx_route r)
{
	static const char *const names[] = { [MX_NONE] = "none",
	    [MX_HOSTS] = "mx", [MX_IMPLICIT] = "implicit", [MX_NULL] = "null",
	    [MX_TEMP] = "temp" };

	return names[r];
}

bool
mx_is_address(const char *name)
{
	unsigned char raw[16];

	return inet_pton(AF_INET, name, raw) == 1 ||
	    inet_pton(AF_INET6, name, raw) == 1;
}

/* ---- hosts */

static int
by_preference(const void *a, const void *b)
{
	const struct mx_host *x = a, *y = b;

	if (x->pref != y->pref)
		return x->pref < y->pref ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int
host_order(const void *a, const void *b)
{
	const struct mx_host *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c != 0 || x->pref == y->pref)
		return c;
	return x->pref < y->pref ? -1 : 1;
}

static enum mx_flaw
flaw(const char *name)
{
	if (strcmp(name, ".") == 0)
		return MX_ROOT;
	if (mx_is_address(name))
		return MX_ADDRESS;
	return dns_hostname(name) ? MX_FIT : MX_BAD_NAME;
}

/* Of several with one name the best preference counts; they are together. */
static void
repeated(struct mx *m)
{
	struct mx_host *h, *first = m->host;

	for (h = m->host + 1; h < m->host + m->n; h++) {
		if (strcmp(h->name, first->name) != 0) {
			first = h;
		} else if (h->flaw == MX_FIT) {
			h->flaw = MX_REPEATED;
			h->first = first->pref;
		}
	}
}

static void
mx_take(struct mx *m, struct arena *mem, const struct dns_answer *a)
{
	size_t i;

	if (a->n == 1 && strcmp(a->rr[0].name, ".") == 0) {
		m->route = MX_NULL;
		return;
	}
	m->n = a->n;
	m->host = arena_new(mem, m->n, sizeof *m->host);
	for (i = 0; i < m->n; i++)
		m->host[i] = (struct mx_host){ .name = a->rr[i].name,
		    .pref = a->rr[i].pref, .ttl = a->rr[i].ttl,
		    .flaw = flaw(a->rr[i].name) };
	if (m->n > 1) {
		qsort(m->host, m->n, sizeof *m->host, host_order);
		repeated(m);
		qsort(m->host, m->n, sizeof *m->host, by_preference);
	}
	for (i = 0; i < m->n && m->host[i].flaw != MX_FIT; i++)
		;
	m->route = i < m->n ? MX_HOSTS : MX_NONE;
}

/* ---- addresses */

/* With -4 or -6 the other family is as if it had never been asked. */
static bool
both(const struct mx *m, struct ask *q, struct mx_host *h)
{
	h->a = m->six ? NULL : ask_dns(q, h->name, DNS_A);
	h->aaaa = m->four ? NULL : ask_dns(q, h->name, DNS_AAAA);
	return (h->a != NULL || m->six) && (h->aaaa != NULL || m->four);
}

/* The domain itself; only after a NODATA for its MX. */
static bool
implicit(struct mx *m, struct ask *q, const char *domain)
{
	struct mx_host h = { .name = domain };

	if (!both(m, q, &h))
		return false;
	if (!dns_has(h.a) && !dns_has(h.aaaa)) {
		m->route = dns_unsure(h.a) || dns_unsure(h.aaaa) ? MX_TEMP :
		    MX_NONE;
		return true;
	}
	h.ttl = dns_has(h.a) ? h.a->ttl : h.aaaa->ttl;
	h.flaw = dns_hostname(domain) ? MX_FIT : MX_BAD_NAME;
	m->route = h.flaw == MX_FIT ? MX_IMPLICIT : MX_NONE;
	m->n = 1;
	m->host = arena_new(q->mem, 1, sizeof *m->host);
	m->host[0] = h;
	return true;
}

static void
host_alias(struct mx_host *h)
{
	const struct dns_answer *any = h->a != NULL ? h->a : h->aaaa;

	if (any != NULL && any->ncname > 0)
		h->cname = dns_owner(any);
}

bool
mx_find(struct mx *m, struct ask *q, const char *domain)
{
	const struct dns_answer *a;

	if (m->answer != NULL)
		return true;
	a = ask_dns(q, domain, DNS_MX);
	if (a == NULL || (a->status == DNS_NODATA && !implicit(m, q, domain)))
		return false;
	if (a->status == DNS_OK)
		mx_take(m, q->mem, a);
	else if (dns_temporary(a->status))
		m->route = MX_TEMP;
	m->answer = a;
	m->secure = a->ad;
	return true;
}

bool
mx_addresses(struct mx *m, struct ask *q)
{
	struct mx_host *h;
	bool all = true;

	for (h = m->host; h < m->host + m->n; h++)
		if (h->flaw == MX_FIT && !both(m, q, h))
			all = false;
	for (h = m->host; all && h < m->host + m->n; h++)
		if (h->flaw == MX_FIT)
			host_alias(h);
	return all;
}

bool
mx_usable(const struct mx_host *h)
{
	if (h->flaw != MX_FIT)
		return false;
	return (h->a == NULL && h->aaaa == NULL) || dns_has(h->a) ||
	    dns_has(h->aaaa) || dns_unsure(h->a) || dns_unsure(h->aaaa);
}

static bool
uncertain(const struct mx_host *h)
{
	return !dns_has(h->a) && !dns_has(h->aaaa) &&
	    (dns_unsure(h->a) || dns_unsure(h->aaaa));
}

enum mx_verdict
mx_verdict(const struct mx *m)
{
	enum mx_verdict v = MX_UNDELIVERABLE;
	const struct mx_host *h;

	if (m->route == MX_TEMP)
		return MX_UNKNOWN;
	if (m->route != MX_HOSTS && m->route != MX_IMPLICIT)
		return MX_UNDELIVERABLE;
	for (h = m->host; h < m->host + m->n; h++) {
		if (!mx_usable(h))
			continue;
		if (!uncertain(h))
			return MX_DELIVERABLE;
		v = MX_UNKNOWN;
	}
	return v;
}
