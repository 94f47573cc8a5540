/* roster.c: the folders of an account, from one run of a watch to the next */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "imap.h"
#include "index.h"
#include "near_dir.h"
#include "roster.h"

static struct str
roster_name(const void *of, size_t at)
{
	return str_of(((const struct roster *)of)->v[at].name);
}

static const char *
keep(struct roster *to, const char *text)
{
	return text != NULL ? arena_dup(&to->arena, str_of(text)) : NULL;
}

void
roster_take(struct roster *to, const struct run *r)
{
	const struct box *b;
	size_t i;

	roster_free(to);
	to->name.text = roster_name;
	to->v = mem_new(r->nboxes > 0 ? r->nboxes : 1, sizeof *to->v);
	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		to->v[i] = (struct roster_box){ .name = keep(to, b->name),
		    .path = keep(to, b->path), .use = b->far.use,
		    .far = b->far.is, .near = b->near.is,
		    .last = b->far.now };
		to->v[i].last.id = keep(to, b->far.now.id);
		table_add(&to->name, to, i);
	}
	to->n = r->nboxes;
	to->trash = keep(to, r->trash);
	to->sep = r->sep;
	to->whole = true;
}

/* The mark of the base: what nobody told of is believed to be as it was. */
static void
believe(struct box *b, const struct roster_box *is)
{
	const struct entry *e = box_entry(b);

	b->was_known = e != NULL;
	if (e == NULL || is->told)
		return;
	b->far.now = e->mark;
	b->far.now.id = is->last.id;
	b->far.counted = true;
}

int
roster_give(struct roster *of, struct run *r)
{
	struct box *b;
	bool racy;
	size_t i;
	int gone;

	r->boxes = mem_new(of->n > 0 ? of->n : 1, sizeof *r->boxes);
	r->nboxes = of->n;
	r->sep = of->sep;
	r->trash = of->trash;
	for (i = 0; i < of->n; i++) {
		b = &r->boxes[i];
		*b = (struct box){ .run = r, .name = of->v[i].name,
		    .path = of->v[i].path, .far = { .is = of->v[i].far,
		    .use = of->v[i].use }, .near.is = of->v[i].near };
		believe(b, &of->v[i]);
		gone = near_dir_stamp(r->root, b->path, &b->near.stamp, &racy);
		b->near.racy = gone != 0 || racy;
		if ((gone == 0) != b->near.is)
			return 1;
	}
	for (i = 0; i < of->n; i++)
		of->v[i].told = false;
	return 0;
}

void
roster_heard(struct roster *of, const struct run *r)
{
	const struct mark *seen;
	size_t i, at;

	for (i = 0; i < r->nboxes; i++) {
		seen = &r->boxes[i].far.seen;
		at = table_text(&of->name, of, str_of(r->boxes[i].name));
		if (at != TABLE_NONE && seen->uidvalidity != 0)
			of->v[at].last = (struct mark){ seen->uidvalidity,
			    seen->uidnext, seen->modseq, seen->exists,
			    of->v[at].last.id };
	}
}

void
roster_take_number(struct mark *to, const struct imap_item *it)
{
	if (str_is(it->name, "MESSAGES"))
		to->exists = it->number;
	else if (str_is(it->name, "UIDNEXT"))
		to->uidnext = it->number;
	else if (str_is(it->name, "UIDVALIDITY"))
		to->uidvalidity = it->number;
	else if (str_is(it->name, "HIGHESTMODSEQ"))
		to->modseq = it->number;
}

int
roster_take_items(struct imap *m, struct mark *to)
{
	struct imap_item it;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		roster_take_number(to, &it);
	return got;
}

static bool
differ(const struct mark *a, const struct mark *b)
{
	return a->exists != b->exists || a->uidnext != b->uidnext ||
	    a->uidvalidity != b->uidvalidity || a->modseq != b->modseq;
}

int
roster_status(struct roster *of, struct imap *m, const struct imap_resp *r)
{
	struct str name = str_is(r->name, "INBOX") ? STR("INBOX") : r->name;
	size_t at = table_text(&of->name, of, name);
	struct roster_box *b;
	struct mark was;

	if (at == TABLE_NONE)
		return 2;
	b = &of->v[at];
	was = b->last;
	roster_take_items(m, &b->last);
	b->heard = true;
	if (!differ(&was, &b->last))
		return 0;
	b->told = true;
	return 1;
}

bool
roster_selected(struct roster_box *b, const struct imap *m)
{
	struct mark now = { m->box.uidvalidity, m->box.uidnext, m->box.modseq,
	    m->box.exists, b->last.id };

	if (now.uidnext == 0)		/* not told */
		now.uidnext = b->last.uidnext;
	if (now.modseq == 0)
		now.modseq = b->last.modseq;
	if (!differ(&now, &b->last))
		return false;
	b->last = now;
	b->told = true;
	return true;
}

void
roster_deaf(struct roster *of)
{
	size_t i;

	for (i = 0; i < of->n; i++)
		of->v[i].heard = false;
}

size_t
roster_unheard(const struct roster *of)
{
	size_t i, n = 0;

	for (i = 0; i < of->n; i++)
		n += of->v[i].far && !of->v[i].heard;
	return n;
}

void
roster_free(struct roster *of)
{
	table_free(&of->name);
	free(of->v);
	arena_free(&of->arena);
	*of = (struct roster){ .n = 0 };
}
