/*
 * sync_brake.c: the brakes, put on before anything is done
 *
 * A dry run comes this way, too: it shows what they leave.  A message that is
 * gone here and is uploaded to another mailbox was saved there: it counts only
 * if nothing else is known of it, and its deletion waits for the upload.
 */
#include <stdlib.h>

#include "box.h"
#include "brake.h"
#include "ident.h"
#include "index.h"
#include "matches.h"
#include "near.h"
#include "plan.h"
#include "report.h"
#include "settings.h"
#include "state.h"
#include "stop.h"
#include "sync_brake.h"
#include "wire.h"

struct braking {
	struct run *r;
	struct brake_in *in;	/* [r->nboxes]; zeros: nothing is deleted */
	enum brake *why;	/* the same: of each by itself */
	enum brake all;		/* of all together */
	uint64_t deletes, known;	/* of all together */
};

static bool
is_trash(const struct box *b)
{
	return b->run->trash != NULL && str_eq(str_of(b->name),
	    str_of(b->run->trash));
}

/* ---- the numbers ---- */

static struct brake_in
numbers(const struct box *b)
{
	const struct entry *known = box_entry(b);

	return (struct brake_in){ .far = b->plan->count[ACT_FAR_DELETE] +
	    b->plan->count[ACT_FAR_PURGE],
	    .near = b->plan->count[ACT_NEAR_DELETE], .known = state_near(b->state),
	    .files = b->near.dir->n, .ino = b->near.dir->seen.cur_ino,
	    .ino_was = known != NULL && known->stamp.cur_ino != 0 ?
	    known->stamp.cur_ino : b->state->stamp.cur_ino,
	    .allow = b->run->o->allow, .trash = is_trash(b) };
}

static void
count_all(struct braking *k)
{
	size_t i;

	for (i = 0; i < k->r->nboxes; i++)
		if (box_busy(&k->r->boxes[i]))
			k->in[i] = numbers(&k->r->boxes[i]);
}

/*
 * What is here of a mailbox, or was until now: at most so many.  Of one that is
 * not open the files are counted: the server may have more, which by a window
 * or by what was left there were never to be here.
 */
static uint64_t
known_here(const struct box *b, uint64_t most)
{
	if (!b->near.is)
		return 0;
	return box_open(b) ? state_near(b->state) :
	    near_dir_count(b->run->root, b->path, (size_t)most);
}

/* Has the Maildir files? */
static bool
has_files(const struct box *b)
{
	return box_open(b) && b->near.scanned ? b->near.dir->n > 0 :
	    known_here(b, 1) > 0;
}

/* The view of each that all Maildirs together give. */
static void
compare_all(struct braking *k)
{
	uint64_t emptied = 0;
	size_t i, n = 0;
	bool some = false;

	for (i = 0; i < k->r->nboxes; i++) {
		some = some || has_files(&k->r->boxes[i]);
		if (k->in[i].far == 0 || k->in[i].files > 0)
			continue;
		n++;
		if (!k->in[i].trash)
			emptied += k->in[i].far;
	}
	for (i = 0; i < k->r->nboxes; i++) {
		k->in[i].emptied = emptied;
		k->in[i].bare = n > 1 && !some;
	}
}

/* ---- gone here, and saved elsewhere ---- */

static void
collect_gone(struct braking *k, struct halves *gone)
{
	const struct rec *rec;
	struct box *b;
	size_t i, at;

	for (i = 0; i < k->r->nboxes; i++) {
		b = &k->r->boxes[i];
		for (at = 0; box_busy(b) && plan_next(b->plan, ACT_FAR_DELETE,
		    &at); at++) {
			rec = state_by_uid(b->state, b->plan->v[at].uid);
			if (rec != NULL)
				matches_add(gone, b, at, rec->ident);
		}
	}
	matches_sort(gone);
}

/* The file is one of the gone, of another mailbox, that no other file is. */
static struct half *
half_of(const struct halves *gone, const struct box *b, const struct outgo *o)
{
	size_t i = matches_find(gone, o->ident);

	for (; i < gone->n && gone->v[i].key == o->ident; i++)
		if (gone->v[i].ident == 0 && gone->v[i].b != b)
			return &gone->v[i];
	return NULL;
}

/* Of messages without a Message-ID there may be many with such a header. */
static void
saved_in(struct braking *k, struct box *b, struct halves *gone)
{
	struct half *h;
	size_t at = 0;

	for (; !stop_asked() && plan_next(b->plan, ACT_PUSH, &at); at++) {
		struct outgo o = { 0 };
		struct err quiet = { 0 };

		if (near_look(b, b->plan->v[at].file, false, &o, &quiet) < 0 ||
		    !ident_sure(o.ident) ||
		    (h = half_of(gone, b, &o)) == NULL)
			continue;
		h->ident = o.ident;
		k->in[h->b - k->r->boxes].far--;
	}
}

static void
take_out_saved(struct braking *k)
{
	struct halves gone = { 0 };
	size_t i;

	collect_gone(k, &gone);
	for (i = 0; i < k->r->nboxes; i++)
		if (box_busy(&k->r->boxes[i]))
			saved_in(k, &k->r->boxes[i], &gone);
	free(gone.v);
}

/* ---- an older Maildir was put back ---- */

/*
 * Are the messages that are gone here the last ones, all that came last?  Those
 * that are not here and were not to be do not count.
 */
static bool
newest_gone(const struct box *b)
{
	const struct entry *e = box_entry(b);
	size_t i, n = 0, at = 0;
	uint32_t first;

	if (e == NULL || e->arrived == 0 || !plan_next(b->plan,
	    ACT_FAR_DELETE, &at))
		return false;
	first = b->plan->v[at].uid;	/* they are in the order of UIDs */
	if (first > e->arrived)
		return false;
	for (i = 0; i < b->state->n; i++)
		n += b->state->rec[i].kind == REC_LIVE &&
		    !b->state->rec[i].far_only && b->state->rec[i].uid >= first;
	return n == b->plan->count[ACT_FAR_DELETE];
}

static bool
changed_here(const struct box *b)
{
	const size_t *n = b->plan->count;

	return n[ACT_PUSH] + n[ACT_FAR_FLAGS] + n[ACT_FAR_MOVE] +
	    n[ACT_FAR_DELETE] > 0;
}

/*
 * So many deletions look like it; 0: it is something else.  A mailbox that the
 * last run brought messages to has them still, or its files were changed.
 */
static uint64_t
restored(const struct braking *k)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < k->r->nboxes; i++) {
		const struct box *b = &k->r->boxes[i];
		const struct entry *e = box_entry(b);

		if (!box_busy(b)) {
			if (e != NULL && e->latest && b->phase != BOX_DUE)
				return 0;
			continue;
		}
		if (newest_gone(b))
			n += k->in[i].trash || k->why[i] != BRAKE_NONE ? 0 :
			    k->in[i].far;
		else if (changed_here(b) || (e != NULL && e->latest))
			return 0;
	}
	return n;
}

/* ---- the judgement ---- */

/*
 * The deletions of this run so far, and those that no brake holds: but for the
 * trash's, in an earlier pass, too.  Where none is left there is nothing to
 * hold, whatever was done.
 */
static void
add_up(struct braking *k)
{
	const struct run *r = k->r;
	const struct box *b;
	uint64_t left = 0;
	size_t i;

	k->deletes = k->known = 0;
	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (is_trash(b))
			continue;
		k->deletes += b->tally.far + b->tally.near;
		k->known += b->tally.far + b->tally.came;
		if (!r->o->dry_run)	/* else they are files still */
			k->known += b->tally.near;
		if (box_open(b))
			k->known += known_here(b, 0);
		if (k->why[i] == BRAKE_NONE)
			left += k->in[i].far + k->in[i].near;
	}
	k->deletes = left > 0 ? k->deletes + left : 0;
}

/* The same with those that are not open, until there are enough. */
static bool
too_many(struct braking *k)
{
	const struct box *b;
	uint64_t enough = brake_enough(k->deletes);
	size_t i;

	for (i = 0; i < k->r->nboxes && brake_account(k->deletes, k->known,
	    k->r->o->allow); i++) {
		b = &k->r->boxes[i];
		if (!is_trash(b) && !box_open(b))
			k->known += known_here(b, enough - k->known);
	}
	return brake_account(k->deletes, k->known, k->r->o->allow);
}

static enum brake
judge_all(struct braking *k)
{
	uint64_t n = restored(k), allow = k->r->o->allow;

	add_up(k);
	if (too_many(k))
		return BRAKE_ALL;
	if (!brake_restored(n, allow))
		return BRAKE_NONE;
	k->deletes = n;
	return BRAKE_RESTORED;
}

/* Is anything held back? */
static bool
judge(struct braking *k)
{
	enum brake others = BRAKE_NONE;
	size_t i;

	compare_all(k);
	for (i = 0; i < k->r->nboxes; i++) {
		if (k->in[i].trash)
			continue;
		k->why[i] = brake_box(&k->in[i]);
		if (k->why[i] != BRAKE_NONE)
			others = k->why[i];
	}
	k->all = judge_all(k);
	if (k->all != BRAKE_NONE)
		others = k->all;
	for (i = 0; i < k->r->nboxes; i++) {
		if (!k->in[i].trash)
			continue;
		k->in[i].others = others;
		k->why[i] = brake_box(&k->in[i]);
		if (k->why[i] != BRAKE_NONE)
			others = k->why[i];
	}
	return others != BRAKE_NONE;
}

/* ---- put on ---- */

static void
tell_box(struct box *b, enum brake why, const struct brake_in *in)
{
	unsigned long long n = in->far + in->near;

	report_problem(&b->run->report, EX_TEMPFAIL, b->name,
	    "%s: %llu of %llu messages would be deleted %s; none is (--allow-deletes %llu allows it)",
	    brake_why(why), n, (unsigned long long)in->known,
	    in->far > 0 ? "on the server" : "here", n);
}

static void
tell_all(const struct braking *k)
{
	unsigned long long n = k->deletes, known = k->known;

	report_problem(&k->r->report, EX_TEMPFAIL, k->r->o->near,
	    "%s: %llu of %llu messages would be deleted; none is (--allow-deletes %llu allows it)",
	    brake_why(k->all), n, known, n);
}

static void
put_on(struct braking *k)
{
	struct box *b;
	size_t i;

	if (k->all != BRAKE_NONE)
		tell_all(k);
	for (i = 0; i < k->r->nboxes; i++) {
		b = &k->r->boxes[i];
		if (k->why[i] == BRAKE_NONE)
			b->brake = k->in[i].far + k->in[i].near > 0 &&
			    !k->in[i].trash ? k->all : BRAKE_NONE;
		else
			b->brake = k->why[i];
		if (b->brake == BRAKE_NONE)
			continue;
		if (b->brake != k->all)
			tell_box(b, b->brake, &k->in[i]);
		brake_apply(b->plan);
	}
}

void
sync_brake(struct run *r)
{
	struct braking k = { .r = r,
	    .in = mem_new(r->nboxes + 1, sizeof *k.in),
	    .why = mem_new(r->nboxes + 1, sizeof *k.why) };

	count_all(&k);
	if (judge(&k)) {
		take_out_saved(&k);
		if (judge(&k))
			put_on(&k);
	}
	free(k.in);
	free(k.why);
}
