/*
 * sync.c: the order of a run
 *
 * LIST with STATUS; two stats a Maildir; of what differs the changes on both
 * sides, a plan, the plan carried out.  A Maildir that this run changed is
 * looked at once more.  A mailbox on the server is not, if each command was
 * answered OK: the mark stays where it was, so the next run hears of our own
 * changes together with those of others, and finds ours in the state.
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "account.h"
#include "asked.h"
#include "box.h"
#include "copies.h"
#include "far.h"
#include "far_trust.h"
#include "fill.h"
#include "flags.h"
#include "folders.h"
#include "idents.h"
#include "index.h"
#include "link.h"
#include "list.h"
#include "mark.h"
#include "moves.h"
#include "names.h"
#include "near.h"
#include "pair.h"
#include "plan.h"
#include "proof.h"
#include "report.h"
#include "roster.h"
#include "settings.h"
#include "state.h"
#include "stop.h"
#include "sync.h"
#include "sync_brake.h"
#include "sync_do.h"
#include "upload.h"
#include "window.h"

/* ---- planning ---- */

static void
identify(struct run *r, struct box *b)
{
	struct buf who = { .max = 8192 };

	buf_printf(&who, "%s@%s", account_user(r->o->account),
	    r->o->account->server.host);
	buf_c(&who, '\0');
	buf_printf(&who, "%s", b->name);
	buf_c(&who, '\0');
	buf_printf(&who, "%llu", (unsigned long long)b->far.seen.uidvalidity);
	b->key = names_hash(BUF_STR(who));
	buf_free(&who);
}

/* May what is marked there be expunged, if it is to be? */
static bool
can_purge(const struct run *r)
{
	return r->o->policy.purge < PURGE_FAR ||
	    (r->link[0].imap.caps & IMAP_UIDPLUS) != 0;
}

static void
plan_box(struct box *b)
{
	struct plan_in in = { .rec = b->state->rec, .nrec = b->state->n,
	    .names = state_name_at(b->state, 0),
	    .near = b->near.dir->v,
	    .nnear = b->near.scanned ? b->near.dir->n : 0,
	    .file_of = b->near.file_of, .rec_of = b->near.rec_of,
	    .near_same = !b->near.scanned, .far = b->far.v, .nfar = b->far.n,
	    .fresh = b->far.fresh.v, .nfresh = b->far.fresh.n,
	    .gone = b->far.gone.v, .ngone = b->far.gone.n,
	    .pair = b->pairs.v, .npair = b->pairs.n,
	    .storable = b->far.storable,
	    .windowed = b->windowed, .inside = b->inside.v,
	    .ninside = b->inside.n,
	    .no_delete = b->far.renumbered || b->far.hidden > 0,
	    .marks = far_marks(b, false),
	    .policy = b->run->o->policy };

	flags_give(&b->near.dir->letters, &b->state->keywords);
	in.lettered = flags_lettered(&b->near.dir->letters);
	if (b->passes > 1 || !can_purge(b->run))
		/* what this run marked stays */
		in.policy.purge = PURGE_NONE;
	if (b->far.storable == 0)		/* to be done when it can be */
		in.policy.far_gets = 0;
	if (b->far.hidden > 0 && !b->known)	/* it may be there already */
		in.policy.far_gets &= ~(unsigned)GETS_NEW;
	plan_free(b->plan);
	plan_make(b->plan, &in);
	fill_plan(b);
}

/* Does the plan touch files that are here already? */
static bool
needs_files(const struct plan *p)
{
	return p->count[ACT_NEAR_FLAGS] > 0 || p->count[ACT_NEAR_DELETE] > 0
	    || p->count[ACT_ORPHAN] > 0 || p->count[ACT_NEAR_MOVE] > 0 ||
	    p->count[ACT_LEAVE] > 0;
}

static int
scan_and_pair(struct box *b)
{
	return near_scan(b) != 0 || pair_find(b) < 0 ? -1 : 0;
}

static int
decide(struct run *r, struct box *b)
{
	int got;

	if (pair_pending(b) < 0)
		return -1;
	if (box_failed(b))
		return 0;
	identify(r, b);
	if ((b->near.dirty || b->far.renumbered || !b->known) &&
	    scan_and_pair(b) < 0)
		return -1;
	plan_box(b);
	if (!b->near.scanned && needs_files(b->plan)) {
		if (scan_and_pair(b) < 0)
			return -1;
		plan_box(b);
	}
	if ((got = pair_new(b)) > 0)
		plan_box(b);
	return got < 0 ? -1 : 0;
}

/*
 * A move stands in two plans, so all plans are made before moves are looked
 * for.  That holds for a mailbox that has failed meanwhile, too: else the file
 * that it was to move would be uploaded.
 */
static int
plan_all(struct run *r)
{
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes && !stop_asked(); i++) {
		b = &r->boxes[i];
		if (!box_open(b))
			continue;
		if (b->plan->made)
			plan_box(b);
		else if (!box_failed(b) && decide(r, b) < 0)
			return -1;
	}
	if (stop_asked())
		return 0;
	return moves_find(r) < 0 ? -1 : copies_find(r);
}

/*
 * A log whose end was lost, or that is older than the index, does not know
 * all that was agreed: both sides are looked at in full.
 */
static bool
doubtful(const struct box *b)
{
	const struct entry *e = box_entry(b);
	const struct mark *m = &b->state->mark;

	return b->state->cut || (e != NULL && b->known &&
	    (e->mark.uidvalidity != m->uidvalidity ||
	    e->mark.modseq != m->modseq || e->mark.uidnext != m->uidnext ||
	    e->mark.exists != m->exists));
}

/* State and Maildir of each; what is in it where it may have changed. */
static int
look_here(struct run *r)
{
	struct box *b;
	size_t i;
	int got;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (b->phase != BOX_CHOSEN)
			continue;
		if ((got = near_open(b)) < 0)
			return -1;
		if (got > 0) {
			box_fault(b);
			continue;
		}
		b->phase = BOX_OPEN;
		b->doubtful = doubtful(b);
		if (!b->far.is)		/* a dry run: it would be made */
			b->far.storable = ~(uint64_t)0;
		b->near.dirty |= b->state->npend > 0 || b->doubtful ||
		    fill_needs_files(b);
		got = b->near.dirty ? near_scan(b) : 0;
		if (got < 0)
			return -1;
		if (got > 0)
			box_fault(b);
	}
	return 0;
}

static void
trust(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].phase == BOX_OPEN)
			far_trust(&r->boxes[i]);
}

/* Drops the plan of a mailbox until it was looked at anew. */
static void
unplan(struct box *b)
{
	if (b->phase == BOX_OPEN && !box_failed(b))
		plan_free(b->plan);
}

/*
 * A mailbox that was trusted without a SELECT is selected before anything is
 * done to it; if it has changed, all is planned again.  The new plan may have
 * acts for another trusted mailbox, that a move took part in before: hence the
 * loop, which ends because no mailbox is asked twice.
 */
static int
confirm_plans(struct run *r)
{
	size_t i;
	int got;

	while ((got = far_trust_check(r)) > 0 && !stop_asked()) {
		for (i = 0; i < r->nboxes; i++)
			unplan(&r->boxes[i]);
		if (far_look(r) < 0 || window_look(r) < 0 || plan_all(r) < 0)
			return -1;
	}
	return got < 0 ? -1 : 0;
}

/* ---- what is agreed then ---- */

static bool
changed(const struct box *b)
{
	return b->far.changed || b->near.changed || b->again != AGAIN_NOT;
}

/* What is gone is settled in any case, but for a side that gets nothing. */
static bool
gets_news(unsigned gets)
{
	return (gets & GETS_NEW) != 0 && (gets & GETS_FLAGS) != 0;
}

/*
 * A side whose changes are not carried over (one way, read only) is not agreed:
 * the next run looks at it again.
 */
static struct mark
agreed_there(const struct box *b)
{
	if (gets_news(b->run->o->policy.near_gets))
		return b->far.seen;
	return b->known && !b->far.renumbered ? b->state->mark :
	    (struct mark){ .uidvalidity = b->far.seen.uidvalidity };
}

/* The Maildir as the base has it; else zeros. */
static struct stamp
agreed_here(struct box *b)
{
	struct stamp st = { 0 };

	if (changed(b) || b->refused.n > 0)
		return st;
	if (!gets_news(b->run->o->policy.far_gets) || b->far.storable == 0)
		return near_settled(b, &st) ? st : (struct stamp){ 0 };
	if (!b->near.scanned)
		return b->near.stamp;
	st = b->near.dir->seen;
	if (b->near.dir->racy && !near_settled(b, &st))
		box_again(b, AGAIN_RACY);
	return st;
}

/* What was purged here alone is for the next run to delete there. */
static enum again
once_more(const struct box *b, bool whole)
{
	const enum purge purge = b->run->o->policy.purge;
	const enum outcome outcome = b->outcome;

	switch (outcome) {		/* clang has none of an atomic */
	case BOX_WHOLE:
		if (!whole || b->again != AGAIN_NOT)
			return whole ? b->again : AGAIN_NOT;
		return b->near.changed && !b->far.changed &&
		    purge != PURGE_NEAR ? AGAIN_SETTLE : AGAIN_NOT;
	case BOX_PARTIAL:
		return AGAIN_PARTIAL;
	case BOX_HELD:
	case BOX_FAILED:
	case BOX_LOST:
		break;
	}
	return AGAIN_NOT;
}

/* Of Cyrus 3.6 STATUS has no id, or another's; SELECT has it. */
static uint64_t
known_as(const struct box *b, const struct entry *e)
{
	if (b->far.id != 0 || b->far.seen.id != NULL)
		return b->far.id != 0 ? b->far.id :
		    mark_id_hash(b->far.seen.id);
	return e->mark.uidvalidity == b->far.seen.uidvalidity ? e->id : 0;
}

/*
 * Its entry in the index from here on.  One that was made there, and could never
 * be selected, has none: it was not on both sides.
 */
static void
note(struct run *r, const struct box *b, const struct mark *mark,
    struct stamp st, bool whole)
{
	struct entry *e;

	if (!b->was_known && !b->known && !b->far.counted &&
	    b->far.seen.uidvalidity == 0)
		return;
	e = index_add(&r->index, str_of(b->name));
	e->id = known_as(b, e);
	if (whole)
		e->mark = (struct mark){ mark->uidvalidity, mark->uidnext,
		    mark->modseq, mark->exists, NULL };
	if (st.cur_ino == 0)	/* not agreed, but still the same directory */
		st.cur_ino = b->near.scanned ? b->near.dir->seen.cur_ino :
		    e->stamp.cur_ino;
	if (b->brake == BRAKE_NONE)
		e->stamp = st;
	e->dirty = !whole || changed(b) || b->refused.n > 0 ||
	    !gets_news(r->o->policy.near_gets);
	e->missing = false;
	if (b->arrived != 0 || b->far.renumbered)
		e->arrived = b->arrived;
}

/* Notes where the downloads of this pass begin. */
static void
arrival(struct box *b)
{
	size_t k = 0;

	if (plan_fetch(b->plan, &k) && (b->arrived == 0 ||
	    b->plan->fresh[k] < b->arrived))
		b->arrived = b->plan->fresh[k];
}

/* Both sides are agreed now, if all of the plan was done. */
static int
conclude(struct run *r, struct box *b)
{
	bool whole = b->outcome == BOX_WHOLE && b->brake == BRAKE_NONE &&
	    !stop_asked();
	struct mark mark = agreed_there(b);
	struct stamp st = { 0 };

	if (whole) {
		st = agreed_here(b);
		if (state_mark(b->state, &mark, &st, r->e) < 0)
			return -1;
		if ((!b->known || b->far.renumbered ||
		    b->plan->count[ACT_FETCH] > 0) &&
		    (r->o->policy.near_gets & GETS_NEW) != 0)
			idents_drop(r->dir, str_of(b->name));
	}
	if (state_sync(b->state, r->e) < 0)
		return -1;
	arrival(b);
	note(r, b, &mark, st, whole);
	b->again = once_more(b, whole);
	report_box(&r->report, b->name, b->plan, whole);
	b->far.changed = b->near.changed = false;
	if (b->outcome == BOX_PARTIAL)
		b->outcome = BOX_WHOLE;
	return 0;
}

/*
 * Agreed without a look, if both sides are as we left them; else in one more
 * pass, if it was in none for that reason before.
 */
static int
settle_box(struct run *r, struct box *b)
{
	struct entry *e = box_entry(b);
	struct stamp st;
	bool same = b->far.counted && e != NULL &&
	    mark_same(&b->far.now, &e->mark);
	int got;

	if (same) {
		got = b->opened ? 0 : near_open(b);
		if (got > 0)
			box_fault(b);
		if (got != 0)
			return got < 0 ? -1 : 0;
		b->far.seen = e->mark;
		same = near_settled(b, &st);
	}
	if (same) {
		if (state_mark(b->state, &b->far.seen, &st, r->e) < 0)
			return -1;
		e->stamp = st;
		e->dirty = false;
	} else if (b->passes < PASSES) {
		report_again(&r->report, b->name, phase_why(b->again));
		b->phase = BOX_DUE;
		b->near.dirty = b->far.dirty = true;
	}
	return 0;
}

/* A mailbox that this pass left unsettled is looked at once more. */
static int
sync_again(struct run *r)
{
	struct box *b;
	size_t i, n = 0;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (!b->far.is || !b->near.is)
			b->again = AGAIN_NOT;
		n += b->again != AGAIN_NOT;
	}
	if (n > 0 && list_again(r) < 0)
		return -1;
	for (i = 0; n > 0 && i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (b->again != AGAIN_NOT && settle_box(r, b) < 0)
			return -1;
		b->again = AGAIN_NOT;
	}
	return 0;
}

/* ---- the order ---- */

static int
conclude_all(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (box_open(&r->boxes[i]) &&
		    conclude(r, &r->boxes[i]) < 0)
			return -1;
	return 0;
}

static void
close_all(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		box_close(&r->boxes[i]);
}

/* Nothing is held but what sync_again() may use. */
static void
close_most(struct run *r)
{
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (b->again != AGAIN_NOT && b->opened)
			box_forget(b);
		else
			box_close(b);
		if (b->phase >= BOX_CHOSEN)
			b->phase = BOX_LISTED;
	}
}

/* Chooses as many at a time as there are descriptors for. */
static bool
choose_some(struct run *r)
{
	struct rlimit files;
	size_t i, n = 0, most = 100;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > FEW_FILES)
		most = ((size_t)files.rlim_cur / 2 - 100) / 6;
	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		if (b->phase != BOX_DUE || n == most)
			continue;
		b->phase = BOX_CHOSEN;
		b->passes++;
		n++;
	}
	return n > 0;
}

static void
say_kind(struct box *b, enum act_kind kind)
{
	size_t k;

	for (k = 0; plan_next(b->plan, kind, &k); k++)
		box_foreseen(b, &b->plan->v[k]);
	if (kind != ACT_FETCH)
		return;
	for (k = 0; plan_fetch(b->plan, &k); k++)
		box_foreseen(b, &(struct act){ .kind = ACT_FETCH,
		    .file = NONE, .uid = b->plan->fresh[k] });
}

/* Of each mailbox by kind. */
static void
say_plan(struct run *r)
{
	size_t i;
	int kind;

	for (i = 0; i < r->nboxes; i++)
		for (kind = 0; box_open(&r->boxes[i]) && kind < ACT_NOTHING;
		    kind++)
			say_kind(&r->boxes[i], (enum act_kind)kind);
}

/* A dry run: of what a run would begin, what it would not carry out goes. */
static int
foresee(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes && !stop_asked(); i++) {
		if (!box_busy(&r->boxes[i]))
			continue;
		copies_foresee(&r->boxes[i]);
		if (upload_foresee(&r->link[0], &r->boxes[i]) < 0)
			return -1;
	}
	if (proof_hold(r) < 0)
		return -1;
	say_plan(r);
	return 0;
}

static int
make_plans(struct run *r)
{
	if (look_here(r) < 0)
		return -1;
	trust(r);
	return far_look(r) < 0 || window_look(r) < 0 || plan_all(r) < 0 || confirm_plans(r) < 0 ?
	    -1 : 0;
}

static int
sync_pass(struct run *r)
{
	if (make_plans(r) < 0)
		return -1;
	sync_brake(r);
	if (r->o->dry_run)
		return foresee(r);
	if (!stop_asked() && sync_do(r) < 0)
		return -1;
	return conclude_all(r);
}

/* If anything arrived in this run: where. */
static void
note_arrivals(struct run *r)
{
	struct entry *e;
	bool any = false;
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		any = any || r->boxes[i].arrived != 0;
	for (i = 0; any && i < r->nboxes; i++)
		if ((e = box_entry(&r->boxes[i])) != NULL)
			e->latest = r->boxes[i].arrived != 0;
}

static int
find_folders(struct run *r, struct roster *of)
{
	if (of != NULL && of->whole && roster_give(of, r) == 0)
		return 0;
	free(r->boxes);		/* and what else the roster had given */
	r->boxes = NULL;
	r->nboxes = 0;
	r->trash = NULL;
	r->sep = '\0';
	if (list_find(r) < 0 || folders_agree(r) < 0)
		return -1;
	if (of != NULL)
		roster_take(of, r);
	return 0;
}

int
sync_run(struct run *r, struct roster *of)
{
	int got = 0;

	if (find_folders(r, of) < 0)
		return -1;
	if (!can_purge(r))
		report_problem(&r->report, EX_UNAVAILABLE, r->o->near, "--purge-marked: the server cannot expunge single messages (no UIDPLUS): nothing is purged");
	list_dirty(r);
	while (got == 0 && !stop_asked() && choose_some(r)) {
		got = sync_pass(r);
		close_most(r);
		if (got == 0 && !r->o->dry_run)
			got = sync_again(r);
		close_all(r);
	}
	note_arrivals(r);
	if (of != NULL)
		roster_heard(of, r);
	if (got == 0 && !r->o->dry_run && !stop_asked() &&
	    report_status(&r->report, r->e) == 0)
		got = asked_done(r);
	return got;
}
