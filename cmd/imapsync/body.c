/*
 * body.c: the bodies of messages whose header alone is here
 *
 * The message is durable in tmp/ before it changes places with the stub, in one
 * step, under the name that is there: at any moment there is one file, stub or
 * message.  The state learns it then, and a file that has its body while the
 * state says "stub" is told from one by its header.  Only then the file gets
 * another name, for some programs index no file again under the name they know.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "body.h"
#include "box.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "link.h"
#include "list.h"
#include "maildir.h"
#include "names.h"
#include "near.h"
#include "os.h"
#include "stop.h"
#include "stub.h"
#include "wire.h"

enum { TRIES = 3 };	/* of a file that is renamed meanwhile */

/* One stub, and the message that takes its place. */
struct body {
	struct box *b;
	char base[256];		/* its name without flags */
	struct rec rec;
	struct near_msg *m;
	struct intake in;
	char tmp[64];		/* the message, in tmp/ */
	bool keep;		/* that is another file, which stays */
	int fd;
};

/* ---- which file ---- */

/* The mailbox in whose cur or new a file lies, or NULL. */
static struct box *
box_of(struct run *r, const char *file)
{
	const char *slash = strrchr(file, '/');
	struct stat is, st;
	struct box *b;
	size_t i;

	if (stat(slash == NULL ? ".." : arena_printf(&r->arena, "%.*s/..",
	    (int)(slash - file), file), &is) < 0)
		return NULL;
	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (b->near.is && fstatat(r->root, b->path[0] != '\0' ?
		    b->path : ".", &st, 0) == 0 && st.st_dev == is.st_dev &&
		    st.st_ino == is.st_ino)
			return b;
	}
	return NULL;
}

static struct near_msg *
find_file(struct box *b, struct str base)
{
	size_t i;

	for (i = 0; i < b->near.dir->n; i++)
		if (str_eq(near_dir_base(b->near.dir, &b->near.dir->v[i]),
		    base))
			return &b->near.dir->v[i];
	return NULL;
}

/* 1, as told_error returns it. */
static int
body_told(struct body *x, int code, const char *what)
{
	report_problem(&x->b->run->report, code, x->b->name, "%s: %s", x->base,
	    what);
	return 1;
}

/* An error of this file alone. */
static int
told_error(struct body *x)
{
	struct err *e = x->b->run->e;

	body_told(x, e->code, e->msg);
	fail_clear(e);
	return 1;
}

/* Opened and scanned, once.  1: it cannot be, which is told. */
static int
open_box(struct box *b)
{
	int got = b->opened ? 0 : near_open(b);

	if (got == 0 && !b->near.scanned)
		got = near_scan(b);
	if (got > 0)
		box_fault(b);
	b->far.seen.uidvalidity = got == 0 ? b->state->mark.uidvalidity : 0;
	return got;
}

/* It was filled, and that run was stopped before the state knew of it. */
static int
mend(struct body *x, int fd)
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

/* 1: there is nothing to do, or it is told. */
static int
find_stub(struct body *x, const char *name)
{
	struct str base = str_of(name);
	struct err *e = x->b->run->e;
	struct rec *rec;
	int fd, got;

	base = str_to(base, (size_t)(str_find(base.p, maildir_info(),
	    base.p + base.n) - base.p));
	snprintf(x->base, sizeof x->base, "%.*s", STR_ARG(base));
	rec = state_by_name(x->b->state, base);
	if ((x->m = find_file(x->b, base)) == NULL)
		return body_told(x, EX_NOINPUT, "there is no such file");
	if (rec == NULL || rec->kind != REC_LIVE || rec->uid == 0)
		return body_told(x, EX_DATAERR, "no message on the server is known for it");
	x->rec = *rec;
	if ((fd = near_dir_read(x->b->near.dir, x->m, e)) < 0)
		return told_error(x);
	got = stub_is(fd, e);
	if (got == 0 && rec->stub)
		got = mend(x, fd);
	close(fd);
	if (got < 0)
		return told_error(x);
	return got > 0 ? 0 : 1;
}

/* ---- the message ---- */

/* Until all is answered: 0, -1. */
static int
hear_body(struct body *x, struct imap_fetch *f)
{
	struct conn_sink sink = { intake_put, &x->in };
	int got;

	while ((got = imap_fetch_next(f)) > 0) {
		if (got == IMAP_FETCH_BODY && imap_fetch_body(f, &sink) < 0)
			return -1;
		if (got == IMAP_FETCH_REFUSED)
			body_told(x, EX_TEMPFAIL, f->m->text);
	}
	return got;
}

/* 1: it did not come, which is told. */
static int
fetch_body(struct body *x)
{
	struct link *l = &x->b->run->link[0];
	struct imap_fetch f = { .m = &l->imap, .ahead = 1,
	    .bodies = IMAP_NO_FLAGS };
	unsigned char came = IMAP_CAME_NOT;
	struct imap_fetch_job job = { .uids = &x->rec.uid, .n = 1,
	    .came = &came };
	int got;

	imap_fetch_ask(&f, &job);
	got = hear_body(x, &f);
	if (got == 0 && job.again) {
		imap_fetch_again(&f, &job);
		got = hear_body(x, &f);
	}
	imap_fetch_free(&f);
	if (got < 0 || intake_end(&x->in, &l->err) < 0)
		return -1;
	if (came != IMAP_CAME_HERE)
		return body_told(x, EX_NOINPUT, "the server sent no such message: its header stays here");
	if (x->in.ident != x->rec.ident)
		return body_told(x, EX_DATAERR, "the server has another message under its number: nothing is changed");
	return 0;
}

/* ---- its place ---- */

static int
body_folder(const struct body *x)
{
	return x->m->fresh ? x->b->near.dir->in.fresh : x->b->near.dir->in.cur;
}

/* Durable, and as old as the message is. */
static int
body_durable(struct body *x)
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
	x->rec.stub = false;
	return 0;
}

/* Is what was taken out a stub?  1, 0, -1. */
static int
took_stub(struct body *x)
{
	int fd = openat(x->b->near.dir->in.tmp, x->tmp, O_RDONLY | O_NOFOLLOW |
	    O_CLOEXEC | O_NONBLOCK);
	int got = fd >= 0 ? stub_is(fd, x->b->run->e) :
	    fail_sys(x->b->run->e, EX_IOERR, "%s", x->tmp);

	if (fd >= 0)
		close(fd);
	return got;
}

/* The file has other flags by now, perhaps.  1: it is gone, which is told. */
static int
find_again(struct body *x)
{
	struct box *b = x->b;

	b->near.scanned = false;
	if (near_scan(b) != 0)
		return -1;
	if ((x->m = find_file(b, str_of(x->base))) == NULL)
		return body_told(x, EX_NOINPUT, "it was removed or moved meanwhile");
	return 0;
}

/* 1: it stays a stub, which is told. */
static int
change_places(struct body *x)
{
	struct near_dir *d = x->b->near.dir;
	int i, got = 0;

	for (i = 0; i < TRIES && got == 0; i++) {
		if (os_rename_swap(d->in.tmp, x->tmp, body_folder(x),
		    near_dir_file(d, x->m)) == 0) {
			if ((got = took_stub(x)) > 0)
				return 0;
			x->keep = os_rename_swap(d->in.tmp, x->tmp,
			    body_folder(x), near_dir_file(d, x->m)) < 0;
			return got < 0 ? -1 : body_told(x, EX_TEMPFAIL,
			    "it changed meanwhile");
		}
		if (errno != ENOENT) {
			fail_sys(x->b->run->e, EX_CANTCREAT, "it cannot be replaced");
			return told_error(x);
		}
		got = find_again(x);
	}
	if (got == 0)
		body_told(x, EX_TEMPFAIL, "it is renamed again and again");
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
new_name(struct body *x)
{
	struct box *b = x->b;
	struct near_dir *d = b->near.dir;
	const char *file = near_dir_file(d, x->m);
	struct act a = { .kind = ACT_BODY, .uid = x->rec.uid, .file = NONE,
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
replace(struct body *x)
{
	struct box *b = x->b;
	int got;

	if (body_durable(x) < 0)
		return -1;
	if ((got = change_places(x)) != 0)
		return got;
	unlinkat(b->near.dir->in.tmp, x->tmp, 0);
	if (near_dir_sync(b->near.dir, b->run->e) < 0 || state_put(b->state,
	    &x->rec, x->base, b->run->e) < 0 ||
	    state_sync(b->state, b->run->e) < 0)
		return -1;
	return new_name(x);
}

/* ---- one file, all files ---- */

static int
fill_stub(struct body *x)
{
	struct near_dir *d = x->b->near.dir;
	int got;

	snprintf(x->tmp, sizeof x->tmp, "postbag.%016llx.body.%u",
	    (unsigned long long)name_key(x->b), x->rec.uid);
	if ((got = link_select(&x->b->run->link[0], x->b)) != 0)
		return got;
	if ((x->fd = maildir_begin(&d->in, x->tmp, x->b->run->e)) < 0)
		return -1;
	intake_begin(&x->in, x->fd);
	if ((got = fetch_body(x)) == 0)
		got = replace(x);
	intake_free(&x->in);
	close(x->fd);
	if (got != 0 && !x->keep)
		maildir_abort(&d->in, x->tmp);
	return got;
}

static int
fill_file(struct run *r, const char *file)
{
	struct body x = { .b = box_of(r, file), .fd = -1 };
	const char *slash = strrchr(file, '/');
	int got;

	if (x.b == NULL) {
		report_problem(&r->report, EX_NOINPUT, file, "it is in none of the Maildirs that are synced");
		return 0;
	}
	if ((got = open_box(x.b)) == 0)
		got = find_stub(&x, slash != NULL ? slash + 1 : file);
	if (got == 0)
		got = fill_stub(&x);
	return got < 0 ? -1 : 0;
}

int
body_fill(struct run *r, const struct opt_list *files)
{
	size_t i;
	int got = list_find(r);

	for (i = 0; i < files->n && got == 0 && !stop_asked(); i++)
		got = fill_file(r, files->v[i]);
	for (i = 0; i < r->nboxes; i++)
		box_close(&r->boxes[i]);
	return got;
}
