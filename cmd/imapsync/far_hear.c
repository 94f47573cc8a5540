/*
 * far_hear.c: what a server says of a mailbox, noted
 *
 * Which flags, who is gone, who is found, and whether some known ones are who
 * they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "far_hear.h"
#include "ident.h"
#include "limit.h"
#include "report.h"
#include "search.h"

enum { SET = 7500 };		/* bytes of a set in a command */

/* ---- of a message ---- */

uint64_t
far_hear_flags(struct box *b, struct str words, struct err *e)
{
	struct str rest = words, w;
	uint64_t flags;

	pthread_mutex_lock(b->lock);
	while ((w = str_word(&rest)).n > 0)
		if (w.p[0] != '\\' && !str_is(w, "$Forwarded"))
			state_keyword(b->state, w, e);
	flags = flags_parse(&b->state->keywords, words);
	pthread_mutex_unlock(b->lock);
	return flags;
}

static int
far_push(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

/*
 * Some known messages are asked who they are.  A server that has other ones
 * under their UIDs, with the same UIDVALIDITY, was restored or is broken.  One
 * that sends no header, for it cannot read the message, has said nothing.
 */
static int
take_canary(struct far_look *k, struct imap *m, struct imap_item *it,
    uint32_t uid)
{
	struct buf head = { .max = 1 << 17 };
	struct conn_sink sink = { far_push, &head };
	struct rec *rec = state_by_uid(k->b->state, uid);
	int got = imap_body(m, it, &sink);
	uint64_t who = ident_of(BUF_STR(head));

	if (got == 0 && rec != NULL && rec->ident != 0 &&
	    (who == rec->ident || !ident_none(who))) {
		bool other = who != rec->ident;

		k->canaries++;
		k->strangers += other;
		k->sure += other && state_native(k->b->state, rec);
	}
	buf_free(&head);
	return got;
}

static int
hear_fetch(struct far_look *k, struct imap *m)
{
	struct box *b = k->b;
	bool with_flags = false;
	struct imap_item it;
	struct far_msg *f;
	uint64_t flags = 0;
	uint32_t uid = 0;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID)
			uid = (uint32_t)it.number;
		else if (it.kind == IMAP_FLAG) {
			with_flags = true;
			flags = far_hear_flags(b, it.text, b->run->e);
		} else if (it.kind == IMAP_BODY && uid != 0 && (got =
		    take_canary(k, m, &it, uid)) < 0)
			break;
	if (got < 0 || uid == 0 || !with_flags)
		return got < 0 ? -1 : 0;
	if (k->how == DELTA_FETCH)
		imap_uids_note(&k->all, uid);
	if (state_by_uid(b->state, uid) == NULL) {
		imap_uids_note(&b->far.fresh, uid);
		return b->far.fresh.n <= LIMIT_MESSAGES ? 0 :
		    conn_fail(m->c, EX_PROTOCOL, "FETCH: more than %d messages",
		    LIMIT_MESSAGES);
	}
	if (b->far.n == b->far.cap && b->far.n >= 1 << 16)
		box_far_sort(b);		/* some were said again and again */
	f = box_far_add(b, uid);
	f->flags = flags;
	f->flags_known = true;
	return 0;
}

static int
vanished(struct far_look *k, struct imap *m, struct str set)
{
	const struct state *s = k->b->state;
	uint32_t lo, hi;
	size_t i;
	int got;

	while ((got = imap_set_next(&set, &lo, &hi)) > 0)
		for (i = state_from(s, lo); i < s->n &&
		    s->rec[i].uid <= hi; i++)
			imap_uids_note(&k->b->far.gone, s->rec[i].uid);
	return got == 0 ? 0 : conn_fail(m->c, EX_PROTOCOL, "VANISHED: not a set of UIDs");
}

/* ---- what was asked ---- */

void
far_hear_forget(struct far_look *k)
{
	size_t i;

	for (i = 0; i < FAR_BITS; i++) {
		free(k->found[i].v);
		k->found[i] = (struct imap_uids){ 0 };
	}
}

/* The question that it answers: by its tag, else in the order asked. */
static struct imap_uids *
found_by(struct far_look *k, const struct imap_resp *r,
    const struct far_asked *now)
{
	const struct far_asked *a = now;
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
take_found(struct far_look *k, struct imap *m, struct imap_resp *r,
    const struct far_asked *a)
{
	struct imap_uids *u = found_by(k, r, a);
	size_t i, n = 0;

	if (u == &k->all)
		return imap_found(m, r, u);
	if (k->refused)
		return 0;
	if (imap_found(m, r, u) < 0)
		return -1;
	for (i = 0; i < FAR_BITS; i++)
		n += k->found[i].n;
	if (n <= LIMIT_MESSAGES)
		return 0;
	k->refused = true;
	far_hear_forget(k);
	return 0;
}

static void
note_done(struct far_look *k, const struct imap_resp *r)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		struct far_asked *a = &k->ask[i];

		if (a->tag != r->tag || a->done)
			continue;
		a->done = true;
		a->refused = r->type != IMAP_OK;
		k->have_all |= !a->refused && (a->what == W_ALL ||
		    a->what == W_EVERY);
	}
}

/* All before CLOSED was of the mailbox before (RFC 7162 3.2.11). */
static void
not_ours(struct far_look *k)
{
	box_far_clear(k->b);
	k->all.n = 0;
	k->canaries = k->strangers = k->sure = 0;
}

/* Until this one is answered; others may be before it. */
static int
hear_until(struct far_look *k, struct imap *m, struct far_asked *a)
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
			got = hear_fetch(k, m);
		else if (r.type == IMAP_VANISHED)
			got = vanished(k, m, r.set);
		else if (r.type == IMAP_SEARCH)
			got = take_found(k, m, &r, a);
		else if (r.type == IMAP_FLAGS)
			k->listed = far_hear_flags(k->b, r.flags, k->b->run->e);
		if (got < 0)
			return -1;
	}
	return a->refused;
}

static void
selected(struct far_look *k, struct imap *m)
{
	struct box *b = k->b;
	bool any_keyword;

	b->far.seen = (struct mark){ m->box.uidvalidity, m->box.uidnext,
	    m->box.no_modseq ? 0 : m->box.modseq, m->box.exists, b->far.now.id };
	b->far.told = m->box.uidnext;
	b->far.id = mark_id_hash(m->box.id);
	b->far.storable = flags_permanent(&b->state->keywords,
	    str_of(m->box.permanent), &any_keyword);
	if (any_keyword)
		b->far.storable |= ~(uint64_t)0 << FLAG_KEYWORD |
		    FLAG_FORWARDED;
	if (m->box.read_only)
		b->far.storable = 0;
	b->far.renumbered = b->known && (b->state->mark.uidvalidity !=
	    b->far.seen.uidvalidity || (m->box.uidnext != 0 &&
	    (m->box.uidnext < b->state->mark.uidnext ||
	    m->box.uidnext <= state_last(b->state))));
	k->backwards = b->known && b->far.seen.modseq < b->state->mark.modseq;
}

/* A server has to say its UIDVALIDITY (RFC 3501 section 6.3.1). */
static void
no_uids(struct box *b)
{
	report_problem(&b->run->report, EX_UNAVAILABLE, b->name,
	    "the server keeps no UIDs: what is new cannot be told");
	box_outcome(b, BOX_FAILED);
}

int
far_hear_unusable(struct box *b, const char *why)
{
	report_problem(&b->run->report, EX_TEMPFAIL, b->name, "%s", why);
	box_outcome(b, BOX_FAILED);
	return 0;
}

int
far_hear(struct far_look *k, struct imap *m, size_t from)
{
	size_t i;
	int got;

	for (i = from; i < k->n; i++) {
		if (k->ask[i].what == W_SELECT)
			imap_box_forget(m);
		if ((got = hear_until(k, m, &k->ask[i])) < 0)
			return -1;
		if (k->ask[i].what == W_SELECT && got > 0)
			far_hear_unusable(k->b, m->text);
		else if (k->ask[i].what == W_SELECT &&
		    m->box.uidvalidity == 0)
			no_uids(k->b);
		else if (k->ask[i].what == W_SELECT)
			selected(k, m);
		else if (got > 0 && k->ask[i].what != W_CANARY)
			k->refused = true;
	}
	return 0;
}

/* ---- who is who ---- */

/* The messages of one command, sorted. */
struct asked {
	struct box *b;
	struct far_msg v[FAR_IDENTS];
	size_t n;
	enum { ASK_IDENTS, ASK_FLAGS, ASK_FACTS } what;
};

static int
far_by_uid(const void *uid, const void *far)
{
	return search_order(*(const uint32_t *)uid,
	    ((const struct far_msg *)far)->uid);
}

static void
note_ident(struct asked *a, const struct far_msg *f)
{
	size_t i = search_lower(&f->uid, a->v, a->n, sizeof *a->v, far_by_uid);

	if (i < a->n && a->v[i].uid == f->uid)
		a->v[i] = *f;
}

static int
take_ident(struct asked *a, struct imap *m)
{
	struct buf head = { .max = 1 << 17 };
	struct conn_sink sink = { far_push, &head };
	struct far_msg f = { 0 };
	struct imap_item it;
	bool said = false, full = false;
	time_t date = 0;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID)
			f.uid = (uint32_t)it.number;
		else if (it.kind == IMAP_SIZE)
			f.size = it.number < UINT32_MAX ?
			    (uint32_t)it.number : UINT32_MAX;
		else if (it.kind == IMAP_DATE) {
			f.date = date_parse_imap(it.text, &date) == 0 ?
			    (uint32_t)date : 0;
		} else if (it.kind == IMAP_FLAG) {
			f.flags = far_hear_flags(a->b, it.text, a->b->run->e);
			f.flags_known = true;
		} else if (it.kind == IMAP_BODY) {
			said = true;
			full = !it.nil;
			if ((got = imap_body(m, &it, &sink)) < 0)
				break;
		}
	if (got == 0 && (said || (a->what != ASK_IDENTS && f.flags_known)) &&
	    f.uid != 0) {
		f.ident = full ? ident_of(BUF_STR(head)) : 0;
		note_ident(a, &f);
	}
	buf_free(&head);
	return got;
}

static unsigned
ask_tag(const struct asked *a, struct imap *m, const char *set)
{
	switch (a->what) {
	case ASK_IDENTS:
		break;
	case ASK_FLAGS:
		return imap_ask_flags(m, set, 0);
	case ASK_FACTS:
		return imap_ask_facts(m, set);
	}
	return imap_ask_idents(m, set);
}

static int
ask_idents(struct link *l, struct asked *a, const uint32_t *uids, size_t n,
    size_t *at)
{
	struct imap *m = &l->imap;
	struct buf set = { .max = 65536 };
	struct imap_resp r;
	size_t from = *at;
	unsigned tag;

	if (n - from > FAR_IDENTS)
		n = from + FAR_IDENTS;
	imap_set_put(&set, uids, n, at, SET);
	for (a->n = 0; from < *at; from++)
		a->v[a->n++] = (struct far_msg){ .uid = uids[from] };
	tag = ask_tag(a, m, set.p);
	buf_free(&set);
	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_FETCH &&
		    take_ident(a, m) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : conn_fail(m->c, EX_TEMPFAIL,
	    "%s: FETCH: %s", a->b->name, m->text);
}

/* Keeps the messages that were answered, and drops the others. */
static void
keep_idents(struct asked *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		if (a->v[i].ident != 0 || a->v[i].flags_known)
			a->v[n++] = a->v[i];
	box_far_merge(a->b, a->v, n);
}

static int
ask_all(struct asked *a, struct link *l, const uint32_t *uids, size_t n)
{
	size_t at = 0;
	int got = 0;

	while (got == 0 && at < n) {
		got = ask_idents(l, a, uids, n, &at);
		keep_idents(a);		/* and what came before a failure */
	}
	free(a);
	return got;
}

static struct asked *
asked_new(struct box *b)
{
	struct asked *a = mem_new(1, sizeof *a);

	a->b = b;
	return a;
}

int
far_hear_idents(struct link *l, struct box *b, const uint32_t *uids, size_t n)
{
	return ask_all(asked_new(b), l, uids, n);
}

int
far_hear_marks(struct link *l, struct box *b, const uint32_t *uids, size_t n)
{
	struct asked *a = asked_new(b);

	a->what = ASK_FLAGS;
	return ask_all(a, l, uids, n);
}

int
far_hear_facts(struct link *l, struct box *b, const uint32_t *uids, size_t n)
{
	struct asked *a = asked_new(b);

	a->what = ASK_FACTS;
	return ask_all(a, l, uids, n);
}
