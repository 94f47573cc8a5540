/* hung.c: messages at which the server ends the connection, each time */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "run.h"
#include "stop.h"

enum {
	OFTEN = 2,		/* times until it is asked for alone */
	LOST = 5,		/* connections of one run */
	HOUR = 3600 * 1000	/* ms: so often in a watch */
};

static bool
same_message(struct key a, struct key b)
{
	return a.a == b.a && a.b == b.b;
}

static bool
is_alone(const struct run *r, struct key k)
{
	return r->hung.alone != NULL && same_message(r->hung.alone->m.key, k);
}

int
hung_at(struct run *r, const struct message *m)
{
	const struct entry *at = state_find(&r->state, m->key, STATE_HUNG);
	struct err e = { 0 };

	if (r->e->code != EX_TEMPFAIL || stop_asked() ||
	    !conn_failed(r->p->session.conn))
		return -1;
	r->hung.again = is_alone(r, m->key);
	if (state_put(&r->state, STATE_HUNG, m->key, at != NULL ?
	    at->day + 1 : 1, &e) == 0)
		state_sync(&r->state, &e);
	fail_join(r->e, &e);
	return -1;
}

int
hung_over(struct run *r, struct key k)
{
	return state_find(&r->state, k, STATE_HUNG) == NULL ? 0 :
	    state_drop(&r->state, k, STATE_HUNG, r->e);
}

int
hung_under(struct run *r, uint64_t folder, uint32_t mark)
{
	struct state *s = &r->state;
	size_t i, n = s->n;

	for (i = 0; i < n; i++)
		if (s->v[i].kind == STATE_HUNG && s->v[i].key.a == folder &&
		    s->v[i].key.b <= mark &&
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

/*
 * A server with LOGIN-DELAY would refuse another login at once: there each is
 * asked for in its turn.
 */
bool
hung_waits(struct run *r, const struct message *m)
{
	const struct entry *at = state_find(&r->state, m->key, STATE_HUNG);
	struct hung *h = &r->hung;

	if (at == NULL || at->day < OFTEN || r->p->delay > 0 ||
	    is_alone(r, m->key))
		return false;
	if (!hung_due(r))
		return true;
	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 8;
		h->v = mem_grow(h->v, h->cap, sizeof *h->v);
	}
	h->v[h->n++] = (struct hung_one){ *m, at->day, h->sep };
	return true;
}

static int
by_times(const void *a, const void *b)
{
	const struct hung_one *x = a, *y = b;

	return x->times < y->times ? -1 : x->times > y->times;
}

/* It stays on the server. */
static void
name_hung(struct run *r, const struct hung_one *one, const char *why)
{
	tally_add(&r->tally, &one->m, EX_TEMPFAIL, "hung up", "%s, each time that it is asked for",
	    why);
	r->count.status = fail_worse(r->count.status, EX_TEMPFAIL);
	r->count.kept++;
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
	state_put(&r->state, STATE_HUNG, one->m.key, OFTEN - 1, &e);
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
	name_hung(r, one, r->e->msg);
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
			name_hung(r, &h->v[i], "the connection ends");
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
