/*
 * plan.c: pure: base + near + far -> a list of actions
 *
 * No I/O and no clock: the same three give the same list, which is what -n
 * prints and what a run does.  A message is in the base (a rec), or new on
 * one side; each case is one row of the table in the reference of imapsync(1):
 *
 *	base	here	there
 *	yes	yes	yes	flags merge, bit by bit
 *	yes	yes	gone	delete here
 *	yes	gone	yes	delete there
 *	marked	not	gone	forget: the file is new, see came_back
 *	yes	gone	gone	forget
 *	no	new	-	upload
 *	no	-	new	download
 *	no	new	new	the same one, if pair.c says so: remember
 *
 * With a window, what does not belong here leaves, and what does comes back:
 *
 *	yes	yes	outside	remove here, and remember that it is there
 *	no	-	outside	remember that it is there
 *	there	-	inside	download
 *
 * A mirror of the server undoes what was done here:
 *
 *	yes	yes	yes	flags as there
 *	yes	gone	yes	download again
 *	no	new	-	delete here
 *
 * A side that does not get all kinds of change: what is new and what has other
 * flags is seen again in each run, until it may go there.  What is gone stays
 * on that side for good, and the base knows it: were it deleted the day the
 * side gets all again, nobody would expect that any more.
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
plan_act(struct plan *p, enum act_kind kind)
{
	plan_add(p, &(struct act){ .kind = kind, .file = NONE,
	    .to_file = NONE });
	return &p->v[p->n - 1];
}

/* About a message of the base. */
static struct act *
add_of(struct plan *p, enum act_kind kind, const struct plan_in *in,
    const struct rec *r)
{
	struct act *a = plan_act(p, kind);

	a->uid = r->uid;
	a->name = arena_dup(&p->names, str_of(in->names + r->name));
	return a;
}

/* ---- the three lists, which are sorted by UID ---- */

/* Places in them, which only go on: who asks does so by ascending UID. */
struct walk {
	size_t rec, far, gone;
};

static const struct far_msg *
far_of(const struct plan_in *in, struct walk *w, uint32_t uid)
{
	while (w->far < in->nfar && in->far[w->far].uid < uid)
		w->far++;
	return w->far < in->nfar && in->far[w->far].uid == uid ?
	    &in->far[w->far] : NULL;
}

static bool
is_gone(const struct plan_in *in, struct walk *w, uint32_t uid)
{
	while (w->gone < in->ngone && in->gone[w->gone] < uid)
		w->gone++;
	return w->gone < in->ngone && in->gone[w->gone] == uid;
}

static bool
has_rec(const struct plan_in *in, struct walk *w, uint32_t uid)
{
	while (w->rec < in->nrec && in->rec[w->rec].uid < uid)
		w->rec++;
	return w->rec < in->nrec && in->rec[w->rec].uid == uid;
}

/* Does it belong here?  All do where there is no window. */
static bool
is_inside(const struct plan_in *in, uint32_t uid)
{
	size_t i;

	if (!in->windowed)
		return true;
	i = search_lower(&uid, in->inside, in->ninside, sizeof uid,
	    search_u32);
	return i < in->ninside && in->inside[i] == uid;
}

/* ---- flags ---- */

struct flags {
	uint64_t base, near, far;
};

/*
 * A flag that a side cannot hold was not taken away there: its bit is as the
 * base has it.
 */
static struct flags
seen_flags(const struct plan_in *in, uint64_t base, uint64_t l, uint64_t r)
{
	struct flags f = { base, l, r };

	f.near = (l & in->lettered) | (base & ~in->lettered);
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
	bool pull = (p->near_gets & GETS_FLAGS) != 0;
	bool push = (p->far_gets & GETS_FLAGS) != 0;

	if (pull && push)
		return merged;
	if (pull)
		return f.far;
	return push ? f.near : f.base;
}

/* The changes to the flags of one side. */
struct change {
	uint64_t add, del;
};

static struct change
change_of(unsigned gets, uint64_t from, uint64_t to, uint64_t can)
{
	return (gets & GETS_FLAGS) == 0 ? (struct change){ 0, 0 } :
	    (struct change){ to & ~from & can, from & ~to & can };
}

static bool
any(struct change c)
{
	return c.add != 0 || c.del != 0;
}

/* r: what the base has of it, or NULL. */
static void
add_flags(struct plan *p, enum act_kind kind, const struct plan_in *in,
    const struct rec *r, const struct act *of, struct change c)
{
	struct act *a = r != NULL ? add_of(p, kind, in, r) : plan_act(p, kind);

	a->uid = of->uid;
	a->file = of->file;
	a->flags = of->flags;
	a->here = of->here;
	a->both = of->both;
	a->add = c.add;
	a->del = c.del;
}

/* of: the message's UID and its file. */
static void
merge(struct plan *p, const struct plan_in *in, const struct rec *r,
    const struct act *of, struct flags f)
{
	uint64_t merged = in->policy.mirror ? f.far :
	    flags_merge(f.base, f.near, f.far);
	struct change far = change_of(in->policy.far_gets, f.far, merged,
	    in->storable);
	struct change near = change_of(in->policy.near_gets, f.near, merged,
	    in->lettered);
	struct act a = *of;

	a.flags = new_base(&in->policy, f, merged);
	if (of->file != NONE)
		a.here = (in->near[of->file].flags | near.add) & ~near.del;
	a.both = any(far);
	if (any(near))
		add_flags(p, ACT_NEAR_FLAGS, in, r, &a, near);
	a.both = false;
	if (any(far))
		add_flags(p, ACT_FAR_FLAGS, in, r, &a, far);
	else if (!any(near) && a.flags != f.base && r != NULL)
		add_flags(p, ACT_BASE_FLAGS, in, r, &a, far);
}

/* ---- what is in the base ---- */

static void
fetch_again(struct plan *p, uint32_t uid)
{
	if ((p->nagain & (p->nagain - 1)) == 0)	/* full at powers of two */
		p->again = mem_grow(p->again, p->nagain > 0 ? 2 * p->nagain :
		    1, sizeof *p->again);
	p->again[p->nagain++] = uid;
}

static bool
purges(const struct plan_in *in, enum purge side)
{
	return in->policy.purge == side || in->policy.purge == PURGE_BOTH;
}

/* Is it settled that it stays there, whatever a later run may do? */
static bool
stays_there(const struct plan_in *in)
{
	return in->policy.far_gets != 0 &&
	    ((in->policy.far_gets & GETS_GONE) == 0 ||
	    in->policy.far_delete == FAR_NEVER);
}

static void
gone_here(struct plan *p, const struct plan_in *in, uint32_t i, uint64_t far)
{
	if (in->no_delete)
		return;
	if (in->windowed && in->rec[i].far_only) {
		if (is_inside(in, in->rec[i].uid))
			fetch_again(p, in->rec[i].uid);
		return;
	}
	if (in->policy.mirror)
		fetch_again(p, in->rec[i].uid);
	if (in->marks && purges(in, PURGE_FAR) &&
	    (in->rec[i].flags & far & in->storable & FLAG_DELETED) != 0)
		add_of(p, ACT_FAR_PURGE, in, &in->rec[i]);
	if (in->policy.far_gets == 0 || in->rec[i].far_only)
		return;		/* one way: seen again, as in gone_there */
	if (stays_there(in))
		add_of(p, ACT_FAR_ONLY, in, &in->rec[i]);
	else if (!in->marks || (far & FLAG_DELETED) == 0)
		add_of(p, ACT_FAR_DELETE, in, &in->rec[i]);
	else if ((in->rec[i].flags & FLAG_DELETED) == 0)
		/* a file that comes back without the mark takes it away */
		add_of(p, ACT_BASE_FLAGS, in, &in->rec[i])->flags =
		    in->rec[i].flags | FLAG_DELETED;
}

static void
purge_here(struct plan *p, const struct plan_in *in, uint32_t i, uint32_t file)
{
	struct act *a = add_of(p, ACT_NEAR_DELETE, in, &in->rec[i]);

	a->file = file;
	a->purge = true;
}

/* Was it marked by both in an earlier run, and is it still?  Then it goes. */
static bool
purge(struct plan *p, const struct plan_in *in, uint32_t i, uint32_t file,
    struct flags f)
{
	bool there = purges(in, PURGE_FAR), here = purges(in, PURGE_NEAR);

	if (in->no_delete || (f.base & f.near & f.far & FLAG_DELETED) == 0 ||
	    (!here && !there) ||
	    (there && (in->storable & FLAG_DELETED) == 0))
		return false;
	if (there)
		add_of(p, ACT_FAR_PURGE, in, &in->rec[i]);
	if (here)
		purge_here(p, in, i, file);
	return true;
}

/* A file that only got a mark when its message was gone there. */
static bool
purge_orphan(struct plan *p, const struct plan_in *in, uint32_t i)
{
	uint32_t file = in->near_same ? NONE : in->file_of[i];

	if (!purges(in, PURGE_NEAR) || in->no_delete ||
	    (in->rec[i].flags & FLAG_DELETED) == 0 || (!in->near_same &&
	    (file == NONE || (in->near[file].flags & FLAG_DELETED) == 0)))
		return false;
	purge_here(p, in, i, file);
	return true;
}

/*
 * Both sides had it marked, and the file has no mark any more.  Either we were
 * deleting the message, which notes the mark before (far_carry.c), and nobody
 * has heard that it was done; or somebody here took the mark away.  Of a stub
 * there is nothing here that could be uploaded.
 */
static bool
came_back(const struct plan_in *in, uint32_t i, uint32_t file)
{
	const struct rec *r = &in->rec[i];

	return !in->policy.mirror && !in->no_delete && file != NONE &&
	    !r->stub && (r->flags & ~in->near[file].flags & FLAG_DELETED) != 0;
}

static void
gone_there(struct plan *p, const struct plan_in *in, uint32_t i,
    uint32_t file)
{
	bool keep = in->no_delete || in->policy.near_delete == NEAR_NEVER ||
	    (in->policy.near_gets & GETS_GONE) == 0;
	struct act *a;

	if (in->policy.near_gets == 0) {
		/* seen again, the day it goes both ways */
		add_of(p, ACT_NOTHING, in, &in->rec[i])->file = file;
		return;
	}
	if (came_back(in, i, file)) {
		add_of(p, ACT_FORGET, in, &in->rec[i])->file = file;
		return;
	}
	a = add_of(p, keep ? ACT_ORPHAN : ACT_NEAR_DELETE, in, &in->rec[i]);
	a->file = file;
	a->stub = in->rec[i].stub;
}

static void
orphan(struct plan *p, const struct plan_in *in, uint32_t i, uint32_t file)
{
	enum act_kind kind = in->policy.mirror ? ACT_NEAR_DELETE : ACT_PUSH;
	struct act *a;

	if (file != NONE && !in->policy.reupload && (!in->policy.mirror ||
	    in->no_delete))
		return;
	a = add_of(p, file == NONE ? ACT_FORGET : kind, in, &in->rec[i]);
	a->file = file;
}

/* Letters that mean nothing may be keywords whose names were lost. */
static uint64_t
flags_here(const struct plan_in *in, uint32_t file, uint64_t base)
{
	const struct near_msg *m = &in->near[file];
	uint64_t system = ((uint64_t)1 << FLAG_KEYWORD) - 1;

	return m->vague ? (m->flags & system) | (base & ~system) | (m->flags
	    & ~base) : m->flags;
}

/* Only what is read, not flagged, and the same on both sides. */
static bool
leaves(struct plan *p, const struct plan_in *in, uint32_t i, uint32_t file,
    struct flags f)
{
	if (in->no_delete || is_inside(in, in->rec[i].uid) ||
	    f.near != f.base || f.far != f.base ||
	    (f.base & (FLAG_SEEN | FLAG_FLAGGED)) != FLAG_SEEN)
		return false;
	add_of(p, ACT_LEAVE, in, &in->rec[i])->file = file;
	return true;
}

static void
plan_known(struct plan *p, const struct plan_in *in, struct walk *w, uint32_t i)
{
	const struct rec *r = &in->rec[i];
	bool here = in->near_same ? !r->far_only : in->file_of[i] != NONE;
	uint32_t file = in->near_same ? NONE : in->file_of[i];
	const struct far_msg *f;
	struct flags flags;

	if (r->kind == REC_ORPHAN) {
		if (!purge_orphan(p, in, i) && !in->near_same)
			orphan(p, in, i, file);
		return;
	}
	f = far_of(in, w, r->uid);
	if (is_gone(in, w, r->uid)) {
		if (here) {
			gone_there(p, in, i, file);
			return;
		}
		add_of(p, ACT_FORGET, in, r);
		return;
	}
	if (!here) {
		gone_here(p, in, i, f != NULL ? f->flags : r->flags);
		return;
	}
	flags = seen_flags(in, r->flags,
	    file != NONE ? flags_here(in, file, r->flags) : r->flags,
	    f != NULL ? f->flags : r->flags);
	/* what both have marked goes, be it outside of the window or not */
	if (!purge(p, in, i, file, flags) && !leaves(p, in, i, file, flags))
		merge(p, in, r, &(struct act){ .uid = r->uid, .file = file },
		    flags);
}

/* ---- what is new ---- */

static int
far_order(const void *uid, const void *far)
{
	return search_order(*(const uint32_t *)uid,
	    ((const struct far_msg *)far)->uid);
}

static void
pair(struct plan *p, const struct plan_in *in, size_t k)
{
	uint32_t l = in->pair[k].near, uid = in->pair[k].uid;
	const struct far_msg *f = &in->far[search_lower(&uid, in->far,
	    in->nfar, sizeof *in->far, far_order)];
	uint64_t here = in->near[l].flags, there = f->flags;
	uint64_t base = in->pair[k].base != UINT64_MAX ? in->pair[k].base :
	    here & there;
	struct act *a = plan_act(p, ACT_PAIR);

	a->uid = uid;
	a->file = l;
	a->flags = base;
	merge(p, in, NULL, &(struct act){ .uid = uid, .file = l },
	    seen_flags(in, base, here, there));
}

/* It goes to the server; to a mirror of that it does not belong. */
static void
new_here(struct plan *p, const struct plan_in *in, uint32_t l)
{
	struct act *a;

	if (in->policy.mirror ? in->no_delete :
	    (in->policy.far_gets & GETS_NEW) == 0)
		return;
	a = plan_act(p, in->policy.mirror ? ACT_NEAR_DELETE : ACT_PUSH);
	a->file = l;
	a->flags = in->near[l].flags;
}

/* fresh, and with it what is to be downloaded again: both are sorted. */
static void
join_again(struct plan *p, const struct plan_in *in)
{
	uint32_t *v;
	size_t i = 0, k = 0, n = 0;

	if (p->nagain == 0)
		return;
	v = mem_new(p->nagain + in->nfresh, sizeof *v);
	while (i < in->nfresh || k < p->nagain)
		if (k == p->nagain || (i < in->nfresh &&
		    in->fresh[i] < p->again[k])) {
			v[n++] = in->fresh[i++];
		} else {
			i += i < in->nfresh && in->fresh[i] == p->again[k];
			v[n++] = p->again[k++];
		}
	free(p->again);
	p->fresh = p->again = v;
	p->nfresh = p->count[ACT_FETCH] = n;
}

/* All that are new there, but for those that the base has by now. */
static void
fetch_all(struct plan *p, const struct plan_in *in)
{
	struct walk w = { 0 };
	size_t i;

	if ((in->policy.near_gets & GETS_NEW) == 0)
		return;
	p->fresh = in->fresh;
	p->nfresh = p->count[ACT_FETCH] = in->nfresh;
	join_again(p, in);
	for (i = 0; in->nrec > 0 && i < in->nfresh; i++)
		if (has_rec(in, &w, in->fresh[i]))
			plan_fetch_not(p, in->fresh[i]);
	for (i = 0; in->windowed && i < in->nfresh; i++)
		if (!is_inside(in, in->fresh[i]))
			plan_fetch_not(p, in->fresh[i]);
}

static void
news(struct plan *p, const struct plan_in *in)
{
	unsigned char *l = mem_new(in->nnear + 1, 1);
	size_t i;

	fetch_all(p, in);
	for (i = 0; i < in->npair; i++) {
		pair(p, in, i);
		plan_fetch_not(p, in->pair[i].uid);
		l[in->pair[i].near] = 1;
	}
	for (i = 0; i < in->nnear; i++)
		if (l[i] == 0 && in->rec_of[i] == NONE)
			new_here(p, in, (uint32_t)i);
	free(l);
}

/* ---- the whole ---- */

/* By kind, for that is the order they are done in; within it, as they come. */
static void
order(struct plan *p)
{
	struct act *v = mem_new(p->n + 1, sizeof *v);
	size_t i, n = 0;
	int k;

	for (k = 0; k < ACT_KINDS; k++)
		for (i = 0; i < p->n; i++)
			if ((int)p->v[i].kind == k)
				v[n++] = p->v[i];
	free(p->v);
	p->v = v;
	p->cap = p->n + 1;
}

void
plan_make(struct plan *p, const struct plan_in *in)
{
	struct walk w = { 0 };
	size_t i;

	*p = (struct plan){ .made = true };
	for (i = 0; i < in->nrec; i++)
		plan_known(p, in, &w, (uint32_t)i);
	news(p, in);
	order(p);
}

void
plan_free(struct plan *p)
{
	free(p->v);
	free(p->taken);
	free(p->again);
	arena_free(&p->names);
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

/* ---- downloads ---- */

static bool
is_taken(const struct plan *p, size_t at)
{
	return p->taken != NULL && (p->taken[at / 8] >> at % 8 & 1) != 0;
}

/* Its place in fresh; nfresh: it is not new. */
static size_t
fresh_place(const struct plan *p, uint32_t uid)
{
	size_t i = search_lower(&uid, p->fresh, p->nfresh, sizeof uid,
	    search_u32);

	return i < p->nfresh && p->fresh[i] == uid ? i : p->nfresh;
}

bool
plan_fetch(const struct plan *p, size_t *at)
{
	while (*at < p->nfresh && is_taken(p, *at))
		++*at;
	return *at < p->nfresh;
}

bool
plan_fetches(const struct plan *p, uint32_t uid)
{
	size_t i = fresh_place(p, uid);

	return i < p->nfresh && !is_taken(p, i);
}

void
plan_fetch_not(struct plan *p, uint32_t uid)
{
	size_t i = fresh_place(p, uid);

	if (i == p->nfresh || is_taken(p, i))
		return;
	if (p->taken == NULL)
		p->taken = mem_new(p->nfresh / 8 + 1, 1);
	p->taken[i / 8] = (unsigned char)(p->taken[i / 8] | 1 << i % 8);
	p->count[ACT_FETCH]--;
}
