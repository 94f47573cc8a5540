/*
 * far_check.c: has a server done what it said OK to?
 *
 * OK alone would let a flag that was set here be taken away again, as if
 * somebody had done so there, and a message that was deleted here come back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "box.h"
#include "far_check.h"
#include "far_hear.h"
#include "flags.h"
#include "imap_box.h"
#include "imap_read.h"
#include "imap_set.h"
#include "mark.h"
#include "mem.h"
#include "roster.h"
#include "search.h"
#include "str.h"

enum { SET = 7500 };		/* bytes of a set in a command */

/* A message that is there, and its flags. */
struct standing {
	uint32_t uid;
	uint64_t flags;
};

/* In the order of UIDs once all were heard. */
struct standings {
	struct standing *v;
	size_t n, cap;
	bool untold;		/* the server did not want to say */
};

int
far_check_not(struct imap *m, const char *what)
{
	snprintf(m->text, sizeof m->text, "the server said OK, and %s", what);
	return 1;
}

static int
idle(struct imap *m)
{
	return far_check_not(m, "has not done it");
}

/* Of those that were not asked for others may be told, too. */
static int
take_standing(struct standings *s, struct imap *m, struct box *b)
{
	struct standing one = { 0 };
	struct imap_item it;
	bool flags = false;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID) {
			one.uid = (uint32_t)it.number;
		} else if (it.kind == IMAP_FLAG) {
			one.flags = far_hear_flags(b, it.text, b->run->e);
			flags = true;
		}
	if (got < 0 || one.uid == 0 || !flags)
		return got;
	if (s->n == s->cap) {
		s->cap = 2 * s->cap + 64;
		s->v = mem_grow(s->v, s->cap, sizeof *s->v);
	}
	s->v[s->n++] = one;
	return 0;
}

/* No more than were asked for, and as many again. */
static int
hear_standing(struct standings *s, struct imap *m, struct box *b,
    const char *set, size_t most)
{
	unsigned tag = imap_ask_flags(m, set, 0), cuts = m->cuts;
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type == IMAP_FETCH && s->n < most &&
		    take_standing(s, m, b) < 0)
			return -1;
	} while (!imap_done(&r, tag));
	s->untold |= r.type != IMAP_OK || m->cuts != cuts;
	return 0;
}

static int
standing_order(const void *a, const void *b)
{
	return search_order(((const struct standing *)a)->uid,
	    ((const struct standing *)b)->uid);
}

static int
standing_all(struct standings *s, struct imap *m, struct box *b,
    const uint32_t *uids, size_t n)
{
	struct buf set = { .max = 65536 };
	size_t at = 0;
	int got = 0;

	while (got == 0 && at < n) {
		set.n = 0;
		imap_set_put(&set, uids, n, &at, SET);
		got = hear_standing(s, m, b, set.p, 2 * n);
	}
	buf_free(&set);
	if (s->n > 0)
		qsort(s->v, s->n, sizeof *s->v, standing_order);
	return got;
}

static const struct standing *
standing_find(const struct standings *s, uint32_t uid)
{
	struct standing key = { .uid = uid };
	size_t at;

	if (s->v == NULL || s->untold)
		return NULL;
	at = search_exact(&key, s->v, s->n, sizeof *s->v, standing_order);
	return at < s->n ? &s->v[at] : NULL;
}

static int
check_none(struct imap *m, struct box *b, const uint32_t *uids, size_t n,
    uint64_t with)
{
	struct standings s = { 0 };
	const struct standing *one;
	int got = standing_all(&s, m, b, uids, n);
	size_t i;

	for (i = 0; i < n && got == 0; i++) {
		one = standing_find(&s, uids[i]);
		if (one != NULL && (with == 0 || (one->flags & with) == 0))
			got = idle(m);
	}
	free(s.v);
	return got;
}

int
far_check_gone(struct imap *m, struct box *b, const uint32_t *uids, size_t n)
{
	return check_none(m, b, uids, n, 0);
}

int
far_check_marked(struct imap *m, struct box *b, const uint32_t *uids, size_t n)
{
	return check_none(m, b, uids, n, FLAG_DELETED);
}

int
far_check_flags(struct imap *m, struct box *b, struct act **v, size_t n)
{
	struct standings s = { 0 };
	const struct standing *one;
	uint32_t *uids = mem_new(n + 1, sizeof *uids);
	int got;
	size_t i;

	for (i = 0; i < n; i++)
		uids[i] = v[i]->uid;
	got = standing_all(&s, m, b, uids, n);
	for (i = 0; i < n && got >= 0; i++) {
		one = standing_find(&s, uids[i]);
		v[i]->failed = one != NULL && ((one->flags & v[i]->del) != 0 ||
		    (v[i]->add & ~one->flags) != 0);
		if (v[i]->failed)
			got = idle(m);
	}
	free(uids);
	free(s.v);
	return got;
}

/* ---- COPY and MOVE ---- */

/* What STATUS says of a mailbox now; what it does not tell stays as it is. */
static int
ask_mark(struct imap *m, struct str name, struct mark *now)
{
	unsigned tag = imap_ask_status(m, name);
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_STATUS &&
		    roster_take_items(m, now) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return 0;
}

/* Is one of them there twice? */
static bool
doubles(const struct imap_uids *v)
{
	struct imap_uids once = { 0 };
	size_t i, n;

	for (i = 0; i < v->n; i++)
		imap_uids_add(&once, v->v[i]);
	imap_uids_sort(&once);
	n = once.n;
	free(once.v);
	return n < v->n;
}

static bool
all_asked(const struct far_copy *c)
{
	size_t i;

	for (i = 0; i < c->from.n; i++)
		if (search_exact(&c->from.v[i], c->uids, c->n,
		    sizeof *c->uids, search_u32) == c->n)
			return false;
	return true;
}

/* What cannot be true of that which COPYUID says, or NULL. */
static const char *
untrue(const struct far_copy *c)
{
	size_t i;

	if (c->uidvalidity != c->now.uidvalidity ||
	    (c->was.uidvalidity != 0 && c->uidvalidity != c->was.uidvalidity))
		return "COPYUID names another UIDVALIDITY than the mailbox has";
	if (!all_asked(c))
		return "COPYUID names messages that it was not asked for";
	if (doubles(&c->from) || doubles(&c->to))
		return "COPYUID names a message twice";
	for (i = 0; i < c->to.n; i++)
		if (c->to.v[i] < c->was.uidnext)
			return "COPYUID names messages that were there before";
		else if (c->to.v[i] >= c->now.uidnext)
			return "COPYUID names messages that the mailbox does not have";
	return NULL;
}

int
far_check_copy(struct imap *m, struct str to, struct far_copy *c)
{
	const char *why;

	if (c->now.uidnext == 0 && ask_mark(m, to, &c->now) < 0)
		return -1;
	return (why = untrue(c)) == NULL ? 0 : far_check_not(m, why);
}
