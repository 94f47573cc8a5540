/*
 * imap_token.c: tokens, strings and lists of what a server says (RFC 9051, 9)
 *
 * It pulls tokens from one line at a time; a literal ends a line, and what
 * follows it is the next line.  A string that is kept is bounded and lives in
 * the arena until the next response; what is not wanted is skipped.
 */
#include <string.h>

#include "imap.h"
#include "imap_token.h"
#include "limit.h"

enum {
	KEPT = 65536,		/* the longest string we keep */
	DEPTH = 32,		/* lists in lists */
	LINE = 1000000		/* SEARCH without ESEARCH is long */
};

int
imap_nonsense(struct imap *m, const char *what)
{
	return conn_fail(m->c, EX_PROTOCOL, "this is not IMAP: %s", what);
}

int
imap_next_line(struct imap *m)
{
	conn_limit(m->c, m->authed ? LINE : 8192);
	m->in.rest.p = conn_line(m->c, &m->in.rest.n);
	if (m->in.rest.p != NULL)
		return 0;
	m->in.rest = (struct str){ "", 0 };
	return -1;
}

/* ---- what is kept ---- */

/* Memory until the next response; NULL: it has asked for too much by now. */
static char *
token_room(struct imap *m, size_t n)
{
	m->in.kept += n + 32;		/* as the arena takes it */
	if (m->in.kept <= LIMIT_RESPONSE_BYTES)
		return arena_new(&m->in.mem, n + 1, 1);
	conn_fail(m->c, EX_PROTOCOL, "a response of more than %d MB",
	    LIMIT_RESPONSE_BYTES >> 20);
	return NULL;
}

int
imap_keep(struct imap *m, struct str *s)
{
	char *to = token_room(m, s->n);

	if (to == NULL)
		return -1;
	if (s->n > 0)
		memcpy(to, s->p, s->n);
	s->p = to;
	return 0;
}

int
imap_keep_buf(struct imap *m, const struct buf *b, struct str *to)
{
	*to = BUF_STR(*b);
	return b->over ? conn_fail(m->c, EX_PROTOCOL, "a list of more than %zu bytes",
	    b->max) : imap_keep(m, to);
}

/* One more of them, whatever it is and whoever wants it. */
int
imap_count_one(struct imap *m)
{
	return ++m->in.items <= LIMIT_RESPONSE_ITEMS ? 0 : conn_fail(m->c,
	    EX_PROTOCOL, "a response of more than %d items",
	    LIMIT_RESPONSE_ITEMS);
}

/* ---- tokens ---- */

/* "{123}", "{123+}", "~{123}" at the end of the line; *s is behind the "{" */
static int
token_literal(struct imap *m)
{
	struct str digits = str_cut(&m->in.rest, '}');

	if (m->in.rest.p == NULL || m->in.rest.n != 0)
		return imap_nonsense(m, "a { that begins no literal");
	if (digits.n > 0 && digits.p[digits.n - 1] == '+')
		digits.n--;
	if (str_num(digits, LIMIT_LITERAL, &m->in.literal) < 0)
		return imap_nonsense(m, "a literal of an impossible size");
	if (imap_count_one(m) < 0)
		return -1;
	m->in.pending = true;
	m->in.rest = (struct str){ "", 0 };
	return IMAP_TOKEN_LITERAL;
}

/* Where the quoted string ends that r begins with, or behind r. */
static size_t
quoted_end(struct str r, size_t *escapes)
{
	size_t i;

	*escapes = 0;
	for (i = 1; i < r.n && r.p[i] != '"'; i++)
		if (r.p[i] == '\\') {
			i++;
			++*escapes;
		}
	return i;
}

/*
 * A server that writes names in UTF-8, as Courier, does not look what it
 * writes: a line end in the name of a folder is one in the response, too.
 */
static int
quoted_more(struct imap *m)
{
	struct buf b = { .max = KEPT };
	int got;

	buf_str(&b, m->in.rest);
	buf_c(&b, '\n');
	got = imap_next_line(m);
	if (got == 0) {
		buf_str(&b, m->in.rest);
		got = imap_keep_buf(m, &b, &m->in.rest);
	}
	buf_free(&b);
	return got;
}

static int
token_quoted(struct imap *m, struct str *s)
{
	size_t i, n;
	char *to = NULL;
	struct str r = m->in.rest;

	for (; (i = quoted_end(r, &n)) >= r.n; r = m->in.rest) {
		if (!m->utf8)
			return imap_nonsense(m, "a quoted string without an end");
		if (quoted_more(m) < 0)
			return -1;
	}
	*s = (struct str){ r.p + 1, i - 1 };
	m->in.rest = str_from(r, i + 1);
	if (n == 0)
		return IMAP_TOKEN_QUOTED;
	if ((to = token_room(m, s->n)) == NULL)
		return -1;
	for (i = n = 0; i < s->n; i++) {
		if (s->p[i] == '\\')
			i++;
		to[n++] = s->p[i];
	}
	*s = (struct str){ to, n };
	return IMAP_TOKEN_QUOTED;
}

static size_t
atom_length(struct str r)
{
	size_t i;

	for (i = 0; i < r.n && strchr(" ()\"", r.p[i]) == NULL; i++)
		;
	return i;
}

int
imap_token(struct imap *m, struct str *s)
{
	size_t n;

	while (m->in.rest.n > 0 && m->in.rest.p[0] == ' ')
		m->in.rest = str_from(m->in.rest, 1);
	*s = (struct str){ "", 0 };
	if (m->in.rest.n == 0)
		return IMAP_TOKEN_END;
	switch (m->in.rest.p[0]) {
	case '(':
	case ')':
		n = m->in.rest.p[0] == '(';
		m->in.rest = str_from(m->in.rest, 1);
		return n == 1 ? IMAP_TOKEN_OPEN : IMAP_TOKEN_CLOSE;
	case '"':
		return token_quoted(m, s);
	case '~':
		if (m->in.rest.n < 2 || m->in.rest.p[1] != '{')
			break;
		m->in.rest = str_from(m->in.rest, 2);
		return token_literal(m);
	case '{':
		m->in.rest = str_from(m->in.rest, 1);
		return token_literal(m);
	}
	n = atom_length(m->in.rest);
	if (n == 0)
		return imap_nonsense(m, "a stray byte");
	*s = str_to(m->in.rest, n);
	m->in.rest = str_from(m->in.rest, n);
	return IMAP_TOKEN_ATOM;
}

static int
skip_bytes(void *to, const void *p, size_t n, struct err *e)
{
	(void)to;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

int
imap_pass_literal(struct imap *m, const struct conn_sink *sink)
{
	static const struct conn_sink nowhere = { skip_bytes, NULL };

	m->in.pending = false;
	if (sink == NULL && (m->in.skipped += m->in.literal) > LIMIT_SKIPPED)
		return conn_fail(m->c, EX_PROTOCOL, "more than %d MB that nobody wants",
		    LIMIT_SKIPPED >> 20);
	conn_body(m->c, m->alive.useful && sink != NULL);
	if (conn_copy(m->c, sink != NULL ? sink : &nowhere, m->in.literal) < 0)
		return -1;
	conn_body(m->c, false);
	return imap_next_line(m);
}

struct kept {
	char *to;
};

static int
keep_bytes(void *to, const void *p, size_t n, struct err *e)
{
	struct kept *k = to;

	(void)e;
	memcpy(k->to, p, n);
	k->to += n;
	return 0;
}

/* The line that ends with the literal goes. */
int
imap_literal_string(struct imap *m, struct str *s)
{
	struct kept k;
	struct conn_sink sink = { keep_bytes, &k };

	if (m->in.literal > KEPT)
		return imap_nonsense(m, "a name or a value over 64 KB");
	if ((k.to = token_room(m, m->in.literal)) == NULL)
		return -1;
	*s = (struct str){ k.to, m->in.literal };
	return imap_pass_literal(m, &sink);
}

/* A string to be kept.  The line it stands in may go: so it is copied. */
int
imap_string(struct imap *m, struct str *s, bool *nil)
{
	int t = imap_token(m, s);

	*nil = t == IMAP_TOKEN_ATOM && str_is(*s, "NIL");
	if (t == IMAP_TOKEN_ATOM || t == IMAP_TOKEN_QUOTED)
		return imap_keep(m, s);
	if (t != IMAP_TOKEN_LITERAL)
		return t < 0 ? -1 : imap_nonsense(m, "no string where one must be");
	return imap_literal_string(m, s);
}

/* The rest of a value that began with this token. */
int
imap_skip(struct imap *m, int t)
{
	int depth = 0;
	struct str s;

	for (;;) {
		if (t < 0 || t == IMAP_TOKEN_END)
			return t < 0 ? -1 : imap_nonsense(m, "a list without an end");
		if (t == IMAP_TOKEN_LITERAL && imap_pass_literal(m, NULL) < 0)
			return -1;
		depth += (t == IMAP_TOKEN_OPEN) - (t == IMAP_TOKEN_CLOSE);
		if (depth > DEPTH)
			return imap_nonsense(m, "lists nested too deeply");
		if (depth < 0)
			return imap_nonsense(m, "a ) too many");
		if (depth == 0)
			return 0;
		t = imap_token(m, &s);
	}
}

int
imap_skip_value(struct imap *m)
{
	struct str s;

	return imap_skip(m, imap_token(m, &s));
}

/* Whatever was not read of the last response, to the end of its last line. */
int
imap_finish(struct imap *m)
{
	struct str s;
	int t;

	m->in.inside = false;
	if (m->in.pending && imap_pass_literal(m, NULL) < 0)
		return -1;
	while ((t = imap_token(m, &s)) != IMAP_TOKEN_END) {
		if (t < 0)
			return -1;
		if (t == IMAP_TOKEN_LITERAL && imap_pass_literal(m, NULL) < 0)
			return -1;
	}
	return 0;
}

/* "(\Seen \Flagged)" as "\Seen \Flagged" */
int
imap_words(struct imap *m, struct str *to)
{
	struct buf b = { .max = KEPT };
	struct str s;
	int t = imap_token(m, &s), got = 0;

	if (t != IMAP_TOKEN_OPEN)
		return t < 0 ? -1 : imap_nonsense(m, "no list where one must be");
	while ((t = imap_token(m, &s)) != IMAP_TOKEN_CLOSE) {
		if (t != IMAP_TOKEN_ATOM && t != IMAP_TOKEN_QUOTED) {
			got = t < 0 ? -1 : imap_nonsense(m, "no flag in a list of flags");
			break;
		}
		buf_printf(&b, "%s%.*s", b.n > 0 ? " " : "", STR_ARG(s));
	}
	if (got == 0)
		got = imap_keep_buf(m, &b, to);
	buf_free(&b);
	return got;
}
