/*
 * cte.c: text and bytes into the forms a mail body may have, as a stream
 *
 * Lines are found with memchr and copied in runs: text that has CRLF already
 * is one run per block.  Quoted-printable needs to know one byte ahead (does
 * a line end follow the blank?), so it keeps one byte back.
 */
#include <string.h>

#include "b64.h"
#include "cte.h"
#include "str.h"

#define QP_MAX 76			/* RFC 2045 6.7 (5), with the "=" */
#define GROUP 57			/* bytes of a base64 line */

static char *
bytes_put(char *dst, const char *from, const char *to)
{
	str_copy(dst, (struct str){ from, (size_t)(to - from) });
	return dst + (to - from);
}

/* The CR kept back from the last block: the next byte says what it is. */
static size_t
held_cr(struct cte *c, char *dst, const char **src, size_t *n)
{
	if (c->held < 0 || *n == 0)
		return 0;
	c->held = -1;
	dst[0] = '\r';
	c->text = true;
	if (**src != '\n') {
		c->bad = true;
		return 1;
	}
	dst[1] = '\n';
	c->text = false;
	++*src;
	--*n;
	return 2;
}

/* The inside of a block; its last byte is no CR. */
static char *
runs(struct cte *c, char *dst, const char *src, const char *end)
{
	const char *run = src, *at = src, *nl;
	const char *cr = str_find(src, '\r', end);

	for (; (nl = str_find(at, '\n', end)) < end; at = nl + 1) {
		for (; nl - cr > 1; cr = str_find(cr + 1, '\r', end))
			c->bad = true;
		if (nl - cr == 1) {
			cr = str_find(nl + 1, '\r', end);
			continue;
		}
		dst = bytes_put(dst, run, nl);
		*dst++ = '\r';
		*dst++ = '\n';
		run = nl + 1;
	}
	if (cr < end || memchr(src, '\0', (size_t)(end - src)) != NULL)
		c->bad = true;
	return bytes_put(dst, run, end);
}

static size_t
lines(struct cte *c, char *dst, const char *src, size_t n, bool last)
{
	char *d = dst;

	d += held_cr(c, d, &src, &n);
	if (n > 0 && src[n - 1] == '\r') {
		c->held = '\r';
		n--;
	}
	if (n > 0) {
		d = runs(c, d, src, src + n);
		c->text = d[-1] != '\n';
	}
	if (!last)
		return (size_t)(d - dst);
	if (c->held >= 0) {
		*d++ = '\r';
		c->bad = c->text = true;
		c->held = -1;
	}
	if (c->text && !c->open_end) {
		*d++ = '\r';
		*d++ = '\n';
	}
	return (size_t)(d - dst);
}

static char *
hex_put(struct cte *c, char *d, int byte)
{
	static const char digits[] = "0123456789ABCDEF";

	*d++ = '=';
	*d++ = digits[(byte >> 4) & 15];
	*d++ = digits[byte & 15];
	c->col += 3;
	return d;
}

/* A soft line break unless three more and a "=" fit. */
static char *
line_room(struct cte *c, char *d)
{
	if (c->col + 3 < QP_MAX)
		return d;
	c->col = 0;
	memcpy(d, "=\r\n", 3);
	return d + 3;
}

/* The byte kept back, now that the next one (-1: the end) is known. */
static char *
release(struct cte *c, char *d, int next)
{
	int h = c->held;

	c->held = -1;
	if (h == '\r')
		return next == '\n' ? d : hex_put(c, line_room(c, d), h);
	if (h == 'F' ? next == 'r' :
	    next == '\r' || next == '\n' || next < 0)
		return hex_put(c, d, h);
	*d++ = (char)h;
	c->col++;
	return d;
}

static char *
line_end(struct cte *c, char *d)
{
	*d++ = '\r';
	*d++ = '\n';
	c->col = 0;
	return d;
}

static char *
qp_byte(struct cte *c, char *d, int b)
{
	if (c->held >= 0)
		d = release(c, d, b);
	if (b == '\n')
		return line_end(c, d);
	if (b == '\r') {
		c->held = b;
		return d;
	}
	d = line_room(c, d);
	if (b == ' ' || b == '\t' || (b == 'F' && c->col == 0)) {
		c->held = b;
		return d;
	}
	if (b <= ' ' || b > '~' || b == '=' || (b == '.' && c->col == 0))
		return hex_put(c, d, b);
	*d++ = (char)b;
	c->col++;
	return d;
}

static bool
qp_plain(char c)
{
	return c > ' ' && c <= '~' && c != '=';
}

/*
 * How many bytes inside an output line need no thought: they fit, and a blank
 * among them has a plain byte behind it.
 */
static size_t
plain_run(const struct cte *c, const char *src, size_t n)
{
	size_t i, fit;

	if (c->held >= 0 || c->col == 0 || c->col + 3 >= QP_MAX)
		return 0;
	fit = QP_MAX - 3 - c->col < n ? QP_MAX - 3 - c->col : n;
	for (i = 0; i < fit; i++)
		if (!qp_plain(src[i]) && !((src[i] == ' ' || src[i] == '\t') &&
		    i + 1 < n && qp_plain(src[i + 1])))
			break;
	return i;
}

static size_t
qp(struct cte *c, char *dst, const char *src, size_t n, bool last)
{
	size_t i = 0, run;
	char *d = dst;

	while (i < n) {
		run = plain_run(c, src + i, n - i);
		d = bytes_put(d, src + i, src + i + run);
		c->col += run;
		i += run;
		if (i < n)
			d = qp_byte(c, d, (unsigned char)src[i++]);
	}
	if (last && c->held >= 0)
		d = release(c, d, -1);
	if (last && c->col > 0 && !c->open_end)
		d = line_end(c, d);
	return (size_t)(d - dst);
}

static char *
base64_line(char *d, const char *src, size_t n)
{
	d += b64_encode(d, src, n);
	*d++ = '\r';
	*d++ = '\n';
	return d;
}

/* Whole lines from src; *src is moved behind them. */
static char *
groups(char *d, const char **src, size_t *n)
{
	for (; *n >= GROUP; *src += GROUP, *n -= GROUP)
		d = base64_line(d, *src, GROUP);
	return d;
}

static size_t
base64(struct cte *c, char *dst, const char *src, size_t n, bool last)
{
	size_t fill = GROUP - c->n < n ? GROUP - c->n : n;
	char *d = dst;

	if (c->n > 0) {
		str_copy(c->mid + c->n, (struct str){ src, fill });
		c->n += fill;
		src += fill;
		n -= fill;
		if (c->n == GROUP) {
			d = base64_line(d, c->mid, GROUP);
			c->n = 0;
		}
	}
	d = groups(d, &src, &n);
	str_copy(c->mid + c->n, (struct str){ src, n });
	c->n += n;
	if (last && c->n > 0)
		d = base64_line(d, c->mid, c->n);
	return (size_t)(d - dst);
}

static size_t
base64_text(struct cte *c, char *dst, const char *src, size_t n, bool last)
{
	const char *from = c->mid;
	char *d;

	c->open_end = true;
	c->n += lines(c, c->mid + c->n, src, n, last);
	d = groups(dst, &from, &c->n);
	memmove(c->mid, from, c->n);
	if (last && c->n > 0)
		d = base64_line(d, c->mid, c->n);
	return (size_t)(d - dst);
}

size_t
cte_put(struct cte *c, char *dst, const char *src, size_t n, bool last)
{
	switch (c->kind) {
	case CTE_LINES:
		return lines(c, dst, src, n, last);
	case CTE_QP:
		return qp(c, dst, src, n, last);
	case CTE_BASE64:
		return base64(c, dst, src, n, last);
	case CTE_BASE64_TEXT:
		return base64_text(c, dst, src, n, last);
	case CTE_COPY:
		break;
	}
	str_copy(dst, (struct str){ src, n });
	return n;
}
