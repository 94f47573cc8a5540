/*
 * spf_flat.c: who may send by an SPF record and all that it includes
 *
 * Each term stands for addresses: its networks, all of them, or those that
 * pass by what it includes.  The first term of a record that has an address
 * decides for it (RFC 7208 section 4.6.2), so all bounds of all terms are
 * walked from the lowest address to the highest one, with the terms that have
 * the present address in a heap whose top is the first of them.  n spans cost
 * n log n, whoever wrote the record.
 */
#include "spf_survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flat_heap {
	struct spf_span *v;
	size_t n;
};

/* ---- addresses as numbers of 128 bits */

/* False: there is none behind the last. */
static bool
address_next(unsigned char a[16])
{
	size_t i = 16;

	while (i-- > 0)
		if (++a[i] != 0)
			return true;
	return false;
}

static void
address_before(const unsigned char a[16], unsigned char to[16])
{
	size_t i = 16;

	memcpy(to, a, 16);
	while (i-- > 0)
		if (to[i]-- != 0)
			return;
}

/* The last address of the network of so many bits that begins at a. */
static void
network_end(const unsigned char a[16], unsigned bits, unsigned char to[16])
{
	unsigned i;

	memcpy(to, a, 16);
	for (i = bits; i < 128; i++)
		to[i / 8] |= (unsigned char)(0x80 >> i % 8);
}

/* ---- spans */

static struct spf_span *
span_add(struct arena *mem, struct spf_spans *s)
{
	struct spf_span *v;

	if (s->n == s->cap) {
		v = arena_new(mem, 2 * s->cap + 16, sizeof *v);
		if (s->v != NULL)
			memcpy(v, s->v, s->n * sizeof *v);
		s->v = v;
		s->cap = 2 * s->cap + 16;
	}
	return &s->v[s->n++];
}

static void
span_network(struct arena *mem, struct spf_spans *s, const void *addr,
    size_t n, unsigned bits, unsigned term)
{
	struct spf_span *v = span_add(mem, s);
	unsigned i;

	memset(v, 0, sizeof *v);
	memcpy(v->lo, addr, n);
	for (i = bits; i < 8 * n; i++)
		v->lo[i / 8] &= (unsigned char)~(0x80 >> i % 8);
	network_end(v->lo, bits, v->hi);
	v->term = term;
}

static void
span_all(struct arena *mem, struct spf_spans s[SPF_FAMILIES], unsigned term)
{
	int f;

	for (f = 0; f < SPF_FAMILIES; f++)
		span_network(mem, &s[f], "", 0, 0, term);
}

/* At the end, joined with the last one if that ends where this begins. */
static void
span_append(struct arena *mem, struct spf_spans *s, const struct spf_span *one)
{
	struct spf_span *last = s->n > 0 ? &s->v[s->n - 1] : NULL;
	unsigned char next[16];

	if (last != NULL && last->term == one->term) {
		memcpy(next, last->hi, 16);
		if (address_next(next) && memcmp(next, one->lo, 16) == 0) {
			memcpy(last->hi, one->hi, 16);
			return;
		}
	}
	*span_add(mem, s) = *one;
}

static int
span_order(const void *p, const void *q)
{
	const struct spf_span *a = p, *b = q;
	int c = memcmp(a->lo, b->lo, 16);

	return c != 0 ? c : (a->term > b->term) - (a->term < b->term);
}

/* ---- the first term that has an address */

static void
heap_swap(struct flat_heap *h, size_t i, size_t k)
{
	struct spf_span one = h->v[i];

	h->v[i] = h->v[k];
	h->v[k] = one;
}

static void
heap_push(struct flat_heap *h, const struct spf_span *s)
{
	size_t i = h->n++;

	h->v[i] = *s;
	for (; i > 0 && h->v[(i - 1) / 2].term > h->v[i].term; i = (i - 1) / 2)
		heap_swap(h, i, (i - 1) / 2);
}

static void
heap_pop(struct flat_heap *h)
{
	size_t i = 0, least;

	h->v[0] = h->v[--h->n];
	for (;; i = least) {
		least = 2 * i + 1;
		if (least + 1 < h->n &&
		    h->v[least + 1].term < h->v[least].term)
			least++;
		if (least >= h->n || h->v[least].term >= h->v[i].term)
			return;
		heap_swap(h, i, least);
	}
}

/* Spans that overlap to those where one term decides. */
static void
sweep(struct arena *mem, struct spf_spans *in, struct spf_spans *out)
{
	struct flat_heap h = { .n = 0 };
	unsigned char at[16] = { 0 };
	struct spf_span one;
	size_t i = 0;

	if (in->n == 0)
		return;
	qsort(in->v, in->n, sizeof *in->v, span_order);
	h.v = arena_new(mem, in->n, sizeof *h.v);
	for (;;) {
		while (h.n > 0 && memcmp(h.v[0].hi, at, 16) < 0)
			heap_pop(&h);
		if (h.n == 0 && i == in->n)
			return;
		if (h.n == 0 && memcmp(in->v[i].lo, at, 16) > 0)
			memcpy(at, in->v[i].lo, 16);
		for (; i < in->n && memcmp(in->v[i].lo, at, 16) <= 0; i++)
			heap_push(&h, &in->v[i]);
		one = h.v[0];
		if (memcmp(one.hi, at, 16) < 0)
			continue;
		memcpy(one.lo, at, 16);
		if (i < in->n && memcmp(in->v[i].lo, one.hi, 16) <= 0)
			address_before(in->v[i].lo, one.hi);
		span_append(mem, out, &one);
		memcpy(at, one.hi, 16);
		if (!address_next(at))
			return;
	}
}

/* ---- a term */

static bool
is_flat(const struct spf_node *n)
{
	return n != NULL && n->flat != NULL;
}

static void
below(struct arena *mem, const struct spf_node *n,
    struct spf_spans s[SPF_FAMILIES], unsigned term)
{
	struct spf_span *v;
	size_t i;
	int f;

	for (f = 0; is_flat(n) && f < SPF_FAMILIES; f++)
		for (i = 0; i < n->flat->pass[f].n; i++) {
			v = span_add(mem, &s[f]);
			*v = n->flat->pass[f].v[i];
			v->term = term;
		}
}

static void
hosts(struct arena *mem, const struct spf_term *t, const struct spf_reach *r,
    struct spf_spans s[SPF_FAMILIES], unsigned term)
{
	const struct spf_hit *h;
	bool four;
	unsigned i;

	for (h = r->first; h != NULL; h = h->next) {
		four = h->answer->type == DNS_A;
		for (i = 0; i < h->answer->n; i++)
			span_network(mem, &s[four ? SPF_FOUR : SPF_SIX],
			    h->answer->rr[i].data.p, four ? 4 : 16,
			    four ? t->cidr4 : t->cidr6, term);
	}
}

/*
 * Terms have the numbers of their places, but for redirect=, which comes behind
 * all of them wherever it stands.
 */
static unsigned
rank_of(const struct spf_record *r, const struct spf_term *t)
{
	return (unsigned)(t == r->redirect ? r->n : (size_t)(t - r->term));
}

static const struct spf_term *
term_of(const struct spf_record *r, unsigned rank)
{
	return rank == r->n ? r->redirect : &r->term[rank];
}

static void
spread(struct arena *mem, const struct spf_node *n, size_t i,
    struct spf_spans s[SPF_FAMILIES])
{
	const struct spf_term *t = &n->record.term[i];
	const struct spf_reach *r = &n->reach[i];
	unsigned term = rank_of(&n->record, t);

	switch (t->kind) {
	case SPF_ALL:
		span_all(mem, s, term);
		break;
	case SPF_IP4:
		span_network(mem, &s[SPF_FOUR], t->addr, 4, t->cidr4, term);
		break;
	case SPF_IP6:
		span_network(mem, &s[SPF_SIX], t->addr, 16, t->cidr6, term);
		break;
	case SPF_A:
	case SPF_MX:
		hosts(mem, t, r, s, term);
		break;
	case SPF_EXISTS:
		if (r->first != NULL && dns_has(r->first->answer))
			span_all(mem, s, term);
		break;
	case SPF_INCLUDE:
	case SPF_REDIRECT:
		below(mem, r->node, s, term);
		break;
	case SPF_PTR:
	case SPF_EXP:
	case SPF_OTHER:
		break;
	}
}

/* ---- a record */

/* Is more to it than the spans say? */
static bool
is_vague(const struct spf_term *t, const struct spf_reach *r)
{
	if (r->client || r->unsure)
		return true;
	return (t->kind == SPF_INCLUDE || t->kind == SPF_REDIRECT) &&
	    (!is_flat(r->node) || r->node->flat->client);
}

static bool
is_behind(const struct spf_record *r, const struct spf_term *t)
{
	return r->all != NULL && (t->kind == SPF_REDIRECT ||
	    (t > r->all && t->kind != SPF_EXP && t->kind != SPF_OTHER));
}

static bool
passes(const struct spf_term *t)
{
	return t->kind == SPF_REDIRECT || t->sign == '+';
}

/* What the terms decide: their effect, and who passes. */
static void
conclude(struct arena *mem, const struct spf_node *n, struct spf_flat *f,
    int family)
{
	const struct spf_spans *d = &f->decided[family];
	struct spf_span one;
	size_t i;

	for (i = 0; i < d->n; i++) {
		one = d->v[i];
		f->effect[one.term] = SPF_DECIDES;
		if (!passes(term_of(&n->record, one.term)))
			continue;
		one.term = 0;
		span_append(mem, &f->pass[family], &one);
	}
}

static int
span_has(const void *key, const void *element)
{
	const struct spf_span *s = element;

	if (memcmp(key, s->lo, 16) < 0)
		return -1;
	return memcmp(key, s->hi, 16) > 0;
}

/* The terms that have addresses and decide for none of them. */
static void
cover(struct spf_flat *f, const struct spf_spans *all, int family)
{
	const struct spf_spans *d = &f->decided[family];
	const struct spf_span *by;
	unsigned term;
	size_t i;

	for (i = 0; i < all->n; i++) {
		term = all->v[i].term;
		if (f->effect[term] != SPF_NOBODY)
			continue;
		by = bsearch(all->v[i].lo, d->v, d->n, sizeof *d->v, span_has);
		if (by == NULL)
			continue;
		f->effect[term] = SPF_COVERED;
		f->under[term] = by->term;
	}
}

/*
 * redirect= decides for all that is left, whoever passes there; other modifiers
 * decide nothing; what is not known may decide.
 */
static void
settle(const struct spf_node *n, struct spf_flat *f)
{
	const struct spf_term *t;
	size_t i;

	for (i = 0; i < n->record.n; i++) {
		t = &n->record.term[i];
		if (f->effect[i] == SPF_BEHIND_ALL)
			continue;
		if (t->kind == SPF_REDIRECT || t->kind == SPF_EXP ||
		    t->kind == SPF_OTHER)
			f->effect[i] = SPF_DECIDES;
		if (is_vague(t, &n->reach[i])) {
			f->effect[i] = SPF_DECIDES;
			f->client = true;
		}
	}
}

static void
flatten(struct arena *mem, struct spf_node *n)
{
	struct spf_spans all[SPF_FAMILIES] = { { .n = 0 } };
	struct spf_flat *f = arena_new(mem, 1, sizeof *f);
	size_t i;
	int k;

	f->effect = arena_new(mem, n->record.n + 1, sizeof *f->effect);
	f->under = arena_new(mem, n->record.n + 1, sizeof *f->under);
	for (i = 0; i <= n->record.n; i++)
		f->effect[i] = SPF_NOBODY;
	for (i = 0; i < n->record.n; i++)
		if (is_behind(&n->record, &n->record.term[i]))
			f->effect[i] = SPF_BEHIND_ALL;
		else
			spread(mem, n, i, all);
	for (k = 0; k < SPF_FAMILIES; k++) {
		sweep(mem, &all[k], &f->decided[k]);
		conclude(mem, n, f, k);
	}
	for (k = 0; k < SPF_FAMILIES; k++)
		cover(f, &all[k], k);
	settle(n, f);
	n->flat = f;
}

void
spf_flatten(struct arena *mem, struct spf_survey *s)
{
	size_t i = s->n;

	while (i-- > 0)			/* what is included stands behind */
		if (s->node[i]->found == 1 && s->node[i]->record.why == NULL)
			flatten(mem, s->node[i]);
}

/* ---- told */

static double
address_value(const unsigned char a[16])
{
	double v = 0;
	size_t i;

	for (i = 0; i < 16; i++)
		v = v * 256 + a[i];
	return v;
}

double
spf_share(const struct spf_spans *s, int family)
{
	double lo, hi, low = 0, high = 0x1p128, sum = 0;
	size_t i;

	if (family == SPF_SIX) {
		low = 0x1p125;		/* 2000::/3 */
		high = 0x1p126;
	}
	for (i = 0; i < s->n; i++) {
		lo = address_value(s->v[i].lo);
		hi = address_value(s->v[i].hi) + 1;
		lo = lo < low ? low : lo;
		hi = hi > high ? high : hi;
		if (hi > lo)
			sum += hi - lo;
	}
	return sum / (high - low);
}

/* The bits of the largest network that begins at lo and ends before hi. */
static unsigned
network_bits(const unsigned char lo[16], const unsigned char hi[16],
    unsigned char end[16])
{
	unsigned bits = 128;

	while (bits > 0 && (lo[(bits - 1) / 8] &
	    (0x80 >> (bits - 1) % 8)) == 0)
		bits--;
	for (;; bits++) {
		network_end(lo, bits, end);
		if (memcmp(end, hi, 16) <= 0)
			return bits;
	}
}

bool
spf_network(const struct spf_spans *s, int family, struct spf_at *at,
    char text[64])
{
	unsigned host = family == SPF_FOUR ? 32 : 128, bits;
	unsigned char end[16];
	struct str addr = { (const char *)at->lo, host / 8 };
	size_t n;

	if (at->i == s->n)
		return false;
	if (!at->within)
		memcpy(at->lo, s->v[at->i].lo, 16);
	bits = network_bits(at->lo, s->v[at->i].hi, end);
	dns_addr(addr, text, 64);
	n = strlen(text);
	if (bits < host)
		snprintf(text + n, 64 - n, "/%u", bits);
	at->within = memcmp(end, s->v[at->i].hi, 16) < 0;
	memcpy(at->lo, end, 16);
	if (!at->within || !address_next(at->lo))
		at->i++;
	return true;
}
