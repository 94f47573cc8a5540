/* utf7.c: mailbox names in modified UTF-7 (RFC 3501 section 5.1.3) */
#include <string.h>

#include "utf7.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

struct bits {
	uint32_t v;
	int n;
};

static void
put16(struct buf *to, struct bits *b, uint32_t unit)
{
	b->v = b->v << 16 | unit;
	for (b->n += 16; b->n >= 6; b->n -= 6)
		buf_c(to, digits[b->v >> (b->n - 6) & 63]);
	b->v &= (1u << b->n) - 1;
}

static void
put_char(struct buf *to, struct bits *b, uint32_t cp)
{
	if (cp < 0x10000) {
		put16(to, b, cp);
		return;
	}
	put16(to, b, 0xd800 + ((cp - 0x10000) >> 10));
	put16(to, b, 0xdc00 + ((cp - 0x10000) & 0x3ff));
}

static bool
direct(char c)
{
	return c >= 0x20 && c <= 0x7e;
}

int
utf7_encode(struct buf *to, struct str s)
{
	struct bits b = { 0, 0 };
	bool inside = false;
	uint32_t cp;
	size_t n;

	if (!str_utf8(s))
		return -1;
	for (; s.n > 0; s = str_from(s, n)) {
		if ((n = str_char(s, &cp)) == 0)
			return -1;
		if (direct(s.p[0])) {
			if (inside && b.n > 0)
				buf_c(to, digits[b.v << (6 - b.n) & 63]);
			if (inside)
				buf_c(to, '-');
			inside = false;
			buf_c(to, s.p[0]);
			if (s.p[0] == '&')
				buf_c(to, '-');
			continue;
		}
		if (!inside)
			buf_c(to, '&');
		if (!inside)
			b = (struct bits){ 0, 0 };
		inside = true;
		put_char(to, &b, cp);
	}
	if (inside && b.n > 0)
		buf_c(to, digits[b.v << (6 - b.n) & 63]);
	if (inside)
		buf_c(to, '-');
	return to->over ? -1 : 0;
}

void
utf7_put_utf8(struct buf *to, uint32_t c)
{
	if (c < 0x80) {
		buf_c(to, (char)c);
	} else if (c < 0x800) {
		buf_c(to, (char)(0xc0 | c >> 6));
		buf_c(to, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_c(to, (char)(0xe0 | c >> 12));
		buf_c(to, (char)(0x80 | (c >> 6 & 63)));
		buf_c(to, (char)(0x80 | (c & 63)));
	} else {
		buf_c(to, (char)(0xf0 | c >> 18));
		buf_c(to, (char)(0x80 | (c >> 12 & 63)));
		buf_c(to, (char)(0x80 | (c >> 6 & 63)));
		buf_c(to, (char)(0x80 | (c & 63)));
	}
}

/* One UTF-16 unit; *high is a surrogate that waits for its other half. */
static int
unit(struct buf *to, uint32_t u, uint32_t *high)
{
	if (u >= 0xdc00 && u < 0xe000) {
		if (*high == 0)
			return -1;
		utf7_put_utf8(to, 0x10000 + ((*high - 0xd800) << 10) + u - 0xdc00);
		*high = 0;
		return 0;
	}
	if (*high != 0 || (u >= 0x20 && u <= 0x7e))
		return -1;
	if (u >= 0xd800 && u < 0xdc00)
		*high = u;
	else
		utf7_put_utf8(to, u);
	return 0;
}

/* The text between "&" and "-". */
static int
decode_run(struct buf *to, struct str s)
{
	struct bits b = { 0, 0 };
	uint32_t high = 0;
	const char *at;
	size_t i;

	for (i = 0; i < s.n; i++) {
		at = s.p[i] != '\0' ? strchr(digits, s.p[i]) : NULL;
		if (at == NULL)
			return -1;
		b.v = b.v << 6 | (uint32_t)(at - digits);
		if ((b.n += 6) < 16)
			continue;
		b.n -= 16;
		if (unit(to, b.v >> b.n & 0xffff, &high) < 0)
			return -1;
		b.v &= (1u << b.n) - 1;
	}
	return high != 0 || b.v != 0 || b.n >= 6 ? -1 : 0;
}

static int
decode_text(struct buf *to, struct str s)
{
	struct str in;
	bool after = false;		/* "&AAA-&BBB-" is one run too many */

	while (s.n > 0) {
		if (!direct(s.p[0]))
			return -1;
		if (s.p[0] != '&') {
			buf_c(to, s.p[0]);
			s = str_from(s, 1);
			after = false;
			continue;
		}
		s = str_from(s, 1);
		in = str_cut(&s, '-');
		if (s.p == NULL || (in.n > 0 && (after ||
		    decode_run(to, in) < 0)))
			return -1;
		if (in.n == 0)
			buf_c(to, '&');
		after = in.n > 0;
	}
	return to->over ? -1 : 0;
}

int
utf7_decode(struct buf *to, struct str s)
{
	size_t was = to->n;

	if (decode_text(to, s) == 0)
		return 0;
	to->n = was;
	return -1;
}
