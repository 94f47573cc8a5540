/* hung.c: messages at which the server ends the connection, each time */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "run.h"
#include "search.h"
#include "stop.h"

enum {
	OFTEN = 2,		/* times until it is asked for alone */
	AMONG = 3,		/* the same, and it was not the first of them */
	LOST = 5,		/* connections of one run, for one message each */
	HALVES = 16,		/* the same, for several */
	HOUR = 3600 * 1000	/* ms: so often in a watch */
};

/* Its key in the state, which goes when the message's a does. */
static struct key
part_key(const struct message *m, enum hung_part part)
{
	return part == HUNG_BODY ? m->asked : (struct key){ m->asked.a,
	    state_mix(m->asked, STR("its header")).b };
}

static const struct entry *
hung_find(const struct run *r, const struct message *m, enum hung_part part)
{
	return state_find(&r->state, part_key(m, part), STATE_HUNG);
}

static int
by_asked(const void *key, const void *element)
{
	const struct key *k = key;
	const struct hung_one *one = element;

	return k->a != one->m.asked.a ?
	    search_order(k->a, one->m.asked.a) :
	    search_order(k->b, one->m.asked.b);
}

static bool
is_alone(const struct run *r, const struct message *m)
{
	const struct hung *h = &r->hung;

	return h->alone != NULL && search_exact(&m->asked, h->alone,
	    h->alones, sizeof *h->alone, by_asked) < h->alones;
}

bool
hung_other(const struct run *r, const struct message *m)
{
	return r->hung.alone != NULL && !is_alone(r, m);
}

static uint64_t
last_of(const struct entry *at)
{
	return at->places > at->key.b ? at->places : at->key.b;
}

static struct entry
entry_for(struct key k, uint32_t times, uint32_t to)
{
	return (struct entry){ .key = k, .kind = STATE_HUNG, .day = times,
	    .places = to };
}

/*
 * What was under way then, and is now, is what may be the one.  The first of
 * it, if it waited, was not under way: it is asked for alone.
 */
static int
meet(struct state *s, struct entry *now, struct err *e)
{
	uint64_t from = now->key.b, first, last;
	size_t i, n = s->n;

	for (i = 0; i < n; i++) {
		struct entry at = s->v[i];

		if (at.kind != STATE_HUNG || at.key.a != now->key.a ||
		    (at.key.b != from && at.places == 0 && at.day >= OFTEN))
			continue;
		first = at.key.b > now->key.b ? at.key.b : now->key.b;
		last = last_of(&at) < last_of(now) ? last_of(&at) :
		    last_of(now);
		if (first <= last) {
			now->key.b = first;
			now->places = last > first ? (uint32_t)last : 0;
			now->day = at.day < OFTEN ? at.day + 1 : AMONG;
		} else if (at.day >= OFTEN) {
			continue;
		}
		if (state_drop(s, at.key, STATE_HUNG, e) < 0)
			return -1;
		at.places = 0;
		at.day = OFTEN;
		if (first <= last && now->day > OFTEN && at.key.b < from &&
		    state_set(s, &at, e) < 0)
			return -1;
	}
	return 0;
}

static int
record_hung(struct run *r, const struct message *m, enum hung_part part,
    uint32_t to, struct err *e)
{
	const struct entry *at = hung_find(r, m, part);
	struct state *s = &r->state;
	struct entry now = entry_for(part_key(m, part), 1,
	    to > m->number ? to : 0);

	if (m->folder != NULL && r->hung.alone == NULL) {
		state_group(s);
		return meet(s, &now, e) < 0 || state_set(s, &now, e) < 0 ||
		    state_commit(s, e) < 0 ? -1 : state_sync(s, e);
	}
	now.places = 0;
	if (at != NULL)
		now.day = at->day + 1;
	else if (r->hung.again)
		now.day = OFTEN;
	return state_set(s, &now, e) < 0 ? -1 : state_sync(s, e);
}

int
hung_at(struct run *r, const struct message *m, enum hung_part part,
    uint32_t to)
{
	struct err e = { 0 };

	if (r->e->code != EX_TEMPFAIL || stop_asked() ||
	    !conn_failed(r->p->session.conn))
		return -1;
	r->hung.again = is_alone(r, m);
	if (!r->hung.again || r->hung.alones == 1)
		record_hung(r, m, part, to, &e);
	fail_join(r->e, &e);
	return -1;
}

/* Those behind it, which were under way with it, have not come yet. */
int
hung_over(struct run *r, const struct message *m, enum hung_part part)
{
	const struct entry *at = hung_find(r, m, part);
	struct entry rest;

	if (at == NULL)
		return 0;
	rest = *at;
	if (state_drop(&r->state, rest.key, STATE_HUNG, r->e) < 0)
		return -1;
	rest.key.b++;
	if (rest.places < rest.key.b || rest.day >= OFTEN ||
	    state_find(&r->state, rest.key, STATE_HUNG) != NULL)
		return 0;
	return state_set(&r->state, &rest, r->e);
}

int
hung_under(struct run *r, uint64_t folder, uint32_t mark)
{
	struct state *s = &r->state;
	size_t i, n = s->n;

	for (i = 0; i < n; i++)
		if (s->v[i].kind == STATE_HUNG && s->v[i].key.a == folder &&
		    last_of(&s->v[i]) <= mark &&
		    state_drop(s, s->v[i].key, STATE_HUNG, r->e) < 0)
			return -1;
	return 0;
}

bool
hung_any(const struct state *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].kind == STATE_HUNG && s->v[i].day >= OFTEN)
			return true;
	return false;
}

/* A watch that has tried is not to do so at each look. */
static bool
hung_due(const struct run *r)
{
	int64_t tried = r->p->tried_hung;

	return !r->o->watch || tried == 0 || clock_ms() - tried >= HOUR;
}

/* It stays on the server. */
static void
name_hung(struct run *r, const struct message *m, const char *why)
{
	tally_add(&r->tally, m, EX_TEMPFAIL, "hung up", "%s, each time that it is asked for",
	    why);
	r->count.status = fail_worse(r->count.status, EX_TEMPFAIL);
	r->count.kept++;
}

/*
 * A server with LOGIN-DELAY would refuse another login at once: there each is
 * asked for in its turn in every other run, and left out of the one between.
 */
static bool
has_turn(struct run *r, const struct message *m, enum hung_part part,
    uint32_t times)
{
	struct err e = { 0 };

	if (times % 2 != 0)
		return true;
	name_hung(r, m, "the connection ends");
	state_put(&r->state, STATE_HUNG, part_key(m, part), times + 1, &e);
	return false;
}

/* Where any of several may be the one, not the first of them. */
static void
find_among(struct run *r)
{
	const struct state *s = &r->state;
	struct hung *h = &r->hung;
	size_t i, n = 0;

	if (h->looked)
		return;
	h->looked = true;
	h->namong = 0;
	for (i = 0; i < s->n; i++)
		n += s->v[i].kind == STATE_HUNG && s->v[i].day >= AMONG &&
		    s->v[i].places != 0;
	if (n == 0)
		return;
	h->among = mem_grow(h->among, n, sizeof *h->among);
	for (i = 0; i < s->n; i++)
		if (s->v[i].kind == STATE_HUNG && s->v[i].day >= AMONG &&
		    s->v[i].places != 0)
			h->among[h->namong++] = s->v[i];
}

/* What the state says of it; NULL: nothing, or not often enough. */
static const struct entry *
suspected(struct run *r, const struct message *m, enum hung_part part)
{
	const struct entry *at = hung_find(r, m, part);
	const struct hung *h = &r->hung;
	size_t i;

	if (at != NULL)
		return at->day < OFTEN ? NULL : at;
	find_among(r);
	for (i = 0; i < h->namong; i++)
		if (m->asked.a == h->among[i].key.a &&
		    m->asked.b > h->among[i].key.b &&
		    m->asked.b <= h->among[i].places)
			return &h->among[i];
	return NULL;
}

static void
keep_for_rest(struct run *r, const struct message *m, enum hung_part part,
    const struct entry *at)
{
	struct hung *h = &r->hung;

	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 8;
		h->v = mem_grow(h->v, h->cap, sizeof *h->v);
	}
	h->v[h->n++] = (struct hung_one){ .m = *m, .part = part,
	    .at = at->key, .to = at->places, .times = at->day,
	    .among = at->places != 0 && at->day >= AMONG, .sep = h->sep };
}

bool
hung_waits(struct run *r, const struct message *m, enum hung_part part)
{
	const struct entry *at;

	if (r->hung.alone != NULL)
		return !is_alone(r, m);
	at = suspected(r, m, part);
	if (at == NULL)
		return false;
	if (options_look(r->o)) {
		name_hung(r, m, "the connection ends");
		return true;
	}
	if (r->p->delay > 0)
		return !has_turn(r, m, part, at->day);
	if (hung_due(r))
		keep_for_rest(r, m, part, at);
	return true;
}

/* Those of one entry follow each other, in the order of UIDs. */
static int
by_times(const void *a, const void *b)
{
	const struct hung_one *x = a, *y = b;

	if (x->times != y->times)
		return x->times < y->times ? -1 : 1;
	if (memcmp(&x->at, &y->at, sizeof x->at) != 0)
		return memcmp(&x->at, &y->at, sizeof x->at);
	return by_asked(&x->m.asked, y);
}

/* ---- one, or several, and nothing else ---- */

struct trial {
	struct run *r;
	int (*pass)(struct run *);
	size_t lost, halves;	/* connections, as LOST and HALVES say */
};

enum trial_end { TRIAL_CAME, TRIAL_HUNG, TRIAL_LEFT };

/*
 * Perhaps a server that has no LOGIN-DELAY refuses another login at once: the
 * next run asks for it in its turn.
 */
static void
wait_no_more(struct run *r, const struct hung_one *one)
{
	struct entry at = entry_for(one->at, OFTEN - 1, one->to);
	struct err e = { 0 };

	if (r->e->code != EX_TEMPFAIL || stop_asked())
		return;
	state_set(&r->state, &at, &e);
	fail_join(r->e, &e);
}

/* What has come until the connection ended is done. */
static int
end_trial(struct trial *t, const struct hung_one *v, size_t n)
{
	struct run *r = t->r;
	char why[sizeof r->e->msg];

	memcpy(why, r->e->msg, sizeof why);
	fail_clear(r->e);
	if (r->deliver.h.file >= 0)
		deliver_abort(&r->deliver);
	if (deliver_commit(&r->deliver) < 0)
		return -1;
	t->lost += n == 1;
	t->halves += n > 1;
	if (n == 1)
		name_hung(r, &v->m, why);
	return TRIAL_HUNG;
}

/* One pass for n of them; or -1. */
static int
ask_alone(struct trial *t, const struct hung_one *v, size_t n)
{
	struct run *r = t->r;
	const struct counts was = r->count;
	struct hung *h = &r->hung;
	int got;

	h->alone = v;
	h->alones = n;
	h->again = false;
	got = t->pass(r);
	h->alone = NULL;
	/* what is there was counted when all was looked at */
	r->count.there = was.there;
	r->count.skipped = was.skipped;
	r->count.doubt = was.doubt;
	if (got < 0 && !h->again)
		wait_no_more(r, v);
	if (got == 0)
		return TRIAL_CAME;
	return !h->again || r->e->code != EX_TEMPFAIL ? -1 :
	    end_trial(t, v, n);
}

/* For another run: the entry of several was dropped. */
static int
leave_trial(struct trial *t, const struct hung_one *v, size_t n)
{
	struct run *r = t->r;
	struct entry at = entry_for(v->m.asked, n > 1 ? AMONG : OFTEN,
	    n > 1 ? v[n - 1].m.number : 0);
	size_t i;

	for (i = 0; i < n; i++)
		name_hung(r, &v[i].m, "the connection ends");
	return v->among && state_set(&r->state, &at, r->e) < 0 ? -1 :
	    TRIAL_LEFT;
}

/* Some of these may have come with others. */
static bool
any_new(const struct run *r, const struct hung_one *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ledger_lacks(&r->ledger, v[i].m.key) != 0)
			return true;
	return false;
}

static int
try_some(struct trial *t, const struct hung_one *v, size_t n)
{
	if (v->among && !any_new(t->r, v, n))
		return TRIAL_CAME;
	if (n == 1 ? t->lost == LOST : t->halves == HALVES)
		return leave_trial(t, v, n);
	return ask_alone(t, v, n);
}

/* One of them is it, if certain: in halves, until each of those is found. */
static int
divide(struct trial *t, const struct hung_one *v, size_t n, bool certain)
{
	int first, second;

	if (n == 1 || !certain) {
		first = try_some(t, v, n);
		if (n == 1 || first != TRIAL_HUNG)
			return first;
	}
	first = divide(t, v, n / 2, false);
	if (first < 0)
		return -1;
	second = divide(t, v + n / 2, n - n / 2, first == TRIAL_CAME);
	return second < 0 ? -1 : TRIAL_HUNG;
}

/* All of one entry of the state: how many follow. */
static size_t
of_entry(const struct hung *h, size_t i)
{
	size_t n = 1;

	while (h->v[i].among && i + n < h->n && h->v[i + n].among &&
	    memcmp(&h->v[i].at, &h->v[i + n].at, sizeof h->v[i].at) == 0)
		n++;
	return n;
}

/* Those at which it happened least come first: in another run the others do. */
int
hung_rest(struct run *r, int (*pass)(struct run *))
{
	struct trial t = { .r = r, .pass = pass };
	struct hung *h = &r->hung;
	size_t i, n;
	int got = 0;

	if (h->n == 0)
		return 0;
	qsort(h->v, h->n, sizeof *h->v, by_times);
	for (i = 0; i < h->n && got >= 0; i += n) {
		n = of_entry(h, i);
		if (h->v[i].among)
			got = state_drop(&r->state, h->v[i].at, STATE_HUNG,
			    r->e);
		if (got >= 0)
			got = divide(&t, &h->v[i], n, true);
	}
	r->p->tried_hung = clock_ms();
	h->n = 0;
	h->looked = false;
	return got < 0 ? -1 : 0;
}

void
hung_free(struct hung *h)
{
	free(h->v);
	free(h->among);
	*h = (struct hung){ .v = NULL };
}
