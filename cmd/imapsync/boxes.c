/*
 * boxes.c: which folders there are on both sides, and which need a look
 *
 * One LIST with STATUS in it says all of the server in one round trip; two
 * stats a Maildir say all of this side.  What both say is in the index, so a
 * mailbox where nothing happened is neither selected nor read, nor is its
 * state opened.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

struct found {
	struct run *r;
	size_t cap;
	bool failed;
};

static struct box *
box_named(struct run *r, struct str name)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (str_eq(str_of(r->boxes[i].name), name))
			return &r->boxes[i];
	return NULL;
}

static struct box *
box_at(struct run *r, const char *path)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (strcmp(r->boxes[i].path, path) == 0)
			return &r->boxes[i];
	return NULL;
}

static struct box *
add(struct found *f, struct str name, const char *path)
{
	struct run *r = f->r;
	struct box *b;

	if (r->nboxes == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 64;
		r->boxes = mem_grow(r->boxes, f->cap, sizeof *r->boxes);
	}
	b = &r->boxes[r->nboxes++];
	*b = (struct box){ .run = r, .name = arena_dup(&r->arena, name),
	    .path = arena_dup(&r->arena, str_of(path)) };
	return b;
}

static bool
has_flag(struct str flags, const char *flag)
{
	struct str w;

	while ((w = str_word(&flags)).n > 0)
		if (str_is(w, flag))
			return true;
	return false;
}

/* ---- the server's ---- */

static void
take_status(struct box *b, struct imap *m)
{
	struct imap_item it;

	b->now = (struct mark){ 0 };
	while (imap_item(m, &it) > 0) {
		if (str_is(it.name, "MESSAGES"))
			b->now.exists = it.number;
		else if (str_is(it.name, "UIDNEXT"))
			b->now.uidnext = it.number;
		else if (str_is(it.name, "UIDVALIDITY"))
			b->now.uidvalidity = it.number;
		else if (str_is(it.name, "HIGHESTMODSEQ"))
			b->now.modseq = it.number;
		else if (str_is(it.name, "MAILBOXID"))
			snprintf(b->now.id, sizeof b->now.id, "%.*s",
			    STR_ARG(str_to(it.text, 79)));
	}
	b->counted = b->now.uidvalidity != 0;
}

static struct str
canonical(struct str name)
{
	return str_is(name, "INBOX") ? STR("INBOX") : name;
}

/* May it stand in a command? */
static bool
sayable(struct str name)
{
	return name.n > 0 && name.n <= 2000 && !str_control(name) &&
	    str_utf8(name);
}

/* The mailbox with that special use, else one of that name. */
static void
note_trash(struct run *r, const struct imap_resp *m, struct str name)
{
	bool special = has_flag(m->flags, "\\Trash");

	if (!sayable(name) || has_flag(m->flags, "\\Noselect") ||
	    has_flag(m->flags, "\\NonExistent"))
		return;
	if (special || (r->trash == NULL && (str_is(name, "Trash") ||
	    str_is(name, "INBOX.Trash") || str_is(name, "INBOX/Trash"))))
		r->trash = arena_dup(&r->arena, name);
}

static void
take_list(struct found *f, const struct imap_resp *m)
{
	struct run *r = f->r;
	struct str name = canonical(m->name);
	struct buf path = { .max = 4096 };
	struct box *b, *other;
	const char *at;

	if (r->sep == '\0')
		r->sep = m->sep;
	note_trash(r, m, name);		/* be it synced or not */
	if (has_flag(m->flags, "\\Noselect") ||
	    has_flag(m->flags, "\\NonExistent") ||
	    !names_match(r->o->patterns, name, m->sep))
		return;
	if (!sayable(name) || m->bad_name || names_to_path(&path, name, m->sep, r->o->how) <
	    0) {
		char safe[200];

		str_escape(safe, sizeof safe, name);
		report_problem(r, EX_DATAERR, safe, "this name cannot be a "
		    "folder here");
		buf_free(&path);
		return;
	}
	at = path.p != NULL ? path.p : "";
	b = box_named(r, name);
	if (b == NULL && (other = box_at(r, at)) != NULL) {
		report_problem(r, EX_DATAERR, other->name, "two mailboxes "
		    "would be one folder here");
		buf_free(&path);
		return;
	}
	if (b == NULL)
		b = add(f, name, at);
	b->far = true;
	buf_free(&path);
}

static int
hear(struct found *f, struct imap *m, unsigned tag)
{
	struct imap_resp r;
	struct box *b;

	do {
		conn_phase(m->c, "LIST", 300);
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type == IMAP_LIST)
			take_list(f, &r);
		else if (r.type == IMAP_STATUS &&
		    (b = box_named(f->r, canonical(r.name))) != NULL)
			take_status(b, m);
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : conn_fail(m->c, EX_UNAVAILABLE,
	    "LIST: %s", m->text);
}

/* STATUS of many, up to some dozens under way. */
static int
ask_status(struct found *f, bool (*of)(const struct box *))
{
	struct imap *m = &f->r->line[0].imap;
	unsigned tag[32];
	size_t i, n = 0, k;

	for (i = 0; i <= f->r->nboxes; i++) {
		if (i == f->r->nboxes || n == 32) {
			struct imap_resp r;
			struct box *b;

			for (k = 0; k < n; k++)
				do {
					conn_phase(m->c, "STATUS", 300);
					if (imap_next(m, &r) < 0)
						return -1;
					if (r.type == IMAP_STATUS && (b =
					    box_named(f->r, canonical(
					    r.name))) != NULL)
						take_status(b, m);
				} while (!imap_done(&r, tag[k]));
			n = 0;
		}
		if (i < f->r->nboxes && f->r->boxes[i].far &&
		    of(&f->r->boxes[i])) {
			f->r->boxes[i].counted = false;
			tag[n++] = imap_ask_status(m,
			    str_of(f->r->boxes[i].name));
		}
	}
	return 0;
}

static bool
uncounted(const struct box *b)
{
	return !b->counted;
}

static bool
to_repeat(const struct box *b)
{
	return b->again;
}

int
boxes_again(struct run *r)
{
	struct found f = { .r = r };
	struct line *l = &r->line[0];

	if (l->selected != NULL || l->chose)
		imap_ask_unselect(&l->imap);
	l->selected = NULL;
	l->chose = false;
	return ask_status(&f, to_repeat);
}

/* ---- this side's ---- */

static void
take_folder(void *to, const char *path)
{
	struct found *f = to;
	struct run *r = f->r;
	struct buf name = { .max = 4096 };
	struct str s;
	struct box *b;

	if (names_from_path(&name, str_of(path), r->sep, r->o->how) < 0 ||
	    !sayable(BUF_STR(name))) {
		buf_free(&name);
		return;
	}
	s = canonical(BUF_STR(name));
	b = box_at(r, path);	/* Inbox/x and INBOX/x are the same here */
	if (b == NULL)
		b = box_named(r, s);
	if (b == NULL && names_match(r->o->patterns, s, r->sep))
		b = add(f, s, path);
	if (b != NULL && strcmp(b->path, path) == 0)
		b->near = true;
	buf_free(&name);
}

/* Those that were known, and are on neither side now. */
static void
take_index(struct found *f)
{
	struct run *r = f->r;
	struct buf path = { .max = 4096 };
	size_t i;

	for (i = 0; i < r->index.n; i++) {
		struct str name = str_of(r->index.v[i].box);

		path.n = 0;
		if (box_named(r, name) != NULL ||
		    !names_match(r->o->patterns, name, r->sep) ||
		    names_to_path(&path, name, r->sep, r->o->how) < 0)
			continue;
		add(f, name, path.p != NULL ? path.p : "");
	}
	buf_free(&path);
}

static int
order(const void *a, const void *b)
{
	const struct box *x = a, *y = b;
	bool ix = strcmp(x->name, "INBOX") == 0;
	bool iy = strcmp(y->name, "INBOX") == 0;

	return ix != iy ? iy - ix : strcmp(x->name, y->name);
}

int
boxes_find(struct run *r)
{
	struct found f = { .r = r };
	struct imap *m = &r->line[0].imap;
	size_t i;

	if (hear(&f, m, imap_ask_list(m, "*", true)) < 0)
		return -1;
	if ((m->caps & IMAP_LIST_STATUS) == 0 &&
	    ask_status(&f, uncounted) < 0)
		return -1;
	if (r->root >= 0 && local_folders(r->root, r->o->how, take_folder, &f, r->e) < 0)
		return -1;
	take_index(&f);
	if (r->nboxes > 0)
		qsort(r->boxes, r->nboxes, sizeof *r->boxes, order);
	for (i = 0; i < r->nboxes; i++) {
		r->boxes[i].was_known = index_find(&r->index,
		    str_of(r->boxes[i].name)) != NULL;
	}
	return 0;
}

/* ---- what is to be looked into ---- */

bool
boxes_same(const struct mark *a, const struct mark *b)
{
	return a->uidvalidity == b->uidvalidity && a->uidnext == b->uidnext
	    && a->modseq == b->modseq && a->exists == b->exists &&
	    a->modseq != 0;
}

static void
judge(struct run *r, struct box *b)
{
	struct entry *e = index_find(&r->index, str_of(b->name));
	int got = b->near ? local_stamp(r->root, b->path, &b->stamp,
	    &b->racy) : 1;

	b->far_dirty = e == NULL || e->dirty || !b->counted ||
	    !boxes_same(&e->mark, &b->now);
	b->near_dirty = e == NULL || e->dirty || got != 0 || b->racy ||
	    memcmp(&e->stamp, &b->stamp, sizeof b->stamp) != 0;
	b->near_dirty |= r->o->reupload;
	b->todo = (b->far_dirty || b->near_dirty) && !b->left;
}

void
boxes_dirty(struct run *r)
{
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if ((b->far && b->near) || (r->o->dry_run && (b->far ||
		    b->near)))
			judge(r, b);
	}
}
