/*
 * addr_list.c: mail addresses in header fields
 *
 * A field's body is taken apart by the wide grammar of RFC 5322, put together
 * again in the plainest form, and that must then pass as an argument does.
 */
#include <string.h>

#include "addr.h"
#include "addr_private.h"

enum { NEST = 100 };		/* comments in comments; nobody writes ten */

/* --- one element of a list --- */

struct scan {
	struct addr_in in;		/* from this element on */
	size_t i;		/* where we are */
	struct buf name;	/* the words, as a display name */
	struct buf local;	/* the words, as a local part, unquoted */
	struct buf domain;
	size_t words, dots;	/* what local was put together from */
	size_t broken;		/* where that was no local part; or 0 */
	size_t from, to;	/* the addr-spec as it was written */
	struct str comment;	/* the last one, without its brackets */
	bool route;
};

static int
peek(const struct scan *sc)
{
	return sc->i < sc->in.s.n ? (unsigned char)sc->in.s.p[sc->i] : -1;
}

/* How long the blank here is: SP, HTAB, or a line end that is a fold */
static size_t
blank_here(const struct scan *sc)
{
	size_t left = sc->in.s.n - sc->i, n;
	int c = peek(sc);
	const char *p;

	if (c == ' ' || c == '\t')
		return 1;
	if (c != '\r' && c != '\n')
		return 0;
	p = sc->in.s.p + sc->i;
	if (c == '\n')
		n = 1;
	else
		n = left > 1 && p[1] == '\n' ? 2 : left;
	return n < left && (p[n] == ' ' || p[n] == '\t') ? n : 0;
}

static int
unexpected(const struct scan *sc)
{
	char buf[24];
	int c = peek(sc);

	if (c < 0)
		return addr_bad(&sc->in, sc->i, "it ends too early");
	if (c < 0x20 || c == 0x7f)
		return addr_bad(&sc->in, sc->i, "control %s",
		    addr_glyph(buf, &sc->in, sc->i));
	return addr_bad(&sc->in, sc->i, "%s is not expected here%s",
	    addr_glyph(buf, &sc->in, sc->i), c == ';' ?
	    "; addresses are separated by commas" : "");
}

/* A character inside quotes or a comment: any but a control */
static int
inside(const struct scan *sc)
{
	int c = peek(sc);

	return (c >= 0x20 && c != 0x7f) ? c : unexpected(sc);
}

static int
comment(struct scan *sc)
{
	size_t depth = 0, start = sc->i, n;
	int c;

	do {
		if ((n = blank_here(sc)) > 0) {
			sc->i += n;
			continue;
		}
		if (peek(sc) < 0)
			return addr_bad(&sc->in, start,
			    "comment is not closed");
		if ((c = inside(sc)) < 0)
			return -1;
		sc->i++;
		if (c == '\\' && inside(sc) < 0)
			return -1;
		sc->i += c == '\\';
		depth += c == '(';
		depth -= c == ')';
		if (depth > NEST)
			return addr_bad(&sc->in, sc->i - 1,
			    "comments nest over %d deep", NEST);
	} while (depth > 0);
	sc->comment = str_to(str_from(sc->in.s, start + 1),
	    sc->i - start - 2);
	return 0;
}

/* Skips blanks and comments: 1 if there were any, 0, or -1 */
static int
cfws(struct scan *sc)
{
	size_t start = sc->i, n;

	for (;;) {
		if ((n = blank_here(sc)) > 0)
			sc->i += n;
		else if (peek(sc) != '(')
			return sc->i > start;
		else if (comment(sc) < 0)
			return -1;
	}
}

/* The text of a quoted-string; folds vanish, and with them tabs. */
static int
quoted_string(struct scan *sc, struct buf *out)
{
	size_t start = sc->i++, n;
	int c;

	for (;;) {
		if ((n = blank_here(sc)) > 0) {
			if (peek(sc) == ' ' || peek(sc) == '\t')
				buf_c(out, ' ');
			sc->i += n;
			continue;
		}
		if (peek(sc) < 0)
			return addr_bad(&sc->in, start,
			    "the quote is not closed");
		c = inside(sc);
		sc->i++;
		if (c == '"')
			return 0;
		if (c == '\\') {
			c = inside(sc);
			sc->i++;
		}
		if (c < 0)
			return -1;
		buf_c(out, (char)c);
	}
}

/* The next word or dot, put behind out */
static int
list_word(struct scan *sc, struct buf *out)
{
	size_t start = sc->i;

	if (peek(sc) == '"')
		return quoted_string(sc, out);
	if (peek(sc) == '.')
		sc->i++;
	else
		while (peek(sc) >= 0 && addr_atext((char)peek(sc)))
			sc->i++;
	buf_str(out, str_to(str_from(sc->in.s, start), sc->i - start));
	return 0;
}

/*
 * Words and dots up to anything else.  Only what comes next tells a display
 * name from a local part, so both are gathered: a name keeps its gaps, a
 * local part is word *("." word), its gaps dropped.
 */
static int
phrase(struct scan *sc)
{
	size_t was;
	int gap, c;

	for (;;) {
		if ((gap = cfws(sc)) < 0)
			return -1;
		c = peek(sc);
		if (c < 0 || (c != '"' && c != '.' && !addr_atext((char)c)))
			return 0;
		if (sc->words + sc->dots == 0)
			sc->from = sc->i;
		else if (gap > 0)
			buf_c(&sc->name, ' ');
		*(c == '.' ? &sc->dots : &sc->words) += 1;
		if (sc->words != sc->dots + (c != '.') && sc->broken == 0)
			sc->broken = sc->i + 1;
		was = sc->name.n;
		if (list_word(sc, &sc->name) < 0)
			return -1;
		buf_str(&sc->local, str_from(BUF_STR(sc->name), was));
		sc->to = sc->i;
	}
}

static int
domain_literal(struct scan *sc)
{
	size_t n;
	int c;

	do {
		while ((n = blank_here(sc)) > 0)
			sc->i += n;
		if ((c = inside(sc)) < 0)
			return -1;
		buf_c(&sc->domain, (char)c);
		sc->i++;
	} while (c != ']');
	sc->to = sc->i;
	return 0;
}

/* Behind the '@'; two words in a row end it. */
static int
domain_words(struct scan *sc)
{
	bool dot = true;
	int c;

	if (cfws(sc) < 0)
		return -1;
	if (peek(sc) == '[')
		return domain_literal(sc);
	while ((c = peek(sc)) >= 0 &&
	    (c == '.' || (dot && addr_atext((char)c)))) {
		dot = c == '.';
		if (list_word(sc, &sc->domain) < 0)
			return -1;
		sc->to = sc->i;
		if (cfws(sc) < 0)
			return -1;
	}
	return sc->domain.n > 0 ? 0 : unexpected(sc);
}

/* The words so far are a local part; its domain, if any, comes next. */
static int
spec(struct scan *sc)
{
	if (sc->words + sc->dots == 0)
		return peek(sc) >= 0 && peek(sc) != '>' ? unexpected(sc) :
		    addr_bad(&sc->in, sc->i, "the address is empty");
	if (sc->broken > 0)
		return addr_bad(&sc->in, sc->broken - 1,
		    "neither a name before '<' nor a local part before '@'");
	if (sc->words == sc->dots)
		return addr_bad(&sc->in, sc->to - 1,
		    "the local part ends in a dot");
	if (peek(sc) != '@')
		return 0;
	sc->i++;
	return domain_words(sc);
}

/* RFC 5322 4.4: "@a,@b:" before the address, long without meaning */
static int
route(struct scan *sc)
{
	struct buf out = { .max = sc->in.s.n + 1 };
	int c, rc = 0;

	while (rc == 0 && (c = peek(sc)) != ':') {
		if (c == ',' || c == '@')
			sc->i++;
		else if (c >= 0 && (c == '.' || addr_atext((char)c)))
			rc = list_word(sc, &out);
		else
			rc = unexpected(sc);
		if (rc == 0 && cfws(sc) < 0)
			rc = -1;
	}
	buf_free(&out);
	sc->i++;
	sc->route = true;
	return rc;
}

static int
angle(struct scan *sc)
{
	struct buf name = sc->name;
	int rc;

	sc->name = (struct buf){ 0 };
	buf_free(&sc->local);
	sc->words = sc->dots = sc->broken = 0;
	sc->i++;
	rc = cfws(sc);
	if (rc >= 0 && (peek(sc) == '@' || peek(sc) == ','))
		rc = route(sc);
	if (rc >= 0)
		rc = phrase(sc) < 0 ? -1 : spec(sc);
	buf_free(&sc->name);
	sc->name = name;
	if (rc < 0)
		return -1;
	if (peek(sc) != '>')
		return unexpected(sc);
	sc->i++;
	return 0;
}

/* A mailbox and the blanks behind it: 1.  Or the name of a group and ':': 0. */
static int
element(struct scan *sc)
{
	if (phrase(sc) < 0)
		return -1;
	if (peek(sc) == ':' && sc->words > 0) {
		sc->i++;
		return 0;
	}
	if (peek(sc) == '<') {
		if (angle(sc) < 0)
			return -1;
	} else {
		buf_free(&sc->name);
		if (spec(sc) < 0)
			return -1;
	}
	return cfws(sc) < 0 ? -1 : 1;
}

static void
scan_free(struct scan *sc)
{
	buf_free(&sc->name);
	buf_free(&sc->local);
	buf_free(&sc->domain);
}

/* --- putting together --- */

static bool
dot_string(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '.' ? i == 0 || s.p[i - 1] == '.' :
		    !addr_atext(s.p[i]))
			return false;
	return s.n > 0 && s.p[s.n - 1] != '.';
}

/* The plainest form of local@domain, RFC 5321 4.1.2 */
static struct str
compose(struct arena *mem, struct str who, struct str where)
{
	char *p = arena_new(mem, 2 * who.n + where.n + 4, 1), *to = p;
	bool quote = !dot_string(who);
	size_t i;

	if (quote)
		*to++ = '"';
	for (i = 0; i < who.n; i++) {
		if (quote && (who.p[i] == '"' || who.p[i] == '\\'))
			*to++ = '\\';
		*to++ = who.p[i];
	}
	if (quote)
		*to++ = '"';
	if (where.n > 0) {
		*to++ = '@';
		str_copy(to, where);
		to += where.n;
	}
	return (struct str){ p, (size_t)(to - p) };
}

static int
list_result(struct scan *sc, struct addr *a, struct arena *mem)
{
	struct str where = BUF_STR(sc->domain), s;

	s = compose(mem, BUF_STR(sc->local), where);
	if ((where.n > 0 ? addr_mailbox(a, s, sc->in.e) :
	    addr_local(a, s, sc->in.e)) < 0)
		return -1;
	if (sc->name.n > 0)
		a->name = arena_str(mem, BUF_STR(sc->name));
	a->comment = sc->comment;
	a->spec = str_to(str_from(sc->in.s, sc->from), sc->to - sc->from);
	return 0;
}

/*
 * How long the first element of a text is, whatever is wrong with it: up to a
 * comma outside quotes, comments and brackets, or the end of the group.
 */
static size_t
element_length(struct str s, bool group)
{
	size_t i, depth = 0;
	char until = '\0', c;

	for (i = 0; i < s.n; i++) {
		c = s.p[i];
		if (c == '\\' && (depth > 0 || until == '"'))
			i++;
		else if (depth > 0)
			depth = c == ')' ? depth - 1 : depth + (c == '(');
		else if (until != '\0')
			until = c == until ? '\0' : until;
		else if (c == '(')
			depth++;
		else if (c == '"')
			until = '"';
		else if (c == '<' || c == '[')
			until = c == '<' ? '>' : ']';
		else if (c == ',' || (c == ';' && group && i > 0))
			return i;
	}
	return s.n;
}

/* Up to the next name or address: 1.  At the end of the list: 0. */
static int
separators(struct addr_list *l, struct err *e)
{
	struct scan sc = { .in = { .s = l->rest, .e = e } };

	for (;;) {
		if (cfws(&sc) < 0)
			return -1;
		if (peek(&sc) == ';' && l->group) {
			l->group = false;
			sc.i++;
			if (cfws(&sc) < 0)
				return -1;
			if (peek(&sc) >= 0 && peek(&sc) != ',')
				return unexpected(&sc);
		} else if (peek(&sc) == ',') {
			sc.i++;
		} else {
			break;
		}
	}
	if (peek(&sc) < 0 && l->group)
		return addr_bad(&sc.in, sc.i,
		    "the group has no ';' at its end");
	l->rest = str_from(sc.in.s, sc.i);
	return l->rest.n > 0;
}

/* The rest behind a mailbox; a comma is eaten. */
static int
behind(struct addr_list *l, const struct scan *sc)
{
	int c = peek(sc);

	if (c >= 0 && c != ',' && !(c == ';' && l->group))
		return unexpected(sc);
	l->rest = str_from(sc->in.s, sc->i + (c == ','));
	return 1;
}

/* As addr_next, or 2: a group was entered */
static int
list_step(struct addr_list *l, struct addr *a, struct arena *mem, struct err *e)
{
	struct scan sc = { 0 };
	int rc = separators(l, e);
	struct str was = l->rest;

	if (rc <= 0)
		return rc;
	sc.in = (struct addr_in){ l->rest, e,
	    element_length(l->rest, l->group) };
	rc = element(&sc);
	if (rc == 0 && l->group)
		rc = addr_bad(&sc.in, sc.i - 1, "a group inside a group");
	if (rc == 0) {
		l->group = true;
		l->rest = str_from(sc.in.s, sc.i);
		rc = 2;
	} else if (rc == 1) {
		rc = behind(l, &sc) < 0 ? -1 : list_result(&sc, a, mem);
		rc = rc < 0 ? -1 : 1;
	}
	if (rc < 0)
		l->rest = was;
	scan_free(&sc);
	return rc;
}

int
addr_next(struct addr_list *l, struct addr *a, struct arena *mem,
    struct err *e)
{
	int rc;

	if (l->broken.p != NULL)
		return 0;
	while ((rc = list_step(l, a, mem, e)) == 2)
		;
	if (rc < 0) {
		l->broken = l->rest;
		l->rest = (struct str){ 0 };
	}
	return rc;
}

struct str
addr_skip(struct addr_list *l)
{
	struct str was;
	size_t n;

	while (l->broken.n > 0 && (l->broken.p[0] == ',' ||
	    str_blank(l->broken.p[0])))
		l->broken = str_from(l->broken, 1);
	n = element_length(l->broken, l->group);
	was = str_to(l->broken, n);
	if (l->broken.n == 0 || l->broken.p[0] == ';')
		l->group = false;	/* what broke is the group's end */
	l->rest = str_from(l->broken, n);
	l->broken = (struct str){ 0 };
	return str_trim(was);
}

static int
only(const struct scan *sc)
{
	if (sc->route)
		return addr_bad(&sc->in, sc->from,
		    "a route before the address");
	return peek(sc) < 0 ? 0 : unexpected(sc);
}

int
addr_from(struct addr *a, struct arena *mem, struct str s, struct err *e)
{
	struct scan sc = { .in = { .s = s, .e = e } };
	int rc = addr_clean(&sc.in, true);

	if (rc == 0)
		rc = element(&sc);
	if (rc == 0)
		rc = addr_bad(&sc.in, sc.i - 1, "a group, not one address");
	if (rc == 1)
		rc = only(&sc);
	if (rc == 0)
		rc = addr_mailbox(a, arena_str(mem, str_to(str_from(s,
		    sc.from), sc.to - sc.from)), e);
	if (rc == 0)
		a->name = arena_str(mem, BUF_STR(sc.name));
	scan_free(&sc);
	return rc;
}
