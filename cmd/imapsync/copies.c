/*
 * copies.c: a stub that was copied here is a copy there
 *
 * The stub says which message it stands for.  It is that one if the server has
 * it under that UID with the same ident; then it is copied there, by COPY, and
 * no byte of it comes here.  An answer that is lost is asked about as that of
 * an upload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "box.h"
#include "copies.h"
#include "far_check.h"
#include "far_hear.h"
#include "imap_box.h"
#include "link.h"
#include "near_dir.h"
#include "search.h"
#include "stop.h"
#include "stub.h"
#include "table.h"
#include "upload.h"
#include "wire.h"

enum { SET = 7500 };		/* bytes of a set in a command */

/* A file here, and the message that it is to be a copy of. */
struct copying {
	struct act *a;
	struct stub of;
	struct outgo out;	/* of the file */
	char name[256];		/* of it, without flags */
	uint64_t flags;		/* of the message */
	bool over;		/* done, or told */
	bool told;		/* the server has said which UID the copy has */
};

/* Those of one mailbox here; no two have one name. */
struct copyings {
	struct copying *v;
	size_t n;
	struct table names;
};

/* Those of one mailbox there, with one UIDVALIDITY and UIDs that differ. */
struct batch {
	struct link *l;
	struct box *b;
	struct copying **v;	/* by UID */
	uint32_t *uids;
	size_t n;
};

/* ---- which ones ---- */

/* 1, with its URL; 0, also if it cannot be read; -1. */
static int
read_stub(struct box *b, const struct act *a, struct stub *s)
{
	struct err quiet = { 0 };
	int fd = near_dir_read(b->near.dir, &b->near.dir->v[a->file], &quiet);
	int got = fd < 0 ? 0 : stub_read(fd, s, &b->run->arena, &quiet);

	if (fd >= 0)
		close(fd);
	return got > 0 && s->host != NULL && s->uid != 0;
}

int
copies_find(struct run *r)
{
	struct stub s;
	struct box *b;
	size_t i, k;

	if (!asked_ever(r))
		return 0;
	for (i = 0; i < r->nboxes && !stop_asked(); i++) {
		b = &r->boxes[i];
		for (k = 0; box_open(b) && plan_next(b->plan, ACT_PUSH, &k);
		    k++) {
			struct act *a = &b->plan->v[k];

			if (!read_stub(b, a, &s))
				continue;
			plan_become(b->plan, a, ACT_FAR_COPY);
			a->uid = s.uid;
			a->name = s.box;
		}
	}
	return 0;
}

/* ---- one batch ---- */

static void
not_copied(struct batch *t, struct copying *c, int code, const char *why)
{
	upload_refuse(t->b, c->name, code, why);
	c->over = true;
}

static void
none_copied(struct batch *t, int code, const char *why)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		not_copied(t, t->v[i], code, why);
	t->n = 0;
}

/* Drops those that the server has no more, or has others for. */
static int
known_there(struct batch *t)
{
	struct box source = { .run = t->b->run, .name = t->v[0]->of.box,
	    .state = t->b->state, .lock = t->b->lock };
	const struct far_msg *f;
	size_t i, n = 0;
	int got = far_hear_idents(t->l, &source, t->uids, t->n);

	for (i = 0; got == 0 && i < t->n; i++) {
		f = box_far_find(&source, t->uids[i]);
		if (f == NULL || f->ident != t->v[i]->out.ident) {
			not_copied(t, t->v[i], EX_DATAERR, f == NULL ?
			    "it is a header without its body, and its message is gone on the server: the header stays here alone" :
			    "it is a header without its body, and the server has another message under its number: the header stays here alone");
			continue;
		}
		t->v[i]->flags = f->flags;
		t->uids[n] = t->uids[i];
		t->v[n++] = t->v[i];
	}
	t->n = n;
	free(source.far.v);
	return got;
}

/* The mailbox that they are of, selected, and still the one that it was. */
static int
select_source(struct batch *t)
{
	const struct stub *of = &t->v[0]->of;
	struct imap *m = &t->l->imap;
	int got;

	t->l->selected = NULL;
	t->l->chose = true;
	if ((got = imap_select(m, str_of(of->box), true)) < 0)
		return -1;
	if (got > 0)
		none_copied(t, EX_DATAERR, "it is a header without its body, and its mailbox is gone on the server: the header stays here alone");
	else if (m->box.uidvalidity != of->uidvalidity)
		none_copied(t, EX_DATAERR, "it is a header without its body, and its mailbox has other UIDs now: the header stays here alone");
	return 0;
}

static int
intend_copies(struct batch *t)
{
	struct state *s = t->b->state;
	struct err *e = t->b->run->e;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct copying *c = t->v[i];
		const struct near_msg *m = &t->b->near.dir->v[c->a->file];

		if (state_pend(s, &(struct pend){ .kind = PEND_UPLOAD,
		    .name = c->name, .ino = m->ino, .ident = c->out.ident,
		    .flags = c->flags, .size = (uint32_t)c->out.wire,
		    .uidnext = box_far_next(t->b) }, e) < 0)
			return -1;
	}
	return state_sync(s, e);
}

static int
record_copy(struct batch *t, struct copying *c, uint32_t uid)
{
	struct box *b = t->b;
	const struct near_msg *m = &b->near.dir->v[c->a->file];
	struct rec rec = { .uid = uid, .size = (uint32_t)c->out.wire,
	    .flags = c->flags, .ident = c->out.ident, .ino = m->ino,
	    .stub = true };

	if (uid < b->far.seen.uidnext ||
	    state_by_uid(b->state, uid) != NULL) {
		upload_said(b, c->name);
		return 0;
	}
	if (state_put(b->state, &rec, c->name, b->run->e) < 0 ||
	    state_unpend(b->state, c->name, b->run->e) < 0)
		return -1;
	if (m->flags != c->flags)
		box_again(b, AGAIN_FLAGS);
	box_done(b, c->a);
	return 0;
}

/* By COPYUID; the next pass asks for the UIDs that it does not have. */
static int
record_copies(struct batch *t, const struct far_copy *c)
{
	struct mark *now = &t->b->far.now;
	size_t i, at, n = 0;
	int got = 0;

	for (i = 0; i < c->from.n && got == 0 &&
	    c->uidvalidity == t->b->far.seen.uidvalidity; i++) {
		at = search_lower(&c->from.v[i], t->uids, t->n, sizeof *t->uids,
		    search_u32);
		if (at == t->n || t->uids[at] != c->from.v[i])
			continue;
		t->v[at]->told = true;
		got = record_copy(t, t->v[at], c->to.v[i]);
		now->exists++;
		if (c->to.v[i] >= now->uidnext)
			now->uidnext = (uint64_t)c->to.v[i] + 1;
		n++;
	}
	for (i = 0; n < t->n && i < t->n; i++)
		if (!t->v[i]->told)
			upload_said(t->b, t->v[i]->name);
	return got;
}

/* What COPYUID says and cannot be so is as if it had said nothing. */
static int
hear_copies(struct batch *t, struct far_copy *c)
{
	int got;

	c->uids = t->uids;
	c->n = t->n;
	c->was.uidvalidity = t->b->far.seen.uidvalidity;
	c->was.uidnext = box_far_next(t->b);
	got = c->from.n == 0 ? 0 : far_check_copy(&t->l->imap,
	    str_of(t->b->name), c);
	if (got > 0)
		c->from.n = 0;
	return got < 0 ? -1 : record_copies(t, c);
}

/* 0; 1 refused; -1. */
static int
copy_set(struct batch *t, const char *set)
{
	struct imap *m = &t->l->imap;
	unsigned tag = imap_ask_copy(m, set, str_of(t->b->name));
	struct far_copy c = { .n = 0 };
	struct imap_resp r;
	int got = 0;

	do {
		got = imap_next(m, &r);
		if (got >= 0 && r.type == IMAP_OK && c.from.n == 0)
			got = imap_copied(m, &r, &c.uidvalidity, &c.from,
			    &c.to);
	} while (got >= 0 && !imap_done(&r, tag));
	if (got >= 0)
		got = r.type != IMAP_OK ? 1 : hear_copies(t, &c);
	free(c.from.v);
	free(c.to.v);
	return got;
}

static int
unpend_all(struct batch *t)
{
	size_t i;
	int got = 0;

	for (i = 0; i < t->n && got == 0; i++)
		got = state_unpend(t->b->state, t->v[i]->name, t->b->run->e);
	return got;
}

static int
copy_batch(struct batch *t)
{
	struct buf set = { .max = 65536 };
	size_t at = 0;
	int got;

	if (select_source(t) < 0)
		return -1;
	if (t->n == 0)
		return 0;
	if (known_there(t) < 0)
		return -1;
	if (t->n == 0)
		return 0;
	if (intend_copies(t) < 0)
		return -1;
	imap_set_put(&set, t->uids, t->n, &at, SET);
	got = copy_set(t, set.p);
	buf_free(&set);
	t->b->far.changed = true;
	if (got > 0) {
		if (unpend_all(t) < 0)
			return -1;
		none_copied(t, EX_TEMPFAIL, t->l->imap.text);
		got = 0;
	}
	return got;
}

/* ---- all of them ---- */

static int
by_source(const void *a, const void *b)
{
	const struct copying *x = a, *y = b;
	int c = strcmp(x->of.box, y->of.box);

	if (c == 0)
		c = search_order(x->of.uidvalidity, y->of.uidvalidity);
	return c != 0 ? c : search_order(x->of.uid, y->of.uid);
}

static struct str
copying_name(const void *of, size_t at)
{
	return str_of(((const struct copyings *)of)->v[at].name);
}

/* Two files with one name cannot be told apart the next time. */
static bool
is_twin(const struct box *b, const struct copyings *all, struct str name)
{
	return state_in_step(b->state, name) ||
	    table_text(&all->names, all, name) != TABLE_NONE;
}

static struct copyings
copyings_of(const struct box *b)
{
	return (struct copyings){ .v = mem_new(b->plan->count[ACT_FAR_COPY] +
	    1, sizeof(struct copying)), .names.text = copying_name };
}

/* The next of them gets its name; false: it cannot be, and is told. */
static bool
copying_named(struct box *b, const struct copyings *all, const struct act *a)
{
	struct str base = near_dir_base(b->near.dir,
	    &b->near.dir->v[a->file]);
	struct copying *c = &all->v[all->n];

	snprintf(c->name, sizeof c->name, "%.*s", STR_ARG(base));
	if (base.n < sizeof c->name && !is_twin(b, all, str_of(c->name)))
		return true;
	upload_refuse(b, c->name, EX_DATAERR, "another file has this name, but for its flags");
	return false;
}

/* The next of them; 1: it is none any more, or is told. */
static int
copying_begin(struct box *b, const struct copyings *all, struct act *a)
{
	const struct near_msg *m = &b->near.dir->v[a->file];
	struct copying *c = &all->v[all->n];
	struct err *e = b->run->e;
	int fd, got;

	*c = (struct copying){ .a = a };
	if (!copying_named(b, all, a) || upload_refused(b, c->name))
		return 1;
	if ((fd = near_dir_read(b->near.dir, m, e)) < 0) {
		fail_clear(e);
		box_again(b, AGAIN_FILES);
		return 1;
	}
	got = outgo_look(&c->out, fd, e) < 0 ? -1 :
	    stub_read(fd, &c->of, &b->run->arena, e);
	close(fd);
	if (got == 0)
		box_again(b, AGAIN_FILES);	/* it was filled meanwhile */
	return got < 0 ? -1 : got == 0 || c->of.host == NULL;
}

/* The next ones that one command can copy. */
static void
batch_fill(struct batch *t, struct copying *v, size_t n)
{
	const struct copying *first = NULL;
	size_t i;

	t->n = 0;
	for (i = 0; i < n && t->n < SET / 11; i++) {
		if (v[i].over)
			continue;
		if (first == NULL)
			first = &v[i];
		if (strcmp(first->of.box, v[i].of.box) != 0 ||
		    first->of.uidvalidity != v[i].of.uidvalidity)
			break;
		if (t->n > 0 && t->uids[t->n - 1] == v[i].of.uid)
			continue;
		t->uids[t->n] = v[i].of.uid;
		t->v[t->n++] = &v[i];
	}
}

static int
copy_all(struct link *l, struct box *b, struct copying *v, size_t n)
{
	struct batch t = { .l = l, .b = b, .v = mem_new(n + 1, sizeof *t.v),
	    .uids = mem_new(n + 1, sizeof *t.uids) };
	size_t i, asked;
	int got = 0;

	qsort(v, n, sizeof *v, by_source);
	for (;;) {
		batch_fill(&t, v, n);
		if (t.n == 0 || got < 0 || stop_asked())
			break;
		asked = t.n;
		for (i = 0; i < asked; i++)
			t.v[i]->over = true;
		got = copy_batch(&t);
	}
	free(t.v);
	free(t.uids);
	return got;
}

int
copies_do(struct link *l, struct box *b)
{
	struct copyings all = copyings_of(b);
	size_t k = 0;
	int got = 0;

	for (; plan_next(b->plan, ACT_FAR_COPY, &k) && got >= 0; k++)
		if ((got = copying_begin(b, &all, &b->plan->v[k])) == 0)
			table_add(&all.names, &all, all.n++);
	table_free(&all.names);		/* they will have other places */
	if (got >= 0)
		got = copy_all(l, b, all.v, all.n);
	free(all.v);
	return got;
}

void
copies_foresee(struct box *b)
{
	struct copyings all = copyings_of(b);
	size_t k = 0;

	for (; plan_next(b->plan, ACT_FAR_COPY, &k); k++)
		if (copying_named(b, &all, &b->plan->v[k]))
			table_add(&all.names, &all, all.n++);
		else
			plan_become(b->plan, &b->plan->v[k], ACT_NOTHING);
	table_free(&all.names);
	free(all.v);
}
