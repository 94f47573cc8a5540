/*
 * remote_believe.c: what need not be asked
 *
 * A mailbox of which STATUS says what the state says is not looked at, and is
 * confirmed at the SELECT before the first write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote_private.h"

/*
 * As in a run that does nothing: what STATUS says is what was true when all
 * had been dealt with, and nothing is in doubt.  A dry run has to know which
 * flags can be stored.
 */
static bool
unchanged(const struct box *b)
{
	return b->far && b->known && !b->far_dirty && !b->doubtful &&
	    b->state.npend == 0 && !b->run->o->dry_run &&
	    mark_same(&b->state.mark, &b->now) &&
	    strcmp(b->state.mark.id, b->now.id) == 0 &&
	    state_live(&b->state) == b->now.exists;
}

void
remote_believe(struct box *b)
{
	if (!unchanged(b))
		return;
	b->believed = true;
	b->renumbered = false;
	b->seen = b->now;
	b->storable = ~(uint64_t)0;
	b->nfar = b->gone.n = 0;
}

/* Of the canaries, for the flags came with them: as the base has them? */
static bool
flags_as_known(struct box *b)
{
	const struct rec *rec;
	size_t i;

	for (i = 0; i < b->nfar; i++) {
		rec = state_by_uid(&b->state, b->far_v[i].uid);
		if (rec == NULL || ((rec->flags ^ b->far_v[i].flags) &
		    b->storable) != 0)
			return false;
	}
	return true;
}

static bool
can_store_all(struct box *b)
{
	size_t k = 0;

	for (; plan_next(&b->plan, ACT_FAR_FLAGS, &k); k++)
		if (((b->plan.v[k].add | b->plan.v[k].del) & ~b->storable) !=
		    0)
			return false;
	return b->storable != 0;
}

/* MODSEQ is another if something was moved there in this pass. */
static bool
as_believed(struct look *k, const struct imap_box *box)
{
	struct box *b = k->b;
	struct mark want = b->now;

	if (b->far_changed && b->seen.modseq > want.modseq)
		want.modseq = b->seen.modseq;
	return mark_same(&b->seen, &want) && box->exists == want.exists &&
	    (box->id[0] == '\0' || want.id[0] == '\0' ||
	    strcmp(box->id, want.id) == 0) && b->gone.n == 0 &&
	    k->canaries == k->asked && !remote_renumbered(k) && flags_as_known(b) &&
	    can_store_all(b);
}

/*
 * A server that was restored from a backup may have the same numbers as
 * before, and other messages.  Nothing is done to a UID unless some messages,
 * and the last it is to be done to, are who they were.
 */
int
remote_confirm(struct line *l, struct box *b)
{
	struct look *k = mem_new(1, sizeof *k);
	struct mark was = b->seen;
	int got;

	k->b = b;
	b->nfar = b->gone.n = 0;
	got = remote_select(k, l);
	if (got == 0 && !b->failed)
		b->stale = !as_believed(k, &l->imap.box);
	b->strange = remote_renumbered(k);
	b->believed = false;
	b->seen = was;
	b->nfar = b->gone.n = 0;
	remote_done(k);
	return got < 0 ? -1 : b->failed || b->stale;
}
