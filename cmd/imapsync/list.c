/*
 * list.c: which folders there are on both sides, and which need a look
 *
 * One LIST with STATUS in it says all of the server in one round trip; two
 * stats a Maildir say all of this side.  Both are compared with the index, so
 * a mailbox where nothing happened is neither selected nor read, nor is its
 * state opened.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "box.h"
#include "conn.h"
#include "imap.h"
#include "imap_box.h"
#include "imap_read.h"
#include "index.h"
#include "link.h"
#include "list.h"
#include "map.h"
#include "mark.h"
#include "name_set.h"
#include "names.h"
#include "naming.h"
#include "near_dir.h"
#include "places.h"
#include "report.h"
#include "roster.h"
#include "table.h"
#include "trash.h"
#include "utf7.h"

/* A name that LIST or the Maildirs gave, before it is a mailbox of ours. */
struct seen {
	const char *name, *path;
	const char *id;		/* MAILBOXID, or NULL */
	const char *use;	/* what it is for, or NULL */
	uint64_t uidvalidity, uidnext, modseq, exists;
	uint64_t size;		/* of all messages; UINT64_MAX */
	bool far, near, counted;
};

enum { TRASH_SAID = -1 };		/* before all names */

struct found {
	struct run *r;
	int trash;			/* trash_rank of the run's, or said */
	struct seen *v;
	size_t n, cap;
	struct table name, path;	/* of v */
	struct name_set lsub;		/* what LSUB says */
	struct opt_list left;		/* paths that are not those of names */
	const char **place;		/* of each mailbox in the index; NULL */
	struct table owner;		/* of the index, by place */
	char owner_sep;			/* the run's, when these were noted */
	size_t lines, bytes;		/* of LIST */
};

static struct str
seen_name(const void *of, size_t at)
{
	return str_of(((const struct found *)of)->v[at].name);
}

static struct str
path_at(const void *of, size_t at)
{
	return str_of(((const struct found *)of)->v[at].path);
}

static struct str
place_at(const void *of, size_t at)
{
	return str_of(((const struct found *)of)->place[at]);
}

static struct seen *
seen_named(struct found *f, struct str name)
{
	size_t at = table_text(&f->name, f, name);

	return at != TABLE_NONE ? &f->v[at] : NULL;
}

static struct seen *
seen_at(struct found *f, const char *path)
{
	size_t at = table_text(&f->path, f, str_of(path));

	return at != TABLE_NONE ? &f->v[at] : NULL;
}

static struct seen *
seen_add(struct found *f, struct str name, const char *path)
{
	struct arena *a = &f->r->arena;
	struct seen *b;

	if (f->v == NULL || f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 64;
		f->v = mem_grow(f->v, f->cap, sizeof *f->v);
	}
	b = &f->v[f->n];
	*b = (struct seen){ .name = arena_dup(a, name) };
	b->size = UINT64_MAX;
	b->path = str_eq(name, str_of(path)) ? b->name :
	    arena_dup(a, str_of(path));
	table_add(&f->name, f, f->n);
	table_add(&f->path, f, f->n++);
	f->bytes += sizeof *b + name.n + strlen(path);
	return b;
}

/* The names become mailboxes, in order. */
static void
become(struct found *f)
{
	struct run *r = f->r;
	const struct seen *s;
	size_t i;

	r->boxes = mem_new(f->n, sizeof *r->boxes);
	r->nboxes = f->n;
	for (i = 0; i < f->n; i++) {
		struct box *b = &r->boxes[i];

		s = &f->v[i];
		b->run = r;
		b->name = s->name;
		b->path = s->path;
		b->far.is = s->far;
		b->near.is = s->near;
		b->far.counted = s->counted;
		b->far.use = s->use;
		b->far.size = s->size;
		b->far.now = (struct mark){ s->uidvalidity, s->uidnext,
		    s->modseq, s->exists, s->id };
	}
	if (f->n > 0)
		qsort(r->boxes, r->nboxes, sizeof *r->boxes, box_order);
}

static void
found_free(struct found *f)
{
	table_free(&f->name);
	table_free(&f->path);
	table_free(&f->owner);
	name_set_free(&f->lsub);
	free(f->place);
	free(f->v);
}

/* ---- whose a Maildir is ---- */

static void
note_owners(struct found *f)
{
	struct run *r = f->r;
	struct buf path = { .max = 4096 };
	size_t i;

	free(f->place);
	table_free(&f->owner);
	f->owner_sep = r->sep;
	f->place = mem_new(r->index.n + 1, sizeof *f->place);
	for (i = 0; i < r->index.n; i++) {
		path.n = 0;
		if (naming_path(r->o, &path, str_of(r->index.v[i].box),
		    r->sep) < 0)
			path.n = 0;
		f->place[i] = arena_dup(&r->arena, BUF_STR(path));
		if (path.n > 0)
			table_add(&f->owner, f, i);
	}
	buf_free(&path);
}

/* The mailbox that had it in the last run, by the rules of names; or NULL. */
static const char *
owner_of(struct found *f, const char *path)
{
	size_t at;

	if (f->r->o->map.n == 0)
		return NULL;
	/* some servers have none in the line of INBOX, which may be the first */
	if (f->place == NULL || f->owner_sep != f->r->sep)
		note_owners(f);
	at = table_text(&f->owner, f, str_of(path));
	return at != TABLE_NONE ? f->r->index.v[at].box : NULL;
}

/* Of one mailbox, whose first part is INBOX in any case. */
static bool
same_name(struct str a, struct str b, char sep)
{
	const size_t n = strlen("INBOX");

	return str_eq(a, b) || (a.n > n && b.n > n && a.p[n] == sep &&
	    str_is(str_to(a, n), "INBOX") && str_is(str_to(b, n), "INBOX") &&
	    str_eq(str_from(a, n), str_from(b, n)));
}

/*
 * Two names may be one here by the rules, and one is then of a mailbox whose
 * messages are not those of the other.  It is the one that had it, else the one
 * whose name the rules give the other way round, be that there or not: so it
 * does not change with what is there.  Another one is told, and left alone.
 */
static bool
is_own(struct found *f, struct str name, const char *path, char sep)
{
	struct run *r = f->r;
	const char *owner = owner_of(f, path);
	struct buf back = { .max = 4096 };
	bool is;

	if (r->o->map.n == 0)
		return true;
	if (owner != NULL)
		buf_s(&back, owner);
	else if (naming_name(r->o, &back, str_of(path), sep) < 0)
		back.n = 0;
	is = same_name(BUF_STR(back), name, sep);
	if (!is && back.n > 0) {
		char safe[200];

		str_escape(safe, sizeof safe, name);
		report_problem(&r->report, EX_DATAERR, safe, "two mailboxes would be one folder here: by --map %s is that of %.*s, and this one is left out",
		    path, STR_ARG(BUF_STR(back)));
	}
	is = is || back.n == 0;
	buf_free(&back);
	return is;
}

/* ---- the server's ---- */

/* The bytes that were kept of it, for what is said anew. */
static size_t
take_status(struct arena *a, struct imap *m, struct mark *to,
    uint64_t *size)
{
	const char *was = to->id;
	struct imap_item it;
	struct str id = { NULL, 0 };

	*to = (struct mark){ 0 };
	while (imap_item(m, &it) > 0) {
		roster_take_number(to, &it);
		if (str_is(it.name, "MAILBOXID"))
			id = str_to(it.text, MARK_ID);
		else if (str_is(it.name, "SIZE"))
			*size = it.number;
	}
	if (was != NULL && str_eq(id, str_of(was)))
		to->id = was;
	else if (id.n > 0)
		to->id = arena_dup(a, id);
	return to->id != was ? id.n : 0;
}

static void
note_status(struct found *f, struct imap *m, struct seen *b)
{
	struct mark now = { .id = b->id };

	f->bytes += take_status(&f->r->arena, m, &now, &b->size);
	b->uidvalidity = now.uidvalidity;
	b->uidnext = now.uidnext;
	b->modseq = now.modseq;
	b->exists = now.exists;
	b->counted = now.uidvalidity != 0;
	b->id = now.id;
}

static struct str
canonical(struct str name)
{
	return str_is(name, "INBOX") ? STR("INBOX") : name;
}

/*
 * That of --trash; else the one with that use; else one of a usual name that
 * is for nothing else.
 */
static void
note_trash(struct found *f, const struct imap_resp *m, struct str name)
{
	struct run *r = f->r;
	int rank = trash_rank(name, m->sep);

	if (!imap_nameable(name) || !imap_selectable(m->flags))
		return;
	if (r->o->trash != NULL)
		rank = str_eq(name, str_of(r->o->trash));
	else if (imap_has_flag(m->flags, "\\Trash"))
		rank = TRASH_SAID;
	else if (imap_special_use(m->flags) != NULL)
		rank = 0;
	if (rank == 0 || (r->trash != NULL && rank >= f->trash))
		return;
	f->trash = rank;
	r->trash = arena_dup(&r->arena, name);
	f->bytes += name.n;
}

static void
take_name(struct found *f, const struct imap_resp *m, struct str name)
{
	struct run *r = f->r;
	struct buf path = { .max = 4096 };
	struct seen *b, *other;
	const char *at;

	if (!imap_nameable(name) || m->bad_name || naming_path(r->o, &path, name, m->sep) < 0) {
		char safe[200];

		str_escape(safe, sizeof safe, name);
		report_problem(&r->report, EX_DATAERR, safe, "this name cannot be a folder here");
		buf_free(&path);
		return;
	}
	at = path.p != NULL ? path.p : "";
	b = seen_named(f, name);
	if (b == NULL && !is_own(f, name, at, m->sep)) {
		buf_free(&path);
		return;
	}
	if (b == NULL && (other = seen_at(f, at)) != NULL) {
		report_problem(&r->report, EX_DATAERR, other->name, "two mailboxes would be one folder here");
		buf_free(&path);
		return;
	}
	if (b == NULL)
		b = seen_add(f, name, at);
	b->far = true;
	b->use = imap_special_use(m->flags);
	buf_free(&path);
}

/* Is the folder one to be synced? */
static bool
is_synced(const struct run *r, struct str name, char sep)
{
	return names_match(r->o->patterns, name, sep) && (r->listing ||
	    !name_set_has(&r->unsubscribed, name)) &&
	    (r->o->local_only == NULL ||
	    !names_match(r->o->local_only, name, sep));
}

/* The inbox needs no subscription. */
static void
note_subscribed(struct found *f, const struct imap_resp *m, struct str name)
{
	struct run *r = f->r;

	if (r->o->listed == LISTED_ALL || str_is(name, "INBOX") ||
	    imap_has_flag(m->flags, "\\Subscribed") ||
	    name_set_has(&f->lsub, name))
		return;
	name_set_add(&r->unsubscribed, &r->arena, name);
	f->bytes += name.n;
}

static void
take_list(struct found *f, const struct imap_resp *m)
{
	struct run *r = f->r;
	struct str name = canonical(m->name);

	if (r->sep == '\0')
		r->sep = m->sep;
	note_trash(f, m, name);		/* be it synced or not */
	note_subscribed(f, m, name);
	if (!imap_selectable(m->flags) || !is_synced(r, name, m->sep))
		return;
	take_name(f, m, name);
}

static int
found_hear(struct found *f, struct imap *m, unsigned tag, const char *what)
{
	struct imap_resp r;
	struct seen *b;

	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type == IMAP_LIST) {
			f->lines++;
			take_list(f, &r);
		} else if (r.type == IMAP_LSUB) {
			f->lines++;
			f->bytes += r.name.n;
			name_set_add(&f->lsub, &f->r->arena, canonical(r.name));
		} else if (r.type == IMAP_STATUS &&
		    (b = seen_named(f, canonical(r.name))) != NULL)
			note_status(f, m, b);
		if (imap_list_bound(m, f->lines, f->bytes) < 0)
			return -1;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : conn_fail(m->c, EX_UNAVAILABLE,
	    "%s: %s", what, m->text);
}

static int
hear_status(struct run *r, struct imap *m, unsigned tag)
{
	struct imap_resp is;
	struct box *b;
	char name[2048];
	size_t bytes = 0;

	do {
		if (imap_next(m, &is) < 0)
			return -1;
		if (is.type != IMAP_STATUS || is.name.n >= sizeof name)
			continue;
		snprintf(name, sizeof name, "%.*s",
		    STR_ARG(canonical(is.name)));
		if ((b = box_named(r, name)) == NULL)
			continue;
		bytes += take_status(&r->arena, m, &b->far.now, &b->far.size);
		b->far.counted = b->far.now.uidvalidity != 0;
		if (imap_list_bound(m, 0, bytes) < 0)
			return -1;
	} while (!imap_done(&is, tag));
	return 0;
}

/* STATUS of many mailboxes, some dozens of commands under way. */
static int
ask_status(struct run *r, bool (*of)(const struct box *))
{
	struct imap *m = &r->link[0].imap;
	unsigned tag[32];
	size_t i, n = 0, k;

	for (i = 0; i <= r->nboxes; i++) {
		if (i == r->nboxes || n == 32) {
			for (k = 0; k < n; k++)
				if (hear_status(r, m, tag[k]) < 0)
					return -1;
			n = 0;
		}
		if (i < r->nboxes && r->boxes[i].far.is && of(&r->boxes[i])) {
			r->boxes[i].far.counted = false;
			tag[n++] = (r->listing ? imap_ask_status_size :
			    imap_ask_status)(m, str_of(r->boxes[i].name));
		}
	}
	return 0;
}

static bool
uncounted(const struct box *b)
{
	return !b->far.counted;
}

static bool
to_repeat(const struct box *b)
{
	return b->again != AGAIN_NOT;
}

int
list_again(struct run *r)
{
	link_unselect(&r->link[0]);
	return ask_status(r, to_repeat);
}

/* ---- this side's ---- */

/* Maildirs where their mailboxes' names have them; the others are left. */
static void
take_folder(void *to, const char *path)
{
	struct found *f = to;
	struct run *r = f->r;
	struct buf name = { .max = 4096 };
	struct seen *b = seen_at(f, path);	/* Inbox/x is INBOX/x here */

	if (b == NULL && naming_name(r->o, &name, str_of(path), r->sep) == 0)
		b = seen_named(f, canonical(BUF_STR(name)));
	if (b != NULL && strcmp(b->path, path) == 0)
		b->near = true;
	else
		opt_list_add(&r->arena, &f->left, arena_dup(&r->arena,
		    str_of(path)));
	buf_free(&name);
}

/* It may be where no others are looked for. */
static void
take_inbox(struct found *f)
{
	const char *path = f->r->o->inbox;
	struct seen *b = path != NULL ? seen_at(f, path) : NULL;
	struct stamp now;
	bool racy;

	if (b != NULL && near_dir_stamp(f->r->root, path, &now, &racy) == 0)
		b->near = true;
}

/* All places of a name, and of the one that it has here. */
static void
note_place(struct found *f, struct places *p, const char *name, bool dots)
{
	struct run *r = f->r;
	struct buf near = { .max = 4096 };

	map_near(&r->o->map, str_of(name), r->sep, &near);
	places_note(p, name, BUF_STR(near), r->sep, &r->o->how, dots);
	if (!str_eq(BUF_STR(near), str_of(name)))
		places_note(p, name, str_of(name), r->sep, &r->o->how, dots);
	buf_free(&near);
}

/* Of names that have no Maildir yet, or might have another one. */
static void
note_places(struct found *f, struct places *p)
{
	struct run *r = f->r;
	const struct seen *s;
	size_t i;

	for (i = 0; i < f->n; i++) {
		s = &f->v[i];
		note_place(f, p, s->name, !s->near && (r->index.n == 0 ||
		    index_find(&r->index, str_of(s->name)) != NULL));
	}
	for (i = 0; i < r->index.n; i++)
		if (seen_named(f, str_of(r->index.v[i].box)) == NULL)
			note_place(f, p, r->index.v[i].box, true);
}

/* The name that the path is in modified UTF-7; false: it is not. */
static bool
old_name(struct run *r, const char *path, struct buf *to)
{
	struct buf plain = { .max = 4096 };
	struct buf near = { .max = 4096 };
	bool is = !r->o->how.utf7 && names_from_path(&plain, str_of(path),
	    r->sep, &r->o->how) == 0 &&
	    utf7_decode(&near, BUF_STR(plain)) == 0 && near.n != plain.n &&
	    map_far(&r->o->map, BUF_STR(near), r->sep, to);

	buf_free(&near);
	buf_free(&plain);
	return is;
}

/* Was it a mailbox of its own in the last run? */
static bool
is_known(struct run *r, const char *path)
{
	struct buf name = { .max = 4096 };
	bool is = naming_name(r->o, &name, str_of(path), r->sep) == 0 &&
	    index_find(&r->index, BUF_STR(name)) != NULL;

	buf_free(&name);
	return is;
}

/* The Maildir of that mailbox, though its name has it elsewhere. */
static void
take_place(struct found *f, struct str name, const char *path)
{
	struct run *r = f->r;
	struct seen *b;

	if (!imap_nameable(name) || !is_synced(r, name, r->sep))
		return;
	if ((b = seen_named(f, name)) == NULL)
		b = seen_add(f, name, path);
	if (b->near) {
		report_problem(&r->report, EX_DATAERR, b->name, "it has the Maildir %s: another one, %s, is left out",
		    b->path, path);
		return;
	}
	table_del(&f->path, f, (size_t)(b - f->v));
	b->path = path;
	table_add(&f->path, f, (size_t)(b - f->v));
	b->near = true;
	if (r->report.dry_run || r->report.verbose)
		report_problem(&r->report, 0, b->name, "its Maildir is %s",
		    path);
}

/* Would it be a mailbox's, but for the rules of names? */
static bool
mapped_away(const struct run *r, const char *path)
{
	struct buf name = { .max = 4096 }, far = { .max = 4096 };
	bool is = names_from_path(&name, str_of(path), r->sep, &r->o->how) ==
	    0 && is_synced(r, BUF_STR(name), r->sep) &&
	    naming_name(r->o, &far, str_of(path), r->sep) < 0;

	buf_free(&name);
	buf_free(&far);
	return is;
}

static void
take_left(struct found *f, const struct places *p, const char *path)
{
	struct run *r = f->r;
	struct buf name = { .max = 4096 };
	bool known = is_known(r, path);
	const char *is = known ? NULL : places_find(p, path);
	const char *owner = owner_of(f, path);

	if (owner != NULL && is_synced(r, str_of(owner), r->sep))
		seen_add(f, str_of(owner), path)->near = true;
	else if (is != NULL)
		take_place(f, canonical(str_of(is)), path);
	else if (!known && old_name(r, path, &name))
		take_place(f, BUF_STR(name), path);
	else if (naming_name(r->o, &name, str_of(path), r->sep) == 0 && imap_nameable(BUF_STR(name)) &&
	    is_synced(r, BUF_STR(name), r->sep))
		seen_add(f, BUF_STR(name), path)->near = true;
	else if (mapped_away(r, path))
		report_problem(&r->report, EX_DATAERR, path, "by --map no mailbox has this Maildir: it is left out");
	buf_free(&name);
}

static void
take_others(struct found *f)
{
	struct places p = { .n = 0 };
	size_t i;

	if (f->left.n > 0)
		note_places(f, &p);
	for (i = 0; i < f->left.n; i++)
		take_left(f, &p, f->left.v[i]);
	places_free(&p);
}

/* Drops entries of folders that are on neither side now. */
static void
take_index(struct found *f)
{
	struct run *r = f->r;
	struct buf path = { .max = 4096 };
	size_t i;

	for (i = 0; i < r->index.n; i++) {
		struct str name = str_of(r->index.v[i].box);

		path.n = 0;
		if (seen_named(f, name) != NULL ||
		    !is_synced(r, name, r->sep) ||
		    naming_path(r->o, &path, name, r->sep) < 0)
			continue;
		seen_add(f, name, path.p != NULL ? path.p : "");
	}
	buf_free(&path);
}

static int
found_find(struct found *f)
{
	struct run *r = f->r;
	struct imap *m = &r->link[0].imap;

	if (r->o->listed == LISTED_SUBSCRIBED && !imap_list_says_subscribed(m) &&
	    found_hear(f, m, imap_ask_lsub(m), "LSUB") < 0)
		return -1;
	if (found_hear(f, m, imap_ask_list(m, "*", r->listing ?
	    IMAP_LIST_SIZES : IMAP_LIST_COUNTS), "LIST") < 0)
		return -1;
	if (r->root >= 0 && near_dir_folders(r->root, r->o->how.layout, take_folder, f, r->e) < 0)
		return -1;
	take_inbox(f);
	take_others(f);
	take_index(f);
	return 0;
}

int
list_find(struct run *r)
{
	struct found f = { .r = r, .name.text = seen_name,
	    .path.text = path_at, .owner.text = place_at };
	int got;
	struct box *b;
	bool racy;
	size_t i;

	name_set_free(&r->unsubscribed);
	got = found_find(&f);
	if (got == 0 && r->o->policy.far_delete == FAR_TRASH &&
	    r->o->trash != NULL && r->trash == NULL)
		got = fail(r->e, EX_CONFIG, "--trash %s: there is no such mailbox on the server",
		    r->o->trash);
	if (got == 0)
		become(&f);
	found_free(&f);
	if (got == 0 && (r->link[0].imap.caps & IMAP_LIST_STATUS) == 0)
		got = ask_status(r, uncounted);
	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		b->was_known = box_entry(b) != NULL;
		b->near.racy = !b->near.is || near_dir_stamp(r->root, b->path,
		    &b->near.stamp, &racy) != 0 || racy;
	}
	return got;
}

/* ---- what is to be looked into ---- */

static void
judge_box(struct run *r, struct box *b, bool anew, bool window)
{
	struct entry *e = index_find(&r->index, str_of(b->name));
	b->far.dirty = e == NULL || e->dirty || !b->far.counted ||
	    !mark_same(&e->mark, &b->far.now);
	b->near.dirty = e == NULL || e->dirty || b->near.racy ||
	    !stamp_same(&e->stamp, &b->near.stamp);
	b->near.dirty |= r->o->policy.reupload || r->o->accept_mode || anew;
	b->far.dirty |= window && (anew || b->near.dirty);
	if (b->phase != BOX_LEFT && (b->far.dirty || b->near.dirty ||
	    r->o->policy.purge != PURGE_NONE))
		b->phase = BOX_DUE;
}

void
list_dirty(struct run *r)
{
	const bool anew = asked_anew(r), window = asked_window(r);
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if ((b->far.is && b->near.is) || (r->o->dry_run && (b->far.is ||
		    b->near.is)))
			judge_box(r, b, anew, window);
	}
}
