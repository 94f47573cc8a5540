/*
 * far_carry.c: MOVE, or what stands for it, in pieces
 */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "far.h"
#include "far_carry.h"
#include "far_check.h"
#include "far_prove.h"
#include "imap_box.h"
#include "imap_pieces.h"
#include "link.h"
#include "roster.h"
#include "stop.h"

void
far_carry_free(struct far_carried *v)
{
	free(v->copy.from.v);
	free(v->copy.to.v);
	free(v->sure.v);
	v->copy = (struct far_copy){ 0 };
	v->sure = (struct imap_uids){ 0 };
	v->cut = false;
}

/*
 * The mark is ours: should the message stay, and come back here without it,
 * then it is taken away there, and not taken for somebody else's.
 */
static int
own_marks(struct box *b, const uint32_t *uids, size_t n)
{
	struct rec *rec;
	size_t i;

	for (i = 0; i < n; i++) {
		rec = state_by_uid(b->state, uids[i]);
		if (rec != NULL && (rec->flags & FLAG_DELETED) == 0 &&
		    state_flags(b->state, rec, rec->flags | FLAG_DELETED,
		    b->run->e) < 0)
			return -1;
	}
	return 0;
}

/*
 * Before what makes them vanish, MOVE or EXPUNGE: should the answer be lost,
 * and the file come back without the mark, then it was we who have deleted the
 * message, and the file is new; see plan.c.
 */
static int
mark_first(struct box *b, const uint32_t *uids, size_t n)
{
	return own_marks(b, uids, n) < 0 ||
	    state_sync(b->state, b->run->e) < 0 ? -1 : 0;
}

/*
 * COPYUID is in an untagged OK of MOVE, in the tagged one of COPY (RFC 6851
 * section 4.3, RFC 4315 section 3).  A STATUS rides in front of COPY, for what
 * was there before, and behind MOVE, for what is there now; behind COPY it is
 * waited for, see far_check_copy.  0, 1 refused, -1.
 */
static int
carry(struct imap *m, const char *set, struct str to, struct far_copy *got)
{
	bool moves = (m->caps & IMAP_MOVE) != 0, refused = false;
	unsigned tag, status = moves ? 0 : imap_ask_status(m, to);
	size_t left = 2;
	struct imap_resp r;

	tag = moves ? imap_ask_move(m, set, to) : imap_ask_copy(m, set, to);
	if (moves)
		status = imap_ask_status(m, to);
	while (left > 0) {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type == IMAP_STATUS && roster_take_items(m,
		    moves ? &got->now : &got->was) < 0)
			return -1;
		if (r.type == IMAP_OK && got->from.n == 0 &&
		    imap_copied(m, &r, &got->uidvalidity, &got->from,
		    &got->to) < 0)
			return -1;
		left -= imap_done(&r, tag) || imap_done(&r, status);
		refused |= imap_done(&r, tag) && r.type != IMAP_OK;
	}
	return refused;
}

/*
 * Where COPYUID names some, the others are not there: they were gone before,
 * or the server has done less than it was asked.
 */
static void
ascertain(const struct imap_pieces *p, struct far_carried *v)
{
	struct imap_uids named = { 0 };
	size_t i;

	for (i = 0; i < v->copy.from.n; i++)
		imap_uids_add(&named, v->copy.from.v[i]);
	imap_uids_sort(&named);
	for (i = p->from; i < p->at; i++)
		if (named.n > 0 ? imap_uids_has(&named, p->uids[i]) : !v->cut)
			imap_uids_add(&v->sure, p->uids[i]);
	free(named.v);
}

int
far_carry_expunge(struct imap *m, struct box *b, const struct imap_uids *uids,
    bool expunge)
{
	struct imap_pieces p = { .m = m, .uids = uids->v, .n = uids->n };
	int got = 0;

	expunge = expunge && (m->caps & IMAP_UIDPLUS) != 0;
	if (expunge && mark_first(b, uids->v, uids->n) < 0)
		return -1;
	while (got == 0 && imap_pieces_next(&p)) {
		got = imap_wait(m, imap_ask_store(m, p.set.p, true,
		    "\\Deleted"));
		if (got == 0 && expunge && !imap_pieces_cut(&p))
			got = imap_wait(m, imap_ask_expunge(m, p.set.p));
		if (got >= 0 && imap_pieces_cut(&p))
			got = imap_pieces_again(&p) ? 0 : 1;
		if (got == 0 && !expunge)
			got = far_check_marked(m, b, p.uids + p.from,
			    p.at - p.from);
		if (got == 0 && !expunge)
			got = own_marks(b, p.uids + p.from, p.at - p.from);
	}
	imap_pieces_free(&p);
	return got == 0 && expunge ? far_check_gone(m, b, uids->v, uids->n) :
	    got;
}

/* What came to the other mailbox has no lower UID. */
static void
note_next(const struct box *b, const char *to, struct far_copy *c)
{
	const struct box *other = box_named(b->run, to);
	uint64_t next = other != NULL ? box_far_next(other) : 0;

	if (next > c->was.uidnext)
		c->was.uidnext = next;
}

/*
 * Is what COPYUID says so?  A MOVE is then as if it had said nothing.  What was
 * copied stays where it was: those that are there, too, are noted as sure.  0,
 * 1 it is not, -1.
 */
static int
check_named(struct imap *m, struct box *b, const char *to,
    struct far_carried *v)
{
	struct far_copy *c = &v->copy;
	bool moves = (m->caps & IMAP_MOVE) != 0;
	int got = far_check_copy(m, str_of(to), c);
	char why[sizeof m->text];

	if (got <= 0)
		return got;
	c->from.n = c->to.n = 0;
	c->uidvalidity = 0;
	if (moves)
		return 0;
	v->cut = false;
	memcpy(why, m->text, sizeof why);
	if (far_prove(&b->run->link[0], b, to, c, &v->sure) < 0)
		return -1;
	memcpy(m->text, why, sizeof why);
	return 1;
}

/* Where it names none, the mailboxes say what became of them. */
static int
check_unnamed(struct imap *m, struct box *b, const char *to,
    struct far_carried *v)
{
	int got;

	if (v->copy.from.n > 0 || v->sure.n == 0)
		return 0;
	if ((m->caps & IMAP_MOVE) == 0)
		return far_prove(&b->run->link[0], b, to, &v->copy, &v->sure);
	got = far_check_gone(m, b, v->sure.v, v->sure.n);
	if (got != 0)
		v->sure.n = 0;
	return got;
}

/*
 * The messages of a piece, by MOVE or by what it stands for: what is not there
 * for certain is not deleted here.  0, 1 refused, -1.
 */
static int
move_piece(struct imap *m, const struct imap_pieces *p, struct box *b,
    const char *to, struct far_carried *v)
{
	struct far_copy *c = &v->copy;
	int got;

	/* where deleting only marks, a mark in the log is one that is there */
	if ((m->caps & IMAP_MOVE) != 0 && !far_marks(b, false) &&
	    mark_first(b, p->uids + p->from, p->at - p->from) < 0)
		return -1;
	got = carry(m, p->set.p, str_of(to), c);
	v->cut = imap_pieces_cut(p);
	if (got != 0)
		return got;
	c->uids = p->uids + p->from;
	c->n = p->at - p->from;
	note_next(b, to, c);
	if (c->from.n > 0 && (got = check_named(m, b, to, v)) != 0)
		return got;
	ascertain(p, v);
	if ((got = check_unnamed(m, b, to, v)) != 0)
		return got;
	if ((m->caps & IMAP_MOVE) == 0)
		got = far_carry_expunge(m, b, &v->sure, true);
	v->cut = v->cut && got == 0;
	return got;
}

/*
 * After a piece that was cut the list begins anew, without those that are
 * moved.  A COPY that does not say which it has done is not repeated.
 */
static int
move_rest(struct imap_pieces *p, uint32_t *uids, const struct far_carried *v,
    int refused)
{
	size_t i, n = 0;

	if (v->sure.n == 0 && ((refused == 0 &&
	    (p->m->caps & IMAP_MOVE) == 0) || !imap_pieces_again(p)))
		return 1;
	for (i = p->from; i < p->n; i++)
		if (!imap_uids_has(&v->sure, uids[i]))
			uids[n++] = uids[i];
	p->n = n;
	p->at = 0;
	return 0;
}

int
far_carry_next(struct imap_pieces *p, uint32_t *uids, struct box *b,
    const char *to, struct far_carried *v)
{
	int got;

	far_carry_free(v);
	if (stop_asked() || !imap_pieces_next(p))
		return 2;
	got = move_piece(p->m, p, b, to, v);
	return got >= 0 && v->cut ? move_rest(p, uids, v, got) : got;
}
