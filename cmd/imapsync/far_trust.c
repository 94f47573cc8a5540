/*
 * far_trust.c: what need not be asked
 *
 * A mailbox of which STATUS says what the state says is not looked at, and is
 * confirmed by a SELECT before anything is done to any of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "far.h"
#include "far_hear.h"
#include "far_trust.h"
#include "stop.h"

/*
 * Does STATUS say what was true when all had been dealt with, and is nothing
 * in doubt?  A dry run selects all the same: it needs PERMANENTFLAGS.
 */
static bool
unchanged(const struct box *b)
{
	return b->far.is && b->known && !b->far.dirty && !b->doubtful &&
	    b->state->npend == 0 && !b->run->o->dry_run &&
	    mark_same(&b->state->mark, &b->far.now) &&
	    mark_id_is(&b->far.now, b->state->mark.id) &&
	    state_live(b->state) == b->far.now.exists;
}

void
far_trust(struct box *b)
{
	if (!unchanged(b))
		return;
	b->phase = BOX_TRUSTED;
	b->far.renumbered = false;
	b->far.seen = b->far.now;
	b->far.storable = ~(uint64_t)0;
	box_far_clear(b);
}

/* Are the flags that came with the canaries those of the base? */
static bool
flags_as_known(struct box *b)
{
	const struct rec *rec;
	size_t i;

	for (i = 0; i < b->far.n; i++) {
		rec = state_by_uid(b->state, b->far.v[i].uid);
		if (rec == NULL || ((rec->flags ^ b->far.v[i].flags) &
		    b->far.storable) != 0)
			return false;
	}
	return true;
}

/* The highest UID that something is to be done to. */
static uint32_t
last_meant(const struct plan *p)
{
	uint32_t uid = 0;
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct act *a = &p->v[i];

		if ((a->kind == ACT_FAR_FLAGS || a->kind == ACT_FAR_MOVE ||
		    a->kind == ACT_FAR_PURGE || a->kind == ACT_FAR_DELETE) &&
		    a->uid > uid)
			uid = a->uid;
	}
	return uid;
}

static bool
to_check(const struct box *b)
{
	const size_t *n;

	if (b->phase != BOX_TRUSTED || !box_busy(b))
		return false;
	n = b->plan->count;
	return n[ACT_PUSH] > 0 || n[ACT_FAR_FLAGS] > 0 ||
	    n[ACT_FAR_MOVE] > 0 || n[ACT_FAR_PURGE] > 0 ||
	    n[ACT_FAR_DELETE] > 0 || n[ACT_BODY] > 0 ||
	    n[ACT_FAR_COPY] > 0;
}

static bool
can_store_all(const struct box *b)
{
	const struct act *a;
	size_t k = 0;

	for (; plan_next(b->plan, ACT_FAR_FLAGS, &k); k++) {
		a = &b->plan->v[k];
		if (((a->add | a->del) & ~b->far.storable) != 0)
			return false;
	}
	return b->far.storable != 0;
}

static bool
as_believed(struct far_look *k, const struct imap_box *box)
{
	struct box *b = k->b;

	return mark_same(&b->far.seen, &b->far.now) && !b->far.renumbered &&
	    box->exists == b->far.now.exists && (box->id[0] == '\0' ||
	    b->far.now.id == NULL || mark_id_is(&b->far.now, box->id)) &&
	    b->far.gone.n == 0 && b->far.fresh.n == 0 && k->canaries == k->asked &&
	    !far_renumbered(k) && flags_as_known(b) && can_store_all(b);
}

static struct far_look *
ask_one(struct link *l, struct box *b)
{
	struct far_look *k = mem_new(1, sizeof *k);

	k->b = b;
	box_far_clear(b);
	far_ask_who(k, l, last_meant(b->plan));
	return k;
}

/* 1: it is not as believed, or cannot be selected. */
static int
hear_one(struct far_look *k, struct link *l)
{
	struct box *b = k->b;
	struct mark was = b->far.seen;

	if (far_hear(k, &l->imap, 0) < 0)
		return -1;
	b->phase = !box_failed(b) && as_believed(k, &l->imap.box) ?
	    BOX_HEARD : BOX_OPEN;
	b->far.strange = far_renumbered(k);
	b->far.seen = was;
	box_far_clear(b);
	return b->phase != BOX_HEARD;
}

/*
 * A server that was restored from a backup may have the same numbers as
 * before, and other messages.  Nothing is done to a UID unless some messages,
 * and the last it is to be done to, are who they were.
 *
 * The last mailbox is asked for first: the one that is written to first is
 * selected then.
 */
int
far_trust_check(struct run *r)
{
	struct link *l = &r->link[0];
	size_t i = r->nboxes, head = 0, tail = 0;
	struct far_look *ring[FAR_AHEAD], *k;
	int got = 0, news = 0;

	while (got >= 0 && !stop_asked()) {
		for (; i > 0 && head - tail < FAR_AHEAD; i--)
			if (to_check(&r->boxes[i - 1]))
				ring[head++ % FAR_AHEAD] = ask_one(l,
				    &r->boxes[i - 1]);
		if (head == tail)
			break;
		k = ring[tail++ % FAR_AHEAD];
		got = hear_one(k, l);
		news |= got > 0;
		if (got >= 0 && k->b->phase == BOX_HEARD && head == tail)
			link_selected(l, k->b);
		far_done(k);
	}
	far_done_all(ring, tail, head);
	return got < 0 ? -1 : news;
}
