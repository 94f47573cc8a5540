/*
 * far.c: what changed in a mailbox on the server, by the best way it has
 *
 * Nobody is believed about who is gone unless the numbers agree: EXISTS must
 * be what the state has, less the gone, plus the new.  Otherwise all UIDs are
 * asked for.  Mailboxes are looked at in a row, the next ones asked for while
 * the first still answers: these are reads, and may ride behind a SELECT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "far.h"
#include "far_hear.h"
#include "imap_box.h"
#include "report.h"
#include "search.h"
#include "stop.h"

static void
start_again(struct far_look *k)
{
	box_far_clear(k->b);
	k->all.n = 0;
	far_hear_forget(k);
	k->have_all = k->refused = false;
	k->bits = 0;
}

/* One more command while this mailbox is still the selected one. */
static int
look_again(struct far_look *k, struct imap *m, enum far_what what)
{
	size_t from = k->n = 0;

	if (what == W_EVERY) {
		start_again(k);
		k->how = DELTA_FETCH;
		far_ask_note(k, what, imap_ask_flags(m, "1:*", 0));
	} else {
		k->all.n = 0;
		far_ask_search(k, m, what, "ALL");
	}
	return far_hear(k, m, from);
}

/*
 * A keyword that FLAGS did not list (RFC 3501 7.2.6) is on no message.  Some
 * servers find all messages for it, for they pass over what they do not know.
 */
static uint64_t
found_flags(const struct far_look *k, const struct rec *rec)
{
	uint64_t keywords = ~(uint64_t)0 << FLAG_KEYWORD | FLAG_FORWARDED;
	uint64_t flags = 0, left, bit;
	size_t i;
	bool has;

	for (left = k->bits; left != 0; left &= left - 1) {
		bit = left & ~(left - 1);
		i = (size_t)__builtin_ctzll(bit);
		has = imap_uids_has(&k->found[i], rec->uid);
		if (has != (bit == FLAG_SEEN))
			flags |= bit;
	}
	if (k->listed != 0)
		flags &= ~keywords | k->listed | rec->flags;
	return flags;
}

static void
ask_lacking(struct far_look *k)
{
	struct box *b = k->b;
	size_t i;

	b->far.gone.n = 0;
	for (i = state_from(b->state, 1); i < b->state->n; i++)
		if (!imap_uids_has(&k->all, b->state->rec[i].uid))
			imap_uids_add(&b->far.gone, b->state->rec[i].uid);
}

/* Moved, not copied: of two such arrays memory may not hold both. */
static void
all_fresh(struct far_look *k)
{
	free(k->b->far.fresh.v);
	k->b->far.fresh = k->all;
	k->all = (struct imap_uids){ 0 };
}

/*
 * With all UIDs at hand: a record that is not among them is gone.  One whose
 * flags are those of the base takes no memory: tidy would drop it.
 */
static void
from_all(struct far_look *k)
{
	struct box *b = k->b;
	bool search = k->how == DELTA_SEARCH;
	size_t i, n = 0;
	const struct rec *rec;
	struct far_msg *f;
	uint64_t flags;
	uint32_t uid;

	ask_lacking(k);
	if (k->how == DELTA_FETCH)
		return;
	if (search)
		b->far.n = 0;
	for (i = 0; i < k->all.n; i++) {
		uid = k->all.v[i];
		rec = state_by_uid(b->state, uid);
		if (rec == NULL)
			k->all.v[n++] = uid;
		else if (search && (flags = found_flags(k, rec)) !=
		    rec->flags) {
			f = box_far_add(b, uid);
			f->flags = flags;
			f->flags_known = true;
		}
	}
	k->all.n = n;
	all_fresh(k);
}

/* The UIDs are others': everything is new, and nothing is known to be gone. */
static void
all_new(struct far_look *k)
{
	box_far_clear(k->b);
	all_fresh(k);
}

/*
 * Drops messages whose flags are those of the base, and reports about
 * messages that are gone.
 */
static void
tidy(struct box *b)
{
	size_t i, n = 0;
	struct rec *rec;

	box_far_sort(b);
	for (i = 0; i < b->far.n; i++) {
		rec = state_by_uid(b->state, b->far.v[i].uid);
		if (rec != NULL && !b->far.renumbered &&
		    b->far.v[i].flags_known &&
		    (rec->flags == b->far.v[i].flags ||
		    imap_uids_has(&b->far.gone, rec->uid)))
			continue;
		b->far.v[n++] = b->far.v[i];
	}
	b->far.n = n;
}

static void
watermarks(struct far_look *k, struct imap *m)
{
	struct box *b = k->b;
	const struct imap_uids *fresh = &b->far.fresh;
	uint32_t top = b->far.renumbered ? 0 : state_last(b->state);

	b->far.seen.exists = m->box.exists;
	if (b->far.n > 0 && b->far.v[b->far.n - 1].uid > top)
		top = b->far.v[b->far.n - 1].uid;
	if (fresh->n > 0 && fresh->v[fresh->n - 1] > top)
		top = fresh->v[fresh->n - 1];
	if (b->far.seen.uidnext <= top)	/* not told, or more came meanwhile */
		b->far.seen.uidnext = (uint64_t)top + 1;
}

bool
far_renumbered(const struct far_look *k)
{
	return k->sure > 0 || (k->canaries > 0 && k->strangers ==
	    k->canaries);
}

static void
sort_found(struct far_look *k)
{
	size_t i;

	imap_uids_sort(&k->all);
	for (i = 0; i < FAR_BITS; i++)
		imap_uids_sort(&k->found[i]);
}

/* The pieces of a mailbox whose server answers for so many messages. */
struct pieces {
	uint64_t most;
	uint64_t lo, last;	/* from here on, and up to there */
	uint64_t wide;		/* so many UIDs the next one has */
	struct imap_uids ends;	/* where UIDBATCHES has them end */
	struct imap_uids all;	/* what came */
};

/* Where it is known how far most messages go: there. */
static void
widen(struct pieces *p, size_t came)
{
	uint32_t lo = (uint32_t)p->lo;
	size_t i = search_lower(&lo, p->ends.v, p->ends.n, sizeof lo,
	    search_u32);

	if (i < p->ends.n)
		p->wide = (uint64_t)p->ends.v[i] - lo + 1;
	else if (came < p->most / 4)
		p->wide *= 2;
}

/*
 * One that has as many as the server tells of is asked for again by halves,
 * unless it would have said that it was cut.
 */
static int
look_at_piece(struct far_look *k, struct imap *m, struct pieces *p)
{
	uint64_t hi = p->lo + p->wide - 1 < p->last ? p->lo + p->wide - 1 :
	    p->last;
	bool says = m->messagelimit > 0;
	unsigned cuts = m->cuts;
	char set[32];
	size_t i;

	snprintf(set, sizeof set, "%llu:%llu", (unsigned long long)p->lo,
	    (unsigned long long)hi);
	k->all.n = k->n = 0;
	far_ask_note(k, W_EVERY, imap_ask_flags(m, set, 0));
	if (far_hear(k, m, 0) < 0)
		return -1;
	imap_uids_sort(&k->all);
	if ((says ? m->cuts != cuts : k->all.n >= p->most) && p->wide > 1) {
		p->wide /= 2;
		return 0;
	}
	for (i = 0; i < k->all.n; i++)
		if (k->all.v[i] >= p->lo && k->all.v[i] <= hi)
			imap_uids_add(&p->all, k->all.v[i]);
	p->lo = hi + 1;
	widen(p, k->all.n);
	return 0;
}

/*
 * Some servers answer for no more than a thousand messages at a time (RFC 9738,
 * and those that do not say so).  So pieces are asked for that have fewer.
 */
static int
look_in_pieces(struct far_look *k, struct imap *m)
{
	struct pieces p = { .most = k->all.n, .lo = 1,
	    .last = k->b->far.seen.uidnext, .wide = k->all.n };
	uint64_t left = 1000 + 8 * (m->box.exists / (p.most + 1));
	int got = 0;

	if (p.last == 0)
		return 0;
	got = imap_batches(m, m->messagelimit > 0 ? m->messagelimit :
	    p.most - 1, &p.ends);
	if (got > 0)
		p.ends.n = 0;
	widen(&p, k->all.n);
	while (got >= 0 && p.lo < p.last && left-- > 0 && !stop_asked())
		got = look_at_piece(k, m, &p);
	free(k->all.v);
	free(p.ends.v);
	k->all = p.all;
	imap_uids_sort(&k->b->far.fresh);
	box_far_sort(k->b);
	return got < 0 ? -1 : 0;
}

static int
look_at_each(struct far_look *k, struct imap *m)
{
	int got = look_again(k, m, W_EVERY);

	imap_uids_sort(&k->all);
	return got == 0 && !k->refused && k->all.n > 0 && k->all.n <
	    m->box.exists ? look_in_pieces(k, m) : got;
}

/* 1: there is more to ask, and others are in the way (may is false). */
static int
enquire(struct far_look *k, struct imap *m, bool may)
{
	struct box *b = k->b;
	size_t from = k->n;

	if (b->far.renumbered || b->far.strange || far_renumbered(k)) {
		b->far.renumbered = true;
		return !may ? 1 : look_at_each(k, m);
	}
	if (k->how == DELTA_SEARCH && !k->refused &&
	    far_ask_has_more(k)) {
		if (!may)
			return 1;
		far_ask_keywords(k, m);
		if (far_hear(k, m, from) < 0)
			return -1;
	}
	if ((k->refused || k->backwards) && k->how != DELTA_FETCH)
		return !may ? 1 : look_at_each(k, m);
	box_far_sort(b);
	imap_uids_sort(&k->all);
	if (!k->have_all && state_live(b->state) - b->far.gone.n +
	    b->far.fresh.n == m->box.exists)
		return 0;
	if (!may && !(k->have_all && k->all.n == m->box.exists))
		return 1;
	if (!k->have_all && look_again(k, m, W_ALL) < 0)
		return -1;
	imap_uids_sort(&k->all);
	if (k->all.n == m->box.exists)
		return 0;
	/* SEARCH finds not all, or FETCH did not tell of all: ask each */
	return !may ? 1 : look_at_each(k, m);
}

static int
finish(struct far_look *k, struct imap *m, bool may)
{
	struct box *b = k->b;
	int got = box_failed(b) ? 0 : enquire(k, m, may);

	if (got != 0 || box_failed(b))
		return got;
	if (k->refused)
		return far_hear_unusable(b, m->text);
	sort_found(k);
	b->far.hidden = k->have_all && !b->far.renumbered && k->all.n > 0 &&
	    k->all.n < m->box.exists ? m->box.exists - k->all.n : 0;
	if (b->far.hidden > 0 && k->how == DELTA_FETCH) {
		report_problem(&b->run->report, EX_TEMPFAIL, b->name, "the server shows %zu of %llu messages: nothing is deleted, and what it does not show stays as it is",
		    k->all.n, (unsigned long long)m->box.exists);
		box_outcome(b, BOX_HELD);
	} else if (k->have_all && k->all.n != m->box.exists)
		return far_hear_unusable(b, "the server says how many there are, and shows others: nothing is concluded from that");
	if (b->far.renumbered)
		all_new(k);
	else if (k->have_all && b->far.hidden == 0)
		from_all(k);
	tidy(b);
	watermarks(k, m);
	b->far.strange = false;
	b->phase = BOX_HEARD;
	return 0;
}

void
far_done(struct far_look *k)
{
	size_t i;

	free(k->all.v);
	far_hear_forget(k);
	for (i = 0; i < k->n; i++)
		free(k->ask[i].keys);
	free(k);
}

void
far_done_all(struct far_look **ring, size_t tail, size_t head)
{
	while (tail < head)
		far_done(ring[tail++ % FAR_AHEAD]);
}

static bool
to_look(const struct box *b)
{
	return b->phase == BOX_OPEN && b->far.is && !box_failed(b);
}

/*
 * Up to ahead mailboxes are under way.  One that needs a second question
 * while others are on their way has to wait: later is set.
 */
static int
look_at(struct run *r, size_t ahead, bool only_later, bool *later)
{
	struct link *l = &r->link[0];
	size_t i = 0, head = 0, tail = 0;
	struct far_look *ring[FAR_AHEAD], *k;
	int got = 0;

	while (got >= 0 && !stop_asked()) {
		for (; i < r->nboxes && head - tail < ahead; i++) {
			if (!to_look(&r->boxes[i]) || later[i] != only_later)
				continue;
			later[i] = false;
			k = ring[head++ % FAR_AHEAD] = mem_new(1, sizeof *k);
			k->b = &r->boxes[i];
			box_far_clear(k->b);
			far_ask(k, l);
		}
		if (head == tail)
			break;
		k = ring[tail % FAR_AHEAD];
		if ((got = far_hear(k, &l->imap, 0)) == 0)
			got = finish(k, &l->imap, head - tail == 1);
		if (got == 0 && !box_failed(k->b) && head - tail == 1)
			link_selected(l, k->b);
		if (got > 0)
			later[k->b - r->boxes] = true;
		far_done(k);
		tail++;
	}
	far_done_all(ring, tail, head);
	return got < 0 ? -1 : 0;
}

/* ---- what a deletion is there ---- */

enum far_delete
far_deletes(const struct box *b, bool saved)
{
	const struct run *r = b->run;

	if (r->o->policy.far_delete != FAR_TRASH)
		return r->o->policy.far_delete;
	if (saved)
		return FAR_EXPUNGE;
	if (r->trash == NULL)
		return FAR_MARK;
	return strcmp(r->trash, b->name) == 0 ? FAR_EXPUNGE : FAR_TRASH;
}

bool
far_marks(const struct box *b, bool saved)
{
	unsigned caps = b->run->link[0].imap.caps;
	enum far_delete how = far_deletes(b, saved);

	return how == FAR_MARK || ((caps & IMAP_UIDPLUS) == 0 &&
	    (how != FAR_TRASH || (caps & IMAP_MOVE) == 0));
}

/* ---- all of them ---- */

int
far_look(struct run *r)
{
	bool *later = mem_new(r->nboxes + 1, sizeof *later);
	int got;

	got = look_at(r, (r->link[0].imap.caps & (IMAP_ESEARCH | IMAP_REV2))
	    != 0 ? FAR_AHEAD : 1, false, later);
	if (got == 0)
		got = look_at(r, 1, true, later);
	free(later);
	return got;
}
