/*
 * imap_read.c: what a server says, response by response
 *
 * The tokens of a response come from imap_token.c; the items of FETCH and
 * STATUS are left to imap_item.c.
 */
#include <string.h>

#include "conn_early.h"
#include "imap.h"
#include "imap_alive.h"
#include "imap_read.h"
#include "imap_token.h"
#include "utf7.h"

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
	{ "OBJECTID", IMAP_OBJECTID }, { "OBJECTID+", IMAP_OBJECTID },
	{ "NAMESPACE", IMAP_NAMESPACE },
	{ "IMAP4rev1", IMAP_REV1 }, { "APPENDLIMIT", IMAP_APPENDLIMIT },
	{ "UIDBATCHES", IMAP_UIDBATCHES },
	{ "LIST-EXTENDED", IMAP_LIST_EXTENDED },
	{ "STATUS=SIZE", IMAP_STATUS_SIZE },
	/* RFC 9051 has these within it */
	{ "IMAP4rev2", IMAP_REV2 | IMAP_SASL_IR | IMAP_LITERAL_MINUS |
	    IMAP_ENABLE | IMAP_UIDPLUS | IMAP_MOVE | IMAP_ESEARCH |
	    IMAP_SPECIAL_USE | IMAP_LIST_STATUS | IMAP_IDLE | IMAP_UNSELECT |
	    IMAP_NAMESPACE | IMAP_LIST_EXTENDED | IMAP_STATUS_SIZE },
};

static void
read_number(struct str s, uint64_t *to)
{
	uint64_t v;

	if (str_num(s, INT64_MAX, &v) == 0)
		*to = v;
}

static void
read_capabilities(struct imap *m, struct str list)
{
	struct str w;
	size_t i, n;

	m->caps = 0;
	m->appendlimit = m->messagelimit = 0;
	m->mechs[0] = m->all[0] = '\0';
	memcpy(m->all, list.p, list.n < sizeof m->all ? list.n : 0);
	m->all[list.n < sizeof m->all ? list.n : 0] = '\0';
	while ((w = str_word(&list)).n > 0) {
		for (i = 0; i < sizeof names / sizeof *names; i++)
			if (str_is(w, names[i].name))
				m->caps |= names[i].cap;
		if (str_starts(w, "APPENDLIMIT=")) {
			m->caps |= IMAP_APPENDLIMIT;
			read_number(str_from(w, 12), &m->appendlimit);
		}
		if (str_starts(w, "MESSAGELIMIT="))
			read_number(str_from(w, 13), &m->messagelimit);
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

/* The code in the brackets, if there are any. */
static struct str
bracketed(struct str s)
{
	if (s.n > 0 && s.p[0] == '(')
		s = str_from(s, 1);
	return s.n > 0 && s.p[s.n - 1] == ')' ? str_to(s, s.n - 1) : s;
}

/* RFC 9738: the command was done for some of its messages, or for none. */
static void
note_cut(struct imap *m, const struct imap_resp *r)
{
	struct str in = r->arg;
	uint64_t most = 0;

	m->cuts++;
	read_number(str_word(&in), &most);
	if (most > 0 && (m->messagelimit == 0 || most < m->messagelimit))
		m->messagelimit = most;
}

/* Keeps what a code says about the mailbox or the server. */
static void
note_code(struct imap *m, const struct imap_resp *r)
{
	struct str in = bracketed(r->arg);

	if (str_is(r->code, "CAPABILITY"))
		read_capabilities(m, r->arg);
	else if (str_is(r->code, "MESSAGELIMIT"))
		note_cut(m, r);
	else if (str_is(r->code, "CLOSED"))
		imap_box_forget(m);
	else if (str_is(r->code, "UIDVALIDITY"))
		read_number(r->arg, &m->box.uidvalidity);
	else if (str_is(r->code, "UIDNEXT"))
		read_number(r->arg, &m->box.uidnext);
	else if (str_is(r->code, "HIGHESTMODSEQ"))
		read_number(r->arg, &m->box.modseq);
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
read_status(struct imap *m, struct imap_resp *r)
{
	struct str all = str_trim(m->in.rest), in;
	size_t n = all.n < sizeof m->text ? all.n : sizeof m->text - 1;

	if ((r->type != IMAP_OK && r->type != IMAP_PREAUTH) ||
	    str_starts(all, "[MESSAGELIMIT ")) {
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

	if (imap_string(m, &r->name, &nil) < 0)
		return -1;
	if (str_is(r->name, "INBOX"))
		r->name = STR("INBOX");
	if (m->utf8)
		return 0;
	if (utf7_decode(&b, r->name) == 0 && !b.over)
		got = imap_keep_buf(m, &b, &r->name);
	else
		r->bad_name = true;
	buf_free(&b);
	return got;
}

static int
read_list(struct imap *m, struct imap_resp *r)
{
	struct str sep;
	bool nil;

	if (imap_words(m, &r->flags) < 0 || imap_string(m, &sep, &nil) < 0 ||
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

	while ((t = imap_token(m, &s)) != IMAP_TOKEN_CLOSE) {
		if (t != IMAP_TOKEN_ATOM)
			return t < 0 ? -1 : imap_nonsense(m, "an odd ESEARCH");
		if (imap_count_one(m) < 0 || imap_keep(m, &s) < 0 ||
		    imap_string(m, &v, &nil) < 0)
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

	while ((t = imap_token(m, &s)) != IMAP_TOKEN_END) {
		if (t < 0 || (t == IMAP_TOKEN_OPEN && correlator(m, r) < 0))
			return -1;
		if (t != IMAP_TOKEN_ATOM || str_is(s, "UID"))
			continue;
		if (imap_count_one(m) < 0 || imap_keep(m, &s) < 0 ||
		    imap_string(m, &v, &nil) < 0)
			return -1;
		if (str_is(s, "ALL"))
			r->set = v;
		else if (str_is(s, "COUNT"))
			read_number(v, &r->count);
	}
	return 1;
}

/* (TAG "A302") 215295:99695,99694:7830; an empty mailbox has none. */
static int
batches(struct imap *m, struct imap_resp *r)
{
	struct str s;
	int t = imap_token(m, &s);

	if (t == IMAP_TOKEN_OPEN) {
		if (correlator(m, r) < 0)
			return -1;
		t = imap_token(m, &s);
	}
	if (t == IMAP_TOKEN_ATOM)
		r->set = s;
	return t < 0 ? -1 : 1;
}

static int
vanished(struct imap *m, struct imap_resp *r)
{
	struct str s;
	int t = imap_token(m, &s);

	if (t == IMAP_TOKEN_OPEN) {
		r->earlier = true;
		if (imap_skip(m, t) < 0)
			return -1;
		t = imap_token(m, &s);
	}
	if (t != IMAP_TOKEN_ATOM || str_has(s, '*'))
		return t < 0 ? -1 : imap_nonsense(m, "VANISHED without UIDs");
	r->set = s;
	return 1;
}

static int
open_list(struct imap *m)
{
	struct str s;
	int t = imap_token(m, &s);

	if (t != IMAP_TOKEN_OPEN)
		return t < 0 ? -1 : imap_nonsense(m, "no list of items");
	m->in.inside = true;
	return 1;
}

static int
read_numbered(struct imap *m, struct imap_resp *r)
{
	struct str s;
	int t = imap_token(m, &s);

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
	{ "LSUB", IMAP_LSUB, false }, { "STATUS", IMAP_STATUS, false },
	{ "SEARCH", IMAP_SEARCH, false }, { "ESEARCH", IMAP_SEARCH, false },
	{ "VANISHED", IMAP_VANISHED, false }, { "FLAGS", IMAP_FLAGS, false },
	{ "UIDBATCHES", IMAP_BATCHES, false },
};

static int
data(struct imap *m, struct imap_resp *r, struct str word)
{
	switch (r->type) {
	case IMAP_CAPABILITY:
		read_capabilities(m, m->in.rest);
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
	case IMAP_LSUB:
		return read_list(m, r);
	case IMAP_FLAGS:
		if (imap_words(m, &r->flags) < 0)
			return -1;
		if (!m->box.told)	/* RFC 3501 6.3.1: then it is these */
			permanent(m, r->flags);
		return 1;
	case IMAP_STATUS:
		m->in.counts = true;
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
	case IMAP_BATCHES:
		return batches(m, r);
	default:
		return 1;
	}
}

static int
star(struct imap *m, struct imap_resp *r)
{
	struct str word;
	size_t i;
	int t = imap_token(m, &word);

	if (t != IMAP_TOKEN_ATOM)
		return t < 0 ? -1 : imap_nonsense(m, "a * without a word");
	if (str_digit(word.p[0])) {
		if (str_num(word, UINT32_MAX, &r->number) < 0)
			return imap_nonsense(m, "an impossible number");
		if (!m->authed)
			return imap_nonsense(m, "mailbox data before the login");
		return read_numbered(m, r);
	}
	r->type = IMAP_OTHER;
	for (i = 0; i < sizeof untagged / sizeof *untagged; i++)
		if (str_is(word, untagged[i].name))
			break;
	if (!m->authed && (i == sizeof untagged / sizeof *untagged ||
	    !untagged[i].early))
		return imap_nonsense(m, "data before the login");
	r->word = word;
	if (i == sizeof untagged / sizeof *untagged)
		return 1;
	r->type = untagged[i].type;
	imap_alive_begins(m, r->type);
	return r->type <= IMAP_PREAUTH ? read_status(m, r) : data(m, r, word);
}

/* A yes to an APPEND of which not all had been said. */
static bool
yes_too_soon(struct imap *m, const struct imap_resp *r)
{
	if (r->type != IMAP_OK || r->tag != m->append.last ||
	    m->in.at >= m->asked.end)
		return false;
	conn_abort(m->c, EX_PROTOCOL, "APPEND: a yes to what was not sent");
	return true;
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
	if (m->in.at < m->asked.command)
		return conn_abort(m->c, EX_PROTOCOL, "the answer to A%u came before the command",
		    (unsigned)v);
	r->tag = (unsigned)v;
	word = str_word(&m->in.rest);
	for (i = 0; i < 3; i++)		/* OK, NO, BAD */
		if (str_is(word, untagged[i].name)) {
			r->type = untagged[i].type;
			return yes_too_soon(m, r) ? -1 : read_status(m, r);
		}
	return imap_nonsense(m, "a tag without an answer");
}

static int
response(struct imap *m, struct imap_resp *r)
{
	struct str word;

	m->in.at = conn_taken(m->c);
	if (imap_next_line(m) < 0)
		return -1;
	if (m->in.rest.n > 0 && m->in.rest.p[0] == '+') {
		if (m->in.at < m->asked.literal)
			return conn_abort(m->c, EX_PROTOCOL, "a go-ahead (+) that came before it was asked for");
		r->type = IMAP_CONTINUE;
		r->text = str_trim(str_from(m->in.rest, 1));
		m->in.rest = (struct str){ "", 0 };
		return 1;
	}
	word = str_word(&m->in.rest);
	return str_is(word, "*") ? star(m, r) : tagged(m, r, word);
}

/* Items that nobody read: an id among them may have line ends in it. */
static int
pass_counts(struct imap *m)
{
	struct imap_item it;
	int got = 1;

	while (m->in.counts && m->in.inside && got > 0)
		got = imap_item(m, &it);
	m->in.counts = false;
	return got;
}

int
imap_next(struct imap *m, struct imap_resp *r)
{
	if (pass_counts(m) < 0 || imap_finish(m) < 0)
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
