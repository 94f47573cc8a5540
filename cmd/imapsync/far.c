/*
 * far.c: what changed in a mailbox on the server, by the best way it has
 *
 * The ladder: STATUS may say that nothing did; QRESYNC says it all with
 * SELECT; CONDSTORE says which flags; SEARCH says who has which flag, in sets;
 * FETCH says everything of all.
 * Nobody is believed about who is gone unless the numbers agree: EXISTS must
 * be what the state has, less the gone, plus the new.  Otherwise all UIDs are
 * asked for.  Mailboxes are looked at in a row, the next ones asked for while
 * the first still answers: these are reads, and may ride behind a SELECT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "far_private.h"

/* ---- asking ---- */

static enum delta
rung(const struct run *r, const struct imap *m, const struct box *b)
{
	enum delta most = r->o->rung;

	if (b->doubtful && most < DELTA_SEARCH)
		most = DELTA_SEARCH;
	if (!b->known || (b->state.n == 0 && b->state.mark.modseq == 0))
		return DELTA_AUTO;	/* who is there is all we need */
	if (b->state.mark.modseq > 0 && m->qresync &&
	    (most == DELTA_AUTO || most == DELTA_QRESYNC))
		return DELTA_QRESYNC;
	if (b->state.mark.modseq > 0 && (m->caps & (IMAP_CONDSTORE |
	    IMAP_QRESYNC)) != 0 && most <= DELTA_CONDSTORE)
		return DELTA_CONDSTORE;
	return most == DELTA_FETCH ? DELTA_FETCH : DELTA_SEARCH;
}

static void
note(struct look *k, enum what what, unsigned tag)
{
	k->ask[k->n++] = (struct ask){ .what = what, .tag = tag };
}

/* A plain SEARCH does not say which it is: one at a time. */
static void
ask_search(struct look *k, struct imap *m, enum what what, const char *keys)
{
	if ((m->caps & (IMAP_ESEARCH | IMAP_REV2)) != 0) {
		note(k, what, imap_ask_search(m, keys));
		return;
	}
	note(k, what, 0);
	k->ask[k->n - 1].keys = mem_dup(keys);
}

static void
ask_bit(struct look *k, struct imap *m, uint64_t bit, const char *keys,
    bool without)
{
	if (k->n >= sizeof k->ask / sizeof *k->ask)
		return;
	k->bits |= bit;
	ask_search(k, m, W_BIT, keys);
	k->ask[k->n - 1].bit = bit;
	k->ask[k->n - 1].without = without;
}

static const struct {
	uint64_t bit;
	const char *keys;
	bool without;		/* fewer have it not than have it */
} searches[] = {
	{ FLAG_SEEN, "UNSEEN", true }, { FLAG_ANSWERED, "ANSWERED", false },
	{ FLAG_FLAGGED, "FLAGGED", false }, { FLAG_DRAFT, "DRAFT", false },
	{ FLAG_DELETED, "DELETED", false },
	{ FLAG_FORWARDED, "KEYWORD $Forwarded", false }
};

/* Keywords that are known by now and were not asked for yet. */
static void
ask_keywords(struct look *k, struct imap *m)
{
	const struct keywords *w = &k->b->state.keywords;
	char keys[300];
	uint64_t bit;
	size_t i;

	for (i = 0; i < w->n; i++) {
		bit = (uint64_t)1 << (FLAG_KEYWORD + i);
		if ((k->bits & bit) != 0 || strlen(w->name[i]) > 200)
			continue;
		snprintf(keys, sizeof keys, "KEYWORD %s", w->name[i]);
		ask_bit(k, m, bit, keys, false);
	}
}

static bool
unasked_keywords(const struct look *k)
{
	size_t i;

	for (i = 0; i < k->b->state.keywords.n; i++)
		if ((k->bits & (uint64_t)1 << (FLAG_KEYWORD + i)) == 0 &&
		    strlen(k->b->state.keywords.name[i]) <= 200)
			return true;
	return false;
}

/*
 * The first, one in the middle, the last that came from there, and the one
 * that is meant if there is one (0: none).
 */
static void
ask_canaries(struct look *k, struct imap *m, uint32_t meant)
{
	struct state *s = &k->b->state;
	size_t from = state_from(s, 1), last = s->n - 1, i, at = 0;
	struct imap_uids v = { 0 };
	struct buf set = { .max = 100 };
	const struct rec *rec;

	for (i = last; i > from && last - i < 1000 &&
	    !state_native(s, &s->rec[i]); i--)
		;
	imap_uids_add(&v, s->rec[from].uid);
	imap_uids_add(&v, s->rec[from + (s->n - from) / 2].uid);
	imap_uids_add(&v, s->rec[state_native(s, &s->rec[i]) ? i :
	    last].uid);
	if (meant != 0)
		imap_uids_add(&v, meant);
	imap_uids_sort(&v);
	for (i = 0; i < v.n; i++) {
		rec = state_by_uid(s, v.v[i]);
		k->asked += rec != NULL && rec->ident != 0;
	}
	imap_set_put(&set, v.v, v.n, &at, 90);
	note(k, W_CANARY, imap_ask_idents(m, set.p));
	buf_free(&set);
	free(v.v);
}

static void
ask(struct look *k, struct line *l)
{
	struct box *b = k->b;
	struct imap *m = &l->imap;
	struct imap_since since = { 0, 0, NULL };
	size_t i;

	k->how = rung(l->run, m, b);
	if (k->how == DELTA_QRESYNC)
		since = (struct imap_since){ b->state.mark.uidvalidity,
		    b->state.mark.modseq, NULL };
	note(k, W_SELECT, link_ask_select(l, b, false, &since));
	if (k->how == DELTA_AUTO || k->how == DELTA_SEARCH)
		ask_search(k, m, W_ALL, "ALL");
	if (k->how == DELTA_CONDSTORE)
		note(k, W_CHANGES, imap_ask_flags(m, "1:*",
		    b->state.mark.modseq));
	if (k->how == DELTA_FETCH)
		note(k, W_EVERY, imap_ask_flags(m, "1:*", 0));
	if (k->how == DELTA_SEARCH) {
		for (i = 0; i < sizeof searches / sizeof *searches; i++)
			ask_bit(k, m, searches[i].bit, searches[i].keys,
			    searches[i].without);
		ask_keywords(k, m);
	}
	if (state_last(&b->state) != 0)
		ask_canaries(k, m, 0);
}

/* To write; the canaries with it, and nothing about what changed. */
void
remote_ask_who(struct look *k, struct line *l, uint32_t meant)
{
	note(k, W_SELECT, link_ask_select(l, k->b, false, NULL));
	if (state_last(&k->b->state) != 0)
		ask_canaries(k, &l->imap, meant);
}

/* ---- hearing ---- */

static void
forget_found(struct look *k)
{
	size_t i;

	for (i = 0; i < BITS; i++) {
		free(k->found[i].v);
		k->found[i] = (struct imap_uids){ 0 };
	}
}

/* Of which question: by its tag, else they are answered in order. */
static struct imap_uids *
found_by(struct look *k, const struct imap_resp *r, const struct ask *now)
{
	const struct ask *a = now;
	size_t i;

	for (i = 0; r->of != 0 && i < k->n; i++)
		if (k->ask[i].tag == r->of)
			a = &k->ask[i];
	return a->what == W_BIT ? &k->found[__builtin_ctzll(a->bit)] :
	    &k->all;
}

/*
 * Who has which flag is four bytes for each message that has it: where that
 * is too much, FETCH says the same at less cost.
 */
static int
take_found(struct look *k, struct imap *m, struct imap_resp *r,
    const struct ask *a)
{
	struct imap_uids *u = found_by(k, r, a);
	size_t i, n = 0;

	if (u == &k->all)
		return imap_found(m, r, u);
	if (k->refused)
		return 0;
	if (imap_found(m, r, u) < 0)
		return -1;
	for (i = 0; i < BITS; i++)
		n += k->found[i].n;
	if (n <= LIMIT_MESSAGES)
		return 0;
	k->refused = true;
	forget_found(k);
	return 0;
}

static void
note_done(struct look *k, const struct imap_resp *r)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		struct ask *a = &k->ask[i];

		if (a->tag != r->tag || a->done)
			continue;
		a->done = true;
		a->refused = r->type != IMAP_OK;
		k->have_all |= !a->refused && (a->what == W_ALL ||
		    a->what == W_EVERY);
	}
}

/* What came before CLOSED is of the mailbox before (RFC 7162 3.2.11). */
static void
not_ours(struct look *k)
{
	k->b->nfar = k->b->gone.n = k->all.n = 0;
	k->canaries = k->strangers = k->sure = 0;
}

/* Until this one is answered; others may be before it. */
static int
hear(struct look *k, struct imap *m, struct ask *a)
{
	struct imap_resp r;
	int got = 0;

	if (a->tag == 0) {
		a->tag = imap_ask_search(m, a->keys);
		free(a->keys);
		a->keys = NULL;
	}
	conn_phase(m->c, a->what == W_SELECT ? "SELECT" : "FETCH",
	    CONN_COMMAND);
	while (!a->done) {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.tag == 0 && r.type == IMAP_OK && str_is(r.code,
		    "CLOSED"))
			not_ours(k);
		if (r.tag != 0)
			note_done(k, &r);
		else if (r.type == IMAP_FETCH)
			got = remote_fetched(k, m);
		else if (r.type == IMAP_VANISHED)
			got = remote_vanished(k, m, r.set);
		else if (r.type == IMAP_SEARCH)
			got = take_found(k, m, &r, a);
		else if (r.type == IMAP_FLAGS)
			remote_flags(k->b, r.flags);
		if (got < 0)
			return -1;
	}
	return a->refused;
}

static void
selected(struct look *k, struct imap *m)
{
	struct box *b = k->b;

	b->seen = (struct mark){ m->box.uidvalidity, m->box.uidnext,
	    m->box.no_modseq ? 0 : m->box.modseq, m->box.exists, "" };
	snprintf(b->seen.id, sizeof b->seen.id, "%s", b->now.id);
	b->storable = flags_permanent(&b->state.keywords,
	    str_of(m->box.permanent), &b->any_keyword);
	if (b->any_keyword)
		b->storable |= ~(uint64_t)0 << FLAG_KEYWORD | FLAG_FORWARDED;
	if (m->box.read_only)
		b->storable = 0;
	b->renumbered = b->known && (b->state.mark.uidvalidity !=
	    b->seen.uidvalidity || (m->box.uidnext != 0 &&
	    (m->box.uidnext < b->state.mark.uidnext ||
	    m->box.uidnext <= state_last(&b->state))));
	k->backwards = b->known && b->seen.modseq < b->state.mark.modseq;
}

static int
unusable(struct box *b, const char *why)
{
	report_problem(b->run, EX_TEMPFAIL, b->name, "%s", why);
	b->failed = true;
	return 0;
}

static int
hear_from(struct look *k, struct imap *m, size_t from)
{
	size_t i;
	int got;

	for (i = from; i < k->n; i++) {
		if (k->ask[i].what == W_SELECT)
			imap_box_forget(m);
		if ((got = hear(k, m, &k->ask[i])) < 0)
			return -1;
		if (k->ask[i].what == W_SELECT && got > 0)
			unusable(k->b, m->text);
		else if (k->ask[i].what == W_SELECT)
			selected(k, m);
		else if (got > 0 && k->ask[i].what != W_CANARY)
			k->refused = true;
	}
	return 0;
}

int
remote_hear(struct look *k, struct imap *m)
{
	return hear_from(k, m, 0);
}

/* ---- what follows ---- */

static void
start_again(struct look *k)
{
	k->b->nfar = k->b->gone.n = k->all.n = 0;
	forget_found(k);
	k->have_all = k->refused = false;
	k->bits = 0;
}

/* One more command while this mailbox is still the selected one. */
static int
again(struct look *k, struct imap *m, enum what what)
{
	size_t from = k->n = 0;

	if (what == W_EVERY) {
		start_again(k);
		k->how = DELTA_FETCH;
		note(k, what, imap_ask_flags(m, "1:*", 0));
	} else {
		k->all.n = 0;
		ask_search(k, m, what, "ALL");
	}
	return hear_from(k, m, from);
}

static size_t
news(struct box *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->nfar; i++)
		n += state_by_uid(&b->state, b->far_v[i].uid) == NULL;
	return n;
}

static uint64_t
found_flags(const struct look *k, uint32_t uid)
{
	uint64_t flags = 0, left, bit;
	size_t i;
	bool has;

	for (left = k->bits; left != 0; left &= left - 1) {
		bit = left & ~(left - 1);
		i = (size_t)__builtin_ctzll(bit);
		has = imap_uids_has(&k->found[i], uid);
		if (has != (bit == FLAG_SEEN))
			flags |= bit;
	}
	return flags;
}

static void
lacking(struct look *k)
{
	struct box *b = k->b;
	size_t i;

	b->gone.n = 0;
	for (i = state_from(&b->state, 1); i < b->state.n; i++)
		if (!imap_uids_has(&k->all, b->state.rec[i].uid))
			imap_uids_add(&b->gone, b->state.rec[i].uid);
}

/* All UIDs are known: who is not among them is gone, who is new is new. */
static void
from_all(struct look *k)
{
	struct box *b = k->b;
	bool search = k->how == DELTA_SEARCH;
	size_t i, n = search ? 0 : b->nfar;
	struct far_msg *f;
	uint32_t uid;

	lacking(k);
	if (k->how == DELTA_FETCH)
		return;
	b->nfar = n;
	if (b->state.n == 0)
		box_far_room(b, k->all.n);
	for (i = 0; i < k->all.n; i++) {
		uid = k->all.v[i];
		if (!search && (state_by_uid(&b->state, uid) != NULL ||
		    box_far_among(b, n, uid) != NULL))
			continue;
		f = box_far_add(b, uid);
		f->flags = search ? found_flags(k, uid) : 0;
		f->flags_known = search;
	}
}

/* The UIDs are others': everything is new, and nothing is known to be gone. */
static void
all_new(struct look *k)
{
	size_t i;

	k->b->nfar = k->b->gone.n = 0;
	for (i = 0; i < k->all.n; i++)
		box_far_add(k->b, k->all.v[i]);
}

/*
 * New messages whose flags are those of the base say nothing; nor does what
 * somebody told about messages that are gone.
 */
static void
tidy(struct box *b)
{
	size_t i, n = 0;
	struct rec *rec;

	box_far_sort(b);
	imap_uids_sort(&b->gone);
	for (i = 0; i < b->nfar; i++) {
		rec = state_by_uid(&b->state, b->far_v[i].uid);
		if (rec != NULL && !b->renumbered && b->far_v[i].flags_known &&
		    (rec->flags == b->far_v[i].flags ||
		    imap_uids_has(&b->gone, rec->uid)))
			continue;
		b->far_v[n++] = b->far_v[i];
	}
	b->nfar = n;
}

static void
watermarks(struct look *k, struct imap *m)
{
	struct box *b = k->b;
	uint32_t top = b->renumbered ? 0 : state_last(&b->state);

	b->seen.exists = m->box.exists;
	if (b->nfar > 0 && b->far_v[b->nfar - 1].uid > top)
		top = b->far_v[b->nfar - 1].uid;
	if (b->seen.uidnext <= top)	/* not told, or more came meanwhile */
		b->seen.uidnext = (uint64_t)top + 1;
}

bool
remote_renumbered(const struct look *k)
{
	return k->sure > 0 || (k->canaries > 0 && k->strangers ==
	    k->canaries);
}

static void
sort_found(struct look *k)
{
	size_t i;

	imap_uids_sort(&k->all);
	for (i = 0; i < BITS; i++)
		imap_uids_sort(&k->found[i]);
}

/* 1: there is more to ask, and others are in the way (may is false). */
static int
enquire(struct look *k, struct imap *m, bool may)
{
	struct box *b = k->b;
	size_t from = k->n;

	if (b->renumbered || b->strange || remote_renumbered(k)) {
		b->renumbered = true;
		return !may ? 1 : again(k, m, W_EVERY);
	}
	if (k->how == DELTA_SEARCH && !k->refused &&
	    unasked_keywords(k)) {
		if (!may)
			return 1;
		ask_keywords(k, m);
		if (hear_from(k, m, from) < 0)
			return -1;
	}
	if ((k->refused || k->backwards) && k->how != DELTA_FETCH)
		return !may ? 1 : again(k, m, W_EVERY);
	box_far_sort(b);
	imap_uids_sort(&b->gone);
	imap_uids_sort(&k->all);
	if (!k->have_all && state_live(&b->state) - b->gone.n + news(b) ==
	    m->box.exists)
		return 0;
	if (!may && !(k->have_all && k->all.n == m->box.exists))
		return 1;
	if (!k->have_all && again(k, m, W_ALL) < 0)
		return -1;
	imap_uids_sort(&k->all);
	if (k->all.n == m->box.exists || k->how == DELTA_FETCH)
		return 0;
	return again(k, m, W_EVERY);	/* SEARCH finds not all: ask each */
}

static int
finish(struct look *k, struct imap *m, bool may)
{
	struct box *b = k->b;
	int got = b->failed ? 0 : enquire(k, m, may);

	if (got != 0 || b->failed)
		return got;
	if (k->refused)
		return unusable(b, m->text);
	sort_found(k);
	if (k->have_all && k->all.n != m->box.exists)
		return unusable(b, "the server says how many there are, and "
		    "shows others: nothing is concluded from that");
	if (b->renumbered)
		all_new(k);
	else if (k->have_all)
		from_all(k);
	tidy(b);
	watermarks(k, m);
	b->strange = false;
	b->heard = true;
	return 0;
}

void
remote_done(struct look *k)
{
	size_t i;

	free(k->all.v);
	forget_found(k);
	for (i = 0; i < k->n; i++)
		free(k->ask[i].keys);
	free(k);
}

void
remote_done_all(struct look **ring, size_t tail, size_t head)
{
	while (tail < head)
		remote_done(ring[tail++ % AHEAD]);
}

/*
 * Up to ahead mailboxes are under way.  One that needs a second question
 * while others are on their way has to wait: later is set.
 */
static int
look_at(struct run *r, size_t ahead, bool only_later, bool *later)
{
	struct line *l = &r->line[0];
	size_t i = 0, head = 0, tail = 0;
	struct look *ring[AHEAD], *k;
	int got = 0;

	while (got >= 0 && !stop_asked()) {
		for (; i < r->nboxes && head - tail < ahead; i++) {
			if (!r->boxes[i].look || !r->boxes[i].far ||
			    r->boxes[i].failed || r->boxes[i].believed ||
			    r->boxes[i].heard || later[i] != only_later)
				continue;
			later[i] = false;
			k = ring[head++ % AHEAD] = mem_new(1, sizeof *k);
			k->b = &r->boxes[i];
			k->b->nfar = k->b->gone.n = 0;
			ask(k, l);
		}
		if (head == tail)
			break;
		k = ring[tail % AHEAD];
		if ((got = remote_hear(k, &l->imap)) == 0)
			got = finish(k, &l->imap, head - tail == 1);
		if (got == 0 && !k->b->failed && head - tail == 1)
			link_selected(l, k->b);
		if (got > 0)
			later[k->b - r->boxes] = true;
		remote_done(k);
		tail++;
	}
	remote_done_all(ring, tail, head);
	return got < 0 ? -1 : 0;
}

/* ---- what a deletion is there ---- */

bool
far_to_trash(const struct box *b)
{
	const struct run *r = b->run;

	return r->o->policy.far_delete == FAR_TRASH && r->trash != NULL &&
	    strcmp(r->trash, b->name) != 0;
}

bool
far_marks(const struct box *b)
{
	unsigned caps = b->run->line[0].imap.caps;

	if (b->run->o->policy.far_delete == FAR_MARK)
		return true;
	return (caps & IMAP_UIDPLUS) == 0 && (!far_to_trash(b) ||
	    (caps & IMAP_MOVE) == 0);
}

/* ---- all of them ---- */

int
remote_look(struct run *r)
{
	bool *later = mem_new(r->nboxes + 1, sizeof *later);
	int got;

	got = look_at(r, (r->line[0].imap.caps & (IMAP_ESEARCH | IMAP_REV2))
	    != 0 ? AHEAD : 1, false, later);
	if (got == 0)
		got = look_at(r, 1, true, later);
	free(later);
	return got;
}
