/*
 * migrate_share.c: small mailboxes, several at once
 *
 * A mailbox costs five round trips, whatever is in it.  So each pair of
 * connections takes one mailbox after the other, as long as there are any.
 *
 * Only the plain case is done here: the mailbox is there, the state has nothing
 * of it, and there is no mail in it yet.  Whatever else there is to do or to
 * tell, as after an answer that was lost, is left to migrate_folder, which comes
 * afterwards with one mailbox at a time.
 */
#include <stdlib.h>

#include "migrate_copy.h"
#include "migrate_gmail.h"
#include "migrate_lanes.h"
#include "migrate_ranges.h"
#include "migrate_run.h"
#include "migrate_share.h"
#include "migrate_show.h"
#include "migrate_who.h"

enum {
	SMALL = 100,		/* messages: no further connection is worth it */
	EACH = 4		/* mailboxes, for a further connection */
};

enum share_is { SHARE_WAITS, SHARE_LEFT, SHARE_COPIED };

/* All of it is behind r->mutex while there are several threads. */
struct share {
	struct migrate *r;
	enum share_is *is;	/* of each mailbox */
	size_t next;		/* nobody has it yet */
	size_t shown;		/* those before it were */
	bool over;
};

static bool
is_plain(const struct migrate *r, const struct migrate_folder *f)
{
	return !f->done && f->there && !f->subscribed &&
	    migrate_state_named(&r->state, f->from) == NULL;
}

/* In the order of the mailboxes, whichever was copied first. */
static void
show_copied(struct share *k)
{
	struct migrate *r = k->r;

	for (; k->shown < r->nfolders && k->is[k->shown] != SHARE_WAITS;
	    k->shown++)
		if (k->is[k->shown] == SHARE_COPIED)
			migrate_show_folder(r, &r->folder[k->shown]);
}

/* The next one, or all of them. */
static size_t
share_next(struct share *k)
{
	struct migrate *r = k->r;
	size_t at;

	pthread_mutex_lock(&r->mutex);
	while (k->next < r->nfolders && !is_plain(r, &r->folder[k->next]))
		k->is[k->next++] = SHARE_LEFT;
	at = k->over ? r->nfolders : k->next;
	k->next += at < r->nfolders;
	pthread_mutex_unlock(&r->mutex);
	return at;
}

/* What has become of it; got: as of share_work. */
static void
share_end(struct share *k, size_t at, int got)
{
	struct migrate_folder *f = &k->r->folder[at];

	pthread_mutex_lock(&k->r->mutex);
	k->is[at] = f->done ? SHARE_COPIED : SHARE_LEFT;
	k->over = k->over || got != MIGRATE_ALL;
	show_copied(k);
	pthread_mutex_unlock(&k->r->mutex);
}

/* ---- one of them ---- */

/* 0 it is the plain case, 1 it is not, -1. */
static int
share_select(struct migrate_lane *l, const struct migrate_folder *f)
{
	const struct imap_box *from = &l->from->imap.box,
	    *to = &l->to->imap.box;
	int got[2];

	if (migrate_side_select(l->from, f->from, l->to, f->to, got) < 0)
		return -1;
	return got[0] != 0 || got[1] != 0 || from->uidvalidity == 0 ||
	    to->uidvalidity == 0 || from->exists >= SMALL || to->exists > 0;
}

/* 1: the server does not tell of all that it has. */
static int
share_ask(struct migrate_lane *l, uint32_t **all, size_t *n)
{
	struct imap *m = &l->from->imap;
	uint64_t exist = m->box.exists;

	if (migrate_uids_ask(m, 1, all, n) < 0)
		return -1;
	return *n < exist && *n < m->box.exists;
}

static struct migrate_box *
share_begin(struct migrate_lane *l, const struct migrate_folder *f)
{
	struct migrate *r = l->r;
	struct migrate_box *b;

	pthread_mutex_lock(&r->mutex);
	b = migrate_state_begin(&r->state, f->from, f->to,
	    l->from->imap.box.uidvalidity, l->to->imap.box.uidvalidity, r->e);
	pthread_mutex_unlock(&r->mutex);
	return b;
}

/* Has each of them been copied, or refused? */
static bool
share_whole(const struct migrate *r, struct migrate_box *b, const uint32_t *all,
    size_t n)
{
	size_t i = 0;

	while (i < n && (migrate_state_find(b, all[i]) != NULL ||
	    migrate_state_failed(&r->state, b, all[i]) != NULL))
		i++;
	return i == n;
}

/* All that was sent was answered, unless got is -1. */
static int
share_conclude(struct migrate *r, struct migrate_folder *f,
    struct migrate_box *b, const uint32_t *all, size_t n, int got)
{
	bool whole;

	pthread_mutex_lock(&r->mutex);
	f->copied = b->n;
	whole = got == MIGRATE_ALL && share_whole(r, b, all, n);
	if ((whole || got == MIGRATE_ENOUGH) &&
	    migrate_state_sure(&r->state, b, r->e) < 0)
		got = -1;
	pthread_mutex_unlock(&r->mutex);
	f->done = whole && got == MIGRATE_ALL;
	return got == MIGRATE_GONE ? MIGRATE_ALL : got;
}

static int
share_copy(struct migrate_lane *l, struct migrate_folder *f,
    const uint32_t *all, size_t n)
{
	struct migrate_ranges ranges = { .mutex = &l->r->mutex, .uids = all,
	    .n = n, .running = 1 };
	uint64_t next = l->to->imap.box.uidnext;
	struct migrate_box *b = share_begin(l, f);

	if (b == NULL)
		return -1;
	return share_conclude(l->r, f, b, all, n, migrate_copy(l, b,
	    next > 0 && next <= UINT32_MAX ? (uint32_t)next : 1, &ranges));
}

static int
share_box(struct migrate_lane *l, struct migrate_folder *f)
{
	uint32_t *all = NULL;
	size_t n = 0;
	int got = share_select(l, f);

	if (got == 0)
		got = share_ask(l, &all, &n);
	if (got == 0)
		got = share_copy(l, f, all, n);
	else if (got > 0)
		got = MIGRATE_ALL;	/* this one is left */
	free(all);
	return got;
}

/* ---- all of them ---- */

static int
share_begins(void *of, struct migrate_lane *l)
{
	(void)of;
	(void)l;
	return 0;
}

static void
share_fewer(void *of, size_t n)
{
	(void)of;
	(void)n;
}

static int
share_work(void *of, struct migrate_lane *l)
{
	struct share *k = of;
	size_t at;
	int got = MIGRATE_ALL;

	while (got == MIGRATE_ALL && (at = share_next(k)) < k->r->nfolders) {
		got = share_box(l, &k->r->folder[at]);
		share_end(k, at, got);
	}
	return got;
}

int
migrate_share(struct migrate *r)
{
	struct share k = { .r = r };
	struct migrate_work work = { .begin = share_begins,
	    .work = share_work, .fewer = share_fewer, .of = &k };
	size_t i, plain = 0;
	int got = MIGRATE_ALL;

	if (r->o->verb != MIGRATE_COPY || r->o->delete_extra ||
	    r->o->connections == 1 || migrate_gmail(r))
		return 0;
	for (i = 0; i < r->nfolders; i++)
		plain += is_plain(r, &r->folder[i]);
	if (plain < EACH)
		return 0;
	k.is = mem_new(r->nfolders, sizeof *k.is);
	got = migrate_lanes_run(r, &work, plain / EACH);
	free(k.is);
	return got;
}
