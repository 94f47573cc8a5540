/*
 * moves.c: what went here and came there is a move
 *
 * A file that is gone from one Maildir and new in another, with the same
 * inode or the same name, and the same ident, was moved: the server moves its
 * message, too, instead of deleting it and taking the bytes again.  And the
 * other way round by ident and size.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

/* An act that may be half of a move. */
struct half {
	struct box *b;
	size_t act;
	uint64_t key;		/* inode, hash of the name, or ident */
};

struct halves {
	struct half *v;
	size_t n, cap;
};

static void
note(struct halves *h, struct box *b, size_t act, uint64_t key)
{
	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 64;
		h->v = mem_grow(h->v, h->cap, sizeof *h->v);
	}
	h->v[h->n++] = (struct half){ b, act, key };
}

static int
by_key(const void *a, const void *b)
{
	const struct half *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	return x->act < y->act ? -1 : x->act > y->act;
}

static size_t
find(const struct halves *h, uint64_t key)
{
	size_t lo = 0, hi = h->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (h->v[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- moved here ---- */

static uint64_t
name_key(struct box *b, const struct act *a)
{
	return names_hash(a->local != NONE ? local_base(&b->local,
	    &b->local.v[a->local]) : str_of(state_name(&b->state,
	    &b->state.rec[a->rec])));
}

static bool
same_file(const struct rec *rec, struct box *b, const struct act *push)
{
	struct outgo o = { 0 };
	struct err quiet = { 0 };
	int fd = local_read(&b->local, &b->local.v[push->local], &quiet);
	bool same;

	if (fd < 0)
		return false;
	same = outgo_head(&o, fd, &quiet) == 0 && o.ident == rec->ident;
	close(fd);
	return same;
}

/* What both sides did to its flags is merged before it leaves. */
static void
flags_first(struct box *from, size_t at, uint64_t now)
{
	struct act *a = &from->plan.v[at], f = *a;
	uint64_t base = from->state.rec[a->rec].flags, far = base;
	uint64_t lettered = flags_lettered(&from->local.letters);
	struct far_msg *m = box_far_find(from, a->uid);

	if (m != NULL && m->flags_known)
		far = m->flags | (base & ~from->storable);
	now = (now & lettered) | (base & ~lettered);
	f.flags = a->flags = flags_merge(base, now, far);
	f.kind = ACT_FAR_FLAGS;
	f.add = f.flags & ~far & from->storable;
	f.del = far & ~f.flags & from->storable;
	f.other = NONE;
	if (f.add == 0 && f.del == 0)
		return;
	if (from->plan.n == from->plan.cap) {
		from->plan.cap = 2 * from->plan.cap + 8;
		from->plan.v = mem_grow(from->plan.v, from->plan.cap,
		    sizeof f);
	}
	from->plan.v[from->plan.n++] = f;
	from->plan.count[ACT_FAR_FLAGS]++;
}

static void
join_files(struct halves *gone, const struct halves *came)
{
	struct act *d, *p;
	size_t i, k;

	for (i = 0; i < gone->n; i++) {
		d = &gone->v[i].b->plan.v[gone->v[i].act];
		if (d->kind != ACT_FAR_DELETE)
			continue;
		for (k = find(came, gone->v[i].key); k < came->n &&
		    came->v[k].key == gone->v[i].key; k++) {
			struct box *to = came->v[k].b;

			p = &to->plan.v[came->v[k].act];
			if (p->kind != ACT_PUSH || p->rec != NONE ||
			    to == gone->v[i].b || state_in_step(&to->state,
			    local_base(&to->local, &to->local.v[p->local])) ||
			    !same_file(&gone->v[i].b->state.rec[d->rec], to,
			    p))
				continue;
			plan_become(&gone->v[i].b->plan, d, ACT_FAR_MOVE);
			d->to = to;
			d->other = (uint32_t)came->v[k].act;
			plan_become(&to->plan, p, ACT_NOTHING);
			flags_first(gone->v[i].b, gone->v[i].act,
			    flags_translate(&to->state.keywords,
			    to->local.v[p->local].flags,
			    &gone->v[i].b->state.keywords));
			break;
		}
	}
}

static void
moved_here(struct run *r)
{
	struct halves gone[2] = { { 0 } }, came[2] = { { 0 } };
	size_t i, k;

	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		for (k = 0; b->look && b->opened && k < b->plan.n; k++) {
			struct act *a = &b->plan.v[k];

			if (a->kind == ACT_FAR_DELETE) {
				note(&gone[0], b, k,
				    b->state.rec[a->rec].ino);
				note(&gone[1], b, k, name_key(b, a));
			} else if (a->kind == ACT_PUSH) {
				note(&came[0], b, k,
				    b->local.v[a->local].ino);
				note(&came[1], b, k, name_key(b, a));
			}
		}
	}
	for (i = 0; i < 2; i++) {
		if (gone[i].n > 0 && came[i].n > 0) {
			qsort(came[i].v, came[i].n, sizeof *came[i].v,
			    by_key);
			join_files(&gone[i], &came[i]);
		}
		free(gone[i].v);
		free(came[i].v);
	}
}

/* ---- moved there ---- */

static int
idents(struct run *r, struct box *b)
{
	uint32_t *uids = mem_new(b->plan.n + 1, sizeof *uids);
	size_t k, n = 0;
	int got = 0;

	for (k = 0; k < b->plan.n; k++)
		if (b->plan.v[k].kind == ACT_FETCH &&
		    b->far_v[b->plan.v[k].far].ident == 0)
			uids[n++] = b->plan.v[k].uid;
	if (n > 0 && (got = link_select(&r->line[0], b)) == 0)
		got = far_hear_idents(&r->line[0], b, uids, n);
	free(uids);
	return got < 0 ? -1 : 0;
}

/* Is a file of that name in the Maildir, whatever its flags? */
static bool
name_there(struct box *to, const char *name)
{
	return state_by_name(&to->state, str_of(name)) != NULL ||
	    (to->scanned && local_has(&to->local, str_of(name)));
}

static void
join_messages(const struct halves *gone, const struct halves *came)
{
	struct act *d, *f;
	const struct rec *rec;
	size_t i, k;

	for (i = 0; i < gone->n; i++) {
		d = &gone->v[i].b->plan.v[gone->v[i].act];
		rec = &gone->v[i].b->state.rec[d->rec];
		for (k = find(came, gone->v[i].key); k < came->n &&
		    came->v[k].key == gone->v[i].key; k++) {
			struct box *to = came->v[k].b;

			f = &to->plan.v[came->v[k].act];
			if (f->kind != ACT_FETCH ||
			    to->far_v[f->far].size != rec->size ||
			    (to != gone->v[i].b && name_there(to,
			    state_name(&gone->v[i].b->state, rec))))
				continue;
			plan_become(&gone->v[i].b->plan, d, ACT_NEAR_MOVE);
			d->to = to;
			d->other = (uint32_t)came->v[k].act;
			plan_become(&to->plan, f, ACT_NOTHING);
			break;
		}
	}
}

static int
moved_there(struct run *r)
{
	struct halves gone = { 0 }, came = { 0 };
	size_t i, k;
	int got = 0;

	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		for (k = 0; b->look && b->opened && k < b->plan.n; k++)
			if (b->plan.v[k].kind == ACT_NEAR_DELETE &&
			    ident_sure(b->state.rec[b->plan.v[k].rec].ident))
				note(&gone, b, k,
				    b->state.rec[b->plan.v[k].rec].ident);
	}
	for (i = 0; gone.n > 0 && i < r->nboxes && got == 0; i++) {
		struct box *b = &r->boxes[i];

		if (!b->look || !b->opened || b->plan.count[ACT_FETCH] == 0)
			continue;
		got = idents(r, b);
		for (k = 0; k < b->plan.n; k++)
			if (b->plan.v[k].kind == ACT_FETCH &&
			    b->far_v[b->plan.v[k].far].ident != 0)
				note(&came, b, k,
				    b->far_v[b->plan.v[k].far].ident);
	}
	if (got == 0 && came.n > 0) {
		qsort(came.v, came.n, sizeof *came.v, by_key);
		join_messages(&gone, &came);
	}
	free(gone.v);
	free(came.v);
	return got;
}

int
moves_find(struct run *r)
{
	moved_here(r);
	return moved_there(r);
}
