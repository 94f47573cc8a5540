/*
 * download.c: downloads
 *
 * Ranges of UIDs, streamed into files, the next command under way before the
 * last is answered, over several connections.  commit.c does the rest.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "bodies.h"
#include "box.h"
#include "clock.h"
#include "commit.h"
#include "conn.h"
#include "download.h"
#include "far_hear.h"
#include "flags.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "limit.h"
#include "link.h"
#include "plan.h"
#include "report.h"
#include "state.h"
#include "stop.h"
#include "stub.h"
#include "wire.h"

enum {
	MOST = 512, LEAST = 64,		/* messages of a command */
	AHEAD = 3,			/* commands under way */
	NAMED = 20,			/* messages that are refused in a row */
	EXPECT = 100000			/* messages, whatever a server claims */
};

/* One command: some messages of a mailbox. */
struct job {
	struct box *b;
	struct imap_fetch_job part;
	bool refused;
};

/*
 * Shared by the jobs of one mailbox, for each enum bodies_level: of each
 * message its UID, and a byte.
 */
struct list {
	uint32_t *uids;		/* NULL: those of the plan, as they are */
	unsigned char *came;
	size_t n;
};

enum { LEVELS = BODIES_HEADERS + 1 };

struct jobs {
	struct run *r;
	struct list (*lists)[LEVELS];	/* [r->nboxes] */
	struct job *v;
	size_t n, cap;
	atomic_size_t next;
	atomic_bool failed;
};

/* One connection and the message that it is at. */
struct lane {
	struct link *l;
	struct imap_fetch f;
	struct box *in;		/* what is selected, or will be */
	struct commit_msg g;		/* the message under way */
	int fd;			/* its file, or -1 */
};

/* ---- one message ---- */

/* A message that is too long stays on the server, and the next ones come. */
static void
too_long(struct link *l, const struct commit_msg *g)
{
	report_problem(&l->run->report, EX_PROTOCOL, g->b->name, "message %u is longer than the server announced: it stays on the server",
	    g->uid);
	box_outcome(g->b, BOX_FAILED);
}

static int
header_put(void *to, const void *p, size_t n, struct err *e)
{
	struct buf *b = to;

	(void)e;
	buf_put(b, p, n);
	return 0;
}

/* A header is kept until it is whole: what is left out of it goes to its end. */
int
download_stub(struct link *l, struct imap_fetch *f, const struct box *b,
    struct intake *in)
{
	const struct account *a = l->run->o->account;
	struct buf header = { .max = STUB_HEADER }, text = { .max = 0 };
	struct conn_sink sink = { header_put, &header };
	struct stub s = { .user = a->login.user, .host = a->server.host,
	    .box = b->name, .uidvalidity = b->far.seen.uidvalidity,
	    .size = f->got.announced, .uid = f->got.uid };
	int got = imap_fetch_body(f, &sink);

	if (got == 0 && header.over)
		got = fail(&l->err, EX_PROTOCOL, "a header over %d bytes",
		    STUB_HEADER);
	if (got == 0) {
		stub_make(&text, &s, BUF_STR(header));
		got = intake_put(in, text.p, text.n, &l->err);
	}
	buf_free(&header);
	buf_free(&text);
	return got;
}

static int
whole_body(struct lane *w, struct intake *in)
{
	struct conn_sink sink = { intake_put, in };

	return imap_fetch_body(&w->f, &sink);
}

static int
start_body(struct lane *w)
{
	struct intake in = { 0 };
	struct commit_msg *g = &w->g;
	struct link *l = w->l;
	struct stat st;
	int got;

	if ((w->fd = commit_create(l, g)) < 0)
		return -1;
	intake_begin(&in, w->fd);
	got = g->stub ? download_stub(l, &w->f, g->b, &in) :
	    whole_body(w, &in);
	if (got == 0)
		got = intake_end(&in, &l->err);
	g->size = in.wire < UINT32_MAX ? (uint32_t)in.wire : UINT32_MAX;
	g->ident = in.ident;
	intake_free(&in);
	if (got == 0 && fstat(w->fd, &st) < 0)
		got = fail_sys(&l->err, EX_IOERR, "%s", g->b->near.dir->in.path);
	g->ino = got == 0 ? st.st_ino : 0;
	return got;
}

static int
take_body(struct lane *w)
{
	const struct imap_fetched *m = &w->f.got;
	struct box *b = ((struct job *)m->job->of)->b;
	uint64_t announced = m->announced > 0 ? m->announced : LIMIT_LITERAL;
	bool stub = m->header;

	if (b->outcome == BOX_LOST)
		return 0;
	w->g = (struct commit_msg){ .b = b, .uid = m->uid, .stub = stub,
	    .flags = far_hear_flags(b, BUF_STR(m->flags), &w->l->err) };
	if (m->size <= (stub ? STUB_HEADER : LIMIT_ANNOUNCED(announced)))
		return start_body(w);
	too_long(w->l, &w->g);
	return 0;
}

static int
keep_body(struct lane *w)
{
	const struct imap_fetched *m = &w->f.got;
	int fd = w->fd;

	w->fd = -1;
	w->g.flags = far_hear_flags(w->g.b, BUF_STR(m->flags), &w->l->err);
	report_progress(&w->l->run->report, w->g.size, false);
	return commit_add(w->l, &w->g, fd, m->date);
}

/* ---- what else is said ---- */

/* Of several one may be the reason: they are asked for again, by halves. */
static void
job_refused(struct lane *w)
{
	struct job *j = w->f.got.job->of;
	struct box *b = j->b;

	j->refused = true;
	if (b->outcome == BOX_LOST || w->f.got.uid == 0)
		return;
	report_problem(&w->l->run->report, EX_TEMPFAIL, b->name, "message %u is not sent: %s",
	    w->f.got.uid, w->l->imap.text);
	box_outcome(b, BOX_HELD);
}

static void
not_sent(struct lane *w)
{
	struct box *b = ((struct job *)w->f.got.job->of)->b;

	report_problem(&w->l->run->report, EX_TEMPFAIL, b->name, "the server sent nothing of message %u",
	    w->f.got.uid);
	box_outcome(b, BOX_FAILED);
}

static void
lane_lost(struct lane *w)
{
	struct box *b = w->f.got.of;

	box_outcome(b, BOX_LOST);
	report_problem(&w->l->run->report, EX_TEMPFAIL, b->name,
	    w->f.got.renumbered ? "its UIDs changed during the run" : "%s", w->l->imap.text);
}

static int
lane_fetched(struct lane *w, enum imap_fetch_event what)
{
	switch (what) {
	case IMAP_FETCH_BODY:
		return take_body(w);
	case IMAP_FETCH_END:
		return keep_body(w);
	case IMAP_FETCH_REFUSED:
		job_refused(w);
		break;
	case IMAP_FETCH_EMPTY:
		not_sent(w);
		break;
	case IMAP_FETCH_LOST:
		lane_lost(w);
		break;
	case IMAP_FETCH_NIL:
	case IMAP_FETCH_FACTS:
	case IMAP_FETCH_ROOM:
		break;
	}
	return 0;
}

/* Hears the next answer: 1, 0 nothing is under way, -1. */
static int
lane_hear(struct lane *w)
{
	int got = imap_fetch_next(&w->f);

	if (got > 0 && lane_fetched(w, (enum imap_fetch_event)got) < 0)
		got = -1;
	if (got < 0 && w->fd >= 0) {
		commit_not(&w->g, w->fd);
		w->fd = -1;
	}
	return got;
}

/* ---- commands ---- */

static void
ask_box(struct lane *w, struct box *b)
{
	imap_fetch_select(&w->f, link_ask_select(w->l, b, true, NULL),
	    b->far.seen.uidvalidity, b);
	w->in = b;
}

static void
ask(struct lane *w, struct job *j)
{
	if (w->in != j->b)
		ask_box(w, j->b);
	j->part.of = j;
	imap_fetch_ask(&w->f, &j->part);
}

static struct job *
next(struct jobs *all)
{
	size_t i = atomic_fetch_add(&all->next, 1);

	return i < all->n && !stop_asked() && !atomic_load(&all->failed) ?
	    &all->v[i] : NULL;
}

static void
lane_begin(struct lane *w, struct link *l)
{
	*w = (struct lane){ .l = l, .in = l->selected, .fd = -1,
	    .f = { .m = &l->imap, .ahead = AHEAD } };
}

/* A message that came whole is kept, whatever became of the connection. */
static int
lane_end(struct lane *w)
{
	imap_fetch_free(&w->f);
	return commit_flush(w->l);
}

static int
lane_work(struct link *l, struct jobs *all)
{
	struct lane w;
	struct job *j;
	int got;

	lane_begin(&w, l);
	do {
		while (imap_fetch_room(&w.f) && (j = next(all)) != NULL)
			ask(&w, j);
	} while ((got = lane_hear(&w)) > 0);
	if (lane_end(&w) < 0)
		got = -1;
	if (got < 0)
		atomic_store(&all->failed, true);
	return got;
}

/* Asks once more, one at a time, for messages that were sent in an odd way. */
static int
odd_ones(struct link *l, struct jobs *all)
{
	struct lane w;
	size_t i;
	int got = 0;

	lane_begin(&w, l);
	for (i = 0; i < all->n && got == 0 && !stop_asked(); i++) {
		if (!all->v[i].part.again || all->v[i].b->outcome == BOX_LOST)
			continue;
		ask_box(&w, all->v[i].b);
		imap_fetch_again(&w.f, &all->v[i].part);
		while ((got = lane_hear(&w)) > 0)
			;
	}
	return lane_end(&w) < 0 ? -1 : got;
}

/* ---- what has not come ---- */

static size_t
lacking(const struct imap_fetch_job *p)
{
	size_t i, n = 0;

	for (i = 0; i < p->n; i++)
		n += p->came[i] == IMAP_CAME_NOT;
	return n;
}

/* Those at both ends that came are not asked for again. */
static void
trim_part(struct imap_fetch_job *p)
{
	for (; p->n > 0 && p->came[0] != IMAP_CAME_NOT; p->n--) {
		p->uids++;
		p->came++;
	}
	while (p->n > 0 && p->came[p->n - 1] != IMAP_CAME_NOT)
		p->n--;
}

static int
ask_part(struct lane *w, struct job *j)
{
	int got;

	ask(w, j);
	while ((got = lane_hear(w)) > 0)
		;
	return got;
}

/* Parts of a command that are to be asked for, the next one on top. */
struct parts {
	struct job v[64];
	size_t n;
	bool back;		/* from the end of the command on */
};

/* One half is *j from here on, the other one is next. */
static void
part_halve(struct parts *p, struct job *j)
{
	struct job rest = *j;
	size_t at = j->part.n / 2;
	struct imap_fetch_job *front = p->back ? &rest.part : &j->part;
	struct imap_fetch_job *behind = p->back ? &j->part : &rest.part;

	front->n = at;
	behind->uids += at;
	behind->came += at;
	behind->n -= at;
	p->v[p->n++] = rest;
}

static void
parts_turn(struct parts *p)
{
	struct job one;
	size_t i;

	for (i = 0; i < p->n / 2; i++) {
		one = p->v[i];
		p->v[i] = p->v[p->n - 1 - i];
		p->v[p->n - 1 - i] = one;
	}
	p->back = true;
}

/*
 * Part of a command that was refused, or cut: servers refuse a thousand
 * messages for one of them, and some send no more than so many at a time
 * (RFC 9738, and those that do not say so).  Refused ones are asked for by
 * halves, until one is left; the others as long as more of them come.  Where
 * NAMED are refused and nothing comes between them, it is gone on from the end,
 * and where so many are there, too, it may be the fault of no message: of the
 * next command one at its end has to come.
 */
static int
by_parts(struct lane *w, struct job *all, bool *hopeless)
{
	struct parts p = { .back = *hopeless };
	unsigned row = *hopeless ? NAMED - 1 : 0;
	struct job j = *all;
	size_t was, left;
	int got = 0;

	if (j.refused && j.part.n > 1)
		part_halve(&p, &j);
	for (;;) {
		trim_part(&j.part);
		was = left = lacking(&j.part);
		j.refused = false;
		if (was > 0) {
			got = ask_part(w, &j);
			left = lacking(&j.part);
			row = left < was ? 0 : row + (j.refused &&
			    j.part.n == 1);
		}
		if (row == NAMED && !p.back) {
			parts_turn(&p);
			row = 0;
		}
		if (got < 0 || row == NAMED || stop_asked() ||
		    j.b->outcome == BOX_LOST)
			break;
		if (j.refused && j.part.n > 1) {
			part_halve(&p, &j);
			continue;
		}
		if (left > 0 && left < was)
			continue;
		if (p.n == 0)
			break;
		j = p.v[--p.n];
	}
	*hopeless = row == NAMED;
	return got;
}

static int
missing_ones(struct link *l, struct jobs *all)
{
	struct lane w;
	bool hopeless = false;
	size_t i;
	int got = 0;

	lane_begin(&w, l);
	for (i = 0; i < all->n && got == 0 && !stop_asked(); i++)
		if (lacking(&all->v[i].part) > 0 && (all->v[i].refused ||
		    lacking(&all->v[i].part) < all->v[i].part.n))
			got = by_parts(&w, &all->v[i], &hopeless);
	return lane_end(&w) < 0 ? -1 : got;
}

/* ---- several connections ---- */

struct helper {
	pthread_t thread;
	struct link *link;
	struct jobs *all;
	int got;
};

/* A further connection that cannot be had is no failure: it takes longer. */
static void *
help(void *arg)
{
	struct helper *h = arg;

	if (!h->link->open && (h->link->tried ||
	    link_connect(h->link->run, h->link) < 0)) {
		fail_clear(&h->link->err);
		return NULL;
	}
	h->got = lane_work(h->link, h->all);
	return NULL;
}

static void
add_job(struct jobs *all, const struct job *job)
{

	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? 2 * all->cap : 64;
		all->v = mem_grow(all->v, all->cap, sizeof *all->v);
	}
	all->v[all->n++] = *job;
}

/* Jobs get smaller towards the end, so that all connections end together. */
static size_t
lane_share(size_t left, size_t links)
{
	size_t n = left / (2 * AHEAD * links);

	if (n > MOST)
		return MOST;
	return n > LEAST ? n : LEAST;
}

/* The plan's new UIDs that are downloads, if not all of them are. */
static uint32_t *
some_fresh(const struct plan *p)
{
	uint32_t *uids = mem_new(p->count[ACT_FETCH], sizeof *uids);
	size_t n = 0, k;

	for (k = 0; plan_fetch(p, &k); k++)
		uids[n++] = p->fresh[k];
	return uids;
}

/* A command's set must fit into a line, so ranges that have holes are cut. */
static void
jobs_of(struct jobs *all, struct box *b, enum bodies_level level)
{
	struct list *l = &all->lists[b - all->r->boxes][level];
	const uint32_t *uids = l->uids != NULL ? l->uids : b->plan->fresh;
	struct job j = { .b = b };
	size_t at = 0;

	if (l->n == 0)
		return;
	if (level == BODIES_HEADERS)
		j.part.bodies = IMAP_HEADERS | IMAP_SIZES | IMAP_OR_WHOLE;
	l->came = mem_new(l->n, 1);
	for (; at < l->n; at += j.part.n) {
		j.part.uids = uids + at;
		j.part.came = l->came + at;
		j.part.n = imap_fetch_fit(uids + at, l->n - at,
		    lane_share(l->n - at, b->run->links));
		add_job(all, &j);
	}
}

/* ---- bodies or headers ---- */

/* What the rules look at, of messages that have not said it yet. */
static int
ask_facts(struct box *b, const uint32_t *uids, size_t n)
{
	struct link *l = &b->run->link[0];
	struct imap_uids ask = { 0 };
	size_t i;
	int got = 0;

	for (i = 0; i < n; i++)
		if (box_far_find(b, uids[i]) == NULL)
			imap_uids_add(&ask, uids[i]);
	if (ask.n > 0 && (got = link_select(l, b)) == 0)
		got = far_hear_facts(l, b, ask.v, ask.n);
	free(ask.v);
	return got < 0 ? -1 : 0;
}

static enum bodies_level
level_of(struct box *b, uint32_t uid)
{
	const struct far_msg *f = box_far_find(b, uid);
	struct bodies_msg m = { .box = b->name, .sep = b->run->sep };

	if (f != NULL) {
		m.flags = f->flags;
		m.size = f->size;
		m.age = f->date != 0 ? (int64_t)clock_wall() - f->date : 0;
	}
	return bodies_of(&b->run->o->here.bodies, &m);
}

/* Each message of the plan into the list of its level. */
static int
by_level(struct box *b, struct list *lists)
{
	uint32_t *uids = some_fresh(b->plan);
	size_t n = b->plan->count[ACT_FETCH], i;
	struct list *l;

	if (ask_facts(b, uids, n) < 0) {
		free(uids);
		return -1;
	}
	for (i = 0; i < LEVELS; i++)
		lists[i].uids = mem_new(n, sizeof *uids);
	for (i = 0; i < n; i++) {
		l = &lists[level_of(b, uids[i])];
		l->uids[l->n++] = uids[i];
	}
	free(uids);
	return 0;
}

static int
lists_of(struct box *b, struct list *lists)
{
	const struct bodies_msg any = { .box = b->name, .sep = b->run->sep };
	const struct bodies *rules = &b->run->o->here.bodies;
	size_t n = b->plan->count[ACT_FETCH];
	struct list *l = &lists[bodies_of(rules, &any)];

	if (n == 0)
		return 0;
	state_expect(b->state, n < EXPECT ? n : EXPECT);
	if (bodies_needs(rules, &any) != 0)
		return by_level(b, lists);
	l->n = n;
	if (n < b->plan->nfresh)
		l->uids = some_fresh(b->plan);
	return 0;
}

static int
all_jobs(struct run *r, struct jobs *all)
{
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (!box_busy(b) || !b->near.is)
			continue;
		if (lists_of(b, all->lists[i]) < 0)
			return -1;
		jobs_of(all, b, BODIES_HEADERS);
		jobs_of(all, b, BODIES_FULL);
	}
	return 0;
}

static int
run_jobs(struct run *r, struct jobs *all)
{
	struct helper h[LINKS_MAX];
	struct commit *k;
	size_t i, n = r->links < all->n ? r->links : all->n;
	int got;

	if (commit_begin(r, &k) < 0)
		return -1;
	for (i = 1; i < n; i++) {
		h[i] = (struct helper){ .link = &r->link[i], .all = all };
		if (pthread_create(&h[i].thread, NULL, help, &h[i]) != 0)
			break;
	}
	n = i;
	got = lane_work(&r->link[0], all);
	for (i = 1; i < n; i++) {
		pthread_join(h[i].thread, NULL);
		if (h[i].got < 0) {
			fail_join(r->e, &h[i].link->err);
			got = -1;
		}
	}
	if (got == 0)
		got = missing_ones(&r->link[0], all);
	if (got == 0)
		got = odd_ones(&r->link[0], all);
	return commit_end(r, k) < 0 ? -1 : got;
}

/*
 * A message that did not come is gone, or is asked for in the next pass.  The
 * last one tells it: the server said OK, lists it, and does not send it.
 */
static void
job_whole(struct job *j, bool heard)
{
	size_t i, n = 0;
	uint32_t uid = 0;

	for (i = 0; i < j->part.n; i++) {
		if (j->part.came[i] == IMAP_CAME_HERE)
			continue;
		box_outcome(j->b, BOX_PARTIAL);
		if (n++ == 0)
			uid = j->part.uids[i];
	}
	if (n > 0 && heard && j->b->passes >= PASSES &&
	    j->b->outcome == BOX_PARTIAL)
		report_problem(&j->b->run->report, EX_TEMPFAIL, j->b->name, "the server sent nothing of message %u, nor of %zu more",
		    uid, n - 1);
}

void
download_enough(struct run *r, size_t jobs)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].phase == BOX_DUE)
			return;
	link_enough(r, jobs > 0 ? jobs : 1);
}

int
download_all(struct run *r)
{
	struct jobs all = { .r = r,
	    .lists = mem_new(r->nboxes + 1, sizeof *all.lists) };
	size_t i, k;
	int got = all_jobs(r, &all);

	download_enough(r, all.n);
	if (got == 0 && all.n > 0 && !stop_asked())
		got = run_jobs(r, &all);
	for (i = 0; i < all.n; i++)
		job_whole(&all.v[i], got == 0 && !stop_asked());
	for (i = 0; i < r->nboxes; i++)
		for (k = 0; k < LEVELS; k++) {
			free(all.lists[i][k].uids);
			free(all.lists[i][k].came);
		}
	free(all.lists);
	free(all.v);
	return got;
}
