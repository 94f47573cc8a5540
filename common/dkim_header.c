/*
 * dkim_header.c: the fields of a header, found by name from the last on
 *
 * A stranger writes both the header and the list of names that are looked for
 * in it, so neither is searched: a table finds the lowest field of a name, and
 * each field knows the one above it.
 */
#include "dkim_header.h"

#include <stdlib.h>

#include "msg.h"

static struct str
name_at(const void *of, size_t at)
{
	const struct dkim_header *h = of;

	return h->field[h->last[at]].name;
}

static void
field_put(struct dkim_header *h, struct dkim_field f)
{
	size_t at = table_text(&h->table, h, f.name);

	f.before = at != TABLE_NONE ? h->last[at] : TABLE_NONE;
	h->field[h->n] = f;
	if (at == TABLE_NONE) {
		h->last[h->names] = h->n++;
		table_add(&h->table, h, h->names++);
	} else {
		h->last[at] = h->n++;
	}
}

void
dkim_header_read(struct dkim_header *h, struct arena *a, struct str head)
{
	struct msg_fields f = { head };
	struct dkim_field one = { .before = TABLE_NONE };
	size_t n = 0;

	while (msg_next_field(&f, &one.name, &one.body) > 0)
		n++;
	*h = (struct dkim_header){ .table = { .text = name_at, .fold = true } };
	h->field = arena_new(a, n, sizeof *h->field);
	h->last = arena_new(a, n, sizeof *h->last);
	f = (struct msg_fields){ head };
	while (msg_next_field(&f, &one.name, &one.body) > 0) {
		one.text = (struct str){ one.name.p,
		    (size_t)(one.body.p + one.body.n - one.name.p) };
		field_put(h, one);
	}
}

void
dkim_header_free(struct dkim_header *h)
{
	table_free(&h->table);
}

size_t
dkim_header_count(const struct dkim_header *h, const char *name,
    const struct dkim_field **lowest)
{
	size_t at = table_text(&h->table, h, str_of(name)), n = 0;

	if (lowest != NULL)
		*lowest = NULL;
	if (at == TABLE_NONE)
		return 0;
	if (lowest != NULL)
		*lowest = &h->field[h->last[at]];
	for (at = h->last[at]; at != TABLE_NONE; at = h->field[at].before)
		n++;
	return n;
}

void
dkim_header_pick(const struct dkim_header *h, struct str list,
    enum dkim_canon canon, struct buf *out)
{
	size_t *next = mem_new(h->names + 1, sizeof *next), at;
	struct str name;

	if (h->names > 0)
		memcpy(next, h->last, h->names * sizeof *next);
	while (list.p != NULL) {
		name = str_trim(str_cut(&list, ':'));
		at = table_text(&h->table, h, name);
		if (at == TABLE_NONE || next[at] == TABLE_NONE)
			continue;
		dkim_canon_field(canon, h->field[next[at]].text, out);
		buf_s(out, "\r\n");
		next[at] = h->field[next[at]].before;
	}
	free(next);
}
