/*
 * apply.c: carries the actions of a plan out
 *
 * What adds comes first, what deletes comes last, when all that was added is
 * durable on its side.  A change here is on the disk (fsync of its directory)
 * before the state says so; a change there is in the log as an intention
 * before it leaves, where it could not be repeated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

enum { SET = 7500, STORES = 32 };

/* ---- what only the state has to learn ---- */

static struct rec *
rec_of(struct box *b, const struct act *a)
{
	return a->uid != 0 ? state_by_uid(&b->state, a->uid) :
	    a->local != NONE ? state_by_name(&b->state, local_base(&b->local,
	    &b->local.v[a->local])) : NULL;
}

static int
pair(struct box *b, struct act *a)
{
	const struct local_msg *m = &b->local.v[a->local];
	const struct far_msg *f = &b->far_v[a->far];
	struct rec rec = { .uid = a->uid, .size = f->size, .flags = a->flags,
	    .ident = f->ident, .ino = m->ino };
	struct str base = local_base(&b->local, m);
	struct rec *old = state_by_name(&b->state, base);
	char name[256];

	if (base.n >= sizeof name || (old != NULL && old->kind == REC_LIVE))
		return 0;
	str_copy(name, base);
	name[base.n] = '\0';
	if (old != NULL && state_drop(&b->state, old, b->run->e) < 0)
		return -1;
	return state_put(&b->state, &rec, name, b->run->e);
}

static int
orphan(struct box *b, struct rec *rec)
{
	struct rec copy = *rec;
	char *name = mem_dup(state_name(&b->state, rec));
	int got = state_drop(&b->state, rec, b->run->e);

	copy.uid = 0;
	copy.kind = REC_ORPHAN;
	if (got == 0)
		got = state_put(&b->state, &copy, name, b->run->e);
	free(name);
	return got;
}

/* By its name, for orphans have no UID. */
static int
forget(struct box *b, struct act *a)
{
	struct rec *rec = a->uid != 0 ? state_by_uid(&b->state, a->uid) :
	    state_by_name(&b->state, str_of(state_name(&b->state,
	    &(struct rec){ .name = a->name })));

	return rec == NULL ? 0 : state_drop(&b->state, rec, b->run->e);
}

static int
state_acts(struct box *b)
{
	struct rec *rec;
	size_t k;
	int got = 0;

	for (k = 0; k < b->plan.n && got == 0; k++) {
		struct act *a = &b->plan.v[k];

		switch (a->kind) {
		case ACT_PAIR:
			got = pair(b, a);
			break;
		case ACT_FORGET:
			got = forget(b, a);
			break;
		case ACT_ORPHAN:
			rec = rec_of(b, a);
			got = rec != NULL ? orphan(b, rec) : 0;
			break;
		case ACT_BASE_FLAGS:
			if (a->other != NONE)
				continue;	/* near_flags does it */
			rec = rec_of(b, a);
			got = rec != NULL ? state_flags(&b->state, rec,
			    a->flags, b->run->e) : 0;
			break;
		default:
			continue;
		}
		if (got == 0)
			report_done(b, a);
	}
	return got;
}

/* ---- changes here ---- */

static int
near_flags(struct box *b)
{
	struct err *e = b->run->e;
	struct rec *rec;
	size_t k;

	if (b->plan.count[ACT_NEAR_FLAGS] == 0)
		return 0;
	for (k = 0; plan_next(&b->plan, ACT_NEAR_FLAGS, &k); k++) {
		struct act *a = &b->plan.v[k];
		struct local_msg *m = &b->local.v[a->local];
		int got = local_flags(&b->local, m, (m->flags | a->add) &
		    ~a->del, e);

		if (got < 0) {		/* a name that gets too long, say */
			report_problem(b->run, e->code, b->name, "%s",
			    e->msg);
			fail_clear(e);
			b->failed = true;
		}
		a->failed = got != 0;
		b->partial |= got > 0;	/* somebody else was quicker */
		b->near_changed = true;
	}
	if (local_sync(&b->local, e) < 0)
		return -1;
	for (k = 0; plan_next(&b->plan, ACT_NEAR_FLAGS, &k); k++) {
		struct act *a = &b->plan.v[k];

		if (a->failed)
			continue;
		report_done(b, a);
		if (a->other != NONE && b->plan.v[a->other].kind ==
		    ACT_FAR_FLAGS)
			continue;
		rec = rec_of(b, a);
		if (rec != NULL && state_flags(&b->state, rec, a->flags, e) <
		    0)
			return -1;
	}
	return 0;
}

/* The server has it under another UID here. */
static int
renumber(struct box *b, struct act *a, struct rec rec, uint64_t merged)
{
	struct rec *old = state_by_uid(&b->state, a->uid);
	struct local_msg *m = &b->local.v[a->local];
	char name[256];

	snprintf(name, sizeof name, "%s", state_name(&b->state, old));
	if (((merged ^ m->flags) & flags_lettered(&b->local.letters)) != 0 &&
	    (local_flags(&b->local, m, merged, b->run->e) < 0 ||
	    local_sync(&b->local, b->run->e) < 0))
		return -1;
	if (state_drop(&b->state, old, b->run->e) < 0 ||
	    state_put(&b->state, &rec, name, b->run->e) < 0)
		return -1;
	b->again = b->near_changed = true;
	report_done(b, a);
	return 0;
}

/* 0 moved, with all the flags both sides gave it; 1 it is not there; -1. */
static int
move_file(struct box *b, struct local_msg *m, struct box *to,
    uint64_t merged)
{
	struct err *e = b->run->e;
	struct local_msg there;
	int got = local_move_to(&b->local, m, &to->local, &there, e);

	if (got == 0 && ((merged ^ there.flags) &
	    flags_lettered(&to->local.letters)) != 0 &&
	    local_flags(&to->local, &there, merged, e) < 0)
		return -1;
	if (got >= 0 && (local_sync(&to->local, e) < 0 ||
	    local_sync(&b->local, e) < 0))
		return -1;
	b->near_changed = to->near_changed = true;
	return got;
}

/* The server moved it: so do we. */
static int
near_move(struct box *b, struct act *a)
{
	struct box *to = a->to;
	const struct far_msg *f = &to->far_v[to->plan.v[a->other].far];
	struct rec *old = state_by_uid(&b->state, a->uid), rec;
	struct local_msg *m = &b->local.v[a->local];
	struct err *e = b->run->e;
	uint64_t base, here, merged;
	char name[256];
	int got;

	if (old == NULL || !to->near || to->failed) {
		b->partial = to->partial = true;
		return 0;
	}
	rec = *old;
	snprintf(name, sizeof name, "%s", state_name(&b->state, old));
	base = flags_translate(&b->state.keywords, rec.flags,
	    &to->state.keywords);
	here = flags_translate(&b->state.keywords, m->flags | (rec.flags &
	    ~flags_lettered(&b->local.letters)), &to->state.keywords);
	merged = flags_merge(base, here, f->flags);
	rec.uid = f->uid;
	rec.flags = f->flags;
	rec.ino = m->ino;
	if (to == b)
		return renumber(b, a, rec, merged);
	if (state_pend(&to->state, &(struct pend){ .kind = PEND_LOCAL,
	    .name = name, .ino = m->ino, .ident = rec.ident,
	    .flags = f->flags, .size = rec.size, .uid = f->uid }, e) < 0 ||
	    state_sync(&to->state, e) < 0 ||
	    (got = move_file(b, m, to, merged)) < 0)
		return -1;
	if (got > 0) {
		b->partial = to->partial = true;
		return state_unpend(&to->state, name, e);
	}
	to->again |= merged != f->flags;
	if (state_put(&to->state, &rec, name, e) < 0 ||
	    state_unpend(&to->state, name, e) < 0)
		return -1;
	old = state_by_uid(&b->state, a->uid);
	if (old != NULL && state_drop(&b->state, old, e) < 0)
		return -1;
	report_done(b, a);
	return 0;
}

static int
near_deletes(struct box *b)
{
	struct run *r = b->run;
	bool attic = r->o->policy.near_delete == NEAR_ATTIC;
	bool mark = r->o->policy.near_delete == NEAR_MARK;
	struct rec *rec;
	size_t k;
	int got;

	if (b->plan.count[ACT_NEAR_DELETE] == 0)
		return 0;
	for (k = 0; !stop_asked() &&
	    plan_next(&b->plan, ACT_NEAR_DELETE, &k); k++) {
		struct act *a = &b->plan.v[k];
		struct local_msg *m = &b->local.v[a->local];

		got = mark ? local_flags(&b->local, m, m->flags |
		    FLAG_DELETED, r->e) : local_remove(&b->local, m, r->root,
		    attic, r->e);
		if (got < 0) {
			report_problem(r, r->e->code, b->name, "%s",
			    r->e->msg);
			fail_clear(r->e);
			b->failed = true;
		}
		a->failed = got != 0;
		b->partial |= got > 0;
		b->near_changed = true;
	}
	if (local_sync(&b->local, r->e) < 0 || (b->local.attic >= 0 &&
	    fsync(b->local.attic) < 0))
		return fail_sys(r->e, EX_IOERR, "%s: fsync", b->path);
	for (k = 0; !stop_asked() &&
	    plan_next(&b->plan, ACT_NEAR_DELETE, &k); k++) {
		struct act *a = &b->plan.v[k];

		rec = a->failed ? NULL : state_by_uid(&b->state, a->uid);
		if (rec == NULL)
			continue;
		if ((mark ? orphan(b, rec) : state_drop(&b->state, rec,
		    r->e)) < 0)
			return -1;
		report_done(b, a);
	}
	return 0;
}

/* ---- changes there: flags ---- */

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The UIDs of acts of a kind that have this bit in add or del. */
static uint32_t *
uids_of(struct box *b, enum act_kind kind, uint64_t bit, bool add,
    const struct box *to, size_t *n)
{
	uint32_t *v = mem_new(b->plan.count[kind] + 1, sizeof *v);
	size_t k = 0;

	*n = 0;
	for (; plan_next(&b->plan, kind, &k); k++) {
		const struct act *a = &b->plan.v[k];

		if (bit != 0 && ((add ? a->add : a->del) & bit) == 0)
			continue;
		if (to != NULL && a->to != to)
			continue;
		v[(*n)++] = a->uid;
	}
	qsort(v, *n, sizeof *v, by_value);
	return v;
}

/* Tags of commands that are under way. */
struct tags {
	unsigned v[STORES];
	size_t n;
	bool refused;
};

static int
await(struct line *l, struct tags *t)
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
store(struct line *l, struct tags *t, const uint32_t *uids, size_t n,
    bool add, const char *flags)
{
	size_t at = 0;

	while (at < n) {
		struct buf set = { .max = 65536 };

		if (t->n == STORES && await(l, t) < 0)
			return -1;
		imap_set_put(&set, uids, n, &at, SET);
		t->v[t->n++] = imap_ask_store(&l->imap, set.p, add, flags);
		buf_free(&set);
	}
	return 0;
}

static int
store_bit(struct line *l, struct box *b, struct tags *t, uint64_t bit,
    bool add)
{
	struct buf flag = { .max = 1024 };
	size_t n;
	uint32_t *uids = uids_of(b, ACT_FAR_FLAGS, bit, add, NULL, &n);
	int got = 0;

	flags_text(&flag, &b->state.keywords, bit);
	if (n > 0)
		got = store(l, t, uids, n, add, flag.p);
	buf_free(&flag);
	free(uids);
	return got;
}

static int
far_flags(struct line *l, struct box *b)
{
	uint64_t add = 0, del = 0, bit;
	struct tags t = { .n = 0 };
	struct rec *rec;
	size_t k;

	for (k = 0; plan_next(&b->plan, ACT_FAR_FLAGS, &k); k++) {
		add |= b->plan.v[k].add;
		del |= b->plan.v[k].del;
	}
	for (bit = 1; bit != 0; bit <<= 1)
		if (((add & bit) != 0 && store_bit(l, b, &t, bit, true) < 0)
		    || ((del & bit) != 0 && store_bit(l, b, &t, bit, false) <
		    0))
			return -1;
	b->far_changed = true;
	if (await(l, &t) < 0)
		return -1;
	if (t.refused) {
		report_problem(b->run, EX_TEMPFAIL, b->name, "STORE: %s",
		    l->imap.text);
		b->failed = true;
		return 0;
	}
	for (k = 0; plan_next(&b->plan, ACT_FAR_FLAGS, &k); k++) {
		struct act *a = &b->plan.v[k];

		report_done(b, a);
		rec = state_by_uid(&b->state, a->uid);
		if (rec == NULL || (a->other != NONE &&
		    b->plan.v[a->other].failed))
			continue;	/* partial: it is planned again */
		if (state_flags(&b->state, rec, a->flags, b->run->e) < 0)
			return -1;
	}
	return 0;
}

/* ---- changes there: moves ---- */

/* What COPYUID says. */
struct moved {
	uint64_t uidvalidity;
	struct imap_uids from, to;
};

static void
moved_free(struct moved *v)
{
	free(v->from.v);
	free(v->to.v);
}

/*
 * MOVE, or what it stands for.  COPYUID is in an untagged OK of MOVE, in the
 * tagged one of COPY (RFC 6851 4.3, RFC 4315 3).  0, 1 refused, -1.
 */
static int
move_set(struct line *l, const char *set, struct str to, struct moved *got)
{
	struct imap *m = &l->imap;
	bool move = (m->caps & IMAP_MOVE) != 0;
	unsigned tag = move ? imap_ask_move(m, set, to) :
	    imap_ask_copy(m, set, to);
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type == IMAP_OK && got->from.n == 0 &&
		    imap_copied(m, &r, &got->uidvalidity, &got->from,
		    &got->to) < 0)
			return -1;
	} while (!imap_done(&r, tag));
	if (r.type != IMAP_OK)
		return 1;
	if (move)
		return 0;
	tag = imap_ask_store(m, set, true, "\\Deleted");
	if ((m->caps & IMAP_UIDPLUS) != 0)
		tag = imap_ask_expunge(m, set);
	return imap_wait(m, tag);
}

static struct act *
act_of(struct box *b, enum act_kind kind, uint32_t uid)
{
	size_t k = 0;

	for (; plan_next(&b->plan, kind, &k); k++)
		if (b->plan.v[k].uid == uid)
			return &b->plan.v[k];
	return NULL;
}

static struct local_msg *
moved_file(struct act *a)
{
	return &a->to->local.v[a->to->plan.v[a->other].local];
}

static int
intend_move(struct box *b, struct act *a)
{
	struct box *to = a->to;
	const struct local_msg *m = moved_file(a);
	struct str base = local_base(&to->local, m);
	const struct rec *rec = state_by_uid(&b->state, a->uid);
	char name[256];

	if (rec == NULL || base.n >= sizeof name)
		return 0;
	str_copy(name, base);
	name[base.n] = '\0';
	return state_pend(&to->state, &(struct pend){ .kind = PEND_UPLOAD,
	    .name = name, .ino = m->ino, .ident = rec->ident,
	    .flags = flags_translate(&b->state.keywords, a->flags,
	    &to->state.keywords), .size = rec->size,
	    .uidnext = to->seen.uidnext }, b->run->e);
}

/* Sets again where that cannot be it, or nothing can be recorded. */
static int
record_move(struct box *b, struct act *a, uint32_t uid)
{
	struct box *to = a->to;
	struct local_msg *m = moved_file(a);
	struct str base = local_base(&to->local, m);
	struct rec *old = state_by_uid(&b->state, a->uid), rec;
	struct err *e = b->run->e;
	char name[256];

	if (old == NULL || base.n >= sizeof name || uid < to->seen.uidnext ||
	    state_by_uid(&to->state, uid) != NULL) {
		b->again = to->again = true;
		return 0;
	}
	rec = *old;
	rec.uid = uid;
	rec.ino = m->ino;
	rec.flags = flags_translate(&b->state.keywords, a->flags,
	    &to->state.keywords);
	str_copy(name, base);
	name[base.n] = '\0';
	if (((rec.flags ^ m->flags) &
	    flags_lettered(&to->local.letters)) != 0) {
		int got = local_flags(&to->local, m, rec.flags, e);

		if (got < 0 || local_sync(&to->local, e) < 0)
			return -1;
		to->near_changed = true;
	}
	if (state_put(&to->state, &rec, name, e) < 0 ||
	    state_unpend(&to->state, name, e) < 0 ||
	    state_drop(&b->state, old, e) < 0)
		return -1;
	report_done(b, a);
	return 0;
}

/* What the answer leaves open (asked: so many) the next pass asks. */
static int
record_moves(struct box *b, struct box *to, const struct moved *v,
    size_t asked)
{
	size_t k;
	int got = 0;

	if (v->from.n != asked || v->uidvalidity != to->seen.uidvalidity)
		b->again = to->again = true;
	if (v->uidvalidity != to->seen.uidvalidity)
		return 0;
	to->now.exists += v->to.n;
	for (k = 0; k < v->to.n; k++)
		if (v->to.v[k] >= to->now.uidnext)
			to->now.uidnext = (uint64_t)v->to.v[k] + 1;
	for (k = 0; got == 0 && k < v->from.n; k++) {
		struct act *a = act_of(b, ACT_FAR_MOVE, v->from.v[k]);

		if (a != NULL && a->to == to)
			got = record_move(b, a, v->to.v[k]);
		else
			b->again = to->again = true;
	}
	return got;
}

static int
move_to(struct line *l, struct box *b, struct box *to)
{
	size_t n, at = 0, k, before;
	uint32_t *uids = uids_of(b, ACT_FAR_MOVE, 0, false, to, &n);
	int got = 0;

	for (k = 0; got == 0 && plan_next(&b->plan, ACT_FAR_MOVE, &k); k++)
		if (b->plan.v[k].to == to)
			got = intend_move(b, &b->plan.v[k]);
	if (got == 0)
		got = state_sync(&to->state, b->run->e);
	while (got == 0 && at < n) {
		struct buf set = { .max = 65536 };
		struct moved v = { .uidvalidity = 0 };

		before = at;
		imap_set_put(&set, uids, n, &at, SET);
		got = move_set(l, set.p, str_of(to->name), &v);
		buf_free(&set);
		b->far_changed = to->far_changed = true;
		if (got > 0) {
			report_problem(b->run, EX_TEMPFAIL, b->name,
			    "not moved to %s: %s", to->name, l->imap.text);
			b->failed = true;	/* the pends stay: see unmoved */
			got = 0;
		} else if (got == 0)
			got = record_moves(b, to, &v, at - before);
		moved_free(&v);
	}
	free(uids);
	return got;
}

static int
far_moves(struct line *l, struct box *b)
{
	struct run *r = b->run;
	size_t i, k;
	bool any;
	int got = 0;

	for (i = 0; i < r->nboxes && got == 0; i++) {
		any = false;
		for (k = 0; !any && plan_next(&b->plan, ACT_FAR_MOVE, &k); k++)
			any = b->plan.v[k].to == &r->boxes[i];
		if (any)
			got = move_to(l, b, &r->boxes[i]);
	}
	return got;
}

/* ---- changes there: deletions ---- */

static int
gone_there(struct box *b, const uint32_t *uids, size_t n)
{
	struct rec *rec;
	struct act *a;
	size_t i;

	for (i = 0; i < n; i++) {
		rec = state_by_uid(&b->state, uids[i]);
		if (rec != NULL && state_drop(&b->state, rec, b->run->e) < 0)
			return -1;
		if ((a = act_of(b, ACT_FAR_DELETE, uids[i])) != NULL)
			report_done(b, a);
	}
	return 0;
}

static int
marked_there(struct box *b, const uint32_t *uids, size_t n)
{
	struct rec *rec;
	struct act *a;
	size_t i;

	for (i = 0; i < n; i++) {
		rec = state_by_uid(&b->state, uids[i]);
		if (rec != NULL && state_flags(&b->state, rec, rec->flags |
		    FLAG_DELETED, b->run->e) < 0)
			return -1;
		if ((a = act_of(b, ACT_FAR_DELETE, uids[i])) != NULL)
			report_done(b, a);
	}
	return 0;
}

/* RFC 3501's EXPUNGE takes others' \Deleted with it: only if asked for. */
static int
expunge_all(struct line *l, const uint32_t *ours, size_t n)
{
	uint32_t *found = NULL;
	size_t have = 0, i;
	bool others = false;
	int got = imap_search(&l->imap, "DELETED", &found, &have);

	for (i = 0; got == 0 && i < have; i++)
		others |= bsearch(&found[i], ours, n, sizeof *ours,
		    by_value) == NULL;
	free(found);
	if (got < 0 || others)
		return got < 0 ? -1 : 1;
	return imap_wait(&l->imap, imap_ask_expunge(&l->imap, NULL));
}

static int
delete_set(struct line *l, struct box *b, const char *set)
{
	struct run *r = b->run;
	struct moved moved = { .uidvalidity = 0 };
	struct box *trash;
	int got;

	if (far_to_trash(b)) {
		got = move_set(l, set, str_of(r->trash), &moved);
		if ((trash = box_named(r, r->trash)) != NULL)
			trash->again = true;
		moved_free(&moved);
		return got;
	}
	got = imap_wait(&l->imap, imap_ask_store(&l->imap, set, true,
	    "\\Deleted"));
	if (got == 0 && r->o->policy.far_delete != FAR_MARK &&
	    (l->imap.caps & IMAP_UIDPLUS) != 0)
		got = imap_wait(&l->imap, imap_ask_expunge(&l->imap, set));
	return got;
}

static int
far_deletes(struct line *l, struct box *b)
{
	size_t n, at = 0, from;
	uint32_t *uids;
	bool marked = far_marks(b);
	int got = 0;

	uids = uids_of(b, ACT_FAR_DELETE, 0, false, NULL, &n);
	while (got == 0 && at < n && !stop_asked()) {
		struct buf set = { .max = 65536 };

		from = at;
		imap_set_put(&set, uids, n, &at, SET);
		got = delete_set(l, b, set.p);
		buf_free(&set);
		b->far_changed = true;
		if (got > 0) {
			report_problem(b->run, EX_TEMPFAIL, b->name,
			    "not deleted there: %s", l->imap.text);
			b->failed = true;
		} else if (got == 0)
			got = marked ? marked_there(b, uids + from, at -
			    from) : gone_there(b, uids + from, at - from);
	}
	if (got == 0 && marked && b->run->o->unsafe_expunge && n > 0 &&
	    b->run->o->policy.far_delete != FAR_MARK) {
		got = expunge_all(l, uids, n);
		if (got > 0)
			got = 0;
	}
	free(uids);
	return got < 0 ? -1 : 0;
}

/* ---- the order of it all ---- */

static void
never_mind(struct box *b, enum act_kind kind)
{
	size_t k = 0;

	for (; plan_next(&b->plan, kind, &k); k++)
		b->plan.v[k].kind = ACT_NOTHING;
	b->plan.count[ACT_NOTHING] += b->plan.count[kind];
	b->plan.count[kind] = 0;
}

/* The brakes: what would delete too much deletes nothing. */
static void
brake(struct box *b)
{
	struct options *o = b->run->o;
	uint64_t far = b->plan.count[ACT_FAR_DELETE];
	uint64_t near = b->plan.count[ACT_NEAR_DELETE];
	uint64_t all = far + near;
	struct entry *known = index_find(&b->run->index, str_of(b->name));
	const char *why = NULL;

	if (far > 0 && b->local.n == 0)
		why = "the Maildir is empty";
	else if (far > 0 && known != NULL && known->stamp.cur_ino != 0 &&
	    known->stamp.cur_ino != b->local.seen.cur_ino)
		why = "the Maildir is another directory than last time";
	else if (plan_too_many(far, b->state.n) ||
	    plan_too_many(near, b->state.n))
		why = "so many are gone at once";
	if (why == NULL || (o->allow_given && all <= o->allow))
		return;
	report_problem(b->run, EX_TEMPFAIL, b->name, "%s: %llu of %zu "
	    "messages would be deleted %s; none is (--allow-deletes %llu "
	    "allows it)", why, (unsigned long long)all, b->state.n,
	    far > 0 ? "on the server" : "here", (unsigned long long)all);
	b->brake = why;
	never_mind(b, ACT_FAR_DELETE);
	never_mind(b, ACT_NEAR_DELETE);
}

static int
here(struct run *r)
{
	struct box *b;
	size_t i, k;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (!box_busy(b))
			continue;
		if (b->near && near_letters_save(&b->local, &b->state.keywords,
		    r->e) < 0)
			return -1;
		if (state_acts(b) < 0 || near_flags(b) < 0)
			return -1;
		for (k = 0; plan_next(&b->plan, ACT_NEAR_MOVE, &k); k++)
			if (near_move(b, &b->plan.v[k]) < 0)
				return -1;
	}
	return 0;
}

/* 0, or -1; a mailbox that cannot be selected is left alone. */
static int
chosen(struct line *l, struct box *b, int (*what)(struct line *,
    struct box *))
{
	int got;

	if (!b->heard)			/* never: see remote_check */
		return fail(b->run->e, EX_SOFTWARE, "%s: nobody asked who its messages are",
		    b->name);
	got = link_select(l, b);
	return got < 0 ? -1 : got > 0 ? 0 : what(l, b);
}

static int
there(struct run *r)
{
	static const struct {
		enum act_kind kind;
		int (*what)(struct line *, struct box *);
	} steps[] = { { ACT_PUSH, push_box }, { ACT_FAR_FLAGS, far_flags },
	    { ACT_FAR_MOVE, far_moves } };
	struct line *l = &r->line[0];
	size_t i, k;

	for (i = 0; i < r->nboxes && !stop_asked(); i++)
		for (k = 0; k < 3; k++)
			if (box_busy(&r->boxes[i]) && !stop_asked() &&
			    r->boxes[i].plan.count[steps[k].kind] > 0 &&
			    chosen(l, &r->boxes[i], steps[k].what) < 0)
				return -1;
	return 0;
}

/*
 * What was not moved is a file that nobody knows where it should have come:
 * the next pass finds the move anew, or the next run if its mailbox failed, for
 * in this run what b failed to move would be uploaded.
 */
static void
unmoved(struct box *b)
{
	size_t k = 0;

	for (; plan_next(&b->plan, ACT_FAR_MOVE, &k); k++) {
		struct box *to = b->plan.v[k].to;

		if (state_by_uid(&b->state, b->plan.v[k].uid) == NULL)
			continue;
		if (b->failed || !to->again)
			to->stopped = true;
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
		if (b->plan.count[ACT_FAR_DELETE] > 0 &&
		    (state_sync(&b->state, r->e) < 0 ||
		    chosen(&r->line[0], b, far_deletes) < 0))
			return -1;
		if (near_deletes(b) < 0)
			return -1;
	}
	return 0;
}

int
apply_all(struct run *r)
{
	size_t i, fetches = 0;

	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		if (!box_busy(b))
			continue;
		brake(b);
		fetches += b->plan.count[ACT_FETCH];
		r->total += b->plan.count[ACT_FETCH] +
		    b->plan.count[ACT_PUSH];
	}
	fetch_enough(r, fetches);
	if (here(r) < 0 || there(r) < 0 || fetch_all(r) < 0)
		return -1;
	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].look && r->boxes[i].opened)
			unmoved(&r->boxes[i]);
	return stop_asked() ? 0 : deletions(r);
}
