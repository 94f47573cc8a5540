/*
 * moves.c: what went here and came there is a move
 *
 * A file that is gone from one Maildir and new in another, with the same ident
 * and two of inode, name and size, was moved: the server moves its message,
 * too, instead of deleting it and taking the bytes again.  A file
 * that came back may be known where it lies, by a message that is gone there:
 * the first move was done, and its answer was lost.  That is a move, too, and
 * nothing is deleted on either side.
 *
 * A move on the server is found by ident and size, and by INTERNALDATE, which a
 * move keeps and no other message with that header has; else by the bytes.  It
 * is done here.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asked.h"
#include "box.h"
#include "flags.h"
#include "ident.h"
#include "matches.h"
#include "moves.h"
#include "names.h"
#include "near.h"
#include "near_dir.h"
#include "pair.h"
#include "plan.h"
#include "state.h"
#include "stub.h"
#include "wire.h"

enum { CHANGED = 1024 };	/* bytes of header fields others may add */

static struct act *
act_of(const struct half *h)
{
	return &h->b->plan->v[h->act];
}

/* The base's record of a message that is to be deleted. */
static const struct rec *
rec_of(struct box *b, const struct act *a)
{
	return state_by_uid(b->state, a->uid);
}

/* ---- moved here ---- */

static uint64_t
name_key(struct box *b, const struct act *a)
{
	return names_hash(a->file != NONE ? near_dir_base(b->near.dir,
	    &b->near.dir->v[a->file]) : str_of(a->name));
}

/*
 * Is the new file that message?  It is read once, however many ask; and only
 * its header if it has the inode and the name.  An inode alone is used again,
 * by the next file that is written: one with the same header may be a draft's
 * next version, or the next message of a program that gives none a Message-ID.
 */
static bool
is_it(struct half *came, const struct box *from, const struct rec *rec)
{
	struct outgo o = { 0 };
	struct err quiet = { 0 };
	const struct act *p = act_of(came);
	const struct near_msg *m = &came->b->near.dir->v[p->file];
	bool moved = m->ino == rec->ino && str_eq(near_dir_base(
	    came->b->near.dir, m), str_of(state_name(from->state, rec)));

	if ((came->ident == 0 || (came->size == 0 && !moved)) &&
	    near_look(came->b, p->file, !moved, &o, &quiet) == 0) {
		came->ident = o.ident;
		came->size = o.wire;
	}
	return came->ident != 0 && came->ident == rec->ident &&
	    (moved || came->size == rec->size);
}

/* Changes of its flags on both sides are merged before it leaves. */
static void
flags_first(struct box *from, size_t at, uint64_t now)
{
	struct act *a = &from->plan->v[at], f = *a;
	const struct policy *may = &from->run->o->policy;
	bool push = (may->far_gets & GETS_FLAGS) != 0;
	uint64_t base = rec_of(from, a)->flags, far = base, merged;
	uint64_t lettered = flags_lettered(&from->near.dir->letters);
	struct far_msg *m = box_far_find(from, a->uid);

	if (m != NULL && m->flags_known)
		far = m->flags | (base & ~from->far.storable);
	now = (now & lettered) | (base & ~lettered);
	merged = flags_merge(base, now, far);
	if ((may->near_gets & GETS_FLAGS) == 0)
		f.flags = a->flags = push ? now : base;
	else
		f.flags = a->flags = push ? merged : base;
	f.kind = ACT_FAR_FLAGS;
	f.add = merged & ~far & from->far.storable;
	f.del = far & ~merged & from->far.storable;
	if (!push || (f.add == 0 && f.del == 0))
		return;
	plan_add(from->plan, &f);
}

/* Which files may be the other half of a deletion there. */
enum came {
	CAME_NEW,		/* nobody knows them */
	CAME_BACK,		/* they are known by a message that is gone */
	CAME_MARKED		/* by one that was marked \Deleted there */
};

static bool
may_be_half(const struct act *a, enum came how)
{
	switch (a->kind) {
	case ACT_PUSH:
		return how == CAME_NEW;
	case ACT_NEAR_DELETE:
	case ACT_ORPHAN:
	case ACT_FORGET:
	case ACT_NOTHING:	/* this side gets no deletions: see plan.c */
		return how == CAME_BACK && a->uid != 0 && a->file != NONE &&
		    !a->purge;
	case ACT_NEAR_FLAGS:
		return how == CAME_MARKED && (a->add & FLAG_DELETED) != 0;
	default:
		return false;
	}
}

/* A file whose name another one has here cannot be told apart from that. */
static bool
is_other_half(struct half *came, enum came how, const struct box *from,
    const struct rec *rec)
{
	struct box *to = came->b;
	const struct act *p = act_of(came);

	return to != from && may_be_half(p, how) && (how != CAME_NEW ||
	    (p->name == NULL && !state_in_step(to->state, near_dir_base(
	    to->near.dir, &to->near.dir->v[p->file])))) && is_it(came, from, rec);
}

/*
 * Where a server can but mark what is copied, the mark is all that a move has
 * left behind: it is ours, and is taken away there, instead of coming here.
 */
static void
unmark(struct box *b, size_t at)
{
	const uint64_t others = ~(uint64_t)FLAG_DELETED;
	struct act *a = &b->plan->v[at], f = *a;
	size_t k = 0;

	a->add &= others;
	a->flags = f.flags &= others;
	a->here = f.here &= others;
	if (a->add == 0 && a->del == 0)
		plan_become(b->plan, a, ACT_NOTHING);
	a->both = true;
	while (plan_next(b->plan, ACT_FAR_FLAGS, &k) &&
	    b->plan->v[k].uid != f.uid)
		k++;
	if (k < b->plan->n && b->plan->v[k].kind == ACT_FAR_FLAGS) {
		b->plan->v[k].del |= FLAG_DELETED;
		b->plan->v[k].flags = f.flags;
		b->plan->v[k].here = f.here;
		return;
	}
	f.kind = ACT_FAR_FLAGS;
	f.add = 0;
	f.del = FLAG_DELETED;
	f.both = false;
	plan_add(b->plan, &f);
}

static void
join_files(const struct halves *gone, struct halves *came, enum came how,
    bool stubs)
{
	struct box *from, *to;
	struct act *d, *p;
	size_t i, k;

	for (i = 0; i < gone->n; i++) {
		from = gone->v[i].b;
		d = act_of(&gone->v[i]);
		if (d->kind != ACT_FAR_DELETE)
			continue;
		for (k = matches_find(came, gone->v[i].key); k < came->n &&
		    came->v[k].key == gone->v[i].key; k++) {
			to = came->v[k].b;
			p = act_of(&came->v[k]);
			if (!is_other_half(&came->v[k], how, from,
			    rec_of(from, d)))
				continue;
			if (how == CAME_MARKED) {
				unmark(to, came->v[k].act);
				break;
			}
			plan_become(from->plan, d, ACT_FAR_MOVE);
			d->to = to;
			d->to_file = p->file;
			/* a move that was cut has no file to tell */
			d->stub = stubs && near_is_stub(to,
			    &to->near.dir->v[p->file]);
			plan_become(to->plan, p, how == CAME_BACK ?
			    ACT_FORGET : ACT_NOTHING);
			p->file = NONE;		/* it is no other's half */
			flags_first(from, gone->v[i].act,
			    flags_translate(&to->state->keywords,
			    to->near.dir->v[d->to_file].flags,
			    &from->state->keywords));
			break;
		}
	}
}

/* By inode, then by name. */
static void
find_files(struct run *r, enum came how)
{
	struct halves gone[2] = { { 0 } }, came[2] = { { 0 } };
	size_t i, k;

	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		for (k = 0; box_open(b) && k < b->plan->n; k++) {
			struct act *a = &b->plan->v[k];

			if (a->kind == ACT_FAR_DELETE) {
				matches_add(&gone[0], b, k,
				    rec_of(b, a)->ino);
				matches_add(&gone[1], b, k, name_key(b, a));
			} else if (may_be_half(a, how)) {
				matches_add(&came[0], b, k,
				    b->near.dir->v[a->file].ino);
				matches_add(&came[1], b, k, name_key(b, a));
			}
		}
	}
	for (i = 0; i < 2; i++) {
		if (gone[i].n > 0 && came[i].n > 0) {
			matches_sort(&came[i]);
			join_files(&gone[i], &came[i], how, asked_ever(r));
		}
		free(gone[i].v);
		free(came[i].v);
	}
}

static void
moved_here(struct run *r)
{
	find_files(r, CAME_NEW);
	find_files(r, CAME_BACK);
	if ((r->o->policy.far_gets & GETS_FLAGS) != 0)
		find_files(r, CAME_MARKED);
}

/* ---- moved there ---- */

/* Is a file of that name in the Maildir, whatever its flags? */
static bool
name_there(struct box *to, const char *name)
{
	return state_by_name(to->state, str_of(name)) != NULL ||
	    (to->near.scanned && near_dir_find(to->near.dir, str_of(name)) !=
	    NULL);
}

/* The size of a stub's message, as it says; 0: it does not. */
static uint64_t
said_size(int fd)
{
	struct arena some = { 0 };
	struct err quiet = { 0 };
	struct stub s;
	uint64_t size = stub_read(fd, &s, &some, &quiet) > 0 ? s.size : 0;

	arena_free(&some);
	return size;
}

/* May they differ by no more than a line that a program has added? */
static bool
may_be_alike(const struct box *b, const struct rec *rec, uint32_t size)
{
	return !state_native(b->state, rec) && (size > rec->size ?
	    size - rec->size : rec->size - size) <= CHANGED;
}

/*
 * Is it certain that the new message is the one this file was?  Of a stub there
 * are no bytes to compare.  1, 0, -1.
 */
static int
was_it(struct box *from, const struct act *d, struct box *to, uint32_t uid)
{
	const struct far_msg *f = box_far_find(to, uid);
	const struct rec *rec = rec_of(from, d);
	struct err quiet = { 0 };
	struct stat st = { .st_mtime = 0 };
	uint64_t size = rec->size;
	bool dated;
	int fd;

	if (!rec->stub && f->size != size &&
	    !may_be_alike(from, rec, f->size))
		return 0;
	fd = near_dir_read(from->near.dir, &from->near.dir->v[d->file],
	    &quiet);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		st.st_mtime = 0;
	if (rec->stub)
		size = said_size(fd);
	close(fd);
	dated = f->date != 0 && (uint32_t)st.st_mtime == f->date &&
	    f->size == size;
	if (rec->stub)
		return dated;
	return dated ? 1 : pair_same(from, d->file, to, uid);
}

static int
join_messages(const struct halves *gone, const struct halves *came)
{
	struct box *from, *to;
	struct act *d;
	uint32_t uid;
	size_t i, k;
	int got = 0;

	for (i = 0; i < gone->n && got >= 0; i++) {
		from = gone->v[i].b;
		d = act_of(&gone->v[i]);
		for (k = matches_find(came, gone->v[i].key); k < came->n &&
		    came->v[k].key == gone->v[i].key; k++) {
			to = came->v[k].b;
			uid = (uint32_t)came->v[k].act;
			if (!plan_fetches(to->plan, uid) || (to != from &&
			    name_there(to, d->name)) ||
			    (got = was_it(from, d, to, uid)) == 0)
				continue;
			if (got < 0)
				break;
			plan_become(from->plan, d, ACT_NEAR_MOVE);
			d->to = to;
			d->to_uid = uid;
			plan_fetch_not(to->plan, uid);
			break;
		}
	}
	return got < 0 ? -1 : 0;
}

/* Files that are to be deleted, and whose ident and size no other has. */
static void
note_gone(struct box *b, struct halves *gone)
{
	const struct rec *rec;
	size_t k = 0;

	for (; plan_next(b->plan, ACT_NEAR_DELETE, &k); k++) {
		rec = rec_of(b, &b->plan->v[k]);
		if (b->plan->v[k].uid != 0 && !b->plan->v[k].purge &&
		    ident_sure(rec->ident))
			matches_add(gone, b, k, rec->ident);
	}
}

static int
moved_there(struct run *r)
{
	struct halves gone = { 0 }, came = { 0 };
	const struct far_msg *f;
	struct box *b;
	size_t i, k;
	int got = 0;

	for (i = 0; i < r->nboxes; i++)
		if (box_open(&r->boxes[i]))
			note_gone(&r->boxes[i], &gone);
	for (i = 0; gone.n > 0 && i < r->nboxes && got == 0; i++) {
		b = &r->boxes[i];
		if (!box_open(b) || b->plan->count[ACT_FETCH] == 0)
			continue;
		got = pair_idents(b, 0);
		for (k = 0; plan_fetch(b->plan, &k); k++) {
			f = box_far_find(b, b->plan->fresh[k]);
			if (f != NULL && f->ident != 0)
				matches_add(&came, b, f->uid, f->ident);
		}
	}
	if (got == 0 && came.n > 0) {
		matches_sort(&came);
		got = join_messages(&gone, &came);
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
