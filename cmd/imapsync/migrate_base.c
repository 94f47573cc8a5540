/* migrate_base.c: which flags messages had in FROM when they were last looked at */
#include <stdlib.h>
#include <string.h>

#include "migrate_base.h"
#include "search.h"

/* ---- texts ---- */

static struct str
base_text(const void *of, size_t at)
{
	return str_of(((const struct migrate_texts *)of)->v[at]);
}

uint32_t
migrate_texts_find(struct migrate_texts *t, struct str text)
{
	size_t at;

	t->of.text = base_text;
	at = table_text(&t->of, t, text);
	return at != TABLE_NONE ? (uint32_t)at : MIGRATE_UNBASED;
}

uint32_t
migrate_texts_place(struct migrate_texts *t, struct str text)
{
	uint32_t at = migrate_texts_find(t, text);

	if (at != MIGRATE_UNBASED)
		return at;
	if ((t->n & (t->n - 1)) == 0)
		t->v = mem_grow(t->v, 2 * t->n + 1, sizeof *t->v);
	t->v[t->n] = arena_dup(&t->arena, text);
	table_add(&t->of, t, t->n);
	return (uint32_t)t->n++;
}

void
migrate_texts_free(struct migrate_texts *t)
{
	free(t->v);
	table_free(&t->of);
	arena_free(&t->arena);
	*t = (struct migrate_texts){ 0 };
}

/* ---- messages ---- */

static int
based_order(const void *key, const void *element)
{
	return search_order(*(const uint32_t *)key,
	    ((const struct migrate_based *)element)->uid);
}

static int
based_place(const void *x, const void *y)
{
	return search_order(*(const uint64_t *)x, *(const uint64_t *)y);
}

/* By UID and place, since qsort keeps no order. */
void
migrate_base_sort(struct migrate_base *b)
{
	struct migrate_based *v;
	uint64_t *at;
	size_t i, k = 0;

	if (!b->unsorted)
		return;
	v = mem_new(b->cap, sizeof *v);
	at = mem_new(b->n, sizeof *at);
	for (i = 0; i < b->n; i++)
		at[i] = (uint64_t)b->v[i].uid << 32 | i;
	qsort(at, b->n, sizeof *at, based_place);
	for (i = 0; i < b->n; i++) {
		if (k > 0 && v[k - 1].uid == at[i] >> 32)
			k--;
		v[k++] = b->v[at[i] & UINT32_MAX];
	}
	free(at);
	free(b->v);
	b->v = v;
	b->n = k;
	b->unsorted = false;
}

void
migrate_base_set(struct migrate_base *b, uint32_t uid, uint32_t text)
{
	if (b->n == b->cap) {
		migrate_base_sort(b);		/* there may be room then */
		if (b->n >= b->cap - b->cap / 4) {
			b->cap = 2 * b->cap + 64;
			b->v = mem_grow(b->v, b->cap, sizeof *b->v);
		}
	}
	b->unsorted = b->unsorted || (b->n > 0 && b->v[b->n - 1].uid >= uid);
	b->v[b->n++] = (struct migrate_based){ uid, text };
}

uint32_t
migrate_base_text(struct migrate_base *b, uint32_t uid)
{
	size_t at;

	migrate_base_sort(b);
	at = search_exact(&uid, b->v, b->n, sizeof *b->v, based_order);
	return at < b->n ? b->v[at].text : MIGRATE_UNBASED;
}

/* ---- words ---- */

static int
word_order(const void *x, const void *y)
{
	const struct str *a = x, *b = y;
	int by = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);

	return by != 0 ? by : search_order(a->n, b->n);
}

void
migrate_base_words(struct buf *to, struct str flags)
{
	struct str *v = NULL, w;
	size_t n = 0, i;

	while ((w = str_word(&flags)).n > 0) {
		if (str_is(w, "\\Recent"))
			continue;
		if ((n & (n - 1)) == 0)
			v = mem_grow(v, 2 * n + 1, sizeof *v);
		v[n++] = w;
	}
	if (n > 0)
		qsort(v, n, sizeof *v, word_order);
	for (i = 0; i < n; i++)
		if (i == 0 || !str_eq(v[i], v[i - 1]))
			buf_printf(to, "%s%.*s", to->n > 0 ? " " : "",
			    (int)v[i].n, v[i].p);
	free(v);
}
