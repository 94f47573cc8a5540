/*
 * far_ask.c: the ladder: what a server is asked about a mailbox
 *
 * STATUS may say that nothing changed; QRESYNC says it all with SELECT;
 * CONDSTORE says which flags; SEARCH says who has which flag, in sets; FETCH
 * says everything of all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "far_ask.h"

/*
 * Records without a mark, of a first sync that was cut, say nothing of flags
 * that have changed since: all of them are asked for.
 */
static enum delta
rung(const struct run *r, const struct imap *m, const struct box *b)
{
	enum delta most = r->o->rung;

	if (b->doubtful && most < DELTA_SEARCH)
		most = DELTA_SEARCH;
	if (b->state->n == 0 && (!b->known || b->state->mark.modseq == 0))
		return DELTA_AUTO;	/* who is there is all we need */
	if (b->state->mark.modseq > 0 && m->qresync &&
	    (most == DELTA_AUTO || most == DELTA_QRESYNC))
		return DELTA_QRESYNC;
	if (b->state->mark.modseq > 0 && (m->caps & (IMAP_CONDSTORE |
	    IMAP_QRESYNC)) != 0 && most <= DELTA_CONDSTORE)
		return DELTA_CONDSTORE;
	return most == DELTA_FETCH ? DELTA_FETCH : DELTA_SEARCH;
}

void
far_ask_note(struct far_look *k, enum far_what what, unsigned tag)
{
	k->ask[k->n++] = (struct far_asked){ .what = what, .tag = tag };
}

/* A plain SEARCH's answer has no tag, so one at a time is under way. */
void
far_ask_search(struct far_look *k, struct imap *m, enum far_what what,
    const char *keys)
{
	if ((m->caps & (IMAP_ESEARCH | IMAP_REV2)) != 0) {
		far_ask_note(k, what, imap_ask_search(m, keys));
		return;
	}
	far_ask_note(k, what, 0);
	k->ask[k->n - 1].keys = mem_dup(keys);
}

static void
ask_bit(struct far_look *k, struct imap *m, uint64_t bit, const char *keys,
    bool without)
{
	if (k->n >= sizeof k->ask / sizeof *k->ask)
		return;
	k->bits |= bit;
	far_ask_search(k, m, W_BIT, keys);
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
void
far_ask_keywords(struct far_look *k, struct imap *m)
{
	const struct keywords *w = &k->b->state->keywords;
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

bool
far_ask_has_more(const struct far_look *k)
{
	size_t i;

	for (i = 0; i < k->b->state->keywords.n; i++)
		if ((k->bits & (uint64_t)1 << (FLAG_KEYWORD + i)) == 0 &&
		    strlen(k->b->state->keywords.name[i]) <= 200)
			return true;
	return false;
}

/*
 * Canaries: the first known message, one in the middle, the last that was
 * downloaded, and the one that something is to be done to (meant; 0: none).
 */
static void
ask_canaries(struct far_look *k, struct imap *m, uint32_t meant)
{
	struct state *s = k->b->state;
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
	far_ask_note(k, W_CANARY, imap_ask_idents(m, set.p));
	buf_free(&set);
	free(v.v);
}

void
far_ask(struct far_look *k, struct link *l)
{
	struct box *b = k->b;
	struct imap *m = &l->imap;
	struct imap_since since = { 0, 0, NULL };
	size_t i;

	k->how = rung(l->run, m, b);
	if (k->how == DELTA_QRESYNC)
		since = (struct imap_since){ b->state->mark.uidvalidity,
		    b->state->mark.modseq, NULL };
	far_ask_note(k, W_SELECT, link_ask_select(l, b, false, &since));
	if (k->how == DELTA_AUTO || k->how == DELTA_SEARCH)
		far_ask_search(k, m, W_ALL, "ALL");
	if (k->how == DELTA_CONDSTORE)
		far_ask_note(k, W_CHANGES, imap_ask_flags(m, "1:*",
		    b->state->mark.modseq));
	if (k->how == DELTA_FETCH)
		far_ask_note(k, W_EVERY, imap_ask_flags(m, "1:*", 0));
	if (k->how == DELTA_SEARCH) {
		for (i = 0; i < sizeof searches / sizeof *searches; i++)
			ask_bit(k, m, searches[i].bit, searches[i].keys,
			    searches[i].without);
		far_ask_keywords(k, m);
	}
	if (state_last(b->state) != 0)
		ask_canaries(k, m, 0);
}

/* SELECT for writing, and the canaries; no question about changes. */
void
far_ask_who(struct far_look *k, struct link *l, uint32_t meant)
{
	far_ask_note(k, W_SELECT, link_ask_select(l, k->b, false, NULL));
	if (state_last(k->b->state) != 0)
		ask_canaries(k, &l->imap, meant);
}
