/* imap_item.c: the items of FETCH and STATUS, one by one */
#include <string.h>

#include "imap.h"
#include "imap_read.h"
#include "imap_token.h"

static int
item_body(struct imap *m, struct imap_item *it)
{
	struct str s;
	int t = imap_token(m, &s);

	if (t == IMAP_TOKEN_LITERAL) {
		it->literal = true;
		it->size = m->in.literal;
		return 1;
	}
	if (t != IMAP_TOKEN_ATOM && t != IMAP_TOKEN_QUOTED)
		return t < 0 ? -1 : imap_nonsense(m, "a malformed body");
	it->nil = t == IMAP_TOKEN_ATOM && str_is(s, "NIL");
	it->text = it->nil ? (struct str){ "", 0 } : s;
	it->size = it->text.n;
	return 1;
}

static int
number_item(struct imap *m, struct imap_item *it)
{
	struct str s;
	int t = imap_token(m, &s);
	bool list = t == IMAP_TOKEN_OPEN;

	if (list)
		t = imap_token(m, &s);
	if (t == IMAP_TOKEN_ATOM && str_is(s, "NIL") && it->kind == IMAP_COUNT)
		it->nil = true;		/* APPENDLIMIT: there is none */
	else if (t != IMAP_TOKEN_ATOM || str_num(s, INT64_MAX, &it->number) < 0)
		return t < 0 ? -1 :
		    imap_nonsense(m, "no number where one must be");
	if (list && (t = imap_token(m, &s)) != IMAP_TOKEN_CLOSE)
		return t < 0 ? -1 : imap_nonsense(m, "more than a number");
	if (it->kind == IMAP_UID && (it->number == 0 ||
	    it->number > UINT32_MAX))
		return imap_nonsense(m, "an impossible UID");
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
	{ "APPENDLIMIT", IMAP_COUNT }, { "X-GM-MSGID", IMAP_COUNT },
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
		t = imap_token(m, &s);
		if (t == IMAP_TOKEN_LITERAL && imap_literal_string(m, &s) == 0)
			t = IMAP_TOKEN_QUOTED;
		else if (t == IMAP_TOKEN_LITERAL)
			t = -1;
		if (t < 0 || t == IMAP_TOKEN_END || b.over)
			break;
		end = t == IMAP_TOKEN_ATOM && str_has(s, ']');
		tight = b.p[b.n - 1] == '(' || t == IMAP_TOKEN_CLOSE ||
		    s.p[0] == ']';
		buf_printf(&b, "%s%.*s", tight ? "" : " ", STR_ARG(s));
		if (t == IMAP_TOKEN_OPEN || t == IMAP_TOKEN_CLOSE)
			buf_c(&b, t == IMAP_TOKEN_OPEN ? '(' : ')');
	}
	if (!end)
		t = t < 0 ? -1 : imap_nonsense(m, "a [ without an end");
	else
		t = imap_keep_buf(m, &b, to);
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
	return imap_keep(m, &it->name);
}

/* RFC 8474 section 4 */
static size_t
object_length(struct str s)
{
	static const char also[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t n = 0;

	while (n < s.n && n < 256 && s.p[n] != '\0' &&
	    strchr(also, s.p[n]) != NULL)
		n++;
	return n < 256 ? n : 0;
}

/* Behind an item's value: the next one, or the end of all of them. */
static bool
item_ends(struct str s)
{
	struct str name;
	size_t i;

	if (s.n == 1 && s.p[0] == ')')
		return true;
	if (s.n == 0 || s.p[0] != ' ')
		return false;
	s = str_from(s, 1);
	name = str_cut(&s, ' ');
	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(name, known[i].name))
			return true;
	return str_starts(name, "BODY[") || str_starts(name, "BINARY[");
}

/*
 * Raw memory, which Cyrus 3.6 says as MAILBOXID in STATUS: it may have any
 * byte but NUL, line ends of its own, too.
 */
static int
pass_raw(struct imap *m)
{
	size_t i;
	int lines;

	for (lines = 0; lines < 8; lines++) {
		for (i = 0; i < m->in.rest.n; i++)
			if (m->in.rest.p[i] == ')' &&
			    item_ends(str_from(m->in.rest, i + 1))) {
				m->in.rest = str_from(m->in.rest, i + 1);
				return 1;
			}
		if (conn_line_crlf(m->c))	/* the server's own */
			break;
		if (imap_next_line(m) < 0)
			return -1;
	}
	return imap_nonsense(m, "no id where one must be");
}

/* Any further item, also one that we do not know, or the end. */
static bool
goes_on(struct str s)
{
	return s.n > 0 && (s.p[0] == ' ' || (s.n == 1 && s.p[0] == ')'));
}

/* "(F123)", or NIL; what is no id counts as none. */
static int
object(struct imap *m, struct imap_item *it)
{
	struct str s;
	size_t n;
	int t = imap_token(m, &s);

	if (t == IMAP_TOKEN_ATOM && str_is(s, "NIL")) {
		it->nil = true;
		return 1;
	}
	if (t != IMAP_TOKEN_OPEN)
		return t < 0 ? -1 : imap_nonsense(m, "no id where one must be");
	n = object_length(m->in.rest);
	if (n == 0 || n == m->in.rest.n || m->in.rest.p[n] != ')' ||
	    !goes_on(str_from(m->in.rest, n + 1))) {
		it->nil = true;
		return pass_raw(m);
	}
	it->text = str_to(m->in.rest, n);
	m->in.rest = str_from(m->in.rest, n + 1);
	return imap_keep(m, &it->text) < 0 ? -1 : 1;
}

static int
item_value(struct imap *m, struct imap_item *it)
{
	bool nil;

	switch (it->kind) {
	case IMAP_UID:
	case IMAP_SIZE:
	case IMAP_MODSEQ:
	case IMAP_COUNT:
		return number_item(m, it);
	case IMAP_BODY:
		return item_body(m, it);
	case IMAP_FLAG:
		return imap_words(m, &it->text) < 0 ? -1 : 1;
	case IMAP_DATE:
		return imap_string(m, &it->text, &nil) < 0 ? -1 : 1;
	case IMAP_OBJECT:
		return object(m, it);
	default:
		return imap_skip_value(m) < 0 ? -1 : 1;
	}
}

int
imap_item(struct imap *m, struct imap_item *it)
{
	struct str s;
	int t;

	if (!m->in.inside)
		return 0;
	if (m->in.pending && imap_pass_literal(m, NULL) < 0)
		return -1;
	*it = (struct imap_item){ .kind = IMAP_UNKNOWN };
	t = imap_token(m, &s);
	if (t == IMAP_TOKEN_CLOSE) {
		m->in.inside = false;
		return 0;
	}
	if (t != IMAP_TOKEN_ATOM)
		return t < 0 ? -1 : imap_nonsense(m, "an item without a name");
	if (imap_count_one(m) < 0)
		return -1;
	return item_name(m, it, s) < 0 ? -1 : item_value(m, it);
}

int
imap_body(struct imap *m, struct imap_item *it,
    const struct conn_sink *sink)
{
	struct err e = { 0 };

	if (it->literal)
		return imap_pass_literal(m, sink);
	if (it->text.n == 0 || sink->put(sink->to, it->text.p, it->text.n,
	    &e) == 0)
		return 0;
	return conn_fail(m->c, e.code, "%s", e.msg);
}
