/*
 * direct_route.c: where the mail of a domain goes, and what TLS must prove there
 *
 * All that may be needed is asked for at once; the addresses and TLSA records
 * of hosts as soon as these are known.
 */
#include <string.h>

#include "direct_route.h"
#include "clock.h"
#include "direct_cache.h"
#include "os.h"
#include "stop.h"
#include "trace.h"

enum { POLICY_SECONDS = 10, ADDRESSES = 16 };

static int
route_fault(struct direct_route *r, int code, bool lasting,
    const char *status, const char *text)
{
	r->fault = (struct direct_fault){ code, lasting, status, text };
	return -1;
}

/* ---- the policy ---- */

static void
policy_take(struct direct_policy *p, const struct mtasts *m)
{
	p->is = *m;
	p->settled = true;
}

/* What was got anew, or else what still holds of before. */
static void
policy_settle(struct direct_route *r)
{
	struct direct_policy *p = &r->policy;

	if (r->get.state == STS_POLICY && r->get.done) {
		policy_take(p, &r->get.policy);
		direct_cache_put(r->way->policies, r->domain, r->look.id,
		    &p->is);
		return;
	}
	if (r->get.done || (r->look.state != STS_NONE &&
	    r->look.state != STS_RECORD))
		trace_note(TRACE_DONE, "%s: no MTA-STS policy: %s", r->domain,
		    r->get.why != NULL ? r->get.why : "no record that counts");
	if (p->kept)
		policy_take(p, &p->was);
	p->settled = true;
}

/* False: answers are missing. */
static bool
policy_find(struct direct_route *r)
{
	struct direct_policy *p = &r->policy;

	if (p->settled || r->way->account->tls == ACCOUNT_TLS_OFF)
		return true;
	if (!p->asked)
		p->kept = direct_cache_get(r->way->policies, r->domain,
		    &r->mem, &p->id, &p->was);
	p->asked = true;
	if (!sts_get(&r->look, &r->ask, r->domain))
		return false;
	if (r->look.state == STS_RECORD &&
	    !(p->kept && str_eq(p->id, r->look.id))) {
		r->get.way = &r->way->sts;
		r->get.seconds = POLICY_SECONDS;
		if (!sts_get(&r->get, &r->ask, r->domain))
			return false;
	}
	policy_settle(r);
	return true;
}

/* ---- hosts ---- */

/* Of those that the DNS proves to be the domain's.  False: as above. */
static bool
tlsa_find(struct direct_route *r)
{
	size_t i;
	bool all = true;

	if (!r->mx.secure || r->way->account->tls == ACCOUNT_TLS_OFF)
		return true;
	if (r->tlsa == NULL)
		r->tlsa = arena_new(&r->mem, r->mx.n, sizeof *r->tlsa);
	for (i = 0; i < r->mx.n; i++)
		if (r->mx.host[i].flaw == MX_FIT && !tlsa_decide(&r->tlsa[i],
		    &r->mem, r->mx.host[i].name, r->way->port, ask_for,
		    &r->ask))
			all = false;
	return all;
}

static bool
route_find(struct direct_route *r)
{
	bool hosts = mx_find(&r->mx, &r->ask, r->domain);
	bool policy = policy_find(r);
	bool where = hosts && mx_addresses(&r->mx, &r->ask);
	bool tlsa = hosts && tlsa_find(r);

	return policy && where && tlsa;
}

static unsigned
records(const struct dns_answer *a)
{
	return a != NULL ? a->n : 0;
}

static void
address_take(struct direct_hop *h, const struct dns_answer *a, unsigned i,
    unsigned port)
{
	if (h->naddr < ADDRESSES)
		net_raw(a->rr[i].data, port, &h->addr[h->naddr++]);
}

/* Of each family from another one on, so that all of them get their share. */
static void
hop_addresses(struct direct_route *r, struct direct_hop *h,
    const struct mx_host *m)
{
	const struct dns_answer *a[2] = { m->aaaa, m->a };
	unsigned n[2] = { records(a[0]), records(a[1]) };
	unsigned all = n[0] + n[1], chance[2] = { 0 }, i, f;

	if (n[0] > 1 || n[1] > 1)
		os_random(chance, sizeof chance, false);
	h->addr = arena_new(&r->mem, all < ADDRESSES ? all : ADDRESSES,
	    sizeof *h->addr);
	for (i = 0; i < ADDRESSES; i++)
		for (f = 0; f < 2; f++)
			if (i < n[f])
				address_take(h, a[f], (chance[f] + i) % n[f],
				    r->way->port);
}

static bool
own_name(const struct direct_way *w, const char *name)
{
	return str_is(str_of(name), w->name) ||
	    dns_within(name, "localhost");
}

/*
 * Is it this machine?  With --mx-port, which is for a laboratory, an address
 * of it may be anybody's; its name is not.
 */
static bool
own_host(const struct direct_way *w, const struct direct_hop *h)
{
	int i;

	if (own_name(w, h->name))
		return true;
	for (i = 0; w->options->direct.port == 0 && i < h->naddr; i++)
		if (net_own_has(&w->own, &h->addr[i]))
			return true;
	return false;
}

static bool
hop_dane(struct direct_route *r, struct direct_hop *h, const struct tlsa *t)
{
	struct tls_tlsa *v;
	const struct dns_rr *rr;
	unsigned i;

	if (t == NULL || t->state != TLSA_USABLE)
		return false;
	v = arena_new(&r->mem, t->answer->n, sizeof *v);
	for (i = 0; i < t->answer->n; i++) {
		rr = &t->answer->rr[i];
		v[i] = (struct tls_tlsa){ rr->usage, rr->selector, rr->mtype,
		    rr->data, t->use[i] == TLSA_USED, -1, NULL };
	}
	h->proof = (struct tls_proof){ TLS_PROVE_DANE, v, t->answer->n,
	    t->base, r->domain };
	return true;
}

/* What must be proven there. */
static void
hop_need(struct direct_route *r, struct direct_hop *h, const struct tlsa *t)
{
	const struct mtasts *policy = &r->policy.is;
	struct direct_facts f = { .tls = r->way->account->tls,
	    .require_tls = r->require_tls,
	    .secure = r->mx.secure, .sts = policy->mode,
	    .named = mtasts_covers(policy, h->name),
	    .dane = t != NULL ? t->state : TLSA_NO };

	h->need = direct_need_of(&f, &h->why);
	h->named = f.named;
	h->testing = f.sts == MTASTS_TESTING && h->need != DIRECT_NEED_DANE;
	if (h->need == DIRECT_NEED_DANE)
		hop_dane(r, h, t);
	else
		h->proof.what = h->need == DIRECT_NEED_NAME ?
		    TLS_PROVE_NAME : TLS_PROVE_NOTHING;
}

static bool
address_unsure(const struct mx_host *m)
{
	return dns_unsure(m->a) || dns_unsure(m->aaaa);
}

/* A host that has no address now, to be named where nobody else is left. */
static void
hop_lost(struct direct_hop *h, const struct mx_host *m)
{
	h->why = address_unsure(m) ? "its address cannot be looked up now" :
	    "it has no address";
	h->need = address_unsure(m) ? DIRECT_NEED_LATER : DIRECT_NEED_NEVER;
}

/* ---- the order ---- */

static void
swap(struct direct_hop *a, struct direct_hop *b)
{
	struct direct_hop t = *a;

	*a = *b;
	*b = t;
}

/* RFC 5321 5.1: those of one preference in any order. */
static void
shuffle(struct direct_hop *v, size_t n)
{
	uint32_t chance;

	for (; n > 1; n--) {
		chance = 0;
		os_random(&chance, sizeof chance, false);
		swap(&v[n - 1], &v[chance % n]);
	}
}

/* All hosts that are better than this machine, which may be among them. */
static void
route_hops(struct direct_route *r)
{
	const struct mx_host *m, *end = r->mx.host + r->mx.n;
	struct direct_hop *h;
	unsigned pref = 0;
	size_t first = 0;

	r->hop = arena_new(&r->mem, r->mx.n, sizeof *r->hop);
	for (m = r->mx.host; m < end; m++) {
		if (m->flaw != MX_FIT)
			continue;
		if (m->pref != pref) {
			shuffle(r->hop + first, r->nhop - first);
			first = r->nhop;
		}
		pref = m->pref;
		h = &r->hop[r->nhop++];
		h->name = m->name;
		hop_addresses(r, h, m);
		if (own_host(r->way, h)) {	/* RFC 5321 5.1: a loop */
			trace_note(TRACE_DONE, "%s: %s is this machine: it and all that are not better are left out",
			    r->domain, m->name);
			r->nhop = first;
			return;
		}
		if (h->naddr == 0)
			hop_lost(h, m);
		else
			hop_need(r, h, r->tlsa != NULL ?
			    &r->tlsa[m - r->mx.host] : NULL);
	}
	shuffle(r->hop + first, r->nhop - first);
}

/* ---- no host ---- */

static int
fault_temp(struct direct_route *r)
{
	const struct dns_answer *a = r->mx.answer;

	return route_fault(r, EX_TEMPFAIL, false, "4.4.3",
	    arena_printf(&r->mem, "%s: where its mail goes cannot be looked up now (%s%s%s)",
	    r->domain, dns_status(a->status), a->why != NULL ? ": " : "",
	    a->why != NULL ? a->why : ""));
}

static int
fault_none(struct direct_route *r)
{
	const struct dns_answer *a = r->mx.answer;

	if (a->status == DNS_NXDOMAIN || a->status == DNS_INVALID)
		return route_fault(r, EX_NOHOST, true, "5.1.2",
		    arena_printf(&r->mem, "%s: there is no such domain",
		    r->domain));
	return route_fault(r, EX_NOHOST, true, "5.4.4",
	    arena_printf(&r->mem, a->status == DNS_OK ?
	    "%s: none of its MX records names a host" :
	    "%s: it has neither MX records nor an address", r->domain));
}

static int
route_judge(struct direct_route *r)
{
	switch (r->mx.route) {
	case MX_NONE:
		return fault_none(r);
	case MX_NULL:
		return route_fault(r, EX_UNAVAILABLE, true, "5.1.10",
		    arena_printf(&r->mem, "%s: it takes no mail (null MX, RFC 7505)",
		    r->domain));
	case MX_TEMP:
		return fault_temp(r);
	case MX_HOSTS:
	case MX_IMPLICIT:
		break;
	}
	route_hops(r);
	return r->nhop > 0 ? 0 : route_fault(r, EX_UNAVAILABLE, true, "5.4.6",
	    arena_printf(&r->mem, "%s: mail loops back here: this machine is its best mail host that is left",
	    r->domain));
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]": RFC 5321 section 4.1.3. */
static void
route_literal(struct direct_route *r)
{
	struct str inner = str_of(r->domain);
	struct direct_hop *h;

	inner = str_to(str_from(inner, 1), inner.n - 2);
	if (str_starts(inner, "IPv6:"))
		inner = str_from(inner, strlen("IPv6:"));
	r->hop = h = arena_new(&r->mem, 1, sizeof *r->hop);
	h->addr = arena_new(&r->mem, 1, sizeof *h->addr);
	h->name = arena_dup(&r->mem, inner);
	h->naddr = 1;
	r->nhop = 1;
	r->done = true;
	if (net_pton(inner, r->way->port, h->addr) < 0)
		route_fault(r, EX_NOHOST, true, "5.1.2",
		    arena_printf(&r->mem, "%s: no address", r->domain));
	else if (own_host(r->way, h))
		route_fault(r, EX_UNAVAILABLE, true, "5.4.6",
		    arena_printf(&r->mem, "%s: mail loops back here", r->domain));
	hop_need(r, h, NULL);
}

/* ---- all of them ---- */

/* It may get further: when those that can are looked at next. */
static void
route_wake(struct direct_route *r)
{
	if (r->ready)
		return;
	r->ready = true;
	r->next = r->way->ready;
	r->way->ready = r;
}

static void
route_came(void *arg, unsigned ready)
{
	if (ready != 0)
		route_wake(arg);
}

static void
route_begin(struct direct_route *r)
{
	const struct account_way *a = &r->way->account->way;

	r->ask = (struct ask){ .dns = r->way->dns, .mem = &r->mem,
	    .came = route_came, .arg = r };
	r->mx.four = a->only4;
	r->mx.six = a->only6;
	if (r->domain[0] == '[')
		route_literal(r);
	else
		route_wake(r);
}

/* As far as there are answers. */
static void
route_step(struct direct_route *r)
{
	do
		r->done = route_find(r);
	while (!r->done && r->ask.missing[0] == 0);
	if (r->done)
		route_judge(r);
}

/* All that can get further; how many are done now. */
static size_t
routes_step(struct direct_way *w)
{
	struct direct_route *r;
	size_t done = 0;

	while ((r = w->ready) != NULL) {
		w->ready = r->next;
		r->ready = false;
		if (r->done)
			continue;
		route_step(r);
		done += r->done;
	}
	return done;
}

int
direct_route_all(struct direct_route *const *v, size_t n, struct err *e)
{
	struct pollfd policies = { .events = POLLIN };
	struct direct_way *w = n > 0 ? v[0]->way : NULL;
	size_t i, left = 0;

	if (w != NULL)
		w->ready = NULL;	/* of a run that was stopped */
	for (i = n; i-- > 0; left += !v[i]->done)
		route_begin(v[i]);
	while (left > 0 && (left -= routes_step(w)) > 0) {
		policies.fd = https_pool_fd(&w->sts.pool);
		dns_wait(w->dns, &policies, 1, w->account->deadline != 0 ?
		    w->account->deadline : CLOCK_NEVER);
		if (stop_asked())
			return fail_stop(e);
		if (policies.revents != 0)
			https_pool_reap(&w->sts.pool);
		if (w->account->deadline != 0 &&
		    clock_left(w->account->deadline) == 0)
			return fail(e, EX_TEMPFAIL, "no time is left (--timeout) while hosts are looked up");
	}
	return 0;
}

void
direct_route_free(struct direct_route *r)
{
	sts_drop(&r->look, "ended");
	sts_drop(&r->get, "ended");
	ask_free(&r->ask);
	arena_free(&r->mem);
}
