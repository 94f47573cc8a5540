/* json.c: writing JSON, one object a line, whatever the bytes are */
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "json_check.h"

/* Bytes that stand for themselves. */
static const bool plain[256] = { [' '] = true, ['!'] = true,
    ['#' ... '['] = true, [']' ... '~'] = true };

enum { WORD = sizeof(uint64_t) };
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bit of each byte that is 0; of those above one, perhaps, too. */
static uint64_t
zeros(uint64_t w)
{
	return (w - EACH(1)) & ~w & EACH(0x80);
}

/* Are eight bytes plain?  As the table says, but at once. */
static bool
plain_word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, WORD);
	return (((w | (w - EACH(0x20))) & EACH(0x80)) |
	    zeros(w ^ EACH('"')) | zeros(w ^ EACH('\\')) |
	    zeros(w ^ EACH(0x7f))) == 0;
}

/* How many bytes from the front need no thought: nearly all there are. */
static size_t
plain_run(struct str s)
{
	size_t i = 0;

	while (s.n - i >= WORD && plain_word(s.p + i))
		i += WORD;
	while (i < s.n && plain[(unsigned char)s.p[i]])
		i++;
	return i;
}

bool
json_plain(struct str s)
{
	return plain_run(s) == s.n;
}

/* What was written up to here counts. */
static void
end_at(struct buf *b, char *to)
{
	*to = '\0';
	b->n = (size_t)(to - b->p);
}

static char *
quoted_at(char *to, struct str s)
{
	*to++ = '"';
	str_copy(to, s);
	to += s.n;
	*to++ = '"';
	return to;
}

static void
json_escaped(struct buf *b, uint32_t cp)
{
	if (cp > 0xffff) {		/* as UTF-16 has it */
		buf_printf(b, "\\u%04x", 0xd7c0 + (unsigned)(cp >> 10));
		cp = 0xdc00 + (cp & 0x3ff);
	}
	buf_printf(b, "\\u%04x", (unsigned)cp);
}

/* Whether it was UTF-8. */
static bool
quote(struct buf *b, struct str s)
{
	bool sound = true;
	uint32_t cp;
	size_t n;

	buf_c(b, '"');
	for (;;) {
		n = plain_run(s);
		buf_put(b, s.p, n);
		s = str_from(s, n);
		if (s.n == 0)
			break;
		n = str_char(s, &cp);
		if (n == 0) {
			buf_s(b, "\xef\xbf\xbd");
			sound = false;
			n = 1;
		} else if (cp == '"' || cp == '\\') {
			buf_c(b, '\\');
			buf_c(b, (char)cp);
		} else if (!str_harmless(cp)) {
			json_escaped(b, cp);
		} else {
			buf_put(b, s.p, n);
		}
		s = str_from(s, n);
	}
	buf_c(b, '"');
	return sound;
}

/*
 * A comma, if one is due, and the key; then where n bytes of the value may be
 * written, up to end_at.  NULL: the buffer is full.
 */
static char *
lead(struct json *j, struct str key, const char *type, size_t n)
{
	char *to = buf_room(j->out, key.n + n + 4);

	if (json_check_table != NULL)
		json_check(j, key.p, type);
	if (to != NULL && j->more[j->depth])
		*to++ = ',';
	j->more[j->depth] = true;
	if (to == NULL || key.p == NULL)
		return to;
	to = quoted_at(to, key);
	*to++ = ':';
	return to;
}

void
json_put_open(struct json *j, struct str key, char bracket)
{
	char *to = lead(j, key, bracket == '{' ? "object" : "array", 1);

	if (to != NULL) {
		*to++ = bracket;
		end_at(j->out, to);
	}
	if (j->depth < 31)
		j->depth++;
	j->more[j->depth] = false;
	/* an element's object is that of its array */
	j->key[j->depth] = key.p;
	if (key.p == NULL)
		j->key[j->depth] = j->depth > 1 ? j->key[j->depth - 1] : "";
}

void
json_close(struct json *j, char bracket)
{
	buf_c(j->out, bracket);
	if (j->depth > 0)
		j->depth--;
}

void
json_put_str(struct json *j, struct str key, struct str s)
{
	bool easy = json_plain(s);
	char *to = lead(j, key, "string", easy ? s.n + 2 : 0);
	size_t i;

	if (to == NULL)
		return;
	if (easy) {
		end_at(j->out, quoted_at(to, s));
		return;
	}
	end_at(j->out, to);
	if (quote(j->out, s) || key.p == NULL)
		return;
	buf_printf(j->out, ",\"%s_hex\":\"", key.p);
	for (i = 0; i < s.n; i++)
		buf_printf(j->out, "%02x", (unsigned char)s.p[i]);
	buf_c(j->out, '"');
}

void
json_put_s(struct json *j, struct str key, const char *s)
{
	if (s != NULL)
		json_put_str(j, key, str_of(s));
	else
		json_put_null(j, key);
}

enum { DIGITS = 24 };

/* A number, the last places of it behind a point; printf takes 10 x longer. */
static char *
put_digits(char *to, uint64_t v, bool minus, int places)
{
	char text[DIGITS], *p = text + sizeof text;
	size_t n;
	int i;

	if (v < 10 && !minus && places == 0) {
		*to = (char)('0' + v);
		return to + 1;
	}
	for (i = 0; i <= places || v > 0; i++) {
		if (places > 0 && i == places)
			*--p = '.';
		*--p = (char)('0' + v % 10);
		v /= 10;
	}
	if (minus)
		*--p = '-';
	n = (size_t)(text + sizeof text - p);
	memcpy(to, p, n);
	return to + n;
}

void
json_put_int(struct json *j, struct str key, int64_t v)
{
	char *to = lead(j, key, "integer", DIGITS);

	if (to != NULL)
		end_at(j->out, put_digits(to, v < 0 ? 0 - (uint64_t)v :
		    (uint64_t)v, v < 0, 0));
}

void
json_put_num(struct json *j, struct str key, double v)
{
	double all = v * 1000;
	char *to = lead(j, key, "number", DIGITS);

	if (to == NULL)
		return;
	if (all > -9e15 && all < 9e15) {
		end_at(j->out, put_digits(to, (uint64_t)((all < 0 ? -all : all) +
		    0.5), all < 0, 3));
		return;
	}
	end_at(j->out, to);
	buf_printf(j->out, "%.3f", v == v ? v : 0.0);
}

static void
put_word(struct json *j, struct str key, const char *type, struct str word)
{
	char *to = lead(j, key, type, word.n);

	if (to == NULL)
		return;
	str_copy(to, word);
	end_at(j->out, to + word.n);
}

void
json_put_bool(struct json *j, struct str key, bool v)
{
	put_word(j, key, "boolean", v ? STR("true") : STR("false"));
}

void
json_put_null(struct json *j, struct str key)
{
	put_word(j, key, "null", STR("null"));
}

static struct str
space(struct str t)
{
	while (t.n > 0 && memchr(" \t\r\n", t.p[0], 4) != NULL)
		t = str_from(t, 1);
	return t;
}

static int
hex4(struct str t, uint32_t *cp)
{
	static const char hex[] = "0123456789abcdef";
	const char *at;
	size_t i;

	if (t.n < 4)
		return -1;
	for (*cp = 0, i = 0; i < 4; i++) {
		at = memchr(hex, str_lower(t.p[i]), 16);
		if (at == NULL)
			return -1;
		*cp = *cp << 4 | (uint32_t)(at - hex);
	}
	return 0;
}

/* To UTF-8; half a surrogate pair is shown as U+FFFD, good enough for a text. */
static void
put_cp(struct buf *b, uint32_t cp)
{
	if (cp >= 0xd800 && cp <= 0xdfff)
		cp = 0xfffd;
	if (cp < 0x80) {
		buf_c(b, (char)cp);
	} else if (cp < 0x800) {
		buf_c(b, (char)(0xc0 | cp >> 6));
		buf_c(b, (char)(0x80 | (cp & 0x3f)));
	} else {
		if (cp > 0xffff) {
			buf_c(b, (char)(0xf0 | cp >> 18));
			buf_c(b, (char)(0x80 | (cp >> 12 & 0x3f)));
		} else {
			buf_c(b, (char)(0xe0 | cp >> 12));
		}
		buf_c(b, (char)(0x80 | (cp >> 6 & 0x3f)));
		buf_c(b, (char)(0x80 | (cp & 0x3f)));
	}
}

/* Behind "\u": the four digits, or those of a pair.  -1: malformed. */
static int
escape(struct str *t, uint32_t *cp)
{
	uint32_t low;

	if (hex4(*t, cp) < 0)
		return -1;
	*t = str_from(*t, 4);
	if (*cp >= 0xd800 && *cp < 0xdc00 && str_starts(*t, "\\u") &&
	    hex4(str_from(*t, 2), &low) == 0 && low >= 0xdc00 &&
	    low < 0xe000) {
		*cp = 0x10000 + ((*cp & 0x3ff) << 10 | (low & 0x3ff));
		*t = str_from(*t, 6);
	}
	return 0;
}

/* A string at the front of *t, unescaped to b (which may be NULL). */
static int
parse_string(struct str *t, struct buf *b)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at;
	uint32_t cp;
	char c;

	*t = str_from(*t, 1);
	while (t->n > 0 && t->p[0] != '"') {
		c = t->p[0];
		*t = str_from(*t, 1);
		if (c == '\\') {
			if (t->n == 0)
				return -1;
			c = t->p[0];
			*t = str_from(*t, 1);
			if (c == 'u') {
				if (escape(t, &cp) < 0)
					return -1;
				if (b != NULL)
					put_cp(b, cp);
				continue;
			}
			at = memchr(from, c, 5);
			c = at != NULL ? to[at - from] : c;
		}
		if (b != NULL)
			buf_c(b, c);
	}
	if (t->n == 0)
		return -1;
	*t = str_from(*t, 1);
	return 0;
}

/* Anything at the front of *t, skipped. */
static int
skip_value(struct str *t)
{
	int depth = 0;

	do {
		*t = space(*t);
		if (t->n == 0)
			return -1;
		if (t->p[0] == '"') {
			if (parse_string(t, NULL) < 0)
				return -1;
			continue;
		}
		if (t->p[0] == '{' || t->p[0] == '[')
			depth++;
		else if (t->p[0] == '}' || t->p[0] == ']')
			depth--;
		else if (depth == 0)
			while (t->n > 1 && memchr(",}]", t->p[1], 3) == NULL)
				*t = str_from(*t, 1);
		*t = str_from(*t, 1);
	} while (depth > 0);
	return depth < 0 ? -1 : 0;
}

int
json_member(struct str t, const char *key, struct buf *out)
{
	struct buf name = { .max = 256 };
	struct str value;
	bool found;

	t = space(t);
	if (t.n == 0 || t.p[0] != '{')
		return -1;
	do {
		t = space(str_from(t, 1));
		if (t.n == 0 || t.p[0] != '"')
			return -1;
		name.n = 0;
		if (parse_string(&t, &name) < 0)
			break;
		found = !name.over && str_eq(BUF_STR(name), str_of(key));
		buf_free(&name);
		t = space(t);
		if (t.n == 0 || t.p[0] != ':')
			return -1;
		t = space(str_from(t, 1));
		if (found && t.n > 0 && t.p[0] == '"')
			return parse_string(&t, out);
		value = t;
		if (skip_value(&t) < 0)
			return -1;
		if (found) {
			buf_str(out, str_to(value, value.n - t.n));
			return 0;
		}
		t = space(t);
	} while (t.n > 0 && t.p[0] == ',');
	buf_free(&name);
	return -1;
}

/* ---- token by token */

static enum json_token
json_open_in(struct json_in *in)
{
	bool object = in->rest.p[0] == '{';

	if (++in->depth == (int)(sizeof in->object / sizeof *in->object))
		return JSON_BAD;
	in->object[in->depth] = object;
	in->rest = str_from(in->rest, 1);
	return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token
json_close_in(struct json_in *in)
{
	if (in->depth == 0 || in->object[in->depth] != (in->rest.p[0] == '}'))
		return JSON_BAD;
	in->depth--;
	in->rest = str_from(in->rest, 1);
	return JSON_CLOSE;
}

static enum json_token
json_word(struct json_in *in, struct buf *text)
{
	size_t n;

	for (n = 0; n < in->rest.n && (str_alpha(in->rest.p[n]) ||
	    str_digit(in->rest.p[n]) ||
	    memchr("+-.", in->rest.p[n], 3) != NULL); n++)
		;
	if (n == 0)
		return JSON_BAD;
	buf_str(text, str_to(in->rest, n));
	in->rest = str_from(in->rest, n);
	return JSON_OTHER;
}

/* The commas are taken for granted: what is read is told, not judged. */
enum json_token
json_next(struct json_in *in, struct buf *text)
{
	bool key;

	text->n = 0;
	in->rest = space(in->rest);
	while (in->rest.n > 0 && in->rest.p[0] == ',')
		in->rest = space(str_from(in->rest, 1));
	if (in->rest.n == 0)
		return in->depth == 0 ? JSON_END : JSON_BAD;
	key = in->depth > 0 && in->object[in->depth] && !in->behind_key;
	if (key && in->rest.p[0] != '"' && in->rest.p[0] != '}')
		return JSON_BAD;
	in->behind_key = false;
	switch (in->rest.p[0]) {
	case '{': case '[':
		return json_open_in(in);
	case '}': case ']':
		return json_close_in(in);
	case '"':
		break;
	default:
		return json_word(in, text);
	}
	if (parse_string(&in->rest, text) < 0)
		return JSON_BAD;
	if (!key)
		return JSON_STRING;
	in->rest = space(in->rest);
	if (in->rest.n == 0 || in->rest.p[0] != ':')
		return JSON_BAD;
	in->rest = str_from(in->rest, 1);
	in->behind_key = true;
	return JSON_KEY;
}
