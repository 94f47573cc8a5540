/* migrate_verify.c: is what was copied there, byte for byte? */
#include <stdlib.h>
#include <string.h>

#include "migrate_gmail.h"
#include "migrate_look.h"
#include "migrate_run.h"
#include "migrate_select.h"
#include "migrate_verify.h"
#include "migrate_who.h"
#include "search.h"
#include "stop.h"

enum { PAIRS = 500, NAMED = 20 };	/* at once; told one by one */

struct verify {
	struct migrate *r;
	struct migrate_folder *f;
	struct migrate_box *b;
	struct migrate_pair pair[PAIRS];
	size_t n;
	struct imap_uids unread;	/* they did not come */
	uint64_t wrong;
};

static void
wrong(struct verify *v, const struct migrate_pair *p, const char *what)
{
	if (v->wrong++ < NAMED)
		migrate_problem(v->r, EX_DATAERR, v->f->from, "UID %u (%u there): %s",
		    p->from, p->to, what);
	v->r->status = fail_worse(v->r->status, EX_DATAERR);
}

static int
uid_order(const void *x, const void *y)
{
	return search_order(((const struct migrate_sum *)x)->uid,
	    ((const struct migrate_sum *)y)->uid);
}

static const struct migrate_sum *
sum_of(const struct migrate_sum *v, size_t n, uint32_t uid)
{
	struct migrate_sum key = { .uid = uid };

	return bsearch(&key, v, n, sizeof *v, uid_order);
}

static int
ask_side(struct imap *m, struct migrate_sum *v, size_t n)
{
	qsort(v, n, sizeof *v, uid_order);
	return migrate_sums_ask(m, v, n, false);
}

static int
compare_pairs(struct verify *v)
{
	struct migrate_sum *here = mem_new(PAIRS, sizeof *here),
	    *there = mem_new(PAIRS, sizeof *there);
	const struct migrate_sum *x, *y;
	size_t i;
	int got;

	for (i = 0; i < v->n; i++) {
		here[i].uid = v->pair[i].from;
		there[i].uid = v->pair[i].to;
	}
	got = ask_side(&v->r->from.imap, here, v->n);
	if (got == 0)
		got = ask_side(&v->r->to.imap, there, v->n);
	for (i = 0; got == 0 && i < v->n; i++) {
		x = sum_of(here, v->n, v->pair[i].from);
		y = sum_of(there, v->n, v->pair[i].to);
		if (x == NULL || !x->is)
			imap_uids_add(&v->unread, v->pair[i].from);
		else if (y == NULL || !y->is)
			wrong(v, &v->pair[i], "it is not there any more");
		else if (memcmp(x->md, y->md, sizeof x->md) != 0)
			wrong(v, &v->pair[i], "its bytes are others there");
		else
			v->r->messages++;
	}
	v->n = 0;
	free(here);
	free(there);
	return got;
}

/* What is gone in FROM since it was asked is nobody's fault. */
static int
tell_unread(struct verify *v)
{
	const struct migrate_pair *p;
	uint32_t *all;
	size_t n, i;

	if (v->unread.n == 0)
		return 0;
	if (migrate_uids_ask(&v->r->from.imap, 1, &all, &n) < 0)
		return -1;
	imap_uids_sort(&v->unread);
	for (i = 0; i < n; i++)
		if (imap_uids_has(&v->unread, all[i]) &&
		    (p = migrate_state_find(v->b, all[i])) != NULL)
			wrong(v, p, "it does not come, to be compared");
	free(all);
	return 0;
}

/* Where the server did not tell the UIDs. */
static int
find_blind(struct verify *v, const uint32_t *all, size_t n)
{
	const struct migrate_pair *p;
	struct imap_uids blind = { 0 }, unsure = { 0 };
	size_t i;
	int got = 0;

	for (i = 0; i < n; i++)
		if ((p = migrate_state_find(v->b, all[i])) != NULL &&
		    p->to == 0)
			imap_uids_add(&blind, all[i]);
	if (blind.n > 0)
		got = migrate_look(v->r, v->b, blind.v, blind.n, 1, true,
		    &unsure);
	free(blind.v);
	free(unsure.v);
	return got;
}

/* Of the refused ones the status is told by their number. */
static bool
is_told(const struct verify *v, uint32_t uid)
{
	const struct migrate_fail *f = migrate_state_failed(&v->r->state, v->b,
	    uid);

	return f != NULL && f->is != MIGRATE_AGAIN;
}

static int
verify_all(struct verify *v, const uint32_t *all, size_t n)
{
	const struct migrate_pair *p;
	struct imap_uids missing = { 0 };
	size_t i;
	int got;

	if (find_blind(v, all, n) < 0)
		return -1;
	for (i = 0; i < n && !stop_asked(); i++) {
		p = migrate_state_find(v->b, all[i]);
		if (p == NULL && !is_told(v, all[i]))
			imap_uids_add(&missing, all[i]);
		if (p != NULL && p->to == 0)
			wrong(v, p, "it is not found there by its bytes");
		if (p == NULL || p->to == 0)
			continue;
		v->pair[v->n++] = *p;
		if (v->n == PAIRS && compare_pairs(v) < 0)
			break;
	}
	got = i < n ? -1 : migrate_gmail_leave_out(v->r, v->b, &missing);
	if (got == 0)
		got = migrate_gmail_done(v->r, all, n);
	i = missing.n;
	free(missing.v);
	if (got < 0 || (v->n > 0 && compare_pairs(v) < 0) ||
	    tell_unread(v) < 0)
		return -1;
	if (v->wrong > NAMED)
		migrate_problem(v->r, EX_DATAERR, v->f->from, "and %llu more",
		    (unsigned long long)(v->wrong - NAMED));
	if (i > 0)
		migrate_problem(v->r, EX_DATAERR, v->f->from, "%zu messages are not copied",
		    i);
	return stop_asked() ? -1 : 0;
}

int
migrate_verify(struct migrate *r, struct migrate_folder *f)
{
	const uint64_t before = r->messages;
	struct verify *v;
	uint32_t *all;
	size_t n;
	int got;

	if (!f->there) {
		migrate_problem(r, EX_DATAERR, f->from, "%s is not there",
		    f->to);
		f->done = true;
		return 0;
	}
	if ((got = migrate_select(r, f)) != 0)
		return got < 0 ? -1 : 0;
	if (migrate_uids_ask(&r->from.imap, 1, &all, &n) < 0)
		return -1;
	v = mem_new(1, sizeof *v);
	v->r = r;
	v->f = f;
	if ((v->b = migrate_find(r, f)) == NULL)
		migrate_problem(r, EX_DATAERR, f->from, "it was not migrated, or its UIDs are others now: migrate first");
	else
		got = verify_all(v, all, n);
	if (got < 0 && !stop_asked())
		r->messages = before;	/* it is compared once more */
	f->done = got == 0;
	free(all);
	free(v->unread.v);
	free(v);
	return got;
}
