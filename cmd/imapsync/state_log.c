/*
 * state_log.c: the log of one mailbox as bytes, and back
 *
 * 16 bytes of magic, then records, each {CRC-32C of what follows, bytes of
 * payload, kind, 0} and the payload; all numbers little endian.  The first
 * record names the mailbox.  A log that was shortened begins with the records
 * of all that was live then; there is no other kind of snapshot.  Loading
 * stops at the first record that is not whole, and cuts there.
 *
 * Records after a RESET count once a MARK follows: a log that ends between
 * them is cut in front of the RESET.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "mem.h"
#include "reclog.h"
#include "state_private.h"

static const char magic[] = STATE_MAGIC;

enum { PAYLOAD_MAX = 1200 };

/* ---- fixed widths ---- */

static void
put32(struct buf *b, uint32_t n)
{
	n = htole32(n);
	buf_put(b, &n, 4);
}

void
state_put64(struct buf *b, uint64_t n)
{
	n = htole64(n);
	buf_put(b, &n, 8);
}

/* Takes a number off the front; too few bytes: 0, and *s is NULL. */
static uint64_t
get(struct str *s, size_t width)
{
	uint64_t n = 0;

	if (s->n < width) {
		*s = (struct str){ NULL, 0 };
		return 0;
	}
	memcpy(&n, s->p, width);
	*s = str_from(*s, width);
	return le64toh(n);
}

/* ---- records ---- */

/* Appends one with its head; the payload was put behind *at + HEAD. */
size_t
state_log_begin(struct buf *b)
{
	size_t at = b->n;

	state_put64(b, 0);
	return at;
}

void
state_log_end(struct buf *b, size_t at, enum state_kind kind)
{
	uint16_t len = htole16((uint16_t)(b->n - at - HEAD));
	unsigned char k = (unsigned char)kind;
	uint32_t sum;

	if (b->over)
		return;
	memcpy(b->p + at + 4, &len, 2);
	memcpy(b->p + at + 6, &k, 1);
	sum = htole32(reclog_crc32c(b->p + at + 4, b->n - at - 4));
	memcpy(b->p + at, &sum, 4);
}

void
state_log_rec(struct buf *b, const struct rec *r, struct str name)
{
	size_t at = state_log_begin(b);

	put32(b, r->uid);
	put32(b, r->size);
	state_put64(b, r->flags);
	state_put64(b, r->ident);
	state_put64(b, r->ino);
	put32(b, r->kind | (r->far_only && r->stub ? STUB_TOO : 0));
	buf_str(b, name);
	if (r->far_only)
		state_log_end(b, at, FAR_ONLY);
	else
		state_log_end(b, at, r->stub ? STUB : PUT);
}

void
state_log_pend(struct buf *b, const struct pend *p)
{
	size_t at = state_log_begin(b);

	put32(b, p->kind);
	put32(b, p->size);
	put32(b, p->uid);
	state_put64(b, p->ino);
	state_put64(b, p->ident);
	state_put64(b, p->flags);
	state_put64(b, p->uidnext);
	buf_s(b, p->name);
	state_log_end(b, at, PEND);
}

void
state_log_mark(struct buf *b, const struct mark *m, const struct stamp *t)
{
	size_t at = state_log_begin(b);

	state_put64(b, m->uidvalidity);
	state_put64(b, m->uidnext);
	state_put64(b, m->modseq);
	state_put64(b, m->exists);
	state_put64(b, t->cur_mtime);
	state_put64(b, t->cur_ino);
	state_put64(b, t->new_mtime);
	state_put64(b, t->new_ino);
	buf_s(b, m->id != NULL ? m->id : "");
	state_log_end(b, at, MARK);
}

void
state_log_text(struct buf *b, enum state_kind kind, struct str text)
{
	size_t at = state_log_begin(b);

	buf_str(b, text);
	state_log_end(b, at, kind);
}

void
state_log_head(struct buf *b, const char *box)
{
	buf_put(b, magic, 16);
	state_log_text(b, BOX, str_of(box));
}

/* Which rec is meant: its uid, and the name of those without. */
void
state_log_which(struct buf *b, const struct state *s, const struct rec *r)
{
	put32(b, r->uid);
	if (r->uid == 0)
		buf_s(b, state_name(s, r));
}

static struct rec *
get_which(struct state *s, struct str *p)
{
	uint32_t uid = (uint32_t)get(p, 4);

	return uid != 0 ? state_by_uid(s, uid) : state_by_name(s, *p);
}

/* ---- records, applied; -1: the payload is not what it should be ---- */

static int
apply_put(struct state *s, struct str p, enum state_kind as)
{
	struct rec r = { .uid = (uint32_t)get(&p, 4), .stub = as == STUB,
	    .far_only = as == FAR_ONLY };
	uint64_t kind;

	r.size = (uint32_t)get(&p, 4);
	r.flags = get(&p, 8);
	r.ident = get(&p, 8);
	r.ino = get(&p, 8);
	kind = get(&p, 4);
	if (r.far_only && (kind & STUB_TOO) != 0) {
		r.stub = true;
		kind -= STUB_TOO;
	}
	r.kind = (uint16_t)kind;
	if (!state_name_ok(p) || kind > REC_ORPHAN || s->n >= STATE_RECS)
		return -1;
	state_replace(s, &r, p);
	return 0;
}

static int
apply_pend(struct state *s, struct str p)
{
	struct pend x = { .kind = (uint32_t)get(&p, 4) };

	x.size = (uint32_t)get(&p, 4);
	x.uid = (uint32_t)get(&p, 4);
	x.ino = get(&p, 8);
	x.ident = get(&p, 8);
	x.flags = get(&p, 8);
	x.uidnext = get(&p, 8);
	if (!state_name_ok(p) || (x.kind != PEND_UPLOAD && x.kind != PEND_NEAR))
		return -1;
	state_add_pend(s, &x, p);
	return 0;
}

static int
apply_mark(struct state *s, struct str p)
{
	struct mark m = { .uidvalidity = get(&p, 8) };
	struct stamp t;

	m.uidnext = get(&p, 8);
	m.modseq = get(&p, 8);
	m.exists = get(&p, 8);
	t.cur_mtime = get(&p, 8);
	t.cur_ino = get(&p, 8);
	t.new_mtime = get(&p, 8);
	t.new_ino = get(&p, 8);
	if (p.p == NULL || p.n >= sizeof s->id)
		return -1;
	str_copy(s->id, p);
	s->id[p.n] = '\0';
	m.id = s->id;
	s->mark = m;
	s->stamp = t;
	s->in->reset = false;
	return 0;
}

static int
apply_flags(struct state *s, struct str p)
{
	uint64_t flags = get(&p, 8);
	struct rec *r = get_which(s, &p);

	if (r == NULL)
		return -1;
	r->flags = flags;
	return 0;
}

static int
apply_drop(struct state *s, struct str p)
{
	struct rec *r = get_which(s, &p);

	if (r == NULL)
		return -1;
	state_bury(s, r);
	return 0;
}

static int
apply_keyword(struct state *s, struct str p)
{
	size_t n = s->keywords.n;

	flags_keyword(&s->keywords, p, true);
	s->in->keywords = s->keywords.n;
	return s->keywords.n == n + 1 ? 0 : -1;
}

static int
log_apply(struct state *s, unsigned kind, struct str p)
{
	switch (kind) {
	case KEYWORD:
		return apply_keyword(s, p);
	case PUT:
	case STUB:
	case FAR_ONLY:
		return apply_put(s, p, (enum state_kind)kind);
	case FLAGS:
		return apply_flags(s, p);
	case DROP:
		return apply_drop(s, p);
	case PEND:
		return apply_pend(s, p);
	case UNPEND:
		state_del_pend(s, p);
		return 0;
	case MARK:
		return apply_mark(s, p);
	case RESET:
		state_forget_recs(s);
		return 0;
	default:
		return -1;
	}
}

/* ---- loading ---- */

/* One record off the front of *s; 0: there is no whole one. */
static int
next_record(struct str *s, unsigned *kind, struct str *payload)
{
	uint32_t sum;
	uint16_t len;

	if (s->n < HEAD)
		return 0;
	memcpy(&sum, s->p, 4);
	memcpy(&len, s->p + 4, 2);
	len = le16toh(len);
	if (len > PAYLOAD_MAX || s->n < (size_t)HEAD + len ||
	    reclog_crc32c(s->p + 4, (size_t)len + 4) != le32toh(sum) || s->p[7] != 0)
		return 0;
	*kind = (unsigned char)s->p[6];
	*payload = (struct str){ s->p + HEAD, len };
	*s = str_from(*s, (size_t)HEAD + len);
	return 1;
}

/* It may say what we do not understand: it is never cut, nor set aside. */
static int
log_newer(const struct state *s, struct err *e)
{
	return fail(e, EX_CONFIG, "%s: written by a newer version of imapsync", s->path);
}

/* Who the log is about.  1 it is, 0 nothing good is there, -1 it is not. */
static int
load_head(struct state *s, struct str *all, struct err *e)
{
	struct str name;
	unsigned kind;
	size_t n = all->n < 16 ? all->n : 16;

	if (n > 0 && memcmp(all->p, magic, n < 13 ? n : 13) != 0)
		return fail(e, EX_DATAERR, "%s: no state of a mailbox",
		    s->path);
	if (n == 16 && memcmp(all->p, magic, 16) != 0)
		return log_newer(s, e);
	*all = str_from(*all, n);
	if (n < 16 || next_record(all, &kind, &name) == 0)
		return 0;
	if (kind != BOX)
		return fail(e, EX_DATAERR, "%s: damaged", s->path);
	if (s->box == NULL && state_box_ok(name)) {
		s->box = mem_new(name.n + 1, 1);
		str_copy(s->box, name);
	}
	if (!str_eq(name, str_of(s->box)))
		return fail(e, EX_DATAERR, "%s: it is about %.*s", s->path,
		    STR_ARG(name));
	return 1;
}

/*
 * The records of the file up to limit, a piece at a time.  s->in->log.size is
 * where the good ones end, *group where the last RESET without a MARK is.
 */
static int
log_load(struct state *s, uint64_t limit, uint64_t *group, struct err *e)
{
	struct state_in *in = s->in;
	char *some = mem_grow(NULL, BUFFER, 1);
	struct str left, p;
	unsigned kind;
	ssize_t n;
	size_t was;
	int got = 1;

	in->log.size = 0;
	while (got == 1) {
		n = file_scan(in->log.fd, some, BUFFER < limit - in->log.size ?
		    BUFFER : (size_t)(limit - in->log.size), (off_t)in->log.size, e);
		left = (struct str){ some, n > 0 ? (size_t)n : 0 };
		if (n < 0)
			got = -1;
		else if (in->log.size == 0)
			got = load_head(s, &left, e);
		was = left.n;
		while (got == 1 && next_record(&left, &kind, &p) == 1) {
			if (kind == RESET && !in->reset)
				*group = in->log.size + (size_t)n - left.n - HEAD -
				    p.n;
			if (kind > FAR_ONLY) {
				got = log_newer(s, e);
			} else if (log_apply(s, kind, p) < 0) {
				left = (struct str){ p.p - HEAD, left.n +
				    HEAD + p.n };
				break;
			}
		}
		if (got == 1 && in->log.size > 0 && left.n == was)
			break;			/* no whole one any more */
		if (got == 1)
			in->log.size += (size_t)n - left.n;
	}
	free(some);
	return got;
}

int
state_load(struct state *s, struct err *e)
{
	struct state_in *in = s->in;
	uint64_t group = 0, limit;
	struct stat st;
	int got;

	if (fstat(in->log.fd, &st) < 0)
		return fail_sys(e, EX_IOERR, "%s", s->path);
	if (!S_ISREG(st.st_mode))
		return fail(e, EX_DATAERR, "%s: not a regular file", s->path);
	limit = (uint64_t)st.st_size;
	state_clear(s);
	state_room(s, limit / 80 < STATE_RECS ? (size_t)limit / 80 : 0);
	got = log_load(s, limit, &group, e);
	if (got == 1 && in->reset) {
		state_clear(s);
		got = log_load(s, group, &group, e);
	}
	if (got < 0)
		return -1;
	if (got == 0)
		state_clear(s);
	s->bytes = limit;
	s->good = got == 0 ? 0 : in->log.size;
	s->cut = s->good < s->bytes;
	if (in->read_only)
		return 0;
	if ((got == 0 || s->cut) && reclog_begin(&in->log, s->good, e) < 0)
		return -1;
	s->fresh = got == 0;
	if (got == 0)
		state_log_head(&in->log.out, s->box);
	return 0;
}
