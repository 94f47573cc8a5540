/*
 * fetch.c: downloads
 *
 * Ranges of UIDs, streamed into files, the next command under way before the
 * last is answered, over several connections.  keep.c does the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "date.h"
#include "file.h"
#include "limit.h"
#include "run.h"

enum {
	MOST = 512, LEAST = 64, SET = 7000,	/* messages, bytes of a command */
	AHEAD = 3			/* commands under way */
};

/* One command: some messages of a mailbox. */
struct job {
	struct box *b;
	uint32_t *uids;
	size_t n;
	bool *here;		/* of uids: it came */
	bool odd;		/* a body came before its UID */
	bool empty;		/* or was empty */
};

struct jobs {
	struct run *r;
	struct job *v;
	size_t n, cap;
	atomic_size_t next;
	atomic_bool failed;
};

struct command {
	unsigned tag;
	struct job *job;
	bool select, done;
};

/* Those under way, in order: v[tail % RING] is the oldest. */
enum { RING = 2 * AHEAD };
struct queue {
	struct command v[RING];
	size_t head, tail;
};

/* ---- one message ---- */

static bool *
place_of(struct job *j, uint32_t uid)
{
	size_t lo = 0, hi = j->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (j->uids[mid] < uid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < j->n && j->uids[lo] == uid ? &j->here[lo] : NULL;
}

/* It stays there, and the next ones come. */
static void
too_long(struct line *l, const struct got *g)
{
	report_problem(l->run, EX_PROTOCOL, g->b->name, "message %u is longer than the server announced: it stays on the server",
	    g->uid);
	g->b->failed = true;
}

static int
body(struct line *l, struct got *g, struct imap_item *it, int *fd)
{
	struct intake in = { 0 };
	struct conn_sink sink = { intake_put, &in };
	struct stat st;
	int got;

	if ((*fd = keep_create(l, g)) < 0)
		return -1;
	intake_begin(&in, *fd);
	got = imap_body(&l->imap, it, &sink);
	if (got == 0)
		got = intake_end(&in, &l->err);
	g->size = in.wire < UINT32_MAX ? (uint32_t)in.wire : UINT32_MAX;
	g->ident = in.ident;
	intake_free(&in);
	if (got == 0 && fstat(*fd, &st) < 0)
		got = fail_sys(&l->err, EX_IOERR, "%s", g->b->local.path);
	g->ino = got == 0 ? st.st_ino : 0;
	return got;
}

static uint64_t
flags_of(struct line *l, struct box *b, struct str words)
{
	struct str rest = words, w;
	uint64_t flags;

	pthread_mutex_lock(&b->lock);
	while ((w = str_word(&rest)).n > 0)
		if (w.p[0] != '\\' && !str_is(w, "$Forwarded"))
			state_keyword(&b->state, w, &l->err);
	flags = flags_parse(&b->state.keywords, words);
	pthread_mutex_unlock(&b->lock);
	return flags;
}

static int
end(struct line *l, struct got *g, int fd, time_t date)
{
	report_progress(l->run, g->size, false);
	return keep_add(l, g, fd, date);
}

/*
 * The place of a message among what is under way.  Two commands for one
 * mailbox may be answered at once; a SELECT is a border.
 */
static bool *
wanted(struct queue *q, uint32_t uid)
{
	bool *here = NULL;
	size_t i;

	for (i = q->tail; here == NULL && i < q->head; i++) {
		struct command *c = &q->v[i % RING];

		if (c->select && !c->done)
			break;
		if (!c->select && !c->job->b->stopped)
			here = place_of(c->job, uid);
	}
	return here;
}

/* alone: the one UID that was asked for, if items come in an odd order. */
static int
take(struct line *l, struct queue *q, uint32_t alone)
{
	struct job *j = q->v[q->tail % RING].job;
	struct got g = { .b = j->b, .uid = alone };
	struct imap_item it;
	bool *here = NULL;
	uint64_t announced = LIMIT_LITERAL;
	time_t date = 0;
	int got, fd = -1;

	while ((got = imap_item(&l->imap, &it)) > 0) {
		j->odd |= it.kind == IMAP_BODY && g.uid == 0;
		if (it.kind == IMAP_UID)
			g.uid = (uint32_t)it.number;
		else if (it.kind == IMAP_FLAG)
			g.flags = flags_of(l, j->b, it.text);
		else if (it.kind == IMAP_DATE)
			date_parse_imap(it.text, &date);
		else if (it.kind == IMAP_SIZE)
			announced = it.number;
		else if (it.kind != IMAP_BODY || it.nil || fd >= 0 ||
		    g.uid == 0 || (here = wanted(q, g.uid)) == NULL || *here)
			continue;
		else if (it.size > LIMIT_ANNOUNCED(announced)) {
			*here = true;
			too_long(l, &g);
		} else if ((got = body(l, &g, &it, &fd)) < 0)
			break;
	}
	if (fd >= 0 && got == 0 && g.size == 0) {
		keep_not(&g, fd);	/* some say so when they cannot */
		if (alone == 0 || !j->empty) {
			j->empty = true;
			return 0;
		}
		*here = true;	/* its size is 0, too: see empties */
		fd = keep_create(l, &g);
		return fd < 0 ? -1 : end(l, &g, fd, date);
	}
	if (fd >= 0 && got == 0) {
		*here = true;
		return end(l, &g, fd, date);
	}
	if (fd >= 0)
		keep_not(&g, fd);
	return got;
}

/* ---- commands ---- */

static int
selected(struct line *l, struct job *j, bool well)
{
	if (well && l->imap.box.uidvalidity == j->b->seen.uidvalidity)
		return 0;
	j->b->stopped = j->b->failed = true;
	report_problem(l->run, EX_TEMPFAIL, j->b->name, well ? "its UIDs "
	    "changed during the run" : "%s", l->imap.text);
	return 0;
}

static void
answered(struct line *l, struct queue *q, const struct imap_resp *r)
{
	size_t i;

	for (i = q->tail; i < q->head; i++) {
		struct command *c = &q->v[i % RING];

		if (c->tag != r->tag)
			continue;
		c->done = true;
		if (c->select)
			selected(l, c->job, r->type == IMAP_OK);
		else if (r->type != IMAP_OK && !c->job->b->stopped) {
			report_problem(l->run, EX_TEMPFAIL, c->job->b->name,
			    "FETCH: %s", l->imap.text);
			c->job->b->failed = true;
		}
	}
}

/* Until the oldest is answered. */
static int
hear(struct line *l, struct queue *q, uint32_t alone)
{
	struct command *c = &q->v[q->tail % RING];
	struct imap_resp r;

	if (c->select)
		imap_box_forget(&l->imap);
	conn_phase(l->imap.c, c->select ? "SELECT" : "FETCH", CONN_BODY);
	while (!c->done) {
		if (imap_next(&l->imap, &r) < 0)
			return -1;
		if (r.tag != 0)
			answered(l, q, &r);
		else if (r.type == IMAP_FETCH && !c->select &&
		    take(l, q, alone) < 0)
			return -1;
	}
	q->tail++;
	return 0;
}

static void
ask(struct line *l, struct queue *q, struct job *j)
{
	struct buf set = { .max = 65536 };
	struct command c = { .job = j };
	size_t at = 0;

	imap_set_put(&set, j->uids, j->n, &at, SET + 1000);
	c.tag = imap_ask_bodies(&l->imap, set.p, false);
	buf_free(&set);
	q->v[q->head++ % RING] = c;
}

static void
ask_box(struct line *l, struct queue *q, struct job *j)
{
	static const struct imap_since nothing;
	struct command c = { .job = j, .select = true };

	c.tag = imap_ask_select(&l->imap, str_of(j->b->name), true,
	    &nothing);
	l->selected = NULL;
	l->chose = true;
	q->v[q->head++ % RING] = c;
}

static struct job *
next(struct jobs *all)
{
	size_t i = atomic_fetch_add(&all->next, 1);

	return i < all->n && !stop_asked() && !atomic_load(&all->failed) ?
	    &all->v[i] : NULL;
}

/* What the server says of its size: 0 it is empty, 1 it is not, -1. */
static int
has_size(struct line *l, uint32_t uid)
{
	struct imap_item it;
	struct imap_resp r;
	uint64_t size = 1;
	uint32_t whose;
	char one[16];
	unsigned tag;

	snprintf(one, sizeof one, "%u", uid);
	tag = imap_ask_sizes(&l->imap, one);
	do {
		if (imap_next(&l->imap, &r) < 0)
			return -1;
		for (whose = 0; r.type == IMAP_FETCH &&
		    imap_item(&l->imap, &it) > 0; )
			if (it.kind == IMAP_UID)
				whose = (uint32_t)it.number;
			else if (it.kind == IMAP_SIZE && whose == uid)
				size = it.number;
	} while (!imap_done(&r, tag));
	return size > 0;
}

/*
 * Those whose UID came behind the body, and those that were empty, which is
 * believed only if the size says so.
 */
static int
one_by_one(struct line *l, struct job *j)
{
	struct queue q = { .head = 0 };
	struct job one = { .b = j->b, .n = 1 };
	size_t k;
	int got;

	ask_box(l, &q, j);
	if (hear(l, &q, 0) < 0)
		return -1;
	for (k = 0; k < j->n && !j->b->stopped; k++) {
		if (j->here[k])
			continue;
		if ((got = has_size(l, j->uids[k])) < 0)
			return -1;
		one.uids = &j->uids[k];
		one.here = &j->here[k];
		one.empty = got == 0;
		ask(l, &q, &one);
		if (hear(l, &q, j->uids[k]) < 0)
			return -1;
		if (got > 0 && one.empty) {
			report_problem(l->run, EX_TEMPFAIL, j->b->name, "the "
			    "server sent nothing of message %u",
			    j->uids[k]);
			j->b->failed = true;
		}
	}
	return 0;
}

/* Again, one at a time. */
static int
odd_ones(struct line *l, struct jobs *all)
{
	size_t i;

	for (i = 0; i < all->n && !stop_asked(); i++)
		if ((all->v[i].odd || all->v[i].empty) &&
		    one_by_one(l, &all->v[i]) < 0)
			return -1;
	return keep_flush(l);
}

static int
work(struct line *l, struct jobs *all)
{
	struct queue q = { .head = 0 };
	struct box *in = l->selected;
	struct job *j;
	int got = 0;

	while (got == 0) {
		while (q.head - q.tail < AHEAD && (j = next(all)) != NULL) {
			if (in != j->b)
				ask_box(l, &q, j);
			in = j->b;
			ask(l, &q, j);
		}
		if (q.head == q.tail)
			break;
		got = hear(l, &q, 0);
	}
	/* what came whole is kept, whatever became of the connection */
	if (keep_flush(l) < 0)
		got = -1;
	if (got < 0)
		atomic_store(&all->failed, true);
	return got;
}

/* ---- several connections ---- */

struct helper {
	pthread_t thread;
	struct line *line;
	struct jobs *all;
	int got;
};

/* A further connection that cannot be had is no failure: it takes longer. */
static void *
help(void *arg)
{
	struct helper *h = arg;

	if (!h->line->open && (h->line->tried ||
	    run_connect(h->line->run, h->line) < 0)) {
		fail_clear(&h->line->err);
		return NULL;
	}
	h->got = work(h->line, h->all);
	return NULL;
}

static void
add_job(struct jobs *all, struct box *b, const uint32_t *uids, size_t n)
{
	struct job *j;

	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? 2 * all->cap : 64;
		all->v = mem_grow(all->v, all->cap, sizeof *all->v);
	}
	j = &all->v[all->n++];
	*j = (struct job){ .b = b, .n = n,
	    .uids = mem_new(n, sizeof *uids), .here = mem_new(n, 1) };
	memcpy(j->uids, uids, n * sizeof *uids);
}

/* Less and less towards the end, so that all connections get there at once. */
static size_t
share(size_t left, size_t lines)
{
	size_t n = left / (2 * AHEAD * lines);

	return n > MOST ? MOST : n > LEAST ? n : LEAST;
}

/* A command's set must fit into a line, so ranges that have holes are cut. */
static void
jobs_of(struct jobs *all, struct box *b)
{
	uint32_t *uids = mem_new(b->plan.n + 1, sizeof *uids);
	size_t n = 0, at = 0, k = 0, end;

	while (plan_next(&b->plan, ACT_FETCH, &k))
		uids[n++] = b->plan.v[k++].uid;
	if (n > 0)
		state_expect(&b->state, n);
	while (at < n) {
		struct buf set = { .max = 65536 };
		size_t from = at;

		end = at + share(n - at, b->run->lines);
		if (end > n)
			end = n;
		imap_set_put(&set, uids, end, &at, SET);
		buf_free(&set);
		add_job(all, b, uids + from, at - from);
	}
	free(uids);
}

static int
run_jobs(struct run *r, struct jobs *all)
{
	struct helper h[16];
	struct keep *k;
	size_t i, n = r->lines < all->n ? r->lines : all->n;
	int got;

	if (keep_begin(r, &k) < 0)
		return -1;
	for (i = 1; i < n; i++) {
		h[i] = (struct helper){ .line = &r->line[i], .all = all };
		if (pthread_create(&h[i].thread, NULL, help, &h[i]) != 0)
			break;
	}
	n = i;
	got = work(&r->line[0], all);
	for (i = 1; i < n; i++) {
		pthread_join(h[i].thread, NULL);
		if (h[i].got < 0) {
			fail_join(r->e, &h[i].line->err);
			got = -1;
		}
	}
	if (got == 0)
		got = odd_ones(&r->line[0], all);
	return keep_end(r, k) < 0 ? -1 : got;
}

/* What did not come is gone, or is asked for in the next pass. */
static void
whole(struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		j->b->partial |= !j->here[i];
}

void
fetch_enough(struct run *r, size_t jobs)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].todo)
			return;
	run_enough(r, jobs > 0 ? jobs : 1);
}

int
fetch_all(struct run *r)
{
	struct jobs all = { .r = r };
	size_t i;
	int got = 0;

	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].look && r->boxes[i].opened &&
		    r->boxes[i].near && !r->boxes[i].failed)
			jobs_of(&all, &r->boxes[i]);
	fetch_enough(r, all.n);
	if (all.n > 0 && !stop_asked())
		got = run_jobs(r, &all);
	for (i = 0; i < all.n; i++) {
		whole(&all.v[i]);
		free(all.v[i].uids);
		free(all.v[i].here);
	}
	free(all.v);
	return got;
}
