/*
 * imap_fetch.c: messages are downloaded, with several commands under way
 *
 * Commands may be answered in another order than they were sent, and FETCH
 * responses of two come in between each other (imap.h); a SELECT is a border.
 * So what a response is about is looked for in all commands up to the next
 * SELECT that was not answered.
 */
#include <stdio.h>

#include "date.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "imap_set.h"
#include "limit.h"
#include "search.h"

enum {
	SET = 7000,		/* bytes of a command (RFC 7162 section 4) */
	ROW = 20,		/* refused in a row: see alone_step */
	RING = sizeof ((struct imap_fetch *)0)->v /
	    sizeof *((struct imap_fetch *)0)->v
};

/* ---- asking ---- */

size_t
imap_fetch_fit(const uint32_t *uids, size_t n, size_t most)
{
	struct buf set = { .max = 65536 };
	size_t at = 0;

	imap_set_put(&set, uids, n < most ? n : most, &at, SET);
	buf_free(&set);
	return at;
}

bool
imap_fetch_room(const struct imap_fetch *f)
{
	return f->head - f->tail < f->ahead;
}

static struct imap_fetch_command *
fetch_command(struct imap_fetch *f, size_t i)
{
	return &f->v[i % RING];
}

static void
phase(struct imap_fetch *f)
{
	conn_phase(f->m->c, fetch_command(f, f->tail)->job != NULL ? "FETCH" :
	    "SELECT", CONN_BODY);
}

/* The phase is that of what is read, not of what was sent last. */
static void
push(struct imap_fetch *f, struct imap_fetch_command c)
{
	*fetch_command(f, f->head++) = c;
	if (fetch_command(f, f->tail)->begun)
		phase(f);
}

void
imap_fetch_select(struct imap_fetch *f, unsigned tag, uint64_t uidvalidity,
    void *of)
{
	f->lost = false;
	push(f, (struct imap_fetch_command){ .tag = tag,
	    .uidvalidity = uidvalidity, .of = of });
}

static void
job_ask(struct imap_fetch *f, struct imap_fetch_job *job, const uint32_t *uids,
    size_t n)
{
	struct imap_fetch_command c = { .job = job };
	struct buf set = { .max = 65536 };
	unsigned bodies = f->bodies | job->bodies;
	size_t at = 0;

	imap_set_put(&set, uids, n, &at, SET + 1000);
	if (f->alone != NULL && f->tried == IMAP_CAME_EMPTY)
		bodies &= ~(unsigned)IMAP_HEADERS;
	c.tag = imap_ask_bodies(f->m, set.p, bodies);
	buf_free(&set);
	push(f, c);
}

void
imap_fetch_ask(struct imap_fetch *f, struct imap_fetch_job *job)
{
	job->lost = f->lost;
	if (!job->lost)
		job_ask(f, job, job->uids, job->n);
}

/* ---- one message ---- */

static unsigned char *
came_of(struct imap_fetch_job *job, uint32_t uid)
{
	size_t at = search_lower(&uid, job->uids, job->n, sizeof uid,
	    search_u32);

	return at < job->n && job->uids[at] == uid ? &job->came[at] : NULL;
}

/* Its place, and its job in f->got; NULL: it was not asked for. */
static unsigned char *
wanted_find(struct imap_fetch *f)
{
	unsigned char *came;
	size_t i;

	for (i = f->tail; i < f->head; i++) {
		struct imap_fetch_command *c = fetch_command(f, i);

		if (c->job == NULL && !c->done)
			break;
		if (c->job == NULL || c->job->lost)
			continue;
		if ((came = came_of(c->job, f->got.uid)) != NULL) {
			f->got.job = c->job;
			return came;
		}
	}
	return NULL;
}

/* A response begins.  Of a command for one message it is that one. */
static void
window_begin(struct imap_fetch *f)
{
	struct imap_fetched *g = &f->got;

	g->job = NULL;
	g->uid = f->alone != NULL ? f->alone->uids[f->at] : 0;
	g->size = g->announced = 0;
	g->date = 0;
	g->named = g->sized = false;
	g->flags.n = 0;
	g->flags.max = LIMIT_RESPONSE_BYTES;
	buf_s(&g->flags, "");		/* not those of the one before */
	f->early = false;
	f->stage = IMAP_FETCH_INSIDE;
}

static bool
is_facts(const struct imap_fetch *f, const struct imap_fetch_job *job)
{
	return ((f->bodies | job->bodies) & IMAP_FACTS) != 0;
}

/* Its size was asked for, which is 0, or not if sized is set. */
static bool
size_is(const struct imap_fetch *f, bool sized)
{
	return f->alone != NULL && f->alone->uids[f->at] == f->got.uid &&
	    f->tried == IMAP_CAME_EMPTY && f->sized == sized;
}

/* Of one whose header was empty all is asked for. */
static bool
asks_header(const struct imap_fetch *f)
{
	unsigned bodies = f->bodies | f->got.job->bodies;

	return (bodies & IMAP_HEADERS) != 0 && (f->alone == NULL ||
	    f->tried != IMAP_CAME_EMPTY);
}

/* May it be empty without being asked for again? */
static bool
may_be_empty(const struct imap_fetch *f)
{
	unsigned bodies = f->bodies | f->got.job->bodies;

	return (bodies & (IMAP_HEADERS | IMAP_OR_WHOLE)) == IMAP_HEADERS ||
	    size_is(f, false);
}

/* Some servers say so of what they cannot read themselves. */
static int
fetch_empty(struct imap_fetch *f, unsigned char *came)
{
	if (size_is(f, true)) {
		f->stage = IMAP_FETCH_LEFT;
		return IMAP_FETCH_EMPTY;
	}
	*came = IMAP_CAME_EMPTY;
	f->got.job->again = true;
	return 0;
}

static int
fetch_body(struct imap_fetch *f)
{
	unsigned char *came;

	if (f->stage != IMAP_FETCH_INSIDE)
		return 0;		/* the second one in a response */
	if (f->got.uid == 0) {
		f->early = true;
		return 0;
	}
	if ((came = wanted_find(f)) == NULL || *came == IMAP_CAME_HERE ||
	    is_facts(f, f->got.job))
		return 0;
	if (f->item.nil)
		return IMAP_FETCH_NIL;
	if (f->item.size == 0 && !may_be_empty(f))
		return fetch_empty(f, came);
	f->got.header = asks_header(f);
	f->came = came;
	f->got.size = f->item.size;
	f->stage = IMAP_FETCH_OFFERED;
	return IMAP_FETCH_BODY;
}

static int
item(struct imap_fetch *f)
{
	struct imap_fetched *g = &f->got;

	switch (f->item.kind) {
	case IMAP_UID:
		if (f->stage == IMAP_FETCH_INSIDE)
			g->uid = (uint32_t)f->item.number;
		g->named = g->uid == f->item.number;
		return 0;
	case IMAP_SIZE:
		g->announced = f->item.number;
		g->sized = true;
		return 0;
	case IMAP_DATE:
		date_parse_imap(f->item.text, &g->date);
		return 0;
	case IMAP_FLAG:
		g->flags.n = 0;
		buf_str(&g->flags, f->item.text);
		return 0;
	case IMAP_BODY:
		return fetch_body(f);
	default:
		return 0;
	}
}

/*
 * One without a size is not what was asked for: somebody has changed the flags,
 * which the server tells whenever it likes.
 */
static int
fetch_facts(struct imap_fetch *f)
{
	unsigned char *came = f->got.sized ? wanted_find(f) : NULL;

	if (came == NULL || !is_facts(f, f->got.job) || *came == IMAP_CAME_HERE)
		return 0;
	*came = IMAP_CAME_HERE;
	return IMAP_FETCH_FACTS;
}

/* The response is over. */
static int
fetch_end(struct imap_fetch *f)
{
	struct imap_fetch_job *oldest = fetch_command(f, f->tail)->job;
	bool taken = f->stage == IMAP_FETCH_TAKEN,
	    inside = f->stage == IMAP_FETCH_INSIDE, missed = f->early && inside;
	unsigned char *came;

	f->stage = IMAP_FETCH_NONE;
	if (taken) {
		f->row = 0;
		*f->came = IMAP_CAME_HERE;
		return IMAP_FETCH_END;
	}
	if (missed && f->got.uid == 0) {
		oldest->unnamed = oldest->again = !is_facts(f, oldest);
	} else if (missed && (came = wanted_find(f)) != NULL &&
	    *came == IMAP_CAME_NOT && !is_facts(f, f->got.job)) {
		*came = IMAP_CAME_UNNAMED;
		f->got.job->again = true;
	}
	return inside && !missed ? fetch_facts(f) : 0;
}

static int
fetch_message(struct imap_fetch *f)
{
	int got = 0;

	if (f->stage == IMAP_FETCH_OFFERED) {
		*f->came = IMAP_CAME_HERE;
		f->stage = IMAP_FETCH_LEFT;
	}
	while (got == 0 && (got = imap_item(f->m, &f->item)) > 0)
		got = item(f);
	if (got != 0)
		return got;
	return fetch_end(f);
}

int
imap_fetch_body(struct imap_fetch *f, const struct conn_sink *to)
{
	f->stage = IMAP_FETCH_TAKEN;
	return imap_body(f->m, &f->item, to);
}

/* ---- answers ---- */

static int
selected(struct imap_fetch *f, size_t at, bool well)
{
	struct imap_fetch_command *c = fetch_command(f, at);

	if (well && f->m->box.uidvalidity == c->uidvalidity)
		return 0;
	f->got.of = c->of;
	f->got.renumbered = well;
	while (++at < f->head && fetch_command(f, at)->job != NULL)
		fetch_command(f, at)->job->lost = true;
	f->lost = at == f->head;
	return IMAP_FETCH_LOST;
}

/* Exchange says BAD, and Dovecot NO, to all if it cannot read one of them. */
static int
fetch_refused(struct imap_fetch *f, struct imap_fetch_job *job)
{
	f->got.uid = 0;
	if (f->alone != NULL) {
		f->got.uid = f->alone->uids[f->at];
		f->row++;
	} else if (f->each && job->n > 1) {
		job->refused = job->again = true;
		return 0;
	} else if (job->n == 1) {
		f->got.uid = job->uids[0];
	}
	return IMAP_FETCH_REFUSED;
}

static int
fetch_answered(struct imap_fetch *f, const struct imap_resp *r)
{
	size_t i;

	for (i = f->tail; i < f->head; i++) {
		struct imap_fetch_command *c = fetch_command(f, i);

		if (c->tag != r->tag)
			continue;
		c->done = true;
		if (c->job == NULL)
			return selected(f, i, r->type == IMAP_OK);
		f->got.job = c->job;
		return r->type != IMAP_OK && !c->job->lost ?
		    fetch_refused(f, c->job) : 0;
	}
	return 0;
}

static int
response(struct imap_fetch *f)
{
	struct imap_fetch_command *c = fetch_command(f, f->tail);
	struct imap_resp r;

	if (!c->begun) {
		c->begun = true;
		if (c->job == NULL)
			imap_box_forget(f->m);
		phase(f);
	}
	if (imap_next(f->m, &r) < 0)
		return -1;
	if (r.tag != 0)
		return fetch_answered(f, &r);
	if (r.type == IMAP_FETCH && c->job != NULL)
		window_begin(f);
	return 0;
}

/* ---- one by one ---- */

void
imap_fetch_again(struct imap_fetch *f, struct imap_fetch_job *job)
{
	f->alone = job;
	f->back = f->row >= ROW;
	f->row = f->back ? ROW - 1 : 0;
	f->left = job->n;
	f->at = f->back && job->n > 0 ? job->n - 1 : 0;
	f->tried = IMAP_CAME_NOT;
}

/*
 * The next place.  What is refused so often in a row may be the fault of no
 * message: the last one of the job decides, and where it comes those in front
 * of it are asked for, up to as many that are refused.  The next job begins
 * with its last one then.
 */
static void
alone_step(struct imap_fetch *f)
{
	f->tried = IMAP_CAME_NOT;
	f->left--;
	f->at = f->back ? f->at - 1 : f->at + 1;
	if (f->row < ROW)
		return;
	if (f->back) {
		f->left = 0;
	} else if (f->left > 0) {
		f->back = true;
		f->row = ROW - 1;
		f->at += f->left - 1;
	}
}

/* Is the one at hand to be asked for, and why? */
static enum imap_came
fetch_reason(const struct imap_fetch *f)
{
	enum imap_came came = f->alone->came[f->at];

	if (came == IMAP_CAME_NOT && (f->alone->unnamed || f->alone->refused))
		return IMAP_CAME_UNNAMED;
	return came != IMAP_CAME_HERE ? came : IMAP_CAME_NOT;
}

/* The size by itself: f->sized unless it is 0. */
static int
ask_size(struct imap_fetch *f, uint32_t uid)
{
	struct imap_item it;
	struct imap_resp r;
	uint32_t whose;
	char one[16];
	unsigned tag;
	int got;

	snprintf(one, sizeof one, "%u", uid);
	f->sized = true;
	tag = imap_ask_sizes(f->m, one);
	do {
		if (imap_next(f->m, &r) < 0)
			return -1;
		for (whose = 0, got = 1; r.type == IMAP_FETCH && got > 0; ) {
			if ((got = imap_item(f->m, &it)) < 0)
				return -1;
			if (got > 0 && it.kind == IMAP_UID)
				whose = (uint32_t)it.number;
			else if (got > 0 && it.kind == IMAP_SIZE &&
			    whose == uid)
				f->sized = it.number > 0;
		}
	} while (!imap_done(&r, tag));
	return 0;
}

/* The next one is asked for: 1, 0 there is none, -1. */
static int
ask_alone(struct imap_fetch *f)
{
	struct imap_fetch_job *job = f->alone;
	enum imap_came why;

	while (job != NULL && !job->lost && !f->lost && f->left > 0) {
		if ((why = fetch_reason(f)) <= f->tried) {	/* it was */
			alone_step(f);
			continue;
		}
		f->tried = why;
		if (why == IMAP_CAME_EMPTY &&
		    ask_size(f, job->uids[f->at]) < 0)
			return -1;
		job_ask(f, job, &job->uids[f->at], 1);
		return 1;
	}
	f->alone = NULL;
	return 0;
}

int
imap_fetch_next(struct imap_fetch *f)
{
	int got = 0;

	while (got == 0) {
		if (f->stage != IMAP_FETCH_NONE) {
			got = fetch_message(f);
		} else if (f->head == f->tail) {
			if ((got = ask_alone(f)) <= 0)
				return got;
			got = 0;
		} else if (fetch_command(f, f->tail)->done) {
			f->tail++;
			got = IMAP_FETCH_ROOM;
		} else {
			got = response(f);
		}
	}
	return got;
}

uint32_t
imap_fetch_at(const struct imap_fetch *f)
{
	const struct imap_fetch_job *job;
	size_t i, k;

	if (f->stage != IMAP_FETCH_NONE && f->got.uid != 0)
		return f->got.uid;
	if (f->alone != NULL)
		return f->alone->uids[f->at];
	for (i = f->tail; i < f->head; i++) {
		if ((job = f->v[i % RING].job) == NULL)
			return 0;
		for (k = 0; k < job->n; k++)
			if (job->came[k] == IMAP_CAME_NOT)
				return job->uids[k];
	}
	return 0;
}

uint32_t
imap_fetch_last(const struct imap_fetch *f)
{
	const struct imap_fetch_job *job;
	size_t i, k;

	if (f->alone != NULL)
		return f->alone->uids[f->at];
	for (i = f->head; i > f->tail; i--) {
		if ((job = f->v[(i - 1) % RING].job) == NULL)
			return 0;
		for (k = job->n; k > 0; k--)
			if (job->came[k - 1] == IMAP_CAME_NOT)
				return job->uids[k - 1];
	}
	return 0;
}

void
imap_fetch_free(struct imap_fetch *f)
{
	buf_free(&f->got.flags);
}
