/*
 * plan.c: pure: base + local + remote -> a list of actions
 *
 * No I/O and no clock: the same three give the same list, which is what -n
 * prints and what a run does.  A message is in the base (a rec), or new on
 * one side; each case is one row of the table in the reference of imapsync(1):
 *
 *	base	here	there
 *	yes	yes	yes	flags merge, bit by bit
 *	yes	yes	gone	delete here
 *	yes	gone	yes	delete there
 *	yes	gone	gone	forget
 *	no	new	-	upload
 *	no	-	new	download
 *	no	new	new	the same one, if pair.c says so: remember
 */
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "mem.h"
#include "near_dir.h"
#include "plan.h"
#include "search.h"
#include "state.h"

void
plan_add(struct plan *p, const struct act *a)
{
	struct act copy = *a;	/* it may be one of the plan's */

	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 64;
		p->v = mem_grow(p->v, p->cap, sizeof *p->v);
	}
	p->v[p->n++] = copy;
	p->count[copy.kind]++;
}

static struct act *
add(struct plan *p, enum act_kind kind)
{
	plan_add(p, &(struct act){ .kind = kind, .local = NONE, .name = NONE,
	    .to_file = NONE, .other = NONE });
	return &p->v[p->n - 1];
}

static int
far_order(const void *uid, const void *far)
{
	return search_order(*(const uint32_t *)uid,
	    ((const struct far_msg *)far)->uid);
}

static const struct far_msg *
find_far(const struct plan_in *in, uint32_t uid)
{
	size_t i = search_lower(&uid, in->far, in->nfar, sizeof *in->far,
	    far_order);

	return i < in->nfar && in->far[i].uid == uid ? &in->far[i] : NULL;
}

static bool
is_gone(const struct plan_in *in, uint32_t uid)
{
	size_t i = search_lower(&uid, in->gone, in->ngone, sizeof uid,
	    search_u32);

	return i < in->ngone && in->gone[i] == uid;
}

/* ---- flags ---- */

struct flags {
	uint64_t base, local, far;
};

/*
 * What a side cannot hold it cannot have taken away either: there its bit is
 * as the base has it.
 */
static struct flags
seen_flags(const struct plan_in *in, uint64_t base, uint64_t l, uint64_t r)
{
	struct flags f = { base, l, r };

	f.local = (l & in->lettered) | (base & ~in->lettered);
	f.far = r | (base & ~in->storable);
	return f;
}

/*
 * One way only: what the other side did stays as it is, and is not in the
 * base, so that it is seen the day the sync goes both ways.
 */
static uint64_t
new_base(const struct policy *p, struct flags f, uint64_t merged)
{
	if (p->pull_flags && p->push_flags)
		return merged;
	return p->pull_flags ? f.far : p->push_flags ? f.local : f.base;
}

static void
merge(struct plan *p, const struct plan_in *in, uint32_t name,
    uint32_t local, uint32_t uid, struct flags f)
{
	uint64_t merged = flags_merge(f.base, f.local, f.far);
	uint64_t base = new_base(&in->policy, f, merged);
	uint64_t up = in->policy.push_flags ? merged & ~f.far & in->storable :
	    0;
	uint64_t down = in->policy.push_flags ? f.far & ~merged & in->storable
	    : 0;
	uint64_t put = in->policy.pull_flags ? merged & ~f.local &
	    in->lettered : 0;
	uint64_t take = in->policy.pull_flags ? f.local & ~merged &
	    in->lettered : 0;
	uint32_t near = NONE;
	struct act *a = NULL;

	if (put != 0 || take != 0) {
		near = (uint32_t)p->n;
		a = add(p, ACT_NEAR_FLAGS);
		a->add = put;
		a->del = take;
	}
	if (a != NULL) {
		a->uid = uid;
		a->name = name;
		a->local = local;
		a->flags = base;
	}
	if (up == 0 && down == 0 && (near != NONE || base == f.base ||
	    name == NONE))
		return;
	a = add(p, up != 0 || down != 0 ? ACT_FAR_FLAGS : ACT_BASE_FLAGS);
	a->add = up;
	a->del = down;
	a->uid = uid;
	a->name = name;
	a->local = local;
	a->flags = base;
	a->other = near;
	if (near != NONE)
		p->v[near].other = (uint32_t)(p->n - 1);
}

/* ---- what is in the base ---- */

static void
gone_here(struct plan *p, const struct plan_in *in, uint32_t i, uint64_t far)
{
	struct act *a;

	if (in->no_delete || !in->policy.push_new ||
	    in->policy.far_delete == FAR_NEVER ||
	    (in->marks && (far & FLAG_DELETED) != 0))
		return;
	a = add(p, ACT_FAR_DELETE);
	a->name = in->rec[i].name;
	a->uid = in->rec[i].uid;
}

static void
gone_there(struct plan *p, const struct plan_in *in, uint32_t i,
    uint32_t local)
{
	bool keep = in->no_delete || in->policy.near_delete == NEAR_NEVER;
	struct act *a;

	if (!in->policy.pull_new)
		return;		/* seen again, the day it goes both ways */
	a = add(p, keep ? ACT_ORPHAN : ACT_NEAR_DELETE);
	a->name = in->rec[i].name;
	a->local = local;
	a->uid = in->rec[i].uid;
}

static void
orphan(struct plan *p, const struct plan_in *in, uint32_t i, uint32_t local)
{
	struct act *a;

	if (local != NONE && !in->policy.reupload)
		return;
	a = add(p, local == NONE ? ACT_FORGET : ACT_PUSH);
	a->name = in->rec[i].name;
	a->local = local;
}

/* Letters that mean nothing may be keywords whose names were lost. */
static uint64_t
flags_here(const struct plan_in *in, uint32_t local, uint64_t base)
{
	const struct local_msg *m = &in->local[local];
	uint64_t system = ((uint64_t)1 << FLAG_KEYWORD) - 1;

	return m->vague ? (m->flags & system) | (base & ~system) | (m->flags
	    & ~base) : m->flags;
}

static void
known(struct plan *p, const struct plan_in *in, uint32_t i)
{
	const struct rec *r = &in->rec[i];
	bool here = in->local_same || in->local_of[i] != NONE;
	uint32_t local = in->local_same ? NONE : in->local_of[i];
	const struct far_msg *f;
	struct act *a;

	if (r->kind == REC_ORPHAN) {
		if (!in->local_same)
			orphan(p, in, i, local);
		return;
	}
	f = find_far(in, r->uid);
	if (is_gone(in, r->uid)) {
		if (here) {
			gone_there(p, in, i, local);
			return;
		}
		a = add(p, ACT_FORGET);
		a->name = in->rec[i].name;
		a->uid = r->uid;
		return;
	}
	if (!here) {
		gone_here(p, in, i, f != NULL ? f->flags : r->flags);
		return;
	}
	merge(p, in, r->name, local, r->uid, seen_flags(in, r->flags,
	    local != NONE ? flags_here(in, local, r->flags) : r->flags,
	    f != NULL ? f->flags : r->flags));
}

/* ---- what is new ---- */

static void
pair(struct plan *p, const struct plan_in *in, size_t k)
{
	uint32_t l = in->pair[k].near, f = in->pair[k].far;
	uint64_t here = in->local[l].flags, there = in->far[f].flags;
	uint64_t base = in->pair[k].base != UINT64_MAX ? in->pair[k].base :
	    here & there;
	struct act *a = add(p, ACT_PAIR);

	a->uid = in->far[f].uid;
	a->local = l;
	a->flags = base;
	merge(p, in, NONE, l, in->far[f].uid, seen_flags(in, base, here,
	    there));
}

static void
fetch(struct plan *p, const struct plan_in *in, uint32_t f)
{
	struct act *a;

	if (!in->policy.pull_new)
		return;
	a = add(p, ACT_FETCH);
	a->uid = in->far[f].uid;
	a->flags = in->far[f].flags;
}

static void
push(struct plan *p, const struct plan_in *in, uint32_t l)
{
	struct act *a;

	if (!in->policy.push_new)
		return;
	a = add(p, ACT_PUSH);
	a->local = l;
	a->flags = in->local[l].flags;
}

static int
rec_order(const void *uid, const void *rec)
{
	return search_order(*(const uint32_t *)uid,
	    ((const struct rec *)rec)->uid);
}

static bool
has_rec(const struct plan_in *in, uint32_t uid)
{
	size_t i = search_lower(&uid, in->rec, in->nrec, sizeof *in->rec,
	    rec_order);

	return i < in->nrec && in->rec[i].uid == uid;
}

static void
news(struct plan *p, const struct plan_in *in)
{
	unsigned char *l = mem_new(in->nlocal + 1, 1);
	unsigned char *f = mem_new(in->nfar + 1, 1);
	size_t i;

	for (i = 0; i < in->npair; i++) {
		pair(p, in, i);
		l[in->pair[i].near] = 1;
		f[in->pair[i].far] = 1;
	}
	for (i = 0; i < in->nfar; i++)
		if (f[i] == 0 && !has_rec(in, in->far[i].uid))
			fetch(p, in, (uint32_t)i);
	for (i = 0; i < in->nlocal; i++)
		if (l[i] == 0 && in->rec_of[i] == NONE)
			push(p, in, (uint32_t)i);
	free(l);
	free(f);
}

/* ---- the whole ---- */

/* By kind, for that is the order they are done in; within it, as they come. */
static void
order(struct plan *p)
{
	struct act *v = mem_new(p->n + 1, sizeof *v);
	uint32_t *to = mem_new(p->n + 1, sizeof *to);
	size_t i, n = 0;
	int k;

	for (k = 0; k < ACT_KINDS; k++)
		for (i = 0; i < p->n; i++)
			if ((int)p->v[i].kind == k) {
				to[i] = (uint32_t)n;
				v[n++] = p->v[i];
			}
	for (i = 0; i < n; i++)
		if (v[i].other != NONE)
			v[i].other = to[v[i].other];
	if (n > 0)
		memcpy(p->v, v, n * sizeof *v);
	free(v);
	free(to);
}

void
plan_make(struct plan *p, const struct plan_in *in)
{
	size_t i;

	*p = (struct plan){ .made = true };
	for (i = 0; i < in->nrec; i++)
		known(p, in, (uint32_t)i);
	news(p, in);
	order(p);
}

void
plan_free(struct plan *p)
{
	free(p->v);
	*p = (struct plan){ 0 };
}

bool
plan_next(const struct plan *p, enum act_kind kind, size_t *at)
{
	if (p->count[kind] == 0)
		return false;
	while (*at < p->n && p->v[*at].kind != kind)
		++*at;
	return *at < p->n;
}

void
plan_become(struct plan *p, struct act *a, enum act_kind kind)
{
	p->count[a->kind]--;
	a->kind = kind;
	p->count[kind]++;
}
