/*
 * near.c: a mailbox on this side: its state and its Maildir, joined
 *
 * A file is a rec's if it has its name; if nobody has the name but a new file
 * has the inode, a mail program has renamed it.  Inodes are used again, so
 * that is only believed of a file with the same ident and size: a draft's next
 * version may have its inode and its header.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "clock.h"
#include "flags.h"
#include "mark.h"
#include "near.h"
#include "near_dir.h"
#include "near_letters.h"
#include "net.h"
#include "plan.h"
#include "report.h"
#include "state.h"
#include "stop.h"
#include "stub.h"
#include "wire.h"

enum { SETTLE = 60 };			/* milliseconds */

/* A state that cannot be read is kept beside, and all is paired anew. */
static int
open_state(struct box *b)
{
	struct run *r = b->run;
	struct err *e = r->e;
	char file[32], *path, *aside;

	if (state_open(b->state, r->dir, str_of(b->name), true, e) == 0)
		return 0;
	if (e->code != EX_DATAERR || r->o->dry_run)
		return -1;
	report_problem(&r->report, 0, b->name, "%s; it is set aside", e->msg);
	fail_clear(e);
	state_file(file, str_of(b->name));
	path = arena_printf(&r->arena, "%s/%s", r->dir, file);
	aside = arena_printf(&r->arena, "%s.bad", path);
	if (rename(path, aside) < 0)
		return fail_sys(e, EX_IOERR, "%s", path);
	return state_open(b->state, r->dir, str_of(b->name), true, e);
}

int
near_open(struct box *b)
{
	struct run *r = b->run;

	box_begin(b);
	b->opened = true;
	if (open_state(b) < 0)
		return -1;
	/* a dry run, where it would be made: see folders.c */
	if (!b->near.is && !b->was_known && (state_reset(b->state, r->e) < 0 ||
	    state_mark(b->state, &(struct mark){ 0 }, NULL, r->e) < 0))
		return -1;
	state_sort(b->state);
	b->known = b->state->mark.uidvalidity != 0;
	if (!b->near.is)
		return 0;
	if (near_dir_open(b->near.dir, r->root, b->path, false, r->e) != 0) {
		fail(r->e, EX_TEMPFAIL, "%s/%s is gone", r->o->near, b->path);
		return 1;
	}
	return near_dir_writable(b->near.dir, r->e) < 0 ||
	    near_letters_load(b->near.dir, &b->state->keywords, r->e) < 0;
}

/* ---- scanning ---- */

/* Is the directory that was scanned still the one at this path?  0, or -1. */
static int
in_place(struct box *b)
{
	struct stamp now;
	bool racy;

	if (near_dir_stamp(b->run->root, b->path, &now, &racy) == 0 &&
	    now.cur_ino == b->near.dir->seen.cur_ino &&
	    now.new_ino == b->near.dir->seen.new_ino)
		return 0;
	return fail(b->run->e, EX_TEMPFAIL, "%s/%s: it was replaced while it was read",
	    b->run->o->near, b->path);
}

static int
scan_dir(struct box *b)
{
	return near_dir_scan(b->near.dir, &b->state->keywords, b->run->e) < 0 ?
	    -1 : in_place(b);
}

/* ---- joining ---- */

int
near_look(const struct box *b, uint32_t file, bool whole, struct outgo *o,
    struct err *e)
{
	int fd = near_dir_read(b->near.dir, &b->near.dir->v[file], e), got;

	if (fd < 0)
		return -1;
	got = whole ? outgo_look(o, fd, e) : outgo_head(o, fd, e);
	close(fd);
	return got;
}

bool
near_is_stub(const struct box *b, const struct near_msg *m)
{
	struct err quiet = { 0 };
	int fd = near_dir_read(b->near.dir, m, &quiet);
	bool is = fd >= 0 && stub_is(fd, &quiet) > 0;

	if (fd >= 0)
		close(fd);
	return is;
}

static bool
is_it(const struct box *b, uint32_t file, const struct rec *rec)
{
	struct outgo o = { 0 };
	struct err quiet = { 0 };

	return near_look(b, file, true, &o, &quiet) == 0 &&
	    o.ident == rec->ident && rec->size == (o.wire < UINT32_MAX ?
	    (uint32_t)o.wire : UINT32_MAX);
}

static void
join_names(struct box *b)
{
	struct rec *rec;
	size_t i, at;

	for (i = 0; i < b->near.dir->n; i++) {
		rec = state_by_name(b->state, near_dir_base(b->near.dir,
		    &b->near.dir->v[i]));
		if (rec == NULL)
			continue;
		at = (size_t)(rec - b->state->rec);
		if (b->near.file_of[at] == NONE ||
		    (b->near.dir->v[b->near.file_of[at]].ino != rec->ino &&
		    b->near.dir->v[i].ino == rec->ino)) {
			if (b->near.file_of[at] != NONE)
				b->near.rec_of[b->near.file_of[at]] = NONE;
			b->near.file_of[at] = (uint32_t)i;
			b->near.rec_of[i] = (uint32_t)at;
		}
	}
}

static int
renamed(struct box *b, size_t at, size_t i)
{
	struct rec rec = b->state->rec[at];
	struct str base = near_dir_base(b->near.dir, &b->near.dir->v[i]);
	char name[256];

	if (base.n >= sizeof name)
		return 0;
	str_copy(name, base);
	name[base.n] = '\0';
	rec.ino = b->near.dir->v[i].ino;
	rec.far_only = false;
	b->near.renames++;
	return state_put(b->state, &rec, name, b->run->e);
}

/* Places in the state are only good until one is renamed. */
static int
by_inode(struct box *b)
{
	size_t i, at, n = b->state->n;
	struct rec *rec;

	for (i = 0; i < b->near.dir->n; i++) {
		if (b->near.rec_of[i] != NONE)
			continue;
		rec = state_by_ino(b->state, b->near.dir->v[i].ino);
		if (rec == NULL)
			continue;
		at = (size_t)(rec - b->state->rec);
		if (at < n && b->near.file_of[at] == NONE &&
		    is_it(b, (uint32_t)i, rec)) {
			b->near.file_of[at] = (uint32_t)i;
			if (renamed(b, at, i) < 0)
				return -1;
		}
	}
	return 0;
}

/*
 * A download whose record was lost, of a message that was there alone: of one
 * that was never here the file says who it is, and any may be a stub now.
 * False: it has no file, whatever a list says that is older.
 */
static bool
look_again(struct box *b, uint32_t file, struct rec *rec)
{
	struct outgo o = { 0 };
	struct err quiet = { 0 };
	int fd = near_dir_read(b->near.dir, &b->near.dir->v[file], &quiet);
	bool stub;

	if (fd < 0)
		return false;
	stub = stub_is(fd, &quiet) > 0;
	if (outgo_look(&o, fd, &quiet) == 0 && (rec->ident == 0 ||
	    (stub && rec->ident == o.ident))) {
		rec->ident = o.ident;
		rec->size = o.wire < UINT32_MAX ? (uint32_t)o.wire : UINT32_MAX;
		rec->stub = stub;
	}
	close(fd);
	return true;
}

/* Those that were there alone and have a file again are in step. */
static int
back_again(struct box *b)
{
	struct rec rec;
	size_t i;

	for (i = 0; i < b->state->n; i++) {
		rec = b->state->rec[i];
		if (b->near.file_of[i] == NONE || !rec.far_only ||
		    !look_again(b, b->near.file_of[i], &rec))
			continue;
		rec.far_only = false;
		if (state_put(b->state, &rec, state_name(b->state, &rec),
		    b->run->e) < 0)
			return -1;
	}
	return 0;
}

static int
join(struct box *b)
{
	size_t i;

	free(b->near.file_of);
	free(b->near.rec_of);
	b->near.file_of = mem_new(b->state->n + 1, sizeof *b->near.file_of);
	b->near.rec_of = mem_new(b->near.dir->n + 1, sizeof *b->near.rec_of);
	for (i = 0; i < b->state->n; i++)
		b->near.file_of[i] = NONE;
	for (i = 0; i < b->near.dir->n; i++)
		b->near.rec_of[i] = NONE;
	join_names(b);
	return back_again(b) < 0 ? -1 : by_inode(b);
}

int
near_scan(struct box *b)
{
	if (!b->near.scanned && b->near.is && scan_dir(b) < 0)
		return stop_asked() ? -1 : 1;
	b->near.scanned = true;
	flags_give(&b->near.dir->letters, &b->state->keywords);
	do {			/* a new name is a new place in the state */
		b->near.renames = 0;
		state_sort(b->state);
		if (join(b) < 0)
			return -1;
	} while (b->near.renames > 0);
	return 0;
}

/* ---- afterwards ---- */

static bool
as_agreed(void *of, const struct near_msg *m)
{
	struct box *b = of;
	uint64_t mask = flags_lettered(&b->near.dir->letters);
	const struct rec *rec = state_by_name(b->state,
	    near_dir_base(b->near.dir, m));

	return rec != NULL && !rec->far_only && ((rec->kind != REC_LIVE &&
	    !b->run->o->policy.mirror) ||
	    ((rec->flags ^ m->flags) & (m->vague ? mask & 0xff : mask)) == 0);
}

static bool
agrees(struct box *b)
{
	return near_dir_agrees(b->near.dir, &b->state->keywords, as_agreed, b,
	    state_near(b->state), b->run->e) > 0 && in_place(b) == 0;
}

bool
near_settled(struct box *b, struct stamp *st)
{
	int i, ms;

	state_sort(b->state);
	for (i = 0; i < 3; i++) {
		/* of a clock that is too coarse no proof is waited for */
		if ((ms = near_dir_calm(b->near.dir)) > 0 && ms <= SETTLE)
			net_poll(NULL, 0, clock_ms() + ms);
		b->near.scanned = false;
		if (!agrees(b))
			return false;
		*st = b->near.dir->seen;
		if (!b->near.dir->racy)
			return true;
		if (ms > SETTLE)
			break;
	}
	*st = (struct stamp){ 0 };
	return true;
}
