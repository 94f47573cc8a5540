/*
 * state_recs.c: the last agreed state, in memory: arrays and tables
 *
 * Recs in an array, their names in one heap, and tables of places by uid, by
 * name and, once asked for, by inode: some 100 bytes a message.
 */
#include <stdlib.h>
#include <string.h>

#include "state_private.h"

#define GRAVE STATE_PLACE

/* A name that can stand in a folder. */
bool
state_name_ok(struct str s)
{
	return s.n > 0 && s.n <= NAME_BYTES && !str_has(s, '/') &&
	    !str_has(s, '\0') && s.p[0] != '.';
}

bool
state_box_ok(struct str s)
{
	return s.n > 0 && s.n <= BOX_BYTES && !str_has(s, '\0');
}

/* ---- tables ---- */

static uint64_t
spread(uint64_t key)
{
	key *= UINT64_C(0x9e3779b97f4a7c15);
	return key ^ key >> 32;
}

static uint32_t
tag(uint64_t hash)
{
	return (uint32_t)(hash >> 58) << 26;
}

static void
table_raw(struct state_table *t, uint64_t key, size_t at)
{
	uint64_t hash = spread(key);
	size_t mask = t->cap - 1, i;

	for (i = (size_t)hash & mask; t->slot[i] != 0; i = (i + 1) & mask)
		;
	t->slot[i] = ((uint32_t)at + 1) | tag(hash);
	t->used++;
}

static bool
alive(const struct rec *r)
{
	return r->kind != REC_DROPPED;
}

static uint64_t
key_uid(const struct state *s, const struct rec *r)
{
	(void)s;
	return r->uid;
}

/* Of the tables alone; never 0. */
static uint64_t
name_hash(struct str s)
{
	uint64_t h = s.n * UINT64_C(0x9e3779b97f4a7c15), w;

	for (; s.n > 0; s = str_from(s, s.n < 8 ? s.n : 8)) {
		w = 0;
		memcpy(&w, s.p, s.n < 8 ? s.n : 8);
		h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return h | 1;
}

static uint64_t
key_name(const struct state *s, const struct rec *r)
{
	return name_hash(str_of(state_name(s, r)));
}

static uint64_t
key_ino(const struct state *s, const struct rec *r)
{
	(void)s;
	return r->ino;
}

typedef uint64_t key_of(const struct state *, const struct rec *);

static void
table_free(struct state_table *t)
{
	free(t->slot);
	*t = (struct state_table){ NULL, 0, 0 };
}

/* Anew, with room for half as many again.  What has the key 0 is not in it. */
static void
table_fill(const struct state *s, struct state_table *t, key_of *key)
{
	size_t i, want = s->n > s->in->expect ? s->n : s->in->expect;

	table_free(t);
	for (t->cap = 16; t->cap / 2 < want; t->cap *= 2)
		;
	t->slot = mem_new(t->cap, sizeof *t->slot);
	for (i = 0; i < s->n; i++)
		if (alive(&s->rec[i]) && key(s, &s->rec[i]) != 0)
			table_raw(t, key(s, &s->rec[i]), i);
}

/* A rec that is the last, or in none of its places yet. */
static void
table_add(const struct state *s, struct state_table *t, key_of *key, uint64_t k,
    const struct rec *r)
{
	if (k == 0)
		return;
	if (t->used + 1 > t->cap / 3 * 2)
		table_fill(s, t, key);		/* r is in rec[] already */
	else
		table_raw(t, k, (size_t)(r - s->rec));
}

static void
table_del(const struct state *s, struct state_table *t, uint64_t key,
    const struct rec *r)
{
	size_t mask = t->cap - 1, i;
	uint32_t want = (uint32_t)(r - s->rec) + 1;

	if (key == 0 || t->cap == 0)
		return;
	for (i = (size_t)spread(key) & mask; t->slot[i] != 0;
	    i = (i + 1) & mask)
		if ((t->slot[i] & STATE_PLACE) == want) {
			t->slot[i] = GRAVE;
			return;
		}
}

/* The next that may have the key; start with *i SIZE_MAX. */
static struct rec *
lookup(struct state *s, const struct state_table *t, uint64_t key, size_t *i)
{
	uint64_t hash = spread(key);
	size_t mask = t->cap - 1;
	uint32_t at;

	for (*i = *i == SIZE_MAX ? (size_t)hash & mask : (*i + 1) & mask;
	    (at = t->slot[*i]) != 0; *i = (*i + 1) & mask)
		if ((at & STATE_PLACE) != GRAVE && (at & ~STATE_PLACE) == tag(hash))
			return &s->rec[(at & STATE_PLACE) - 1];
	return NULL;
}

struct rec *
state_by_uid(struct state *s, uint32_t uid)
{
	size_t i = SIZE_MAX;
	struct rec *r;

	if (uid == 0 || s->in->uid.cap == 0)
		return NULL;
	while ((r = lookup(s, &s->in->uid, uid, &i)) != NULL && r->uid != uid)
		;
	return r;
}

static struct rec *
by_name(struct state *s, struct str base, uint64_t key)
{
	size_t i = SIZE_MAX;
	struct rec *r;

	if (s->in->name.cap == 0)
		return NULL;
	while ((r = lookup(s, &s->in->name, key, &i)) != NULL &&
	    (strncmp(state_name(s, r), base.p, base.n) != 0 ||
	    state_name(s, r)[base.n] != '\0'))
		;
	return r;
}

struct rec *
state_by_name(struct state *s, struct str base)
{
	return state_name_ok(base) ? by_name(s, base, name_hash(base)) : NULL;
}

struct rec *
state_by_ino(struct state *s, uint64_t ino)
{
	size_t i = SIZE_MAX;
	struct rec *r;

	if (ino == 0)
		return NULL;
	if (!s->in->by_ino)
		table_fill(s, &s->in->ino, key_ino);
	s->in->by_ino = true;
	while ((r = lookup(s, &s->in->ino, ino, &i)) != NULL && r->ino != ino)
		;
	return r;
}

const char *
state_name(const struct state *s, const struct rec *r)
{
	return s->in->heap.p + r->name;
}

/* ---- changes in memory ---- */

static uint64_t
rec_bytes(const struct state *s, const struct rec *r)
{
	return PUT_BYTES + strlen(state_name(s, r));
}

void
state_bury(struct state *s, struct rec *r)
{
	struct state_in *in = s->in;

	table_del(s, &in->uid, r->uid, r);
	table_del(s, &in->name, key_name(s, r), r);
	if (in->by_ino)
		table_del(s, &in->ino, r->ino, r);
	in->live -= rec_bytes(s, r);
	r->kind = REC_DROPPED;
	in->dead = true;
}

void
state_expect(struct state *s, size_t more)
{
	struct state_in *in = s->in;

	in->expect = s->n + more;
	if (s->cap < in->expect) {
		s->cap = in->expect;
		s->rec = mem_grow(s->rec, s->cap, sizeof *s->rec);
	}
	if (more < STATE_PLACE / NAME_USUAL)
		buf_room(&in->heap, more * NAME_USUAL);
}

static void
insert(struct state *s, const struct rec *new, struct str name, uint64_t key)
{
	struct state_in *in = s->in;
	struct rec *r;

	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap + s->cap / 2 : 64;
		s->rec = mem_grow(s->rec, s->cap, sizeof *s->rec);
	}
	r = &s->rec[s->n];
	*r = *new;
	r->name = (uint32_t)in->heap.n;
	buf_put(&in->heap, name.p, name.n);
	buf_c(&in->heap, '\0');
	in->unsorted = in->unsorted || (s->n > 0 && r[-1].uid > r->uid);
	s->n++;
	table_add(s, &in->uid, key_uid, r->uid, r);
	table_add(s, &in->name, key_name, key, r);
	if (in->by_ino)
		table_add(s, &in->ino, key_ino, r->ino, r);
	in->live += PUT_BYTES + name.n;
}

/* Both may lie in what is about to move. */
void
state_replace(struct state *s, const struct rec *from, struct str base)
{
	struct rec it = *from, *new = &it, *r, *other;
	char copy[NAME_BYTES];
	struct str name = { copy, base.n };
	uint64_t key = name_hash(base);

	memcpy(copy, base.p, base.n);
	r = state_by_uid(s, new->uid);
	other = by_name(s, name, key);
	if (other != NULL && other != r)
		state_bury(s, other);
	if (r == NULL) {
		insert(s, new, name, key);
		return;
	}
	if (other != r) {		/* it has another name from here on */
		state_bury(s, r);
		insert(s, new, name, key);
		return;
	}
	if (s->in->by_ino)
		table_del(s, &s->in->ino, r->ino, r);
	*r = (struct rec){ r->uid, new->size, new->flags, new->ident,
	    new->ino, r->name, new->kind };
	if (s->in->by_ino)
		table_add(s, &s->in->ino, key_ino, r->ino, r);
}

void
state_forget_recs(struct state *s)
{
	struct state_in *in = s->in;

	s->n = 0;
	buf_drop(&in->heap, in->heap.n);
	table_fill(s, &in->uid, key_uid);
	table_fill(s, &in->name, key_name);
	table_free(&in->ino);
	in->by_ino = in->dead = in->unsorted = false;
	in->live = 0;
	in->reset = true;
}

struct pend *
state_pending(struct state *s, struct str name)
{
	size_t i;

	for (i = 0; i < s->npend; i++)
		if (str_eq(str_of(s->pend[i].name), name))
			return &s->pend[i];
	return NULL;
}

static void
free_name(struct pend *p)
{
	union { const char *c; void *p; } name = { p->name };

	free(name.p);
}

void
state_del_pend(struct state *s, struct str name)
{
	struct pend *p = state_pending(s, name);
	size_t i;

	if (p == NULL)
		return;
	free_name(p);
	i = (size_t)(p - s->pend);
	s->npend--;
	memmove(p, p + 1, (s->npend - i) * sizeof *p);
}

void
state_add_pend(struct state *s, const struct pend *from, struct str name)
{
	struct pend new = *from;
	char *copy = mem_new(name.n + 1, 1);

	memcpy(copy, name.p, name.n);
	state_del_pend(s, str_of(copy));
	if ((s->npend & (s->npend - 1)) == 0)
		s->pend = mem_grow(s->pend, s->npend > 0 ? 2 * s->npend : 1,
		    sizeof *s->pend);
	s->pend[s->npend] = new;
	s->pend[s->npend++].name = copy;
}

void
state_clear(struct state *s)
{
	struct state_in *in = s->in;

	while (s->npend > 0)
		free_name(&s->pend[--s->npend]);
	flags_keywords_free(&s->keywords);
	in->keywords = 0;
	s->mark = (struct mark){ .uidvalidity = 0 };
	s->stamp = (struct stamp){ .cur_mtime = 0 };
	state_forget_recs(s);
	in->reset = false;
}

void
state_free_tables(struct state *s)
{
	table_free(&s->in->uid);
	table_free(&s->in->name);
	table_free(&s->in->ino);
}

/* ---- order ---- */

static int
by_uid(const void *a, const void *b)
{
	const struct rec *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

void
state_sort(struct state *s)
{
	struct state_in *in = s->in;
	size_t i, n = 0;

	if (!in->dead && !in->unsorted)
		return;
	for (i = 0; i < s->n; i++)
		if (alive(&s->rec[i]))
			s->rec[n++] = s->rec[i];
	s->n = n;
	if (in->unsorted)
		qsort(s->rec, s->n, sizeof *s->rec, by_uid);
	in->dead = in->unsorted = false;
	table_fill(s, &in->uid, key_uid);
	table_fill(s, &in->name, key_name);
	if (in->by_ino)
		table_fill(s, &in->ino, key_ino);
}
