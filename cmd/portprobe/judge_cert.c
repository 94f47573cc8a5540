/*
 * judge_cert.c: what is wrong with certificates
 *
 * Between mail servers (port 25) TLS is opportunistic: without DANE and
 * MTA-STS nobody looks at a certificate there, so what is wrong with it is a
 * warning.  Everywhere else it is critical.
 */
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "judge_cert.h"
#include "note.h"
#include "run.h"
#include "sts.h"
#include "target.h"

enum { SHORT_LIVED = 10 };		/* days, by the CA/Browser Forum */

static bool
enforced(const struct report *r)
{
	const struct sts *s = r->target->sts;

	return r->relay && s != NULL && s->state == STS_POLICY &&
	    s->policy.mode == MTASTS_ENFORCE;
}

enum finding_sev
judge_weight(const struct report *r)
{
	if (r->run->set->want.no_verify)
		return FINDING_HINT;
	if (!r->relay || enforced(r))
		return FINDING_ERROR;
	return r->verdict.dane == DANE_MATCH ? FINDING_HINT : FINDING_WARN;
}

void
judge_date(int64_t at, char dst[16])
{
	time_t t = (time_t)at;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(dst, 16, "%Y-%m-%d",
	    &tm) == 0)
		snprintf(dst, 16, "?");
}

int
judge_days(const struct report *r, const struct tls_cert *c)
{
	int64_t s = c->until - r->run->now;
	int64_t d = s >= 0 ? s / 86400 : -((-s + 86399) / 86400);

	if (d > 99999)
		return 99999;
	return d < -99999 ? -99999 : (int)d;
}

/*
 * A certificate that lives for ten days is renewed within a few, and there is no
 * time in which its end is near without being so always.
 */
int64_t
judge_span(const struct span *s, const struct tls_cert *c)
{
	const int64_t day = 86400, life = c->until - c->from;
	int64_t at;

	switch (s->unit) {
	case SPAN_DAYS:
		return (int64_t)s->n * day;
	case SPAN_SHARE:
		return life / 100 * (int64_t)s->n;
	case SPAN_USUAL:
		break;
	}
	if (life <= SHORT_LIVED * day)
		return 0;
	at = life / 100 * (int64_t)s->share;
	return at < (int64_t)s->n * day ? at : (int64_t)s->n * day;
}

/* Which one: f is what was sent with the one or the other kind of keys. */
static const char *
whose(const struct report *r, const struct tls_facts *f, size_t i)
{
	const char *chain = f == r->tls.other ? arena_printf(r->mem,
	    " of the key %s", f->cert[0].key) : "";

	if (i == 0)
		return arena_printf(r->mem, "the certificate%s", chain);
	return arena_printf(r->mem, "certificate %zu (%s)%s", i,
	    f->cert[i].subject, chain);
}

static void
soon(struct report *r, const struct tls_facts *f, size_t i,
    enum finding_sev sev)
{
	const struct tls_cert *c = &f->cert[i];
	int days = judge_days(r, c);
	char day[16];

	judge_date(c->until, day);
	note_add(r, FIND_CERT_SOON, sev, "%s expires on %s, in %d %s",
	    whose(r, f, i), day, days, days == 1 ? "day" : "days");
}

static void
dates(struct report *r, const struct tls_facts *f, size_t i)
{
	const struct tls_cert *c = &f->cert[i];
	const struct settings *set = r->run->set;
	enum finding_sev sev = judge_weight(r);
	int64_t left = c->until - r->run->now;
	char day[16];

	if (i > 0 && c->self_signed)
		return;		/* a root: what is trusted has its own */
	if (r->verdict.days == INT_MAX || c->until < r->verdict.until) {
		r->verdict.days = judge_days(r, c);
		r->verdict.until = c->until;
		r->verdict.soonest = i;
		r->verdict.ends = c;
		r->verdict.ends_other = f == r->tls.other;
	}
	judge_date(c->until, day);
	if (left < 0)
		note_add(r, FIND_CERT_EXPIRED, sev, "%s expired on %s", whose(r, f, i),
		    day);
	else if (left < judge_span(&set->want.crit, c))
		soon(r, f, i, sev);
	else if (left < judge_span(&set->want.warn, c))
		soon(r, f, i, sev < FINDING_WARN ? sev : FINDING_WARN);
	judge_date(c->from, day);
	if (c->from > r->run->now)
		note_add(r, FIND_CERT_NOT_YET, sev, "%s is valid from %s on",
		    whose(r, f, i), day);
}

static void
strength(struct report *r, const struct tls_facts *f, size_t i)
{
	const struct tls_cert *c = &f->cert[i];

	if (i > 0 && c->self_signed)
		return;
	if (c->weak_key)
		note_add(r, FIND_CERT_WEAK, judge_weight(r), "%s has a weak key: %s",
		    whose(r, f, i), c->key);
	if (c->weak_hash)
		note_add(r, FIND_CERT_WEAK, judge_weight(r), "%s is signed with %s",
		    whose(r, f, i), c->sigalg);
}

static enum tls_name
name_of(const struct report *r, const struct tls_facts *f)
{
	return r->verdict.dane == DANE_MATCH && f->also ? TLS_NAME_MATCH :
	    f->name;
}

enum tls_name
judge_name(const struct report *r)
{
	return name_of(r, &r->tls.facts);
}

bool
judge_verified(const struct report *r)
{
	return r->tls.have_cert && r->tls.facts.chain == TLS_CHAIN_OK &&
	    r->tls.facts.name == TLS_NAME_MATCH;
}

static void
judge_names(struct report *r, const struct tls_facts *f)
{
	const struct tls_cert *c = &f->cert[0];
	struct buf b = { .max = 400 };
	size_t i;

	for (i = 0; i < c->nsan && b.n < 300; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", c->san[i]);
	if (name_of(r, f) == TLS_NAME_MISMATCH)
		note_add(r, FIND_CERT_NAME, judge_weight(r),
		    "%s is for %s, not for %s", whose(r, f, 0), b.n > 0 ? b.p : "no name", r->tls.name);
	if (name_of(r, f) == TLS_NAME_CN_ONLY)
		note_add(r, FIND_CERT_CN_ONLY, judge_weight(r),
		    "%s is in the common name of %s only", r->tls.name,
		    whose(r, f, 0));
	buf_free(&b);
}

static enum kind
chain_kind(enum tls_chain c)
{
	switch (c) {
	case TLS_CHAIN_SELF:
		return FIND_CERT_SELF_SIGNED;
	case TLS_CHAIN_INCOMPLETE:
		return FIND_CERT_INCOMPLETE;
	case TLS_CHAIN_UNTRUSTED:
		return FIND_CERT_UNTRUSTED;
	case TLS_CHAIN_EXPIRED:
		return FIND_CERT_EXPIRED;
	case TLS_CHAIN_NOTYET:
		return FIND_CERT_NOT_YET;
	case TLS_CHAIN_WEAK:
		return FIND_CERT_WEAK;
	case TLS_CHAIN_PURPOSE:
		return FIND_CERT_PURPOSE;
	case TLS_CHAIN_REVOKED:
		return FIND_CERT_REVOKED;
	case TLS_CHAIN_OK:
	case TLS_CHAIN_BAD:
		break;
	}
	return FIND_CERT_BAD;
}

static void
chain(struct report *r, const struct tls_facts *f,
    const struct finding *before)
{
	const struct tls_cert *last = &f->cert[f->ncert - 1];
	enum kind kind = chain_kind(f->chain);

	if (f->chain == TLS_CHAIN_OK || note_found(r, before, kind))
		return;
	if (f->chain == TLS_CHAIN_INCOMPLETE)
		note_add(r, kind, judge_weight(r), "its issuer, %s, is neither sent nor trusted", last->issuer);
	else if (f->chain == TLS_CHAIN_UNTRUSTED)
		note_add(r, kind, judge_weight(r), "%s is not trusted here",
		    last->issuer);
	else
		note_add(r, kind, judge_weight(r), "%s (certificate %d)",
		    f->text, f->depth);
}

static bool
used_by_dane(const struct report *r, size_t depth)
{
	unsigned i;

	for (i = 0; r->dane.rr != NULL && i < r->dane.tlsa.answer->n; i++)
		if (r->dane.rr[i].depth == (int)depth)
			return true;
	return false;
}

/* How the chain is sent. */
static void
judge_sent(struct report *r)
{
	const struct tls_facts *f = &r->tls.facts;
	size_t i;

	for (i = 0; i + 1 < f->ncert; i++) {
		if (f->cert[i].by_next)
			continue;
		note_add(r, FIND_CHAIN_ORDER, FINDING_HINT,
		    "certificate %zu (%s) has not issued the one before it",
		    i + 1, f->cert[i + 1].subject);
		break;
	}
	for (i = 1; i < f->ncert; i++)
		if (f->cert[i].self_signed && !used_by_dane(r, i))
			note_add(r, FIND_ROOT_SENT, FINDING_HINT,
			    "certificate %zu (%s) is an authority's own", i,
			    f->cert[i].subject);
	if (f->cert[0].must_staple && !f->stapled)
		note_add(r, FIND_MUST_STAPLE, FINDING_WARN,
		    "an OCSP answer is promised, and none came");
}

/* Was it sent with the first certificate, too? */
static bool
in_first(const struct report *r, const struct tls_cert *c)
{
	const struct tls_facts *f = &r->tls.facts;
	size_t i;

	for (i = 0; i < f->ncert; i++)
		if (str_is(str_of(c->sha256), f->cert[i].sha256))
			return true;
	return false;
}

/* f is what was sent with the one or the other kind of keys. */
static void
judge_chain(struct report *r, const struct tls_facts *f)
{
	const struct finding *before = r->verdict.findings.last;
	size_t i;

	for (i = 0; i < f->ncert; i++) {
		if (f == r->tls.other && in_first(r, &f->cert[i]))
			continue;
		dates(r, f, i);
		strength(r, f, i);
	}
	chain(r, f, before);
	judge_names(r, f);
}

static void
limits(struct report *r, const struct tls_facts *f)
{
	const struct tls_cert *c = &f->cert[0];

	if (f->beyond > 0)
		note_add(r, FIND_PROBE_LIMIT, FINDING_WARN,
		    "only the first %zu of %zu certificates are looked at",
		    f->ncert, f->ncert + f->beyond);
	if (c->more > 0)
		note_add(r, FIND_PROBE_LIMIT, FINDING_HINT,
		    "only the first %zu of %zu names of the certificate are shown",
		    c->nsan, c->nsan + c->more);
}

void
judge_certificates(struct report *r)
{
	if (!r->tls.have_cert) {
		note_add(r, FIND_CERT_NONE, judge_weight(r), "no certificate was sent");
		return;
	}
	judge_chain(r, &r->tls.facts);
	limits(r, &r->tls.facts);
	if (r->tls.other != NULL)
		judge_chain(r, r->tls.other);
	judge_sent(r);
}
