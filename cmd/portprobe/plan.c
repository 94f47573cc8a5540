/*
 * plan.c: --tlsa: the records to publish, and when to change what
 *
 * A new key must be published before it is used, for as long as somebody may
 * remember the old records (RFC 7671 section 8.1): two TTLs, since a secondary
 * server may hand them out for one more.  What the old key has stays for as long
 * after the change.  All records here are "3 1 1" and "2 1 1", which senders
 * know best and which stay what they are as long as the key does.
 *
 * The TTL that a resolver says runs down: it is what is left of that of the
 * zone.  Where this is not to be had, times are those of a TTL of a day.
 */
#include <string.h>
#include <time.h>

#include "plan.h"
#include "run.h"

enum { USUAL_TTL = 3600, LONG_TTL = 86400, LINES = 8 };

/* Whose key a record has. */
enum key_of { KEY_CURRENT, KEY_OTHER, KEY_NEXT, KEY_ISSUER };

static const char *const key_names[] = {
	[KEY_CURRENT] = "current", [KEY_OTHER] = "other", [KEY_NEXT] = "next",
	[KEY_ISSUER] = "issuer"
};

/* One record. */
struct line {
	uint8_t usage;
	const char *data;		/* hexadecimal */
	enum key_of of;
	bool there;			/* it is published */
};

struct plan {
	const char *owner;
	uint32_t ttl;
	bool told;			/* whether there are records */
	bool there;			/* there are */
	bool known;			/* the TTL is theirs, in the zone */
	int64_t wait;			/* so long, at most, it is remembered */
	struct line line[LINES];
	size_t n;
	bool same;			/* the next key is the one in use */
	int64_t change;			/* when it may be; seconds since 1970 */
};

static bool
equal(const struct dns_rr *rr, uint8_t usage, const char *hex)
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	if (rr->usage != usage || rr->selector != 1 || rr->mtype != 1 ||
	    2 * rr->data.n != strlen(hex))
		return false;
	for (i = 0; i < rr->data.n; i++)
		if (hex[2 * i] != digit[(unsigned char)rr->data.p[i] >> 4] ||
		    hex[2 * i + 1] != digit[rr->data.p[i] & 15])
			return false;
	return true;
}

static bool
published(const struct dns_answer *a, uint8_t usage, const char *hex)
{
	unsigned i;

	for (i = 0; dns_has(a) && i < a->n; i++)
		if (equal(&a->rr[i], usage, hex))
			return true;
	return false;
}

static void
add(struct plan *p, const struct report *r, uint8_t usage, const char *hex,
    enum key_of of)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->line[i].usage == usage && 
		    str_eq(str_of(p->line[i].data), str_of(hex)))
			return;
	p->line[p->n++] = (struct line){ usage, hex, of,
	    published(r->dane.there, usage, hex) };
}

/* Is its issuer sent, right behind it? */
static bool
issued(const struct tls_facts *f)
{
	return f->ncert > 1 && f->cert[0].by_next;
}

/*
 * A record of the issuer stands in place of those of keys only if each of them
 * has one: with two chains that is so if both are sent.
 */
static void
add_issuers(struct plan *p, const struct report *r)
{
	const struct tls_facts *f = &r->tls.facts, *other = r->tls.other;

	if (!issued(f) || (other != NULL && !issued(other)))
		return;
	add(p, r, 2, f->cert[1].spki256, KEY_ISSUER);
	if (other != NULL)
		add(p, r, 2, other->cert[1].spki256, KEY_ISSUER);
}

/* Is it one of those to be published? */
static bool
planned(const struct plan *p, const struct dns_rr *rr)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (equal(rr, p->line[i].usage, p->line[i].data))
			return true;
	return false;
}

static struct plan
plan(const struct report *r)
{
	const struct dns_answer *a = r->dane.there;
	const struct tls_facts *f = &r->tls.facts;
	const struct tls_cert *next = r->run->set->show.next_cert;
	struct plan p = { .ttl = USUAL_TTL, .there = dns_has(a),
	    .told = a != NULL && !dns_unsure(a) };

	p.owner = arena_printf(r->mem, "_%u._tcp.%s", r->port,
	    r->dane.tlsa.base != NULL ? r->dane.tlsa.base : r->host);
	if (p.there) {
		p.known = a->zone_ttl > 0;
		p.ttl = p.known ? a->zone_ttl : a->rr[0].ttl;
	}
	p.wait = p.ttl;
	if (!p.known && (p.there || !p.told) && p.ttl < LONG_TTL)
		p.wait = LONG_TTL;
	add(&p, r, 3, f->cert[0].spki256, KEY_CURRENT);
	if (r->tls.other != NULL)
		add(&p, r, 3, r->tls.other->cert[0].spki256, KEY_OTHER);
	if (next != NULL) {
		p.same = str_eq(str_of(next->spki256),
		    str_of(f->cert[0].spki256));
		add(&p, r, 3, next->spki256, KEY_NEXT);
		p.change = r->run->now + p.wait *
		    (published(a, 3, next->spki256) ? 1 : 2);
	}
	add_issuers(&p, r);
	return p;
}

static bool
plan_wanted(const struct report *r)
{
	return r->run->set->show.tlsa && r->tls.have_cert;
}

static const char *
moment(const struct report *r, int64_t at)
{
	char text[40];
	time_t t = (time_t)at;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(text, sizeof text,
	    "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return "?";
	return arena_dup(r->mem, str_of(text));
}

static const char *
remark(const struct report *r, const struct plan *p, const struct line *l)
{
	const char *missing = p->told ? "publish now" :
	    "publish now, unless it is there";
	const char *absent = p->told ? "not there" : "not known";
	const char *when = l->there ? "is there" : missing;

	switch (l->of) {
	case KEY_CURRENT:
		return arena_printf(r->mem, "the key in use: %s", when);
	case KEY_OTHER:
		return arena_printf(r->mem, "its other key, %s: %s",
		    r->tls.other->cert[0].key, when);
	case KEY_NEXT:
		return arena_printf(r->mem, "the next key, of %s: %s",
		    r->run->set->show.next, when);
	case KEY_ISSUER:
		break;
	}
	return arena_printf(r->mem, "or, in place of these, its issuer, which is sent: %s",
	    l->there ? "is there" : absent);
}

static void
line_text(const struct report *r, const struct plan *p, const struct line *l,
    struct buf *b)
{
	buf_printf(b, "       %s. %u IN TLSA %u 1 1 %s ; %s\n", p->owner,
	    p->ttl, l->usage, l->data, remark(r, p, l));
}

static const char *
ttl_of(const struct plan *p)
{
	if (!p->told)
		return "whether there are some is not known; times below are for one of a day";
	if (!p->there)
		return "there are none yet";
	return p->known ? "as the zone has it" :
	    "what is left of it in the name server's cache; times below are for one of a day, and -s with a server of the zone tells it";
}

void
plan_text(const struct report *r, struct buf *b)
{
	const struct dns_answer *a = r->dane.there;
	struct plan p;
	unsigned i;
	size_t k;

	if (!plan_wanted(r))
		return;
	p = plan(r);
	buf_printf(b, "     TLSA records to publish, TTL %u s (%s):\n", p.ttl,
	    ttl_of(&p));
	for (k = 0; k < p.n; k++)
		line_text(r, &p, &p.line[k], b);
	for (i = 0; dns_has(a) && i < a->n; i++)
		if (!planned(&p, &a->rr[i]))
			buf_printf(b, "       ; %u %u %u, which is published, is of none of these\n",
			    a->rr[i].usage, a->rr[i].selector, a->rr[i].mtype);
	if (r->run->set->show.next_cert == NULL)
		return;
	if (p.same)
		buf_printf(b, "       ; %s has the key that is in use: it may be installed now\n",
		    r->run->set->show.next);
	else
		buf_printf(b, "       ; %s may be installed after %s, if its record is published by now; remove what else there is %lld s after that\n",
		    r->run->set->show.next, moment(r, p.change),
		    (long long)(2 * p.wait));
}

void
plan_json(const struct report *r, struct json *j)
{
	struct plan p;
	size_t k;

	if (!plan_wanted(r)) {
		json_null(j, "tlsa_plan");
		return;
	}
	p = plan(r);
	json_open(j, "tlsa_plan", '{');
	json_s(j, "owner", p.owner);
	json_int(j, "ttl", p.ttl);
	json_bool(j, "ttl_known", p.known);
	json_open(j, "records", '[');
	for (k = 0; k < p.n; k++) {
		json_open(j, NULL, '{');
		json_int(j, "u", p.line[k].usage);
		json_int(j, "s", 1);
		json_int(j, "m", 1);
		json_s(j, "data", p.line[k].data);
		json_s(j, "of", key_names[p.line[k].of]);
		json_bool(j, "there", p.line[k].there);
		json_close(j, '}');
	}
	json_close(j, ']');
	if (r->run->set->show.next_cert != NULL)
		json_s(j, "install_after", moment(r, p.same ? r->run->now :
		    p.change));
	else
		json_null(j, "install_after");
	if (r->run->set->show.next_cert != NULL)
		json_int(j, "remove_after_s", 2 * p.wait);
	else
		json_null(j, "remove_after_s");
	json_close(j, '}');
}
