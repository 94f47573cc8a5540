/*
 * pop_twice.c: POP3: a unique id that is listed for several messages
 *
 * The messages of one id have a slot each: the key of the id itself, and keys
 * made from that with a number.  A message is the one of the slot that has its
 * digest, else it is new, and gets a slot that is free.  STATE_TWICE says how
 * many slots an id has: as long as it is listed, be it once, its messages are
 * told by their bytes; by all of them, though headers alone be wanted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pop_twice.h"
#include "search.h"

/* The messages of one id: v[0] ... v[n - 1], in the order of the list. */
struct group {
	uint32_t *v;
	size_t n;
};

/* All of those for whom the id is not enough. */
struct groups {
	uint32_t *sorted;	/* all messages, by id */
	struct group *v;
	size_t n, cap;
	uint32_t *read;		/* messages whose digests are needed */
	size_t nread;
};

static int
twice_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof (struct key));
}

static int
twice_by_id(const void *a, const void *b, void *of)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct pop *s = of;
	int c = memcmp(&s->key[x], &s->key[y], sizeof s->key[x]);

	if (c != 0)
		return c;
	return x < y ? -1 : x > y;
}

static struct key
slot_key(struct key id, size_t number)
{
	char text[32];

	snprintf(text, sizeof text, "copy %zu", number);
	return number == 0 ? id : state_mix(id, str_of(text));
}

static uint32_t
slots_of(const struct pop *s, struct key id)
{
	const struct entry *at = state_find(&s->r->state, id, STATE_TWICE);

	return at != NULL ? at->day : 0;
}

static bool
is_known(const struct pop *s, struct key k)
{
	const struct state *st = &s->r->state;

	return state_find(st, k, STATE_DONE) != NULL ||
	    state_find(st, k, STATE_SEEN) != NULL ||
	    state_find(st, k, STATE_GOING) != NULL;
}

/* What hung.h knows of one of them is not known of the others. */
static void
tell_apart(struct pop *s, const uint32_t *v, size_t n)
{
	struct key id = s->key[v[0]];
	char text[64];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(text, sizeof text, "%zu of one id, %u", i,
		    s->m[v[i]].size);
		s->asked[v[i]].b = state_mix(id, str_of(text)).b;
	}
}

static void
add_group(struct pop *s, struct groups *all, uint32_t *v, size_t n)
{
	struct key id = s->key[v[0]];
	bool was = slots_of(s, id) > 0;

	if (n == 1 && !was)
		return;
	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? 2 * all->cap : 16;
		all->v = mem_grow(all->v, all->cap, sizeof *all->v);
	}
	all->v[all->n++] = (struct group){ v, n };
	tell_apart(s, v, n);
	/* All of them are new, and what comes tells their digests. */
	if (!was && !is_known(s, id) && !s->r->o->seen.catch_up &&
	    !s->r->o->which.headers_only)
		return;
	memcpy(all->read + all->nread, v, n * sizeof *v);
	all->nread += n;
}

static void
find_groups(struct pop *s, struct groups *all)
{
	size_t i, from, n = 0;

	all->sorted = mem_new(s->n, sizeof *all->sorted);
	all->read = mem_new(s->n, sizeof *all->read);
	for (i = 0; i < s->n; i++)
		if (s->m[i].number != 0)
			all->sorted[n++] = (uint32_t)i;
	qsort_r(all->sorted, n, sizeof *all->sorted, twice_by_id, s);
	for (from = 0; from < n; from = i) {
		for (i = from + 1; i < n && memcmp(&s->key[all->sorted[i]],
		    &s->key[all->sorted[from]], sizeof *s->key) == 0; i++)
			;
		add_group(s, all, all->sorted + from, i - from);
	}
}

/* ---- what an earlier version knew ---- */

/* It told them by size and rank, and kept no digest. */
static int
take_over_rank(struct pop *s, struct key id, uint32_t i, size_t rank)
{
	struct ledger *l = &s->r->ledger;
	struct state *st = &s->r->state;
	const struct entry *done, *seen;
	struct key was = id;
	uint32_t places;
	char text[64];

	if (rank > 0) {
		snprintf(text, sizeof text, "%u %zu", s->m[i].size, rank);
		was = state_mix(id, str_of(text));
	}
	done = state_find(st, was, STATE_DONE);
	seen = state_find(st, was, STATE_SEEN);
	places = (done != NULL ? done->places : 0) |
	    (seen != NULL ? seen->places : 0);
	if (places == 0)
		return 0;
	if (state_drop(st, was, STATE_DONE, s->r->e) < 0 ||
	    state_drop(st, was, STATE_SEEN, s->r->e) < 0)
		return -1;
	return ledger_seen(l, slot_key(id, rank), places, s->r->e) < 0 ? -1 :
	    ledger_sum_is(l, slot_key(id, rank), s->sum[i], s->r->e);
}

/* None of that is a proof: it counts as had, and is not deleted. */
static int
take_over_group(struct pop *s, const struct group *g)
{
	struct key id = s->key[g->v[0]];
	size_t i;

	if (slots_of(s, id) > 0 || ledger_sum(&s->r->ledger, id) != 0)
		return 0;
	for (i = 0; i < g->n; i++)
		if (s->sum[g->v[i]] != 0 &&
		    take_over_rank(s, id, g->v[i], i) < 0)
			return -1;
	return 0;
}

/* ---- which is which ---- */

struct slot {
	struct key key;
	uint64_t sum;
	size_t number;
	bool taken;		/* somebody's, or known and perhaps not listed */
};

static int
slot_by_sum(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int
slot_by_number(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static struct slot *
slots_in(struct pop *s, struct key id, size_t n)
{
	struct slot *v = mem_new(n, sizeof *v);
	size_t i;

	for (i = 0; i < n; i++) {
		v[i].key = slot_key(id, i);
		v[i].sum = ledger_sum(&s->r->ledger, v[i].key);
		v[i].number = i;
		v[i].taken = is_known(s, v[i].key) || v[i].sum != 0;
	}
	return v;
}

/* Whose digest is that of a slot has it: number[], or n, the number of slots. */
static void
match_sums(struct pop *s, const struct group *g, struct slot *v, size_t n,
    size_t *number)
{
	struct slot *m = mem_new(g->n, sizeof *m);
	size_t i, k = 0;

	for (i = 0; i < g->n; i++)
		m[i] = (struct slot){ .sum = s->sum[g->v[i]], .number = i };
	qsort(m, g->n, sizeof *m, slot_by_sum);
	qsort(v, n, sizeof *v, slot_by_sum);
	for (i = 0; i < g->n; i++) {
		while (k < n && v[k].sum < m[i].sum)
			k++;
		if (m[i].sum != 0 && k < n && v[k].sum == m[i].sum)
			number[m[i].number] = v[k++].number;
		else
			number[m[i].number] = n;
	}
	qsort(v, n, sizeof *v, slot_by_number);
	free(m);
}

/* Of what had the id before it was another's, too, the header came alone. */
static void
match_head(struct pop *s, const struct group *g, const struct slot *v,
    size_t n, size_t *number)
{
	uint64_t head = ledger_head(&s->r->ledger, v[0].key);
	size_t i;

	for (i = 0; i < g->n && head != 0 && v[0].sum == 0; i++)
		if (number[i] == n && s->sum[g->v[i]] != 0 &&
		    s->head[g->v[i]] == head) {
			number[i] = 0;
			return;
		}
}

/*
 * What is cut may be one that is known, and was whole then: it is not given as
 * another one, if there is one that it may be.
 */
static void
leave_cut(struct pop *s, const struct group *g, const struct slot *v,
    size_t n, const size_t *number)
{
	size_t i, missing = 0;
	struct message m;

	for (i = 0; i < n; i++)
		missing += v[i].taken;
	for (i = 0; i < g->n; i++)
		missing -= number[i] < n && v[number[i]].taken;
	for (i = 0; i < g->n && missing > 0; i++) {
		if (number[i] < n || !s->cut[g->v[i]])
			continue;
		m = popbox_message(s, g->v[i]);
		s->m[g->v[i]].number = 0;
		popbox_stays(s, &m, "RETR gives less than LIST says, and its UIDL is that of another one, too",
		    EX_TEMPFAIL);
	}
}

/* It has this slot from now on, whatever comes between. */
static int
settle_one(struct pop *s, uint32_t i, struct key slot)
{
	struct ledger *l = &s->r->ledger;

	s->key[i] = slot;
	s->shared[i] = true;
	return s->sum[i] == 0 || s->m[i].number == 0 ||
	    s->sum[i] == ledger_sum(l, slot) ? 0 :
	    ledger_sum_is(l, slot, s->sum[i], s->r->e);
}

/* A key of its own for each of a group. */
static int
place_group(struct pop *s, const struct group *g)
{
	int got = 0;
	struct key id = s->key[g->v[0]];
	size_t was = slots_of(s, id), most = was, i, next = 0;
	size_t n = was + g->n + 1;	/* that of the id itself may be known */
	size_t *number = mem_new(g->n, sizeof *number);
	struct slot *v = slots_in(s, id, n);

	match_sums(s, g, v, n, number);
	match_head(s, g, v, n, number);
	leave_cut(s, g, v, n, number);
	for (i = 0; i < g->n; i++)
		if (number[i] < n)
			v[number[i]].taken = true;
	for (i = 0; i < g->n; i++) {
		while (number[i] == n && v[next].taken)
			next++;
		if (number[i] == n)
			number[i] = next++;
		most = number[i] + 1 > most ? number[i] + 1 : most;
		if (settle_one(s, g->v[i], v[number[i]].key) < 0)
			got = -1;
	}
	free(number);
	free(v);
	return got < 0 || most == was ? got : state_put(&s->r->state,
	    STATE_TWICE, id, (uint32_t)most, s->r->e);
}

static int
place_all(struct pop *s, const struct groups *all)
{
	struct state *st = &s->r->state;
	size_t i;

	s->listed = mem_new(s->n, sizeof *s->listed);
	memcpy(s->listed, s->key, s->n * sizeof *s->key);
	qsort(s->listed, s->n, sizeof *s->listed, twice_keys);
	state_group(st);
	for (i = 0; i < all->n; i++)
		if (take_over_group(s, &all->v[i]) < 0)
			return -1;
	if (state_commit(st, s->r->e) < 0)
		return -1;
	state_group(st);
	for (i = 0; i < all->n; i++)
		if (place_group(s, &all->v[i]) < 0)
			return -1;
	return state_commit(st, s->r->e);
}

/* ---- their bytes ---- */

static void
say_twice(struct pop *s, size_t i)
{
	pop3_retr(&s->p, s->m[i].number);
}

/* Which one it is is not known: it stays. */
static int
leave_unknown(struct pop *s, size_t i, const char *why)
{
	struct message m = popbox_message(s, i);

	s->m[i].number = 0;
	s->sum[i] = 0;
	return popbox_stays(s, &m, why, pop3_status(&s->p, EX_TEMPFAIL));
}

/* 1: it came, too short; or 0. */
static int
hear_one(struct pop *s, size_t i)
{
	int got = popbox_hear_sum(s, i);

	if (got < 0)
		return -1;
	if (!s->p.ok)
		return leave_unknown(s, i, s->p.text);
	return s->p.over ? leave_unknown(s, i, "longer than LIST says, and its UIDL is that of another one, too") :
	    got;
}

static int
hear_twice(struct pop *s, size_t i)
{
	int got = hear_one(s, i);

	if (got > 0)
		s->again[s->nagain++] = (uint32_t)i;
	return got < 0 ? -1 : 0;
}

/* Of what was too short: once more. */
static int
hear_twice_again(struct pop *s, size_t i)
{
	uint64_t was = s->sum[i];
	int got = hear_one(s, i);

	if (got <= 0)
		return got;
	s->cut[i] = s->sum[i] == was;
	return s->cut[i] ? 0 : leave_unknown(s, i, "RETR gives less than LIST says, and each time something else");
}

static int
read_all(struct pop *s, const struct groups *all)
{
	int got;

	s->again = mem_new(all->nread, sizeof *s->again);
	got = popbox_fly(s, &(struct popbox_flight){ all->read,
	    popbox_spare(s, all->read, all->nread, HUNG_BODY), say_twice,
	    hear_twice });
	if (got == 0)
		got = popbox_fly(s, &(struct popbox_flight){ s->again,
		    s->nagain, say_twice, hear_twice_again });
	free(s->again);
	s->again = NULL;
	s->nagain = 0;
	return got;
}

int
pop_twice(struct pop *s)
{
	struct groups all = { 0 };
	int got;

	find_groups(s, &all);
	got = read_all(s, &all);
	if (got == 0 && all.n > 0)
		got = place_all(s, &all);
	free(all.sorted);
	free(all.read);
	free(all.v);
	return got;
}

int
pop_twice_forget(struct pop *s)
{
	struct state *st = &s->r->state;
	size_t i, n = st->n;

	for (i = 0; i < n; i++)
		if (st->v[i].kind == STATE_TWICE &&
		    st->v[i].owner == st->owner && (s->listed == NULL ||
		    search_exact(&st->v[i].key, s->listed, s->n,
		    sizeof *s->listed, twice_keys) == s->n) &&
		    state_drop(st, st->v[i].key, STATE_TWICE, s->r->e) < 0)
			return -1;
	return 0;
}
