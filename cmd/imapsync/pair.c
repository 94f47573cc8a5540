/*
 * pair.c: who is who, when the state cannot tell
 *
 * After a crash in an upload, after UIDVALIDITY has changed, when the state
 * was lost, and for downloads whose record was: a file here and a message
 * there may be the same one if they have the same ident (Message-ID, Date,
 * From, Subject).  In a mailbox whose state is known, only their bytes decide;
 * else the size does where it can (matches.c).  A pair is not transferred.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare.h"
#include "box.h"
#include "conn.h"
#include "elsewhere.h"
#include "far_hear.h"
#include "ident.h"
#include "imap.h"
#include "imap_box.h"
#include "imap_read.h"
#include "link.h"
#include "matches.h"
#include "near.h"
#include "near_dir.h"
#include "pair.h"
#include "plan.h"
#include "report.h"
#include "state.h"
#include "stop.h"
#include "stub.h"
#include "wire.h"

/* ---- what a file is ---- */

static int
file_look(struct box *b, struct match *o, bool whole)
{
	struct outgo out = { 0 };

	if (stop_asked())		/* there may be many */
		return fail_stop(b->run->e);
	if (near_look(b, o->at, whole, &out, b->run->e) < 0)
		return -1;
	o->ident = out.ident;
	if (whole)
		o->size = out.wire < UINT32_MAX ? (uint32_t)out.wire :
		    UINT32_MAX;
	return 0;
}

static bool
is_stub(const struct box *b, struct near_msg *m)
{
	m->stub = near_is_stub(b, m);
	return m->stub;
}

/*
 * What a stub says: the size of its message, and its UID if it is of this
 * mailbox as it is now.
 */
static void
note_said(const struct box *b, const struct near_msg *m, struct match *o)
{
	struct arena some = { 0 };
	struct err quiet = { 0 };
	struct stub s = { .host = NULL };
	int fd = near_dir_read(b->near.dir, m, &quiet);

	if (fd >= 0 && stub_read(fd, &s, &some, &quiet) > 0) {
		o->size = s.size < UINT32_MAX ? (uint32_t)s.size : UINT32_MAX;
		if (s.host != NULL && strcmp(s.box, b->name) == 0 &&
		    s.uidvalidity == b->far.seen.uidvalidity)
			o->says = s.uid;
	}
	if (fd >= 0)
		close(fd);
	arena_free(&some);
}

/* Sizes are compared with what others have added left out, too. */
static void
note_digest(struct match *o, uint64_t size)
{
	o->digested = true;
	o->size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static int
digest_here(struct box *b, struct match *o)
{
	struct outgo out = { 0 };
	uint64_t size = 0;
	int fd, got;

	if (o->digested)
		return 0;
	fd = near_dir_read(b->near.dir, &b->near.dir->v[o->at], b->run->e);
	if (fd < 0)
		return -1;
	got = outgo_look(&out, fd, b->run->e) < 0 ? -1 : outgo_digest(&out,
	    fd, o->md, &size, b->run->e);
	close(fd);
	note_digest(o, size);
	b->near.dir->v[o->at].unsized = true;
	return got;
}

static int
header_put(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

/* Its own fields alone, as those of a stub. */
static int
digest_header(struct box *b, struct imap_item *it, struct match *o)
{
	struct buf header = { .max = STUB_HEADER };
	struct conn_sink sink = { header_put, &header };
	int got = imap_body(&b->run->link[0].imap, it, &sink);

	o->digested = got >= 0 && !header.over &&
	    stub_sum_header(BUF_STR(header), o->md);
	buf_free(&header);
	return got;
}

static int
digest_body(struct box *b, struct imap_item *it, struct match *o)
{
	struct bare bare;
	struct conn_sink sink = { bare_put, &bare };
	int got;

	bare_begin(&bare);
	got = imap_body(&b->run->link[0].imap, it, &sink);
	if (!bare_end(&bare, o->md))
		return fail(b->run->e, EX_OSERR,
		    "OpenSSL has no SHA-256 here");
	note_digest(o, bare.size);
	return got;
}

/* With IMAP_HEADERS of its header, else of all of it. */
static int
digest_there(struct box *b, struct match *o, unsigned bodies)
{
	struct imap *m = &b->run->link[0].imap;
	struct imap_item it;
	struct imap_resp r;
	char one[16];
	unsigned tag;
	int got = 0;

	snprintf(one, sizeof one, "%u", o->at);
	tag = imap_ask_bodies(m, one, bodies);
	do {
		if ((got = imap_next(m, &r)) < 0)
			break;
		while (r.type == IMAP_FETCH && (got = imap_item(m, &it)) > 0)
			if (it.kind == IMAP_BODY && !it.nil &&
			    (got = bodies != 0 ? digest_header(b, &it, o) :
			    digest_body(b, &it, o)) < 0)
				break;
		if (got < 0)
			break;
	} while (!imap_done(&r, tag));
	return got < 0 ? -1 : 0;
}

int
pair_same(struct box *near, uint32_t file, struct box *far, uint32_t uid)
{
	struct match x = { .at = file }, y = { .at = uid };
	int got = digest_here(near, &x);

	if (got < 0 && near->run->e->code == EX_NOINPUT) {
		fail_clear(near->run->e);	/* gone meanwhile */
		return 0;
	}
	if (got == 0)
		got = link_select(&far->run->link[0], far);
	if (got == 0)
		got = digest_there(far, &y, 0);
	if (got != 0)
		return got < 0 ? -1 : 0;
	return y.digested && x.size == y.size &&
	    memcmp(x.md, y.md, sizeof x.md) == 0;
}

/* Does a message that is in step have this name already? */
static bool
in_step(struct box *b, const struct near_msg *m)
{
	return state_in_step(b->state, near_dir_base(b->near.dir, m));
}

/* ---- matching ---- */

static int
digest_all(struct box *b, struct matches *m)
{
	size_t i, whole = 0;

	for (i = 0; i < m->nhere; i++) {
		if (m->here[i].stub)
			continue;
		if (digest_here(b, &m->here[i]) < 0)
			return -1;
		whole++;
	}
	for (i = 0; i < m->nthere && whole > 0; i++)
		if (digest_there(b, &m->there[i], 0) < 0)
			return -1;
	return 0;
}

/* The stubs of a group, and the messages that no file of it is. */
static void
take_rest(struct box *b, const struct matches *m, struct matches *rest)
{
	size_t i;

	for (i = 0; i < m->nhere; i++)
		if (m->here[i].stub)
			rest->here[rest->nhere++] = m->here[i];
	for (i = 0; i < m->nthere; i++)
		if (!m->there[i].taken)
			rest->there[rest->nthere++] = (struct match){
			    .at = m->there[i].at,
			    .size = box_far_find(b, m->there[i].at)->size };
}

/*
 * A stub has no bytes that would decide: all fields of its header do, and the
 * size that it says.
 */
static int
match_stubs(struct box *b, const struct matches *m)
{
	struct matches rest = { .sure = true,
	    .here = mem_new(m->nhere, sizeof *rest.here),
	    .there = mem_new(m->nthere, sizeof *rest.there) };
	size_t i;
	int fd, got = 0;

	take_rest(b, m, &rest);
	for (i = 0; i < rest.nhere; i++) {
		struct match *o = &rest.here[i];
		struct err quiet = { 0 };

		fd = near_dir_read(b->near.dir, &b->near.dir->v[o->at],
		    &quiet);
		o->digested = fd >= 0 && stub_sum(fd, o->md);
		if (fd >= 0)
			close(fd);
	}
	for (i = 0; rest.nhere > 0 && i < rest.nthere && got >= 0; i++)
		got = digest_there(b, &rest.there[i], IMAP_HEADERS);
	if (got >= 0 && rest.nhere > 0)
		matches_settle(&rest, &b->pairs);
	free(rest.here);
	free(rest.there);
	return got < 0 ? -1 : 0;
}

static int
match(struct box *b, struct matches *m)
{
	size_t i;
	bool tied;

	while (matches_next(m)) {
		for (i = 0; i < m->nhere; i++)
			if (m->here[i].size == 0 && !m->here[i].stub &&
			    file_look(b, &m->here[i], true) < 0)
				return -1;
		if ((tied = matches_tied(m)) && digest_all(b, m) < 0)
			return -1;
		matches_settle(m, &b->pairs);
		if (tied && match_stubs(b, m) < 0)
			return -1;
	}
	return 0;
}

static struct match *
far_ones(struct box *b, size_t *n)
{
	struct match *f = mem_new(b->far.n + 1, sizeof *f);
	unsigned char *not = mem_new(b->far.n + 1, 1);
	size_t i;

	for (i = 0; i < b->pairs.n; i++)
		not[box_far_find(b, b->pairs.v[i].uid) - b->far.v] = 1;
	*n = 0;
	for (i = 0; i < b->far.n; i++)
		if (b->far.v[i].ident != 0 && !not[i] && (b->far.renumbered ||
		    state_by_uid(b->state, b->far.v[i].uid) == NULL))
			f[(*n)++] = (struct match){ .ident = b->far.v[i].ident,
			    .size = b->far.v[i].size,
			    .at = b->far.v[i].uid };
	free(not);
	return f;
}

/* Files nobody knows, and with other UIDs those that were known. */
static struct match *
near_ones(struct box *b, size_t *n)
{
	struct match *l = mem_new(b->near.dir->n + 1, sizeof *l);
	unsigned char *not = matches_taken(&b->pairs, b->near.dir->n);
	const struct rec *rec;
	size_t i;

	*n = 0;
	for (i = 0; i < b->near.dir->n; i++) {
		rec = b->near.rec_of[i] != NONE ? &b->state->rec[b->near.rec_of[i]] :
		    NULL;
		if (not[i] || (rec != NULL && !b->far.renumbered) ||
		    (rec == NULL && in_step(b, &b->near.dir->v[i])))
			continue;
		l[*n] = (struct match){ .at = (uint32_t)i,
		    .base = UINT64_MAX };
		if (rec != NULL && rec->ident != 0) {
			l[*n].ident = rec->ident;
			l[*n].size = rec->size;
			l[*n].base = rec->flags;
			l[*n].stub = rec->stub;
			l[*n].sent = rec->stub || !state_native(b->state, rec);
			b->near.dir->v[i].unsized = l[*n].sent;
			if (rec->stub)
				note_said(b, &b->near.dir->v[i], &l[*n]);
		} else if (file_look(b, &l[*n], false) < 0) {
			if (b->run->e->code == EX_NOINPUT)
				fail_clear(b->run->e);	/* gone meanwhile */
			continue;
		} else if (!b->known) {
			/* its size is not that of the message */
			l[*n].sent = is_stub(b, &b->near.dir->v[i]);
			l[*n].stub = l[*n].sent;
			if (l[*n].stub)
				note_said(b, &b->near.dir->v[i], &l[*n]);
		}
		++*n;
	}
	free(not);
	return l;
}

/*
 * A stub is the message that it says, with the same ident: bytes would prove
 * nothing.  Of two that say the same the other one is a copy.
 */
static void
pair_said(struct box *b, struct matches *m)
{
	unsigned char *taken = mem_new(b->far.n + 1, 1);
	const struct far_msg *f;
	size_t i, n = 0;

	for (i = 0; i < b->pairs.n; i++)
		taken[box_far_find(b, b->pairs.v[i].uid) - b->far.v] = 1;
	for (i = 0; i < m->nnear; i++) {
		const struct match *l = &m->near[i];

		f = l->says != 0 ? box_far_find(b, l->says) : NULL;
		if (f == NULL || f->ident != l->ident ||
		    taken[f - b->far.v] != 0 ||
		    state_by_uid(b->state, f->uid) != NULL) {
			m->near[n++] = *l;
			continue;
		}
		taken[f - b->far.v] = 1;
		matches_pair(&b->pairs, l->at, f->uid, l->base);
	}
	m->nnear = n;
	free(taken);
}

static int
match_all(struct box *b)
{
	struct matches m = { .sure = b->known && !b->far.renumbered };
	int got = 0;

	m.near = near_ones(b, &m.nnear);
	if (m.nnear > 0 && (got = pair_idents_all(b)) == 0) {
		pair_said(b, &m);
		m.far = far_ones(b, &m.nfar);
		got = b->known ? 0 : elsewhere_pair(b, &m);
		if (got == 0)
			got = match(b, &m);
	}
	free(m.near);
	free(m.far);
	return got;
}

/* ---- after UIDVALIDITY has changed ---- */

struct lost {
	struct rec rec;
	char *name;
};

/* Files that had a UID and have none now: kept, not uploaded, told. */
static int
orphans(struct box *b)
{
	struct lost *v = mem_new(b->state->n + 1, sizeof *v);
	unsigned char *paired = matches_taken(&b->pairs, b->near.dir->n);
	struct rec *rec;
	size_t i, n = 0;
	int got;

	for (i = 0; i < b->near.dir->n; i++) {
		if (b->near.rec_of[i] == NONE || paired[i])
			continue;
		rec = &b->state->rec[b->near.rec_of[i]];
		v[n].rec = *rec;
		v[n].rec.uid = 0;
		v[n].rec.kind = REC_ORPHAN;
		v[n++].name = mem_dup(state_name(b->state, rec));
	}
	got = state_reset(b->state, b->run->e);
	for (i = 0; i < n; i++) {
		if (got == 0)
			got = state_put(b->state, &v[i].rec, v[i].name,
			    b->run->e);
		free(v[i].name);
	}
	b->run->report.orphans += n;
	free(v);
	free(paired);
	return got;
}

/* ---- downloads whose record was lost ---- */

/* The UID that the file's name tells, if that is a new message; or 0. */
static uint32_t
uid_left(struct box *b, size_t i)
{
	struct str base = near_dir_base(b->near.dir, &b->near.dir->v[i]);
	uint32_t uid = b->near.rec_of[i] != NONE ? 0 :
	    near_dir_named(base, b->key);

	return uid != 0 && state_by_uid(b->state, uid) == NULL &&
	    imap_uids_has(&b->far.fresh, uid) &&
	    !in_step(b, &b->near.dir->v[i]) ? uid : 0;
}

/*
 * The file says who the message is, for it is our own download, and whole: of
 * the message no more than its flags is asked.  Without an answer it has none.
 */
static void
note_left(struct box *b, const struct match *o, uint32_t uid)
{
	struct far_msg *f;

	if (box_far_find(b, uid) == NULL)
		box_far_merge(b, &(struct far_msg){ .uid = uid }, 1);
	f = box_far_find(b, uid);
	f->ident = o->ident;
	f->size = o->size;
	matches_pair(&b->pairs, o->at, uid, UINT64_MAX);
}

static int
ask_left(struct box *b, const struct imap_uids *left)
{
	struct link *l = &b->run->link[0];
	struct imap_uids ask = { 0 };
	size_t i;
	int got = 0;

	for (i = 0; i < left->n; i++)
		if (pair_unasked(b, left->v[i]))
			imap_uids_add(&ask, left->v[i]);
	if (ask.n > 0 && (got = link_select(l, b)) == 0)
		got = far_hear_marks(l, b, ask.v, ask.n);
	free(ask.v);
	return got < 0 ? -1 : 0;
}

static int
leftovers(struct box *b)
{
	struct imap_uids left = { 0 };
	struct match o;
	size_t i;
	int got = 0;

	for (i = 0; b->far.fresh.n > 0 && i < b->near.dir->n; i++)
		if (uid_left(b, i) != 0)
			imap_uids_add(&left, uid_left(b, i));
	if (left.n > 0) {
		imap_uids_sort(&left);
		got = ask_left(b, &left);
	}
	for (i = 0; got == 0 && left.n > 0 && i < b->near.dir->n; i++) {
		o = (struct match){ .at = (uint32_t)i };
		if (uid_left(b, i) == 0)
			continue;
		if (file_look(b, &o, true) == 0)
			note_left(b, &o, uid_left(b, i));
		else if (b->run->e->code != EX_NOINPUT)
			got = -1;
		else
			fail_clear(b->run->e);	/* gone meanwhile */
	}
	free(left.v);
	return got;
}

int
pair_find(struct box *b)
{
	if (b->known && !b->far.renumbered)
		return leftovers(b);
	if (b->far.fresh.n > 0 && b->near.dir->n > 0 && (leftovers(b) < 0 ||
	    match_all(b) < 0))
		return -1;
	if (!b->far.renumbered)
		return 0;
	report_problem(&b->run->report, 0, b->name,
	    "its UIDs have changed: %zu of %zu messages found again",
	    b->pairs.n, b->far.fresh.n);
	return orphans(b) < 0 ? -1 : near_scan(b);
}

/* ---- new on both sides ---- */

/*
 * Also those that the other side does not get: were they not paired now, both
 * would travel the day it gets them.
 */
static bool
new_here(const struct box *b)
{
	const struct policy *p = &b->run->o->policy;
	size_t i;

	if (b->plan->count[ACT_PUSH] > 0 || p->mirror ||
	    (p->far_gets & GETS_NEW) != 0)
		return b->plan->count[ACT_PUSH] > 0;
	for (i = 0; i < b->near.dir->n; i++)
		if (b->near.rec_of[i] == NONE)
			return true;
	return false;
}

static bool
new_there(const struct box *b)
{
	return b->plan->count[ACT_FETCH] > 0 ||
	    ((b->windowed || (b->run->o->policy.near_gets & GETS_NEW) == 0) &&
	    b->far.fresh.n > 0);
}

/* Of those that said who they are in an earlier run: see pair_ask.c. */
static int
ask_pair_flags(struct box *b, size_t from)
{
	struct imap_uids ask = { 0 };
	struct far_msg *f, *was = mem_new(b->pairs.n + 1, sizeof *was);
	size_t i;
	int got = 0;

	for (i = from; i < b->pairs.n; i++) {
		f = box_far_find(b, b->pairs.v[i].uid);
		if (f->flags_known)
			continue;
		was[ask.n] = *f;
		imap_uids_add(&ask, f->uid);
	}
	if (ask.n > 0 && (got = link_select(&b->run->link[0], b)) == 0) {
		imap_uids_sort(&ask);
		got = far_hear_marks(&b->run->link[0], b, ask.v, ask.n);
	}
	box_far_sort(b);		/* of two the later one stays */
	for (i = 0; i < ask.n; i++)
		if ((f = box_far_find(b, was[i].uid)) != NULL) {
			f->ident = was[i].ident;
			f->size = was[i].size;
		}
	free(ask.v);
	free(was);
	return got < 0 ? -1 : 0;
}

int
pair_new(struct box *b)
{
	size_t before = b->pairs.n;

	if (!b->near.scanned || b->far.renumbered || !b->known ||
	    !new_here(b) || !new_there(b))
		return 0;
	if (match_all(b) < 0 || ask_pair_flags(b, before) < 0)
		return -1;
	return b->pairs.n > before;
}

/* ---- uploads and moves that were in doubt ---- */

/*
 * Of its size, or the only one: servers change what they are given.  What was
 * copied for a stub is any of them.
 */
static struct far_msg *
find_pending(struct box *b, const struct pend *p, bool stub)
{
	struct far_msg *found = NULL;
	size_t i, n = 0;

	for (i = 0; i < b->far.n; i++) {
		struct far_msg *f = &b->far.v[i];

		if (f->uid < p->uidnext || f->ident != p->ident ||
		    state_by_uid(b->state, f->uid) != NULL)
			continue;
		if (stub || f->size == p->size)
			return f;
		found = f;
		n++;
	}
	return n == 1 && ident_sure(p->ident) ? found : NULL;
}

static int
settle_pend(struct box *b, const struct pend *p)
{
	struct rec rec = { .size = p->size, .flags = p->flags,
	    .ident = p->ident, .ino = p->ino, .uid = p->uid };
	struct far_msg *f = NULL;
	struct near_msg *m = near_dir_find(b->near.dir, str_of(p->name));
	bool here = m != NULL;

	rec.stub = here && is_stub(b, m);
	if (p->kind == PEND_UPLOAD &&
	    (f = find_pending(b, p, rec.stub)) != NULL)
		rec.uid = f->uid;
	if ((p->kind == PEND_NEAR && here &&
	    state_by_uid(b->state, p->uid) == NULL) || f != NULL)
		return state_put(b->state, &rec, p->name, b->run->e);
	return 0;
}

/* Is there a new message from that UID on that did not say who it is? */
static bool
unnamed(struct box *b, uint64_t from)
{
	const struct imap_uids *all = &b->far.fresh;
	const struct far_msg *f;
	size_t i;

	for (i = 0; i < all->n; i++) {
		f = box_far_find(b, all->v[i]);
		if (all->v[i] >= from && (pair_unasked(b, all->v[i]) ||
		    (f != NULL && f->ident == 0)))
			return true;
	}
	return false;
}

/* UIDVALIDITY is another: pair_find looks at everything anyhow. */
int
pair_pending(struct box *b)
{
	uint64_t from = UINT64_MAX;
	struct state *s = b->state;
	struct pend *p;
	size_t i;

	if (s->npend == 0)
		return 0;
	for (i = 0; i < s->npend; i++)
		if (s->pend[i].kind == PEND_UPLOAD &&
		    s->pend[i].uidnext < from)
			from = s->pend[i].uidnext;
	if (!b->far.renumbered && from != UINT64_MAX) {
		if (pair_idents(b, from) < 0)
			return -1;
		if (unnamed(b, from))
			return far_hear_unusable(b, "the server does not say who a new message is: an upload stays in doubt");
	}
	while (s->npend > 0) {
		char *name;
		int got;

		p = &s->pend[s->npend - 1];
		got = b->far.renumbered ? 0 : settle_pend(b, p);
		name = mem_dup(s->pend[s->npend - 1].name);
		if (got == 0)
			got = state_unpend(s, name, b->run->e);
		free(name);
		if (got < 0)
			return -1;
	}
	return state_sync(s, b->run->e);
}
