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
#include "stub.h"
#include "table.h"
#include "upload.h"
#include "wire.h"

/* At most so many messages are in a window, or in one command. */
enum { WINDOW = 1000, WINDOW_BYTES = 1 << 20, GROUP = 100 };

enum fate {
	UP_NEW,			/* not sent */
	UP_SENT,		/* the answer is to come */
	UP_DONE			/* it was taken, refused or given up */
};

struct up {
	struct act *act;
	struct near_msg *m;
	int fd;
	struct outgo out;
	time_t date;
	char name[256];
	enum fate fate;
	bool alone;		/* it was refused together with others */
};

/* One APPEND: some messages of the window, in a row. */
struct sent {
	unsigned tag;
	size_t from, n;
};

/*
 * What is on its way: all of it in doubt if the connection is lost, so it is
 * small.  Its intentions are in the log by one sync.
 */
struct window {
	struct link *l;
	struct box *b;
	struct up v[WINDOW];
	size_t n;
	uint64_t bytes;
	struct sent sent[WINDOW];
	size_t nsent;
};

static void
drop_up(struct up *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
}

static void
clear(struct window *w)
{
	while (w->n > 0)
		drop_up(&w->v[--w->n]);
	w->bytes = 0;
}

/* Told once, and not tried again in this run. */
void
upload_refuse(struct box *b, const char *name, int code, const char *why)
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
	upload_refuse(b, name, EX_DATAERR, "another file has this name, but for its flags");
}

static bool
has_name(const struct opt_list *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (strcmp(v->v[i], name) == 0)
			return true;
	return false;
}

bool
upload_refused(struct box *b, const char *name)
{
	if (has_name(&b->refused, name))
		return true;
	if (!has_name(&b->said, name))
		return false;
	upload_refuse(b, name, EX_TEMPFAIL, "the server said OK, and does not have it");
	return true;
}

void
upload_said(struct box *b, const char *name)
{
	opt_list_add(&b->run->arena, &b->said,
	    arena_dup(&b->run->arena, str_of(name)));
	box_again(b, AGAIN_UIDS);
}

/* Two files with one name cannot be told apart the next time. */
static bool
taken_name(struct window *w, const char *name)
{
	struct rec *rec = state_by_name(w->b->state, str_of(name));
	size_t i;

	for (i = 0; i < w->n; i++)
		if (strcmp(w->v[i].name, name) == 0)
			return true;
	return rec != NULL && rec->kind == REC_LIVE;
}

/* 0 to be sent, 1 not, -1. */
static int
prepare_up(struct window *w, struct up *u, struct act *a)
{
	struct box *b = w->b;
	struct err *e = b->run->e;
	uint64_t limit = w->l->imap.appendlimit;
	struct str base;
	struct stat st;
	int stub;

	*u = (struct up){ .act = a, .m = &b->near.dir->v[a->file], .fd = -1 };
	base = near_dir_base(b->near.dir, u->m);
	if (base.n >= sizeof u->name) {
		upload_refuse(b, "a file", EX_DATAERR, "its name is too long");
		return 1;
	}
	str_copy(u->name, base);
	if (upload_refused(b, u->name))
		return 1;
	if (taken_name(w, u->name)) {
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
		upload_refuse(b, u->name, e->code, e->msg);
		fail_clear(e);
		return 1;
	}
	if (fstat(u->fd, &st) < 0 || outgo_look(&u->out, u->fd, e) < 0)
		return fail_sys(e, EX_IOERR, "%s", b->path);
	if ((stub = stub_is(u->fd, e)) < 0)
		return -1;
	u->date = st.st_mtime;
	if (u->out.wire == 0)		/* RFC 3502: that would cancel all */
		upload_refuse(b, u->name, EX_DATAERR, "it is empty");
	else if (limit > 0 && u->out.wire > limit)
		upload_refuse(b, u->name, EX_DATAERR, "it is larger than the server takes (APPENDLIMIT)");
	else if (stub > 0)
		upload_refuse(b, u->name, EX_DATAERR, "it is a header without its body, which the server must not have as a message");
	else if (u->out.nul && (w->l->imap.caps & IMAP_BINARY) == 0)
		upload_refuse(b, u->name, EX_DATAERR, "it has a NUL, and the server takes none");
	else
		return 0;
	return 1;
}

static uint32_t
wire_size(const struct up *u)
{
	return u->out.wire < UINT32_MAX ? (uint32_t)u->out.wire : UINT32_MAX;
}

/* ---- before and after: the log ---- */

/* Into the log before anything leaves. */
static int
intend_window(struct window *w)
{
	struct state *s = w->b->state;
	struct err *e = w->b->run->e;
	size_t i;

	for (i = 0; i < w->n; i++) {
		struct up *u = &w->v[i];
		struct pend p = { .kind = PEND_UPLOAD, .name = u->name,
		    .ino = u->m->ino, .ident = u->out.ident,
		    .flags = u->m->flags & w->b->far.storable,
		    .size = wire_size(u), .uidnext = box_far_next(w->b) };

		if (state_pend(s, &p, e) < 0)
			return -1;
	}
	return state_sync(s, e);
}

/* It is not on the server, and no more under way. */
static int
give_up(struct window *w, struct up *u)
{
	u->fate = UP_DONE;
	return state_unpend(w->b->state, u->name, w->b->run->e);
}

static int
record_up(struct window *w, struct up *u, uint32_t uid)
{
	struct rec rec = { .uid = uid, .size = wire_size(u),
	    .flags = u->m->flags & w->b->far.storable, .ident = u->out.ident,
	    .ino = u->m->ino };
	struct state *s = w->b->state;
	struct err *e = w->b->run->e;
	struct rec *orphan = state_by_name(s, str_of(u->name));

	if (orphan != NULL && state_drop(s, orphan, e) < 0)
		return -1;
	rec.flags |= u->m->flags & ~w->b->far.storable;
	if (state_put(s, &rec, u->name, e) < 0 ||
	    state_unpend(s, u->name, e) < 0)
		return -1;
	u->act->uid = uid;
	report_progress(&w->b->run->report, u->out.wire, false);
	box_done(w->b, u->act);
	return 0;
}

/* The file stays here alone, and is not tried again. */
static int
leave_alone(struct window *w, struct up *u)
{
	struct rec rec = { .kind = REC_ORPHAN, .size = wire_size(u),
	    .flags = u->m->flags, .ident = u->out.ident, .ino = u->m->ino };

	if (state_put(w->b->state, &rec, u->name, w->b->run->e) < 0)
		return -1;
	return give_up(w, u);
}

/* ---- the answers ---- */

/* Are the UIDs of APPENDUID new, and of no other message? */
static bool
credible(struct window *w, const struct sent *c, const struct imap_uids *to)
{
	size_t i;

	if (to->n != c->n)
		return false;
	for (i = 0; i < to->n; i++)
		if (to->v[i] < w->b->far.seen.uidnext ||
		    (i > 0 && to->v[i] <= to->v[i - 1]) ||
		    state_by_uid(w->b->state, to->v[i]) != NULL)
			return false;
	return true;
}

/* Some servers store nothing twice, and say where it is. */
static bool
has_it(struct window *w, const struct up *u, uint32_t uid)
{
	const struct rec *rec = state_by_uid(w->b->state, uid);

	return rec != NULL && rec->ident == u->out.ident;
}

/* Which UIDs they have, the next pass asks. */
static void
ask_later(struct window *w, const struct sent *c)
{
	size_t i;

	for (i = c->from; i < c->from + c->n; i++) {
		upload_said(w->b, w->v[i].name);
		report_progress(&w->b->run->report, w->v[i].out.wire, false);
		box_done(w->b, w->v[i].act);
	}
}

static int
hear_append(struct window *w, const struct sent *c, struct imap_resp *r)
{
	struct imap_uids to = { 0 };
	struct up *first = &w->v[c->from];
	uint64_t v = 0;
	size_t i;
	int got = imap_appended(&w->l->imap, r, &v, &to);

	w->b->far.changed = true;
	for (i = 0; i < c->n; i++)
		first[i].fate = UP_DONE;
	if (got > 0 && v == w->b->far.seen.uidvalidity && credible(w, c, &to))
		for (i = 0, got = 0; i < c->n && got == 0; i++)
			got = record_up(w, &first[i], to.v[i]);
	else if (got > 0 && to.n == 1 && c->n == 1 &&
	    has_it(w, first, to.v[0])) {
		upload_refuse(w->b, first->name, EX_DATAERR, "the server has it already, as another message of this folder");
		got = leave_alone(w, first);
	} else if (got >= 0) {
		ask_later(w, c);
		got = 0;
	}
	free(to.v);
	return got;
}

/* A NO to several is to none of them: one by one it is seen to which. */
static int
hear_refusal(struct window *w, const struct sent *c)
{
	const char *text = w->l->imap.text;
	size_t i;

	if (c->n == 1) {
		upload_refuse(w->b, w->v[c->from].name, str_starts(str_of(text),
		    "[TOOBIG]") ? EX_DATAERR : EX_TEMPFAIL, text);
		return give_up(w, &w->v[c->from]);
	}
	for (i = c->from; i < c->from + c->n; i++) {
		w->v[i].fate = UP_NEW;
		w->v[i].alone = true;
	}
	return 0;
}

/* Tagged answers, in whatever order. */
static int
hear_tagged(void *of, struct imap_resp *r)
{
	struct window *w = of;
	struct sent c;
	size_t i = 0;

	while (i < w->nsent && !imap_done(r, w->sent[i].tag))
		i++;
	if (i == w->nsent)
		return conn_abort(w->l->imap.c, EX_PROTOCOL, "an answer to what was not asked");
	c = w->sent[i];
	memmove(&w->sent[i], &w->sent[i + 1], (--w->nsent - i) *
	    sizeof *w->sent);
	return r->type == IMAP_OK ? hear_append(w, &c, r) :
	    hear_refusal(w, &c);
}

static int
hear_all(struct window *w)
{
	struct imap_resp r;

	while (w->nsent > 0)
		if (imap_next(&w->l->imap, &r) < 0 ||
		    (r.tag != 0 && hear_tagged(w, &r) < 0))
			return -1;
	return 0;
}

/* ---- sent ---- */

/* 0 it is open, 1 it cannot be and is given up, -1. */
static int
open_up(struct window *w, struct up *u)
{
	struct box *b = w->b;
	struct err *e = b->run->e;

	drop_up(u);
	u->fd = near_dir_read(b->near.dir, u->m, e);
	if (u->fd >= 0)
		return 0;
	if (e->code == EX_NOINPUT)	/* removed or renamed meanwhile */
		box_again(b, AGAIN_FILES);
	else
		upload_refuse(b, u->name, e->code, e->msg);
	fail_clear(e);
	return give_up(w, u) < 0 ? -1 : 1;
}

static bool
fits_in(const struct window *w, const struct sent *c, const struct up *u)
{
	uint64_t most = w->l->imap.messagelimit;

	return (w->l->imap.caps & IMAP_MULTIAPPEND) != 0 && c->n < GROUP &&
	    (most == 0 || c->n < most) && !u->alone && !w->v[c->from].alone;
}

/* The next command: those behind *c that leave together, open; -1. */
static int
next_sent(struct window *w, struct sent *c)
{
	struct up *u;
	size_t i;
	int got;

	*c = (struct sent){ .from = c->from + c->n };
	for (i = c->from; i < w->n; i++) {
		u = &w->v[i];
		if (c->n > 0 && (u->fate != UP_NEW || !fits_in(w, c, u)))
			break;
		if (u->fate != UP_NEW || (got = open_up(w, u)) > 0) {
			if (c->n > 0)
				break;
			c->from = i + 1;
			continue;
		}
		if (got < 0)
			return -1;
		c->n++;
	}
	return 0;
}

static int
send_one(struct window *w, struct up *u)
{
	struct imap *m = &w->l->imap;
	struct conn_sink sink = { imap_append_put, m };
	struct buf flags = { .max = 8192 };
	struct imap_append head = { .date = u->date, .size = u->out.wire,
	    .binary = u->out.nul };
	struct err why = { 0 };
	int got;

	flags_text(&flags, &w->b->state->keywords, u->m->flags &
	    w->b->far.storable);
	head.flags = flags.n > 0 ? flags.p : "";
	got = imap_append_one(m, &head);
	buf_free(&flags);
	if (got > 0 && outgo_send(&u->out, u->fd, &sink, &why) < 0)
		return conn_failed(m->c) ? -1 : imap_append_abort(m,
		    "a file changed while it was uploaded");
	drop_up(u);
	return got;
}

static int
send_command(struct window *w, struct sent *c)
{
	struct imap *m = &w->l->imap;
	size_t i;
	int got = 1;

	if (imap_append_begin(m, str_of(w->b->name)) < 0)
		return -1;
	for (i = c->from; i < c->from + c->n && got > 0; i++)
		got = send_one(w, &w->v[i]);
	if (got <= 0)
		return got < 0 ? -1 : hear_refusal(w, c);
	if ((c->tag = imap_append_end(m)) == 0)
		return -1;
	for (i = c->from; i < c->from + c->n; i++)
		w->v[i].fate = UP_SENT;
	w->sent[w->nsent++] = *c;
	conn_last(m->c, true);
	mem_stake("an upload may have been accepted: the next run looks");
	return 0;
}

static bool
some_new(const struct window *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->v[i].fate == UP_NEW)
			return true;
	return false;
}

/* Once, and those that were refused together once more, each alone. */
static int
send_all(struct window *w)
{
	struct sent c;

	do {
		c = (struct sent){ 0 };
		while (!stop_asked()) {
			if (next_sent(w, &c) < 0)
				return -1;
			if (c.n == 0)
				break;
			if (send_command(w, &c) < 0)
				return -1;
		}
		if (hear_all(w) < 0)
			return -1;
	} while (!stop_asked() && some_new(w));
	return 0;
}

/* The intentions are in the log; the next run asks the server about them. */
static int
in_doubt(struct window *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->nsent; i++)
		n += w->sent[i].n;
	if (n > 0 && conn_failed(w->l->imap.c))
		report_problem(&w->b->run->report, EX_TEMPFAIL, w->b->name, "an upload may have been accepted (%zu messages), its answer was lost: the next run looks",
		    n);
	return -1;
}

static int
deliver_window(struct window *w)
{
	struct imap *m = &w->l->imap;
	size_t i;
	int got;

	if (w->n == 0)
		return 0;
	if (intend_window(w) < 0)
		return -1;
	imap_append_others(m, hear_tagged, w);
	got = send_all(w);
	imap_append_others(m, NULL, NULL);
	mem_stake(NULL);
	if (got < 0)
		return in_doubt(w);
	conn_last(m->c, false);
	for (i = 0; i < w->n; i++)		/* a stop came before */
		if (w->v[i].fate == UP_NEW && give_up(w, &w->v[i]) < 0)
			return -1;
	return 0;
}

/* Into the window, which is sent before if it would get too large. */
static int
add_up(struct window *w, const struct up *u)
{
	if (w->n == WINDOW || (w->n > 0 && w->bytes + u->out.wire >
	    WINDOW_BYTES)) {
		if (deliver_window(w) < 0)
			return -1;
		clear(w);
	}
	w->v[w->n++] = *u;
	w->bytes += u->out.wire;
	return 0;
}

int
upload_box(struct link *l, struct box *b)
{
	struct window *w = mem_new(1, sizeof *w);
	struct up u;
	size_t k = 0;
	int got = 0;

	w->l = l;
	w->b = b;
	while (got >= 0 && !stop_asked() && plan_next(b->plan, ACT_PUSH, &k)) {
		got = prepare_up(w, &u, &b->plan->v[k++]);
		drop_up(&u);
		if (got == 0)
			got = add_up(w, &u);
	}
	if (got >= 0)
		got = deliver_window(w);
	clear(w);
	free(w);
	return got < 0 ? -1 : 0;
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
foresee(struct window *w, struct table *names, size_t k)
{
	struct act *a = &w->b->plan->v[k];
	struct str name = push_name(w->b, k);
	int got;

	if (table_text(names, w->b, name) != TABLE_NONE) {
		refuse_twin(w->b, arena_dup(&w->b->run->arena, name));
		return 1;
	}
	got = prepare_up(w, &w->v[0], a);
	drop_up(&w->v[0]);
	if (got == 0)
		table_add(names, w->b, k);
	return got;
}

int
upload_foresee(struct link *l, struct box *b)
{
	struct table names = { .text = push_name };
	struct window *w = mem_new(1, sizeof *w);
	size_t k = 0;
	int got = 0;

	w->l = l;
	w->b = b;
	for (; got >= 0 && !stop_asked() && plan_next(b->plan, ACT_PUSH, &k);
	    k++)
		if ((got = foresee(w, &names, k)) > 0)
			plan_become(b->plan, &b->plan->v[k], ACT_NOTHING);
	table_free(&names);
	free(w);
	return got < 0 ? -1 : 0;
}
