/*
 * matches.c: which file here and which message there are the same one
 *
 * Those with one ident are a group.  A Message-ID should name one message, and
 * does not always: a draft is saved again with it, a list sends another copy.
 * So it only nominates.  Where many messages are to be found again, the same
 * size confirms it, and saves a download of all of them.  Where it does not,
 * the bytes decide.  A file that we had uploaded is known by its Message-ID
 * alone when the UIDs have changed: servers change what they are given.
 */
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "matches.h"
#include "mem.h"
#include "search.h"

/* ---- files and messages ---- */

static int
by_ident(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	if (x->ident != y->ident)
		return x->ident < y->ident ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Same size and bytes: 0. */
static int
match_compare(const struct match *x, const struct match *y)
{
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return memcmp(x->md, y->md, sizeof x->md);
}

static int
match_by_bytes(const void *a, const void *b)
{
	const struct match *x = a, *y = b;
	int c = match_compare(x, y);

	return c != 0 ? c : search_order(x->at, y->at);
}

static size_t
same_ident(const struct match *v, size_t n)
{
	size_t i = 0;

	while (i < n && v[i].ident == v->ident)
		i++;
	return i;
}

bool
matches_next(struct matches *m)
{
	const struct match *near_end = m->near + m->nnear;
	const struct match *far_end = m->far + m->nfar;

	if (m->here == NULL) {
		if (m->nnear == 0 || m->nfar == 0)
			return false;
		qsort(m->near, m->nnear, sizeof *m->near, by_ident);
		qsort(m->far, m->nfar, sizeof *m->far, by_ident);
		m->here = m->near;
		m->there = m->far;
	}
	m->here += m->nhere;
	m->there += m->nthere;
	m->nhere = m->nthere = 0;
	while (m->here < near_end && m->there < far_end) {
		if (m->here->ident == m->there->ident) {
			m->nhere = same_ident(m->here,
			    (size_t)(near_end - m->here));
			m->nthere = same_ident(m->there,
			    (size_t)(far_end - m->there));
			return true;
		}
		if (m->here->ident < m->there->ident)
			m->here++;
		else
			m->there++;
	}
	return false;
}

bool
matches_tied(const struct matches *m)
{
	if (m->nhere > 1 || m->nthere > 1 || m->sure ||
	    !ident_sure(m->here->ident))
		return true;
	return m->here->size != m->there->size && !m->here->sent;
}

void
matches_settle(struct matches *m, struct pairs *to)
{
	size_t i = 0, k = 0;
	int c;

	if (!matches_tied(m)) {
		matches_pair(to, m->here->at, m->there->at, m->here->base);
		return;
	}
	qsort(m->here, m->nhere, sizeof *m->here, match_by_bytes);
	qsort(m->there, m->nthere, sizeof *m->there, match_by_bytes);
	while (i < m->nhere && k < m->nthere) {
		const struct match *l = &m->here[i], *f = &m->there[k];

		c = match_compare(l, f);
		if (!l->digested || c < 0) {
			i++;
		} else if (!f->digested || c > 0) {
			k++;
		} else {
			matches_pair(to, l->at, f->at, l->base);
			m->there[k].taken = true;
			i++;
			k++;
		}
	}
}

void
matches_pair(struct pairs *p, uint32_t near, uint32_t uid, uint64_t base)
{
	if ((p->n & (p->n - 1)) == 0)	/* full at each power of two */
		p->v = mem_grow(p->v, p->n > 0 ? 2 * p->n : 1, sizeof *p->v);
	p->v[p->n++] = (struct pair){ near, uid, base };
}

unsigned char *
matches_taken(const struct pairs *p, size_t n)
{
	unsigned char *is = mem_new(n + 1, 1);
	size_t i;

	for (i = 0; i < p->n; i++)
		is[p->v[i].near] = 1;
	return is;
}

/* ---- halves of moves ---- */

void
matches_add(struct halves *h, struct box *b, size_t act, uint64_t key)
{
	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 64;
		h->v = mem_grow(h->v, h->cap, sizeof *h->v);
	}
	h->v[h->n++] = (struct half){ b, act, key, 0, 0 };
}

static int
match_by_key(const void *a, const void *b)
{
	const struct half *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	return x->act < y->act ? -1 : x->act > y->act;
}

void
matches_sort(struct halves *h)
{
	if (h->n > 0)
		qsort(h->v, h->n, sizeof *h->v, match_by_key);
}

static int
key_order(const void *key, const void *h)
{
	return search_order(*(const uint64_t *)key,
	    ((const struct half *)h)->key);
}

size_t
matches_find(const struct halves *h, uint64_t key)
{
	return search_lower(&key, h->v, h->n, sizeof *h->v, key_order);
}
