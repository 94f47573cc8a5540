/*
 * imap_read.c: what a server says, response by response, item by item
 *
 * It pulls tokens from one line at a time; a literal ends a line, and what
 * follows it is the next line.  A string that is kept is bounded and lives in
 * the arena until the next response; what is not wanted is skipped.
 */
#include <string.h>

#include "imap.h"
#include "imap_alive.h"
#include "imap_read.h"
#include "limit.h"
#include "utf7.h"

enum {
	KEPT = 65536,		/* the longest string we keep */
	DEPTH = 32,		/* lists in lists */
	LINE = 1000000		/* SEARCH without ESEARCH is long */
};

enum token { END, ATOM, QUOTED, LITERAL, OPEN, CLOSE };

static int
nonsense(struct imap *m, const char *what)
{
	return conn_fail(m->c, EX_PROTOCOL, "this is not IMAP: %s", what);
}

static int
next_line(struct imap *m)
{
	conn_limit(m->c, m->authed ? LINE : 8192);
	m->in.rest.p = conn_line(m->c, &m->in.rest.n);
	return m->in.rest.p != NULL ? 0 : -1;
}

/* ---- what is kept ---- */

/* Memory until the next response; NULL: it has asked for too much by now. */
static char *
room(struct imap *m, size_t n)
{
	m->in.kept += n + 32;		/* as the arena takes it */
	if (m->in.kept <= LIMIT_RESPONSE_BYTES)
		return arena_new(&m->in.mem, n + 1, 1);
	conn_fail(m->c, EX_PROTOCOL, "a response of more than %d MB",
	    LIMIT_RESPONSE_BYTES >> 20);
	return NULL;
}

static int
keep(struct imap *m, struct str *s)
{
	char *to = room(m, s->n);

	if (to == NULL)
		return -1;
	if (s->n > 0)
		memcpy(to, s->p, s->n);
	s->p = to;
	return 0;
}

static int
keep_buf(struct imap *m, const struct buf *b, struct str *to)
{
	*to = BUF_STR(*b);
	return b->over ? conn_fail(m->c, EX_PROTOCOL, "a list of more than %zu bytes",
	    b->max) : keep(m, to);
}

/* One more of them, whatever it is and whoever wants it. */
static int
count(struct imap *m)
{
	return ++m->in.items <= LIMIT_RESPONSE_ITEMS ? 0 : conn_fail(m->c,
	    EX_PROTOCOL, "a response of more than %d items",
	    LIMIT_RESPONSE_ITEMS);
}

/* ---- tokens ---- */

/* "{123}", "{123+}", "~{123}" at the end of the line; *s is behind the "{" */
static int
literal(struct imap *m)
{
	struct str digits = str_cut(&m->in.rest, '}');

	if (m->in.rest.p == NULL || m->in.rest.n != 0)
		return nonsense(m, "a { that begins no literal");
	if (digits.n > 0 && digits.p[digits.n - 1] == '+')
		digits.n--;
	if (str_num(digits, LIMIT_LITERAL, &m->in.literal) < 0)
		return nonsense(m, "a literal of an impossible size");
	if (count(m) < 0)
		return -1;
	m->in.pending = true;
	m->in.rest = (struct str){ "", 0 };
	return LITERAL;
}

static int
quoted(struct imap *m, struct str *s)
{
	struct str r = m->in.rest;
	size_t i, n = 0;
	char *to = NULL;

	for (i = 1; i < r.n && r.p[i] != '"'; i++)
		if (r.p[i] == '\\') {
			i++;
			n++;
		}
	if (i >= r.n)
		return nonsense(m, "a quoted string without an end");
	*s = (struct str){ r.p + 1, i - 1 };
	m->in.rest = str_from(r, i + 1);
	if (n == 0)
		return QUOTED;
	if ((to = room(m, s->n)) == NULL)
		return -1;
	for (i = n = 0; i < s->n; i++) {
		if (s->p[i] == '\\')
			i++;
		to[n++] = s->p[i];
	}
	*s = (struct str){ to, n };
	return QUOTED;
}

static size_t
atom_length(struct str r)
{
	size_t i;

	for (i = 0; i < r.n && strchr(" ()\"", r.p[i]) == NULL; i++)
		;
	return i;
}

static int
token(struct imap *m, struct str *s)
{
	size_t n;

	while (m->in.rest.n > 0 && m->in.rest.p[0] == ' ')
		m->in.rest = str_from(m->in.rest, 1);
	*s = (struct str){ "", 0 };
	if (m->in.rest.n == 0)
		return END;
	switch (m->in.rest.p[0]) {
	case '(':
	case ')':
		n = m->in.rest.p[0] == '(';
		m->in.rest = str_from(m->in.rest, 1);
		return n == 1 ? OPEN : CLOSE;
	case '"':
		return quoted(m, s);
	case '~':
		if (m->in.rest.n < 2 || m->in.rest.p[1] != '{')
			break;
		m->in.rest = str_from(m->in.rest, 2);
		return literal(m);
	case '{':
		m->in.rest = str_from(m->in.rest, 1);
		return literal(m);
	}
	n = atom_length(m->in.rest);
	if (n == 0)
		return nonsense(m, "a stray byte");
	*s = str_to(m->in.rest, n);
	m->in.rest = str_from(m->in.rest, n);
	return ATOM;
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

static int
pass_literal(struct imap *m, const struct conn_sink *sink)
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
	return next_line(m);
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
static int
literal_string(struct imap *m, struct str *s)
{
	struct kept k;
	struct conn_sink sink = { keep_bytes, &k };

	if (m->in.literal > KEPT)
		return nonsense(m, "a name or a value over 64 KB");
	if ((k.to = room(m, m->in.literal)) == NULL)
		return -1;
	*s = (struct str){ k.to, m->in.literal };
	return pass_literal(m, &sink);
}

/* A string to be kept.  The line it stands in may go: so it is copied. */
static int
string(struct imap *m, struct str *s, bool *nil)
{
	int t = token(m, s);

	*nil = t == ATOM && str_is(*s, "NIL");
	if (t == ATOM || t == QUOTED)
		return keep(m, s);
	if (t != LITERAL)
		return t < 0 ? -1 : nonsense(m, "no string where one must be");
	return literal_string(m, s);
}

/* The rest of a value that began with this token. */
static int
skip(struct imap *m, int t)
{
	int depth = 0;
	struct str s;

	for (;;) {
		if (t < 0 || t == END)
			return t < 0 ? -1 : nonsense(m, "a list without an end");
		if (t == LITERAL && pass_literal(m, NULL) < 0)
			return -1;
		depth += (t == OPEN) - (t == CLOSE);
		if (depth > DEPTH)
			return nonsense(m, "lists nested too deeply");
		if (depth < 0)
			return nonsense(m, "a ) too many");
		if (depth == 0)
			return 0;
		t = token(m, &s);
	}
}

static int
skip_value(struct imap *m)
{
	struct str s;

	return skip(m, token(m, &s));
}

/* Whatever was not read of the last response, to the end of its last line. */
static int
finish(struct imap *m)
{
	struct str s;
	int t;

	m->in.inside = false;
	if (m->in.pending && pass_literal(m, NULL) < 0)
		return -1;
	while ((t = token(m, &s)) != END) {
		if (t < 0)
			return -1;
		if (t == LITERAL && pass_literal(m, NULL) < 0)
			return -1;
	}
	return 0;
}

/* "(\Seen \Flagged)" as "\Seen \Flagged" */
static int
words(struct imap *m, struct str *to)
{
	struct buf b = { .max = KEPT };
	struct str s;
	int t = token(m, &s), got = 0;

	if (t != OPEN)
		return t < 0 ? -1 : nonsense(m, "no list where one must be");
	while ((t = token(m, &s)) != CLOSE) {
		if (t != ATOM && t != QUOTED) {
			got = t < 0 ? -1 : nonsense(m, "no flag in a list of flags");
			break;
		}
		buf_printf(&b, "%s%.*s", b.n > 0 ? " " : "", STR_ARG(s));
	}
	if (got == 0)
		got = keep_buf(m, &b, to);
	buf_free(&b);
	return got;
}

/* ---- status responses ---- */

static const struct {
	const char *name;
	unsigned cap;
} names[] = {
	{ "SASL-IR", IMAP_SASL_IR }, { "LITERAL+", IMAP_LITERAL_PLUS },
	{ "LITERAL-", IMAP_LITERAL_MINUS }, { "ID", IMAP_ID },
	{ "ENABLE", IMAP_ENABLE }, { "COMPRESS=DEFLATE", IMAP_COMPRESS },
	{ "UIDPLUS", IMAP_UIDPLUS }, { "MOVE", IMAP_MOVE },
	{ "ESEARCH", IMAP_ESEARCH }, { "SPECIAL-USE", IMAP_SPECIAL_USE },
	{ "LIST-STATUS", IMAP_LIST_STATUS }, { "CONDSTORE", IMAP_CONDSTORE },
	{ "QRESYNC", IMAP_QRESYNC | IMAP_CONDSTORE }, { "IDLE", IMAP_IDLE },
	{ "NOTIFY", IMAP_NOTIFY }, { "UTF8=ACCEPT", IMAP_UTF8 },
	{ "UTF8=ONLY", IMAP_UTF8 }, { "LOGINDISABLED", IMAP_LOGINDISABLED },
	{ "STARTTLS", IMAP_STARTTLS }, { "UNSELECT", IMAP_UNSELECT },
	{ "MULTIAPPEND", IMAP_MULTIAPPEND }, { "BINARY", IMAP_BINARY },
	{ "OBJECTID", IMAP_OBJECTID }, { "NAMESPACE", IMAP_NAMESPACE },
	{ "IMAP4rev1", IMAP_REV1 }, { "APPENDLIMIT", IMAP_APPENDLIMIT },
	{ "LIST-EXTENDED", IMAP_LIST_EXTENDED },
	/* RFC 9051 has these within it */
	{ "IMAP4rev2", IMAP_REV2 | IMAP_SASL_IR | IMAP_LITERAL_MINUS |
	    IMAP_ENABLE | IMAP_UIDPLUS | IMAP_MOVE | IMAP_ESEARCH |
	    IMAP_SPECIAL_USE | IMAP_LIST_STATUS | IMAP_IDLE | IMAP_UNSELECT |
	    IMAP_NAMESPACE | IMAP_LIST_EXTENDED },
};

static void
number(struct str s, uint64_t *to)
{
	uint64_t v;

	if (str_num(s, INT64_MAX, &v) == 0)
		*to = v;
}

static void
capabilities(struct imap *m, struct str list)
{
	struct str w;
	size_t i, n;

	m->caps = 0;
	m->appendlimit = 0;
	m->mechs[0] = m->all[0] = '\0';
	memcpy(m->all, list.p, list.n < sizeof m->all ? list.n : 0);
	m->all[list.n < sizeof m->all ? list.n : 0] = '\0';
	while ((w = str_word(&list)).n > 0) {
		for (i = 0; i < sizeof names / sizeof *names; i++)
			if (str_is(w, names[i].name))
				m->caps |= names[i].cap;
		if (str_starts(w, "APPENDLIMIT=")) {
			m->caps |= IMAP_APPENDLIMIT;
			number(str_from(w, 12), &m->appendlimit);
		}
		n = strlen(m->mechs);
		if (!str_starts(w, "AUTH=") || n + w.n >= sizeof m->mechs)
			continue;
		if (n > 0)
			m->mechs[n++] = ' ';
		memcpy(m->mechs + n, w.p + 5, w.n - 5);
		m->mechs[n + w.n - 5] = '\0';
	}
}

/* Those that fit; "\\*" is a short one and so does. */
static void
permanent(struct imap *m, struct str flags)
{
	char *to = m->box.permanent;
	size_t n = 0;
	struct str w;

	to[0] = '\0';
	while ((w = str_word(&flags)).n > 0) {
		if (n + w.n + 2 > sizeof m->box.permanent -
		    (str_is(w, "\\*") ? 0 : 4))
			continue;
		if (n > 0)
			to[n++] = ' ';
		str_copy(to + n, w);
		n += w.n;
		to[n] = '\0';
	}
}

/* What stands in the brackets, if there are any. */
static struct str
bracketed(struct str s)
{
	if (s.n > 0 && s.p[0] == '(')
		s = str_from(s, 1);
	return s.n > 0 && s.p[s.n - 1] == ')' ? str_to(s, s.n - 1) : s;
}

/* What a code says about the mailbox or the server is kept. */
static void
note_code(struct imap *m, const struct imap_resp *r)
{
	struct str in = bracketed(r->arg);

	if (str_is(r->code, "CAPABILITY"))
		capabilities(m, r->arg);
	else if (str_is(r->code, "CLOSED"))
		imap_box_forget(m);
	else if (str_is(r->code, "UIDVALIDITY"))
		number(r->arg, &m->box.uidvalidity);
	else if (str_is(r->code, "UIDNEXT"))
		number(r->arg, &m->box.uidnext);
	else if (str_is(r->code, "HIGHESTMODSEQ"))
		number(r->arg, &m->box.modseq);
	else if (str_is(r->code, "NOMODSEQ"))
		m->box.no_modseq = true;
	else if (str_is(r->code, "READ-ONLY"))
		m->box.read_only = true;
	else if (str_is(r->code, "READ-WRITE"))
		m->box.read_only = false;
	else if (str_is(r->code, "PERMANENTFLAGS")) {
		m->box.told = true;
		permanent(m, in);
	} else if (str_is(r->code, "MAILBOXID") && in.n < sizeof m->box.id) {
		str_copy(m->box.id, in);
		m->box.id[in.n] = '\0';
	} else if (str_is(r->code, "UIDNOTSTICKY"))
		m->box.not_sticky = true;
}

/* Up to the "]", but for those in lists: a keyword may be anything. */
static struct str
code(struct str *s)
{
	struct str all = *s;
	size_t i, depth = 0;

	for (i = 0; i < all.n && (all.p[i] != ']' || depth > 0); i++)
		if (all.p[i] == '(')
			depth++;
		else if (all.p[i] == ')')
			depth -= depth > 0;
	if (i == all.n)
		return str_cut(s, ']');
	*s = str_from(all, i + 1);
	return str_to(all, i);
}

static int
status(struct imap *m, struct imap_resp *r)
{
	struct str all = str_trim(m->in.rest), in;
	size_t n = all.n < sizeof m->text ? all.n : sizeof m->text - 1;

	if (r->type != IMAP_OK && r->type != IMAP_PREAUTH) {
		memcpy(m->text, all.p, n);
		m->text[n] = '\0';
	}
	r->text = all;
	if (all.n > 0 && all.p[0] == '[' && str_has(all, ']')) {
		r->text = str_from(all, 1);
		in = code(&r->text);
		r->text = str_trim(r->text);
		r->code = str_word(&in);
		r->arg = str_trim(in);
		note_code(m, r);
	}
	m->in.rest = (struct str){ "", 0 };
	if (r->type == IMAP_BYE && r->tag == 0 && m->authed && !m->gone)
		return conn_fail(m->c, EX_TEMPFAIL, "the server says goodbye: %s",
		    m->text);
	return 1;
}

/* ---- untagged data ---- */

static int
mailbox(struct imap *m, struct imap_resp *r)
{
	struct buf b = { .max = 8192 };
	bool nil;
	int got = 0;

	if (string(m, &r->name, &nil) < 0)
		return -1;
	if (str_is(r->name, "INBOX"))
		r->name = STR("INBOX");
	if (m->utf8)
		return 0;
	if (utf7_decode(&b, r->name) == 0 && !b.over)
		got = keep_buf(m, &b, &r->name);
	else
		r->bad_name = true;
	buf_free(&b);
	return got;
}

static int
list(struct imap *m, struct imap_resp *r)
{
	struct str sep;
	bool nil;

	if (words(m, &r->flags) < 0 || string(m, &sep, &nil) < 0 ||
	    mailbox(m, r) < 0)
		return -1;
	r->sep = nil || sep.n != 1 ? '\0' : sep.p[0];
	return 1;
}

/* (TAG "A12"): which of the searches under way this is (RFC 4466 2.6.2). */
static int
correlator(struct imap *m, struct imap_resp *r)
{
	struct str s, v;
	uint64_t tag;
	bool nil;
	int t;

	while ((t = token(m, &s)) != CLOSE) {
		if (t != ATOM)
			return t < 0 ? -1 : nonsense(m, "an odd ESEARCH");
		if (count(m) < 0 || keep(m, &s) < 0 || string(m, &v, &nil) < 0)
			return -1;
		if (str_is(s, "TAG") && v.n > 1 && v.p[0] == 'A' &&
		    str_num(str_from(v, 1), m->tag, &tag) == 0)
			r->of = (unsigned)tag;
	}
	return 0;
}

/* "(TAG "A3") UID COUNT 5 ALL 1:5" */
static int
esearch(struct imap *m, struct imap_resp *r)
{
	struct str s, v;
	bool nil;
	int t;

	while ((t = token(m, &s)) != END) {
		if (t < 0 || (t == OPEN && correlator(m, r) < 0))
			return -1;
		if (t != ATOM || str_is(s, "UID"))
			continue;
		if (count(m) < 0 || keep(m, &s) < 0 || string(m, &v, &nil) < 0)
			return -1;
		if (str_is(s, "ALL"))
			r->set = v;
		else if (str_is(s, "COUNT"))
			number(v, &r->count);
	}
	return 1;
}

static int
vanished(struct imap *m, struct imap_resp *r)
{
	struct str s;
	int t = token(m, &s);

	if (t == OPEN) {
		r->earlier = true;
		if (skip(m, t) < 0)
			return -1;
		t = token(m, &s);
	}
	if (t != ATOM || str_has(s, '*'))
		return t < 0 ? -1 : nonsense(m, "VANISHED without UIDs");
	r->set = s;
	return 1;
}

static int
open_list(struct imap *m)
{
	struct str s;
	int t = token(m, &s);

	if (t != OPEN)
		return t < 0 ? -1 : nonsense(m, "no list of items");
	m->in.inside = true;
	return 1;
}

static int
numbered(struct imap *m, struct imap_resp *r)
{
	struct str s;
	int t = token(m, &s);

	if (t < 0)
		return -1;
	if (str_is(s, "EXISTS")) {
		r->type = IMAP_EXISTS;
		m->box.exists = r->number;
	} else if (str_is(s, "EXPUNGE")) {
		r->type = IMAP_EXPUNGE;
		imap_alive_begins(m, r->type);
		m->box.exists -= m->box.exists > 0;
	} else if (str_is(s, "FETCH") || str_is(s, "UIDFETCH")) {
		r->type = IMAP_FETCH;
		imap_alive_begins(m, r->type);
		return open_list(m);
	}
	return 1;
}

static const struct {
	const char *name;
	enum imap_type type;
	bool early;		/* may come before the login */
} untagged[] = {
	{ "OK", IMAP_OK, true }, { "NO", IMAP_NO, true },
	{ "BAD", IMAP_BAD, true }, { "BYE", IMAP_BYE, true },
	{ "PREAUTH", IMAP_PREAUTH, true },
	{ "CAPABILITY", IMAP_CAPABILITY, true }, { "ID", IMAP_OTHER, true },
	{ "ENABLED", IMAP_ENABLED, false }, { "LIST", IMAP_LIST, false },
	{ "LSUB", IMAP_OTHER, false }, { "STATUS", IMAP_STATUS, false },
	{ "SEARCH", IMAP_SEARCH, false }, { "ESEARCH", IMAP_SEARCH, false },
	{ "VANISHED", IMAP_VANISHED, false }, { "FLAGS", IMAP_FLAGS, false },
};

static int
data(struct imap *m, struct imap_resp *r, struct str word)
{
	switch (r->type) {
	case IMAP_CAPABILITY:
		capabilities(m, m->in.rest);
		m->in.rest = (struct str){ "", 0 };
		return 1;
	case IMAP_ENABLED:
		while ((word = str_word(&m->in.rest)).n > 0) {
			m->utf8 |= str_is(word, "UTF8=ACCEPT") ||
			    str_is(word, "IMAP4rev2");
			m->qresync |= str_is(word, "QRESYNC");
			m->condstore |= str_is(word, "QRESYNC") ||
			    str_is(word, "CONDSTORE");
		}
		m->in.rest = (struct str){ "", 0 };
		return 1;
	case IMAP_LIST:
		return list(m, r);
	case IMAP_FLAGS:
		if (words(m, &r->flags) < 0)
			return -1;
		if (!m->box.told)	/* RFC 3501 6.3.1: then it is these */
			permanent(m, r->flags);
		return 1;
	case IMAP_STATUS:
		return mailbox(m, r) < 0 ? -1 : open_list(m);
	case IMAP_SEARCH:
		if (str_is(word, "ESEARCH"))
			return esearch(m, r);
		r->old_search = true;
		r->set = str_trim(m->in.rest);
		m->in.rest = (struct str){ "", 0 };
		return 1;
	case IMAP_VANISHED:
		return vanished(m, r);
	default:
		return 1;
	}
}

static int
star(struct imap *m, struct imap_resp *r)
{
	struct str word;
	size_t i;
	int t = token(m, &word);

	if (t != ATOM)
		return t < 0 ? -1 : nonsense(m, "a * without a word");
	if (str_digit(word.p[0])) {
		if (str_num(word, UINT32_MAX, &r->number) < 0)
			return nonsense(m, "an impossible number");
		if (!m->authed)
			return nonsense(m, "mailbox data before the login");
		return numbered(m, r);
	}
	r->type = IMAP_OTHER;
	for (i = 0; i < sizeof untagged / sizeof *untagged; i++)
		if (str_is(word, untagged[i].name))
			break;
	if (!m->authed && (i == sizeof untagged / sizeof *untagged ||
	    !untagged[i].early))
		return nonsense(m, "data before the login");
	if (i == sizeof untagged / sizeof *untagged)
		return 1;
	r->type = untagged[i].type;
	imap_alive_begins(m, r->type);
	return r->type <= IMAP_PREAUTH ? status(m, r) : data(m, r, word);
}

static int
tagged(struct imap *m, struct imap_resp *r, struct str tag)
{
	struct str word;
	uint64_t v;
	size_t i;

	if (tag.n < 2 || tag.p[0] != 'A' ||
	    str_num(str_from(tag, 1), m->tag, &v) < 0 || v == 0 ||
	    m->alive.told >= m->tag)
		return conn_fail(m->c, EX_PROTOCOL, "this is not IMAP: %.*s",
		    (int)(tag.n < 200 ? tag.n : 200), tag.p);
	r->tag = (unsigned)v;
	word = str_word(&m->in.rest);
	for (i = 0; i < 3; i++)		/* OK, NO, BAD */
		if (str_is(word, untagged[i].name)) {
			r->type = untagged[i].type;
			return status(m, r);
		}
	return nonsense(m, "a tag without an answer");
}

static int
response(struct imap *m, struct imap_resp *r)
{
	struct str word;

	if (next_line(m) < 0)
		return -1;
	if (m->in.rest.n > 0 && m->in.rest.p[0] == '+') {
		r->type = IMAP_CONTINUE;
		r->text = str_trim(str_from(m->in.rest, 1));
		m->in.rest = (struct str){ "", 0 };
		return 1;
	}
	word = str_word(&m->in.rest);
	return str_is(word, "*") ? star(m, r) : tagged(m, r, word);
}

int
imap_next(struct imap *m, struct imap_resp *r)
{
	if (finish(m) < 0)
		return -1;
	arena_reset(&m->in.mem);
	m->in.kept = m->in.items = m->in.skipped = 0;
	*r = (struct imap_resp){ .type = IMAP_OTHER };
	m->alive.useful = false;
	if (response(m, r) < 0)
		return -1;
	imap_alive_heard(m, r);
	return 1;
}

/* ---- items ---- */

static int
body(struct imap *m, struct imap_item *it)
{
	struct str s;
	int t = token(m, &s);

	if (t == LITERAL) {
		it->literal = true;
		it->size = m->in.literal;
		return 1;
	}
	if (t != ATOM && t != QUOTED)
		return t < 0 ? -1 : nonsense(m, "a malformed body");
	it->nil = t == ATOM && str_is(s, "NIL");
	it->text = it->nil ? (struct str){ "", 0 } : s;
	it->size = it->text.n;
	return 1;
}

static int
number_item(struct imap *m, struct imap_item *it)
{
	struct str s;
	int t = token(m, &s);
	bool list = t == OPEN;

	if (list)
		t = token(m, &s);
	if (t == ATOM && str_is(s, "NIL") && it->kind == IMAP_COUNT)
		it->nil = true;		/* APPENDLIMIT: there is none */
	else if (t != ATOM || str_num(s, INT64_MAX, &it->number) < 0)
		return t < 0 ? -1 : nonsense(m, "no number where one must be");
	if (list && (t = token(m, &s)) != CLOSE)
		return t < 0 ? -1 : nonsense(m, "more than a number");
	if (it->kind == IMAP_UID && (it->number == 0 ||
	    it->number > UINT32_MAX))
		return nonsense(m, "an impossible UID");
	return 1;
}

static const struct known {
	const char *name;
	enum imap_kind kind;
} known[] = {
	{ "UID", IMAP_UID }, { "FLAGS", IMAP_FLAG }, { "BODY[]", IMAP_BODY },
	{ "MODSEQ", IMAP_MODSEQ }, { "RFC822.SIZE", IMAP_SIZE },
	{ "INTERNALDATE", IMAP_DATE }, { "BODY[HEADER]", IMAP_BODY },
	{ "RFC822", IMAP_BODY }, { "RFC822.HEADER", IMAP_BODY },
	{ "RFC822.TEXT", IMAP_BODY }, { "EMAILID", IMAP_OBJECT },
	{ "THREADID", IMAP_OBJECT }, { "MAILBOXID", IMAP_OBJECT },
	{ "MESSAGES", IMAP_COUNT }, { "UIDNEXT", IMAP_COUNT },
	{ "UIDVALIDITY", IMAP_COUNT }, { "HIGHESTMODSEQ", IMAP_COUNT },
	{ "UNSEEN", IMAP_COUNT }, { "RECENT", IMAP_COUNT },
	{ "SIZE", IMAP_COUNT }, { "DELETED", IMAP_COUNT },
	{ "APPENDLIMIT", IMAP_COUNT },
};

/*
 * "BODY[HEADER.FIELDS (DATE FROM)]<0>": the server may say the names in
 * quotes or as literals, whatever they were asked as (RFC 3501 section 9).
 */
static int
section(struct imap *m, struct str first, struct str *to)
{
	struct buf b = { .max = 8192 };
	struct str s;
	bool tight, end = false;
	int t;

	buf_str(&b, first);
	while (!end) {
		t = token(m, &s);
		if (t == LITERAL && literal_string(m, &s) == 0)
			t = QUOTED;
		else if (t == LITERAL)
			t = -1;
		if (t < 0 || t == END || b.over)
			break;
		end = t == ATOM && str_has(s, ']');
		tight = b.p[b.n - 1] == '(' || t == CLOSE || s.p[0] == ']';
		buf_printf(&b, "%s%.*s", tight ? "" : " ", STR_ARG(s));
		if (t == OPEN || t == CLOSE)
			buf_c(&b, t == OPEN ? '(' : ')');
	}
	if (!end)
		t = t < 0 ? -1 : nonsense(m, "a [ without an end");
	else
		t = keep_buf(m, &b, to);
	buf_free(&b);
	return t;
}

/* The name, so that it lasts as long as the response; and what it is. */
static int
item_name(struct imap *m, struct imap_item *it, struct str s)
{
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(s, known[i].name)) {
			it->name = str_of(known[i].name);
			it->kind = known[i].kind;
			return 0;
		}
	if (str_starts(s, "BODY[") || str_starts(s, "BINARY["))
		it->kind = IMAP_BODY;
	if (str_has(s, '[') && !str_has(s, ']'))
		return section(m, s, &it->name);
	it->name = s;
	return keep(m, &it->name);
}

/* "(F123)", or NIL */
static int
object(struct imap *m, struct imap_item *it)
{
	struct str s;
	int t = token(m, &s);

	if (t == ATOM && str_is(s, "NIL")) {
		it->nil = true;
		return 1;
	}
	if (t == OPEN && (t = token(m, &s)) == ATOM) {
		it->text = s;
		if (keep(m, &it->text) < 0)
			return -1;
		t = token(m, &s);
	}
	if (t != CLOSE)
		return t < 0 ? -1 : nonsense(m, "no id where one must be");
	return 1;
}

static int
value(struct imap *m, struct imap_item *it)
{
	bool nil;

	switch (it->kind) {
	case IMAP_UID:
	case IMAP_SIZE:
	case IMAP_MODSEQ:
	case IMAP_COUNT:
		return number_item(m, it);
	case IMAP_BODY:
		return body(m, it);
	case IMAP_FLAG:
		return words(m, &it->text) < 0 ? -1 : 1;
	case IMAP_DATE:
		return string(m, &it->text, &nil) < 0 ? -1 : 1;
	case IMAP_OBJECT:
		return object(m, it);
	default:
		return skip_value(m) < 0 ? -1 : 1;
	}
}

int
imap_item(struct imap *m, struct imap_item *it)
{
	struct str s;
	int t;

	if (!m->in.inside)
		return 0;
	if (m->in.pending && pass_literal(m, NULL) < 0)
		return -1;
	*it = (struct imap_item){ .kind = IMAP_UNKNOWN };
	t = token(m, &s);
	if (t == CLOSE) {
		m->in.inside = false;
		return 0;
	}
	if (t != ATOM)
		return t < 0 ? -1 : nonsense(m, "an item without a name");
	if (count(m) < 0)
		return -1;
	return item_name(m, it, s) < 0 ? -1 : value(m, it);
}

int
imap_body(struct imap *m, struct imap_item *it,
    const struct conn_sink *sink)
{
	struct err e = { 0 };

	if (it->literal)
		return pass_literal(m, sink);
	if (it->text.n == 0 || sink->put(sink->to, it->text.p, it->text.n,
	    &e) == 0)
		return 0;
	return conn_fail(m->c, e.code, "%s", e.msg);
}
