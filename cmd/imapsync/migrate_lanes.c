/*
 * migrate_lanes.c: several pairs of connections, each a thread's
 *
 * A server that makes each message durable waits for its disk most of the time,
 * so that several connections are that much faster.  Of a large mailbox each
 * takes a range of UIDs at a time; what all of them share, above all the state,
 * is behind one lock.
 *
 * A connection that cannot be had is done without.  One that breaks ends the
 * copying as if it were the only one, since what it had under way is in doubt;
 * after that it is left out, or if the first broke as well, one of them.
 */
#include <stdlib.h>

#include "imap_box.h"
#include "migrate_copy.h"
#include "migrate_lanes.h"
#include "migrate_ranges.h"
#include "migrate_run.h"
#include "stop.h"
#include "trace.h"

enum { WORTH = 100 };		/* messages, for a further connection */

struct lanes {
	struct migrate *r;
	const struct migrate_work *w;
	size_t logins;			/* of further ones, still to come;
					 * behind r->mutex */
};

struct lane_thread {
	struct lanes *all;
	struct migrate_further *of;
	struct migrate_lane lane;
	pthread_t thread;
	int got;
};

/* ---- a further pair of connections ---- */

/* So many will not log in any more: the last one wipes what that takes. */
static void
logged_in(struct lanes *k, size_t n)
{
	bool last;

	pthread_mutex_lock(&k->r->mutex);
	last = k->logins > 0 && (k->logins -= n) == 0;
	pthread_mutex_unlock(&k->r->mutex);
	if (last) {
		session_forget(&k->r->from.session);
		session_forget(&k->r->to.session);
	}
}

static int
lane_connect(struct lanes *k, struct migrate_lane *l)
{
	int got = migrate_sides_join(l->from, &k->r->from, l->to, &k->r->to);

	logged_in(k, 1);
	return got;
}

static void *
lane_work(void *arg)
{
	struct lane_thread *t = arg;
	struct lanes *k = t->all;

	t->of->barred = lane_connect(k, &t->lane) < 0;
	if (!t->of->barred && k->w->begin(k->w->of, &t->lane) == 0) {
		t->got = k->w->work(k->w->of, &t->lane);
		return NULL;
	}
	migrate_side_hang_up(t->lane.from);
	migrate_side_hang_up(t->lane.to);
	k->w->fewer(k->w->of, 1);
	return NULL;
}

/* ---- all of them ---- */

/* So many at most; how many. */
static size_t
choose_lanes(struct lanes *k, struct lane_thread *t, size_t most)
{
	struct migrate *r = k->r;
	size_t i, n = 0;

	if (r->lane == NULL)
		r->lane = mem_new((size_t)r->o->connections,
		    sizeof *r->lane);
	for (i = 1; i < r->o->connections && n < most; i++)
		if (!r->lane[i].barred)
			t[n++] = (struct lane_thread){ .all = k,
			    .of = &r->lane[i], .lane = { .r = r,
			    .from = &r->lane[i].from, .to = &r->lane[i].to } };
	return n;
}

/*
 * A secret that was wiped after the first login is asked for once more.  Without
 * it there is the first connection.
 */
static bool
lanes_ready(struct lanes *k, const struct lane_thread *t, size_t n)
{
	struct migrate *r = k->r;
	struct err why = { 0 };
	size_t i, closed = 0;

	for (i = 0; i < n; i++)
		closed += !t[i].of->from.open || !t[i].of->to.open;
	if (closed == 0)
		return true;
	k->logins = n;
	if (session_renew(&r->from.session, &why) == 0 &&
	    session_renew(&r->to.session, &why) == 0)
		return true;
	trace_note(TRACE_DONE, "no further connection: %s", why.msg);
	for (i = 0; i < n; i++)
		t[i].of->barred = true;
	logged_in(k, n);
	return false;
}

/* One that broke, by the server, is not opened again. */
static void
lane_broke(const struct lane_thread *t)
{
	if (!t->lane.nul && !stop_asked())
		t->of->barred = true;
}

static size_t
begin_lanes(struct lanes *k, struct lane_thread *t, size_t n)
{
	size_t i = 0;

	while (i < n && pthread_create(&t[i].thread, NULL, lane_work,
	    &t[i]) == 0)
		i++;
	if (i == n)
		return n;
	k->w->fewer(k->w->of, n - i);
	logged_in(k, n - i);
	return i;
}

static int
run_lanes(struct lanes *k, struct lane_thread *t, size_t n)
{
	struct migrate *r = k->r;
	struct migrate_lane first = { .r = r, .from = &r->from, .to = &r->to };
	size_t i;
	int own, got;

	n = begin_lanes(k, t, n);
	got = own = k->w->work(k->w->of, &first);
	for (i = 0; i < n; i++) {
		pthread_join(t[i].thread, NULL);
		if (t[i].got < 0) {
			fail_join(&r->from.err, &t[i].of->from.err);
			fail_join(&r->to.err, &t[i].of->to.err);
		}
		if (t[i].got < 0 && own >= 0)
			lane_broke(&t[i]);
		if (got >= 0 && (t[i].got < 0 || t[i].got > got))
			got = t[i].got;
	}
	if (own < 0 && !first.nul && n > 0)	/* an outage, or too many */
		lane_broke(&t[n - 1]);
	return got;
}

int
migrate_lanes_run(struct migrate *r, const struct migrate_work *w, size_t most)
{
	struct lanes k = { .r = r, .w = w };
	struct lane_thread t[MIGRATE_LANES] = { 0 };
	size_t n = choose_lanes(&k, t, most), ready;

	ready = lanes_ready(&k, t, n) ? n : 0;
	w->fewer(w->of, most - ready);
	r->rate.reserved = 0;
	return run_lanes(&k, t, ready);
}

/* ---- one mailbox ---- */

struct lanes_box {
	const struct migrate_folder *f;
	struct migrate_box *b;
	uint32_t low;
	struct migrate_ranges ranges;
};

/* Both are the mailboxes that the first pair has selected: 0, 1, -1. */
static int
box_select(void *of, struct migrate_lane *l)
{
	const struct lanes_box *k = of;
	int got[2];

	if (migrate_side_select(l->from, k->f->from, l->to, k->f->to, got) < 0)
		return -1;
	return got[0] + got[1] > 0 ||
	    l->from->imap.box.uidvalidity != k->b->from_validity ||
	    l->to->imap.box.uidvalidity != k->b->to_validity;
}

static int
box_copy(void *of, struct migrate_lane *l)
{
	struct lanes_box *k = of;
	int got = migrate_copy(l, k->b, k->low, &k->ranges);

	migrate_ranges_leave(&k->ranges, 1, got != MIGRATE_ALL);
	return got;
}

static void
box_fewer(void *of, size_t n)
{
	struct lanes_box *k = of;

	migrate_ranges_leave(&k->ranges, n, false);
}

int
migrate_lanes_copy(struct migrate *r, const struct migrate_folder *f,
    struct migrate_box *b, uint32_t low, const uint32_t *uids, size_t n)
{
	size_t most = n / WORTH;
	struct lanes_box k = { .f = f, .b = b, .low = low,
	    .ranges = { .mutex = &r->mutex, .uids = uids, .n = n,
	    .running = most + 1 } };
	const struct migrate_work work = { .begin = box_select,
	    .work = box_copy, .fewer = box_fewer, .of = &k };

	return migrate_lanes_run(r, &work, most);
}

void
migrate_lanes_hang_up(struct migrate *r)
{
	size_t i;

	for (i = 1; r->lane != NULL && i < r->o->connections; i++) {
		migrate_side_hang_up(&r->lane[i].from);
		migrate_side_hang_up(&r->lane[i].to);
	}
}

void
migrate_lanes_free(struct migrate *r)
{
	size_t i;

	for (i = 1; r->lane != NULL && i < r->o->connections; i++) {
		migrate_side_free(&r->lane[i].from);
		migrate_side_free(&r->lane[i].to);
	}
	free(r->lane);
	r->lane = NULL;
}
