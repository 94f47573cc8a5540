/*
 * table.c: the hash table in memory: from a key to a place in an array
 *
 * Open addressing, one slot after the other.  A slot is 0, or the place + 1 in
 * its lower bits and bits of the hash above, so that hardly ever a thing is
 * looked at in vain.  A thing that is taken out leaves a grave, all ones in
 * the lower bits, which goes when the table is filled anew.
 *
 * The hash multiplies eight bytes with the next eight into 128 bits and folds
 * them, with a secret in both factors: as quick as one without.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "os.h"
#include "table.h"

#define TAGGED ((UINT32_C(1) << 26) - 1)	/* 67 million places, and tags */
#define BARE UINT32_MAX				/* 4 billion, and no tags */

/* ---- the hash ---- */

#define SPREAD UINT64_C(0x9e3779b97f4a7c15)

static uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 x = (unsigned __int128)a * b;

	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

/* Whoever comes first decides; the others take what it has decided. */
static uint64_t
seed(void)
{
	static _Atomic uint64_t once;
	uint64_t is = atomic_load_explicit(&once, memory_order_relaxed), new;

	if (is != 0)
		return is;
	if (os_random(&new, sizeof new, true) < 0)
		new = (uint64_t)time(NULL) * SPREAD ^
		    (uintptr_t)&new;		/* of a randomised stack */
	new |= 1;			/* odd: no bit is lost in the product */
	return atomic_compare_exchange_strong(&once, &is, new) ? new : is;
}

/* Up to eight bytes; letters of either case alike, and some signs, if so. */
static uint64_t
hash_word(const char *p, size_t n, uint64_t lower)
{
	uint64_t w = 0;

	memcpy(&w, p, n);
	return w | lower;
}

static uint64_t
hash_text(struct str s, bool lower)
{
	uint64_t or = lower ? UINT64_C(0x2020202020202020) : 0;
	uint64_t key = seed(), h = (key ^ s.n) * SPREAD;

	for (; s.n > 16; s = (struct str){ s.p + 16, s.n - 16 })
		h = fold(h ^ hash_word(s.p, 8, or),
		    key ^ hash_word(s.p + 8, 8, or));
	if (s.n > 8)
		h = fold(h ^ hash_word(s.p, 8, or),
		    key ^ hash_word(s.p + 8, s.n - 8, or));
	else if (s.n > 0)
		h = fold(h ^ hash_word(s.p, s.n, or), key);
	return fold(h, key);
}

uint64_t
table_hash(struct str s)
{
	return hash_text(s, false);
}

static uint64_t
hash_number(uint64_t n)
{
	uint64_t key = seed();

	return fold(key * SPREAD ^ n, key);
}

static uint64_t
hash_at(const struct table *t, const void *of, size_t at)
{
	return t->text != NULL ? hash_text(t->text(of, at), t->fold) :
	    hash_number(t->number(of, at));
}

/* ---- slots ---- */

static uint32_t
slot(const struct table *t, uint64_t hash, size_t at)
{
	return ((uint32_t)at + 1) | ((uint32_t)(hash >> 32) & ~t->place);
}

static void
slot_put(struct table *t, uint64_t hash, size_t at)
{
	size_t i = (size_t)hash & (t->cap - 1);

	while (t->slot[i] != 0)
		i = (i + 1) & (t->cap - 1);
	t->slot[i] = slot(t, hash, at);
}

static void
slots_fill(struct table *t, const void *of, size_t want)
{
	struct table old = *t;
	size_t i, at;

	for (t->cap = 16; t->cap / 2 < want; t->cap *= 2)
		;
	t->slot = mem_new(t->cap, sizeof *t->slot);
	t->used = t->n;
	for (i = 0; i < old.cap; i++)
		if (old.slot[i] != 0 &&
		    (old.slot[i] & old.place) != old.place) {
			at = (old.slot[i] & old.place) - 1;
			slot_put(t, hash_at(t, of, at), at);
		}
	free(old.slot);
}

void
table_room(struct table *t, const void *of, size_t n)
{
	if (t->place == 0)
		t->place = TAGGED;
	if (n > t->cap / 3 * 2)
		slots_fill(t, of, n);
}

/* No tags any more: all bits are needed for the place. */
static void
table_widen(struct table *t)
{
	size_t i;

	for (i = 0; i < t->cap; i++)
		t->slot[i] = (t->slot[i] & TAGGED) == TAGGED ? BARE :
		    t->slot[i] & TAGGED;
	t->place = BARE;
}

void
table_add(struct table *t, const void *of, size_t at)
{
	if (at >= BARE - 1)
		mem_new(SIZE_MAX, 2);		/* says so, and ends */
	if (t->place == 0)
		t->place = TAGGED;
	if (at + 1 >= t->place)
		table_widen(t);
	if (t->used + 1 > t->cap / 3 * 2)
		slots_fill(t, of, t->n + 1);
	slot_put(t, hash_at(t, of, at), at);
	t->n++;
	t->used++;
}

void
table_del(struct table *t, const void *of, size_t at)
{
	uint64_t hash;
	size_t i;

	if (t->n == 0)
		return;
	hash = hash_at(t, of, at);
	for (i = (size_t)hash & (t->cap - 1); t->slot[i] != 0;
	    i = (i + 1) & (t->cap - 1))
		if (t->slot[i] == slot(t, hash, at)) {
			t->slot[i] |= t->place;
			t->n--;
			return;
		}
}

/* ---- looking up ---- */

size_t
table_text(const struct table *t, const void *of, struct str key)
{
	uint64_t hash;
	size_t i, at;
	struct str s;

	if (t->n == 0)
		return TABLE_NONE;
	hash = hash_text(key, t->fold);
	for (i = (size_t)hash & (t->cap - 1); t->slot[i] != 0;
	    i = (i + 1) & (t->cap - 1)) {
		at = (t->slot[i] & t->place) - 1;
		if (at == t->place - 1 || t->slot[i] != slot(t, hash, at))
			continue;
		s = t->text(of, at);
		if (t->fold ? str_eqi(s, key) : str_eq(s, key))
			return at;
	}
	return TABLE_NONE;
}

size_t
table_number(const struct table *t, const void *of, uint64_t key)
{
	uint64_t hash;
	size_t i, at;

	if (t->n == 0)
		return TABLE_NONE;
	hash = hash_number(key);
	for (i = (size_t)hash & (t->cap - 1); t->slot[i] != 0;
	    i = (i + 1) & (t->cap - 1)) {
		at = (t->slot[i] & t->place) - 1;
		if (at != t->place - 1 && t->slot[i] == slot(t, hash, at) &&
		    t->number(of, at) == key)
			return at;
	}
	return TABLE_NONE;
}

void
table_free(struct table *t)
{
	free(t->slot);
	*t = (struct table){ .text = t->text, .number = t->number,
	    .fold = t->fold };
}
