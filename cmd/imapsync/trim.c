/*
 * trim.c: bodies that need not be here any more: imapsync trim
 *
 * A download has the time of its message (INTERNALDATE, whole seconds) until
 * somebody writes to it.  So one that has it still, with the size and the header of the message
 * there, is that message.  All others are read and compared with the server's,
 * byte by byte.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bodies.h"
#include "body.h"
#include "box.h"
#include "clock.h"
#include "far_hear.h"
#include "fill.h"
#include "link.h"
#include "list.h"
#include "pair.h"
#include "stop.h"
#include "trim.h"
#include "trim_says.h"
#include "wire.h"

/* The messages of a mailbox that have a body here. */
struct trim {
	struct box *b;
	struct box there;	/* b, with what the server says of them */
	struct fill_file *v;	/* sorted by UID */
	size_t n;
};

static const struct rec *
trim_rec(const struct trim *t, size_t i)
{
	return state_by_uid(t->b->state, t->v[i].uid);
}

static struct near_msg *
trim_msg(const struct trim *t, size_t i)
{
	return near_dir_find(t->b->near.dir, str_of(state_name(t->b->state,
	    trim_rec(t, i))));
}

/* ---- which ones ---- */

static void
with_bodies(struct trim *t)
{
	const struct state *s = t->b->state;
	size_t i;

	t->v = mem_new(s->n + 1, sizeof *t->v);
	for (i = state_from(s, 1); i < s->n; i++)
		if (s->rec[i].kind == REC_LIVE && !s->rec[i].stub &&
		    !s->rec[i].far_only && t->b->near.file_of[i] != NONE)
			t->v[t->n++].uid = s->rec[i].uid;
}

static int
ask_there(struct trim *t, struct link *l)
{
	uint32_t *uids = mem_new(t->n + 1, sizeof *uids);
	size_t i;
	int got;

	for (i = 0; i < t->n; i++)
		uids[i] = t->v[i].uid;
	got = far_hear_facts(l, &t->there, uids, t->n);
	free(uids);
	return got;
}

/* By the rules, with the flags that it has here. */
static bool
is_due(struct trim *t, size_t i, const struct far_msg *f)
{
	const struct box *b = t->b;
	struct bodies_msg m = { .box = b->name, .sep = b->run->sep,
	    .size = f->size, .flags = trim_msg(t, i)->flags,
	    .age = trim_says_age(f, (int64_t)clock_wall()) };

	return bodies_of(&b->run->o->here.bodies, &m) == BODIES_HEADERS;
}

/* Keeps those that are due; one that the server does not show is none. */
static void
keep_due(struct trim *t)
{
	const struct far_msg *f;
	size_t i, n = 0;

	for (i = 0; i < t->n; i++) {
		f = box_far_find(&t->there, t->v[i].uid);
		if (f != NULL && trim_msg(t, i) != NULL && is_due(t, i, f))
			t->v[n++] = t->v[i];
	}
	t->n = n;
}

/* ---- the proof ---- */

static int
trim_told(const struct trim *t, size_t i, const char *why)
{
	report_problem(&t->b->run->report, EX_DATAERR, t->b->name, "%s: %s: its body stays",
	    state_name(t->b->state, trim_rec(t, i)), why);
	return 0;
}

/* The file as it is now, which it must still be when it is replaced. */
static int
note_now(struct trim *t, size_t i, struct outgo *o, struct stat *st)
{
	struct err *e = t->b->run->e;
	int fd = near_dir_read(t->b->near.dir, trim_msg(t, i), e), got;

	if (fd < 0) {
		fail_clear(e);
		return trim_told(t, i, "it cannot be read");
	}
	got = fstat(fd, st) < 0 ? fail_sys(e, EX_IOERR, "fstat") :
	    outgo_look(o, fd, e);
	close(fd);
	t->v[i].ino = st->st_ino;
	t->v[i].size = st->st_size;
	t->v[i].mtime = st->st_mtim;
	return got < 0 ? -1 : 1;
}

/* 1 the server has it, 0 it is not proven, -1. */
static int
is_proven(struct trim *t, size_t i)
{
	struct box *b = t->b;
	const struct far_msg *f = box_far_find(&t->there, t->v[i].uid);
	const struct rec *rec = trim_rec(t, i);
	struct outgo o = { 0 };
	struct stat st;
	int got = note_now(t, i, &o, &st);

	if (got <= 0)
		return got;
	if (o.ident != rec->ident)
		return trim_told(t, i, "its header is not that of its message");
	if (state_native(b->state, rec) &&
	    trim_says_untouched(f, rec, o.wire, st.st_mtim))
		return 1;
	got = pair_same(b, (uint32_t)(trim_msg(t, i) - b->near.dir->v), b,
	    t->v[i].uid);
	return got == 0 ? trim_told(t, i, "it is not what the server has") :
	    got;
}

static int
keep_proven(struct trim *t)
{
	size_t i, n = 0;
	int got = 0;

	for (i = 0; i < t->n && got >= 0 && !stop_asked(); i++)
		if ((got = is_proven(t, i)) > 0)
			t->v[n++] = t->v[i];
	t->n = n;
	return got < 0 ? -1 : 0;
}

/* ---- all of them ---- */

static void
say_due(const struct trim *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct report_act a = box_act(t->b, &(struct act){
		    .kind = ACT_TRIM, .uid = t->v[i].uid, .file = NONE,
		    .name = state_name(t->b->state, trim_rec(t, i)) });

		report_plan(&t->b->run->report, &a);
	}
}

static int
trim_box(struct box *b)
{
	struct link *l = &b->run->link[0];
	struct trim t = { .b = b, .there = { .run = b->run,
	    .name = b->name } };
	int got = body_open(b);

	if (got != 0 || b->state->mark.uidvalidity == 0)
		return got < 0 ? -1 : 0;
	t.there.state = b->state;
	t.there.lock = b->lock;
	with_bodies(&t);
	if (t.n > 0 && (got = link_select(l, b)) == 0 &&
	    (got = ask_there(&t, l)) == 0) {
		keep_due(&t);
		if (b->run->o->dry_run)
			say_due(&t);
		else if (t.n > 0 && (got = keep_proven(&t)) == 0)
			got = fill_trim(b, t.v, t.n);
	}
	free(t.there.far.v);
	free(t.v);
	return got < 0 ? -1 : 0;
}

int
trim_run(struct run *r)
{
	struct box *b;
	size_t i;
	int got = list_find(r);

	for (i = 0; i < r->nboxes && got == 0 && !stop_asked(); i++) {
		b = &r->boxes[i];
		if (!b->near.is || !b->far.is)
			continue;
		got = trim_box(b);
		box_close(b);
	}
	return got;
}
