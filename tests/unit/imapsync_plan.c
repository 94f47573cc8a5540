/* The plan: what follows from base, here and there, case by case. */
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "near_dir.h"
#include "plan.h"
#include "settings.h"
#include "state.h"
#include "tap.h"

static const struct policy both = { .near_gets = GETS_ALL,
    .far_gets = GETS_ALL };
#define ALL (~(uint64_t)0)

/* One message; each side may have it or not. */
struct one {
	bool base, here, there;
	uint64_t b, l, r;
};

/* What else the base knows: far_only, the file is gone; stub, a header alone. */
static void
decide_rec(struct plan *p, const struct one *c, struct policy policy,
    uint64_t storable, struct rec rec)
{
	struct near_msg local = { .flags = c->l };
	struct far_msg far = { .uid = 7, .flags = c->r, .flags_known = true };
	uint32_t file_of = c->here ? 0 : NONE, gone = 7;
	uint32_t rec_of = c->base ? 0 : NONE, fresh = 7;
	struct plan_in in = { .rec = &rec, .nrec = c->base, .names = "",
	    .near = &local, .nnear = c->here, .file_of = &file_of,
	    .rec_of = &rec_of, .far = &far,
	    .nfar = c->there && c->base && c->r != c->b, .gone = &gone,
	    .fresh = &fresh, .nfresh = c->there && !c->base,
	    .ngone = c->base && !c->there, .storable = storable,
	    .lettered = ALL, .policy = policy };

	rec.uid = 7;
	rec.flags = c->b;
	plan_make(p, &in);
}

static void
decide(struct plan *p, const struct one *c, struct policy policy,
    uint64_t storable)
{
	decide_rec(p, c, policy, storable, (struct rec){ 0 });
}

static const struct act *
only(const struct plan *p, enum act_kind kind)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].kind == kind)
			return &p->v[i];
	return NULL;
}

/*
 * Flags that change on both sides: the act here leaves the base to the one
 * there, which knows what the file has to have by then.
 */
static void
partners(void)
{
	/* one is set here, one there, and one is taken away there */
	enum { HERE = FLAG_SEEN | FLAG_FLAGGED, THERE = FLAG_DRAFT };
	struct rec rec[3] = { { .uid = 1, .flags = FLAG_FLAGGED },
	    { .uid = 2, .flags = FLAG_FLAGGED },
	    { .uid = 3, .flags = FLAG_FLAGGED } };
	struct near_msg local[3] = { { .flags = HERE }, { .flags = HERE },
	    { .flags = HERE } };
	struct far_msg far[3] = { { .uid = 1, .flags = THERE },
	    { .uid = 2, .flags = THERE }, { .uid = 3, .flags = THERE } };
	uint32_t same[3] = { 0, 1, 2 };
	struct plan_in in = { .rec = rec, .nrec = 3, .names = "", .near = local,
	    .nnear = 3, .file_of = same, .rec_of = same, .far = far,
	    .nfar = 3, .storable = ALL, .lettered = ALL, .policy = both };
	struct plan p;
	size_t i, good = 0;

	plan_make(&p, &in);
	for (i = 0; i < p.n; i++) {
		const struct act *a = &p.v[i];

		good += a->kind == ACT_NEAR_FLAGS ? a->both :
		    a->here == (FLAG_SEEN | FLAG_DRAFT);
	}
	is_int(p.count[ACT_FAR_FLAGS], 3, "three store flags there");
	is_int(good, 6, "and each act knows of the other side");
	plan_free(&p);
}

static void
presence(void)
{
	static const struct {
		struct one c;
		int kind;		/* -1: nothing */
		const char *name;
	} v[] = {
		{ { true, true, true, 0, 0, 0 }, -1, "known on both sides" },
		{ { true, true, false, 0, 0, 0 }, ACT_NEAR_DELETE,
		    "gone there" },
		{ { true, false, true, 0, 0, 0 }, ACT_FAR_DELETE,
		    "gone here" },
		{ { true, false, false, 0, 0, 0 }, ACT_FORGET,
		    "gone on both sides" },
		{ { false, true, false, 0, 0, 0 }, ACT_PUSH, "new here" },
		{ { false, false, true, 0, 0, 0 }, ACT_FETCH, "new there" },
		{ { true, false, true, 0, 0, FLAG_SEEN }, ACT_FAR_DELETE,
		    "gone here, changed there" },
		{ { true, true, false, 0, FLAG_SEEN, 0 }, ACT_NEAR_DELETE,
		    "gone there, changed here" },
		{ { true, true, false, FLAG_DELETED, 0, 0 }, ACT_FORGET,
		    "gone there, and not marked any more here" },
		{ { true, true, false, FLAG_DELETED, FLAG_DELETED, 0 },
		    ACT_NEAR_DELETE, "gone there, marked here" },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct plan p;

		decide(&p, &v[i].c, both, ALL);
		if (v[i].kind < 0)
			ok(p.n == 0, "%s: nothing", v[i].name);
		else
			ok(p.n + p.count[ACT_FETCH] == 1 &&
			    p.count[v[i].kind] == 1, "%s", v[i].name);
		plan_free(&p);
	}
}

/* What is new there, but what the base knows by now, a pair, and a move. */
static void
downloads(void)
{
	struct rec rec[2] = { { .uid = 2 }, { .uid = 5 } };
	struct near_msg local = { .flags = FLAG_SEEN };
	struct far_msg far = { .uid = 7, .flags = FLAG_SEEN };
	uint32_t fresh[] = { 1, 2, 3, 7, 9 }, none[2] = { NONE, NONE };
	uint32_t known[] = { 2, 5, 6 };
	struct pair pair = { .near = 0, .uid = 7, .base = UINT64_MAX };
	struct plan_in in = { .rec = rec, .nrec = 2, .names = "",
	    .near = &local, .nnear = 1, .file_of = none, .rec_of = none,
	    .far = &far, .nfar = 1, .fresh = fresh, .nfresh = 5,
	    .pair = &pair, .npair = 1, .storable = ALL, .lettered = ALL,
	    .policy = both };
	struct plan p;
	size_t k = 0;

	plan_make(&p, &in);
	is_int(p.count[ACT_FETCH], 3, "three downloads");
	is_int(p.count[ACT_PAIR], 1, "one pair");
	is_int(p.count[ACT_PUSH], 0, "which is no upload");
	plan_fetch_not(&p, 3);
	plan_fetch_not(&p, 3);
	is_int(p.count[ACT_FETCH], 2, "one of them was moved");
	ok(plan_fetches(&p, 1) && !plan_fetches(&p, 2) &&
	    !plan_fetches(&p, 3) && !plan_fetches(&p, 4) &&
	    !plan_fetches(&p, 7), "who is one");
	ok(plan_fetch(&p, &k) && fresh[k++] == 1 && plan_fetch(&p, &k) &&
	    fresh[k++] == 9 && !plan_fetch(&p, &k), "in order");
	plan_free(&p);
	in.npair = 0;
	in.fresh = known;
	in.nfresh = 3;
	plan_make(&p, &in);
	ok(p.count[ACT_FETCH] == 1 && plan_fetches(&p, 6),
	    "the first and the second are known by now");
	plan_free(&p);
	in.policy.near_gets = 0;
	plan_make(&p, &in);
	k = 0;
	ok(p.count[ACT_FETCH] == 0 && !plan_fetch(&p, &k),
	    "none where nothing is pulled");
	plan_free(&p);
}

/* Every flag, base, here, there: both sides end with the merged flag. */
static void
matrix(void)
{
	static const uint64_t bits[] = { FLAG_SEEN, FLAG_ANSWERED,
	    FLAG_FLAGGED, FLAG_DRAFT, FLAG_DELETED, FLAG_FORWARDED,
	    (uint64_t)1 << FLAG_KEYWORD, (uint64_t)1 << 63 };
	size_t i;
	int k;

	for (i = 0; i < sizeof bits / sizeof *bits; i++)
		for (k = 0; k < 8; k++) {
			uint64_t b = k & 1 ? bits[i] : 0;
			uint64_t l = k & 2 ? bits[i] : 0;
			uint64_t r = k & 4 ? bits[i] : 0;
			uint64_t want = b == l ? r : b == r ? l : l;
			struct one c = { true, true, true, b, l, r };
			const struct act *n, *f;
			struct plan p;
			uint64_t nl = l, nr = r;

			decide(&p, &c, both, ALL);
			n = only(&p, ACT_NEAR_FLAGS);
			f = only(&p, ACT_FAR_FLAGS);
			if (n != NULL)
				nl = (l | n->add) & ~n->del;
			if (f != NULL)
				nr = (r | f->add) & ~f->del;
			ok(nl == want && nr == want &&
			    (p.n > 0) == (l != want || r != want || b != want)
			    && (p.n == 0 || p.v[0].flags == want),
			    "bit %zu, case %d", i, k);
			ok((n == NULL || n->both == (f != NULL)) &&
			    (f == NULL || f->here == nl),
			    "bit %zu, case %d: who tells the base", i, k);
			plan_free(&p);
		}
}

static void
unstorable(void)
{
	uint64_t key = (uint64_t)1 << FLAG_KEYWORD;
	struct one c = { true, true, true, 0, key, 0 };
	struct plan p;

	decide(&p, &c, both, FLAG_SEEN);
	ok(p.n == 1 && p.v[0].kind == ACT_BASE_FLAGS && p.v[0].flags == key,
	    "a keyword the server does not keep is remembered, not sent");
	plan_free(&p);
	c.b = key;
	decide(&p, &c, both, FLAG_SEEN);
	ok(p.n == 0, "and not tried again");
	plan_free(&p);
	c.l = 0;
	decide(&p, &c, both, FLAG_SEEN);
	ok(p.n == 1 && p.v[0].kind == ACT_BASE_FLAGS && p.v[0].flags == 0,
	    "and it can be taken away again here");
	plan_free(&p);
}

static void
one_way(void)
{
	struct policy pull = { .near_gets = GETS_ALL };
	struct policy push = { .far_gets = GETS_ALL };
	struct one c = { true, true, true, 0, FLAG_SEEN, FLAG_FLAGGED };
	struct plan p;

	decide(&p, &c, pull, ALL);
	ok(p.n == 1 && p.v[0].kind == ACT_NEAR_FLAGS && p.v[0].add ==
	    FLAG_FLAGGED && p.v[0].flags == FLAG_FLAGGED,
	    "pull: their flag comes, ours waits");
	plan_free(&p);
	decide(&p, &c, push, ALL);
	ok(p.n == 1 && p.v[0].kind == ACT_FAR_FLAGS && p.v[0].add ==
	    FLAG_SEEN && p.v[0].flags == FLAG_SEEN, "push: ours goes");
	plan_free(&p);
	c = (struct one){ true, false, true, 0, 0, 0 };
	decide(&p, &c, pull, ALL);
	ok(p.n == 0, "pull: what is gone here is not deleted there");
	plan_free(&p);
	c = (struct one){ true, true, false, 0, 0, 0 };
	decide(&p, &c, push, ALL);
	ok(p.n == 1 && p.v[0].kind == ACT_NOTHING,
	    "push: what is gone there stays here");
	plan_free(&p);
	c = (struct one){ false, true, false, 0, 0, 0 };
	decide(&p, &c, pull, ALL);
	ok(p.n == 0, "pull: new files stay here");
	plan_free(&p);
	c = (struct one){ false, false, true, 0, 0, 0 };
	decide(&p, &c, push, ALL);
	ok(p.n == 0, "push: new messages stay there");
	plan_free(&p);
}

/*
 * What each side gets, all kinds by themselves: one message gone here, one gone
 * there, one new here, one new there, and one with other flags on both sides.
 */
static void
parts(void)
{
	static const struct one gone_here = { true, false, true, 0, 0, 0 },
	    gone_there = { true, true, false, 0, 0, 0 },
	    new_here = { false, true, false, 0, 0, 0 },
	    new_there = { false, false, true, 0, 0, 0 },
	    flags = { true, true, true, 0, FLAG_SEEN, FLAG_FLAGGED };
	struct policy policy = both;
	struct plan p;
	unsigned near, far;

	for (near = 1; near <= GETS_ALL; near++)
		for (far = 1; far <= GETS_ALL; far++) {
			bool pull = (near & GETS_FLAGS) != 0;
			bool push = (far & GETS_FLAGS) != 0;

			policy.near_gets = near;
			policy.far_gets = far;
			decide(&p, &gone_here, policy, ALL);
			ok(p.n == 1 && p.v[0].kind == ((far & GETS_GONE) != 0 ?
			    ACT_FAR_DELETE : ACT_FAR_ONLY),
			    "%u %u: gone here", near, far);
			plan_free(&p);
			decide(&p, &gone_there, policy, ALL);
			ok(p.n == 1 && p.v[0].kind == ((near & GETS_GONE) != 0 ?
			    ACT_NEAR_DELETE : ACT_ORPHAN),
			    "%u %u: gone there", near, far);
			plan_free(&p);
			decide(&p, &new_here, policy, ALL);
			ok(p.count[ACT_PUSH] == ((far & GETS_NEW) != 0) &&
			    p.n == p.count[ACT_PUSH], "%u %u: new here", near,
			    far);
			plan_free(&p);
			decide(&p, &new_there, policy, ALL);
			ok(p.count[ACT_FETCH] == ((near & GETS_NEW) != 0) &&
			    p.n == 0, "%u %u: new there", near, far);
			plan_free(&p);
			decide(&p, &flags, policy, ALL);
			ok(p.count[ACT_NEAR_FLAGS] == pull &&
			    p.count[ACT_FAR_FLAGS] == push &&
			    p.n == p.count[ACT_NEAR_FLAGS] +
			    p.count[ACT_FAR_FLAGS], "%u %u: other flags", near,
			    far);
			ok(p.n == 0 || p.v[0].flags ==
			    ((push ? FLAG_SEEN : 0) |
			    (pull ? FLAG_FLAGGED : 0)),
			    "%u %u: the base has what both have", near, far);
			plan_free(&p);
		}
}

/* Once settled, it stays there whatever a later run may do. */
static void
far_only(void)
{
	struct one c = { true, false, true, 0, 0, FLAG_SEEN };
	struct policy mirror = { .near_gets = GETS_ALL, .mirror = true };
	struct policy never = both;
	struct rec known = { .far_only = true };
	struct plan p;

	decide_rec(&p, &c, both, ALL, known);
	ok(p.n + p.count[ACT_FETCH] == 0,
	    "far-only: it is not deleted later, nor fetched");
	plan_free(&p);
	decide_rec(&p, &c, mirror, ALL, known);
	ok(p.n == 0 && p.count[ACT_FETCH] == 1, "far-only: a mirror has it");
	plan_free(&p);
	c.there = false;
	decide_rec(&p, &c, both, ALL, known);
	ok(p.n == 1 && p.v[0].kind == ACT_FORGET, "far-only: gone there, too");
	plan_free(&p);
	c = (struct one){ true, true, true, 0, 0, FLAG_SEEN };
	decide_rec(&p, &c, both, ALL, known);
	ok(p.n == 1 && p.v[0].kind == ACT_NEAR_FLAGS, "far-only: it is back");
	plan_free(&p);
	c = (struct one){ true, false, true, 0, 0, 0 };
	never.far_delete = FAR_NEVER;
	decide(&p, &c, never, ALL);
	ok(p.n == 1 && p.v[0].kind == ACT_FAR_ONLY, "far-only: by never");
	plan_free(&p);
}

/* A stub is no file that could be uploaded, whatever its mark says. */
static void
stubs(void)
{
	struct one c = { true, true, false, FLAG_DELETED, 0, 0 };
	struct rec stub = { .stub = true };
	struct plan p;

	decide_rec(&p, &c, both, ALL, stub);
	ok(p.n == 1 && p.v[0].kind == ACT_NEAR_DELETE && p.v[0].stub,
	    "a stub, gone there, and not marked any more here: deleted");
	plan_free(&p);
	c.there = true;
	c.r = FLAG_DELETED;
	decide_rec(&p, &c, both, ALL, stub);
	ok(p.n == 1 && p.v[0].kind == ACT_FAR_FLAGS &&
	    p.v[0].del == FLAG_DELETED,
	    "a stub, there still: its mark is taken away there");
	plan_free(&p);
}

static void
mirror(void)
{
	struct policy mirror = { .near_gets = GETS_ALL, .mirror = true };
	struct one c = { true, true, true, FLAG_DRAFT, FLAG_SEEN,
	    FLAG_FLAGGED };
	struct plan p;
	size_t k = 0;

	decide(&p, &c, mirror, ALL);
	ok(p.n == 1 && p.v[0].kind == ACT_NEAR_FLAGS && p.v[0].add ==
	    FLAG_FLAGGED && p.v[0].del == FLAG_SEEN && p.v[0].flags ==
	    FLAG_FLAGGED, "mirror: the flags are those of the server");
	plan_free(&p);
	c = (struct one){ true, false, true, 0, 0, 0 };
	decide(&p, &c, mirror, ALL);
	ok(p.n == 0 && p.count[ACT_FETCH] == 1 && plan_fetch(&p, &k) &&
	    p.fresh[k] == 7, "mirror: what is gone here comes again");
	plan_free(&p);
	c = (struct one){ false, true, false, 0, 0, 0 };
	decide(&p, &c, mirror, ALL);
	ok(p.n == 1 && p.v[0].kind == ACT_NEAR_DELETE && p.v[0].uid == 0 &&
	    p.v[0].file == 0, "mirror: what is here alone goes");
	plan_free(&p);
	c = (struct one){ true, false, false, 0, 0, 0 };
	decide(&p, &c, mirror, ALL);
	ok(p.n == 1 && p.v[0].kind == ACT_FORGET && p.count[ACT_FETCH] == 0,
	    "mirror: what is gone on both sides stays away");
	plan_free(&p);
}

/* Downloads of new messages and of known ones, by UID. */
static void
again(void)
{
	static const uint32_t want[] = { 2, 3, 5, 8, 9, 11 };
	struct rec rec[] = { { .uid = 3 }, { .uid = 5 }, { .uid = 8 },
	    { .uid = 11 } };
	uint32_t none[] = { NONE, NONE, NONE, NONE };
	uint32_t fresh[] = { 2, 9 }, known[] = { 2, 3, 9 };
	struct near_msg alone = { .flags = 0 };
	struct plan_in in = { .rec = rec, .nrec = 4, .names = "",
	    .file_of = none, .fresh = fresh, .nfresh = 2, .storable = ALL,
	    .lettered = ALL, .policy = { .near_gets = GETS_ALL,
	    .mirror = true } };
	struct plan p;

	plan_make(&p, &in);
	ok(p.count[ACT_FETCH] == 6 && p.nfresh == 6 &&
	    memcmp(p.fresh, want, sizeof want) == 0,
	    "mirror: known ones among the new ones, in order");
	plan_free(&p);
	in.fresh = known;
	in.nfresh = 3;
	plan_make(&p, &in);
	ok(p.nfresh == 6 && memcmp(p.fresh, want, sizeof want) == 0,
	    "mirror: one that is new, too, is there once");
	plan_free(&p);
	in.fresh = fresh;
	in.nfresh = 2;
	in.near = &alone;
	in.nnear = 1;
	in.rec_of = none;
	in.no_delete = true;
	plan_make(&p, &in);
	ok(p.count[ACT_FETCH] == 2 && p.n == 0,
	    "mirror: of other UIDs nothing is known to be gone here");
	plan_free(&p);
}

/* Marked in the base and on both sides, and by nobody else. */
static void
purging(void)
{
	struct policy policy = both;
	struct one c = { true, true, true, FLAG_DELETED, FLAG_DELETED,
	    FLAG_DELETED };
	struct plan p;
	int side, off;

	for (side = PURGE_NEAR; side <= PURGE_BOTH; side++) {
		policy.purge = (enum purge)side;
		decide(&p, &c, policy, ALL);
		ok(p.count[ACT_FAR_PURGE] == (side != PURGE_NEAR) &&
		    p.count[ACT_NEAR_DELETE] == (side != PURGE_FAR) &&
		    p.n == 1 + (side == PURGE_BOTH), "purge: side %d", side);
		plan_free(&p);
	}
	for (off = 0; off < 3; off++) {
		c.b = off == 0 ? 0 : FLAG_DELETED;
		c.l = off == 1 ? 0 : FLAG_DELETED;
		c.r = off == 2 ? 0 : FLAG_DELETED;
		decide(&p, &c, policy, ALL);
		ok(p.count[ACT_FAR_PURGE] + p.count[ACT_NEAR_DELETE] == 0,
		    "purge: not marked in all three, %d", off);
		plan_free(&p);
	}
	c = (struct one){ true, true, true, FLAG_DELETED, FLAG_DELETED |
	    FLAG_SEEN, FLAG_DELETED };
	decide(&p, &c, policy, ALL);
	ok(p.n == 2 && p.count[ACT_FAR_FLAGS] == 0,
	    "purge: what goes gets no other flags");
	plan_free(&p);
	c = (struct one){ true, true, true, FLAG_DELETED, FLAG_DELETED,
	    FLAG_DELETED };
	decide(&p, &c, policy, FLAG_SEEN);
	ok(p.n == 0, "purge: not where the server cannot mark");
	plan_free(&p);
}

/* A file that is here alone since the UIDs have changed. */
static void
orphans(void)
{
	static const struct {
		bool here, mirror, reupload, unsure;
		int kind;		/* -1: nothing */
	} v[] = {
		{ true, false, false, false, -1 },
		{ true, false, true, false, ACT_PUSH },
		{ true, true, false, false, ACT_NEAR_DELETE },
		{ true, true, false, true, -1 },
		{ false, false, false, false, ACT_FORGET },
		{ false, true, false, true, ACT_FORGET },
	};
	struct rec rec = { .kind = REC_ORPHAN };
	struct near_msg local = { .flags = 0 };
	uint32_t file_of, rec_of = 0;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct plan_in in = { .rec = &rec, .nrec = 1, .names = "",
		    .near = &local, .nnear = v[i].here, .file_of = &file_of,
		    .rec_of = &rec_of, .storable = ALL, .lettered = ALL,
		    .no_delete = v[i].unsure, .policy = both };
		struct plan p;

		file_of = v[i].here ? 0 : NONE;
		in.policy.mirror = v[i].mirror;
		in.policy.reupload = v[i].reupload;
		plan_make(&p, &in);
		ok(v[i].kind < 0 ? p.n == 0 : p.n == 1 &&
		    (int)p.v[0].kind == v[i].kind && p.v[0].uid == 0,
		    "orphan: case %zu", i);
		plan_free(&p);
	}
}

/* Where not all is seen, or the UIDs are others, nothing is deleted. */
static void
unsure(void)
{
	struct rec rec[2] = { { .uid = 3 }, { .uid = 5, .flags =
	    FLAG_DELETED } };
	struct near_msg local[2] = { { .flags = 0 }, { .flags =
	    FLAG_DELETED } };
	struct far_msg far = { .uid = 5, .flags = FLAG_DELETED };
	uint32_t same[2] = { 0, 1 }, none[2] = { NONE, NONE }, gone = 3;
	struct plan_in in = { .rec = rec, .nrec = 2, .names = "",
	    .near = local, .nnear = 2, .file_of = same, .rec_of = same,
	    .far = &far, .nfar = 1, .gone = &gone, .ngone = 1,
	    .storable = ALL, .lettered = ALL, .no_delete = true,
	    .policy = both };
	struct plan p;

	in.policy.purge = PURGE_BOTH;
	plan_make(&p, &in);
	ok(p.n == 1 && p.v[0].kind == ACT_ORPHAN && p.v[0].uid == 3,
	    "unsure: what is gone there is kept, what is marked not purged");
	plan_free(&p);
	in.file_of = none;
	in.nnear = in.ngone = 0;
	plan_make(&p, &in);
	ok(p.n == 0, "unsure: what is gone here is not deleted there");
	plan_free(&p);
}

/* Where deleting there is but a mark. */
static void
marks(void)
{
	static const struct {
		uint64_t base, far;
		int kind;		/* -1: nothing */
		enum purge purge;
	} v[] = {
		{ 0, 0, ACT_FAR_DELETE, PURGE_NONE },
		{ FLAG_SEEN, FLAG_SEEN | FLAG_DELETED, ACT_BASE_FLAGS,
		    PURGE_NONE },
		{ FLAG_DELETED, FLAG_DELETED, -1, PURGE_NONE },
		{ FLAG_DELETED, 0, ACT_FAR_DELETE, PURGE_NONE },
		{ FLAG_DELETED, FLAG_DELETED, ACT_FAR_PURGE, PURGE_FAR },
		{ FLAG_DELETED, FLAG_DELETED, ACT_FAR_PURGE, PURGE_BOTH },
		{ FLAG_DELETED, FLAG_DELETED, -1, PURGE_NEAR },
		{ FLAG_DELETED, 0, ACT_FAR_DELETE, PURGE_FAR },
		{ FLAG_SEEN, FLAG_SEEN | FLAG_DELETED, ACT_BASE_FLAGS,
		    PURGE_FAR },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct rec rec = { .uid = 7, .flags = v[i].base };
		struct far_msg far = { .uid = 7, .flags = v[i].far };
		uint32_t none = NONE;
		struct plan_in in = { .rec = &rec, .nrec = 1, .names = "",
		    .file_of = &none, .far = &far, .nfar = 1,
		    .storable = ALL, .lettered = ALL, .marks = true,
		    .policy = both };
		struct plan p;

		in.policy.purge = v[i].purge;
		plan_make(&p, &in);
		ok(v[i].kind < 0 ? p.n == 0 : p.n == 1 &&
		    (int)p.v[0].kind == v[i].kind && (v[i].kind !=
		    ACT_BASE_FLAGS || p.v[0].flags == v[i].far),
		    "marks: case %zu", i);
		plan_free(&p);
	}
}

/* Letters without names may be the keywords of the base; others are new. */
static void
vague(void)
{
	enum { ONE = 1 << FLAG_KEYWORD, TWO = 2 << FLAG_KEYWORD };
	struct rec rec = { .uid = 7, .flags = ONE | FLAG_DRAFT };
	struct near_msg local = { .flags = TWO | FLAG_SEEN, .vague = true };
	uint32_t same = 0;
	struct plan_in in = { .rec = &rec, .nrec = 1, .names = "",
	    .near = &local, .nnear = 1, .file_of = &same, .rec_of = &same,
	    .storable = ALL, .lettered = ALL, .policy = both };
	const struct act *a;
	struct plan p;

	plan_make(&p, &in);
	a = only(&p, ACT_FAR_FLAGS);
	ok(p.n == 1 && a != NULL && a->add == (TWO | FLAG_SEEN) &&
	    a->del == FLAG_DRAFT, "vague letters take no keyword away");
	plan_free(&p);
}

/* A file without a message there that has got a mark: alone, or as it was. */
static void
marked_orphans(void)
{
	enum { D = FLAG_DELETED };
	static const struct {
		enum purge purge;
		bool same, unsure, here;
		uint64_t base, near;
		int kind;		/* -1: nothing */
	} v[] = {
		{ PURGE_NEAR, false, false, true, D, D, ACT_NEAR_DELETE },
		{ PURGE_BOTH, false, false, true, D, D, ACT_NEAR_DELETE },
		{ PURGE_NONE, false, false, true, D, D, -1 },
		{ PURGE_FAR, false, false, true, D, D, -1 },
		{ PURGE_NEAR, false, true, true, D, D, -1 },
		{ PURGE_NEAR, false, false, true, 0, D, -1 },
		{ PURGE_NEAR, false, false, true, D, 0, -1 },
		{ PURGE_NEAR, false, false, false, D, 0, ACT_FORGET },
		{ PURGE_NEAR, true, false, true, D, 0, ACT_NEAR_DELETE },
		{ PURGE_NEAR, true, false, true, 0, 0, -1 },
		{ PURGE_FAR, true, false, true, D, 0, -1 },
		{ PURGE_NEAR, true, true, true, D, 0, -1 },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct rec rec = { .kind = REC_ORPHAN, .flags = v[i].base };
		struct near_msg local = { .flags = v[i].near };
		uint32_t file_of = v[i].here ? 0 : NONE, rec_of = 0;
		struct plan_in in = { .rec = &rec, .nrec = 1, .names = "",
		    .storable = ALL, .lettered = ALL, .policy = both,
		    .no_delete = v[i].unsure, .near_same = v[i].same };
		struct plan p;

		if (!v[i].same) {
			in.near = &local;
			in.nnear = v[i].here;
			in.file_of = &file_of;
			in.rec_of = &rec_of;
		}
		in.policy.purge = v[i].purge;
		in.policy.reupload = v[i].kind == ACT_NEAR_DELETE;
		plan_make(&p, &in);
		ok(v[i].kind < 0 ? p.n == 0 : p.n == 1 &&
		    (int)p.v[0].kind == v[i].kind && p.v[0].purge ==
		    (v[i].kind == ACT_NEAR_DELETE), "marked orphan: case %zu",
		    i);
		plan_free(&p);
	}
}

/* What leaves a window: only what is read, not flagged, and in step. */
static void
leaving(void)
{
	enum { S = FLAG_SEEN, F = FLAG_FLAGGED, D = FLAG_DELETED };
	static const struct {
		uint64_t base, near, far;
		bool inside, unsure;
		int kind;		/* -1: nothing */
	} v[] = {
		{ S, S, S, false, false, ACT_LEAVE },
		{ S | FLAG_DRAFT, S | FLAG_DRAFT, S | FLAG_DRAFT, false, false,
		    ACT_LEAVE },
		{ S, S, S, true, false, -1 },
		{ S, S, S, false, true, -1 },
		{ 0, 0, 0, false, false, -1 },
		{ S | F, S | F, S | F, false, false, -1 },
		{ S, S | D, S, false, false, ACT_FAR_FLAGS },
		{ S, S, S | D, false, false, ACT_NEAR_FLAGS },
		{ S, S | D, S | D, false, false, ACT_BASE_FLAGS },
		{ 0, S, S, false, false, ACT_BASE_FLAGS },
	};
	static const uint32_t uid = 7;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct rec rec = { .uid = 7, .flags = v[i].base };
		struct near_msg local = { .flags = v[i].near };
		struct far_msg far = { .uid = 7, .flags = v[i].far };
		uint32_t same = 0;
		struct plan_in in = { .rec = &rec, .nrec = 1, .names = "",
		    .near = &local, .nnear = 1, .file_of = &same,
		    .rec_of = &same, .far = &far, .nfar = 1, .storable = ALL,
		    .lettered = ALL, .policy = both, .windowed = true,
		    .inside = &uid, .ninside = v[i].inside,
		    .no_delete = v[i].unsure };
		struct plan p;

		plan_make(&p, &in);
		ok(v[i].kind < 0 ? p.n == 0 : p.n == 1 &&
		    (int)p.v[0].kind == v[i].kind, "leaving: case %zu", i);
		plan_free(&p);
	}
}

/* With a window what is gone here was deleted, or was never to be here. */
static void
gone_of_window(void)
{
	static const uint32_t inside[] = { 5, 9 };
	static const struct {
		uint32_t uid;
		bool windowed, far_only;
		int kind;		/* -1: nothing */
	} v[] = {
		{ 7, true, true, -1 },
		{ 4, true, true, -1 },
		{ 5, true, true, ACT_FETCH },
		{ 9, true, true, ACT_FETCH },
		{ 10, true, true, -1 },
		{ 5, true, false, ACT_FAR_DELETE },
		{ 7, true, false, ACT_FAR_DELETE },
		{ 5, false, true, -1 },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct rec rec = { .uid = v[i].uid,
		    .far_only = v[i].far_only };
		uint32_t none = NONE;
		struct plan_in in = { .rec = &rec, .nrec = 1, .names = "",
		    .file_of = &none, .storable = ALL, .lettered = ALL,
		    .policy = both, .windowed = v[i].windowed,
		    .inside = inside, .ninside = 2 };
		struct plan p;

		plan_make(&p, &in);
		ok(p.n + p.count[ACT_FETCH] == (v[i].kind >= 0) &&
		    (v[i].kind < 0 || p.count[v[i].kind] == 1),
		    "gone, with a window: case %zu", i);
		plan_free(&p);
	}
}

/* Of what is new there only what belongs here comes. */
static void
new_of_window(void)
{
	static const uint32_t inside[] = { 5, 9 }, fresh[] = { 4, 5, 7, 10 };
	struct plan_in in = { .names = "", .fresh = fresh, .nfresh = 4,
	    .storable = ALL, .lettered = ALL, .policy = both,
	    .windowed = true, .inside = inside, .ninside = 2 };
	struct plan p;

	plan_make(&p, &in);
	ok(p.count[ACT_FETCH] == 1 && plan_fetches(&p, 5) && p.n == 0,
	    "new, with a window: one of four comes");
	plan_free(&p);
}

/* Whose record it is is told by its name where there is no UID. */
static void
names(void)
{
	static const char text[] = "one\0two";
	struct rec rec[2] = { { .kind = REC_ORPHAN, .name = 4 },
	    { .uid = 7 } };
	uint32_t none[2] = { NONE, NONE }, gone = 7;
	struct plan_in in = { .rec = rec, .nrec = 2, .names = text,
	    .file_of = none, .gone = &gone, .ngone = 1, .storable = ALL,
	    .lettered = ALL, .policy = both };
	struct plan p;
	size_t at = 0;

	plan_make(&p, &in);
	ok(!plan_next(&p, ACT_PUSH, &at), "no uploads");
	at = 0;
	ok(plan_next(&p, ACT_FORGET, &at) && at == 0, "the first to forget");
	is_str(p.v[at].name, "two", "by its name");
	at++;
	ok(plan_next(&p, ACT_FORGET, &at) && at == 1, "the second");
	is_str(p.v[at].name, "one", "by its name");
	at++;
	ok(!plan_next(&p, ACT_FORGET, &at) && at == 2, "and no more");
	plan_become(&p, &p.v[0], ACT_NOTHING);
	at = 0;
	ok(p.count[ACT_NOTHING] == 1 && p.count[ACT_FORGET] == 1 &&
	    plan_next(&p, ACT_FORGET, &at) && at == 1,
	    "one becomes nothing, and the other stays");
	plan_free(&p);
}

/* A Maildir that did not change is as the base says. */
static void
not_scanned(void)
{
	static const struct {
		bool far_only, gone;
		uint64_t far;
		int kind;		/* -1: nothing */
	} v[] = {
		{ false, false, 0, -1 },
		{ false, false, FLAG_SEEN, ACT_NEAR_FLAGS },
		{ false, true, 0, ACT_NEAR_DELETE },
		{ true, false, FLAG_SEEN, -1 },
		{ true, true, 0, ACT_FORGET },
	};
	static const uint32_t gone = 7;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct rec rec = { .uid = 7, .far_only = v[i].far_only };
		struct far_msg far = { .uid = 7, .flags = v[i].far };
		struct plan_in in = { .rec = &rec, .nrec = 1, .names = "",
		    .near_same = true, .far = &far, .nfar = !v[i].gone,
		    .gone = &gone, .ngone = v[i].gone, .storable = ALL,
		    .lettered = ALL, .policy = both };
		struct plan p;

		plan_make(&p, &in);
		ok(v[i].kind < 0 ? p.n + p.count[ACT_FETCH] == 0 : p.n == 1 &&
		    (int)p.v[0].kind == v[i].kind && p.v[0].file == NONE,
		    "not scanned: case %zu", i);
		plan_free(&p);
	}
}

/* What is done here is before what is done there, whoever is first. */
static void
in_order(void)
{
	struct rec rec[2] = { { .uid = 3 }, { .uid = 5 } };
	struct near_msg local[2] = { { .flags = FLAG_SEEN }, { .flags = 0 } };
	struct far_msg far = { .uid = 5, .flags = FLAG_SEEN };
	uint32_t same[2] = { 0, 1 };
	struct plan_in in = { .rec = rec, .nrec = 2, .names = "",
	    .near = local, .nnear = 2, .file_of = same, .rec_of = same,
	    .far = &far, .nfar = 1, .storable = ALL, .lettered = ALL,
	    .policy = both };
	struct plan p;

	plan_make(&p, &in);
	ok(p.n == 2 && (p.v[0].kind < p.v[1].kind) && (p.v[0].uid == 3) ==
	    (ACT_FAR_FLAGS < ACT_NEAR_FLAGS) && p.v[0].file + p.v[1].file == 1,
	    "acts are in the order of their kinds");
	plan_free(&p);
}

/* The flags of a pair are merged, by what an earlier state knew of them. */
static void
paired_flags(void)
{
	enum { S = FLAG_SEEN, F = FLAG_FLAGGED };
	static const struct {
		uint64_t base, near, far;	/* before */
		uint64_t add_near, del_near, add_far, del_far;
	} v[] = {
		{ UINT64_MAX, S, F, F, 0, S, 0 },
		{ UINT64_MAX, S | F, S | F, 0, 0, 0, 0 },
		{ S, 0, S, 0, 0, 0, S },
		{ F, F | S, 0, 0, F, S, 0 },
		{ 0, S, 0, 0, 0, S, 0 },
	};
	size_t i, k;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct near_msg local = { .flags = v[i].near };
		struct far_msg far = { .uid = 7, .flags = v[i].far };
		struct pair pair = { .near = 0, .uid = 7, .base = v[i].base };
		uint32_t fresh = 7, none = NONE;
		struct plan_in in = { .names = "", .near = &local, .nnear = 1,
		    .rec_of = &none, .far = &far, .nfar = 1, .fresh = &fresh,
		    .nfresh = 1, .pair = &pair, .npair = 1, .storable = ALL,
		    .lettered = ALL, .policy = both };
		const struct act *n, *f, *a;
		struct plan p;

		plan_make(&p, &in);
		n = only(&p, ACT_NEAR_FLAGS);
		f = only(&p, ACT_FAR_FLAGS);
		a = only(&p, ACT_PAIR);
		for (k = 1; k < p.n && p.v[k - 1].kind <= p.v[k].kind; k++)
			;
		ok(k >= p.n, "by kind: case %zu", i);
		ok(a != NULL && a->uid == 7 && a->file == 0 &&
		    a->flags == (v[i].base != UINT64_MAX ? v[i].base :
		    (v[i].near & v[i].far)), "a pair: case %zu", i);
		ok((n != NULL) == ((v[i].add_near | v[i].del_near) != 0) &&
		    (n == NULL || (n->add == v[i].add_near &&
		    n->del == v[i].del_near && n->uid == 7)),
		    "its flags here: case %zu", i);
		ok((f != NULL) == ((v[i].add_far | v[i].del_far) != 0) &&
		    (f == NULL || (f->add == v[i].add_far &&
		    f->del == v[i].del_far && f->uid == 7)),
		    "its flags there: case %zu", i);
		plan_free(&p);
	}
}

int
main(void)
{
	downloads();
	presence();
	partners();
	matrix();
	unstorable();
	one_way();
	parts();
	far_only();
	stubs();
	mirror();
	again();
	purging();
	orphans();
	unsure();
	marks();
	vague();
	marked_orphans();
	leaving();
	gone_of_window();
	new_of_window();
	names();
	not_scanned();
	in_order();
	paired_flags();
	return done();
}
