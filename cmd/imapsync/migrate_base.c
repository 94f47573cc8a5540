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
migrate_texts_place(struct migrate_texts *t, struct str text)
{
	size_t at;

	t->of.text = base_text;
	at = table_text(&t->of, t, text);
	if (at != TABLE_NONE)
		return (uint32_t)at;
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

/* Almost always behind the last, or in place of one. */
void
migrate_base_set(struct migrate_base *b, uint32_t uid, uint32_t text)
{
	size_t at = b->n;

	if (b->n > 0 && b->v[b->n - 1].uid >= uid)
		at = search_lower(&uid, b->v, b->n, sizeof *b->v, based_order);
	if (at < b->n && b->v[at].uid == uid) {
		b->v[at].text = text;
		return;
	}
	if (b->n == b->cap) {
		b->cap = 2 * b->cap + 64;
		b->v = mem_grow(b->v, b->cap, sizeof *b->v);
	}
	memmove(&b->v[at + 1], &b->v[at], (b->n - at) * sizeof *b->v);
	b->v[at] = (struct migrate_based){ uid, text };
	b->n++;
}

uint32_t
migrate_base_text(const struct migrate_base *b, uint32_t uid)
{
	size_t at = search_exact(&uid, b->v, b->n, sizeof *b->v, based_order);

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
