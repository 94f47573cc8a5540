/*
 * spf.c: check_host() of RFC 7208
 *
 * Written as the RFC reads, top to bottom, and begun again each time answers
 * were missing: at most ten lookups and their answers make that cheap.
 *
 * Where the RFC leaves room: void lookups are counted for each question that
 * a, mx, ptr and exists ask, in the family of the client; more than ten MX
 * are an error before the first of them is looked at, so that the result
 * does not depend on their order; a name that cannot exist does not match.
 */
#include "spf_private.h"

#include <string.h>

/* The outcome of a mechanism. */
enum match { NO, YES, WAIT, TEMP, PERM };

static enum match evaluate(struct spf *, const char *domain, bool top,
    enum spf_result *);

const char *
spf_result(enum spf_result r)
{
	static const char *const names[] = { "none", "neutral", "pass",
	    "fail", "softfail", "temperror", "permerror" };

	return r < SPF_WAIT ? names[r] : "?";
}

static enum match
spf_say(struct spf *q, enum match m, const char *why, const char *name)
{
	if (q->why == NULL)
		q->why = name == NULL ? why :
		    arena_printf(q->mem, "%s: %s", name, why);
	return m;
}

/* YES: there are records.  NO: there are none. */
static enum match
spf_ask(struct spf *q, const char *name, unsigned type, bool counted,
    const struct dns_answer **a)
{
	*a = q->ask(q->arg, name, type);
	if (*a == NULL)
		return WAIT;
	if (dns_temporary((*a)->status))
		return spf_say(q, TEMP, dns_status((*a)->status), name);
	if (counted && dns_absent((*a)->status) && ++q->voids > SPF_VOIDS)
		return spf_say(q, PERM, "more than 2 void lookups", NULL);
	return (*a)->n > 0 ? YES : NO;
}

static unsigned
cidr_bits(const struct spf *q, const struct spf_term *t)
{
	return q->ip.n == 4 ? t->cidr4 : t->cidr6;
}

/* a, and each exchange of mx */
static enum match
addresses(struct spf *q, const struct spf_term *t, const char *name)
{
	const struct dns_answer *a;
	enum match m = spf_ask(q, name, spf_family(q), true, &a);

	if (m != YES)
		return m;
	return spf_has_address(q, a, cidr_bits(q, t)) ? YES : NO;
}

static enum match
exchanges(struct spf *q, const struct spf_term *t, const char *name)
{
	const struct dns_answer *mx;
	enum match m = spf_ask(q, name, DNS_MX, true, &mx);
	bool wait = false;
	unsigned i;

	if (m != YES)
		return m;
	if (mx->n > SPF_NAMES)
		return spf_say(q, PERM, "more than 10 MX", name);
	for (i = 0; i < mx->n; i++)
		if (q->ask(q->arg, mx->rr[i].name, spf_family(q)) == NULL)
			wait = true;
	for (i = 0; i < mx->n && !wait; i++)
		if (!str_is(str_of(mx->rr[i].name), ".") &&
		    (m = addresses(q, t, mx->rr[i].name)) != NO)
			return m;
	return wait ? WAIT : NO;
}

static enum match
pointers(struct spf *q, const char *name)
{
	const char *names[SPF_NAMES];
	int n = spf_names(q, names, true);

	if (n == SPF_NAMES_WAIT)
		return WAIT;
	if (n == SPF_NAMES_PERM)
		return spf_say(q, PERM, "more than 2 void lookups", NULL);
	while (n-- > 0)
		if (dns_within(names[n], name))
			return YES;
	return NO;
}

static enum match
include(struct spf *q, const char *name)
{
	const char *was = q->at, *domain = q->domain;
	struct str term = q->term;
	enum spf_result r;
	enum match m;

	m = evaluate(q, name, false, &r);
	q->at = was;
	q->domain = domain;
	q->term = term;
	if (m != YES)
		return m;
	if (r == SPF_NONE)
		return spf_say(q, PERM, "included, but has no SPF record",
		    name);
	return r == SPF_PASS ? YES : NO;
}

static enum match
match_hosts(struct spf *q, const struct spf_term *t)
{
	const struct dns_answer *a;
	const char *name;

	if (++q->lookups > SPF_LOOKUPS)
		return spf_say(q, PERM, "more than 10 lookups", NULL);
	if (spf_target(q, t, &name) != 0)
		return WAIT;
	if (name == NULL)
		return t->kind != SPF_INCLUDE ? NO :
		    spf_say(q, PERM, "include of an impossible name", NULL);
	switch (t->kind) {
	case SPF_INCLUDE: return include(q, name);
	case SPF_A: return addresses(q, t, name);
	case SPF_MX: return exchanges(q, t, name);
	case SPF_PTR: return pointers(q, name);
	default: return spf_ask(q, name, DNS_A, true, &a);	/* exists */
	}
}

static enum match
matches(struct spf *q, const struct spf_term *t)
{
	switch (t->kind) {
	case SPF_ALL:
		return YES;
	case SPF_IP4:
		return q->ip.n == 4 && spf_within(q->ip, t->addr, t->cidr4) ?
		    YES : NO;
	case SPF_IP6:
		return q->ip.n == 16 && spf_within(q->ip, t->addr, t->cidr6) ?
		    YES : NO;
	case SPF_REDIRECT:
	case SPF_EXP:
	case SPF_OTHER:
		return NO;
	default:
		return match_hosts(q, t);
	}
}

static enum match
redirect(struct spf *q, const struct spf_term *t, bool top,
    enum spf_result *r)
{
	const char *name;
	enum match m;

	if (++q->lookups > SPF_LOOKUPS)
		return spf_say(q, PERM, "more than 10 lookups", NULL);
	if (spf_target(q, t, &name) != 0)
		return WAIT;
	if (name == NULL)
		return spf_say(q, PERM, "redirect to an impossible name", NULL);
	m = evaluate(q, name, top, r);
	if (m == YES && *r == SPF_NONE)
		return spf_say(q, PERM, "redirected to, but has no SPF record",
		    name);
	return m;
}

/* A name that check_host() may start with (section 4.3). */
static bool
proper(const char *domain)
{
	struct str rest = str_of(domain), label;
	unsigned labels = 0;

	if (rest.n > 0 && rest.p[rest.n - 1] == '.')
		rest.n--;
	if (rest.n == 0 || rest.n > 253 || rest.p[0] == '[')
		return false;
	for (; rest.p != NULL; labels++) {
		label = str_cut(&rest, '.');
		if (label.n == 0 || label.n > 63)
			return false;
	}
	return labels > 1;
}

/* NO: there is no record, and the result is "none". */
static enum match
spf_fetch(struct spf *q, const char *domain, struct spf_record *rec)
{
	const struct dns_answer *a;
	enum match m;
	struct str text;
	unsigned n;

	if (!proper(domain))
		return NO;
	m = spf_ask(q, domain, DNS_TXT, false, &a);
	if (m != YES)
		return m;
	n = spf_select(a, &text);
	if (n == 0)
		return NO;
	if (n > 1)
		return spf_say(q, PERM, "more than one SPF record", domain);
	if (spf_parse(q->mem, text, rec) < 0)
		return spf_say(q, PERM, arena_printf(q->mem, "%.*s: %s",
		    STR_ARG(rec->at), rec->why), domain);
	return YES;
}

static enum spf_result
signed_as(char sign)
{
	switch (sign) {
	case '+': return SPF_PASS;
	case '-': return SPF_FAIL;
	case '~': return SPF_SOFTFAIL;
	}
	return SPF_NEUTRAL;
}

/* check_host() itself.  YES: *r is the result; else as in enum match. */
static enum match
evaluate(struct spf *q, const char *domain, bool top, enum spf_result *r)
{
	struct spf_record rec = { .n = 0 };
	enum match m = spf_fetch(q, domain, &rec);
	size_t i;

	*r = SPF_NONE;
	if (m != YES)
		return m == NO ? YES : m;
	q->at = domain;
	if (top) {
		q->exp_term = rec.exp;
		q->exp_domain = domain;
	}
	for (i = 0; i < rec.n; i++) {
		m = matches(q, &rec.term[i]);
		if (m == NO)
			continue;
		if (m != YES)
			return m;
		q->domain = domain;
		q->term = rec.term[i].text;
		*r = signed_as(rec.term[i].sign);
		return YES;
	}
	if (rec.redirect != NULL && rec.all == NULL)
		return redirect(q, rec.redirect, top, r);
	q->domain = domain;
	*r = SPF_NEUTRAL;
	return YES;
}

/*
 * The owner's words about a fail (section 6.2); an error means that there are
 * none.
 */
static bool
explain(struct spf *q)
{
	const struct dns_answer *a;
	const char *name;
	unsigned i;

	q->at = q->exp_domain;
	if (spf_target(q, q->exp_term, &name) != 0)
		return false;
	if (name == NULL)
		return true;
	a = q->ask(q->arg, name, DNS_TXT);
	if (a == NULL)
		return false;
	if (a->status != DNS_OK || a->n != 1)
		return true;
	for (i = 0; i < a->rr[0].data.n; i++)
		if (a->rr[0].data.p[i] < 0x20 || a->rr[0].data.p[i] > 0x7e)
			return true;
	if (spf_macros(a->rr[0].data, true) != NULL)
		return true;
	return spf_expand(q, a->rr[0].data, true, &q->exp) == 0;
}

/* An IPv4 client that came by IPv6 is an IPv4 client. */
static void
unmap(struct str *ip)
{
	static const char mapped[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

	if (ip->n == 16 && memcmp(ip->p, mapped, 12) == 0)
		*ip = str_from(*ip, 12);
}

enum spf_result
spf_check(struct spf *q, const char *domain)
{
	enum spf_result r;
	enum match m;

	unmap(&q->ip);
	q->why = q->domain = NULL;
	q->term = q->exp = (struct str){ NULL, 0 };
	q->lookups = q->voids = 0;
	q->exp_term = NULL;
	m = evaluate(q, domain, true, &r);
	if (m == WAIT)
		return SPF_WAIT;
	if (m == TEMP || m == PERM)
		return m == TEMP ? SPF_TEMPERROR : SPF_PERMERROR;
	if (r == SPF_FAIL && q->exp_term != NULL && !explain(q))
		return SPF_WAIT;
	return r;
}
