/*
 * proof.c: nothing is deleted on the server that is here and not there
 *
 * A message whose file is gone from one Maildir may have gone to another one,
 * and from there not to the server: an APPEND or a CREATE that was refused, a
 * folder that is not synced.  Then the server has the only other copy, so its
 * deletion waits.  One place decides, whatever the reason is.
 *
 * A file is that message if it has the same ident, and the same size where the
 * ident is not that of a Message-ID.  Most files cannot be it by their size or
 * inode, and are not opened.  Of a folder that is not synced it is kept who its
 * files are; one that did not change since is not even listed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "faces.h"
#include "fail.h"
#include "flags.h"
#include "held.h"
#include "ident.h"
#include "index.h"
#include "mark.h"
#include "mem.h"
#include "names.h"
#include "naming.h"
#include "near_dir.h"
#include "plan.h"
#include "proof.h"
#include "report.h"
#include "search.h"
#include "settings.h"
#include "state.h"
#include "stop.h"
#include "str.h"
#include "stub.h"
#include "table.h"
#include "wire.h"

enum { CHANGED = 1024 };	/* bytes of header fields others may add */

/* A message that is to be deleted on the server. */
struct doomed {
	struct box *b;
	size_t act;		/* of b's plan */
	uint64_t ident;		/* 0: not known */
	uint64_t ino;		/* of the file that it was here */
	uint32_t uid, size;
	const char *held;	/* the folder where it still is; or NULL */
	bool left_out;		/* that one is not synced: see held.h */
};

/* A file that a run would have put in step by now. */
struct planned {
	const struct box *b;
	struct str name;
};

struct proof {
	struct run *r;
	struct doomed *v;	/* sorted by ident */
	uint64_t *inos;		/* of them, sorted */
	uint32_t *sizes;	/* of them, sorted */
	size_t n;
	struct table at;	/* the run's mailboxes by their paths */
	struct planned *planned;	/* sorted; of a dry run alone */
	size_t nplanned;
	/* the Maildir that is looked at */
	const char *path;
	struct box *b;		/* or NULL: it is no mailbox of this run */
	struct near_dir dir;
	struct state *state;	/* of b; or NULL: none of it is there */
	struct state own;	/* it, if the run has not opened b */
	struct faces was, now;	/* of a folder that is not synced */
	const char *where;	/* path, the run's; NULL until it is needed */
	bool blind;		/* it cannot be read */
	bool inbox;		/* that of the option was looked at */
	struct held told;
};

/* ---- what is to be deleted ---- */

static int
by_ident(const void *a, const void *b)
{
	return search_order(((const struct doomed *)a)->ident,
	    ((const struct doomed *)b)->ident);
}

static int
ident_order(const void *key, const void *d)
{
	return search_order(*(const uint64_t *)key,
	    ((const struct doomed *)d)->ident);
}

static int
u64_order(const void *key, const void *element)
{
	return search_order(*(const uint64_t *)key,
	    *(const uint64_t *)element);
}

static void
doom(struct proof *p, struct box *b, size_t act)
{
	const struct act *a = &b->plan->v[act];
	const struct rec *rec = state_by_uid(b->state, a->uid);
	struct doomed d = { .b = b, .act = act, .uid = a->uid };

	if (rec != NULL) {
		d.ident = rec->ident;
		d.ino = rec->ino;
		d.size = rec->size;
	}
	p->v[p->n++] = d;
}

static void
proof_collect(struct proof *p)
{
	struct run *r = p->r;
	size_t i, k, most = 0;

	for (i = 0; i < r->nboxes; i++)
		if (box_busy(&r->boxes[i]))
			most += r->boxes[i].plan->count[ACT_FAR_DELETE];
	if (most == 0)
		return;
	p->v = mem_new(most, sizeof *p->v);
	p->inos = mem_new(most, sizeof *p->inos);
	p->sizes = mem_new(most, sizeof *p->sizes);
	for (i = 0; i < r->nboxes; i++)
		for (k = 0; box_busy(&r->boxes[i]) &&
		    plan_next(r->boxes[i].plan, ACT_FAR_DELETE, &k); k++)
			doom(p, &r->boxes[i], k);
	qsort(p->v, p->n, sizeof *p->v, by_ident);
	for (i = 0; i < p->n; i++) {
		p->inos[i] = p->v[i].ino;
		p->sizes[i] = p->v[i].size;
	}
	qsort(p->inos, p->n, sizeof *p->inos, u64_order);
	qsort(p->sizes, p->n, sizeof *p->sizes, search_u32);
}

/* ---- what a dry run leaves undone ---- */

static int
planned_order(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;

	if (x->b != y->b)
		return search_order((uintptr_t)x->b, (uintptr_t)y->b);
	if (x->name.n != y->name.n)
		return search_order(x->name.n, y->name.n);
	return memcmp(x->name.p, y->name.p, x->name.n);
}

static void
plan_file(struct proof *p, struct box *b, uint32_t file)
{
	p->planned[p->nplanned++] = (struct planned){ .b = b,
	    .name = near_dir_base(b->near.dir, &b->near.dir->v[file]) };
}

static void
proof_foresee(struct proof *p)
{
	struct run *r = p->r;
	const struct act *a;
	size_t i, k, most = 0;

	for (i = 0; i < r->nboxes; i++)
		if (box_busy(&r->boxes[i]))
			most += r->boxes[i].plan->n;
	p->planned = mem_new(most + 1, sizeof *p->planned);
	for (i = 0; i < r->nboxes; i++)
		for (k = 0; box_busy(&r->boxes[i]) &&
		    k < r->boxes[i].plan->n; k++) {
			a = &r->boxes[i].plan->v[k];
			if (a->kind == ACT_FAR_MOVE)
				plan_file(p, a->to, a->to_file);
			else if (a->kind == ACT_PUSH ||
			    a->kind == ACT_FAR_COPY || a->kind == ACT_PAIR)
				plan_file(p, &r->boxes[i], a->file);
		}
	qsort(p->planned, p->nplanned, sizeof *p->planned, planned_order);
}

static bool
is_planned(const struct proof *p, const struct near_msg *m)
{
	struct planned key = { .b = p->b, .name = near_dir_base(&p->dir, m) };

	return p->b != NULL && search_exact(&key, p->planned, p->nplanned,
	    sizeof key, planned_order) < p->nplanned;
}

/* ---- the doomed by their ident ---- */

/* The first of them with that ident; n: none. */
static size_t
proof_first(const struct proof *p, uint64_t ident)
{
	size_t i = search_lower(&ident, p->v, p->n, sizeof *p->v, ident_order);

	return i < p->n && p->v[i].ident == ident ? i : p->n;
}

/* A folder that is synced holds it, or one that is not. */
static bool
is_inbox(const struct run *r, const char *path)
{
	return r->o->inbox != NULL && strcmp(r->o->inbox, path) == 0;
}

static void
hold(struct proof *p, struct doomed *d)
{
	bool left_out = p->b == NULL && !p->blind;

	if (d->held != NULL && (!d->left_out || left_out))
		return;
	if (p->where == NULL)
		p->where = arena_dup(&p->r->arena, str_of(p->path[0] != '\0' &&
		    !is_inbox(p->r, p->path) ? p->path : "INBOX"));
	d->held = p->where;
	d->left_out = left_out;
}

/* ---- is that file one of them? ---- */

/* On the wire it has up to twice its bytes: LF is CRLF there. */
static bool
size_fits(const struct proof *p, uint64_t bytes)
{
	uint64_t low = bytes > CHANGED ? bytes - CHANGED : 0;
	uint64_t high = 2 * bytes + CHANGED;
	uint32_t from = low < UINT32_MAX ? (uint32_t)low : UINT32_MAX;
	size_t i = search_lower(&from, p->sizes, p->n, sizeof *p->sizes,
	    search_u32);

	return i < p->n && p->sizes[i] <= high;
}

static bool
ino_fits(const struct proof *p, uint64_t ino)
{
	size_t i = search_lower(&ino, p->inos, p->n, sizeof *p->inos,
	    u64_order);

	return i < p->n && p->inos[i] == ino;
}

static uint32_t
size_of(const struct outgo *o)
{
	return o->wire < UINT32_MAX ? (uint32_t)o->wire : UINT32_MAX;
}

/* An upload that was accepted: its UID alone is not known yet. */
static bool
proof_accepted(const struct proof *p, const struct near_msg *m)
{
	const struct pend *pend;
	size_t i;

	for (i = 0; p->state != NULL && i < p->state->npend; i++) {
		pend = &p->state->pend[i];
		if (pend->kind == PEND_UPLOAD && str_eq(str_of(pend->name),
		    near_dir_base(&p->dir, m)))
			return true;
	}
	return false;
}

/*
 * A header without its body, of which the server need only say that it has
 * copied the message: whether it has, the next pass asks.
 */
static bool
proof_stub(int fd)
{
	struct err quiet = { 0 };

	return stub_is(fd, &quiet) != 0;
}

/* Has its size on the wire to be known, too? */
static bool
size_counts(const struct proof *p, uint64_t ident)
{
	return proof_first(p, 0) < p->n || !ident_sure(ident);
}

/* Marks all with that ident as held; without a Message-ID the size counts. */
static void
hold_those(struct proof *p, uint64_t ident, uint32_t wire)
{
	size_t i;

	for (i = proof_first(p, ident); i < p->n && p->v[i].ident == ident; i++)
		if (ident_sure(ident) || p->v[i].size == wire)
			hold(p, &p->v[i]);
	for (i = proof_first(p, 0); i < p->n && p->v[i].ident == 0; i++)
		if (p->v[i].size == wire)
			hold(p, &p->v[i]);
}

/* f, if it is not NULL, learns who the file is. */
static int
proof_compare(struct proof *p, const struct near_msg *m, struct face *f,
    int fd, struct err *e)
{
	struct outgo o = { 0 };
	uint64_t ident;
	bool size;

	if (outgo_head(&o, fd, e) < 0)
		return -1;
	ident = o.ident;
	size = size_counts(p, ident);
	if (f != NULL)
		f->ident = ident;
	if ((proof_first(p, ident) == p->n && proof_first(p, 0) == p->n) ||
	    (proof_accepted(p, m) && !proof_stub(fd)))
		return 0;
	if (size && outgo_look(&o, fd, e) < 0)
		return -1;
	if (f != NULL && size)
		f->wire = size_of(&o);
	hold_those(p, ident, size_of(&o));
	return 0;
}

static int
open_and_compare(struct proof *p, const struct near_msg *m, struct face *f)
{
	struct err e = { 0 };
	int fd = near_dir_read(&p->dir, m, &e), got;

	if (fd < 0)
		return e.code == EX_NOINPUT ? 0 : -1;	/* gone by now */
	got = proof_compare(p, m, f, fd, &e);
	close(fd);
	return got;
}

/*
 * In step, or agreed to be here alone; but not one that came back while its
 * deletion was planned.
 */
static bool
proof_in_order(struct proof *p, const struct near_msg *m)
{
	const struct rec *rec;
	size_t i;

	if (p->state == NULL)
		return false;
	rec = state_by_name(p->state, near_dir_base(&p->dir, m));
	if (rec == NULL)
		return false;
	for (i = proof_first(p, rec->ident); i < p->n &&
	    p->v[i].ident == rec->ident; i++)
		if (p->v[i].b == p->b && p->v[i].uid == rec->uid)
			return false;
	return true;
}

/* ---- what is known of a folder that is not synced ---- */

static bool
is_candidate(const struct proof *p, const struct face *f)
{
	return ino_fits(p, f->ino) || size_fits(p, f->bytes);
}

/* Is known of it what has to be? */
static bool
face_tells(const struct proof *p, const struct face *f)
{
	return f->ident != 0 && (f->wire != 0 || !size_counts(p, f->ident) ||
	    (proof_first(p, f->ident) == p->n && proof_first(p, 0) == p->n));
}

/* All that are asked about are known; then nothing is listed. */
static bool
known_by_face(struct proof *p)
{
	const struct face *f = p->was.v;
	size_t i;

	for (i = 0; i < p->was.n; i++)
		if (is_candidate(p, &f[i]) && !face_tells(p, &f[i]))
			return false;
	for (i = 0; i < p->was.n; i++)
		if (is_candidate(p, &f[i]))
			hold_those(p, f[i].ident, f[i].wire);
	return true;
}

/* As it was known, or without more than its name. */
static struct face *
face_of(struct proof *p, const struct near_msg *m)
{
	struct face new = { .name = names_hash(near_dir_base(&p->dir, m)),
	    .ino = m->ino };
	const struct face *was = faces_find(&p->was, new.name, m->ino);
	struct face *f = faces_find(&p->now, new.name, m->ino);

	if (f != NULL)			/* the folder was listed again */
		return f;
	return faces_add(&p->now, was != NULL ? was : &new);
}

static bool
proof_look(void *of, const struct near_msg *m)
{
	struct proof *p = of;
	struct face one = { .ino = m->ino }, *f = &one;
	struct stat st;

	if (p->blind || stop_asked() || proof_in_order(p, m) ||
	    is_planned(p, m))
		return true;
	if (p->b == NULL)
		f = face_of(p, m);
	if (f->bytes == 0 && (p->b == NULL || !ino_fits(p, m->ino))) {
		if (fstatat(m->fresh ? p->dir.in.fresh : p->dir.in.cur,
		    near_dir_file(&p->dir, m), &st, AT_SYMLINK_NOFOLLOW) < 0)
			return true;
		f->bytes = (uint64_t)st.st_size < UINT32_MAX ?
		    (uint32_t)st.st_size : UINT32_MAX;
	}
	if (!is_candidate(p, f))
		return true;
	if (face_tells(p, f))
		hold_those(p, f->ident, f->wire);
	else
		p->blind = open_and_compare(p, m, f) < 0;
	return true;
}

/* ---- the Maildirs ---- */

static struct str
path_at(const void *of, size_t at)
{
	return str_of(((const struct run *)of)->boxes[at].path);
}

static struct box *
box_at(struct proof *p, const char *path)
{
	size_t i = table_text(&p->at, p->r, str_of(path));

	return i != TABLE_NONE ? &p->r->boxes[i] : NULL;
}

/* Is the Maildir as it was when last in step, so that its state says all? */
static bool
settled(const struct box *b)
{
	const struct entry *e = box_entry(b);
	struct stamp now;
	bool racy;

	if (near_dir_stamp(b->run->root, b->path, &now, &racy) != 0 || racy)
		return false;
	if (box_open(b))
		return !b->near.dirty && !b->near.scanned &&
		    stamp_same(&now, &b->near.stamp);
	return e != NULL && !e->dirty && stamp_same(&now, &e->stamp);
}

static int
proof_scan(struct proof *p)
{
	struct keywords none = { .n = 0 };
	struct err e = { 0 };
	int got = near_dir_open(&p->dir, p->r->root, p->path, false, &e);

	if (got == 0) {
		got = near_dir_agrees(&p->dir, &none, proof_look, p, 0, &e);
		near_dir_close(&p->dir);
	}
	flags_keywords_free(&none);
	return got < 0 || p->blind ? -1 : 0;
}

static int
look_left_out(struct proof *p)
{
	struct run *r = p->r;
	struct err e = { 0 };		/* it would be asked again */
	struct stamp now;
	bool racy;
	int got = 0;

	faces_read(&p->was, r->dir, p->path);
	if (near_dir_stamp(r->root, p->path, &now, &racy) != 0)
		racy = true;
	if (racy || !stamp_same(&now, &p->was.stamp) || !known_by_face(p)) {
		got = proof_scan(p);
		if (got == 0 && !racy && !r->o->dry_run && !stop_asked())
			faces_save(&p->now, r->dir, p->path, &now, &e);
	}
	faces_free(&p->was);
	faces_free(&p->now);
	return got;
}

/* A mailbox that is gone on the server has no message of its state. */
static int
look_into(struct proof *p)
{
	struct err e = { 0 };
	struct box *b = p->b;
	bool opened = false;
	int got;

	p->state = NULL;
	if (b == NULL)
		return look_left_out(p);
	if (b->far.is) {
		if (settled(b))
			return 0;
		if (b->opened)
			p->state = b->state;
		else if (state_open(&p->own, p->r->dir, str_of(b->name),
		    false, &e) == 0) {
			opened = true;
			p->state = &p->own;
		}
	}
	got = proof_scan(p);
	if (opened)
		state_drop_all(&p->own);
	return got;
}

/* Is it a folder whose messages are meant to be nowhere else? */
static bool
local_only(const struct run *r, const char *path)
{
	struct buf name = { .max = 4096 };
	bool is;

	if (r->o->local_only == NULL)
		return false;
	is = naming_name(r->o, &name, str_of(path), r->sep) == 0 &&
	    names_match(r->o->local_only, BUF_STR(name), r->sep);
	buf_free(&name);
	return is;
}

static void
proof_folder(void *of, const char *path)
{
	struct proof *p = of;
	size_t i;

	if (stop_asked())
		return;
	p->path = path;
	p->inbox |= is_inbox(p->r, path);
	p->b = box_at(p, path);
	p->where = NULL;
	p->blind = false;
	if (p->b == NULL && local_only(p->r, path))
		return;
	p->blind = look_into(p) < 0;
	if (p->blind)			/* anything may be in it */
		for (i = 0; i < p->n; i++)
			hold(p, &p->v[i]);
}

/* ---- what is held back ---- */

struct waiting {
	size_t n;
	const char *where;	/* one of the folders */
};

/* Tells of a held deletion that is not planned again in this run. */
static void
proof_tell(struct box *b, const struct waiting *w)
{
	box_outcome(b, BOX_PARTIAL);
	if (b->passes < PASSES && b->outcome == BOX_PARTIAL &&
	    !b->run->o->dry_run)
		return;
	report_problem(&b->run->report, EX_TEMPFAIL, b->name,
	    "%zu messages are not deleted on the server: they are here in files that are not there, or that cannot be read (%s); --allow-deletes %zu allows it",
	    w->n, w->where, w->n);
}

static void
tell_left_out(struct box *b, const struct waiting *w)
{
	report_problem(&b->run->report, EX_TEMPFAIL, b->name,
	    "%zu messages are not deleted on the server: they are here in a folder that is not synced (%s), and maybe nowhere else; --local-only '%s' lets them go, and so does --allow-deletes %zu",
	    w->n, w->where, w->where, w->n);
}

static void
keep_box(struct proof *p, struct box *b)
{
	struct waiting open = { 0 }, left_out = { 0 }, *w;
	size_t i, n = 0;

	for (i = 0; i < p->n; i++) {
		struct doomed *d = &p->v[i];

		if (d->b != b || d->held == NULL)
			continue;
		plan_become(b->plan, &b->plan->v[d->act], ACT_NOTHING);
		n++;
		if (d->left_out && held_told(&p->told, str_of(b->name),
		    b->state->mark.uidvalidity, d->uid))
			continue;
		w = d->left_out ? &left_out : &open;
		w->n++;
		w->where = d->held;
	}
	if (left_out.n > 0)
		tell_left_out(b, &left_out);
	if (open.n > 0)
		proof_tell(b, &open);
	else if (n > 0)
		box_outcome(b, BOX_HELD);
}

static int
proof_keep(struct proof *p)
{
	struct run *r = p->r;
	size_t i, all = 0;

	for (i = 0; i < p->n; i++)
		all += p->v[i].held != NULL;
	if (all <= r->o->allow)
		return 0;
	if (held_open(&p->told, r->dir, r->o->dry_run, r->e) < 0)
		return -1;
	for (i = 0; i < r->nboxes; i++)
		if (box_busy(&r->boxes[i]) &&
		    r->boxes[i].plan->count[ACT_FAR_DELETE] > 0)
			keep_box(p, &r->boxes[i]);
	return held_close(&p->told, r->e);
}

int
proof_hold(struct run *r)
{
	struct proof p = { .r = r, .at.text = path_at };
	size_t i;
	int got = 0;

	proof_collect(&p);
	for (i = 0; p.n > 0 && i < r->nboxes; i++)
		table_add(&p.at, r, i);
	if (p.n > 0 && r->o->dry_run)
		proof_foresee(&p);
	if (p.n > 0)
		got = near_dir_folders(r->root, r->o->how.layout, proof_folder, &p,
		    r->e);
	if (p.n > 0 && got == 0 && r->o->inbox != NULL && !p.inbox)
		proof_folder(&p, r->o->inbox);	/* it need not be below near */
	if (got == 0 && !stop_asked())
		got = proof_keep(&p);
	table_free(&p.at);
	free(p.v);
	free(p.inos);
	free(p.sizes);
	free(p.planned);
	return got;
}
