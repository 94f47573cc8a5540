/*
 * pop_owner.c: POP3: is the server at another port the one that is known?
 *
 * It is unless one of the messages that are listed under known names is
 * another one: the last that have a digest are read.  Where others are known,
 * and none of the names, it is another one.
 */
#include <stdlib.h>
#include <string.h>

#include "pop_owner.h"

enum { COMPARED = 3 };

static bool
is_had(const struct pop *s, struct key k)
{
	const struct state *st = &s->r->state;

	return state_find(st, k, STATE_DONE) != NULL ||
	    state_find(st, k, STATE_SEEN) != NULL;
}

/* The last of them, to v; how many are known at all. */
static size_t
choose_compared(const struct pop *s, const struct key *was, uint32_t *v, size_t *n)
{
	size_t i, known = 0;

	*n = 0;
	for (i = s->n; i-- > 0; ) {
		if (!s->named[i] || !is_had(s, was[i]))
			continue;
		known++;
		if (*n < COMPARED && ledger_sum(&s->r->ledger, was[i]) != 0 &&
		    state_find(&s->r->state, was[i], STATE_TWICE) == NULL)
			v[(*n)++] = (uint32_t)i;
	}
	return known;
}

/* Is the message the one that has this key?  UNKNOWN: it did not come whole. */
enum likeness { SAME, OTHER, UNKNOWN };

static int
compare(struct pop *s, size_t i, struct key was, enum likeness *is)
{
	int shorter;

	s->asked[i] = was;
	pop3_retr(&s->p, s->m[i].number);
	if ((shorter = popbox_hear_sum(s, i)) < 0)
		return -1;
	if (!s->p.ok || s->p.over)
		*is = UNKNOWN;
	else if (s->sum[i] == ledger_sum(&s->r->ledger, was))
		*is = SAME;
	else
		*is = shorter ? UNKNOWN : OTHER;
	return 0;
}

/* Has it got any message? */
static bool
has_some(const struct state *s, uint32_t owner)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].owner == owner && s->v[i].key.b > UINT32_MAX &&
		    (s->v[i].kind == STATE_DONE || s->v[i].kind == STATE_SEEN))
			return true;
	return false;
}

/* What was delivered without a digest is had, and no reason to delete. */
static int
believe(struct pop *s)
{
	struct state *st = &s->r->state;
	struct ledger *l = &s->r->ledger;
	uint64_t n = 0;
	size_t i;

	state_group(st);
	for (i = 0; i < s->n; i++) {
		struct entry *at = state_find(st, s->key[i], STATE_DONE);
		uint32_t places = at != NULL ? at->places : 0;

		if (ledger_sum(l, s->key[i]) != 0)
			continue;
		n += at != NULL || state_find(st, s->key[i], STATE_SEEN) != NULL;
		if (at == NULL)
			continue;
		/* To drop DONE drops SEEN, see state.c. */
		if (state_drop(st, s->key[i], STATE_DONE, s->r->e) < 0 ||
		    ledger_seen(l, s->key[i], places, s->r->e) < 0)
			return -1;
	}
	if (n > 0)
		fail_print("%s: another port than before: %llu messages count as fetched by their unique ids alone, and are not deleted there",
		    s->r->o->title, (unsigned long long)n);
	return state_commit(st, s->r->e);
}

int
pop_owner(struct pop *s, struct key *was)
{
	struct owner *o = &s->r->owner;
	enum likeness is = UNKNOWN;
	uint32_t v[COMPARED];
	size_t i, n, same = 0;
	bool other = choose_compared(s, was, v, &n) == 0 &&
	    has_some(&s->r->state, o->number_like);

	if (s->n == 0)
		return 0;
	for (i = 0; i < n && !other; i++) {
		if (compare(s, v[i], was[v[i]], &is) < 0)
			return -1;
		other = is == OTHER;
		same += is == SAME;
	}
	if (n > 0 && !other && same == 0)
		return conn_fail(s->p.c, EX_TEMPFAIL, "another port than before, and none of %zu messages came that could show whether it is the same server",
		    n);
	if (!other)
		memcpy(s->key, was, s->n * sizeof *was);
	owner_decide(o, &s->r->state, !other);
	if (!other && believe(s) < 0)
		return -1;
	return owner_record(o, &s->r->state, s->r->e);
}
