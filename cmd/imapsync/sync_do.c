/*
 * sync_do.c: the acts of all plans, in order
 *
 * Additions come first.  Deletions come last, when all additions are durable
 * on their side; a message that could not be added is not deleted elsewhere.
 */
#include "box.h"
#include "copies.h"
#include "do_far.h"
#include "do_near.h"
#include "download.h"
#include "fill.h"
#include "index.h"
#include "link.h"
#include "near_letters.h"
#include "plan.h"
#include "proof.h"
#include "report.h"
#include "saved.h"
#include "settings.h"
#include "state.h"
#include "stop.h"
#include "sync_do.h"
#include "upload.h"
#include "window.h"

static int
here(struct run *r)
{
	struct box *b;
	size_t i, k;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (!box_busy(b))
			continue;
		if (b->near.is && near_letters_save(b->near.dir, &b->state->keywords,
		    r->e) < 0)
			return -1;
		if (do_near_state(b) < 0 || window_note(b) < 0 || do_near_flags(b) < 0)
			return -1;
		for (k = 0; plan_next(b->plan, ACT_NEAR_MOVE, &k); k++)
			if (do_near_move(b, &b->plan->v[k]) < 0)
				return -1;
	}
	return 0;
}

/* 0, or -1; a mailbox that cannot be selected is left alone. */
static int
chosen(struct link *l, struct box *b, int (*what)(struct link *,
    struct box *))
{
	int got;

	if (b->phase != BOX_HEARD)	/* never: see far_trust_check */
		return fail(b->run->e, EX_SOFTWARE, "%s: nobody asked who its messages are",
		    b->name);
	got = link_select(l, b);
	if (got != 0)
		return got < 0 ? -1 : 0;
	return what(l, b);
}

static int
there(struct run *r)
{
	static const struct {
		enum act_kind kind;
		int (*what)(struct link *, struct box *);
	} steps[] = { { ACT_PUSH, upload_box }, { ACT_FAR_FLAGS, do_far_flags },
	    { ACT_FAR_MOVE, do_far_moves } };
	struct link *l = &r->link[0];
	size_t i, k;

	/* before a message that is to be copied is moved */
	for (i = 0; i < r->nboxes && !stop_asked(); i++)
		if (box_busy(&r->boxes[i]) &&
		    r->boxes[i].plan->count[ACT_FAR_COPY] > 0 &&
		    chosen(l, &r->boxes[i], copies_do) < 0)
			return -1;
	for (i = 0; i < r->nboxes && !stop_asked(); i++)
		for (k = 0; k < 3; k++)
			if (box_busy(&r->boxes[i]) && !stop_asked() &&
			    r->boxes[i].plan->count[steps[k].kind] > 0 &&
			    chosen(l, &r->boxes[i], steps[k].what) < 0)
				return -1;
	return 0;
}

/*
 * A file whose move failed is unknown in the Maildir where it lies now.  The
 * next pass finds the move anew; if its mailbox is held, the next run does, for
 * in this run the file would be uploaded.
 */
static void
unmoved(struct box *b)
{
	size_t k = 0;

	for (; plan_next(b->plan, ACT_FAR_MOVE, &k); k++) {
		struct box *to = b->plan->v[k].to;

		if (state_by_uid(b->state, b->plan->v[k].uid) == NULL)
			continue;
		if (b->outcome >= BOX_HELD || to->again == AGAIN_NOT)
			box_outcome(to, BOX_HELD);
	}
}

static int
deletions(struct run *r)
{
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes && !stop_asked(); i++) {
		b = &r->boxes[i];
		if (!box_busy(b))
			continue;
		if (b->plan->count[ACT_FAR_PURGE] > 0 &&
		    chosen(&r->link[0], b, do_far_purge) < 0)
			return -1;
		if (b->plan->count[ACT_FAR_DELETE] > 0 &&
		    (state_sync(b->state, r->e) < 0 ||
		    chosen(&r->link[0], b, do_far_deletes) < 0))
			return -1;
		if (b->plan->count[ACT_LEAVE] > 0 &&
		    chosen(&r->link[0], b, window_leave) < 0)
			return -1;
		if (do_near_deletes(b) < 0)
			return -1;
	}
	return 0;
}

/* The last, for a file that is looked for again has another place. */
static int
fill(struct run *r)
{
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes && !stop_asked(); i++) {
		b = &r->boxes[i];
		if (box_busy(b) && b->plan->count[ACT_BODY] > 0 &&
		    chosen(&r->link[0], b, fill_planned) < 0)
			return -1;
	}
	return 0;
}

int
sync_do(struct run *r)
{
	size_t i, fetches = 0;

	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		if (!box_busy(b))
			continue;
		fetches += b->plan->count[ACT_FETCH];
		r->report.total += b->plan->count[ACT_FETCH] +
		    b->plan->count[ACT_PUSH];
	}
	download_enough(r, fetches);
	if (here(r) < 0 || there(r) < 0 || download_all(r) < 0)
		return -1;
	for (i = 0; i < r->nboxes; i++)
		if (box_open(&r->boxes[i]))
			unmoved(&r->boxes[i]);
	if (!stop_asked() && proof_hold(r) < 0)
		return -1;
	if (!stop_asked() && saved_find(r) < 0)
		return -1;
	if (stop_asked())
		return 0;
	return deletions(r) < 0 ? -1 : fill(r);
}
