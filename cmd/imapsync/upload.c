/*
 * upload.c: uploads, and what became of those in doubt
 *
 * An upload is in the log, durably, before its first byte leaves: name, ident,
 * size, and the UIDNEXT below which it cannot be.  The server's APPENDUID ends
 * the doubt; without it, after a crash or a lost connection, the messages from
 * that UIDNEXT on are looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "conn.h"
#include "flags.h"
#include "imap.h"
#include "imap_append.h"
#include "imap_box.h"
#include "imap_read.h"
#include "imap_set.h"
#include "link.h"
#include "near_dir.h"
#include "opt.h"
#include "plan.h"
#include "report.h"
#include "state.h"
#include "stop.h"
#include "table.h"
#include "upload.h"
#include "wire.h"

enum { GROUP = 100, GROUP_BYTES = 4 << 20 };

struct up {
	struct act *act;
	struct near_msg *m;
	int fd;
	struct outgo out;
	time_t date;
	char name[256];
	bool refused;
};

struct group {
	struct link *l;
	struct box *b;
	struct up v[GROUP];
	size_t n;
	uint64_t bytes;
};

static void
drop_up(struct up *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
}

static void
clear(struct group *g)
{
	while (g->n > 0)
		drop_up(&g->v[--g->n]);
	g->bytes = 0;
}

/* Told once, and not tried again in this run. */
static void
refuse(struct box *b, const char *name, int code, const char *why)
{
	opt_list_add(&b->run->arena, &b->refused,
	    arena_dup(&b->run->arena, str_of(name)));
	report_problem(&b->run->report, code, b->name, "%s: not uploaded: %s", name,
	    why);
	b->run->report.refused++;
}

static void
refuse_twin(struct box *b, const char *name)
{
	refuse(b, name, EX_DATAERR, "another file has this name, but for its flags");
}

static bool
was_refused(const struct box *b, const char *name)
{
	size_t i;

	for (i = 0; i < b->refused.n; i++)
		if (strcmp(b->refused.v[i], name) == 0)
			return true;
	return false;
}

/* Two files with one name cannot be told apart the next time. */
static bool
taken_name(struct group *g, const char *name)
{
	struct rec *rec = state_by_name(g->b->state, str_of(name));
	size_t i;

	for (i = 0; i < g->n; i++)
		if (strcmp(g->v[i].name, name) == 0)
			return true;
	return rec != NULL && rec->kind == REC_LIVE;
}

/* 0 to be sent, 1 not, -1. */
static int
prepare_up(struct group *g, struct up *u, struct act *a)
{
	struct box *b = g->b;
	struct err *e = b->run->e;
	uint64_t limit = g->l->imap.appendlimit;
	struct str base;
	struct stat st;

	*u = (struct up){ .act = a, .m = &b->near.dir->v[a->file], .fd = -1 };
	base = near_dir_base(b->near.dir, u->m);
	if (base.n >= sizeof u->name) {
		refuse(b, "a file", EX_DATAERR, "its name is too long");
		return 1;
	}
	str_copy(u->name, base);
	if (was_refused(b, u->name))
		return 1;
	if (taken_name(g, u->name)) {
		refuse_twin(b, u->name);
		return 1;
	}
	u->fd = near_dir_read(b->near.dir, u->m, e);
	if (u->fd < 0 && e->code == EX_NOINPUT) {
		fail_clear(e);		/* removed or renamed meanwhile */
		box_again(b, AGAIN_FILES);
		return 1;
	}
	if (u->fd < 0) {
		refuse(b, u->name, e->code, e->msg);
		fail_clear(e);
		return 1;
	}
	if (fstat(u->fd, &st) < 0 || outgo_look(&u->out, u->fd, e) < 0)
		return fail_sys(e, EX_IOERR, "%s", b->path);
	u->date = st.st_mtime;
	if (u->out.wire == 0)		/* RFC 3502: that would cancel all */
		refuse(b, u->name, EX_DATAERR, "it is empty");
	else if (limit > 0 && u->out.wire > limit)
		refuse(b, u->name, EX_DATAERR, "it is larger than the server takes (APPENDLIMIT)");
	else if (u->out.nul && (g->l->imap.caps & IMAP_BINARY) == 0)
		refuse(b, u->name, EX_DATAERR, "it has a NUL, and the server takes none");
	else
		return 0;
	return 1;
}

static uint32_t
wire_size(const struct up *u)
{
	return u->out.wire < UINT32_MAX ? (uint32_t)u->out.wire : UINT32_MAX;
}

/* Into the log before anything leaves. */
static int
intend_group(struct group *g)
{
	struct state *s = g->b->state;
	struct err *e = g->b->run->e;
	size_t i;

	for (i = 0; i < g->n; i++) {
		struct up *u = &g->v[i];
		struct pend p = { .kind = PEND_UPLOAD, .name = u->name,
		    .ino = u->m->ino, .ident = u->out.ident,
		    .flags = u->m->flags & g->b->far.storable,
		    .size = wire_size(u), .uidnext = box_far_next(g->b) };

		if (state_pend(s, &p, e) < 0)
			return -1;
	}
	return state_sync(s, e);
}

static int
send_one(struct group *g, struct up *u)
{
	struct imap *m = &g->l->imap;
	struct buf flags = { .max = 8192 };
	struct imap_append head = { .date = u->date, .size = u->out.wire,
	    .binary = u->out.nul };
	int got;

	flags_text(&flags, &g->b->state->keywords, u->m->flags &
	    g->b->far.storable);
	head.flags = flags.n > 0 ? flags.p : "";
	got = imap_append_one(m, &head);
	buf_free(&flags);
	return got;
}

/* 0 sent, 1 refused as a whole, -1. */
static int
append_group(struct group *g)
{
	struct imap *m = &g->l->imap;
	struct conn_sink sink = { imap_append_put, m };
	struct err why = { 0 };
	size_t i;
	int got;

	if (imap_append_begin(m, str_of(g->b->name)) < 0)
		return -1;
	for (i = 0; i < g->n; i++) {
		if ((got = send_one(g, &g->v[i])) <= 0)
			return got < 0 ? -1 : 1;
		if (outgo_send(&g->v[i].out, g->v[i].fd, &sink, &why) < 0)
			return conn_failed(m->c) ? -1 : imap_append_abort(m,
			    "a file changed while it was uploaded");
	}
	return 0;
}

static int
record_up(struct group *g, struct up *u, uint32_t uid)
{
	struct rec rec = { .uid = uid, .size = wire_size(u),
	    .flags = u->m->flags & g->b->far.storable, .ident = u->out.ident,
	    .ino = u->m->ino };
	struct state *s = g->b->state;
	struct err *e = g->b->run->e;
	struct rec *orphan = state_by_name(s, str_of(u->name));

	if (orphan != NULL && state_drop(s, orphan, e) < 0)
		return -1;
	rec.flags |= u->m->flags & ~g->b->far.storable;
	if (state_put(s, &rec, u->name, e) < 0 ||
	    state_unpend(s, u->name, e) < 0)
		return -1;
	u->act->uid = uid;
	report_progress(&g->b->run->report, u->out.wire, false);
	box_done(g->b, u->act);
	return 0;
}

static int
forget_group(struct group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (state_unpend(g->b->state, g->v[i].name,
		    g->b->run->e) < 0)
			return -1;
	return 0;
}

/* Are the UIDs of APPENDUID new, and of no other message? */
static bool
credible(struct group *g, const struct imap_uids *to)
{
	size_t i;

	if (to->n != g->n)
		return false;
	for (i = 0; i < to->n; i++)
		if (to->v[i] < g->b->far.seen.uidnext ||
		    (i > 0 && to->v[i] <= to->v[i - 1]) ||
		    state_by_uid(g->b->state, to->v[i]) != NULL)
			return false;
	return true;
}

/* Some servers store nothing twice, and say where it is. */
static bool
has_it(struct group *g, uint32_t uid)
{
	const struct rec *rec = state_by_uid(g->b->state, uid);

	return rec != NULL && rec->ident == g->v[0].out.ident;
}

/* The file stays here alone, and is not tried again. */
static int
leave_alone(struct group *g)
{
	struct up *u = &g->v[0];
	struct rec rec = { .kind = REC_ORPHAN, .size = wire_size(u),
	    .flags = u->m->flags, .ident = u->out.ident, .ino = u->m->ino };

	if (state_put(g->b->state, &rec, u->name, g->b->run->e) < 0)
		return -1;
	return forget_group(g);
}

static int
hear_append(struct group *g, struct imap_resp *r)
{
	struct imap_uids to = { 0 };
	uint64_t v = 0;
	size_t i;
	int got = imap_appended(&g->l->imap, r, &v, &to);

	g->b->far.changed = true;
	if (got > 0 && v == g->b->far.seen.uidvalidity && credible(g, &to))
		for (i = 0, got = 0; i < g->n && got == 0; i++)
			got = record_up(g, &g->v[i], to.v[i]);
	else if (got > 0 && to.n == 1 && g->n == 1 && has_it(g, to.v[0])) {
		refuse(g->b, g->v[0].name, EX_DATAERR, "the server has it already, as another message of this folder");
		got = leave_alone(g);
	} else if (got >= 0) {
		/* which UIDs, the next pass asks */
		box_again(g->b, AGAIN_UIDS);
		for (i = 0; i < g->n; i++) {
			report_progress(&g->b->run->report,
			    g->v[i].out.wire, false);
			box_done(g->b, g->v[i].act);
		}
		got = 0;
	}
	free(to.v);
	return got;
}

static int deliver_group(struct group *);

/* One by one, to tell which of them the server does not want. */
static int
singly(struct group *g)
{
	struct group one = { .l = g->l, .b = g->b, .n = 1 };
	size_t i;
	int got = 0;

	if (g->n == 1) {
		refuse(g->b, g->v[0].name, str_starts(str_of(g->l->imap.text),
		    "[TOOBIG]") ? EX_DATAERR : EX_TEMPFAIL,
		    g->l->imap.text);
		return forget_group(g);
	}
	if (forget_group(g) < 0)
		return -1;
	for (i = 0; i < g->n && got == 0; i++) {
		one.v[0] = g->v[i];
		got = deliver_group(&one);
	}
	return got;
}

/* The intention is in the log; the next run asks the server for the message. */
static int
in_doubt(struct group *g)
{
	if (conn_sent_all(g->l->imap.c))
		report_problem(&g->b->run->report, EX_TEMPFAIL, g->b->name, "an upload may have been accepted (%zu messages), its answer was lost: the next run looks",
		    g->n);
	return -1;
}

static int
deliver_group(struct group *g)
{
	struct imap *m = &g->l->imap;
	struct imap_resp r;
	unsigned tag;
	int got;

	if (intend_group(g) < 0)
		return -1;
	got = append_group(g);
	if (got != 0)
		return got < 0 ? -1 : singly(g);
	if ((tag = imap_append_end(m)) == 0)
		return -1;
	conn_last(m->c, true);
	mem_stake("an upload may have been accepted: the next run looks");
	do
		if (imap_next(m, &r) < 0)
			return in_doubt(g);
	while (!imap_done(&r, tag));
	conn_last(m->c, false);
	mem_stake(NULL);
	return r.type == IMAP_OK ? hear_append(g, &r) : singly(g);
}

int
upload_box(struct link *l, struct box *b)
{
	struct group *g = mem_new(1, sizeof *g);
	size_t most = (l->imap.caps & IMAP_MULTIAPPEND) != 0 ? GROUP : 1;
	size_t k = 0;
	int got = 0;

	g->l = l;
	g->b = b;
	while (got == 0 && !stop_asked() && plan_next(b->plan, ACT_PUSH, &k)) {
		struct up *u = &g->v[g->n];

		got = prepare_up(g, u, &b->plan->v[k++]);
		if (got > 0) {
			drop_up(u);
			got = 0;
			continue;
		}
		g->n++;
		g->bytes += u->out.wire;
		if (got == 0 && (g->n == most || g->bytes >= GROUP_BYTES)) {
			got = deliver_group(g);
			clear(g);
		}
	}
	if (got == 0 && g->n > 0)
		got = deliver_group(g);
	clear(g);
	free(g);
	return got;
}

/* ---- a dry run ---- */

static struct str
push_name(const void *of, size_t at)
{
	const struct box *b = of;

	return near_dir_base(b->near.dir,
	    &b->near.dir->v[b->plan->v[at].file]);
}

/* 0 it would be sent, 1 not, -1. */
static int
foresee(struct group *g, struct table *names, size_t k)
{
	struct act *a = &g->b->plan->v[k];
	struct str name = push_name(g->b, k);
	int got;

	if (table_text(names, g->b, name) != TABLE_NONE) {
		refuse_twin(g->b, arena_dup(&g->b->run->arena, name));
		return 1;
	}
	got = prepare_up(g, &g->v[0], a);
	drop_up(&g->v[0]);
	if (got == 0)
		table_add(names, g->b, k);
	return got;
}

int
upload_foresee(struct link *l, struct box *b)
{
	struct table names = { .text = push_name };
	struct group *g = mem_new(1, sizeof *g);
	size_t k = 0;
	int got = 0;

	g->l = l;
	g->b = b;
	for (; got >= 0 && !stop_asked() && plan_next(b->plan, ACT_PUSH, &k);
	    k++)
		if ((got = foresee(g, &names, k)) > 0)
			plan_become(b->plan, &b->plan->v[k], ACT_NOTHING);
	table_free(&names);
	free(g);
	return got < 0 ? -1 : 0;
}
