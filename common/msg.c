/*
 * msg.c: a message on its way to the wire, as a list of parts to stream
 *
 * A file is read twice: msg_scan learns its size and refuses what may not be
 * sent, msg_read sends it.  Somebody may write to the file in between, so the
 * second reading checks again all that the wire relies on.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "b64.h"
#include "file.h"
#include "msg.h"
#include "stop.h"

/* The parts. */

void
msg_add(struct msg *m, struct arena *a, const struct msg_part *p)
{
	struct msg_part *old = m->parts;

	if (m->n == m->cap) {
		m->cap = m->cap > 0 ? m->cap * 2 : 8;
		m->parts = arena_new(a, m->cap, sizeof *m->parts);
		if (m->n > 0)
			memcpy(m->parts, old, m->n * sizeof *old);
	}
	m->parts[m->n++] = *p;
	m->size += p->size;
}

void
msg_add_mem(struct msg *m, struct arena *a, struct str wire)
{
	struct msg_part p = {
		.kind = CTE_COPY, .mem = wire, .fd = -1,
		.len = wire.n, .size = wire.n
	};

	if (p.mem.p == NULL)
		p.mem.p = "";
	msg_add(m, a, &p);
}

void
msg_begin(struct msg *m, struct arena *a, struct str head)
{
	*m = (struct msg){ .utf8 = !str_ascii(head) };
	msg_add_mem(m, a, head);
	msg_add_mem(m, a, STR("\r\n"));
}

void
msg_close(struct msg *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->parts[i].own)
			close(m->parts[i].fd);
	m->n = 0;
}

/* The header block. */

struct str
msg_head(const struct msg *m)
{
	return m->parts[0].mem;
}

void
msg_set_head(struct msg *m, struct str head)
{
	struct msg_part *p = &m->parts[0];

	m->size = m->size - p->size + head.n;
	m->utf8 = !str_ascii(head);
	p->mem = head.p != NULL ? head : STR("");
	p->len = p->size = head.n;
}

void
msg_add_fields(struct msg *m, struct arena *a, struct str lines)
{
	struct str was = msg_head(m);
	char *p = arena_new(a, lines.n + was.n, 1);

	str_copy(p, lines);
	str_copy(p + lines.n, was);
	msg_set_head(m, (struct str){ p, lines.n + was.n });
}

/* One field with its folds and the last line end, off the front of *s. */
static struct str
whole_field(struct str *s)
{
	const char *end = s->p + s->n, *at = s->p;
	struct str f;

	do {
		at = str_find(at, '\n', end);
		at += at < end;
	} while (at < end && str_blank(*at));
	f = (struct str){ s->p, (size_t)(at - s->p) };
	*s = str_from(*s, f.n);
	return f;
}

/* RFC 5322 3.6.8 ftext, and blanks before the colon (4.5.8).  0: no name. */
static size_t
name_length(struct str line)
{
	size_t n = 0, i;

	while (n < line.n && line.p[n] > ' ' && line.p[n] < 0x7f &&
	    line.p[n] != ':')
		n++;
	for (i = n; i < line.n && str_blank(line.p[i]); i++)
		;
	return i < line.n && line.p[i] == ':' ? n : 0;
}

int
msg_next_field(struct msg_fields *f, struct str *name, struct str *body)
{
	struct str one;
	size_t n;

	while (f->left.n > 0) {
		one = whole_field(&f->left);
		if ((n = name_length(one)) == 0)
			continue;
		*name = str_to(one, n);
		str_cut(&one, ':');
		if (one.n > 0 && one.p[one.n - 1] == '\n')
			one.n--;
		if (one.n > 0 && one.p[one.n - 1] == '\r')
			one.n--;
		*body = one;
		return 1;
	}
	return 0;
}

bool
msg_field(const struct msg *m, const char *want, struct str *body)
{
	struct msg_fields f = { msg_head(m) };
	struct str name, value;

	while (msg_next_field(&f, &name, &value) > 0) {
		if (!str_is(name, want))
			continue;
		if (body != NULL)
			*body = value;
		return true;
	}
	return false;
}

void
msg_drop_field(struct msg *m, struct arena *a, const char *name)
{
	struct str left = msg_head(m), one, got;
	char *to;
	size_t n = 0;

	if (!msg_field(m, name, NULL))
		return;
	to = arena_new(a, left.n, 1);
	while (left.n > 0) {
		one = whole_field(&left);
		got = str_to(one, name_length(one));
		if (str_is(got, name))
			continue;
		str_copy(to + n, one);
		n += one.n;
	}
	msg_set_head(m, (struct str){ to, n });
}

/* The bytes of a part's source from at on, as many as a block takes. */
static const char *
part_load(const struct msg_part *p, uint64_t at, char *in, size_t *n,
    struct err *e)
{
	ssize_t got;

	*n = p->len - at < CTE_BLOCK ? (size_t)(p->len - at) : CTE_BLOCK;
	if (p->mem.p != NULL)
		return p->mem.p + at;
	if (*n == 0)
		return in;
	got = file_pread(p->fd, in, *n, p->off + (off_t)at, e);
	if (got == (ssize_t)*n)
		return in;
	if (got >= 0)
		fail(e, EX_IOERR, "%s became shorter while it was read",
		    p->name != NULL ? p->name : "the message");
	return NULL;
}

int
msg_look_at(const struct msg_part *p, struct msg_look *l, struct err *e)
{
	char *in = mem_grow(NULL, CTE_BLOCK, 1);
	const char *src = NULL;
	uint64_t at;
	size_t n;

	for (at = 0; at < p->len; at += n) {
		if (stop_asked())	/* it may be very long */
			fail_stop(e);
		if (stop_asked() || (src = part_load(p, at, in, &n, e)) == NULL)
			break;
		msg_look(l, src, n);
	}
	free(in);
	if (at < p->len)
		return -1;
	msg_look(l, "", 0);
	return 0;
}

/* Scanning a finished message. */

/* The header block while it is read; raw is the source from its start. */
struct scan {
	int fd;
	off_t off;
	uint64_t size;
	int flags;
	struct buf raw, head;
	size_t at, start;	/* of raw: behind, and at, the line */
	uint64_t line;
	size_t fields;
	bool mbox;
	struct err *e;
};

static int
scan_more(struct scan *s)
{
	char *to = buf_room(&s->raw, CTE_BLOCK);
	ssize_t n;

	n = file_pread(s->fd, to, CTE_BLOCK, s->off + (off_t)s->raw.n, s->e);
	if (n > 0)
		s->raw.n += (size_t)n;
	return n < 0 ? -1 : n > 0;
}

/*
 * The next line without its end: 1, or 0 when there is none.  The bytes read
 * never exceed the limit by much, so an endless line is given cut.
 */
static int
raw_line(struct scan *s, struct str *line)
{
	size_t from = s->at;
	const char *nl;
	int got = 1;

	s->start = s->at;
	while ((nl = s->raw.n > from ? memchr(s->raw.p + from, '\n',
	    s->raw.n - from) : NULL) == NULL && s->raw.n <= MSG_HEAD_MAX) {
		from = s->raw.n;
		if ((got = scan_more(s)) <= 0)
			break;
	}
	if (got < 0 || s->at == s->raw.n)
		return got < 0 ? -1 : 0;
	*line = (struct str){ s->raw.p + s->at, s->raw.n - s->at };
	if (nl != NULL)
		line->n = (size_t)(nl - line->p);
	s->at += line->n + (nl != NULL);
	if (nl != NULL && line->n > 0 && nl[-1] == '\r')
		line->n--;
	s->line++;
	return 1;
}

static int
refuse(struct scan *s, const char *what)
{
	return fail(s->e, EX_DATAERR, "line %" PRIu64 ": %s", s->line, what);
}

/* Where an over-long header line can be folded: at a blank, or 0. */
static size_t
fold_at(struct str line)
{
	size_t i = MSG_LINE_MAX, least = name_length(line);

	if (least > 0)
		least = (size_t)(str_find(line.p, ':', line.p + line.n) -
		    line.p) + 1;
	while (least < line.n && str_blank(line.p[least]))
		least++;
	while (i > least && !str_blank(line.p[i]))
		i--;
	return i > least ? i : 0;
}

static int
head_room(struct scan *s)
{
	if (s->at > MSG_HEAD_MAX)
		return fail(s->e, EX_DATAERR, "a header over %d bytes",
		    MSG_HEAD_MAX);
	return 0;
}

static int
mend_line(struct scan *s, struct str line)
{
	size_t i;

	for (i = 0; i < line.n; i++)
		buf_c(&s->head, line.p[i] == '\0' || line.p[i] == '\r' ? ' ' :
		    line.p[i]);
	buf_s(&s->head, "\r\n");
	return head_room(s);
}

static int
put_line(struct scan *s, struct str line)
{
	size_t n;

	if ((s->flags & MSG_MEND) != 0)
		return mend_line(s, line);
	if (str_has(line, '\0'))
		return refuse(s, "NUL in the header");
	if (str_has(line, '\r'))
		return refuse(s, "bare CR in the header");
	if (line.n > MSG_LINE_MAX && (s->flags & MSG_ODD) != 0)
		while (line.n > 0 && str_blank(line.p[line.n - 1]))
			line.n--;
	while (line.n > MSG_LINE_MAX) {
		n = (s->flags & MSG_ODD) != 0 ? fold_at(line) : 0;
		if (n == 0)
			return refuse(s, "over 998 octets");
		buf_str(&s->head, str_to(line, n));
		buf_s(&s->head, "\r\n");
		line = str_from(line, n);
	}
	buf_str(&s->head, line);
	buf_s(&s->head, "\r\n");
	return head_room(s);
}

/* All of the header; s->start and s->line say where the body begins. */
static int
scan_head(struct scan *s)
{
	struct str line;
	int got;

	while ((got = raw_line(s, &line)) > 0) {
		if (s->line == 1 && str_to(line, 5).n == 5 &&
		    memcmp(line.p, "From ", 5) == 0) {
			s->mbox = true;
			continue;
		}
		if (line.n == 0) {
			s->start = s->at;
			break;
		}
		if (name_length(line) > 0)
			s->fields++;
		else if (s->fields == 0 || !str_blank(line.p[0])) {
			s->line--;
			break;
		}
		if (put_line(s, line) < 0)
			return -1;
	}
	if (s->mbox && s->fields == 0) {	/* no mbox: a text */
		s->start = 0;
		s->line = 0;
	}
	return got < 0 ? -1 : 0;
}

static int
scan_body(struct scan *s, struct msg *m, struct arena *a)
{
	struct msg_look look = { .line = s->line };
	struct msg_part p = {
		.kind = CTE_LINES, .fd = s->fd, .own = true,
		.off = s->off + (off_t)s->start, .len = s->size - s->start
	};

	if (msg_look_at(&p, &look, s->e) < 0)
		return -1;
	if (look.odd != NULL && (s->flags & MSG_ODD) == 0)
		return fail(s->e, EX_DATAERR, "line %" PRIu64 ": %s",
		    look.odd_line, look.odd);
	p.size = look.size;
	m->eight = look.eight;
	m->odd = look.odd != NULL;
	msg_add(m, a, &p);
	return 0;
}

int
msg_scan(struct msg *m, struct arena *a, int fd, int flags, struct err *e)
{
	struct scan s = { .flags = flags, .e = e };
	int got = -1;

	*m = (struct msg){ 0 };
	if ((s.fd = file_spool(fd, &s.off, &s.size, e)) < 0)
		return -1;
	if (scan_head(&s) == 0) {
		msg_begin(m, a, arena_str(a, BUF_STR(s.head)));
		if (s.start > s.size)		/* it grew meanwhile */
			s.size = s.start;
		got = scan_body(&s, m, a);
	}
	if (got < 0)
		close(s.fd);
	buf_free(&s.raw);
	buf_free(&s.head);
	return got;
}

int
msg_raw(struct msg *m, struct arena *a, int fd, struct err *e)
{
	struct msg_part p = { .kind = CTE_LINES, .own = true };
	struct msg_look look = { 0 };

	*m = (struct msg){ 0 };
	if ((p.fd = file_spool(fd, &p.off, &p.len, e)) < 0)
		return -1;
	if (msg_look_at(&p, &look, e) < 0) {
		close(p.fd);
		return -1;
	}
	p.size = look.size;
	m->eight = look.eight;
	m->nul = look.nul;
	m->odd = look.nul || look.bare;
	msg_add(m, a, &p);
	return 0;
}

/* Reading. */

static void
begin_part(struct msg_reader *r)
{
	const struct msg_part *p;

	r->at = r->given = 0;
	r->done = false;
	r->cte.n = r->cte.col = 0;
	r->cte.held = -1;
	r->cte.text = r->cte.bad = false;
	if (r->part == r->m->n)
		return;
	p = &r->m->parts[r->part];
	r->cte.kind = p->kind;
	r->cte.open_end = p->open_end;
}

void
msg_start(struct msg_reader *r, const struct msg *m)
{
	r->m = m;
	r->part = 0;
	r->lo = r->hi = 0;
	begin_part(r);
}

struct msg_reader *
msg_reader_new(const struct msg *m)
{
	struct msg_reader *r = mem_grow(NULL, 1, sizeof *r);

	msg_start(r, m);
	return r;
}

/* The next block of the part, converted to r->out. */
static int
convert_block(struct msg_reader *r, const struct msg_part *p, struct err *e)
{
	const char *src;
	size_t n;

	if ((src = part_load(p, r->at, r->in, &n, e)) == NULL)
		return -1;
	r->at += n;
	r->done = r->at == p->len;
	r->lo = 0;
	r->hi = cte_put(&r->cte, r->out, src, n, r->done);
	r->given += r->hi;
	return 0;
}

static int
changed(const struct msg_part *p, struct err *e)
{
	return fail(e, EX_IOERR, "%s changed while it was sent",
	    p->name != NULL ? p->name : "the message");
}

/* Something in r->out: 1; 0 at the end of the message. */
static int
reader_fill(struct msg_reader *r, struct err *e)
{
	const struct msg_part *p;

	while (r->lo == r->hi) {
		if (r->part == r->m->n)
			return 0;
		p = &r->m->parts[r->part];
		if (r->done) {
			r->part++;
			begin_part(r);
			continue;
		}
		if (convert_block(r, p, e) < 0)
			return -1;
		if (r->given > p->size || (r->done && r->given != p->size) ||
		    (r->cte.bad && !r->m->odd && p->kind == CTE_LINES)) {
			r->hi = r->lo;
			return changed(p, e);
		}
	}
	return 1;
}

ssize_t
msg_read(struct msg_reader *r, void *dst, size_t cap, struct err *e)
{
	size_t n = 0, some;
	int got;

	while (n < cap) {
		if ((got = reader_fill(r, e)) < 0)
			return -1;
		if (got == 0)
			break;
		some = r->hi - r->lo < cap - n ? r->hi - r->lo : cap - n;
		memcpy((char *)dst + n, r->out + r->lo, some);
		r->lo += some;
		n += some;
	}
	return (ssize_t)n;
}

uint64_t
msg_base64_size(uint64_t n)
{
	return n / 57 * 78 + (n % 57 > 0 ? B64_LEN(n % 57) + 2 : 0);
}

int
msg_measure(struct msg_part *p, struct err *e)
{
	struct msg one = { .parts = p, .n = 1 };
	struct msg_reader *r;
	int got = 0;

	if (p->kind == CTE_COPY || p->kind == CTE_BASE64) {
		p->size = p->kind == CTE_COPY ? p->len : msg_base64_size(p->len);
		return 0;
	}
	r = msg_reader_new(&one);
	while (got == 0 && !r->done)
		got = convert_block(r, p, e);
	p->size = r->given;
	free(r);
	return got;
}

/* Dot-stuffing. */

size_t
msg_stuff(struct msg_stuffer *s, char *dst, const char *src, size_t n)
{
	const char *at = src, *end = src + n, *run = src;
	char *d = dst;

	while (at < end) {
		if (!s->mid_line && *at == '.') {
			memcpy(d, run, (size_t)(at - run));
			d += at - run;
			*d++ = '.';
			run = at;
		}
		at = str_find(at, '\n', end);
		s->mid_line = at == end;
		at += !s->mid_line;
	}
	if (n > 0)
		memcpy(d, run, (size_t)(end - run));
	return (size_t)(d - dst) + (size_t)(end - run);
}

size_t
msg_stuff_end(struct msg_stuffer *s, char dst[5])
{
	memcpy(dst, s->mid_line ? "\r\n.\r\n" : ".\r\n", s->mid_line ? 5 : 3);
	s->mid_line = false;
	return dst[0] == '.' ? 3 : 5;
}
