/*
 * mime_down.c: 8-bit and odd messages made 7-bit (RFC 6152 3, RFC 2045 6)
 *
 * Two walks through the message as it would be sent, with the same code.  The
 * first finds the leaves that must be encoded and refuses what cannot be done;
 * the second writes.  Between them only the numbers of those leaves are kept.
 * Lines come in pieces, because in an odd message a line may be longer than
 * memory.  The result is looked at once more, so a file that changed between
 * the walks is noticed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "b64.h"
#include "file.h"
#include "mime_entity.h"
#include "mime_mend.h"
#include "stop.h"

#define DEPTH 100
#define PARTS 100000
#define BLOCK 65536

enum where { HEAD, LEAF, AROUND };	/* AROUND: preamble or epilogue */

/* A leaf that is encoded already is put into lines anew. */
enum tidy { TIDY_NOT, TIDY_BASE64, TIDY_QP };

struct tidying {
	enum tidy kind;
	size_t col;			/* of the line */
	size_t hex;			/* since its last "=" */
};

/* The bytes of a leaf, counted. */
struct stats {
	uint64_t n, special;		/* special: three bytes in QP */
	bool eight, odd, broken;	/* broken: not UTF-8 */
	char cut[4];			/* the start of a character */
	size_t ncut;
};

/* A leaf to be encoded. */
struct edit {
	uint64_t entity;
	enum cte_kind kind;
	const char *charset;		/* if it must be said */
	bool retype;			/* and its Content-Type is dropped */
	bool tidy;			/* encoded already: only into lines */
};

struct walk {
	struct err *e;
	int how;
	struct mime_level *level;
	size_t depth;
	enum where where;
	struct buf head;
	bool child;			/* it is a multipart's */
	struct mime_entity now;
	uint64_t entity;
	struct stats stats;
	struct edit *edits;
	size_t nedits, next;
	/* the second walk */
	struct msg *out;		/* NULL in the first one */
	struct arena *a;
	int fd;
	struct buf buf;
	struct msg_look look;
	uint64_t written;
	struct cte *cte;
	bool encode, crlf;
	struct tidying tidy;
	char coded[CTE_ROOM];
};

/* Writing. */

static int
down_flush(struct walk *w)
{
	if (w->buf.n == 0)
		return 0;
	msg_look(&w->look, w->buf.p, w->buf.n);
	if (file_write(w->fd, w->buf.p, w->buf.n, w->e) < 0)
		return -1;
	w->written += w->buf.n;
	w->buf.n = 0;
	return 0;
}

static int
out(struct walk *w, const char *p, size_t n)
{
	buf_put(&w->buf, p, n);
	return w->buf.n >= BLOCK ? down_flush(w) : 0;
}

static int
down_encode(struct walk *w, const char *p, size_t n, bool last)
{
	size_t some, got;

	do {
		some = n < CTE_BLOCK ? n : CTE_BLOCK;
		got = cte_put(w->cte, w->coded, p, some, last && some == n);
		if (out(w, w->coded, got) < 0)
			return -1;
		p += some;
		n -= some;
	} while (n > 0);
	return 0;
}

static bool
sealed(const struct walk *w)
{
	return w->depth > 0 && w->level[w->depth - 1].sealed;
}

static void
understand(struct walk *w)
{
	mime_entity(&w->now, BUF_STR(w->head), w->child &&
	    w->level[w->depth - 1].digest);
	w->now.as.sealed = w->now.as.sealed || sealed(w);
}

/* ---- a leaf ---- */

static void
utf8(struct stats *s, const char *p, size_t n)
{
	size_t whole;

	while (s->ncut > 0 && n > 0 && !s->broken) {
		s->cut[s->ncut++] = *p++;
		n--;
		if (str_char((struct str){ s->cut, s->ncut }, NULL) > 0)
			s->ncut = 0;
		else if (s->ncut == 4)
			s->broken = true;
	}
	if (n == 0 || s->broken)
		return;
	whole = msg_utf8((struct str){ p, n });
	s->broken = n - whole >= 4;
	if (!s->broken)
		memcpy(s->cut, p + whole, s->ncut = n - whole);
}

static void
count_bytes(struct stats *s, const char *p, size_t n, bool start, bool end)
{
	bool odd = n > MSG_LINE_MAX || !start || !end;
	size_t i, special = 0;

	if (!s->eight && !msg_eight((struct str){ p, n })) {
		if (odd || memchr(p, '\0', n) != NULL ||
		    memchr(p, '\r', n) != NULL)
			s->odd = true;
	} else {
		s->eight = true;
		s->odd = s->odd || odd;
		utf8(s, p, n);
	}
	for (i = 0; i < n; i++)
		special += (p[i] < ' ' && p[i] != '\t') || p[i] > '~' ||
		    p[i] == '=';
	s->special += special;
	if (end && s->ncut > 0)
		s->broken = true;
	s->n += n + 2 * end;
}

static enum cte_kind
cheaper(const struct walk *w)
{
	uint64_t qp = w->stats.n + 2 * w->stats.special;

	if (w->now.kind != ENTITY_TEXT && w->now.kind != ENTITY_OPAQUE)
		return CTE_BASE64;
	qp += qp / 75 * 3;
	return qp <= B64_LEN(w->stats.n) + w->stats.n / 57 * 2 ? CTE_QP :
	    CTE_BASE64;
}

static const char *
trouble(const struct stats *s)
{
	return s->eight ? "8-bit bytes" : "a NUL, a bare CR or a line over 998 octets";
}

static enum tidy
tidy_kind(const struct mime_entity *x)
{
	if (x->coding != ENTITY_ENCODED || x->kind == ENTITY_OPAQUE)
		return TIDY_NOT;
	if (str_is(str_of(x->encoding), "base64"))
		return TIDY_BASE64;
	return str_is(str_of(x->encoding), "quoted-printable") ? TIDY_QP :
	    TIDY_NOT;
}

/* The first walk, at the end of a leaf. */
static int
judge_leaf(struct walk *w)
{
	struct stats *s = &w->stats;
	struct edit *x;

	if (!s->eight && !s->odd)
		return 0;
	if (sealed(w))
		return fail(w->e, EX_DATAERR,
		    "a signed or encrypted part has %s, and encoding them would break it",
		    trouble(s));
	if (((w->how & MIME_FORCE) == 0 || tidy_kind(&w->now) == TIDY_NOT) &&
	    (w->now.coding == ENTITY_ENCODED || w->now.kind == ENTITY_PARTIAL))
		return fail(w->e, EX_DATAERR,
		    "a part has %s, and being %s it cannot be encoded",
		    trouble(s), w->now.coding == ENTITY_ENCODED ?
		    w->now.encoding : "a partial message");
	if (w->now.kind == ENTITY_OPAQUE && (w->how & MIME_FORCE) == 0)
		return fail(w->e, EX_DATAERR,
		    "a multipart without a boundary has %s", trouble(s));
	if ((w->nedits & (w->nedits + 1)) == 0)
		w->edits = mem_grow(w->edits, 2 * w->nedits + 2,
		    sizeof *w->edits);
	x = &w->edits[w->nedits++];
	*x = (struct edit){ .entity = w->entity, .kind = cheaper(w) };
	x->tidy = w->now.coding == ENTITY_ENCODED;
	x->retype = w->now.kind == ENTITY_OPAQUE;
	if (w->now.typed && !x->retype)
		return 0;
	if (!s->eight)
		x->charset = "us-ascii";
	else
		x->charset = s->broken ? "unknown-8bit" : "utf-8";
	return 0;
}

/* The header of an entity. */

static int
check_head(struct walk *w)
{
	struct str h = BUF_STR(w->head);
	size_t i;

	if (w->head.over)
		return fail(w->e, EX_DATAERR, "a part has a header over %d bytes",
		    MSG_HEAD_MAX);
	for (i = 0; i < h.n; i++)
		if ((unsigned char)h.p[i] > 0x7f || h.p[i] == '\0' ||
		    (h.p[i] == '\r' && h.p[i + 1] != '\n'))
			break;
	if (i == h.n)
		return 0;
	if ((unsigned char)h.p[i] > 0x7f)
		return fail(w->e, EX_DATAERR, "a header field has 8-bit bytes and can go to servers with SMTPUTF8 only");
	return fail(w->e, EX_DATAERR, "a NUL or a bare CR in the header of a part");
}

static void
mend_head(struct walk *w)
{
	struct str h = mime_head_again(BUF_STR(w->head), w->a, MIME_FORCE);

	if (h.p == w->head.p)
		return;
	w->head.n = 0;
	buf_str(&w->head, h);
}

/* The header with the new encoding, appended to b. */
static void
new_head(struct walk *w, struct buf *b, const struct edit *x)
{
	struct msg_fields f = { BUF_STR(w->head) };
	const char *code = "7bit", *from = w->head.p;
	struct str name, body;

	while (msg_next_field(&f, &name, &body) > 0)
		if (str_is(name, "Content-Transfer-Encoding") ||
		    (x != NULL && x->retype && str_is(name, "Content-Type"))) {
			buf_put(b, from, (size_t)(name.p - from));
			from = f.left.p;
		}
	buf_put(b, from, (size_t)(w->head.p + w->head.n - from));
	if (w->entity == 0 && !w->now.version)
		buf_s(b, "MIME-Version: 1.0\r\n");
	if (x != NULL && x->charset != NULL)
		buf_printf(b, "Content-Type: text/plain; charset=%s\r\n",
		    x->charset);
	if (x != NULL)
		code = x->kind == CTE_QP ? "quoted-printable" : "base64";
	buf_printf(b, "Content-Transfer-Encoding: %s\r\n", code);
}

/* The second walk.  ended: the empty line was there. */
static int
write_head(struct walk *w, bool ended)
{
	const struct edit *x = NULL;
	struct buf b = { .max = 2 * MSG_HEAD_MAX };
	int got = 0;

	if (w->next < w->nedits && w->edits[w->next].entity == w->entity)
		x = &w->edits[w->next++];
	w->tidy = (struct tidying){ .kind = x != NULL && x->tidy ?
	    tidy_kind(&w->now) : TIDY_NOT };
	if (w->tidy.kind != TIDY_NOT)
		x = NULL;
	if (x != NULL || (w->now.coding == ENTITY_EIGHT && !sealed(w)))
		new_head(w, &b, x);
	else
		buf_str(&b, BUF_STR(w->head));
	w->encode = x != NULL;
	w->crlf = false;
	if (w->encode)
		*w->cte = (struct cte){ .kind = x->kind, .held = -1,
		    .open_end = true };
	if (w->entity == 0)
		msg_begin(w->out, w->a, arena_str(w->a, BUF_STR(b)));
	else if ((got = out(w, b.p, b.n)) == 0 && ended)
		got = out(w, "\r\n", 2);
	buf_free(&b);
	return got;
}

static void
begin_head(struct walk *w, bool child)
{
	w->where = HEAD;
	w->child = child;
	w->head.n = 0;
	w->entity++;
}

static int
head_done(struct walk *w, bool ended)
{
	if (w->entity >= PARTS)
		return fail(w->e, EX_DATAERR, "over %d parts", PARTS);
	if ((w->how & MIME_FORCE) != 0 && !sealed(w))
		mend_head(w);
	if (w->out == NULL && check_head(w) < 0)
		return -1;
	understand(w);
	if (w->out != NULL && write_head(w, ended) < 0)
		return -1;
	w->stats = (struct stats){ 0 };
	if (w->now.kind == ENTITY_MESSAGE) {
		begin_head(w, false);
		return 0;
	}
	w->where = w->now.kind == ENTITY_MULTIPART ? AROUND : LEAF;
	if (w->now.kind != ENTITY_MULTIPART)
		return 0;
	if (w->depth == DEPTH)
		return fail(w->e, EX_DATAERR, "multiparts over %d levels deep",
		    DEPTH);
	w->level[w->depth++] = w->now.as;
	return 0;
}

/* Bodies. */

/* Ends what a boundary, or with last the end of the message, ends. */
static int
down_finish(struct walk *w, bool last)
{
	if (w->where == HEAD)
		return head_done(w, false);
	if (w->where == AROUND)
		return 0;
	if (w->out == NULL)
		return judge_leaf(w);
	if (!w->encode)
		return 0;
	if (last && w->crlf && down_encode(w, "\r\n", 2, false) < 0)
		return -1;
	if (down_encode(w, "", 0, true) < 0)
		return -1;
	w->encode = false;
	if (!last && w->crlf && w->cte->kind == CTE_QP)
		return out(w, "\r\n", 2);
	return 0;
}

/* RFC 2046 5.1.1: the level whose boundary the line is, from 1; else 0. */
static size_t
boundary_match(const struct walk *w, struct str s, bool *closing)
{
	const struct mime_level *l;
	struct str rest;
	size_t i;

	if (s.n < 3 || s.p[0] != '-' || s.p[1] != '-')
		return 0;
	while (s.n > 2 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	for (i = w->depth; i > 0; i--) {
		l = &w->level[i - 1];
		rest = str_from(s, 2);
		if (rest.n < l->n || memcmp(rest.p, l->boundary, l->n) != 0)
			continue;
		rest = str_from(rest, l->n);
		*closing = str_is(rest, "--");
		if (rest.n == 0 || *closing)
			return i;
	}
	return 0;
}

static int
at_boundary(struct walk *w, struct str s, size_t level, bool closing)
{
	if (down_finish(w, false) < 0)
		return -1;
	/* a header that ends here may have opened something: it is empty */
	w->depth = level - closing;
	w->where = AROUND;
	if (!closing)
		begin_head(w, true);
	if (w->out == NULL)
		return 0;
	return out(w, s.p, s.n) < 0 ? -1 : out(w, "\r\n", 2);
}

static int
in_head(struct walk *w, struct str s, bool end)
{
	if ((s.n > MSG_LINE_MAX || !end) &&
	    ((w->how & MIME_FORCE) == 0 || sealed(w)))
		return fail(w->e, EX_DATAERR, "the header of a part has a line over %d octets",
		    MSG_LINE_MAX);
	if (s.n == 0 && end && (w->head.n == 0 ||
	    w->head.p[w->head.n - 1] == '\n'))
		return head_done(w, true);
	buf_str(&w->head, s);
	if (end)
		buf_s(&w->head, "\r\n");
	return 0;
}

/* A preamble or epilogue, which nobody sees: what is not clean is left out. */
static int
around(struct walk *w, struct str s, bool start, bool end)
{
	struct stats x = { 0 };

	count_bytes(&x, s.p, s.n, start, end);
	if (w->out == NULL && (x.eight || x.odd) && sealed(w))
		return fail(w->e, EX_DATAERR, "a signed or encrypted part has %s",
		    trouble(&x));
	if (w->out == NULL || x.eight || x.odd)
		return 0;
	return out(w, s.p, s.n) < 0 ? -1 : out(w, "\r\n", 2);
}

static bool
base64_char(char c)
{
	return str_alpha(c) || str_digit(c) || c == '+' || c == '/' || c == '=';
}

/* Readers of base64 pass over line ends and what is no digit of it. */
static int
tidy_base64(struct walk *w, struct str s, bool end)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (!base64_char(s.p[i]))
			continue;
		if (w->tidy.col == 76 && out(w, "\r\n", 2) < 0)
			return -1;
		w->tidy.col = w->tidy.col == 76 ? 1 : w->tidy.col + 1;
		if (out(w, s.p + i, 1) < 0)
			return -1;
	}
	if (!end || w->tidy.col == 0)
		return 0;
	w->tidy.col = 0;
	return out(w, "\r\n", 2);
}

/* Soft line breaks where a line is too long, and "=XX" for what is raw. */
static int
tidy_qp(struct walk *w, struct str s, bool end)
{
	char hex[4];
	size_t i, n;
	bool raw;

	for (i = 0; i < s.n; i++) {
		raw = (unsigned char)s.p[i] > 0x7e ||
		    (s.p[i] < ' ' && s.p[i] != '\t');
		n = raw ? 3 : 1;
		w->tidy.hex = s.p[i] == '=' ? 0 : w->tidy.hex + n;
		if (w->tidy.col > 900 && w->tidy.hex > 2 && s.p[i] != '=') {
			if (out(w, "=\r\n", 3) < 0)
				return -1;
			w->tidy.col = 0;
		}
		snprintf(hex, sizeof hex, "=%02X", (unsigned char)s.p[i]);
		if (out(w, raw ? hex : s.p + i, n) < 0)
			return -1;
		w->tidy.col += n;
	}
	if (!end)
		return 0;
	w->tidy.col = 0;
	return out(w, "\r\n", 2);
}

static int
in_leaf(struct walk *w, struct str s, bool start, bool end)
{
	if (w->out == NULL) {
		count_bytes(&w->stats, s.p, s.n, start, end);
		return 0;
	}
	switch (w->tidy.kind) {
	case TIDY_NOT:
		break;
	case TIDY_BASE64:
		return tidy_base64(w, s, end);
	case TIDY_QP:
		return tidy_qp(w, s, end);
	}
	if (!w->encode) {
		if (out(w, s.p, s.n) < 0)
			return -1;
		return end ? out(w, "\r\n", 2) : 0;
	}
	if (w->crlf && down_encode(w, "\r\n", 2, false) < 0)
		return -1;
	w->crlf = end;
	return down_encode(w, s.p, s.n, false);
}

/* A line or a piece of one, without its CRLF. */
static int
piece(struct walk *w, struct str s, bool start, bool end)
{
	bool closing = false;
	size_t level;

	if (start && end && (level = boundary_match(w, s, &closing)) > 0)
		return at_boundary(w, s, level, closing);
	if (w->where == HEAD)
		return in_head(w, s, end);
	return w->where == LEAF ? in_leaf(w, s, start, end) :
	    around(w, s, start, end);
}

/*
 * The lines of a block.  A rest without a line end is kept for the next block,
 * unless it fills the block; then it is a piece.
 */
static int
pieces(struct walk *w, struct buf *b, bool *start, bool last)
{
	const char *at = b->p, *end = b->p + b->n, *nl;
	size_t n;

	while (at < end && (nl = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		n = (size_t)(nl - at) - 1;
		if (piece(w, (struct str){ at, n }, *start, true) < 0)
			return -1;
		*start = true;
		at = nl + 1;
	}
	n = (size_t)(end - at);
	if (n > 0 && (last || n > BLOCK / 2)) {
		n -= !last;			/* it may be a CR */
		if (piece(w, (struct str){ at, n }, *start, false) < 0)
			return -1;
		*start = false;
		at += n;
	}
	buf_drop(b, (size_t)(at - b->p));
	return 0;
}

static int
walk_part(struct walk *w, const struct msg *in)
{
	struct msg_reader *r = msg_reader_new(in);
	struct buf b = { 0 };
	bool start = true;
	ssize_t n;

	buf_room(&w->head, 1);
	w->depth = w->entity = w->head.n = 0;
	w->where = HEAD;
	w->child = false;
	do {
		buf_room(&b, BLOCK);
		n = msg_read(r, b.p + b.n, BLOCK, w->e);
		if (n > 0)
			b.n += (size_t)n;
		if (stop_asked())
			n = fail_stop(w->e);
		if (n >= 0 && pieces(w, &b, &start, n == 0) < 0)
			n = -1;
	} while (n > 0);
	if (n == 0)
		n = down_finish(w, true);
	free(r);
	buf_free(&b);
	return (int)n;
}

static int
write_out(struct walk *w, const struct msg *in)
{
	struct msg_part p = { .kind = CTE_COPY, .own = true };

	if ((w->fd = file_temp(w->e)) < 0)
		return -1;
	if (walk_part(w, in) < 0 || down_flush(w) < 0) {
		close(w->fd);
		return -1;
	}
	msg_look(&w->look, "", 0);
	if (w->out->n == 0 || w->look.eight || w->look.odd != NULL ||
	    w->look.size != w->written || w->out->utf8) {
		close(w->fd);
		return fail(w->e, EX_IOERR, "the message changed while it was read");
	}
	p.fd = w->fd;
	p.len = p.size = w->written;
	msg_add(w->out, w->a, &p);
	return 0;
}

int
mime_downgrade(const struct msg *in, struct msg *to, struct arena *a,
    int how, struct err *e)
{
	struct walk *w = mem_new(1, sizeof *w);
	int got;

	*to = (struct msg){ 0 };
	w->e = e;
	w->how = how;
	w->a = a;
	w->head.max = MSG_HEAD_MAX + 4096;
	w->level = mem_new(DEPTH, sizeof *w->level);
	w->cte = mem_new(1, sizeof *w->cte);
	got = walk_part(w, in);
	if (got == 0) {
		w->out = to;
		got = write_out(w, in);
	}
	free(w->level);
	free(w->cte);
	free(w->edits);
	buf_free(&w->head);
	buf_free(&w->buf);
	free(w);
	return got;
}
