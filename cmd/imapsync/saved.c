/*
 * saved.c: deletions on the server that are one half of a move
 *
 * Many programs move a message by writing it anew and removing the first file
 * (mutt's save).  Then the server is given the bytes again, and what is deleted
 * afterwards is a place of the message, not the message: that needs no trash.
 * Nothing but the bytes proves it, those of the message that is to go.
 */
#include <stdlib.h>

#include "box.h"
#include "conn.h"
#include "fail.h"
#include "far.h"
#include "held.h"
#include "imap_set.h"
#include "index.h"
#include "link.h"
#include "matches.h"
#include "near_dir.h"
#include "pair.h"
#include "plan.h"
#include "saved.h"
#include "settings.h"
#include "state.h"
#include "stop.h"

enum {
	CHANGED = 1024,		/* bytes of header fields others may add */
	TRIES = 4		/* files that are compared with a message */
};

/* Is a deletion there another one if the message is saved? */
static bool
matters(const struct box *b)
{
	return box_busy(b) && b->plan->count[ACT_FAR_DELETE] > 0 &&
	    far_marks(b, false) && !far_marks(b, true);
}

/* UIDs from here on were not there when both sides last agreed. */
static uint64_t
since(const struct box *b)
{
	const struct entry *e = box_entry(b);

	return e != NULL && e->mark.uidvalidity == b->far.seen.uidvalidity ?
	    e->mark.uidnext : 0;
}

static const struct rec *
rec_of_file(const struct box *b, size_t file)
{
	return state_by_name(b->state, near_dir_base(b->near.dir,
	    &b->near.dir->v[file]));
}

/* A half's act is the file's place. */
static void
collect(struct box *b, struct halves *copies)
{
	uint64_t from = since(b);
	const struct rec *rec;
	size_t i;

	for (i = 0; b->near.scanned && i < b->near.dir->n; i++) {
		rec = rec_of_file(b, i);
		if (rec != NULL && rec->kind == REC_LIVE && rec->uid >= from &&
		    rec->ident != 0)
			matches_add(copies, b, i, rec->ident);
	}
}

static bool
alike(const struct rec *a, const struct rec *b)
{
	return a->size < UINT32_MAX && b->size < UINT32_MAX &&
	    (a->size > b->size ? a->size - b->size : b->size - a->size) <=
	    CHANGED;
}

/* 1, 0, -1; a file that cannot be read proves nothing. */
static int
same(const struct half *h, struct box *b, uint32_t uid)
{
	struct run *r = b->run;
	int got = pair_same(h->b, (uint32_t)h->act, b, uid);

	if (got >= 0 || stop_asked() || conn_failed(r->link[0].imap.c))
		return got;
	fail_clear(r->e);
	return 0;
}

/* Has one of the copies these bytes?  It stands for no other then. */
static int
is_saved(struct box *b, const struct rec *rec, struct halves *copies)
{
	struct half *h;
	size_t i = matches_find(copies, rec->ident), tries = 0;
	int got = 0;

	for (; got == 0 && tries < TRIES && i < copies->n &&
	    copies->v[i].key == rec->ident; i++) {
		h = &copies->v[i];
		if (h->ident != 0 || !alike(rec, rec_of_file(h->b, h->act)))
			continue;
		tries++;
		if ((got = same(h, b, rec->uid)) > 0)
			h->ident = rec->ident;
	}
	return got;
}

static int
look(struct box *b, struct halves *copies)
{
	const struct rec *rec;
	size_t k = 0;
	int got = 0;

	for (; got >= 0 && !stop_asked() && plan_next(b->plan, ACT_FAR_DELETE,
	    &k); k++) {
		rec = state_by_uid(b->state, b->plan->v[k].uid);
		if (rec == NULL || rec->ident == 0)
			continue;
		got = is_saved(b, rec, copies);
		b->plan->v[k].saved = got > 0;
	}
	return got < 0 ? -1 : 0;
}

/* ---- copied to the trash by an earlier run ---- */

/* By COPY, not by MOVE, which does all at once. */
static bool
copies_there(const struct box *b)
{
	const struct run *r = b->run;

	return far_deletes(b, false) == FAR_TRASH &&
	    (r->link[0].imap.caps & IMAP_MOVE) == 0;
}

/* Under this name; the caller frees it. */
static struct buf
copied_from(const struct box *b)
{
	struct buf who = { .max = 8192 };

	buf_printf(&who, "%s\n%s", b->run->trash, b->name);
	return who;
}

void
saved_note(const struct box *b, const struct imap_uids *uids)
{
	struct err quiet = { 0 };
	struct held h;
	struct buf who;
	size_t i;

	if (!copies_there(b) || uids->n == 0 ||
	    held_open(&h, b->run->dir, false, &quiet) < 0)
		return;
	who = copied_from(b);
	for (i = 0; i < uids->n; i++)
		held_told(&h, BUF_STR(who), b->far.seen.uidvalidity,
		    uids->v[i]);
	buf_free(&who);
	held_close(&h, &quiet);
}

/*
 * That of a message whose file is here again is forgotten: the next time it is
 * deleted the copy may be gone.
 */
static void
forget_copied(struct held *h, const struct box *b, struct str who)
{
	const struct rec *rec;
	size_t i;

	for (i = 0; b->near.scanned && i < b->near.dir->n; i++) {
		rec = rec_of_file(b, i);
		if (rec != NULL && rec->kind == REC_LIVE)
			held_forget(h, who, b->far.seen.uidvalidity, rec->uid);
	}
}

static void
find_copied(struct held *h, const struct box *b)
{
	struct buf who = copied_from(b);
	struct act *a;
	size_t k = 0;

	forget_copied(h, b, BUF_STR(who));
	for (; plan_next(b->plan, ACT_FAR_DELETE, &k); k++) {
		a = &b->plan->v[k];
		a->saved = held_has(h, BUF_STR(who), b->far.seen.uidvalidity,
		    a->uid);
	}
	buf_free(&who);
}

static int
find_all_copied(struct run *r)
{
	struct held h;
	bool any;
	size_t i;

	if (held_open(&h, r->dir, true, r->e) < 0)
		return -1;
	any = h.n > 0;
	if (held_close(&h, r->e) < 0)
		return -1;
	if (!any)
		return 0;
	if (held_open(&h, r->dir, false, r->e) < 0)
		return -1;
	for (i = 0; i < r->nboxes; i++)
		if (box_busy(&r->boxes[i]) && copies_there(&r->boxes[i]))
			find_copied(&h, &r->boxes[i]);
	return held_close(&h, r->e);
}

/* ---- both ---- */

int
saved_find(struct run *r)
{
	struct halves copies = { 0 };
	bool any = false;
	size_t i;
	int got = 0;

	for (i = 0; i < r->nboxes; i++)
		any = any || matters(&r->boxes[i]);
	for (i = 0; any && i < r->nboxes; i++)
		if (box_busy(&r->boxes[i]))
			collect(&r->boxes[i], &copies);
	matches_sort(&copies);
	for (i = 0; copies.n > 0 && got == 0 && i < r->nboxes; i++)
		if (matters(&r->boxes[i]))
			got = look(&r->boxes[i], &copies);
	free(copies.v);
	return got == 0 ? find_all_copied(r) : -1;
}
