/* hung.c: messages at which the server ends the connection, each time */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "run.h"
#include "stop.h"

enum {
	OFTEN = 2,		/* times until it is asked for alone */
	AMONG = 3,		/* the same, and it was not the first of them */
	LOST = 5,		/* connections of one run */
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

static bool
is_alone(const struct run *r, const struct message *m)
{
	return r->hung.alone != NULL && memcmp(&r->hung.alone->m.asked,
	    &m->asked, sizeof m->asked) == 0;
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

bool
hung_waits(struct run *r, const struct message *m, enum hung_part part)
{
	const struct entry *at = hung_find(r, m, part);
	struct hung *h = &r->hung;

	if (h->alone != NULL)
		return !is_alone(r, m);
	if (at == NULL || at->day < OFTEN)
		return false;
	if (options_look(r->o)) {
		name_hung(r, m, "the connection ends");
		return true;
	}
	if (r->p->delay > 0)
		return !has_turn(r, m, part, at->day);
	if (!hung_due(r))
		return true;
	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 8;
		h->v = mem_grow(h->v, h->cap, sizeof *h->v);
	}
	h->v[h->n++] = (struct hung_one){ *m, part, at->day, h->sep };
	return true;
}

static int
by_times(const void *a, const void *b)
{
	const struct hung_one *x = a, *y = b;

	return x->times < y->times ? -1 : x->times > y->times;
}

/*
 * Perhaps a server that has no LOGIN-DELAY refuses another login at once: the
 * next run asks for it in its turn.
 */
static void
wait_no_more(struct run *r, const struct hung_one *one)
{
	struct err e = { 0 };

	if (r->e->code != EX_TEMPFAIL || stop_asked())
		return;
	state_put(&r->state, STATE_HUNG, part_key(&one->m, one->part),
	    OFTEN - 1, &e);
	fail_join(r->e, &e);
}

/* One pass for one message: 1, the connection ended at it once more; 0; -1. */
static int
ask_alone(struct run *r, const struct hung_one *one,
    int (*pass)(struct run *))
{
	const struct counts was = r->count;
	struct hung *h = &r->hung;
	int got;

	h->alone = one;
	h->again = false;
	got = pass(r);
	h->alone = NULL;
	/* what is there was counted when all was looked at */
	r->count.there = was.there;
	r->count.skipped = was.skipped;
	r->count.doubt = was.doubt;
	if (got < 0 && !h->again)
		wait_no_more(r, one);
	if (got == 0 || !h->again || r->e->code != EX_TEMPFAIL)
		return got;
	if (r->deliver.h.file >= 0)
		deliver_abort(&r->deliver);
	name_hung(r, &one->m, r->e->msg);
	fail_clear(r->e);
	return 1;
}

/* Those at which it happened least come first: in another run the others do. */
int
hung_rest(struct run *r, int (*pass)(struct run *))
{
	struct hung *h = &r->hung;
	size_t i, lost = 0;
	int got = 0;

	if (h->n == 0)
		return 0;
	qsort(h->v, h->n, sizeof *h->v, by_times);
	for (i = 0; i < h->n && got >= 0; i++) {
		if (lost == LOST) {
			name_hung(r, &h->v[i].m, "the connection ends");
			continue;
		}
		got = ask_alone(r, &h->v[i], pass);
		lost += got > 0;
	}
	r->p->tried_hung = clock_ms();
	h->n = 0;
	return got < 0 ? -1 : 0;
}

void
hung_free(struct hung *h)
{
	free(h->v);
	*h = (struct hung){ .v = NULL };
}
