/* pair_ask.c: new messages are asked who they are */
#include <stdlib.h>

#include "box.h"
#include "far_hear.h"
#include "idents.h"
#include "link.h"
#include "pair.h"
#include "search.h"
#include "settings.h"
#include "state.h"

enum { MANY = 200 };			/* their answers are worth keeping */

bool
pair_unasked(struct box *b, uint32_t uid)
{
	return box_far_find(b, uid) == NULL && (b->far.renumbered ||
	    state_by_uid(b->state, uid) == NULL);
}

static void
keep_answers(struct box *b, struct idents *keep, const uint32_t *uids,
    size_t n)
{
	const struct far_msg *f;
	size_t i;

	for (i = 0; i < n; i++) {
		f = box_far_find(b, uids[i]);
		if (f != NULL && f->ident != 0)
			idents_add(keep, &(struct ident_rec){ f->uid, f->size,
			    f->ident });
	}
}

static int
ask_new(struct box *b, uint64_t from, struct idents *keep)
{
	const struct imap_uids *all = &b->far.fresh;
	struct link *l = &b->run->link[0];
	uint32_t *uids = mem_new(FAR_IDENTS, sizeof *uids);
	size_t i = 0, n = 1;
	int got = 0;

	while (got == 0 && n > 0) {
		for (n = 0; i < all->n && n < FAR_IDENTS; i++)
			if (all->v[i] >= from && pair_unasked(b, all->v[i]))
				uids[n++] = all->v[i];
		if (n == 0 || (got = link_select(l, b)) != 0)
			break;
		got = far_hear_idents(l, b, uids, n);
		if (keep != NULL)
			keep_answers(b, keep, uids, n);
	}
	free(uids);
	return got < 0 ? -1 : 0;
}

int
pair_idents(struct box *b, uint64_t from)
{
	return ask_new(b, from, NULL);
}

/* ---- answers of a run before ---- */

/* Three of them are asked again: 0 they are who they were, 1 not, -1. */
static int
ask_canaries(struct box *b, const struct ident_rec *v, size_t n)
{
	const struct ident_rec *some[3] = { &v[0], &v[n / 2], &v[n - 1] };
	const struct far_msg *f;
	uint32_t uids[3];
	size_t i, k = 0;

	for (i = 0; i < 3; i++)
		if (i == 0 || some[i] > some[i - 1])
			uids[k++] = some[i]->uid;
	if (far_hear_idents(&b->run->link[0], b, uids, k) < 0)
		return -1;
	for (i = 0; i < 3; i++) {
		f = box_far_find(b, some[i]->uid);
		if (f != NULL && f->ident != some[i]->ident)
			return 1;
	}
	return 0;
}

/* Those that are new still, and have not been asked in this run. */
static size_t
still_new(struct box *b, struct ident_rec *v, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (imap_uids_has(&b->far.fresh, v[i].uid) &&
		    pair_unasked(b, v[i].uid))
			v[k++] = v[i];
	return k;
}

/* Of a few of these alone the flags will be asked for: see pair_new. */
static void
without_flags(struct box *b, const struct ident_rec *v, size_t n)
{
	struct far_msg *f = mem_new(n + 1, sizeof *f);
	size_t i;

	for (i = 0; i < n; i++)
		f[i] = (struct far_msg){ .uid = v[i].uid, .size = v[i].size,
		    .ident = v[i].ident };
	box_far_merge(b, f, n);
	free(f);
}

/* Who they are is known, what flags they have now is not. */
static int
ask_flags(struct box *b, const struct ident_rec *v, size_t n)
{
	uint32_t *uids = mem_new(n + 1, sizeof *uids);
	struct far_msg *f;
	size_t i;
	int got;

	for (i = 0; i < n; i++)
		uids[i] = v[i].uid;
	got = far_hear_marks(&b->run->link[0], b, uids, n);
	free(uids);
	for (i = 0; got == 0 && i < n; i++)
		if ((f = box_far_find(b, v[i].uid)) != NULL) {
			f->ident = v[i].ident;
			f->size = v[i].size;
		}
	return got;
}

static int
recall(struct box *b, struct idents *keep)
{
	int got;

	keep->n = still_new(b, keep->v, keep->n);
	if (keep->n == 0)
		return 0;
	if ((got = link_select(&b->run->link[0], b)) != 0)
		return got < 0 ? -1 : 0;
	if ((got = ask_canaries(b, keep->v, keep->n)) < 0)
		return -1;
	if (got > 0) {
		idents_forget(keep, b->far.seen.uidvalidity);
		return 0;
	}
	keep->n = still_new(b, keep->v, keep->n);
	if (keep->n == 0)
		return 0;
	if (!b->known || b->far.renumbered)
		return ask_flags(b, keep->v, keep->n);
	without_flags(b, keep->v, keep->n);
	return 0;
}

/*
 * Will they be asked again?  In a first pairing, if it is cut; and as new ones
 * that stay new, where this side gets none.
 */
static bool
worth_keeping(const struct box *b)
{
	return b->far.fresh.n >= MANY && (!b->known || b->far.renumbered ||
	    (b->run->o->policy.near_gets & GETS_NEW) == 0);
}

int
pair_idents_all(struct box *b)
{
	struct run *r = b->run;
	struct err quiet = { 0 };	/* it costs some bytes, no more */
	struct idents keep;
	int got;

	if (!worth_keeping(b))
		return ask_new(b, 0, NULL);
	if (idents_open(&keep, r->dir, str_of(b->name),
	    b->far.seen.uidvalidity, r->o->dry_run, &quiet) < 0) {
		idents_close(&keep, &quiet);
		return ask_new(b, 0, NULL);
	}
	got = recall(b, &keep);
	if (got == 0)
		got = ask_new(b, 0, &keep);
	idents_close(&keep, &quiet);
	return got;
}
