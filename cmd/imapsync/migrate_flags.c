/*
 * migrate_flags.c: flags that changed in FROM are brought to TO
 *
 * The state has the flags of each message as they were when it was copied.  A
 * flag that is not among them now was taken away since, a new one was set: the
 * difference is what STORE says.  A flag that TO has changed itself cannot be in
 * conflict with that, for it has two values only.
 *
 * With CONDSTORE (RFC 7162) the server is asked for what changed, or not at all.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "imap_box.h"
#include "imap_pieces.h"
#include "migrate_flags.h"
#include "migrate_marks.h"
#include "migrate_run.h"
#include "search.h"

/* A message that has a copy. */
struct pairing {
	uint32_t from, to;
	uint32_t was, is;		/* texts; MIGRATE_UNBASED: not known */
};

struct flags {
	struct migrate *r;
	struct migrate_box *b;
	const struct migrate_folder *f;
	struct pairing *v;		/* sorted by from */
	size_t n;
	bool unbased;			/* of some nothing is known yet */
	bool refused;
	size_t missed;			/* of so many they cannot be noted */
};

static void
flags_pairs(struct flags *k)
{
	struct migrate_box *b = k->b;
	size_t i;

	migrate_state_find(b, 0);	/* which sorts them */
	k->v = mem_new(b->n + 1, sizeof *k->v);
	for (i = 0; i < b->n; i++) {
		if (b->v[i].to == 0)
			continue;
		k->v[k->n] = (struct pairing){ .from = b->v[i].from,
		    .to = b->v[i].to, .is = MIGRATE_UNBASED,
		    .was = migrate_base_text(&b->base, b->v[i].from) };
		k->unbased |= k->v[k->n++].was == MIGRATE_UNBASED;
	}
}

/* ---- what FROM says ---- */

static int
from_order(const void *key, const void *element)
{
	return search_order(*(const uint32_t *)key,
	    ((const struct pairing *)element)->from);
}

static int
flags_take(struct flags *k)
{
	struct imap *m = &k->r->from.imap;
	struct buf words = { .max = 1 << 16 };
	struct imap_item it;
	uint32_t uid = 0;
	bool told = false;
	size_t at;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID) {
			uid = (uint32_t)it.number;
		} else if (it.kind == IMAP_FLAG) {
			told = true;
			words.n = 0;
			migrate_base_words(&words, it.text);
		}
	at = search_exact(&uid, k->v, k->n, sizeof *k->v, from_order);
	if (got == 0 && told && at < k->n) {
		k->v[at].is = migrate_state_text(&k->r->state,
		    BUF_STR(words));
		k->missed += k->v[at].is == MIGRATE_UNBASED;
	}
	buf_free(&words);
	return got;
}

static int
flags_hear(struct flags *k, unsigned tag)
{
	struct imap *m = &k->r->from.imap;
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_FETCH &&
		    flags_take(k) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : conn_fail(m->c,
	    imap_severity(m->text, EX_UNAVAILABLE), "FETCH: %s", m->text);
}

static int
ask_every(struct flags *k)
{
	struct imap *m = &k->r->from.imap;
	uint32_t *uids = mem_new(k->n, sizeof *uids);
	struct imap_pieces p = { .m = m, .uids = uids, .n = k->n };
	size_t i;
	int got = 0;

	for (i = 0; i < k->n; i++)
		uids[i] = k->v[i].from;
	while (got == 0 && imap_pieces_next(&p)) {
		got = flags_hear(k, imap_ask_flags(m, p.set.p, 0));
		if (got == 0 && imap_pieces_cut(&p) && !imap_pieces_again(&p))
			got = conn_fail(m->c, EX_UNAVAILABLE, "FETCH: %s",
			    m->text);
	}
	imap_pieces_free(&p);
	free(uids);
	return got;
}

/* A server that does less than it is asked is asked for all, in pieces. */
static int
ask_changed(struct flags *k, uint64_t seq)
{
	struct imap *m = &k->r->from.imap;
	unsigned cuts = m->cuts;

	if (seq == 0 || k->unbased || k->b->seq == 0 || seq < k->b->seq)
		return ask_every(k);
	if (flags_hear(k, imap_ask_flags(m, "1:*", k->b->seq)) < 0)
		return -1;
	return m->cuts != cuts ? ask_every(k) : 0;
}

/* ---- what TO is told ---- */

/* Those of one text that the other has not, as far as TO can have them. */
static void
difference(const char *one, const char *other, const char *permanent,
    struct buf *to)
{
	struct str all = str_of(one), w;
	char word[256];

	while ((w = str_word(&all)).n > 0) {
		if (w.n >= sizeof word)
			continue;
		str_copy(word, w);
		word[w.n] = '\0';
		if (!imap_has_flag(str_of(other), word) &&
		    migrate_marks_keeps(permanent, word))
			buf_printf(to, "%s%s", to->n > 0 ? " " : "", word);
	}
}

/* 1 it was refused, which is told once. */
static int
store(struct flags *k, const struct imap_uids *to, bool add, const char *words)
{
	struct imap *m = &k->r->to.imap;
	struct imap_pieces p = { .m = m, .uids = to->v, .n = to->n };
	int got = 0;

	while (words[0] != '\0' && got == 0 && imap_pieces_next(&p)) {
		got = imap_wait(m, imap_ask_store(m, p.set.p, add, words));
		if (got == 0 && imap_pieces_cut(&p))
			got = imap_pieces_again(&p) ? 0 : 1;
	}
	imap_pieces_free(&p);
	if (got > 0 && !k->refused)
		migrate_problem(k->r, imap_severity(m->text, EX_UNAVAILABLE),
		    k->f->from, "flags cannot be changed there: %s", m->text);
	k->refused |= got > 0;
	return got;
}

/* Messages whose flags were one text and are another now. */
static int
same_change(struct flags *k, const struct pairing *v, size_t n)
{
	const char *is = k->r->state.texts.v[v->is], *was;
	struct buf set = { .max = 1 << 16 }, unset = { .max = 1 << 16 };
	struct imap_uids from = { 0 }, to = { 0 };
	const char *permanent = k->r->to.imap.box.permanent;
	size_t i;
	int got = 0;

	for (i = 0; i < n; i++) {
		imap_uids_add(&from, v[i].from);
		imap_uids_add(&to, v[i].to);
	}
	imap_uids_sort(&from);
	imap_uids_sort(&to);
	buf_s(&set, "");
	buf_s(&unset, "");
	if (v->was != MIGRATE_UNBASED) {
		was = k->r->state.texts.v[v->was];
		difference(is, was, permanent, &set);
		difference(was, is, permanent, &unset);
		if (set.n > 0)
			got = store(k, &to, true, set.p);
		if (got == 0 && unset.n > 0)
			got = store(k, &to, false, unset.p);
	}
	if (got == 0)
		got = migrate_state_flags(&k->r->state, k->b, from.v, from.n,
		    is, k->r->e);
	buf_free(&set);
	buf_free(&unset);
	free(from.v);
	free(to.v);
	return got < 0 ? -1 : 0;
}

static int
change_order(const void *x, const void *y)
{
	const struct pairing *a = x, *b = y;
	int by = search_order(a->was, b->was);

	if (by == 0)
		by = search_order(a->is, b->is);
	return by != 0 ? by : search_order(a->from, b->from);
}

static int
all_changes(struct flags *k)
{
	size_t i, j, n = 0;
	int got = 0;

	for (i = 0; i < k->n; i++)
		if (k->v[i].is != MIGRATE_UNBASED && k->v[i].is != k->v[i].was)
			k->v[n++] = k->v[i];
	if (n > 0)
		qsort(k->v, n, sizeof *k->v, change_order);
	for (i = 0; i < n && got == 0; i = j) {
		for (j = i + 1; j < n && k->v[j].was == k->v[i].was &&
		    k->v[j].is == k->v[i].is; )
			j++;
		got = same_change(k, &k->v[i], j - i);
	}
	return got;
}

static void
tell_missed(const struct flags *k)
{
	if (k->missed > 0)
		migrate_problem(k->r, EX_UNAVAILABLE, k->f->from, "the flags of %zu messages are not followed: there are too many different sets of flags, or too long ones",
		    k->missed);
}

int
migrate_flags(struct migrate *r, const struct migrate_folder *f,
    struct migrate_box *b)
{
	struct flags k = { .r = r, .b = b, .f = f };
	const struct imap_box *box = &r->from.imap.box;
	uint64_t seq = box->no_modseq ? 0 : box->modseq;
	int got = 0;

	flags_pairs(&k);
	if (k.n > 0 && (seq == 0 || seq != b->seq || k.unbased)) {
		got = ask_changed(&k, seq);
		if (got == 0)
			got = all_changes(&k);
	}
	free(k.v);
	if (got == 0)
		tell_missed(&k);
	return got < 0 || k.refused || k.missed ? got :
	    migrate_state_seq(&r->state, b, seq, r->e);
}
