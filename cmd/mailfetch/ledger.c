/*
 * ledger.c: which place has which message
 *
 * A mark has the key (folder, place) and says up to which UID all is had, and
 * in places up to which UID that was not because it was given.
 */
#include <stdlib.h>

#include "ledger.h"
#include "search.h"

static uint32_t
bit(unsigned number)
{
	return (uint32_t)1 << number;
}

/* ---- places ---- */

static const enum state_kind kinds[] = {
	[LEDGER_SECTION] = STATE_PLACE,
	[LEDGER_EXTRA] = STATE_EXTRA,
	[LEDGER_HEADERS] = STATE_HEADERS,
};

static bool
is_place(const struct entry *at)
{
	return at->kind == STATE_PLACE || at->kind == STATE_EXTRA ||
	    at->kind == STATE_HEADERS;
}

/* The bits of all places of these kinds. */
static uint32_t
place_bits(const struct state *s, bool section, bool extra, bool headers)
{
	uint32_t bits = 0;
	size_t i;

	for (i = 0; i < s->n; i++)
		if ((section && s->v[i].kind == STATE_PLACE) ||
		    (extra && s->v[i].kind == STATE_EXTRA) ||
		    (headers && s->v[i].kind == STATE_HEADERS))
			bits |= s->v[i].places;
	return bits;
}

/* Nothing more is known of this place. */
static int
forget_place(struct state *s, struct entry place, struct err *e)
{
	size_t i, n = s->n;

	state_group(s);
	for (i = 0; i < n; i++) {
		struct entry at = s->v[i];

		if (at.kind == STATE_MARK && place.places ==
		    (at.key.b < LEDGER_PLACES ? bit((unsigned)at.key.b) : 0)) {
			if (state_drop(s, at.key, STATE_MARK, e) < 0)
				return -1;
		} else if ((at.kind == STATE_DOUBT || at.kind == STATE_RCPT) &&
		    at.places == place.places) {
			if (state_drop(s, at.key, at.kind, e) < 0)
				return -1;
		} else if ((at.kind == STATE_DONE || at.kind == STATE_SEEN) &&
		    at.places != STATE_ALL &&
		    (at.places & place.places) != 0) {
			at.places &= ~place.places;
			if ((at.places != 0 ? state_set(s, &at, e) :
			    state_drop(s, at.key, at.kind, e)) < 0)
				return -1;
		}
	}
	return state_drop(s, place.key, place.kind, e) < 0 ? -1 :
	    state_commit(s, e);
}

/* Room for one more: the one that was used last the longest time ago goes. */
static int
make_room(struct state *s, uint32_t keep, struct err *e)
{
	const struct entry *oldest = NULL;
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct entry *at = &s->v[i];

		if (!is_place(at) || (at->places & keep) != 0)
			continue;
		if (oldest == NULL ||
		    (oldest->kind == STATE_PLACE && at->kind != STATE_PLACE) ||
		    ((oldest->kind == STATE_PLACE) ==
		    (at->kind == STATE_PLACE) && at->day < oldest->day))
			oldest = at;
	}
	if (oldest == NULL)
		return fail(e, EX_USAGE, "more than %d places to deliver to",
		    LEDGER_PLACES);
	return forget_place(s, *oldest, e);
}

static struct key
place_key(const struct ledger_place *p)
{
	return state_digest("place", p->name);
}

static const struct entry *
known_place(const struct state *s, const struct ledger_place *p)
{
	return state_find(s, place_key(p), kinds[p->of]);
}

static unsigned
number_of(uint32_t places)
{
	unsigned n = 0;

	while ((places & bit(n)) == 0)
		n++;
	return n;
}

/* There is a number for each of them that has none. */
static int
find_room(struct state *s, const struct ledger_place *v, size_t n,
    struct err *e)
{
	uint32_t keep = 0, taken;
	size_t i, more = 0;

	if (n > LEDGER_PLACES)
		return fail(e, EX_USAGE, "more than %d places to deliver to",
		    LEDGER_PLACES);
	for (i = 0; i < n; i++) {
		const struct entry *at = known_place(s, &v[i]);

		if (at != NULL)
			keep |= at->places;
		more += at == NULL;
	}
	for (;;) {
		taken = place_bits(s, true, true, true);
		for (i = 0; taken != 0; taken &= taken - 1)
			i++;
		if (i + more <= LEDGER_PLACES)
			return 0;
		if (make_room(s, keep, e) < 0)
			return -1;
	}
}

/* Written once a day: what is not used any more can be told. */
static int
name_place(struct state *s, struct ledger_place *p, uint32_t *taken,
    struct err *e)
{
	struct entry place = { .key = place_key(p), .kind = kinds[p->of],
	    .day = state_today() };
	const struct entry *at = known_place(s, p);

	place.places = at != NULL ? at->places : bit(number_of(~*taken));
	*taken |= place.places;
	p->number = number_of(place.places);
	return at != NULL && at->day == place.day ? 0 :
	    state_set(s, &place, e);
}

/* ---- a place that is new in its section ---- */

/* It does not get what others of the section have, or need not get. */
static int
waive_messages(struct ledger *l, uint32_t was, uint32_t new, struct err *e)
{
	struct state *s = l->state;
	size_t i, n = s->n;

	for (i = 0; i < n; i++) {
		const struct entry *at = &s->v[i];

		if ((at->kind != STATE_DONE && at->kind != STATE_SEEN) ||
		    (at->places & was) == 0)
			continue;
		if (at->kind == STATE_DONE || state_find(s, at->key,
		    STATE_DONE) == NULL)
			l->before++;
		if (ledger_seen(l, at->key, new, e) < 0)
			return -1;
	}
	return 0;
}

/* Is this the mark of the folder that is the furthest of those? */
static bool
furthest(const struct state *s, const struct entry *mark, uint32_t of)
{
	const struct entry *at;
	unsigned i;

	if (mark->key.b >= LEDGER_PLACES ||
	    (of & bit((unsigned)mark->key.b)) == 0)
		return false;
	for (i = 0; i < LEDGER_PLACES; i++) {
		if ((of & bit(i)) == 0)
			continue;
		at = state_find(s, (struct key){ mark->key.a, i }, STATE_MARK);
		if (at != NULL && at->day > mark->day)
			return false;
	}
	return true;
}

static int
waive_marks(struct ledger *l, uint32_t was, uint32_t new, struct err *e)
{
	const struct state *s = l->state;
	size_t i, n = s->n;
	unsigned k;

	for (i = 0; i < n; i++) {
		if (s->v[i].kind != STATE_MARK ||
		    !furthest(s, &s->v[i], was))
			continue;
		for (k = 0; k < LEDGER_PLACES; k++)
			if ((new & bit(k)) != 0 && state_set(l->state,
			    &(struct entry){ .key = { s->v[i].key.a, k },
			    .kind = STATE_MARK, .day = s->v[i].day,
			    .places = s->v[i].day }, e) < 0)
				return -1;
	}
	return 0;
}

/* All that is put is put at once: nothing of it is found before. */
static int
take_in(struct ledger *l, struct ledger_place *v, size_t n, struct err *e)
{
	uint32_t was = place_bits(l->state, true, false, false);
	uint32_t taken = place_bits(l->state, true, true, true), new = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		bool fresh = known_place(l->state, &v[i]) == NULL;

		if (name_place(l->state, &v[i], &taken, e) < 0)
			return -1;
		l->run |= bit(v[i].number);
		if (fresh && v[i].of == LEDGER_SECTION)
			new |= bit(v[i].number);
	}
	if (was == 0 || new == 0)
		return 0;
	return waive_marks(l, was, new, e) < 0 ? -1 :
	    waive_messages(l, was, new, e);
}

int
ledger_open(struct ledger *l, struct state *s, struct ledger_place *v,
    size_t n, struct err *e)
{
	*l = (struct ledger){ .state = s };
	if (find_room(s, v, n, e) < 0)
		return -1;
	state_group(s);
	return take_in(l, v, n, e) < 0 ? -1 : state_commit(s, e);
}

/* ---- messages ---- */

/* It goes with the message's a, when that is gone from the server. */
static struct key
head_key(struct key message)
{
	return (struct key){ message.a, state_mix(message, STR("head")).b };
}

static uint32_t
places(const struct ledger *l, struct key k, enum state_kind kind)
{
	const struct entry *at = state_find(l->state, k, kind);

	return at != NULL ? at->places : 0;
}

/* UIDs alone are under a mark; other keys are larger. */
static bool
under_mark(const struct ledger *l, struct key k, unsigned number)
{
	const struct entry *at = state_find(l->state, (struct key){ k.a,
	    number }, STATE_MARK);

	return at != NULL && k.b <= at->day &&
	    (!l->again || k.b > at->places);
}

static uint32_t
marked(const struct ledger *l, struct key k)
{
	uint32_t bits = 0;
	unsigned i;

	if (k.b > UINT32_MAX)
		return 0;
	if (!l->again && under_mark(l, k, STATE_MARK_ALL))
		return STATE_ALL;
	for (i = 0; i < LEDGER_PLACES; i++)
		if ((l->run == 0 || (l->run & bit(i)) != 0) &&
		    under_mark(l, k, i))
			bits |= bit(i);
	return bits;
}

static uint32_t
had(const struct ledger *l, struct key k)
{
	return places(l, k, STATE_DONE) | (l->again ? 0 : places(l, k,
	    STATE_SEEN)) | marked(l, k);
}

uint32_t
ledger_lacks(const struct ledger *l, struct key k)
{
	if (l->run != 0)
		return l->run & ~had(l, k);
	return (had(l, k) & ~place_bits(l->state, false, false, true)) == 0 ?
	    STATE_ALL : 0;
}

bool
ledger_has(const struct ledger *l, struct key k, unsigned number)
{
	return (had(l, k) & bit(number)) != 0;
}

int
ledger_done(struct ledger *l, struct key k, uint32_t in, struct err *e)
{
	return state_set(l->state, &(struct entry){ .key = k,
	    .kind = STATE_DONE, .day = state_today(),
	    .places = in | places(l, k, STATE_DONE) }, e);
}

int
ledger_seen(struct ledger *l, struct key k, uint32_t by, struct err *e)
{
	return state_set(l->state, &(struct entry){ .key = k,
	    .kind = STATE_SEEN, .day = state_today(),
	    .places = by | places(l, k, STATE_SEEN) }, e);
}

bool
ledger_whole(const struct ledger *l, struct key k, uint32_t *day)
{
	const struct entry *at = state_find(l->state, k, STATE_DONE);

	if (at == NULL || l->need == 0 || (at->places & l->need) != l->need ||
	    state_find(l->state, k, STATE_GOING) != NULL ||
	    state_find(l->state, k, STATE_PART) != NULL)
		return false;
	*day = at->day;
	return true;
}

int
ledger_forget(struct ledger *l, struct key k, struct err *e)
{
	static const enum state_kind v[] = { STATE_DONE, STATE_SEEN,
	    STATE_DOUBT, STATE_GOING, STATE_SUM, STATE_PART, STATE_HUNG };
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		if (state_drop(l->state, k, v[i], e) < 0)
			return -1;
	return state_drop(l->state, head_key(k), STATE_SUM, e);
}

static int
by_a(const void *key, const void *element)
{
	return search_order(*(const uint64_t *)key,
	    *(const uint64_t *)element);
}

int
ledger_forget_places(struct ledger *l, uint64_t *a, size_t n, struct err *e)
{
	struct state *s = l->state;
	size_t i, entries = s->n;

	if (n == 0)
		return 0;
	qsort(a, n, sizeof *a, by_a);
	for (i = 0; i < entries; i++) {
		const struct entry *at = &s->v[i];

		if ((at->kind == STATE_DOUBT || at->kind == STATE_RCPT ||
		    at->kind == STATE_APPEND || at->kind == STATE_SENT) &&
		    search_exact(&at->key.a, a, n, sizeof *a, by_a) < n &&
		    state_drop(s, at->key, (enum state_kind)at->kind, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- digests, and what is perhaps gone ---- */

static int
set_sum(struct ledger *l, struct key k, enum state_kind kind, uint64_t sum,
    struct err *e)
{
	return state_set(l->state, &(struct entry){ .key = k, .kind = kind,
	    .day = (uint32_t)sum, .places = (uint32_t)(sum >> 32) }, e);
}

static uint64_t
sum_in(const struct entry *at)
{
	return (uint64_t)at->places << 32 | at->day;
}

int
ledger_sum_is(struct ledger *l, struct key k, uint64_t sum, struct err *e)
{
	return set_sum(l, k, STATE_SUM, sum, e);
}

uint64_t
ledger_sum(const struct ledger *l, struct key k)
{
	const struct entry *at = state_find(l->state, k, STATE_SUM);

	return at != NULL ? sum_in(at) : 0;
}

int
ledger_head_is(struct ledger *l, struct key k, uint64_t sum, struct err *e)
{
	return set_sum(l, head_key(k), STATE_SUM, sum, e);
}

uint64_t
ledger_head(const struct ledger *l, struct key k)
{
	uint32_t heads = place_bits(l->state, false, false, true);

	return ((places(l, k, STATE_DONE) | places(l, k, STATE_SEEN)) &
	    ~heads) == 0 ? ledger_sum(l, head_key(k)) : 0;
}

int
ledger_part(struct ledger *l, struct key k, uint32_t of, struct err *e)
{
	return of != 0 ? state_put(l->state, STATE_PART, k, of, e) :
	    state_drop(l->state, k, STATE_PART, e);
}

uint32_t
ledger_is_part(const struct ledger *l, struct key k)
{
	const struct entry *at = state_find(l->state, k, STATE_PART);

	return at != NULL ? at->day : 0;
}

int
ledger_going(struct ledger *l, struct key k, uint64_t sum, struct err *e)
{
	return set_sum(l, k, STATE_GOING, sum, e);
}

bool
ledger_is_going(const struct ledger *l, struct key k, uint64_t *sum)
{
	const struct entry *at = state_find(l->state, k, STATE_GOING);

	if (at == NULL)
		return false;
	*sum = sum_in(at);
	return true;
}

bool
ledger_any_unproved(const struct ledger *l)
{
	size_t i;

	for (i = 0; i < l->state->n; i++)
		if (l->state->v[i].kind == STATE_GOING ||
		    l->state->v[i].kind == STATE_PART)
			return true;
	return false;
}

bool
ledger_any_blind(const struct ledger *l)
{
	size_t i;

	for (i = 0; i < l->state->n; i++)
		if (l->state->v[i].kind == STATE_GOING &&
		    sum_in(&l->state->v[i]) == 0)
			return true;
	return false;
}

int
ledger_stays(struct ledger *l, struct key k, struct err *e)
{
	return state_drop(l->state, k, STATE_GOING, e);
}

/*
 * Of what a place has in part the digest is known, and no more.  Where headers
 * alone are given, digests are of those, too.
 */
static bool
may_be_gone(const struct entry *at, uint32_t heads)
{
	return at->kind == STATE_DONE || at->kind == STATE_SEEN ||
	    (at->kind == STATE_SUM && heads == 0);
}

int
ledger_all_going(struct ledger *l, bool (*listed)(const void *, uint64_t),
    const void *of, struct err *e)
{
	uint32_t heads = place_bits(l->state, false, false, true);
	struct state *s = l->state;
	size_t i, n = s->n;

	for (i = 0; i < n; i++) {
		struct key k = s->v[i].key;

		if (!may_be_gone(&s->v[i], heads) || k.b <= UINT32_MAX ||
		    s->v[i].owner != s->owner || (listed != NULL &&
		    (listed(of, k.a) || ledger_sum(l, k) == 0)) ||
		    state_find(s, k, STATE_GOING) != NULL)
			continue;
		if (ledger_going(l, k, ledger_sum(l, k), e) < 0)
			return -1;
	}
	return 0;
}

/* ---- marks ---- */

static uint32_t
mark_of(const struct ledger *l, uint64_t folder, unsigned number)
{
	const struct entry *at = state_find(l->state, (struct key){ folder,
	    number }, STATE_MARK);

	return at == NULL || (l->again && at->places != 0) ? 0 : at->day;
}

uint32_t
ledger_mark(const struct ledger *l, uint64_t folder)
{
	uint32_t all = l->again ? 0 : mark_of(l, folder, STATE_MARK_ALL);
	uint32_t least = UINT32_MAX, most = 0, mark;
	unsigned i;

	for (i = 0; i < LEDGER_PLACES; i++) {
		mark = mark_of(l, folder, i);
		most = mark > most ? mark : most;
		if ((l->run & bit(i)) != 0 && mark < least)
			least = mark;
	}
	/* Of a look that knows no places: who has most. */
	mark = l->run != 0 ? least : most;
	return mark > all ? mark : all;
}

int
ledger_seen_to(struct ledger *l, uint64_t folder, uint32_t uid,
    struct err *e)
{
	struct entry to = { .key = { folder, STATE_MARK_ALL },
	    .kind = STATE_MARK, .day = uid, .places = uid };
	const struct entry *at = state_find(l->state, to.key, STATE_MARK);

	return at != NULL && at->day >= uid ? 0 : state_set(l->state, &to, e);
}

int
ledger_mark_to(struct ledger *l, uint64_t folder, uint32_t uid,
    struct err *e)
{
	unsigned i;

	for (i = 0; i < LEDGER_PLACES; i++) {
		struct entry to = { .key = { folder, i },
		    .kind = STATE_MARK, .day = uid };
		const struct entry *at = state_find(l->state, to.key,
		    STATE_MARK);

		if ((l->run & bit(i)) == 0)
			continue;
		if (at != NULL && !l->again) {
			if (at->day >= uid)
				continue;
			to.places = at->places;
		}
		if (at != NULL && at->day > uid)
			to.day = at->day;
		if (state_set(l->state, &to, e) < 0)
			return -1;
	}
	return 0;
}

int
ledger_renumbered(struct ledger *l, uint64_t folder, struct err *e)
{
	struct state *s = l->state;
	size_t i, n = s->n;

	state_group(s);
	for (i = 0; i < n; i++) {
		const struct entry *at = &s->v[i];

		if (at->kind != STATE_DONE || at->key.a != folder ||
		    at->key.b > UINT32_MAX)
			continue;
		/* To drop DONE drops SEEN, see state.c. */
		if (state_drop(s, at->key, STATE_DONE, e) < 0 ||
		    ledger_seen(l, at->key, at->places, e) < 0)
			return -1;
	}
	return state_commit(s, e);
}

bool
ledger_marked(const struct ledger *l, const struct entry *of)
{
	unsigned i;

	for (i = 0; i < LEDGER_PLACES; i++)
		if ((of->places & bit(i)) != 0 &&
		    !under_mark(l, of->key, i) &&
		    !under_mark(l, of->key, STATE_MARK_ALL))
			return false;
	return true;
}
