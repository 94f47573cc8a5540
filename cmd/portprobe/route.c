/* route.c: which hosts mx: and srv: lead to */
#include "hosts.h"
#include "mx.h"
#include "route.h"

static const struct {
	const char *name, *proto;
} services[] = {
	{ "_submissions", "smtps" }, { "_submission", "submission" },
	{ "_imaps", "imaps" }, { "_imap", "imap" }, { "_pop3s", "pop3s" },
	{ "_pop3", "pop3" }, { "_sieve", "sieve" },
};
enum { SERVICES = sizeof services / sizeof *services };

static bool
twice(const struct target *t, const char *name, unsigned port)
{
	const struct host *h;

	for (h = t->hosts; h != NULL; h = h->next)
		if (h->port.number == port && str_is(str_of(h->name), name))
			return true;
	return false;
}

static void
take_mx(struct target *t, const struct mx *m)
{
	const struct mx_host *h;

	if (m->route == MX_NULL)
		hosts_none(t, NULL, t->given.domain, EX_NOHOST,
		    "the domain takes no mail (null MX)");
	for (h = m->host; h < m->host + m->n && h < m->host + HOSTS_MAX; h++) {
		if (twice(t, h->name, 0))
			continue;
		if (dns_hostname(h->name))
			hosts_add(t, h->name, m->answer);
		else
			hosts_none(t, NULL, arena_dup(&t->mem,
			    str_of(h->name)), EX_NOHOST,
			    "the MX names no host");
	}
	if (m->n > HOSTS_MAX)
		hosts_limit(t, NULL, t->given.domain, HOSTS_MAX, (int)m->n,
		    "mail hosts");
}

bool
route_mx(struct target *t)
{
	struct mx m = { .host = NULL };
	const struct dns_answer *a;

	if (!mx_find(&m, &t->ask, t->given.domain))
		return false;
	a = m.answer;
	if (a->status == DNS_OK)
		take_mx(t, &m);
	else if (a->status == DNS_NODATA)	/* implicit */
		hosts_add(t, t->given.domain, m.answer);
	else if (dns_temporary(a->status))
		hosts_none(t, NULL, t->given.domain, EX_TEMPFAIL,
		    "MX: %s%s%s", dns_status(a->status),
		    a->why != NULL ? ": " : "", a->why != NULL ? a->why : "");
	else
		hosts_none(t, NULL, t->given.domain, EX_NOHOST,
		    "no such domain");
	return true;
}

static void
take_srv(struct target *t, const struct dns_answer *a, const char *proto,
    unsigned *offered)
{
	struct host *h;
	unsigned i;

	for (i = 0; i < a->n && i < HOSTS_MAX; i++) {
		if (str_is(str_of(a->rr[i].name), "."))
			continue;	/* not offered (RFC 2782) */
		++*offered;
		if (!dns_hostname(a->rr[i].name) || a->rr[i].port == 0) {
			hosts_none(t, NULL, arena_dup(&t->mem,
			    str_of(a->rr[i].name)),
			    EX_NOHOST, "%s names no host and port", a->name);
		} else if (!twice(t, a->rr[i].name, a->rr[i].port)) {
			h = hosts_add(t, a->rr[i].name, a);
			h->port = (struct port){ a->rr[i].port,
			    probe_talk_named(str_of(proto)) };
		}
	}
	if (a->n > HOSTS_MAX)
		hosts_limit(t, NULL, a->name, HOSTS_MAX, (int)a->n, "hosts");
}

bool
route_srv(struct target *t)
{
	const struct dns_answer *a[SERVICES], *bad = NULL;
	unsigned offered = 0;
	bool all = true;
	size_t i;

	for (i = 0; i < SERVICES; i++) {
		a[i] = ask_dnsf(&t->ask, DNS_SRV, "%s._tcp.%s",
		    services[i].name, t->given.domain);
		all &= a[i] != NULL;
	}
	if (!all)
		return false;
	for (i = 0; i < SERVICES; i++) {
		if (a[i] != NULL && dns_temporary(a[i]->status))
			bad = a[i];
		else if (a[i] != NULL)
			take_srv(t, a[i], services[i].proto, &offered);
	}
	if (bad != NULL)
		hosts_none(t, NULL, t->given.domain, EX_TEMPFAIL, "%s: %s", bad->name,
		    dns_status(bad->status));
	else if (offered == 0)
		hosts_none(t, NULL, t->given.domain, EX_NOHOST, "no SRV record offers a mail service");
	return true;
}
