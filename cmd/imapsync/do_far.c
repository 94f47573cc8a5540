/*
 * do_far.c: what a plan has for the server, but for uploads
 *
 * A change is in the log as an intention, durably, before it leaves, where it
 * could not be repeated.
 */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "do_far.h"
#include "far.h"
#include "far_carry.h"
#include "far_check.h"
#include "held.h"
#include "imap_box.h"
#include "imap_pieces.h"
#include "imap_set.h"
#include "link.h"
#include "report.h"
#include "saved.h"
#include "search.h"
#include "stop.h"

enum { STORES = 32 };		/* commands at once */

/* ---- flags ---- */

static int
act_by_uid(const void *a, const void *b)
{
	const struct act *const *x = a, *const *y = b;

	return search_u32(&(*x)->uid, &(*y)->uid);
}

/* Some acts of one plan, and their UIDs, in the order of those. */
struct acts {
	struct act **v;
	uint32_t *uid;
	size_t n;
};

static void
acts_free(struct acts *s)
{
	free(s->v);
	free(s->uid);
}

/* The acts of a kind; to: only the moves to that mailbox. */
static struct acts
acts_of(struct box *b, enum act_kind kind, const struct box *to)
{
	size_t most = b->plan->count[kind] + 1, k = 0, i;
	struct acts s = { mem_new(most, sizeof *s.v),
	    mem_new(most, sizeof *s.uid), 0 };

	for (; plan_next(b->plan, kind, &k); k++)
		if (to == NULL || b->plan->v[k].to == to)
			s.v[s.n++] = &b->plan->v[k];
	qsort(s.v, s.n, sizeof *s.v, act_by_uid);
	for (i = 0; i < s.n; i++)
		s.uid[i] = s.v[i]->uid;
	return s;
}

/* A list of their UIDs that may be changed; malloced. */
static uint32_t *
acts_uids(const struct acts *s)
{
	uint32_t *v = mem_new(s->n + 1, sizeof *v);

	memcpy(v, s->uid, s->n * sizeof *v);
	return v;
}

/* Of deletions those that are half of a move, or the others. */
static struct acts
acts_saved(struct box *b, bool saved)
{
	struct acts s = acts_of(b, ACT_FAR_DELETE, NULL);
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		if (s.v[i]->saved == saved) {
			s.uid[n] = s.uid[i];
			s.v[n++] = s.v[i];
		}
	s.n = n;
	return s;
}

/* The UIDs of the acts that have this bit in add, or in del; malloced. */
static uint32_t *
uids_with(const struct acts *s, uint64_t bit, bool add, size_t *n)
{
	uint32_t *v = mem_new(s->n + 1, sizeof *v);
	size_t i;

	*n = 0;
	for (i = 0; i < s->n; i++)
		if (((add ? s->v[i]->add : s->v[i]->del) & bit) != 0)
			v[(*n)++] = s->uid[i];
	return v;
}

/* Tags of commands that are under way. */
struct tags {
	unsigned v[STORES];
	size_t n;
	bool refused;
	unsigned cuts;		/* m->cuts before them */
	size_t most;		/* messages of the largest */
};

static int
await_tags(struct link *l, struct tags *t)
{
	size_t i;
	int got;

	for (i = 0; i < t->n; i++) {
		if ((got = imap_wait(&l->imap, t->v[i])) < 0)
			return -1;
		t->refused |= got > 0;
	}
	t->n = 0;
	return 0;
}

static int
store_flags(struct link *l, struct tags *t, const uint32_t *uids, size_t n,
    bool add, const char *flags)
{
	struct imap_pieces p = { .m = &l->imap, .uids = uids, .n = n };
	int got = 0;

	while (got == 0 && imap_pieces_next(&p)) {
		if (t->n == STORES && (got = await_tags(l, t)) < 0)
			break;
		t->v[t->n++] = imap_ask_store(&l->imap, p.set.p, add, flags);
		if (p.at - p.from > t->most)
			t->most = p.at - p.from;
	}
	imap_pieces_free(&p);
	return got;
}

static int
store_bit(struct link *l, const struct acts *s, struct tags *t,
    const struct keywords *words, uint64_t bit, bool add)
{
	struct buf flag = { .max = 1024 };
	size_t n;
	uint32_t *uids = uids_with(s, bit, add, &n);
	int got = 0;

	flags_text(&flag, words, bit);
	if (n > 0)
		got = store_flags(l, t, uids, n, add, flag.p);
	buf_free(&flag);
	free(uids);
	return got;
}

/* Adds and removes all flags of the plan; -1. */
static int
store_all(struct link *l, struct box *b, struct tags *t)
{
	struct acts s = acts_of(b, ACT_FAR_FLAGS, NULL);
	const struct keywords *words = &b->state->keywords;
	uint64_t add = 0, del = 0, bit;
	size_t i;
	int got = 0;

	for (i = 0; i < s.n; i++) {
		add |= s.v[i]->add;
		del |= s.v[i]->del;
	}
	for (bit = 1; bit != 0 && got == 0; bit <<= 1) {
		if ((add & bit) != 0)
			got = store_bit(l, &s, t, words, bit, true);
		if ((del & bit) != 0 && got == 0)
			got = store_bit(l, &s, t, words, bit, false);
	}
	acts_free(&s);
	b->far.changed = true;
	return got < 0 ? -1 : await_tags(l, t);
}

/* Somebody else may have changed the file's flags meanwhile. */
static bool
done_here(const struct box *b, const struct act *a)
{
	return a->file == NONE || b->near.dir->v[a->file].flags == a->here;
}

/* They may be stored twice. */
static bool
stores_again(struct imap *m, const struct tags *t)
{
	struct imap_pieces p = { .m = m, .at = t->most, .cuts = t->cuts };

	return imap_pieces_cut(&p) && imap_pieces_again(&p);
}

/* Is a message to be moved whose flags have failed?  It would lose them. */
static bool
moves_without(const struct box *b, const struct acts *s)
{
	size_t k = 0, at;

	for (; plan_next(b->plan, ACT_FAR_MOVE, &k); k++) {
		at = search_exact(&b->plan->v[k].uid, s->uid, s->n,
		    sizeof *s->uid, search_u32);
		if (at < s->n && s->v[at]->failed)
			return true;
	}
	return false;
}

/* What else is to be done to the mailbox is, such as downloads. */
static void
tell_store(struct box *b, const struct acts *s, const char *why)
{
	report_problem(&b->run->report, EX_TEMPFAIL, b->name, "STORE: %s",
	    why);
	box_outcome(b, moves_without(b, s) ? BOX_FAILED : BOX_HELD);
}

/* Those that were refused, or are not there, have failed. */
static int
check_flags(struct link *l, struct box *b, bool refused)
{
	struct acts s = acts_of(b, ACT_FAR_FLAGS, NULL);
	int got = refused ? 1 : far_check_flags(&l->imap, b, s.v, s.n);
	size_t i;

	for (i = 0; refused && i < s.n; i++)
		s.v[i]->failed = true;
	if (got > 0)
		tell_store(b, &s, l->imap.text);
	acts_free(&s);
	return got < 0 ? -1 : 0;
}

int
do_far_flags(struct link *l, struct box *b)
{
	struct tags t;
	struct rec *rec;
	size_t k;

	do {
		t = (struct tags){ .cuts = l->imap.cuts };
		if (store_all(l, b, &t) < 0)
			return -1;
	} while (stores_again(&l->imap, &t));
	t.refused |= l->imap.cuts != t.cuts;
	if (check_flags(l, b, t.refused) < 0)
		return -1;
	for (k = 0; plan_next(b->plan, ACT_FAR_FLAGS, &k); k++) {
		struct act *a = &b->plan->v[k];

		if (a->failed)
			continue;
		box_done(b, a);
		rec = state_by_uid(b->state, a->uid);
		if (rec == NULL || !done_here(b, a))
			continue;	/* partial: it is planned again */
		if (state_flags(b->state, rec, a->flags, b->run->e) < 0)
			return -1;
	}
	return 0;
}

/* ---- moves ---- */

static struct near_msg *
moved_file(struct act *a)
{
	return &a->to->near.dir->v[a->to_file];
}

static int
intend_move(struct box *b, struct act *a)
{
	struct box *to = a->to;
	const struct near_msg *m = moved_file(a);
	struct str base = near_dir_base(to->near.dir, m);
	const struct rec *rec = state_by_uid(b->state, a->uid);
	char name[256];

	if (rec == NULL || base.n >= sizeof name)
		return 0;
	str_copy(name, base);
	name[base.n] = '\0';
	return state_pend(to->state, &(struct pend){ .kind = PEND_UPLOAD,
	    .name = name, .ino = m->ino, .ident = rec->ident,
	    .flags = flags_translate(&b->state->keywords, a->flags,
	    &to->state->keywords), .size = rec->size,
	    .uidnext = box_far_next(to) }, b->run->e);
}

/* The next pass asks which UIDs the messages have now. */
static void
ask_uids(struct box *b, struct box *to)
{
	box_again(b, AGAIN_UIDS);
	box_again(to, AGAIN_UIDS);
}

/*
 * Records a moved message under its new UID.  Both mailboxes are asked once
 * more if that UID cannot be right, or if the old record is gone.
 */
static int
record_move(struct box *b, struct act *a, uint32_t uid)
{
	const struct policy *may = &b->run->o->policy;
	struct box *to = a->to;
	struct near_msg *m = moved_file(a), was = *m;
	struct str base = near_dir_base(to->near.dir, m);
	struct rec *old = state_by_uid(b->state, a->uid), rec;
	struct err *e = b->run->e;
	char name[256];

	if (old == NULL || base.n >= sizeof name ||
	    uid < to->far.seen.uidnext ||
	    state_by_uid(to->state, uid) != NULL) {
		ask_uids(b, to);
		return 0;
	}
	rec = *old;
	rec.uid = uid;
	rec.ino = m->ino;
	rec.stub |= a->stub;
	rec.flags = flags_translate(&b->state->keywords, a->flags,
	    &to->state->keywords);
	str_copy(name, base);
	name[base.n] = '\0';
	if ((may->near_gets & may->far_gets & GETS_FLAGS) != 0 && ((rec.flags ^
	    m->flags) & flags_lettered(&to->near.dir->letters)) != 0) {
		int got = near_dir_flags(to->near.dir, m, rec.flags, e);

		if (got < 0 || near_dir_sync(to->near.dir, e) < 0)
			return -1;
		to->near.changed = true;
	}
	if (state_put(to->state, &rec, name, e) < 0 ||
	    state_unpend(to->state, name, e) < 0 ||
	    state_drop(b->state, old, e) < 0)
		return -1;
	box_done_at(b, a, box_file(to, m), m->file != was.file ?
	    box_file(to, &was) : (struct report_file){ .dir = NULL });
	return 0;
}

/* A message that was moved: its UID before, and now. */
struct new_uid {
	uint32_t from, to;
};

static int
by_from(const void *a, const void *b)
{
	return search_order(((const struct new_uid *)a)->from,
	    ((const struct new_uid *)b)->from);
}

/* By their UID before, as the acts are; malloced. */
static struct new_uid *
new_uids(const struct far_copy *v)
{
	struct new_uid *new = mem_new(v->from.n + 1, sizeof *new);
	size_t i;

	for (i = 0; i < v->from.n; i++)
		new[i] = (struct new_uid){ v->from.v[i], v->to.v[i] };
	qsort(new, v->from.n, sizeof *new, by_from);
	return new;
}

/*
 * Records the moves that COPYUID names.  If it names none or another number,
 * the next pass asks for the UIDs.
 */
static int
record_moves(struct box *b, struct box *to, const struct acts *s,
    const struct far_carried *v, size_t asked)
{
	const struct far_copy *c = &v->copy;
	struct new_uid *new;
	size_t i, k = 0;
	int got = 0;

	if ((c->from.n != asked && !v->cut) ||
	    c->uidvalidity != to->far.seen.uidvalidity)
		ask_uids(b, to);
	if (c->uidvalidity != to->far.seen.uidvalidity)
		return 0;
	to->far.now.exists += c->to.n;
	for (i = 0; i < c->to.n; i++)
		if (c->to.v[i] >= to->far.now.uidnext)
			to->far.now.uidnext = (uint64_t)c->to.v[i] + 1;
	new = new_uids(c);
	for (i = 0; got == 0 && i < c->from.n; i++) {
		while (k < s->n && s->uid[k] < new[i].from)
			k++;
		if (k < s->n && s->uid[k] == new[i].from)
			got = record_move(b, s->v[k], new[i].to);
		else
			ask_uids(b, to);
	}
	free(new);
	return got;
}

static int
move_to(struct link *l, struct box *b, struct box *to)
{
	struct acts s = acts_of(b, ACT_FAR_MOVE, to);
	uint32_t *uids = acts_uids(&s);
	struct imap_pieces p = { .m = &l->imap, .uids = uids, .n = s.n };
	struct far_carried v = { .cut = false };
	size_t k;
	int got = 0;

	for (k = 0; got == 0 && k < s.n; k++)
		got = intend_move(b, s.v[k]);
	if (got == 0)
		got = state_sync(to->state, b->run->e);
	while (got == 0 && (got = far_carry_next(&p, uids, b, to->name,
	    &v)) == 0) {
		b->far.changed = to->far.changed = true;
		got = record_moves(b, to, &s, &v, p.at - p.from);
	}
	if (got == 1) {
		b->far.changed = to->far.changed = true;
		report_problem(&b->run->report, EX_TEMPFAIL, b->name,
		    "not moved to %s: %s", to->name, l->imap.text);
		box_outcome(b, BOX_HELD);	/* see unmoved */
	}
	far_carry_free(&v);
	imap_pieces_free(&p);
	free(uids);
	acts_free(&s);
	return got < 0 ? -1 : 0;
}

int
do_far_moves(struct link *l, struct box *b)
{
	struct run *r = b->run;
	size_t i, k;
	bool any;
	int got = 0;

	for (i = 0; i < r->nboxes && got == 0; i++) {
		any = false;
		for (k = 0; !any && plan_next(b->plan, ACT_FAR_MOVE, &k); k++)
			any = b->plan->v[k].to == &r->boxes[i];
		if (any)
			got = move_to(l, b, &r->boxes[i]);
	}
	return got;
}

/* ---- deletions ---- */

static int
record_deletion(struct box *b, const struct act *a, bool marked)
{
	struct rec *rec = state_by_uid(b->state, a->uid);
	int got = 0;

	if (rec != NULL && !marked)	/* else: see own_marks */
		got = state_drop(b->state, rec, b->run->e);
	if (got == 0)
		box_done(b, a);
	return got;
}

/* Of the messages of a piece those that are deleted for certain. */
static int
record_deletions(struct box *b, const struct acts *s,
    const struct imap_uids *sure, bool marked)
{
	size_t i, at;
	int got = 0;

	for (i = 0; got == 0 && i < sure->n; i++) {
		at = search_exact(&sure->v[i], s->uid, s->n, sizeof *s->uid,
		    search_u32);
		if (at < s->n)
			got = record_deletion(b, s->v[at], marked);
	}
	return got;
}

/*
 * RFC 3501's EXPUNGE takes others' \Deleted with it: only if asked for, and if
 * there are no others.
 */
static int
expunge_all(struct imap *m, const uint32_t *ours, size_t n)
{
	uint32_t *found = NULL;
	size_t have = 0, i;
	unsigned cuts = m->cuts;
	int got = imap_search(m, "DELETED", &found, &have);
	bool others = m->cuts != cuts;

	for (i = 0; got == 0 && i < have; i++)
		others |= search_exact(&found[i], ours, n, sizeof *ours,
		    search_u32) == n;
	free(found);
	if (got < 0 || others)
		return got < 0 ? -1 : 1;
	return imap_wait(m, imap_ask_expunge(m, NULL));
}

/* As far_carry_next; sure are then those that are deleted. */
static int
delete_next(struct imap_pieces *p, uint32_t *uids, struct box *b,
    enum far_delete how, struct far_carried *v)
{
	struct run *r = b->run;
	struct box *trash = how == FAR_TRASH ? box_named(r, r->trash) : NULL;
	size_t i;
	int got;

	if (how == FAR_TRASH) {
		got = far_carry_next(p, uids, b, r->trash, v);
		if (got < 0 || got == 1)
			saved_note(b, &v->sure);
		if (got != 2 && trash != NULL)
			box_again(trash, AGAIN_TRASH);
		return got;
	}
	far_carry_free(v);
	if (stop_asked() || !imap_pieces_next(p))
		return 2;
	for (i = p->from; i < p->at; i++)
		imap_uids_add(&v->sure, uids[i]);
	return far_carry_expunge(p->m, b, &v->sure, how != FAR_MARK);
}

/* The default that cannot be had is told, once; what was asked for is not. */
static int
tell_no_trash(struct box *b)
{
	struct run *r = b->run;
	struct held told;

	if (r->o->policy.far_delete != FAR_TRASH || r->trash != NULL)
		return 0;
	if (held_open(&told, r->dir, false, r->e) < 0)
		return -1;
	if (!held_told(&told, STR(""), 0, 0))
		report_problem(&r->report, 0, b->name, "no mailbox there is known as the trash: what is deleted here is only marked there (--trash NAME, or --delete-far expunge)");
	return held_close(&told, r->e);
}

static int
delete_those(struct link *l, struct box *b, bool saved)
{
	struct acts s = acts_saved(b, saved);
	uint32_t *uids = acts_uids(&s);
	struct imap_pieces p = { .m = &l->imap, .uids = uids, .n = s.n };
	enum far_delete how = far_deletes(b, saved);
	bool marked = far_marks(b, saved);
	struct far_carried v = { .cut = false };
	int got = s.n > 0 && !saved ? tell_no_trash(b) : 0;

	while (got == 0 && (got = delete_next(&p, uids, b, how, &v)) == 0) {
		b->far.changed = true;
		if (v.sure.n < p.at - p.from && !v.cut)
			box_again(b, AGAIN_UIDS);
		got = record_deletions(b, &s, &v.sure, marked);
	}
	if (got == 1) {
		b->far.changed = true;
		report_problem(&b->run->report, EX_TEMPFAIL, b->name,
		    "not deleted there: %s", l->imap.text);
		box_outcome(b, BOX_FAILED);
	} else if (got == 2 && !stop_asked() && marked && s.n > 0 &&
	    b->run->o->unsafe_expunge && how != FAR_MARK)
		got = expunge_all(&l->imap, s.uid, s.n);
	far_carry_free(&v);
	imap_pieces_free(&p);
	free(uids);
	acts_free(&s);
	return got < 0 ? -1 : 0;
}

int
do_far_deletes(struct link *l, struct box *b)
{
	return delete_those(l, b, true) < 0 ? -1 : delete_those(l, b, false);
}

/* What is still there is not removed here either. */
static void
purge_not(struct box *b)
{
	size_t k = 0;

	for (; plan_next(b->plan, ACT_NEAR_DELETE, &k); k++)
		if (b->plan->v[k].purge)
			plan_become(b->plan, &b->plan->v[k], ACT_NOTHING);
}

/*
 * The records stay: what is gone there is found by the next run, or goes here
 * in this one.
 */
int
do_far_purge(struct link *l, struct box *b)
{
	struct acts s = acts_of(b, ACT_FAR_PURGE, NULL);
	struct imap_pieces p = { .m = &l->imap, .uids = s.uid, .n = s.n };
	int got = 0;

	while (got == 0 && !stop_asked() && imap_pieces_next(&p)) {
		got = imap_wait(&l->imap, imap_ask_expunge(&l->imap,
		    p.set.p));
		b->far.changed = true;
		if (got >= 0 && imap_pieces_cut(&p))
			got = imap_pieces_again(&p) ? 0 : 1;
		if (got == 0)
			got = far_check_gone(&l->imap, b, s.uid + p.from,
			    p.at - p.from);
		for (; got == 0 && p.from < p.at; p.from++)
			box_done(b, s.v[p.from]);
	}
	imap_pieces_free(&p);
	if (got > 0) {
		report_problem(&b->run->report, EX_TEMPFAIL, b->name,
		    "not purged there: %s", l->imap.text);
		box_outcome(b, BOX_FAILED);
		purge_not(b);
	}
	acts_free(&s);
	return got < 0 ? -1 : 0;
}
