/* name_set.c: a set of names */
#include <stdlib.h>

#include "name_set.h"

static struct str
set_name(const void *of, size_t at)
{
	return str_of(((const struct name_set *)of)->v[at]);
}

void
name_set_add(struct name_set *s, struct arena *a, struct str name)
{
	if (name_set_has(s, name))
		return;
	s->at.text = set_name;
	if (s->n == s->cap) {
		s->cap = 2 * s->cap + 16;
		s->v = mem_grow(s->v, s->cap, sizeof *s->v);
	}
	s->v[s->n] = arena_dup(a, name);
	table_add(&s->at, s, s->n++);
}

bool
name_set_has(const struct name_set *s, struct str name)
{
	return s->n > 0 && table_text(&s->at, s, name) != TABLE_NONE;
}

void
name_set_free(struct name_set *s)
{
	table_free(&s->at);
	free(s->v);
	*s = (struct name_set){ .n = 0 };
}
