/*
 * folders_who.c: which folder is which, before any is renamed, made or removed
 *
 * Folders are renamed, exchanged, and set aside for a new one of that name.
 * So a name says little, and all of them are looked at before anything is
 * decided.  On the server a folder is known by its MAILBOXID (RFC 8474), else by
 * its UIDVALIDITY, which others may have as well (RFC 3501 2.3.1.1), and which
 * some servers change with the name: then by some of its messages.  Here it is
 * known by the inode of its cur, and by most of its files.
 */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "folders_who.h"
#include "ident.h"
#include "imap.h"
#include "imap_box.h"
#include "imap_read.h"
#include "link.h"
#include "search.h"

enum { ASKED = 5 };		/* messages of a folder */
enum { TRIES = 32 };		/* folders that are asked in a run */

enum verdict { WHO_NOT, WHO_PERHAPS, WHO_IS };

struct who {
	struct run *r;
	struct box **at;
	uint64_t *validity;	/* of all mailboxes there, sorted; and of all */
	uint64_t *known;	/* in the index */
	size_t nvalidity, nknown;
	unsigned tries;
};

/* ---- on the server, by numbers ---- */

static int
who_number(const void *a, const void *b)
{
	return search_order(*(const uint64_t *)a, *(const uint64_t *)b);
}

/* Is there another one of that number? */
static bool
repeated(uint64_t x, const uint64_t *v, size_t n)
{
	size_t at = search_lower(&x, v, n, sizeof *v, who_number);

	return at + 1 < n && v[at + 1] == x;
}

static void
note_numbers(struct who *w)
{
	struct run *r = w->r;
	size_t i;

	w->validity = mem_new(r->nboxes + 1, sizeof *w->validity);
	w->known = mem_new(r->index.n + 1, sizeof *w->known);
	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].far.is && r->boxes[i].far.counted)
			w->validity[w->nvalidity++] =
			    r->boxes[i].far.now.uidvalidity;
	for (i = 0; i < r->index.n; i++)
		w->known[w->nknown++] = r->index.v[i].mark.uidvalidity;
	qsort(w->validity, w->nvalidity, sizeof *w->validity, who_number);
	qsort(w->known, w->nknown, sizeof *w->known, who_number);
}

static enum verdict
by_numbers(const struct who *w, const struct entry *e, const struct box *c)
{
	const struct mark *now = &c->far.now;
	bool same, alone;

	if (!c->far.is || !c->far.counted)
		return WHO_NOT;
	same = now->uidvalidity == e->mark.uidvalidity &&
	    now->uidnext >= e->mark.uidnext;
	alone = !repeated(now->uidvalidity, w->validity, w->nvalidity) &&
	    !repeated(now->uidvalidity, w->known, w->nknown);
	if (e->id != 0 && now->id != NULL) {
		if (mark_id_hash(now->id) == e->id)
			return same ? WHO_IS : WHO_PERHAPS;
		/* of Cyrus 3.6 STATUS has what was in memory, at times */
		return same && alone ? WHO_PERHAPS : WHO_NOT;
	}
	if (!same)
		return WHO_NOT;
	return alone ? WHO_IS : WHO_PERHAPS;
}

/* ---- on the server, by what SELECT says and by messages ---- */

/* The first, the last, and some between them that have a name. */
static size_t
who_chosen(const struct state *s, uint32_t *uids)
{
	size_t i, k, n = 0;

	for (k = 0; s->n > 0 && k < ASKED; k++) {
		i = (s->n - 1) * k / (ASKED - 1);
		if (s->rec[i].uid != 0 && ident_sure(s->rec[i].ident) &&
		    (n == 0 || uids[n - 1] != s->rec[i].uid))
			uids[n++] = s->rec[i].uid;
	}
	return n;
}

static int
who_put(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

static int
who_heard(struct imap *m, struct state *s, size_t *good, size_t *bad)
{
	struct buf head = { .max = 1 << 17 };
	struct conn_sink sink = { who_put, &head };
	const struct rec *rec;
	struct imap_item it;
	uint64_t who;
	uint32_t uid = 0;
	bool named = false;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID) {
			uid = (uint32_t)it.number;
		} else if (it.kind == IMAP_BODY) {
			named = true;
			if ((got = imap_body(m, &it, &sink)) < 0)
				break;
		}
	rec = got == 0 && named ? state_by_uid(s, uid) : NULL;
	who = ident_of(BUF_STR(head));
	if (rec != NULL) {
		*good += who == rec->ident;
		*bad += who != rec->ident && !ident_none(who);
	}
	buf_free(&head);
	return got;
}

/* Of the selected one. */
static int
ask_some(struct imap *m, struct state *s, const uint32_t *uids, size_t n)
{
	struct buf set = { .max = 200 };
	size_t at = 0, good = 0, bad = 0;
	struct imap_resp r;
	unsigned tag;

	imap_set_put(&set, uids, n, &at, 190);
	tag = imap_ask_idents(m, set.p);
	buf_free(&set);
	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_FETCH &&
		    who_heard(m, s, &good, &bad) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return bad == 0 && good > 0 && 2 * good >= n;
}

/* Nobody to ask, and nothing to lose. */
static bool
empty_too(const struct who *w, const struct state *s, const struct box *c)
{
	return c->far.now.exists == 0 && w->at[c - w->r->boxes] != c &&
	    c->far.now.uidvalidity == s->mark.uidvalidity;
}

static int
selected_is(struct who *w, const struct entry *e, struct state *s,
    struct box *c)
{
	struct imap *m = &w->r->link[0].imap;
	uint32_t uids[ASKED];
	size_t n = who_chosen(s, uids);
	uint64_t id;
	int got;

	if (n == 0 && (e->id == 0 || (m->caps & IMAP_OBJECTID) == 0))
		return s->n == 0 && empty_too(w, s, c);
	if ((got = imap_select(m, str_of(c->name), true)) != 0)
		return got < 0 ? -1 : 0;
	id = e->id != 0 ? mark_id_hash(m->box.id) : 0;
	if (id != 0 && id == e->id &&
	    m->box.uidvalidity == e->mark.uidvalidity)
		got = 1;
	else if (n > 0)
		got = ask_some(m, s, uids, n);
	else
		got = id == 0 && s->n == 0 && empty_too(w, s, c);
	imap_ask_unselect(m);
	return got;
}

/*
 * Has the mailbox the id of the known one, or messages of it, under their UIDs?
 * 1, 0, -1.  Of two that are empty nothing else says which is which: one that,
 * by its numbers, is in its place stays there.
 */
static int
by_select(struct who *w, struct box *b, struct box *c)
{
	struct run *r = w->r;
	struct state s;
	int got;

	if (w->tries == TRIES)
		return 0;
	w->tries++;
	if (state_open(&s, r->dir, str_of(b->name), false, r->e) != 0) {
		fail_clear(r->e);
		return 0;
	}
	got = selected_is(w, box_entry(b), &s, c);
	state_drop_all(&s);
	return got;
}

/* ---- on the server ---- */

/* A server without ids may give a renamed one another UIDVALIDITY. */
static bool
may_be(const struct box *b, const struct box *c)
{
	const struct entry *e = box_entry(b);

	if (c->was_known || c->near.is || b->far.is || !c->far.counted ||
	    e->mark.exists == 0 || c->far.now.exists == 0)
		return false;
	return e->id == 0 || c->far.now.id == NULL;
}

/* Is its place taken by one that is known to be there? */
static bool
stays_there(const struct who *w, const struct box *c)
{
	return c->was_known && w->at[c - w->r->boxes] == c &&
	    by_numbers(w, box_entry(c), c) == WHO_IS;
}

/* Looks for it under other names.  1: it is at *to, 0: nowhere, -1. */
static int
elsewhere(struct who *w, struct box *b, struct box **to)
{
	struct run *r = w->r;
	const struct entry *e = box_entry(b);
	enum verdict v;
	struct box *c;
	size_t i, found = 0;
	int got;

	for (i = 0; i < r->nboxes; i++) {
		c = &r->boxes[i];
		if (c == b || !c->far.is || strcmp(c->name, "INBOX") == 0 ||
		    stays_there(w, c))
			continue;
		v = by_numbers(w, e, c);
		if (v == WHO_NOT && may_be(b, c))
			v = WHO_PERHAPS;
		got = v == WHO_PERHAPS ? by_select(w, b, c) : v == WHO_IS;
		if (got < 0)
			return -1;
		if (got > 0) {
			*to = c;
			found++;
		}
	}
	return found == 1;	/* an id that several have says nothing */
}

/* Those that are where they were are known first; then the others. */
static int
find_far(struct who *w)
{
	struct run *r = w->r;
	struct box *b, *to = NULL;
	bool more = true;
	size_t i;
	int got;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		w->at[i] = b->was_known && by_numbers(w, box_entry(b), b) !=
		    WHO_NOT ? b : NULL;
	}
	while (more) {
		more = false;
		for (i = 0; i < r->nboxes; i++) {
			b = &r->boxes[i];
			if (!b->was_known || w->at[i] != NULL ||
			    strcmp(b->name, "INBOX") == 0)
				continue;
			if ((got = elsewhere(w, b, &to)) < 0)
				return -1;
			if (got == 0)
				continue;
			w->at[i] = to;
			/* whose place it has, is looked for, too */
			if (w->at[to - r->boxes] == to) {
				w->at[to - r->boxes] = NULL;
				more = true;
			}
		}
	}
	return 0;
}

/* What could not be told is where it was; two at one place are nowhere. */
static void
conclude_who(struct who *w)
{
	struct run *r = w->r;
	unsigned char *claims = mem_new(r->nboxes + 1, 1);
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (w->at[i] != NULL && claims[w->at[i] - r->boxes] < 2)
			claims[w->at[i] - r->boxes]++;
	for (i = 0; i < r->nboxes; i++)
		if (w->at[i] != NULL && claims[w->at[i] - r->boxes] > 1)
			w->at[i] = NULL;
	free(claims);
	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (w->at[i] == NULL && b->was_known && b->far.is)
			w->at[i] = b;
	}
}

int
folders_who_far(struct run *r, struct box **at)
{
	struct who w = { .r = r, .at = at };
	int got;

	note_numbers(&w);
	got = find_far(&w);
	if (got == 0)
		conclude_who(&w);
	free(w.validity);
	free(w.known);
	return got;
}

/* ---- here ---- */

/* Inodes are used again: most of the files must be those we know. */
static bool
has_our_files(struct box *b, struct box *c)
{
	struct run *r = b->run;
	struct keywords none = { .n = 0 };
	struct err quiet = { 0 };
	size_t i, known = 0, n = 0;
	struct state s;
	struct near_dir l;

	if (state_open(&s, r->dir, str_of(b->name), false, &quiet) != 0)
		return false;
	if (near_dir_open(&l, r->root, c->path, false, &quiet) == 0 &&
	    near_dir_scan(&l, &none, &quiet) == 0) {
		n = state_near(&s);
		for (i = 0; i < l.n; i++)
			known += state_by_name(&s, near_dir_base(&l,
			    &l.v[i])) != NULL;
	}
	near_dir_close(&l);
	flags_keywords_free(&none);
	state_drop_all(&s);
	return n > 0 ? 2 * known >= n : b->far.counted &&
	    b->far.now.exists == 0;
}

/* Is it the directory that the entry is about? */
static bool
same_inode(const struct entry *e, const struct box *c)
{
	return c->near.is && e->stamp.cur_ino != 0 &&
	    c->near.stamp.cur_ino == e->stamp.cur_ino;
}

/* An inode that was used again has a younger directory. */
static bool
is_near(const struct entry *e, struct box *b, struct box *c)
{
	return same_inode(e, c) && (stamp_same(&e->stamp, &c->near.stamp) ||
	    has_our_files(b, c));
}

static struct box *
find_near(struct box *b)
{
	struct run *r = b->run;
	const struct entry *e = box_entry(b);
	struct box *c;
	size_t i;

	if (b->near.is && (e->stamp.cur_ino == 0 || same_inode(e, b)))
		return b;
	for (i = 0; i < r->nboxes; i++) {
		c = &r->boxes[i];
		if (c != b && !(c->was_known && same_inode(box_entry(c), c)) &&
		    is_near(e, b, c))
			return c;
	}
	return b->near.is ? b : NULL;
}

int
folders_who_near(struct run *r, struct box **at)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		at[i] = r->boxes[i].was_known ? find_near(&r->boxes[i]) : NULL;
	return 0;
}
