/*
 * folders.c: whole folders: made and removed on the other side
 *
 * A folder that was on both sides last time, is gone on one and was not renamed
 * counts as unavailable: nothing is deleted for that, unless --folders delete
 * is set and it is still gone in the next run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "box.h"
#include "brake.h"
#include "file.h"
#include "flags.h"
#include "folders.h"
#include "folders_rename.h"
#include "folders_who.h"
#include "imap.h"
#include "imap_box.h"
#include "index.h"
#include "link.h"
#include "mark.h"
#include "matches.h"
#include "names.h"
#include "near_dir.h"
#include "report.h"
#include "roster.h"
#include "settings.h"
#include "state.h"
#include "stop.h"

/* ---- gone ---- */

static int
forget_folder(struct box *b)
{
	if (b->run->o->dry_run)
		return 0;
	index_drop(&b->run->index, str_of(b->name));
	return state_remove(b->run->dir, str_of(b->name), b->run->e);
}

static bool
brake(struct box *b, uint64_t n, const char *what)
{
	struct run *r = b->run;

	if (!brake_folder(n, r->o->allow))
		return false;
	report_problem(&r->report, EX_TEMPFAIL, b->name,
	    "%s, and it has %llu messages: it is kept (--allow-deletes %llu lets it go)",
	    what, (unsigned long long)n, (unsigned long long)n);
	return true;
}

static bool
was_there(struct state *s, struct str base)
{
	const struct rec *rec = state_by_name(s, base);

	return rec != NULL && rec->kind == REC_LIVE && rec->uid != 0;
}

/* How many came into it since it was last in step; all without a state. */
static size_t
never_there(struct box *b, const struct near_dir *l)
{
	struct run *r = b->run;
	struct state s;
	size_t i, n = 0;

	if (state_open(&s, r->dir, str_of(b->name), false, r->e) != 0) {
		fail_clear(r->e);
		return l->n;
	}
	for (i = 0; i < l->n; i++)
		n += !was_there(&s, near_dir_base(l, &l->v[i]));
	state_drop_all(&s);
	return n;
}

static bool
only_known(struct box *b, struct near_dir *l)
{
	struct run *r = b->run;
	size_t strange;

	if (brake(b, l->n, b->was_known ? "the mailbox is gone from the server" :
	    "it is not on the server"))
		return false;
	if (r->o->policy.mirror)
		return true;
	strange = never_there(b, l);
	if (strange > 0)
		report_problem(&r->report, EX_TEMPFAIL, b->name, "the mailbox is gone from the server, and %zu files here were never there: the Maildir is kept",
		    strange);
	return strange == 0;
}

/* A dry run tells what would become of a folder, and ends there: true. */
static bool
shown(const struct box *b, const char *what)
{
	if (b->run->o->dry_run)
		box_folder(b, what, NULL);
	return b->run->o->dry_run;
}

static int
empty_here(struct box *b)
{
	struct run *r = b->run;
	struct keywords none = { .n = 0 };
	struct near_dir l;
	size_t i;
	int got = near_dir_open(&l, r->root, b->path, false, r->e);

	if (got < 0)
		box_fault(b);
	if (got != 0)
		return 0;
	got = near_dir_scan(&l, &none, r->e);
	if (got == 0 && (!only_known(b, &l) || shown(b, "near-remove"))) {
		near_dir_close(&l);
		flags_keywords_free(&none);
		return 0;
	}
	for (i = 0; got == 0 && i < l.n; i++)
		got = near_dir_remove(&l, &l.v[i], r->o->policy.near_delete !=
		    NEAR_EXPUNGE || r->o->policy.mirror ? &r->attic : NULL,
		    r->e);
	if (got == 0)
		got = near_dir_sync(&l, r->e);
	near_dir_close(&l);
	flags_keywords_free(&none);
	if (got != 0)
		return got < 0 ? -1 : 0;
	if (near_dir_rmdir(r->root, b->path, r->e) < 0)
		return -1;
	box_folder(b, "near-remove", NULL);
	return forget_folder(b);
}

/* Are all that are there in the state?  1, 0, -1. */
static int
all_known(struct box *b, struct imap *m)
{
	struct run *r = b->run;
	uint32_t *uids = NULL;
	struct state s;
	size_t i, n = 0, known = 0;
	int got;

	if (state_open(&s, r->dir, str_of(b->name), false, r->e) != 0) {
		fail_clear(r->e);
		return 0;
	}
	got = imap_select(m, str_of(b->name), true);
	if (got == 0 && m->box.uidvalidity == s.mark.uidvalidity)
		got = imap_search(m, "ALL", &uids, &n);
	else if (got == 0)
		got = 1;
	for (i = 0; i < n; i++)
		known += state_by_uid(&s, uids[i]) != NULL;
	if (got == 0 && n != m->box.exists)
		got = 1;
	imap_ask_unselect(m);
	free(uids);
	state_drop_all(&s);
	return got < 0 ? -1 : got == 0 && known == n;
}

/* Outside of a window they are there alone, and no Maildir stands for them. */
static bool
some_there_alone(struct box *b)
{
	struct run *r = b->run;
	struct state s;
	bool is;

	if (state_open(&s, r->dir, str_of(b->name), false, r->e) != 0) {
		fail_clear(r->e);
		return true;
	}
	state_sort(&s);
	is = state_near(&s) < s.n;
	state_drop_all(&s);
	return is;
}

/*
 * It has nothing that was not here.  The numbers are those of before the last
 * run if that one changed something there: then each message is asked for.
 */
static int
nothing_strange(struct box *b, struct imap *m)
{
	const struct entry *e = box_entry(b);

	if (e == NULL || !b->far.counted ||
	    e->mark.uidvalidity != b->far.now.uidvalidity ||
	    some_there_alone(b))
		return 0;
	return (e->mark.uidnext == b->far.now.uidnext && e->mark.exists ==
	    b->far.now.exists) || (e->dirty ? all_known(b, m) : 0);
}

/* Is it as LIST said?  Mail that came since would go with it.  1, 0, -1. */
static int
still_counted(struct box *b, struct imap *m)
{
	const struct mark *was = &b->far.now;
	struct mark now = { 0 };
	unsigned tag = imap_ask_status(m, str_of(b->name));
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_STATUS &&
		    roster_take_items(m, &now) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return now.uidvalidity == was->uidvalidity &&
	    now.uidnext == was->uidnext && now.exists == was->exists;
}

static int
remove_there(struct box *b)
{
	struct run *r = b->run;
	struct imap *m = &r->link[0].imap;
	int got = nothing_strange(b, m);

	if (got > 0 && !r->o->dry_run)
		got = still_counted(b, m);
	if (got < 0)
		return -1;
	if (got == 0) {
		report_problem(&r->report, EX_TEMPFAIL, b->name, "the Maildir is gone here, and there is mail on the server that never was here: it is kept");
		return 0;
	}
	if (brake(b, b->far.now.exists, "the Maildir is gone here"))
		return 0;
	if (shown(b, "far-remove"))
		return 0;
	got = imap_wait(m, imap_ask_delete(m, str_of(b->name)));
	if (got < 0)
		return -1;
	if (got > 0) {
		report_problem(&r->report, EX_TEMPFAIL, b->name, "not deleted: %s",
		    m->text);
		return 0;
	}
	box_folder(b, "far-remove", NULL);
	b->far.is = false;
	return forget_folder(b);
}

/* Gone there and kept here: tells how many messages came into it since. */
static int
kept(struct box *b)
{
	struct run *r = b->run;
	const struct entry *e = box_entry(b);
	struct keywords none = { .n = 0 };
	struct near_dir l;
	struct stamp now;
	bool racy;
	size_t n = 0;
	int got;

	if (r->o->account->verbose > 0)
		report_problem(&r->report, 0, b->name, "it is gone from the server: the Maildir is kept");
	if (near_dir_stamp(r->root, b->path, &now, &racy) == 0 && !racy &&
	    !e->dirty && stamp_same(&now, &e->stamp))
		return 0;
	got = near_dir_open(&l, r->root, b->path, false, r->e);
	if (got < 0)
		box_fault(b);
	if (got != 0)
		return 0;
	got = near_dir_scan(&l, &none, r->e);
	if (got == 0)
		n = never_there(b, &l);
	near_dir_close(&l);
	flags_keywords_free(&none);
	if (got < 0 && !stop_asked()) {
		box_fault(b);
		got = 0;
	}
	if (n > 0)
		report_problem(&r->report, EX_TEMPFAIL, b->name, "it is gone from the server, and %zu files here were never there: they are not uploaded",
		    n);
	return got;
}

/* ---- new ---- */

/* One that may not be opened is neither gone nor new: told, and left alone. */
static bool
shut_here(struct box *b)
{
	struct near_dir l;
	int got = near_dir_open(&l, b->run->root, b->path, false, b->run->e);

	if (got == 0)
		near_dir_close(&l);
	else if (got < 0)
		box_fault(b);
	return got < 0;
}

static int
make_there(struct box *b)
{
	struct imap *m = &b->run->link[0].imap;
	int got;

	if (shut_here(b) || shown(b, "far-create"))
		return 0;
	got = imap_wait(m, imap_ask_create(m, str_of(b->name)));
	if (got > 0)
		report_problem(&b->run->report, EX_UNAVAILABLE, b->name, "not created on the server: %s",
		    m->text);
	if (got != 0)
		return got < 0 ? -1 : 0;
	box_folder(b, "far-create", NULL);
	imap_ask_subscribe(m, str_of(b->name));
	b->far.is = true;
	return 0;
}

/*
 * The state of one that is not in the index, which can be lost, is of another
 * Maildir: by it all messages would be gone here.  Durably: the new one is.
 */
static int
forget_former(struct box *b)
{
	struct run *r = b->run;
	char file[32];
	const char *path;

	if (b->was_known)
		return 0;
	state_file(file, str_of(b->name));
	path = arena_printf(&r->arena, "%s/%s", r->dir, file);
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : fail_sys(r->e, EX_IOERR, "%s",
		    path);
	return file_sync_dir(r->dir, r->e);
}

static int
make_here(struct box *b)
{
	struct run *r = b->run;
	struct near_dir l;

	if (shown(b, "near-create"))
		return 0;
	if (forget_former(b) < 0)
		return -1;
	if (near_dir_open(&l, r->root, b->path, true, r->e) != 0) {
		if (faccessat(r->root, ".", W_OK | X_OK, AT_EACCESS) < 0)
			return -1;	/* none of them can be made */
		box_fault(b);
		return 0;
	}
	near_dir_close(&l);
	box_folder(b, "near-create", NULL);
	b->near.is = true;
	return 0;
}

/* It was on both sides, and is on one now. */
static int
half(struct box *b)
{
	struct run *r = b->run;
	struct entry *e = box_entry(b);

	if (!b->near.is && shut_here(b))
		return 0;
	if (b->far.is && r->o->policy.mirror && r->o->create_near)
		return make_here(b);
	if (!r->o->folders_delete || r->folders_kept || !((b->far.is ?
	    r->o->policy.far_gets : r->o->policy.near_gets) & GETS_GONE)) {
		b->phase = BOX_LEFT;
		if (b->far.is)
			report_problem(&r->report, EX_TEMPFAIL, b->name, "the Maildir %s/%s is gone: nothing is deleted on the server (--folders delete would)",
			    r->o->near, b->path);
		return b->far.is ? 0 : kept(b);
	}
	if (!e->missing) {
		b->phase = BOX_LEFT;
		e->missing = true;	/* if it is still so next time */
		return 0;
	}
	b->phase = BOX_LEFT;
	return b->far.is ? remove_there(b) : empty_here(b);
}

static int
agree(struct box *b)
{
	struct run *r = b->run;
	int got = 0;

	if (b->far.is && b->near.is) {
		struct entry *e = box_entry(b);

		if (e != NULL)
			e->missing = false;
		return 0;
	}
	if (b->was_known) {
		if (!b->far.is && !b->near.is)
			return forget_folder(b);
		return half(b);
	}
	if (b->near.is && r->o->create_far)
		got = make_there(b);
	else if (b->far.is && r->o->create_near)
		got = make_here(b);
	else
		b->phase = BOX_LEFT;
	if (b->near.is && !b->far.is && r->o->policy.mirror &&
	    !r->folders_kept)
		got = empty_here(b);
	return got;
}

/* ---- renamed ---- */

enum side { SIDE_NEAR, SIDE_FAR };

/* One that has another name on the other side, and is to have it here. */
struct rename {
	struct box *from, *to;		/* from is NULL: done, or given up */
};

static bool
side_has(const struct box *b, enum side side)
{
	return side == SIDE_NEAR ? b->near.is : b->far.is;
}

/*
 * What has moved on both sides is known by its name there from here on; if the
 * name here is another, the mailbox there gets that.
 */
static int
moved_on_both(struct run *r, struct box **far, struct box **near)
{
	struct box *b, *to;
	size_t i, k;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		to = far[i];
		if (to == NULL || near[i] == NULL || to == b || near[i] == b ||
		    to->was_known)
			continue;
		k = (size_t)(to - r->boxes);
		if (r->o->dry_run)
			b->phase = to->phase = near[i]->phase = BOX_LEFT;
		else if (folders_follow(b, to) < 0)
			return -1;
		far[k] = to;
		near[k] = near[i];
		far[i] = near[i] = NULL;
	}
	return 0;
}

/*
 * What to rename on that side: where it has moved on the other one, and is
 * where it was on this one.
 */
static size_t
to_rename(struct run *r, struct box *const *moved, struct box *const *here,
    enum side side, struct rename *v)
{
	struct box *b;
	size_t i, n = 0;

	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (moved[i] != NULL && moved[i] != b && here[i] != NULL &&
		    here[i] == b && side_has(b, side))
			v[n++] = (struct rename){ b, moved[i] };
	}
	return n;
}

/* A dry run has told it, and can tell no more of these two. */
static int
rename_told(struct box *b, struct box *to)
{
	b->was_known = false;
	if ((b->far.is || b->near.is) && agree(b) < 0)
		return -1;
	b->phase = to->phase = BOX_LEFT;
	return 0;
}

static int
rename_one(struct rename *x, enum side side)
{
	struct box *b = x->from;
	int got = side == SIDE_NEAR ? folders_rename_near(b, x->to) :
	    folders_rename_far(b, x->to);

	x->from = NULL;
	if (got == 0 && b->run->o->dry_run)
		return rename_told(b, x->to);
	return got < 0 ? -1 : 0;
}

/* The one that begins where this one ends; or NULL. */
static struct rename *
rename_next(const struct rename *x, struct rename *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].from == x->to)
			return &v[i];
	return NULL;
}

/* Do the renames that begin with this one end at it? */
static bool
in_circle(struct rename *x, struct rename *v, size_t n)
{
	struct rename *y = x;
	size_t i;

	for (i = 0; i < n && (y = rename_next(y, v, n)) != NULL; i++)
		if (y == x)
			return true;
	return false;
}

/*
 * One of a circle makes room, and has a name of its own until its turn comes.
 * If a crash leaves it there, the next run finds it as it finds all others.
 */
static int
ring_open(struct rename *x, enum side side)
{
	struct box *b = x->from, *room;
	struct run *r = b->run;
	struct buf path = { .max = 4096 };
	unsigned n = 1;
	int got = 0;

	room = arena_new(&r->arena, 1, sizeof *room);
	*room = (struct box){ .run = r };
	do
		room->name = arena_printf(&r->arena, "%s~%u", b->name, n++);
	while (box_named(r, room->name) != NULL);
	x->from = NULL;
	if ((side == SIDE_NEAR || !folders_above(b)) && names_to_path(&path,
	    str_of(room->name), r->sep, &r->o->how) == 0) {
		room->path = arena_dup(&r->arena, BUF_STR(path));
		got = side == SIDE_NEAR ? folders_rename_near(b, room) :
		    folders_rename_far(b, room);
		if (got == 0)
			x->from = room;
	}
	buf_free(&path);
	return got < 0 ? -1 : 0;
}

/* Its new name is free on that side, and it takes nothing along by mistake. */
static bool
may_rename(const struct rename *x, const struct rename *v, size_t n,
    enum side side)
{
	size_t i;

	if (x->from == NULL || side_has(x->to, side))
		return false;
	for (i = 0; side == SIDE_FAR && i < n; i++)
		if (v[i].from != NULL && folders_first(v[i].from, v[i].to,
		    x->from, x->to))
			return false;
	return true;
}

/* Each as soon as it may. */
static int
rename_all(struct rename *v, size_t n, enum side side)
{
	bool more = true;
	size_t i;

	while (more) {
		more = false;
		for (i = 0; i < n; i++) {
			if (!may_rename(&v[i], v, n, side))
				continue;
			if (v[i].from->was_known && rename_one(&v[i], side) < 0)
				return -1;
			v[i].from = NULL;	/* or went with another */
			more = true;
		}
		for (i = 0; !more && i < n; i++)
			if (v[i].from != NULL && in_circle(&v[i], v, n)) {
				if (ring_open(&v[i], side) < 0)
					return -1;
				more = true;
			}
	}
	return 0;
}

static int
folders_rename(struct run *r)
{
	struct box **far = mem_new(r->nboxes + 1, sizeof *far);
	struct box **near = mem_new(r->nboxes + 1, sizeof *near);
	struct rename *v = mem_new(r->nboxes + 1, sizeof *v);
	int got = folders_who_far(r, far);

	if (got == 0) {
		folders_who_near(r, near);
		got = moved_on_both(r, far, near);
	}
	if (got == 0 && (r->o->policy.near_gets & GETS_NEW) != 0)
		got = rename_all(v, to_rename(r, far, near, SIDE_NEAR, v),
		    SIDE_NEAR);
	if (got == 0 && (r->o->policy.far_gets & GETS_NEW) != 0)
		got = rename_all(v, to_rename(r, near, far, SIDE_FAR, v),
		    SIDE_FAR);
	free(far);
	free(near);
	free(v);
	return got;
}

/* ---- all of them ---- */

/* A mirror has what is gone here again, and loses what was never there. */
static bool
catastrophe(struct run *r)
{
	bool mirror = r->o->policy.mirror;
	size_t i, known = 0, near = 0, far = 0, new = 0;

	for (i = 0; i < r->nboxes; i++) {
		const struct box *b = &r->boxes[i];

		known += b->was_known;
		near += b->was_known && !b->near.is && !mirror;
		far += b->was_known && !b->far.is && r->o->folders_delete;
		new += !b->was_known && !b->far.is && mirror;
	}
	return brake_folders(known + new, near, far + new);
}

int
folders_agree(struct run *r)
{
	size_t i;

	if (folders_rename(r) < 0)
		return -1;
	if ((r->o->folders_delete || r->o->policy.mirror) && catastrophe(r)) {
		report_problem(&r->report, EX_TEMPFAIL, r->o->near, "so many folders are gone at once: none is deleted on the other side");
		r->folders_kept = true;
	}
	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].phase != BOX_LEFT && agree(&r->boxes[i]) < 0)
			return -1;
	return 0;
}
