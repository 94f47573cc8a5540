/*
 * mime_head.c: header fields: folding, encoded words, parameters
 *
 * RFC 5322 2.1.1 and 2.2.3, RFC 2047, RFC 2231.  All words go through
 * line_word(), which alone breaks lines.  Encoded words use the characters
 * that RFC 2047 5 (3) allows in a phrase, so they can stand everywhere, and
 * lines end before column 77, as lines with encoded words must.
 */
#include <string.h>

#include "b64.h"
#include "mime.h"

#define COLUMNS 76
#define WORD_MAX 75			/* RFC 2047 2 */
#define LONG_WORD 900			/* must be encoded to fit 998 */
#define LONG_BLANK 40			/* blanks that a line cannot hold */

struct line {
	struct buf *b;
	size_t col;
	bool started;			/* a word stands on it */
	bool over;			/* a line over 998 was made */
};

static bool
atext(char c)
{
	return str_alpha(c) || str_digit(c) || (c != '\0' &&
	    strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* A word with the blanks before it; those become the fold if need be. */
static void
line_word(struct line *l, struct str gap, struct str w)
{
	if (l->started && l->col + gap.n + w.n > COLUMNS) {
		buf_s(l->b, "\r\n");
		l->col = 0;
		if (gap.n == 0)
			gap = STR(" ");
	}
	buf_str(l->b, gap);
	buf_str(l->b, w);
	l->col += gap.n + w.n;
	l->started = true;
	if (l->col > MSG_LINE_MAX)
		l->over = true;
}

/* RFC 2047 5 (3). */
static bool
q_safe(char c)
{
	return str_alpha(c) || str_digit(c) ||
	    (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t
q_length(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += q_safe(s.p[i]) || s.p[i] == ' ' ? 1 : 3;
	return n;
}

static void
q_put(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (q_safe(s.p[i]))
			buf_c(b, s.p[i]);
		else if (s.p[i] == ' ')
			buf_c(b, '_');
		else
			buf_printf(b, "=%02X", (unsigned char)s.p[i]);
	}
}

/* As much of s as one encoded word of that room takes: whole characters. */
static struct str
chunk(struct str s, bool utf8, bool q, size_t room)
{
	size_t n = 0, next, step, used = 0;

	while (n < s.n) {
		step = utf8 ? str_char(str_from(s, n), NULL) : 1;
		next = n + step;
		used = q ? used + q_length((struct str){ s.p + n, step }) :
		    B64_LEN(next);
		if (used > room)
			break;
		n = next;
	}
	return str_to(s, n);
}

/* A run of text as encoded words, each small enough for its line. */
static void
encoded(struct line *l, struct str gap, struct str s)
{
	bool utf8 = str_utf8(s);
	bool q = q_length(s) <= B64_LEN(s.n);
	const char *charset = utf8 ? "utf-8" : "unknown-8bit";
	size_t frame = strlen(charset) + 7, room;
	struct buf b = { .max = 256 };
	struct str part;

	while (s.n > 0) {
		room = COLUMNS - (gap.n > 0 ? gap.n : 1);
		if (l->col + gap.n + frame + 12 <= COLUMNS)
			room = COLUMNS - l->col - gap.n;
		if (room > WORD_MAX)
			room = WORD_MAX;
		part = chunk(s, utf8, q, room - frame);
		b.n = 0;
		buf_printf(&b, "=?%s?%c?", charset, q ? 'Q' : 'B');
		if (q)
			q_put(&b, part);
		else
			b64_put(&b, part);
		buf_s(&b, "?=");
		if (!l->started && l->col + gap.n + b.n > COLUMNS)
			l->started = true;	/* fold behind the name */
		line_word(l, gap, BUF_STR(b));
		gap = STR(" ");
		s = str_from(s, part.n);
	}
	buf_free(&b);
}

/* The next word of *s and the blanks before it, both taken off. */
static struct str
next_word(struct str *s, struct str *gap)
{
	struct str w;
	size_t i = 0, n;

	while (i < s->n && str_blank(s->p[i]))
		i++;
	for (n = i; n < s->n && !str_blank(s->p[n]); n++)
		;
	*gap = str_to(*s, i);
	w = (struct str){ s->p + i, n - i };
	*s = str_from(*s, n);
	return w;
}

static bool
looks_encoded(struct str w)
{
	return w.n > 1 && memmem(w.p, w.n, "=?", 2) != NULL;
}

/* Whether a word of unstructured text cannot stand as it is. */
static bool
needy(struct str w, int how)
{
	if (w.n > LONG_WORD ||
	    (looks_encoded(w) && (how & MIME_ENCODED) == 0))
		return true;
	if ((how & MIME_UTF8) != 0)
		return !str_utf8(w);
	return !str_ascii(w);
}

/*
 * Words that need it are encoded; with two of them side by side the blanks
 * between are, too, because readers drop what stands between encoded words.
 */
static void
text(struct line *l, struct str s, int how)
{
	struct str gap, run_gap = { 0 }, run = { 0 }, w;
	bool wide;

	while (s.n > 0) {
		w = next_word(&s, &gap);
		wide = gap.n > LONG_BLANK;
		if (needy(w, how) || wide) {
			if (run.n == 0) {
				run_gap = wide ? str_to(gap, 1) : gap;
				run = w;
				if (wide)
					run = (struct str){ gap.p + 1,
					    gap.n - 1 + w.n };
			} else
				run.n += gap.n + w.n;
			continue;
		}
		if (run.n > 0)
			encoded(l, run_gap, run);
		run.n = 0;
		line_word(l, gap, w);
	}
	if (run.n > 0)
		encoded(l, run_gap, run);
}

static void
raw(struct line *l, struct str s)
{
	struct str gap, w;

	while (s.n > 0) {
		w = next_word(&s, &gap);
		line_word(l, gap, w);
	}
}

/* A control byte that is no tab. */
static bool
control(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != '\t' && str_control((struct str){ s.p + i, 1 }))
			return true;
	return false;
}

static int
field_begin(struct line *l, struct buf *b, struct str name, struct err *e)
{
	size_t i;

	for (i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == ':')
			break;
	if (i < name.n || i == 0 || i > COLUMNS - 2)
		return fail(e, EX_USAGE, "\"%.*s\" is no name of a header field",
		    name.n < 80 ? (int)name.n : 80, name.p);
	*l = (struct line){ .b = b, .col = name.n + 2 };
	buf_str(b, name);
	buf_s(b, ": ");
	return 0;
}

/* Behind the was bytes before it, which are left alone if it is too long. */
static int
end_field(struct line *l, struct str name, size_t was, struct err *e)
{
	buf_s(l->b, "\r\n");
	if (!l->over && !l->b->over)
		return 0;
	l->b->n = was;
	return fail(e, EX_USAGE, "%.*s: too long", STR_ARG(name));
}

/* Bytes that no folding or encoding can help. */
static int
field_check(struct str name, struct str value, int how, struct err *e)
{
	if (control(value))
		return fail(e, EX_USAGE, "%.*s: a control character or line end is in the value",
		    STR_ARG(name));
	if ((how & MIME_RAW) == 0)
		return 0;
	if ((how & MIME_UTF8) == 0 && !str_ascii(value))
		return fail(e, EX_USAGE, "%.*s: only ASCII can stand here",
		    STR_ARG(name));
	if (!str_utf8(value))
		return fail(e, EX_USAGE, "%.*s: not UTF-8", STR_ARG(name));
	return 0;
}

int
mime_header(struct buf *b, struct str name, struct str value, int how,
    struct err *e)
{
	struct line l = { .b = b };
	size_t was = b->n;

	if (field_begin(&l, b, name, e) < 0)
		return -1;
	if (field_check(name, value, how, e) < 0) {
		b->n = was;
		return -1;
	}
	value = str_trim(value);
	if ((how & MIME_RAW) != 0)
		raw(&l, value);
	else
		text(&l, value, how);
	return end_field(&l, name, was, e);
}

/* Words of atext with single spaces: needs no quotes. */
static bool
atoms(struct str s, int how)
{
	bool utf8 = (how & MIME_UTF8) != 0;
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!(s.p[i] == ' ' && i > 0 && s.p[i - 1] != ' ') &&
		    !(utf8 && (unsigned char)s.p[i] > 0x7f) && !atext(s.p[i]))
			return false;
	return s.n > 0 && s.p[s.n - 1] != ' ';
}

/* A display name: atoms, else a quoted string, else encoded words. */
static void
phrase(struct line *l, struct str gap, struct str s, int how)
{
	struct buf q = { .max = 256 };
	bool words = (how & MIME_ENCODED) != 0 && looks_encoded(s) &&
	    atoms(s, how);
	size_t i;
	bool plain = str_ascii(s) ||
	    ((how & MIME_UTF8) != 0 && str_utf8(s));

	if (!plain || (!words && (looks_encoded(s) || s.n > WORD_MAX))) {
		encoded(l, gap, s);
		return;
	}
	if (atoms(s, how)) {
		line_word(l, gap, next_word(&s, &(struct str){ 0 }));
		raw(l, s);
		return;
	}
	buf_c(&q, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_c(&q, '\\');
		buf_c(&q, s.p[i]);
	}
	buf_c(&q, '"');
	line_word(l, gap, BUF_STR(q));
	buf_free(&q);
}

/* An angle bracket that a reader would take for an address's end? */
static bool
bare_angle(struct str s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s.p[i] == '<' || s.p[i] == '>'))
			return true;
	}
	return quoted;
}

static int
check_addr(struct str name, const struct mime_addr *a, int how, struct err *e)
{
	if (control(a->name))
		return fail(e, EX_USAGE, "%.*s: a control character or line end is in a name",
		    STR_ARG(name));
	if (a->addr.n == 0 || str_control(a->addr) || bare_angle(a->addr))
		return fail(e, EX_USAGE, "%.*s: that is no address",
		    STR_ARG(name));
	if ((how & MIME_UTF8) == 0 && !str_ascii(a->addr))
		return fail(e, EX_USAGE, "%.*s: %.*s is not ASCII and needs SMTPUTF8",
		    STR_ARG(name), STR_ARG(a->addr));
	if (!str_utf8(a->addr))
		return fail(e, EX_USAGE, "%.*s: an address is not UTF-8",
		    STR_ARG(name));
	return 0;
}

/* One address of a list, with the comma if more follow. */
static void
write_address(struct line *l, const struct mime_addr *a, bool more, int how)
{
	struct str gap = l->started ? STR(" ") : (struct str){ 0 };
	struct str name = str_trim(a->name);
	struct buf b = { .max = 4096 };

	if (name.n > 0) {
		phrase(l, gap, name, how);
		gap = STR(" ");
		buf_c(&b, '<');
	}
	buf_str(&b, a->addr);
	if (name.n > 0)
		buf_c(&b, '>');
	if (more)
		buf_c(&b, ',');
	l->over = l->over || b.over;
	line_word(l, gap, BUF_STR(b));
	buf_free(&b);
}

int
mime_header_addrs(struct buf *b, struct str name, struct mime_addrs list,
    int how, struct err *e)
{
	size_t i, was = b->n;
	struct line l = { .b = b };

	if (field_begin(&l, b, name, e) < 0)
		return -1;
	for (i = 0; i < list.n; i++) {
		if (check_addr(name, &list.p[i], how, e) < 0) {
			b->n = was;
			return -1;
		}
		write_address(&l, &list.p[i], i + 1 < list.n, how);
	}
	return end_field(&l, name, was, e);
}

/* Parameters. */

/* RFC 2045 5.1 token; RFC 2231 7 attribute-char is without "*'%" too. */
static bool
token_char(char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static bool
attr_char(char c)
{
	return token_char(c) && strchr("*'%", c) == NULL;
}

/* "; " and the rest of a parameter, on a new line where it does not fit. */
static void
param(struct buf *b, size_t *col, struct str s)
{
	bool fold = *col + 2 + s.n > COLUMNS;

	buf_s(b, fold ? ";\r\n " : "; ");
	buf_str(b, s);
	*col = (fold ? 1 : *col + 2) + s.n;
}

static void
percent(struct buf *b, char c)
{
	if (attr_char(c))
		buf_c(b, c);
	else
		buf_printf(b, "%%%02X", (unsigned char)c);
}

/* RFC 2231 3 and 4: name*0*=utf-8''...; name*1*=... */
static void
extended(struct buf *b, size_t *col, const char *name, struct str v)
{
	const char *charset = str_utf8(v) ? "utf-8" : "unknown-8bit";
	struct buf one = { .max = 4096 };
	bool cut = 3 * v.n + strlen(name) + 16 > COLUMNS;
	size_t i = 0, n, section = 0;

	do {
		one.n = 0;
		if (cut)
			buf_printf(&one, "%s*%zu*=", name, section);
		else
			buf_printf(&one, "%s*=", name);
		if (section++ == 0)
			buf_printf(&one, "%s''", charset);
		/* Some readers decode each section: no character is split. */
		while (i < v.n) {
			n = str_char(str_from(v, i), NULL);
			n = n > 0 ? n : 1;
			if (cut && one.n + 3 * n >= COLUMNS - 2)
				break;
			while (n-- > 0)
				percent(&one, v.p[i++]);
		}
		param(b, col, BUF_STR(one));
	} while (i < v.n);
	buf_free(&one);
}

void
mime_header_param(struct buf *b, size_t *col, const char *name, struct str v)
{
	struct buf one = { .max = 4096 };
	bool token = v.n > 0;
	size_t i;

	for (i = 0; i < v.n; i++)
		token = token && attr_char(v.p[i]);	/* as some readers */
	if (!str_ascii(v) || control(v) || looks_encoded(v) ||
	    v.n + strlen(name) + 4 > COLUMNS - 2) {
		extended(b, col, name, v);
		return;
	}
	buf_printf(&one, "%s=%s", name, token ? "" : "\"");
	for (i = 0; i < v.n; i++) {
		if (v.p[i] == '"' || v.p[i] == '\\')
			buf_c(&one, '\\');
		buf_c(&one, v.p[i]);
	}
	if (!token)
		buf_c(&one, '"');
	param(b, col, BUF_STR(one));
	buf_free(&one);
}
