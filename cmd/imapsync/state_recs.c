/*
 * state_recs.c: the last agreed state, in memory: arrays and tables
 *
 * Recs in an array, their names in one heap, and tables of places by uid, by
 * name and, once asked for, by inode: some 100 bytes a message.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "search.h"
#include "state_private.h"

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

static bool
alive(const struct rec *r)
{
	return r->kind != REC_DROPPED;
}

static uint64_t
uid_at(const void *of, size_t at)
{
	return ((const struct state *)of)->rec[at].uid;
}

static uint64_t
ino_at(const void *of, size_t at)
{
	return ((const struct state *)of)->rec[at].ino;
}

static struct str
rec_name(const void *of, size_t at)
{
	const struct state *s = of;

	return str_of(state_name(s, &s->rec[at]));
}

/* Empty; by inode there is none before it is asked for. */
static void
tables(struct state *s)
{
	struct state_in *in = s->in;

	table_free(&in->uid);
	table_free(&in->name);
	table_free(&in->ino);
	in->uid.number = uid_at;
	in->name.text = rec_name;
	in->ino.number = ino_at;
}

void
state_room(struct state *s, size_t n)
{
	table_room(&s->in->uid, s, n);
	table_room(&s->in->name, s, n);
}

/* 0 is not known: it is in no table. */
static void
rec_enter(struct state *s, const struct rec *r)
{
	size_t at = (size_t)(r - s->rec);

	if (r->uid != 0)
		table_add(&s->in->uid, s, at);
	table_add(&s->in->name, s, at);
	if (s->in->by_ino && r->ino != 0)
		table_add(&s->in->ino, s, at);
}

static void
rec_leave(struct state *s, const struct rec *r)
{
	size_t at = (size_t)(r - s->rec);

	table_del(&s->in->uid, s, at);
	table_del(&s->in->name, s, at);
	table_del(&s->in->ino, s, at);
}

static void
enter_all(struct state *s)
{
	size_t i;

	tables(s);
	state_room(s, s->n);
	for (i = 0; i < s->n; i++)
		if (alive(&s->rec[i]))
			rec_enter(s, &s->rec[i]);
}

static struct rec *
rec_at(struct state *s, size_t at)
{
	return at != TABLE_NONE ? &s->rec[at] : NULL;
}

struct rec *
state_by_uid(struct state *s, uint32_t uid)
{
	return rec_at(s, table_number(&s->in->uid, s, uid));
}

struct rec *
state_by_name(struct state *s, struct str base)
{
	return rec_at(s, table_text(&s->in->name, s, base));
}

struct rec *
state_by_ino(struct state *s, uint64_t ino)
{
	size_t i;

	if (ino == 0)
		return NULL;
	if (!s->in->by_ino)
		table_room(&s->in->ino, s, s->n);
	for (i = 0; !s->in->by_ino && i < s->n; i++)
		if (alive(&s->rec[i]) && s->rec[i].ino != 0)
			table_add(&s->in->ino, s, i);
	s->in->by_ino = true;
	return rec_at(s, table_number(&s->in->ino, s, ino));
}

const char *
state_name_at(const struct state *s, uint32_t name)
{
	return s->in->heap.p + name;
}

const char *
state_name(const struct state *s, const struct rec *r)
{
	return state_name_at(s, r->name);
}

/* ---- changes in memory ---- */

bool
state_in_step(struct state *s, struct str base)
{
	const struct rec *rec = state_by_name(s, base);

	return rec != NULL && rec->kind == REC_LIVE;
}

size_t
state_live(const struct state *s)
{
	size_t i = 0;

	while (i < s->n && s->rec[i].uid == 0)
		i++;
	return s->n - i;
}

size_t
state_near(const struct state *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += !s->rec[i].far_only;
	return n;
}

uint32_t
state_last(const struct state *s)
{
	return s->n > 0 ? s->rec[s->n - 1].uid : 0;
}

static int
rec_order(const void *uid, const void *rec)
{
	return search_order(*(const uint32_t *)uid,
	    ((const struct rec *)rec)->uid);
}

size_t
state_from(const struct state *s, uint32_t uid)
{
	return search_lower(&uid, s->rec, s->n, sizeof *s->rec, rec_order);
}

bool
state_native(const struct state *s, const struct rec *rec)
{
	struct str name = str_of(state_name(s, rec)), last = { "", 0 };
	uint64_t uid;

	if (!str_starts(name, "postbag."))
		return false;
	while (name.n > 0)
		last = str_cut(&name, '.');
	return str_num(last, UINT32_MAX, &uid) == 0 && uid == rec->uid;
}

static uint64_t
rec_bytes(const struct state *s, const struct rec *r)
{
	return PUT_BYTES + strlen(state_name(s, r));
}

void
state_bury(struct state *s, struct rec *r)
{
	struct state_in *in = s->in;

	rec_leave(s, r);
	in->live -= rec_bytes(s, r);
	r->kind = REC_DROPPED;
	in->dead = true;
}

void
state_expect(struct state *s, size_t more)
{
	struct state_in *in = s->in;

	if (s->cap < s->n + more) {
		s->cap = s->n + more;
		s->rec = mem_grow(s->rec, s->cap, sizeof *s->rec);
	}
	state_room(s, s->n + more);
	if (more < SIZE_MAX / NAME_USUAL)
		buf_room(&in->heap, more * NAME_USUAL);
}

static void
insert(struct state *s, const struct rec *new, struct str name)
{
	struct state_in *in = s->in;
	struct rec *r;

	if (s->rec == NULL || s->n == s->cap) {
		s->cap = s->cap + s->cap / 2 + 64;
		s->rec = mem_grow(s->rec, s->cap, sizeof *s->rec);
	}
	r = &s->rec[s->n];
	*r = *new;
	r->name = (uint32_t)in->heap.n;
	buf_put(&in->heap, name.p, name.n);
	buf_c(&in->heap, '\0');
	in->unsorted = in->unsorted || (s->n > 0 && r[-1].uid > r->uid);
	s->n++;
	rec_enter(s, r);
	in->live += PUT_BYTES + name.n;
}

/* from and base may point into the state's memory, which this may move. */
void
state_replace(struct state *s, const struct rec *from, struct str base)
{
	struct rec it = *from, *new = &it, *r, *other;
	char copy[NAME_BYTES];
	struct str name = { copy, base.n };

	str_copy(copy, base);
	other = state_by_name(s, name);	/* the slow one first: both wait for */
	r = state_by_uid(s, new->uid);	/* memory, at the same time */
	if (other != NULL && other != r)
		state_bury(s, other);
	if (r == NULL) {
		insert(s, new, name);
		return;
	}
	if (other != r) {		/* it has another name from here on */
		state_bury(s, r);
		insert(s, new, name);
		return;
	}
	table_del(&s->in->ino, s, (size_t)(r - s->rec));
	*r = (struct rec){ r->uid, new->size, new->flags, new->ident,
	    new->ino, r->name, new->kind, new->stub, new->far_only };
	if (s->in->by_ino && r->ino != 0)
		table_add(&s->in->ino, s, (size_t)(r - s->rec));
}

void
state_forget_recs(struct state *s)
{
	struct state_in *in = s->in;

	s->n = 0;
	buf_drop(&in->heap, in->heap.n);
	tables(s);
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

	str_copy(copy, name);
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
	s->id[0] = '\0';
	s->mark = (struct mark){ .id = s->id };
	s->stamp = (struct stamp){ .cur_mtime = 0 };
	state_forget_recs(s);
	in->reset = false;
}

/* ---- order ---- */

static int
rec_by_uid(const void *a, const void *b)
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
		qsort(s->rec, s->n, sizeof *s->rec, rec_by_uid);
	in->dead = in->unsorted = false;
	enter_all(s);
}
