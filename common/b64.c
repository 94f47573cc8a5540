/* b64.c: base64 (RFC 4648 section 4) */
#include <string.h>

#include "b64.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
b64_encode(char *dst, const void *src, size_t n)
{
	const unsigned char *s = src;
	char *d = dst;

	for (; n >= 3; n -= 3, s += 3, d += 4) {
		d[0] = digits[s[0] >> 2];
		d[1] = digits[(s[0] & 3) << 4 | s[1] >> 4];
		d[2] = digits[(s[1] & 15) << 2 | s[2] >> 6];
		d[3] = digits[s[2] & 63];
	}
	if (n > 0) {
		d[0] = digits[s[0] >> 2];
		d[1] = digits[(s[0] & 3) << 4 | (n > 1 ? s[1] >> 4 : 0)];
		d[2] = n > 1 ? digits[(s[1] & 15) << 2] : '=';
		d[3] = '=';
		d += 4;
	}
	return (size_t)(d - dst);
}

void
b64_put(struct buf *b, struct str s)
{
	char *to = buf_room(b, B64_LEN(s.n));

	if (to == NULL)
		return;
	b->n += b64_encode(to, s.p, s.n);
	b->p[b->n] = '\0';
}

static int
b64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (str_digit(c))
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four characters to three bytes; how many bytes, or -1. */
static int
quad(const char *s, unsigned char out[3])
{
	int a = b64_value(s[0]), b = b64_value(s[1]);
	int c = b64_value(s[2]), d = b64_value(s[3]);
	int n = 3;

	if (s[3] == '=')
		n = s[2] == '=' ? 1 : 2;
	if (a < 0 || b < 0 || (n > 1 && c < 0) || (n > 2 && d < 0))
		return -1;
	if ((n == 1 && (b & 15) != 0) || (n == 2 && (c & 3) != 0))
		return -1;
	out[0] = (unsigned char)(a << 2 | b >> 4);
	if (n > 1)
		out[1] = (unsigned char)((b & 15) << 4 | c >> 2);
	if (n > 2)
		out[2] = (unsigned char)((c & 3) << 6 | d);
	return n;
}

int
b64_get(struct buf *b, struct str s)
{
	size_t i, was = b->n;
	unsigned char out[3];
	int n;

	if (s.n % 4 != 0)
		return -1;
	for (i = 0; i < s.n; i += 4) {
		n = quad(s.p + i, out);
		if (n < 0 || (n < 3 && i + 4 != s.n)) {
			b->n = was;
			return -1;
		}
		buf_put(b, out, (size_t)n);
	}
	return b->over ? -1 : 0;
}
