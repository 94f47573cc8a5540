/*
 * do_near.c: what a plan has for this side, and for the state alone
 *
 * A change is on the disk (fsync of its directory) before the state says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "do_near.h"
#include "report.h"
#include "stop.h"
#include "stub.h"
#include "wire.h"

/* ---- what only the state has to learn ---- */

static struct rec *
rec_of(struct box *b, const struct act *a)
{
	if (a->uid != 0)
		return state_by_uid(b->state, a->uid);
	return a->file != NONE ? state_by_name(b->state,
	    near_dir_base(b->near.dir, &b->near.dir->v[a->file])) : NULL;
}

/*
 * A stub whose record was lost, or has another UID, is one again.  Its name is
 * that of a download, or it was read when it was paired: others have the bytes
 * of the message.  The size is the file's, by which it is known when it has
 * another name: the message's is another one where a program has added a line.
 * 1: it is gone.
 */
static int
learn_file(const struct box *b, const struct near_msg *m, struct rec *rec)
{
	struct outgo o = { .wire = 0 };
	struct err *e = b->run->e;
	int fd, got;

	if (!m->stub && !m->unsized &&
	    !str_starts(near_dir_base(b->near.dir, m), "postbag."))
		return 0;
	if ((fd = near_dir_read(b->near.dir, m, e)) < 0) {
		if (e->code != EX_NOINPUT)
			return -1;
		fail_clear(e);
		return 1;
	}
	got = stub_is(fd, e);
	rec->stub = got > 0;
	if ((got > 0 || (got == 0 && m->unsized)) &&
	    (got = outgo_look(&o, fd, e)) == 0)
		rec->size = o.wire < UINT32_MAX ? (uint32_t)o.wire : UINT32_MAX;
	close(fd);
	return got;
}

static int
pair(struct box *b, struct act *a)
{
	const struct near_msg *m = &b->near.dir->v[a->file];
	const struct far_msg *f = box_far_find(b, a->uid);
	struct rec rec = { .uid = a->uid, .size = f->size, .flags = a->flags,
	    .ident = f->ident, .ino = m->ino };
	struct str base = near_dir_base(b->near.dir, m);
	struct rec *old = state_by_name(b->state, base);
	char name[256];
	int got;

	if (base.n >= sizeof name || (old != NULL && old->kind == REC_LIVE))
		return 0;
	str_copy(name, base);
	name[base.n] = '\0';
	if ((got = learn_file(b, m, &rec)) != 0)
		return got < 0 ? -1 : 0;
	if (old != NULL && state_drop(b->state, old, b->run->e) < 0)
		return -1;
	return state_put(b->state, &rec, name, b->run->e);
}

static int
orphan(struct box *b, struct rec *rec)
{
	struct rec copy = *rec;
	char *name = mem_dup(state_name(b->state, rec));
	int got = state_drop(b->state, rec, b->run->e);

	copy.uid = 0;
	copy.kind = REC_ORPHAN;
	if (got == 0)
		got = state_put(b->state, &copy, name, b->run->e);
	free(name);
	return got;
}

static int
far_only(struct box *b, struct rec *rec)
{
	struct rec copy = *rec;

	copy.far_only = true;
	return state_put(b->state, &copy, state_name(b->state, rec),
	    b->run->e);
}

/* Drops the record by its name, for orphans have no UID. */
static int
forget_rec(struct box *b, struct act *a)
{
	struct rec *rec = a->uid != 0 ? state_by_uid(b->state, a->uid) :
	    state_by_name(b->state, str_of(a->name));

	if (a->file != NONE)		/* which is new, then */
		box_again(b, AGAIN_BACK);
	return rec == NULL ? 0 : state_drop(b->state, rec, b->run->e);
}

int
do_near_state(struct box *b)
{
	struct rec *rec;
	size_t k;
	int got = 0;

	for (k = 0; k < b->plan->n && got == 0; k++) {
		struct act *a = &b->plan->v[k];

		switch (a->kind) {
		case ACT_PAIR:
			got = pair(b, a);
			break;
		case ACT_FORGET:
			got = forget_rec(b, a);
			break;
		case ACT_ORPHAN:
			rec = rec_of(b, a);
			got = rec != NULL ? orphan(b, rec) : 0;
			break;
		case ACT_FAR_ONLY:
			rec = rec_of(b, a);
			got = rec != NULL ? far_only(b, rec) : 0;
			break;
		case ACT_BASE_FLAGS:
			rec = rec_of(b, a);
			got = rec != NULL ? state_flags(b->state, rec,
			    a->flags, b->run->e) : 0;
			break;
		default:
			continue;
		}
		if (got == 0)
			box_done(b, a);
	}
	return got;
}

/* ---- changes here ---- */

/* The files' new names; was: those that they had, in the same order. */
static void
rename_files(struct box *b, struct near_msg *was)
{
	struct err *e = b->run->e;
	size_t k, n = 0;

	for (k = 0; plan_next(b->plan, ACT_NEAR_FLAGS, &k); k++) {
		struct act *a = &b->plan->v[k];
		struct near_msg *m = &b->near.dir->v[a->file];
		int got;

		was[n++] = *m;
		got = near_dir_flags(b->near.dir, m, (m->flags | a->add) &
		    ~a->del, e);
		if (got < 0) {		/* a name that gets too long, say */
			report_problem(&b->run->report, e->code, b->name, "%s",
			    e->msg);
			fail_clear(e);
			box_outcome(b, BOX_HELD);
		}
		a->failed = got != 0;
		if (got > 0)		/* somebody else was quicker */
			box_outcome(b, BOX_PARTIAL);
		b->near.changed = true;
	}
}

/* Reported with its name before, if that was another. */
static void
renamed_done(struct box *b, const struct act *a, const struct near_msg *was)
{
	const struct near_msg *m = &b->near.dir->v[a->file];

	box_done_at(b, a, box_file(b, m), m->file != was->file ?
	    box_file(b, was) : (struct report_file){ .dir = NULL });
}

static int
record_flags(struct box *b, const struct near_msg *was)
{
	struct err *e = b->run->e;
	struct rec *rec;
	size_t k, n = 0;

	for (k = 0; plan_next(b->plan, ACT_NEAR_FLAGS, &k); k++, n++) {
		struct act *a = &b->plan->v[k];

		if (a->failed)
			continue;
		renamed_done(b, a, &was[n]);
		if (a->both)
			continue;	/* do_far_flags does it */
		rec = rec_of(b, a);
		if (rec != NULL && state_flags(b->state, rec, a->flags, e) <
		    0)
			return -1;
	}
	return 0;
}

int
do_near_flags(struct box *b)
{
	struct near_msg *was;
	int got;

	if (b->plan->count[ACT_NEAR_FLAGS] == 0)
		return 0;
	was = mem_new(b->plan->count[ACT_NEAR_FLAGS], sizeof *was);
	rename_files(b, was);
	got = near_dir_sync(b->near.dir, b->run->e);
	if (got == 0)
		got = record_flags(b, was);
	free(was);
	return got;
}

/* Records that the server has it under another UID in this mailbox. */
static int
renumber(struct box *b, struct act *a, struct rec rec, uint64_t merged)
{
	struct rec *old = state_by_uid(b->state, a->uid);
	struct near_msg *m = &b->near.dir->v[a->file], was = *m;
	char name[256];

	snprintf(name, sizeof name, "%s", state_name(b->state, old));
	if (((merged ^ m->flags) & flags_lettered(&b->near.dir->letters)) != 0 &&
	    (near_dir_flags(b->near.dir, m, merged, b->run->e) < 0 ||
	    near_dir_sync(b->near.dir, b->run->e) < 0))
		return -1;
	if (state_drop(b->state, old, b->run->e) < 0 ||
	    state_put(b->state, &rec, name, b->run->e) < 0)
		return -1;
	b->near.changed = true;
	box_again(b, AGAIN_SETTLE);
	renamed_done(b, a, &was);
	return 0;
}

/*
 * 0 moved, with all the flags both sides gave it, and *there is the file; 1 it
 * is not there; -1.
 */
static int
move_file(struct box *b, struct near_msg *m, struct box *to,
    uint64_t merged, struct near_msg *there)
{
	struct err *e = b->run->e;
	int got = near_dir_move_to(b->near.dir, m, to->near.dir, there, e);

	if (got == 0 && ((merged ^ there->flags) &
	    flags_lettered(&to->near.dir->letters)) != 0 &&
	    near_dir_flags(to->near.dir, there, merged, e) < 0)
		return -1;
	if (got >= 0 && (near_dir_sync(to->near.dir, e) < 0 ||
	    near_dir_sync(b->near.dir, e) < 0))
		return -1;
	b->near.changed = to->near.changed = true;
	return got;
}

static void
both_partial(struct box *b, struct box *to)
{
	box_outcome(b, BOX_PARTIAL);
	box_outcome(to, BOX_PARTIAL);
}

/* Moves the file as the server moved its message. */
int
do_near_move(struct box *b, struct act *a)
{
	struct box *to = a->to;
	const struct far_msg *f = box_far_find(to, a->to_uid);
	struct rec *old = state_by_uid(b->state, a->uid), rec;
	struct near_msg *m = &b->near.dir->v[a->file], there;
	struct err *e = b->run->e;
	uint64_t base, here, merged;
	char name[256];
	int got;

	if (old == NULL || f == NULL || !to->near.is || box_failed(to)) {
		both_partial(b, to);
		return 0;
	}
	rec = *old;
	snprintf(name, sizeof name, "%s", state_name(b->state, old));
	base = flags_translate(&b->state->keywords, rec.flags,
	    &to->state->keywords);
	here = flags_translate(&b->state->keywords, m->flags | (rec.flags &
	    ~flags_lettered(&b->near.dir->letters)), &to->state->keywords);
	merged = flags_merge(base, here, f->flags);
	rec.uid = f->uid;
	rec.flags = f->flags;
	if ((b->run->o->policy.near_gets & GETS_FLAGS) == 0) {
		merged = here;
		rec.flags = base;
	}
	rec.ino = m->ino;
	if (to == b)
		return renumber(b, a, rec, merged);
	if (state_pend(to->state, &(struct pend){ .kind = PEND_NEAR,
	    .name = name, .ino = m->ino, .ident = rec.ident,
	    .flags = rec.flags, .size = rec.size, .uid = f->uid }, e) < 0 ||
	    state_sync(to->state, e) < 0 ||
	    (got = move_file(b, m, to, merged, &there)) < 0)
		return -1;
	if (got > 0) {
		both_partial(b, to);
		return state_unpend(to->state, name, e);
	}
	if (merged != f->flags)
		box_again(to, AGAIN_FLAGS);
	if (state_put(to->state, &rec, name, e) < 0 ||
	    state_unpend(to->state, name, e) < 0)
		return -1;
	old = state_by_uid(b->state, a->uid);
	if (old != NULL && state_drop(b->state, old, e) < 0)
		return -1;
	box_done_at(b, a, box_file(to, &there), box_file(b, m));
	return 0;
}

/*
 * was: the files before, in the same order.  What is here alone, and has no
 * UID, is kept in the attic whatever becomes of others.
 */
static void
remove_files(struct box *b, struct near_msg *was)
{
	struct run *r = b->run;
	bool keep = r->o->policy.near_delete == NEAR_ATTIC;
	bool mark = r->o->policy.near_delete == NEAR_MARK;
	size_t k, n = 0;
	int got;

	for (k = 0; !stop_asked() &&
	    plan_next(b->plan, ACT_NEAR_DELETE, &k); k++) {
		struct act *a = &b->plan->v[k];
		struct near_msg *m = &b->near.dir->v[a->file];

		was[n++] = *m;
		got = mark && !a->purge ? near_dir_flags(b->near.dir, m,
		    m->flags | FLAG_DELETED, r->e) : near_dir_remove(b->near.dir,
		    m, keep || a->purge || a->uid == 0 ? &r->attic : NULL,
		    r->e);
		if (got < 0) {
			report_problem(&r->report, r->e->code, b->name, "%s",
			    r->e->msg);
			fail_clear(r->e);
			box_outcome(b, BOX_FAILED);
		}
		a->failed = got != 0;
		if (got > 0)
			box_outcome(b, BOX_PARTIAL);
		b->near.changed = true;
	}
}

/* One that is still on the server is deleted there by what the next run sees. */
static int
removed(struct box *b, struct rec *rec, const struct act *a)
{
	const struct policy *p = &b->run->o->policy;

	if (a->purge)
		return a->uid != 0 && p->purge == PURGE_NEAR ? 0 :
		    state_drop(b->state, rec, b->run->e);
	if (p->near_delete != NEAR_MARK)
		return state_drop(b->state, rec, b->run->e);
	return state_flags(b->state, rec, rec->flags | FLAG_DELETED,
	    b->run->e) < 0 ? -1 : orphan(b, rec);
}

/* Nobody has the bodies of these any more. */
static void
tell_stubs(const struct box *b, size_t n)
{
	if (n > 0)
		report_problem(&b->run->report, 0, b->name, "%zu messages are gone on the server whose bodies were never here: their headers are deleted with them",
		    n);
}

static int
record_removed(struct box *b, const struct near_msg *was)
{
	struct rec *rec;
	size_t k, n = 0, stubs = 0;

	for (k = 0; !stop_asked() &&
	    plan_next(b->plan, ACT_NEAR_DELETE, &k); k++, n++) {
		struct act *a = &b->plan->v[k];

		rec = a->failed ? NULL : rec_of(b, a);
		if (a->failed || (rec == NULL && a->uid != 0))
			continue;
		if (rec != NULL && removed(b, rec, a) < 0)
			return -1;
		stubs += a->stub;
		renamed_done(b, a, &was[n]);
	}
	tell_stubs(b, stubs);
	return 0;
}

int
do_near_deletes(struct box *b)
{
	struct err *e = b->run->e;
	struct near_msg *was;
	int got;

	if (b->plan->count[ACT_NEAR_DELETE] == 0)
		return 0;
	was = mem_new(b->plan->count[ACT_NEAR_DELETE], sizeof *was);
	remove_files(b, was);
	got = near_dir_sync(b->near.dir, e);
	if (got == 0)
		got = record_removed(b, was);
	free(was);
	return got;
}
