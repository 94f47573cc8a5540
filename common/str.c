/* str.c: views of bytes, and buffers that know their maximum */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "str.h"

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_eqi(struct str a, struct str b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (str_lower(a.p[i]) != str_lower(b.p[i]))
			return false;
	return true;
}

bool
str_is(struct str a, const char *b)
{
	return str_eqi(a, str_of(b));
}

bool
str_starts(struct str s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && str_eqi(str_to(s, n), str_of(with));
}

static bool
blank_char(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && blank_char(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && blank_char(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str
str_from(struct str s, size_t i)
{
	if (i >= s.n)
		return (struct str){ s.p != NULL ? s.p + s.n : NULL, 0 };
	return (struct str){ s.p + i, s.n - i };
}

struct str
str_to(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.n ? n : s.n };
}

bool
str_has(struct str s, char c)
{
	return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

struct str
str_cut(struct str *s, char sep)
{
	struct str all = *s;
	const char *at = s->n > 0 ? memchr(s->p, sep, s->n) : NULL;

	if (at == NULL) {
		*s = (struct str){ NULL, 0 };
		return all;
	}
	*s = str_from(all, (size_t)(at - all.p) + 1);
	return str_to(all, (size_t)(at - all.p));
}

struct str
str_word(struct str *s)
{
	struct str w;

	*s = str_trim(*s);
	w = *s;
	for (w.n = 0; w.n < s->n && !blank_char(s->p[w.n]); w.n++)
		;
	*s = str_from(*s, w.n);
	return w;
}

int
str_num(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (!str_digit(s.p[i]) ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -1;
	}
	if (s.n == 0 || v > max)
		return -1;
	*out = v;
	return 0;
}

bool
str_ascii(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 0x7f)
			return false;
	return true;
}

bool
str_control(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

/* How many bytes a character has that begins so; 0: none does. */
static size_t
utf8_bytes(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c >= 0xf5)
		return 0;
	if (c < 0xe0)
		return 2;
	return c < 0xf0 ? 3 : 4;
}

/* RFC 3629: no overlong form, no surrogate, nothing over U+10FFFF. */
size_t
str_char(struct str s, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c;
	uint32_t v;
	size_t n, i;

	if (s.n == 0)
		return 0;
	c = (unsigned char)s.p[0];
	n = utf8_bytes(c);
	if (n == 0 || n > s.n)
		return 0;
	v = n == 1 ? c : c & (0xffU >> (n + 1));
	for (i = 1; i < n; i++) {
		c = (unsigned char)s.p[i];
		if ((c & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (c & 0x3f);
	}
	if (n > 1 && (v < least[n] || v > 0x10ffff ||
	    (v >= 0xd800 && v <= 0xdfff)))
		return 0;
	if (cp != NULL)
		*cp = v;
	return n;
}

bool
str_utf8(struct str s)
{
	size_t n;

	while (s.n > 0) {
		if ((n = str_char(s, NULL)) == 0)
			return false;
		s = str_from(s, n);
	}
	return true;
}

bool
str_harmless(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	return !(c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe007f));
}

/* How many bytes from the front are printable ASCII: nearly all there are. */
static size_t
printable(struct str s)
{
	size_t n;

	for (n = 0; n < s.n && s.p[n] >= ' ' && s.p[n] <= '~'; n++)
		;
	return n;
}

void
str_escape(char *dst, size_t cap, struct str s)
{
	size_t n, len, o = 0;
	uint32_t c = 0;
	char one[8];

	for (;;) {
		n = printable(str_to(s, cap - o > 4 ? cap - o - 4 : 0));
		str_copy(dst + o, str_to(s, n));
		o += n;
		s = str_from(s, n);
		if (s.n == 0)
			break;
		n = str_char(s, &c);
		if (n > 0 && str_harmless(c)) {
			memcpy(one, s.p, n);
			len = n;
		} else if (s.p[0] == '\n') {
			n = 1;
			len = (size_t)snprintf(one, sizeof one, "\\n");
		} else {
			n = 1;
			len = (size_t)snprintf(one, sizeof one, "\\x%02x",
			    (unsigned char)s.p[0]);
		}
		if (o + len + 4 > cap) {
			memcpy(dst + o, "...", cap - o < 4 ? 0 : 4);
			o += cap - o < 4 ? 0 : 3;
			break;
		}
		memcpy(dst + o, one, len);
		o += len;
		s = str_from(s, n);
	}
	dst[o] = '\0';
}

/* Room for n more and a NUL; realloc(3) would leave a secret's old copy behind. */
static void
buf_grow(struct buf *b, size_t n)
{
	char *old = b->p;
	size_t cap = b->cap > 0 ? b->cap : 128;

	while (cap < b->n + n + 1)
		cap *= 2;
	if (!b->secret || old == NULL) {
		b->p = mem_grow(old, cap, 1);
	} else {
		b->p = mem_new(cap, 1);
		memcpy(b->p, old, b->n);
		mem_wipe(old, b->cap);
		free(old);
	}
	b->cap = cap;
}

char *
buf_more(struct buf *b, size_t n)
{
	size_t max = b->max > 0 ? b->max : (size_t)1 << 30;

	if (b->over || n > max || b->n > max - n) {
		b->over = true;
		return NULL;
	}
	if (b->cap < b->n + n + 1)
		buf_grow(b, n);
	return b->p + b->n;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	char *to = buf_room(b, n);

	if (to == NULL)
		return;
	if (n > 0)
		memcpy(to, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

void
buf_s(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_c(struct buf *b, char c)
{
	char *to = buf_room(b, 1);

	if (to == NULL)
		return;
	to[0] = c;
	to[1] = '\0';
	b->n++;
}

/* As a rule there is room already: then it is made once, not measured first. */
void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->cap - b->n;
	va_list again;
	char *to = room > 0 ? b->p + b->n : NULL;
	int n;

	va_copy(again, ap);
	n = vsnprintf(to, room, fmt, again);
	va_end(again);
	if (n < 0 || buf_room(b, (size_t)n) == NULL) {
		if (to != NULL)
			*to = '\0';
		return;
	}
	if ((size_t)n >= room)
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		mem_wipe(b->p, b->cap);
	buf_free(b);
}

void
buf_free(struct buf *b)
{
	if (b->secret && b->p != NULL)
		mem_wipe(b->p, b->cap);
	free(b->p);
	*b = (struct buf){ .max = b->max, .secret = b->secret };
}

void
str_skip_cfws(struct str *s)
{
	size_t depth = 0, i;

	for (i = 0; i < s->n; i++) {
		if (s->p[i] == '(')
			depth++;
		else if (depth > 0 && s->p[i] == ')')
			depth--;
		else if (depth > 0 && s->p[i] == '\\')
			i++;
		else if (depth == 0 && !str_has(STR(" \t\r\n"), s->p[i]))
			break;
	}
	*s = str_from(*s, i);
}
