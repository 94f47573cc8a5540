/*
 * migrate_extra.c: --delete-extra: what is in TO and not in FROM
 *
 * That is a copy whose original is gone, and what was never one.  Mail that came
 * while the folder was copied is neither.
 *
 * A copy that somebody has moved there is none in the mailbox where it is now,
 * and would not be made again where it was.  So what looks like a message of
 * FROM without a copy in its own mailbox stays.  Who has none is asked when all
 * mailboxes were looked at: what is moved after that is above their UIDNEXT.
 */
#include <stdlib.h>
#include <string.h>

#include "brake.h"
#include "imap_box.h"
#include "imap_pieces.h"
#include "migrate_extra.h"
#include "migrate_gmail.h"
#include "migrate_run.h"
#include "migrate_select.h"
#include "migrate_who.h"
#include "search.h"
#include "stop.h"

/* What is too many in a mailbox; and so many are there, and in FROM. */
struct extra {
	struct imap_uids uids;
	size_t there, here;
};

/* Of messages in FROM that have no copy where it should be; sorted. */
struct strays {
	uint64_t *ident;
	size_t n;
};

/* Has it a copy that cannot be told from the other messages there? */
static bool
may_be_any(const struct migrate *r, const struct migrate_box *b, uint32_t uid)
{
	const struct migrate_fail *f = migrate_state_failed(&r->state, b, uid);

	return f != NULL && strcmp(f->why, MIGRATE_MAYBE_THERE) == 0;
}

/*
 * The UIDs there that are copies of what is in FROM; false: not all are known.
 * Two messages with one copy are not: the server has told a UID twice.
 */
static bool
copies(const struct migrate *r, struct migrate_box *b, const uint32_t *all,
    size_t n, struct imap_uids *to)
{
	const struct migrate_pair *p;
	size_t i, have = 0;

	for (i = 0; i < n; i++) {
		p = migrate_state_find(b, all[i]);
		if (p == NULL ? may_be_any(r, b, all[i]) : p->to == 0)
			return false;
		if (p == NULL)
			continue;
		imap_uids_add(to, p->to);
		have++;
	}
	imap_uids_sort(to);
	return to->n == have;
}

static int
expunge(struct migrate *r, const struct imap_uids *extra)
{
	struct imap *m = &r->to.imap;
	struct imap_pieces p = { .m = m, .uids = extra->v, .n = extra->n };
	int got = 0;

	while (got == 0 && imap_pieces_next(&p)) {
		got = imap_must(m, imap_ask_store(m, p.set.p, true,
		    "\\Deleted"), "STORE");
		if (got == 0)
			got = imap_must(m, imap_ask_expunge(m, p.set.p),
			    "EXPUNGE");
		if (got == 0 && imap_pieces_cut(&p) && !imap_pieces_again(&p))
			got = conn_fail(m->c, EX_UNAVAILABLE, "EXPUNGE: %s",
			    m->text);
	}
	imap_pieces_free(&p);
	return got;
}

/* 0 they are gone; 1 it is told why not; -1. */
static int
delete_extra(struct migrate *r, const struct migrate_folder *f,
    const struct extra *x)
{
	struct brake_in in = { .far = x->uids.n, .known = x->there,
	    .files = x->here, .allow = r->o->allow };
	enum brake why = brake_box(&in);

	if ((r->to.imap.caps & (IMAP_UIDPLUS | IMAP_REV2)) == 0) {
		migrate_problem(r, EX_UNAVAILABLE, f->from, "%zu messages are too many there, and the server has no UIDPLUS to delete them",
		    x->uids.n);
		return 1;
	}
	if (why != BRAKE_NONE) {
		migrate_problem(r, EX_TEMPFAIL, f->from, "%zu of %zu messages there are not in FROM: nothing is deleted (--allow-deletes %zu)",
		    x->uids.n, x->there, x->uids.n);
		return 1;
	}
	return expunge(r, &x->uids);
}

/* The UIDs there that are too many; 1: it is told why that cannot be said. */
static int
find_extra(struct migrate *r, const struct migrate_folder *f,
    struct migrate_box *b, const uint32_t *all, size_t n, struct extra *x)
{
	struct imap_uids known = { 0 };
	uint32_t *there = NULL;
	size_t i;
	int got = 0;

	if (!copies(r, b, all, n, &known)) {
		migrate_problem(r, EX_UNAVAILABLE, f->from, "the server does not tell which messages are the copies: nothing is deleted");
		got = 1;
	} else {
		got = imap_search(&r->to.imap, "ALL", &there, &x->there);
	}
	for (i = 0; got == 0 && i < x->there; i++)
		if (there[i] < f->extra && !imap_uids_has(&known, there[i]))
			imap_uids_add(&x->uids, there[i]);
	imap_uids_sort(&x->uids);
	free(there);
	free(known.v);
	return got;
}

int
migrate_extra_look(struct migrate *r, struct migrate_folder *f,
    struct migrate_box *b, uint32_t next, const uint32_t *all, size_t n)
{
	struct extra x = { .here = n };
	int got;

	f->extra = next;
	got = find_extra(r, f, b, all, n, &x);
	if (got != 0 || x.uids.n == 0)
		f->extra = 0;
	free(x.uids.v);
	return got < 0 ? -1 : 0;
}

/* ---- messages of FROM without a copy ---- */

static int
id_order(const void *key, const void *element)
{
	return search_order(*(const uint64_t *)key,
	    *(const uint64_t *)element);
}

static bool
strays_have(const struct strays *s, uint64_t ident)
{
	return search_exact(&ident, s->ident, s->n, sizeof ident, id_order) <
	    s->n;
}

/* Of the mailbox that is selected in FROM; there: those in TO, sorted. */
static int
strays_add(struct migrate *r, struct migrate_box *b,
    const struct imap_uids *there, struct strays *to)
{
	struct imap_uids bare = { 0 };
	struct migrate_whos who = { 0 };
	const struct migrate_pair *p;
	uint32_t *all;
	size_t n, i;
	int got = migrate_uids_ask(&r->from.imap, 1, &all, &n);

	for (i = 0; got == 0 && i < n; i++) {
		p = migrate_state_find(b, all[i]);
		if (p == NULL ? !migrate_gmail(r) :
		    !imap_uids_has(there, p->to))
			imap_uids_add(&bare, all[i]);
	}
	if (bare.n > 0)
		got = migrate_who_ask(&r->from.imap, bare.v, bare.n, &who);
	if (got == 0 && who.n > 0)
		to->ident = mem_grow(to->ident, to->n + who.n,
		    sizeof *to->ident);
	for (i = 0; got == 0 && i < who.n; i++)
		to->ident[to->n++] = who.v[i].ident;
	free(all);
	free(bare.v);
	free(who.v);
	return got;
}

/* A mailbox that is not there any more has none of its copies. */
static int
strays_of(struct migrate *r, struct migrate_box *b, struct strays *to)
{
	struct imap_uids there = { 0 };
	uint32_t *v = NULL;
	size_t n = 0, i;
	int got[2], is = 0;

	if (migrate_side_select(&r->from, b->from, &r->to, b->to, got) < 0)
		return -1;
	if (got[0] > 0 || r->from.imap.box.uidvalidity != b->from_validity)
		return 0;
	if (got[1] == 0 && r->to.imap.box.uidvalidity == b->to_validity)
		is = migrate_uids_ask(&r->to.imap, 1, &v, &n);
	for (i = 0; i < n; i++)
		imap_uids_add(&there, v[i]);
	if (is == 0)
		is = strays_add(r, b, &there, to);
	free(v);
	free(there.v);
	return is;
}

/* Also of mailboxes that this run does not copy. */
static int
find_strays(struct migrate *r, struct strays *to)
{
	struct migrate_box *b;
	size_t i;
	int got = 0;

	for (i = 0; i < r->state.nboxes && got == 0; i++) {
		b = r->state.box[i];
		if (migrate_state_named(&r->state, b->from) == b)
			got = stop_asked() ? -1 : strays_of(r, b, to);
	}
	if (to->n > 0)
		qsort(to->ident, to->n, sizeof *to->ident, id_order);
	return got;
}

/* ---- deleted ---- */

/* Only those stay in x that are told, and are like no stray. */
static int
leave_strays(struct migrate *r, const struct migrate_folder *f,
    const struct strays *s, struct extra *x)
{
	struct imap_uids some = { 0 };
	struct migrate_whos who = { 0 };
	size_t i;

	if (s->n == 0)
		return 0;
	if (migrate_who_ask(&r->to.imap, x->uids.v, x->uids.n, &who) < 0)
		return -1;
	for (i = 0; i < who.n; i++)
		if (!strays_have(s, who.v[i].ident))
			imap_uids_add(&some, who.v[i].uid);
	imap_uids_sort(&some);
	if (some.n < x->uids.n)
		migrate_problem(r, EX_DATAERR, f->from, "%zu messages there stay: they are like some in FROM whose copy is gone, and may be those",
		    x->uids.n - some.n);
	free(who.v);
	free(x->uids.v);
	x->uids = some;
	return 0;
}

static int
delete_in(struct migrate *r, struct migrate_folder *f,
    const struct strays *s)
{
	struct extra x = { .there = 0 };
	struct migrate_box *b;
	uint32_t *all = NULL;
	int got = migrate_select(r, f);

	if (got != 0)
		return got < 0 ? -1 : 0;
	b = migrate_find(r, f);
	got = migrate_uids_ask(&r->from.imap, 1, &all, &x.here);
	if (got == 0 && (b == NULL || x.here < r->from.imap.box.exists))
		migrate_problem(r, EX_TEMPFAIL, f->from, "it has changed meanwhile: nothing is deleted");
	else if (got == 0)
		got = find_extra(r, f, b, all, x.here, &x);
	if (got == 0 && x.uids.n > 0)
		got = leave_strays(r, f, s, &x);
	if (got == 0 && x.uids.n > 0)
		got = delete_extra(r, f, &x);
	if (got == 0)
		r->deleted += x.uids.n;
	free(all);
	free(x.uids.v);
	return got < 0 ? -1 : 0;
}

int
migrate_extra_delete(struct migrate *r)
{
	struct strays s = { 0 };
	size_t i, n = 0;
	int got = 0;

	for (i = 0; i < r->nfolders; i++)
		n += r->folder[i].extra > 0;
	if (n > 0)
		got = find_strays(r, &s);
	for (i = 0; i < r->nfolders && got == 0; i++) {
		if (r->folder[i].extra == 0)
			continue;
		got = delete_in(r, &r->folder[i], &s);
		r->folder[i].done = true;
		if (got == 0)
			r->folder[i].extra = 0;
	}
	free(s.ident);
	return got;
}
