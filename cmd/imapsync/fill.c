/*
 * fill.c: stubs become the messages that they stand for, and back
 *
 * The message is durable in tmp/ before it changes places with the stub, in one
 * step, under the name that is there: at any moment there is one file, stub or
 * message.  The state learns it then, and a file that has its body while the
 * state says "stub" is told from one by its header.  Only then the file gets
 * another name, for some programs index no file again under the name they know.
 *
 * When a message becomes a stub the state says so before, for the same reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bodies.h"
#include "box.h"
#include "clock.h"
#include "download.h"
#include "fill.h"
#include "flags.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "link.h"
#include "maildir.h"
#include "names.h"
#include "near.h"
#include "os.h"
#include "search.h"
#include "stop.h"
#include "stub.h"
#include "wire.h"

enum {
	TRIES = 3,		/* of a file that is renamed meanwhile */
	AHEAD = 3, MOST = 64	/* commands under way, messages of one */
};

/* One stub, and the message that takes its place. */
struct filling {
	struct box *b;
	char base[256];		/* its name without flags */
	struct rec rec, before;	/* as it is to be, and was */
	struct near_msg *m;
	struct intake in;
	char tmp[64];		/* the message, in tmp/ */
	bool keep;		/* that is another file, which stays */
	bool lost;		/* the mailbox cannot be selected */
	const struct fill_file *trim;	/* these become stubs; or NULL */
	size_t ntrim;
	int fd;			/* of it, or -1: none is under way */
};

/* 1, as fill_error returns it. */
static int
fill_told(struct filling *x, int code, const char *what)
{
	report_problem(&x->b->run->report, code, x->b->name, "%s: %s", x->base,
	    what);
	return 1;
}

/* An error of this file alone. */
static int
fill_error(struct filling *x)
{
	struct err *e = x->b->run->e;

	fill_told(x, e->code, e->msg);
	fail_clear(e);
	return 1;
}

/* ---- the stub ---- */

/* It was filled, and that run was stopped before the state knew of it. */
static int
mend(struct filling *x, int fd)
{
	struct outgo o = { .wire = 0 };
	struct err *e = x->b->run->e;

	if (outgo_look(&o, fd, e) < 0)
		return -1;
	if (o.ident != x->rec.ident)
		return 0;
	x->rec.size = o.wire < UINT32_MAX ? (uint32_t)o.wire : UINT32_MAX;
	x->rec.ino = x->m->ino;
	x->rec.stub = false;
	return state_put(x->b->state, &x->rec, x->base, e);
}

/* The file has other flags by now, perhaps.  1: it is gone, which is told. */
static int
find_again(struct filling *x)
{
	struct box *b = x->b;

	b->near.scanned = false;
	b->near.changed = true;	/* of what else came nobody has a plan */
	if (near_scan(b) != 0)
		return -1;
	if ((x->m = near_dir_find(b->near.dir,
	    str_of(x->base))) == NULL)
		return fill_told(x, EX_NOINPUT, "it was removed or moved meanwhile");
	return 0;
}

/* Under the name that it has now.  1: it is told. */
static int
fill_open(struct filling *x, int *fd)
{
	struct err *e = x->b->run->e;
	int i, got = 0;

	for (i = 0; i < TRIES && got == 0; i++) {
		*fd = near_dir_read(x->b->near.dir, x->m, e);
		if (*fd >= 0)
			return 0;
		if (e->code != EX_NOINPUT)
			return fill_error(x);
		fail_clear(e);
		got = find_again(x);
	}
	return got != 0 ? got : fill_told(x, EX_TEMPFAIL,
	    "it is renamed again and again");
}

/* 1: there is nothing to do, or it is told. */
static int
fill_find(struct filling *x, uint32_t uid)
{
	struct box *b = x->b;
	struct err *e = b->run->e;
	const struct rec *rec = state_by_uid(b->state, uid);
	int fd, got;

	if (rec == NULL)
		return 1;
	x->rec = x->before = *rec;
	snprintf(x->base, sizeof x->base, "%s", state_name(b->state, rec));
	if ((x->m = near_dir_find(b->near.dir, str_of(x->base))) == NULL)
		return fill_told(x, EX_NOINPUT, "there is no such file");
	if ((got = fill_open(x, &fd)) != 0)
		return got;
	got = stub_is(fd, e);
	if (x->trim != NULL)
		got = got < 0 ? -1 : !got;
	else if (got == 0 && x->rec.stub)
		got = mend(x, fd);
	close(fd);
	if (got < 0)
		return fill_error(x);
	return got > 0 ? 0 : 1;
}

/* ---- its place ---- */

static int
body_folder(const struct filling *x)
{
	return x->m->fresh ? x->b->near.dir->in.fresh : x->b->near.dir->in.cur;
}

/* Durable, and as old as the message is. */
static int
body_durable(struct filling *x)
{
	struct timespec when[2] = { { .tv_nsec = UTIME_NOW } };
	struct stat st;

	if (fstatat(body_folder(x), near_dir_file(x->b->near.dir, x->m), &st,
	    AT_SYMLINK_NOFOLLOW) == 0) {
		when[1] = st.st_mtim;
		futimens(x->fd, when);
	}
	if (fsync(x->fd) < 0 || fstat(x->fd, &st) < 0)
		return fail_sys(x->b->run->e, EX_IOERR, "%s", x->base);
	x->rec.ino = st.st_ino;
	x->rec.size = x->in.wire < UINT32_MAX ? (uint32_t)x->in.wire :
	    UINT32_MAX;
	x->rec.stub = x->trim != NULL;
	return 0;
}

static int
file_by_uid(const void *uid, const void *file)
{
	return search_order(*(const uint32_t *)uid,
	    ((const struct fill_file *)file)->uid);
}

/* What was proven of it, or NULL. */
static const struct fill_file *
proven(const struct filling *x)
{
	size_t i = search_lower(&x->rec.uid, x->trim, x->ntrim,
	    sizeof *x->trim, file_by_uid);

	return i < x->ntrim && x->trim[i].uid == x->rec.uid ? &x->trim[i] :
	    NULL;
}

/* Is it the file that was proven? */
static int
as_proven(const struct filling *x, int fd)
{
	const struct fill_file *p = proven(x);
	struct stat st;

	return p != NULL && fstat(fd, &st) == 0 && st.st_ino == p->ino &&
	    st.st_size == p->size && st.st_mtim.tv_sec == p->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == p->mtime.tv_nsec;
}

/* Is what was taken out a stub, or what is to be one?  1, 0, -1. */
static int
took_right(struct filling *x)
{
	int fd = openat(x->b->near.dir->in.tmp, x->tmp, O_RDONLY | O_NOFOLLOW |
	    O_CLOEXEC | O_NONBLOCK);
	int got;

	if (fd >= 0 && x->trim != NULL)
		got = as_proven(x, fd);
	else
		got = fd >= 0 ? stub_is(fd, x->b->run->e) :
		    fail_sys(x->b->run->e, EX_IOERR, "%s", x->tmp);

	if (fd >= 0)
		close(fd);
	return got;
}

/* 1: it stays a stub, which is told. */
static int
change_places(struct filling *x)
{
	struct near_dir *d = x->b->near.dir;
	int i, got = 0;

	for (i = 0; i < TRIES && got == 0; i++) {
		if (os_rename_swap(d->in.tmp, x->tmp, body_folder(x),
		    near_dir_file(d, x->m)) == 0) {
			if ((got = took_right(x)) > 0)
				return 0;
			x->keep = os_rename_swap(d->in.tmp, x->tmp,
			    body_folder(x), near_dir_file(d, x->m)) < 0;
			return got < 0 ? -1 : fill_told(x, EX_TEMPFAIL,
			    "it changed meanwhile");
		}
		if (errno != ENOENT) {
			fail_sys(x->b->run->e, EX_CANTCREAT, "it cannot be replaced");
			return fill_error(x);
		}
		got = find_again(x);
	}
	if (got == 0)
		fill_told(x, EX_TEMPFAIL, "it is renamed again and again");
	return got < 0 ? -1 : 1;
}

/* Of a mailbox under one UIDVALIDITY. */
static uint64_t
name_key(const struct box *b)
{
	struct buf who = { .max = 8192 };
	uint64_t key;

	buf_printf(&who, "%s\n%llu", b->name,
	    (unsigned long long)b->state->mark.uidvalidity);
	key = names_hash(BUF_STR(who));
	buf_free(&who);
	return key;
}

/* The name that it has from here on; it keeps the old one if that fails. */
static int
new_name(struct filling *x)
{
	struct box *b = x->b;
	struct near_dir *d = b->near.dir;
	const char *file = near_dir_file(d, x->m);
	struct act a = { .kind = x->trim != NULL ? ACT_TRIM : ACT_BODY, .uid = x->rec.uid, .file = NONE,
	    .flags = x->rec.flags };
	struct report_file is = box_file(b, x->m), was = is;
	char base[64], to[300];
	int i, got = -1;

	errno = EEXIST;
	for (i = 1; i < 1000 && got < 0 && errno == EEXIST; i++) {
		snprintf(base, sizeof base, "postbag.%016llx.b%d.%u",
		    (unsigned long long)name_key(b), i, x->rec.uid);
		if (state_by_name(b->state, str_of(base)) != NULL)
			continue;
		snprintf(to, sizeof to, "%s%s", base, file + x->m->base);
		got = maildir_rename(body_folder(x), file, body_folder(x), to);
	}
	if (got == 0) {
		if (near_dir_sync(d, b->run->e) < 0 || state_put(b->state,
		    &x->rec, base, b->run->e) < 0)
			return -1;
		is.name = str_of(to);
	}
	a.name = got == 0 ? base : x->base;
	box_done_at(b, &a, is, was);
	return 0;
}

static int
trim_intended(struct filling *x)
{
	struct box *b = x->b;

	return x->trim == NULL ? 0 : state_put(b->state, &x->rec, x->base,
	    b->run->e) < 0 || state_sync(b->state, b->run->e) < 0 ? -1 : 0;
}

/* It has its body still. */
static int
trim_undone(struct filling *x)
{
	return x->trim == NULL ? 0 : state_put(x->b->state, &x->before,
	    x->base, x->b->run->e);
}

static int
replace(struct filling *x)
{
	struct box *b = x->b;
	int got;

	if (body_durable(x) < 0 || trim_intended(x) < 0)
		return -1;
	if ((got = change_places(x)) != 0)
		return got > 0 && trim_undone(x) < 0 ? -1 : got;
	unlinkat(b->near.dir->in.tmp, x->tmp, 0);
	b->near.changed = true;
	if (near_dir_sync(b->near.dir, b->run->e) < 0 || state_put(b->state,
	    &x->rec, x->base, b->run->e) < 0 ||
	    state_sync(b->state, b->run->e) < 0)
		return -1;
	return new_name(x);
}

/* ---- the message ---- */

static void
filling_end(struct filling *x)
{
	if (x->fd < 0)
		return;
	intake_free(&x->in);
	close(x->fd);
	x->fd = -1;
	if (!x->keep)
		maildir_abort(&x->b->near.dir->in, x->tmp);
}

/* A body is offered: 1, it is left. */
static int
fill_body(struct filling *x, struct imap_fetch *f)
{
	struct conn_sink sink = { intake_put, &x->in };
	struct box *b = x->b;
	int got = fill_find(x, f->got.uid);

	if (got != 0)
		return got;
	if (x->trim != NULL && !f->got.header)
		return fill_told(x, EX_DATAERR, "the server sends no header of it: its body stays");
	if (x->trim != NULL && f->got.size > STUB_HEADER)
		return fill_told(x, EX_PROTOCOL, "its header is too long: its body stays");
	x->keep = false;
	snprintf(x->tmp, sizeof x->tmp, "postbag.%016llx.body.%u",
	    (unsigned long long)name_key(b), x->rec.uid);
	x->fd = maildir_begin(&b->near.dir->in, x->tmp, b->run->e);
	if (x->fd < 0)
		return -1;
	intake_begin(&x->in, x->fd);
	if (x->trim != NULL)
		return download_stub(&b->run->link[0], f, b, &x->in);
	return imap_fetch_body(f, &sink);
}

/* It is complete. */
static int
fill_end(struct filling *x, struct link *l)
{
	int got = 0;

	if (x->fd < 0)
		return 0;		/* it was left */
	if (intake_end(&x->in, &l->err) < 0)
		got = -1;
	else if (x->in.ident != x->rec.ident)
		fill_told(x, EX_DATAERR, "the server has another message under its number: nothing is changed");
	else
		got = replace(x);
	if (got == 0)
		report_progress(&x->b->run->report, x->in.wire, false);
	filling_end(x);
	return got < 0 ? -1 : 0;
}

static int
fetched(struct filling *x, struct link *l, struct imap_fetch *f,
    enum imap_fetch_event what)
{
	switch (what) {
	case IMAP_FETCH_BODY:
		return fill_body(x, f) < 0 ? -1 : 0;
	case IMAP_FETCH_END:
		return fill_end(x, l);
	case IMAP_FETCH_REFUSED:
		report_problem(&l->run->report, EX_TEMPFAIL, x->b->name, "bodies: %s",
		    l->imap.text);
		break;
	case IMAP_FETCH_LOST:
		x->lost = true;
		report_problem(&l->run->report, EX_TEMPFAIL, x->b->name,
		    f->got.renumbered ? "its UIDs have changed: a run of imapsync finds its messages again" :
		    "%s", l->imap.text);
		box_outcome(x->b, BOX_FAILED);
		break;
	case IMAP_FETCH_EMPTY:
	case IMAP_FETCH_NIL:
	case IMAP_FETCH_FACTS:
	case IMAP_FETCH_ROOM:
		break;
	}
	return 0;
}

static int
hear(struct filling *x, struct link *l, struct imap_fetch *f)
{
	int got = imap_fetch_next(f);

	if (got > 0 && fetched(x, l, f, (enum imap_fetch_event)got) < 0)
		got = -1;
	return got;
}

/* All of them, with some commands under way; those that came oddly, alone. */
static int
fetch_all(struct filling *x, struct link *l, struct imap_fetch_job *v, size_t n)
{
	struct imap_fetch f = { .m = &l->imap, .ahead = AHEAD,
	    .bodies = IMAP_NO_FLAGS };
	size_t i = 0;
	int got;

	if (l->selected != x->b)
		imap_fetch_select(&f, link_ask_select(l, x->b, false, NULL),
		    x->b->far.seen.uidvalidity, x->b);
	do {
		while (i < n && imap_fetch_room(&f) && !stop_asked())
			imap_fetch_ask(&f, &v[i++]);
	} while ((got = hear(x, l, &f)) > 0);
	for (i = 0; i < n && got == 0 && !stop_asked(); i++) {
		if (!v[i].again)
			continue;
		imap_fetch_again(&f, &v[i]);
		while ((got = hear(x, l, &f)) > 0)
			;
	}
	imap_fetch_free(&f);
	filling_end(x);
	return got;
}

static void
tell_missing(struct filling *x, const uint32_t *uids, const unsigned char *came,
    size_t n)
{
	const struct rec *rec;
	size_t i;

	for (i = 0; i < n && !stop_asked(); i++) {
		rec = state_by_uid(x->b->state, uids[i]);
		if (came[i] == IMAP_CAME_HERE || rec == NULL)
			continue;
		snprintf(x->base, sizeof x->base, "%s",
		    state_name(x->b->state, rec));
		fill_told(x, EX_NOINPUT, x->trim != NULL ?
		    "the server sent no such message: its body stays here" :
		    "the server sent no such message: its header stays here");
	}
}

/* All of them, by commands of some messages each. */
static int
fill_uids(struct filling *x, const uint32_t *uids, size_t n, unsigned bodies)
{
	struct imap_fetch_job *v = mem_new(n + 1, sizeof *v);
	unsigned char *came = mem_new(n + 1, 1);
	struct link *l = &x->b->run->link[0];
	size_t at = 0, jobs = 0;
	int got;

	for (; at < n; at += v[jobs++].n)
		v[jobs] = (struct imap_fetch_job){ .uids = uids + at,
		    .came = came + at, .bodies = bodies,
		    .n = imap_fetch_fit(uids + at, n - at, MOST) };
	got = fetch_all(x, l, v, jobs);
	if (got == 0 && x->lost)
		l->selected = NULL;
	else if (got == 0) {
		link_selected(l, x->b);
		tell_missing(x, uids, came, n);
	}
	free(v);
	free(came);
	return got < 0 ? -1 : 0;
}

int
fill_box(struct box *b, const uint32_t *uids, size_t n)
{
	struct filling x = { .b = b, .fd = -1 };

	return fill_uids(&x, uids, n, 0);
}

int
fill_trim(struct box *b, const struct fill_file *v, size_t n)
{
	struct filling x = { .b = b, .fd = -1, .trim = v, .ntrim = n };
	uint32_t *uids = mem_new(n + 1, sizeof *uids);
	size_t i;
	int got;

	for (i = 0; i < n; i++)
		uids[i] = v[i].uid;
	got = fill_uids(&x, uids, n, IMAP_HEADERS | IMAP_SIZES | IMAP_OR_WHOLE);
	free(uids);
	return got;
}

/* ---- which ones, by rule ---- */

/* How many bytes it has, and how old it is, by the stub. */
static void
stub_facts(struct box *b, struct near_msg *file, struct bodies_msg *m)
{
	struct arena some = { 0 };
	struct err quiet = { 0 };
	struct stub s;
	struct stat st;
	int fd = near_dir_read(b->near.dir, file, &quiet);

	if (fd < 0)
		return;
	if (stub_read(fd, &s, &some, &quiet) > 0)
		m->size = s.size;
	if (fstat(fd, &st) == 0)
		m->age = (int64_t)(clock_wall() - st.st_mtime);
	close(fd);
	arena_free(&some);
}

static bool
body_due(struct box *b, size_t at, unsigned needs)
{
	const struct rec *r = &b->state->rec[at];
	const struct far_msg *f = box_far_find(b, r->uid);
	struct bodies_msg m = { .box = b->name, .sep = b->run->sep };
	uint64_t near = r->flags;
	uint32_t file = NONE;

	if (b->near.scanned && (file = b->near.file_of[at]) == NONE)
		return false;
	if (file != NONE) {
		near = b->near.dir->v[file].flags;
		if ((needs & (BODIES_SIZE | BODIES_AGE)) != 0)
			stub_facts(b, &b->near.dir->v[file], &m);
	}
	m.flags = flags_merge(r->flags, near, f != NULL && f->flags_known ?
	    f->flags : r->flags);
	return bodies_of(&b->run->o->here.bodies, &m) == BODIES_FULL;
}

static unsigned
rules_need(const struct box *b)
{
	return bodies_needs(&b->run->o->here.bodies, &(struct bodies_msg){
	    .box = b->name, .sep = b->run->sep });
}

bool
fill_needs_files(const struct box *b)
{
	const struct state *s = b->state;
	size_t i;

	if ((rules_need(b) & (BODIES_SIZE | BODIES_AGE)) == 0)
		return false;
	for (i = 0; i < s->n && !s->rec[i].stub; i++)
		;
	return i < s->n;
}

/* Is it planned that it leaves?  Who asks does so by ascending UID. */
static bool
is_leaving(const struct plan *p, size_t *at, uint32_t uid)
{
	while (plan_next(p, ACT_LEAVE, at) && p->v[*at].uid < uid)
		++*at;
	return plan_next(p, ACT_LEAVE, at) && p->v[*at].uid == uid;
}

void
fill_plan(struct box *b)
{
	const struct settings *o = b->run->o;
	unsigned needs = rules_need(b);
	const struct rec *r;
	size_t i, at = 0;

	if (o->here.bodies.n == 0 || (o->policy.near_gets & GETS_NEW) == 0 ||
	    b->far.renumbered)
		return;
	for (i = 0; i < b->state->n; i++) {
		r = &b->state->rec[i];
		if (!r->stub || r->far_only || r->kind != REC_LIVE ||
		    imap_uids_has(&b->far.gone, r->uid) ||
		    is_leaving(b->plan, &at, r->uid) ||
		    !body_due(b, i, needs))
			continue;
		plan_add(b->plan, &(struct act){ .kind = ACT_BODY,
		    .uid = r->uid, .file = NONE, .to_file = NONE,
		    .name = arena_dup(&b->plan->names,
		    str_of(state_name(b->state, r))) });
	}
}

int
fill_planned(struct link *l, struct box *b)
{
	size_t n = b->plan->count[ACT_BODY], i = 0, k = 0;
	uint32_t *uids = mem_new(n + 1, sizeof *uids);
	int got = 0;

	(void)l;
	for (; plan_next(b->plan, ACT_BODY, &k); k++)
		uids[i++] = b->plan->v[k].uid;
	if (b->near.changed)	/* the list has files that have left */
		b->near.scanned = false;
	if (near_scan(b) == 0)
		got = fill_box(b, uids, n);
	free(uids);
	return got;
}
