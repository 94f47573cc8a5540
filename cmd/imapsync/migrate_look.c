/*
 * migrate_look.c: which messages are on the other server already
 *
 * After a lost answer, where the server does not tell UIDs, and where mailboxes
 * meet that have mail in both.  Headers are compared first, 300 bytes of each;
 * where these leave a doubt the bytes decide, for what is taken for another
 * message would never be copied.
 */
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "migrate_look.h"
#include "migrate_run.h"
#include "migrate_who.h"
#include "search.h"

struct look {
	struct migrate *r;
	struct migrate_box *b;
	bool strict;
	struct migrate_whos from, to;
	struct imap_uids ask_from, ask_to;	/* for their bytes */
	struct imap_uids dumb_from, dumb_to;	/* they did not come, sorted */
	bool mute;		/* one there does not tell its header */
	struct imap_uids *unsure;
};

static int
sum_bytes(const void *x, const void *y)
{
	const struct migrate_sum *a = x, *b = y;
	int by = (b->is - a->is) != 0 ? b->is - a->is :
	    memcmp(a->md, b->md, sizeof a->md);

	return by != 0 ? by : search_order(a->uid, b->uid);
}

/* The UIDs there from low on that are no pair's. */
static int
unpaired(struct look *k, uint32_t low, struct imap_uids *to)
{
	struct imap_uids paired = { 0 };
	uint32_t *all = NULL;
	size_t n = 0, i;
	int got = migrate_uids_ask(&k->r->to.imap, low > 0 ? low : 1, &all, &n);

	for (i = 0; i < k->b->n; i++)
		imap_uids_add(&paired, k->b->v[i].to);
	imap_uids_sort(&paired);
	for (i = 0; got == 0 && i < n; i++)
		if (all[i] >= low && !imap_uids_has(&paired, all[i]))
			imap_uids_add(to, all[i]);
	free(paired.v);
	free(all);
	return got;
}

static bool
is_paired(const struct look *k, uint32_t from)
{
	const struct migrate_pair *p = migrate_state_find(k->b, from);

	return p != NULL && p->to != 0;
}

/* Its flags may have changed when nobody knew where to: all are asked for. */
static int
note_pair(struct look *k, uint32_t from, uint32_t to)
{
	struct migrate_pair p = { from, to };

	if (migrate_state_pair(&k->r->state, k->b, &p, 1, k->r->e) < 0)
		return -1;
	return migrate_state_seq(&k->r->state, k->b, 0, k->r->e);
}

/* Those with one header: nf of them here and nt there. */
static int
same_header(struct look *k, const struct migrate_who *f, size_t nf,
    const struct migrate_who *t, size_t nt)
{
	size_t i;

	if (nt == 0)
		return 0;
	if (!k->strict && nf == 1 && nt == 1 && ident_sure(f->ident) &&
	    f->size == t->size)
		return note_pair(k, f->uid, t->uid);
	for (i = 0; i < nf; i++)
		imap_uids_add(&k->ask_from, f[i].uid);
	for (i = 0; i < nt; i++)
		imap_uids_add(&k->ask_to, t[i].uid);
	return 0;
}

static size_t
as_first(const struct migrate_who *v, size_t n)
{
	size_t i = 0;

	while (i < n && v[i].ident == v[0].ident)
		i++;
	return i;
}

/* Headers that are on both sides, or only here. */
static int
by_header(struct look *k, int (*each)(struct look *, const struct migrate_who *,
    size_t, const struct migrate_who *, size_t))
{
	const struct migrate_who *f = k->from.v, *t = k->to.v;
	size_t nf = k->from.n, nt = k->to.n, i, j;

	while (nf > 0) {
		i = nt == 0 || f->ident <= t->ident ? as_first(f, nf) : 0;
		j = nt > 0 && t->ident <= f->ident ? as_first(t, nt) : 0;
		if (i > 0 && each(k, f, i, t, j) < 0)
			return -1;
		f += i;
		nf -= i;
		t += j;
		nt -= j;
	}
	return 0;
}

/* Of those that did not come these are still there. */
static int
look_left(struct imap *m, const struct migrate_sum *v, size_t n,
    struct imap_uids *to)
{
	struct imap_uids some = { 0 };
	uint32_t *all = NULL;
	size_t nall = 0, i;
	int got = 0;

	for (i = 0; i < n; i++)
		if (!v[i].is)
			imap_uids_add(&some, v[i].uid);
	if (some.n > 0)
		got = migrate_uids_ask(m, 1, &all, &nall);
	for (i = 0; i < nall; i++)
		if (imap_uids_has(&some, all[i]))
			imap_uids_add(to, all[i]);
	free(some.v);
	free(all);
	return got;
}

static struct migrate_sum *
ask_sums(struct imap *m, struct imap_uids *uids, struct imap_uids *dumb)
{
	struct migrate_sum *v = mem_new(uids->n, sizeof *v);
	size_t i;

	imap_uids_sort(uids);
	for (i = 0; i < uids->n; i++)
		v[i].uid = uids->v[i];
	if (migrate_sums_ask(m, v, uids->n, true) < 0 ||
	    look_left(m, v, uids->n, dumb) < 0) {
		free(v);
		return NULL;
	}
	qsort(v, uids->n, sizeof *v, sum_bytes);
	return v;
}

/* Equal bytes are equal messages, whichever is which. */
static int
by_bytes(struct look *k)
{
	struct migrate_sum *f, *t = NULL;
	size_t i = 0, j = 0;
	int got = -1, by;

	if (k->ask_from.n == 0)
		return 0;
	f = ask_sums(&k->r->from.imap, &k->ask_from, &k->dumb_from);
	if (f != NULL)
		t = ask_sums(&k->r->to.imap, &k->ask_to, &k->dumb_to);
	if (t != NULL)
		got = 0;
	while (got == 0 && i < k->ask_from.n && j < k->ask_to.n && f[i].is &&
	    t[j].is) {
		by = memcmp(f[i].md, t[j].md, sizeof f[i].md);
		if (by == 0)
			got = note_pair(k, f[i].uid, t[j].uid);
		i += by <= 0;
		j += by >= 0;
	}
	free(f);
	free(t);
	return got;
}

/* ---- what cannot be told ---- */

/* Of those with one header some have not come: not ours, or not theirs. */
static int
unsure_ones(struct look *k, const struct migrate_who *f, size_t nf,
    const struct migrate_who *t, size_t nt)
{
	bool any = k->mute;
	size_t i;

	for (i = 0; i < nt; i++)
		any = any || imap_uids_has(&k->dumb_to, t[i].uid);
	for (i = 0; i < nf; i++)
		if (!is_paired(k, f[i].uid) &&
		    (any || imap_uids_has(&k->dumb_from, f[i].uid)))
			imap_uids_add(k->unsure, f[i].uid);
	return 0;
}

/*
 * A message there that does not even tell its header may be any of those in
 * doubt.
 */
static int
find_mute(struct look *k, const struct imap_uids *there)
{
	struct imap_uids told = { 0 };
	struct migrate_sum *v;
	size_t i, n = 0;
	int got = 0;

	for (i = 0; i < k->to.n; i++)
		imap_uids_add(&told, k->to.v[i].uid);
	imap_uids_sort(&told);
	v = mem_new(there->n + 1, sizeof *v);
	for (i = 0; i < there->n; i++)
		if (!imap_uids_has(&told, there->v[i]))
			v[n++].uid = there->v[i];
	told.n = 0;
	if (k->strict && n > 0)
		got = look_left(&k->r->to.imap, v, n, &told);
	k->mute = told.n > 0;
	free(v);
	free(told.v);
	return got;
}

int
migrate_look(struct migrate *r, struct migrate_box *b, const uint32_t *uids,
    size_t n, uint32_t low, bool strict, struct imap_uids *unsure)
{
	struct look k = { .r = r, .b = b, .strict = strict,
	    .unsure = unsure };
	struct imap_uids there = { 0 };
	int got = unpaired(&k, low, &there);

	if (got == 0 && there.n > 0 && n > 0)
		got = migrate_who_ask(&r->to.imap, there.v, there.n, &k.to);
	if (got == 0 && there.n > 0 && n > 0)
		got = migrate_who_ask(&r->from.imap, uids, n, &k.from);
	if (got == 0)
		got = by_header(&k, same_header);
	if (got == 0)
		got = by_bytes(&k);
	if (got == 0)
		got = find_mute(&k, &there);
	if (got == 0)
		got = by_header(&k, unsure_ones);
	free(there.v);
	free(k.from.v);
	free(k.to.v);
	free(k.ask_from.v);
	free(k.ask_to.v);
	free(k.dumb_from.v);
	free(k.dumb_to.v);
	return got < 0 ? -1 : 0;
}
