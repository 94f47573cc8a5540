/*
 * migrate_copy.c: messages from one server to the other, as a stream
 *
 * The size that announces a body is that of the APPEND, so its bytes go on as
 * they come and nothing is held.  Several FETCH commands are under way on one
 * side, and several APPENDs, each of many messages where the server can, on the
 * other: neither waits for a round trip.  What must be known of a range of
 * messages beforehand is asked for while the bodies of the one before come.
 *
 * A refused group stored nothing: its messages come once more, in groups of
 * half the size, until it is seen which one is not wanted.
 *
 * A NUL must not be in a literal, and is seen when the literal has begun: the
 * connection is given up, and the message goes alone in the next attempt, as a
 * literal8 (RFC 3516), where the server has BINARY.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap_append.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "migrate_copy.h"
#include "migrate_marks.h"
#include "migrate_pace.h"
#include "migrate_ranges.h"
#include "migrate_run.h"
#include "stop.h"

enum {
	GROUP = 100,		/* messages of a command */
	FLIGHT = 16,		/* commands under way */
	AHEAD = 3, JOB = 200,	/* FETCH commands, and messages of one */
	FACTS = 1000,		/* messages of one that asks for no bodies */
	INTENDED = 1000		/* messages in the log by one sync */
};
#define GROUP_BYTES (UINT64_C(2) << 20)
#define FLIGHT_BYTES (UINT64_C(8) << 20)

/* One APPEND. */
struct group {
	unsigned tag;
	uint32_t uid[GROUP];
	size_t n;
	uint64_t bytes;
};

/* The next range: its marks, as far as they have come. */
struct ahead {
	const uint32_t *uids;
	size_t n;		/* 0: there is none yet */
	size_t at;		/* asked for up to here */
	struct migrate_marks marks;
	struct imap_fetch_job job[16];
	size_t njobs;
	unsigned char *came;	/* of each UID */
	unsigned cuts;		/* as in imap_pieces.h */
	bool refused;		/* the server did not say it of all */
	bool none;		/* no range is left */
};

/* What has become of a message in this range. */
enum fate { FATE_NONE, FATE_SENT, FATE_FAILED };

struct copying {
	struct migrate *r;
	struct migrate_lane *lane;
	struct imap *from, *to;
	struct migrate_box *b;
	struct migrate_ranges *ranges;
	struct ahead ahead;
	struct migrate_marks marks;
	unsigned char *fate;	/* of each mark */
	struct imap_fetch f;
	uint32_t low;
	uint32_t last;		/* the highest UID of APPENDUID so far */
	size_t intended;	/* of the marks so many are in the log */
	size_t most;		/* messages of a group */
	struct group now;	/* the one that is being sent */
	bool begun;
	struct group sent[FLIGHT];
	size_t nsent;
	uint64_t flight;	/* bytes under way */
	struct imap_uids refused;	/* together with others */
	struct imap_uids unread;	/* the FETCH of several was refused */
	bool alone;		/* messages are asked for one by one */
	bool binary8;		/* this one may have a NUL */
	struct imap_uids binary;	/* sorted: known to have one */
	bool missing;		/* the mailbox there is gone */
};

/* ---- what the other server says ---- */

static void
set_fate(struct copying *c, uint32_t uid, enum fate is)
{
	const struct migrate_mark *k = migrate_marks_find(&c->marks, uid);

	if (k != NULL)
		c->fate[k - c->marks.v] = (unsigned char)is;
}

/* The caller has the mutex. */
static int
fails_locked(struct copying *c, uint32_t uid, const char *why)
{
	set_fate(c, uid, FATE_FAILED);
	return migrate_state_fail(&c->r->state, c->b, uid, why, c->r->e);
}

static int
fails(struct copying *c, uint32_t uid, const char *why)
{
	int got;

	pthread_mutex_lock(&c->r->mutex);
	got = fails_locked(c, uid, why);
	pthread_mutex_unlock(&c->r->mutex);
	return got;
}

/* The server's words are kept for whoever tells that it wants no more. */
static int
refused_alone(struct copying *c, uint32_t uid, const char *text)
{
	struct str t = str_of(text);

	c->missing = c->missing || str_starts(t, "[TRYCREATE]") ||
	    str_starts(t, "[NONEXISTENT]");
	if (str_starts(t, "[OVERQUOTA]"))
		c->r->full = true;
	if (!c->missing && !c->r->full)
		return fails_locked(c, uid, text);
	snprintf(c->r->why, sizeof c->r->why, "%s", text);
	return 0;
}

/* The caller has the mutex. */
static int
refused_locked(struct copying *c, const struct group *g)
{
	const char *text = c->to->text;
	size_t i;

	migrate_pace_return(c->r, g->bytes);
	for (i = 0; i < g->n; i++)
		set_fate(c, g->uid[i], FATE_NONE);
	if (migrate_pace_asked(c->r, text)) {
		snprintf(c->r->why, sizeof c->r->why, "%s", text);
		return 0;
	}
	if (g->n == 1)
		return refused_alone(c, g->uid[0], text);
	for (i = 0; i < g->n; i++)
		imap_uids_add(&c->refused, g->uid[i]);
	return 0;
}

static int
refused(struct copying *c, const struct group *g)
{
	int got;

	pthread_mutex_lock(&c->r->mutex);
	got = refused_locked(c, g);
	pthread_mutex_unlock(&c->r->mutex);
	return got;
}

/* Are the UIDs of APPENDUID new ones? */
static bool
new_uids(const struct copying *c, const struct group *g, uint64_t uidvalidity,
    const struct imap_uids *to)
{
	size_t i;

	if (to->n != g->n || uidvalidity != c->b->to_validity ||
	    to->v[0] <= c->last)
		return false;
	for (i = 0; i < to->n; i++)
		if (to->v[i] < c->low || (i > 0 && to->v[i] <= to->v[i - 1]))
			return false;
	return true;
}

/* The caller has the mutex. */
static int
note_copied(struct copying *c, const struct group *g, const uint32_t *to)
{
	struct migrate_pair pair[GROUP];
	struct migrate *r = c->r;
	size_t i;
	int got;

	for (i = 0; to != NULL && i < g->n; i++)
		pair[i] = (struct migrate_pair){ g->uid[i], to[i] };
	if (to != NULL)
		got = migrate_state_pair(&r->state, c->b, pair, g->n, r->e);
	else
		got = migrate_state_blind(&r->state, c->b, g->uid, g->n, r->e);
	r->messages += g->n;
	r->bytes += g->bytes;
	return got < 0 ? -1 : migrate_pace_spend(r, g->bytes);
}

static int
taken(struct copying *c, const struct group *g, const struct imap_resp *ok)
{
	struct imap_uids to = { 0 };
	uint64_t uidvalidity = 0;
	int got = imap_appended(c->to, ok, &uidvalidity, &to);
	bool told = got > 0 && new_uids(c, g, uidvalidity, &to);

	if (told)
		c->last = to.v[to.n - 1];
	if (got >= 0) {
		pthread_mutex_lock(&c->r->mutex);
		got = note_copied(c, g, told ? to.v : NULL);
		pthread_mutex_unlock(&c->r->mutex);
	}
	free(to.v);
	return got;
}

static int
hear_tagged(void *of, struct imap_resp *r)
{
	struct copying *c = of;
	struct group g;
	size_t i = 0;

	while (i < c->nsent && !imap_done(r, c->sent[i].tag))
		i++;
	if (i == c->nsent)
		return conn_abort(c->to->c, EX_PROTOCOL, "an answer to what was not asked");
	g = c->sent[i];
	memmove(&c->sent[i], &c->sent[i + 1], (--c->nsent - i) *
	    sizeof *c->sent);
	c->flight -= g.bytes;
	return r->type == IMAP_OK ? taken(c, &g, r) : refused(c, &g);
}

static int
hear_until(struct copying *c, size_t left, uint64_t bytes)
{
	struct imap_resp r;

	while (c->nsent > left || (c->nsent > 0 && c->flight > bytes))
		if (imap_next(c->to, &r) < 0 ||
		    (r.tag != 0 && hear_tagged(c, &r) < 0))
			return -1;
	return 0;
}

/*
 * The connection there is given up in the middle of an APPEND.  What it has as a
 * whole is answered first: else it may be stored when the next attempt has
 * looked for it already, and sent it again.
 */
static int
append_give_up(struct copying *c, const char *why)
{
	struct imap *m = c->to;
	struct imap_resp r;

	conn_phase(m->c, "the answer to APPEND", CONN_FINAL);
	while (c->nsent > 0 && imap_next(m, &r) > 0)
		if (r.tag != 0 && !imap_done(&r, m->tag) &&
		    hear_tagged(c, &r) < 0)
			break;
	return imap_append_abort(m, why);
}

/* ---- sent ---- */

static int
group_end(struct copying *c)
{
	struct imap *m = c->to;

	if (!c->begun)
		return 0;
	c->begun = false;
	if ((c->now.tag = imap_append_end(m)) == 0)
		return -1;
	c->flight += c->now.bytes;
	c->sent[c->nsent++] = c->now;
	c->now.n = 0;
	c->now.bytes = 0;
	return 0;
}

static int
group_begin(struct copying *c)
{
	struct imap *m = c->to;

	if (c->begun)
		return 0;
	if (hear_until(c, FLIGHT - 1, FLIGHT_BYTES) < 0 ||
	    imap_append_begin(m, str_of(c->b->to)) < 0)
		return -1;
	c->begun = true;
	return 0;
}

/* The same flags are one record; places of c->marks, in order of UIDs. */
static int
intend_flags(struct copying *c, size_t at, size_t to)
{
	const struct migrate_marks *k = &c->marks;
	struct imap_uids *of = mem_new(k->texts.n + 1, sizeof *of);
	size_t i;
	int got = 0;

	for (i = at; i < to; i++)
		imap_uids_add(&of[k->v[i].flags], k->v[i].uid);
	for (i = 0; i < k->texts.n; i++) {
		if (of[i].n > 0 && got == 0)
			got = migrate_state_flags(&c->r->state, c->b, of[i].v,
			    of[i].n, k->texts.v[i], c->r->e);
		free(of[i].v);
	}
	free(of);
	return got;
}

/* The caller has the mutex. */
static int
intend_locked(struct copying *c, size_t at, size_t to)
{
	return intend_flags(c, at, to) < 0 ? -1 : migrate_state_send(
	    &c->r->state, c->b, c->marks.uids + at, to - at, c->low, c->r->e);
}

/* Into the log, before anything of it leaves. */
static int
intend(struct copying *c, const struct migrate_mark *k)
{
	size_t at = (size_t)(k - c->marks.v), to = at + INTENDED;
	int got;

	if (at < c->intended)
		return 0;
	if (to > c->marks.n)
		to = c->marks.n;
	at = c->intended;
	c->intended = to;
	pthread_mutex_lock(&c->r->mutex);
	got = intend_locked(c, at, to);
	pthread_mutex_unlock(&c->r->mutex);
	return got;
}

/* ---- what comes ---- */

static int
put_on(void *of, const void *p, size_t n, struct err *e)
{
	struct copying *c = of;

	if (!c->binary8 && memchr(p, '\0', n) != NULL) {
		c->lane->nul = true;
		return append_give_up(c, "the message has a NUL");
	}
	return imap_append_put(c->to, p, n, e) < 0 ? -1 :
	    migrate_pace_hold(c->r, n);
}

static int
put_nowhere(void *of, const void *p, size_t n, struct err *e)
{
	(void)of;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

static int
skip_body(struct copying *c)
{
	struct conn_sink nowhere = { put_nowhere, NULL };

	return imap_fetch_body(&c->f, &nowhere);
}

/*
 * It is known from now on, or refused: the next attempt gets further, however
 * many of these there are in a row.
 */
static int
has_nul(struct copying *c, uint32_t uid)
{
	int got = 0;

	pthread_mutex_lock(&c->r->mutex);
	migrate_pace_progress(c->r);
	if ((c->to->caps & IMAP_BINARY) == 0)
		got = fails_locked(c, uid, "it has a NUL, which the server does not take (no BINARY)");
	else
		imap_uids_add(&c->b->binary, uid);
	pthread_mutex_unlock(&c->r->mutex);
	return got;
}

/* A body that ends too soon must not be completed by anything. */
static int
stream(struct copying *c, uint32_t uid)
{
	struct conn_sink on = { put_on, c };

	if (imap_fetch_body(&c->f, &on) == 0)
		return 0;
	if (!conn_failed(c->to->c)) {
		c->lane->cut = true;
		append_give_up(c, "the message did not come whole");
	}
	if (c->lane->nul)
		has_nul(c, uid);
	return -1;
}

static int
append(struct copying *c, const struct migrate_mark *k)
{
	struct imap *m = c->to;
	struct imap_append head = { .date = k->date, .size = c->f.got.size,
	    .flags = migrate_marks_storable(&c->marks, k, m->box.permanent) };
	int got;

	c->binary8 = imap_uids_has(&c->binary, k->uid);
	head.binary = c->binary8;
	if (c->binary8 && group_end(c) < 0)
		return -1;
	if (intend(c, k) < 0 || group_begin(c) < 0)
		return -1;
	got = imap_append_one(m, &head);
	if (got < 0)
		return -1;
	c->now.uid[c->now.n++] = k->uid;
	c->now.bytes += head.size;
	c->fate[k - c->marks.v] = FATE_SENT;
	if (got == 0) {			/* it was answered: NO */
		c->begun = false;
		got = refused(c, &c->now);
		c->now.n = 0;
		c->now.bytes = 0;
		return got < 0 ? -1 : skip_body(c);
	}
	if (stream(c, k->uid) < 0)
		return -1;
	return c->binary8 || c->now.n == c->most || c->now.bytes >= GROUP_BYTES ||
	    (m->caps & IMAP_MULTIAPPEND) == 0 ? group_end(c) : 0;
}

static bool
enough(const struct copying *c)
{
	return c->r->full || c->r->spent || c->missing || stop_asked() ||
	    migrate_pace_waits(c->r);
}

/* Why it can never be sent; NULL: it can. */
static const char *
unsendable(const struct copying *c, uint64_t size)
{
	uint64_t limit = c->to->appendlimit;

	if (size == 0)
		return "it is empty, which IMAP cannot store";
	if (limit > 0 && size > limit)
		return "it is larger than the server takes (APPENDLIMIT)";
	if (c->r->o->day > 0 && size > c->r->o->day)
		return "it is larger than all of --bytes-a-day";
	return NULL;
}

/* Within the budget of the day, of which it is taken then. */
static bool
is_affordable(struct copying *c, uint64_t size)
{
	bool is;

	if (c->r->o->day == 0)
		return true;
	pthread_mutex_lock(&c->r->mutex);
	is = migrate_pace_reserve(c->r, size);
	pthread_mutex_unlock(&c->r->mutex);
	if (!is)
		c->r->spent = true;
	return is;
}

static int
body(struct copying *c)
{
	const struct imap_fetched *g = &c->f.got;
	const struct migrate_mark *k = migrate_marks_find(&c->marks, g->uid);
	const char *why = unsendable(c, g->size);

	if (k == NULL || enough(c) || c->fate[k - c->marks.v] != FATE_NONE)
		return skip_body(c);
	if (why != NULL)
		return fails(c, g->uid, why) < 0 ? -1 : skip_body(c);
	return is_affordable(c, g->size) ? append(c, k) : skip_body(c);
}

static int
unreadable(struct copying *c, const struct imap_fetch_job *job)
{
	char why[600];
	size_t i;

	if ((job->bodies & IMAP_FACTS) != 0) {
		c->ahead.refused = true;
		return 0;
	}
	for (i = 0; i < job->n; i++) {
		if (job->came[i] == IMAP_CAME_HERE)
			continue;
		if (!c->alone) {
			imap_uids_add(&c->unread, job->uids[i]);
			continue;
		}
		snprintf(why, sizeof why, "it cannot be read: %s",
		    c->from->text);
		if (fails(c, job->uids[i], why) < 0)
			return -1;
	}
	return 0;
}

static int
event(struct copying *c, int what)
{
	const struct imap_fetched *g = &c->f.got;

	switch ((enum imap_fetch_event)what) {
	case IMAP_FETCH_BODY:
		return body(c);
	case IMAP_FETCH_FACTS:
		migrate_marks_take(&c->ahead.marks, g->uid, g->announced,
		    g->date, BUF_STR(g->flags));
		return 0;
	case IMAP_FETCH_NIL:
		return fails(c, g->uid, "the server says that it has no body");
	case IMAP_FETCH_EMPTY:
		return fails(c, g->uid, "its body does not come, though it has one");
	case IMAP_FETCH_REFUSED:
		return unreadable(c, g->job);
	case IMAP_FETCH_ROOM:
	case IMAP_FETCH_END:
	case IMAP_FETCH_LOST:
		break;
	}
	return 0;
}

/* ---- a pass ---- */

struct pass {
	const uint32_t *uids;
	unsigned char *came;
	struct imap_fetch_job *job;
	size_t njobs;
	size_t n, at;		/* of uids */
	bool whole;		/* all of the range */
};

/* Messages of a FETCH; some servers do no more (RFC 9738). */
static size_t
job_most(const struct copying *c, size_t most)
{
	uint64_t limit = c->from->messagelimit;

	return limit > 0 && limit < most ? (size_t)limit : most;
}

static void
ask_ahead(struct copying *c)
{
	struct ahead *a = &c->ahead;
	struct imap_fetch_job *job;

	if (a->n == 0 && !a->none) {
		a->n = migrate_ranges_next(c->ranges, false, &a->uids);
		a->none = a->n == 0;
		migrate_marks_begin(&a->marks, a->uids, a->n);
		a->came = mem_new(a->n + 1, sizeof *a->came);
		a->cuts = c->from->cuts;
	}
	while (imap_fetch_room(&c->f) && a->at < a->n &&
	    a->njobs < sizeof a->job / sizeof *a->job) {
		job = &a->job[a->njobs++];
		*job = (struct imap_fetch_job){ .uids = a->uids + a->at,
		    .n = imap_fetch_fit(a->uids + a->at, a->n - a->at,
		    job_most(c, FACTS)), .came = a->came + a->at,
		    .bodies = IMAP_FACTS };
		a->at += job->n;
		imap_fetch_ask(&c->f, job);
	}
}

static void
ask_more(struct copying *c, struct pass *p)
{
	struct imap_fetch_job *job;
	size_t n;

	while (imap_fetch_room(&c->f) && p->at < p->n && !enough(c)) {
		n = imap_fetch_fit(p->uids + p->at, p->n - p->at,
		    c->alone ? 1 : job_most(c, JOB));
		job = &p->job[p->njobs++];
		*job = (struct imap_fetch_job){ .uids = p->uids + p->at,
		    .n = n, .came = p->came + p->at };
		p->at += n;
		imap_fetch_ask(&c->f, job);
	}
	if (p->whole && p->at == p->n && !enough(c))
		ask_ahead(c);
}

static int
pull(struct copying *c, struct pass *p)
{
	int got;

	do {
		ask_more(c, p);
		got = imap_fetch_next(&c->f);
		if (got > 0 && event(c, got) < 0)
			got = -1;
	} while (got > 0);
	return got;
}

/* Has it come, or is it told that it does not? */
static bool
is_over(const struct copying *c, const struct pass *p, size_t i)
{
	const struct migrate_mark *k = migrate_marks_find(&c->marks,
	    p->uids[i]);

	return p->came[i] != IMAP_CAME_NOT || k == NULL ||
	    c->fate[k - c->marks.v] == FATE_FAILED;
}

/*
 * The first that FROM has not given, or TO not answered: servers do one after
 * the other.
 */
static void
find_suspect(struct copying *c, const struct pass *p)
{
	struct migrate_suspect *s = &c->b->suspect;
	bool is_to = !c->lane->cut && conn_failed(c->to->c);
	uint32_t uid = 0;
	size_t i = 0;

	while (i < p->at && is_over(c, p, i))
		i++;
	if (is_to && c->nsent > 0)
		uid = c->sent[0].uid[0];
	else if (is_to && c->now.n > 0)
		uid = c->now.uid[0];
	else if (!is_to && i < p->at)
		uid = p->uids[i];
	if (uid == 0 || c->lane->nul || stop_asked())
		return;
	pthread_mutex_lock(&c->r->mutex);
	if (s->uid != uid || s->is_to != is_to)
		*s = (struct migrate_suspect){ .uid = uid, .is_to = is_to };
	s->times++;
	pthread_mutex_unlock(&c->r->mutex);
}

/* A job is of one message at least. */
static int
pass(struct copying *c, const uint32_t *uids, size_t n)
{
	struct pass p = { .uids = uids, .n = n,
	    .came = mem_new(n, sizeof *p.came),
	    .job = mem_new(n, sizeof *p.job),
	    .whole = uids == c->marks.uids };
	size_t i;
	int got;

	c->f = (struct imap_fetch){ .m = c->from, .ahead = AHEAD,
	    .bodies = IMAP_NO_FLAGS };
	got = pull(c, &p);
	for (i = 0; i < p.njobs && got == 0 && !enough(c); i++)
		if (p.job[i].again) {
			imap_fetch_again(&c->f, &p.job[i]);
			got = pull(c, &p);
		}
	if (got == 0 && (group_end(c) < 0 || hear_until(c, 0, 0) < 0))
		got = -1;
	if (got < 0)
		find_suspect(c, &p);
	imap_fetch_free(&c->f);
	free(p.came);
	free(p.job);
	return got;
}

/* Those of a list, which is emptied. */
static int
pass_again(struct copying *c, struct imap_uids *list)
{
	struct imap_uids some = *list;
	int got;

	*list = (struct imap_uids){ 0 };
	imap_uids_sort(&some);
	got = pass(c, some.v, some.n);
	free(some.v);
	return got;
}

/*
 * What has not come is asked for alone: some servers do less than they were
 * asked.  If it does not come then, either, it is gone.
 */
static void
find_missing(struct copying *c)
{
	size_t i;

	imap_uids_sort(&c->refused);
	for (i = 0; i < c->marks.n; i++) {
		uint32_t uid = c->marks.uids[i];

		if (c->fate[i] == FATE_NONE &&
		    !imap_uids_has(&c->refused, uid))
			imap_uids_add(&c->unread, uid);
	}
}

static int
all_passes(struct copying *c)
{
	if (c->marks.n > 0 && pass(c, c->marks.uids, c->marks.n) < 0)
		return -1;
	if (!enough(c))
		find_missing(c);
	if (c->unread.n > 0) {
		c->alone = true;
		if (pass_again(c, &c->unread) < 0)
			return -1;
		c->alone = false;
	}
	while (c->refused.n > 0 && !enough(c)) {
		c->most = c->most > 1 ? c->most / 2 : 1;
		if (pass_again(c, &c->refused) < 0)
			return -1;
	}
	return 0;
}

/* FROM has failed: what the other server has as a whole is answered. */
static void
hear_rest(struct copying *c)
{
	if (!conn_failed(c->to->c) && group_end(c) == 0)
		hear_until(c, 0, 0);
}

static int
copy_marked(struct copying *c)
{
	int got;

	c->fate = mem_new(c->marks.n + 1, sizeof *c->fate);
	conn_last(c->to->c, true);
	imap_append_others(c->to, hear_tagged, c);
	mem_stake("a message may have been accepted: the next run looks");
	got = all_passes(c);
	if (got < 0)
		hear_rest(c);
	mem_stake(NULL);
	imap_append_others(c->to, NULL, NULL);
	conn_last(c->to->c, false);
	if (got == 0 && c->missing)
		return MIGRATE_GONE;
	return got == 0 && enough(c) ? MIGRATE_ENOUGH : got;
}

/* A group that breaks TO again is sent one by one: which of them is it? */
static void
copy_known(struct copying *c)
{
	size_t i;

	pthread_mutex_lock(&c->r->mutex);
	c->most = c->b->suspect.is_to && c->b->suspect.times > 1 ? 1 : GROUP;
	for (i = 0; i < c->b->binary.n; i++)
		imap_uids_add(&c->binary, c->b->binary.v[i]);
	pthread_mutex_unlock(&c->r->mutex);
	imap_uids_sort(&c->binary);
}

/* ---- range after range ---- */

/* What the server did not say beforehand, or not of all, is asked for now. */
static int
range_marks(struct copying *c, const uint32_t *uids, size_t n)
{
	struct ahead *a = &c->ahead;
	bool whole = a->n > 0 && a->at == a->n && !a->refused &&
	    a->cuts == c->from->cuts;

	c->marks = a->marks;
	free(a->came);
	*a = (struct ahead){ 0 };
	if (!whole)
		return migrate_marks_ask(&c->marks, c->from, uids, n);
	migrate_marks_end(&c->marks);
	return 0;
}

static int
range_copy(struct copying *c, const uint32_t *uids, size_t n)
{
	int got;

	c->intended = 0;
	copy_known(c);
	got = range_marks(c, uids, n);
	if (got == 0)
		got = copy_marked(c);
	migrate_marks_free(&c->marks);
	free(c->fate);
	free(c->binary.v);
	free(c->refused.v);
	free(c->unread.v);
	c->fate = NULL;
	c->binary = c->refused = c->unread = (struct imap_uids){ 0 };
	return got;
}

/* The one that was asked about already, unless all of it is over. */
static size_t
range_next(struct copying *c, const uint32_t **uids)
{
	if (c->ahead.n == 0)
		return migrate_ranges_next(c->ranges, true, uids);
	*uids = c->ahead.uids;
	return migrate_ranges_over(c->ranges) ? 0 : c->ahead.n;
}

int
migrate_copy(struct migrate_lane *l, struct migrate_box *b, uint32_t low,
    struct migrate_ranges *ranges)
{
	struct copying *c = mem_new(1, sizeof *c);
	const uint32_t *uids;
	size_t n;
	int got = MIGRATE_ALL;

	c->r = l->r;
	c->lane = l;
	c->from = &l->from->imap;
	c->to = &l->to->imap;
	c->b = b;
	c->ranges = ranges;
	c->low = low;
	while (got == MIGRATE_ALL && (n = range_next(c, &uids)) > 0)
		got = range_copy(c, uids, n);
	migrate_marks_free(&c->ahead.marks);
	free(c->ahead.came);
	free(c);
	return got;
}
