/* probe_hello.c: a first message of TLS made by hand, and what answers it */
#include <string.h>

#include "probe_hello.h"

enum {
	RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, HELLO_CLIENT = 1,
	HELLO_SERVER = 2, HEAD = 5, RECORD_MAX = 16384,
	EXT_SNI = 0, EXT_GROUPS = 10, EXT_SIGALGS = 13, EXT_PADDING = 21,
	EXT_VERSIONS = 43, EXT_SHARE = 51,
};

static void
put_number(struct buf *b, size_t n, unsigned bytes)
{
	while (bytes-- > 0)
		buf_c(b, (char)(n >> (8 * bytes) & 0xff));
}

/* A part whose length stands before it, in so many bytes. */
static void
part(struct buf *b, const struct buf *of, unsigned bytes)
{
	put_number(b, of->n, bytes);
	buf_put(b, of->p, of->n);
}

static void
extension(struct buf *b, unsigned type, const char *p, size_t n)
{
	put_number(b, type, 2);
	put_number(b, n, 2);
	buf_put(b, p, n);
}

static void
server_name(struct buf *b, const char *name)
{
	struct buf e = { .max = 600 };
	size_t n = strlen(name);

	put_number(&e, n + 3, 2);
	put_number(&e, 0, 1);
	put_number(&e, n, 2);
	buf_put(&e, name, n);
	extension(b, EXT_SNI, e.p, e.n);
	buf_free(&e);
}

static void
extensions(const struct probe_hello *h, struct buf *b)
{
	static const char sigalgs[] = "\0\x12\4\3\5\3\6\3\x8\4\x8\5\x8\6\4\1\5\1\6\1";
	static const char versions[] = "\4\3\4\3\3";
	const size_t all = h->group == PROBE_HELLO_X25519 ? 2 : 1;
	const char groups[] = { 0, (char)(2 * all), (char)(h->group >> 8),
	    (char)(h->group & 0xff), 0, 0x17 };
	char zeros[256] = { 0 };
	size_t fill;

	if (h->sni != NULL)
		server_name(b, h->sni);
	extension(b, EXT_GROUPS, groups, 2 + 2 * all);
	extension(b, EXT_SIGALGS, sigalgs, sizeof sigalgs - 1);
	extension(b, EXT_VERSIONS, versions, sizeof versions - 1);
	extension(b, EXT_SHARE, "\0", 2);	/* of no group yet */
	if (b->n >= h->size)
		return;
	fill = h->size - b->n;
	put_number(b, EXT_PADDING, 2);
	put_number(b, fill, 2);
	for (; fill > 0; fill -= fill < sizeof zeros ? fill : sizeof zeros)
		buf_put(b, zeros, fill < sizeof zeros ? fill : sizeof zeros);
}

static void
ciphers(const struct probe_hello *h, struct buf *b)
{
	static const uint16_t all[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
	    0xc02c, 0xc030 };
	const size_t n = sizeof all / sizeof *all;
	struct buf list = { .max = 64 };
	size_t i;

	for (i = 0; i < n; i++)
		if (all[h->reverse ? n - 1 - i : i] != h->without)
			put_number(&list, all[h->reverse ? n - 1 - i : i], 2);
	part(b, &list, 2);
	buf_free(&list);
}

void
probe_hello(const struct probe_hello *h, struct buf *out)
{
	struct buf ext = { .max = 8192 }, body = { .max = 8192 };
	char random[32];
	size_t i;

	for (i = 0; i < sizeof random; i++)	/* nothing depends on it */
		random[i] = (char)(i * 37 + 11);
	put_number(&body, 0x0303, 2);
	buf_put(&body, random, sizeof random);
	put_number(&body, sizeof random, 1);
	buf_put(&body, random, sizeof random);	/* the session */
	ciphers(h, &body);
	put_number(&body, 0x0100, 2);		/* no compression */
	extensions(h, &ext);
	part(&body, &ext, 2);
	put_number(out, RECORD_HANDSHAKE, 1);
	put_number(out, 0x0301, 2);
	put_number(out, body.n + 4, 2);
	put_number(out, HELLO_CLIENT, 1);
	part(out, &body, 3);
	buf_free(&ext);
	buf_free(&body);
}

/* The next n bytes as a number; -1: they are not there. */
static long
take(struct str *s, unsigned n)
{
	long v = 0;
	unsigned i;

	if (s->n < n)
		return -1;
	for (i = 0; i < n; i++)
		v = v << 8 | (unsigned char)s->p[i];
	*s = str_from(*s, n);
	return v;
}

static bool
skip(struct str *s, long n)
{
	if (n < 0 || (size_t)n > s->n)
		return false;
	*s = str_from(*s, (size_t)n);
	return true;
}

/* The group of a key share, in a ServerHello's extensions; -1. */
static long
shared(struct str s)
{
	long type, len;

	while ((type = take(&s, 2)) >= 0 && (len = take(&s, 2)) >= 0) {
		if (type == EXT_SHARE)
			return len >= 2 ? take(&s, 2) : -1;
		if (!skip(&s, len))
			return -1;
	}
	return -1;
}

static enum probe_hello_said
server_hello(struct str s, unsigned group)
{
	long len;

	if (take(&s, 1) != HELLO_SERVER)
		return PROBE_HELLO_ODD;
	len = take(&s, 3);
	if (len < 0 || (size_t)len > s.n)
		return PROBE_HELLO_ODD;
	s = str_to(s, (size_t)len);
	if (!skip(&s, 2 + 32) || !skip(&s, take(&s, 1)) || !skip(&s, 3))
		return PROBE_HELLO_ODD;
	if (take(&s, 2) < 0)		/* no extensions: TLS 1.2 */
		return PROBE_HELLO_OTHER;
	return shared(s) == (long)group ? PROBE_HELLO_TAKEN :
	    PROBE_HELLO_OTHER;
}

unsigned
probe_hello_cipher(struct str in)
{
	long cipher = -1;

	if (take(&in, 1) == RECORD_HANDSHAKE && skip(&in, HEAD - 1) &&
	    take(&in, 1) == HELLO_SERVER && skip(&in, 3 + 2 + 32) &&
	    skip(&in, take(&in, 1)))
		cipher = take(&in, 2);
	return cipher > 0 ? (unsigned)cipher : 0;
}

enum probe_hello_said
probe_hello_said(struct str in, unsigned group)
{
	long type = take(&in, 1), version, len;

	if (type < 0)
		return PROBE_HELLO_MORE;
	if (type != RECORD_ALERT && type != RECORD_HANDSHAKE)
		return PROBE_HELLO_ODD;
	version = take(&in, 2);
	len = take(&in, 2);
	if (version >= 0 && version >> 8 != 3)
		return PROBE_HELLO_ODD;
	if (len > RECORD_MAX)
		return PROBE_HELLO_ODD;
	if (version < 0 || len < 0 || in.n < (size_t)len)
		return PROBE_HELLO_MORE;
	if (type == RECORD_ALERT)
		return PROBE_HELLO_REFUSED;
	return server_hello(str_to(in, (size_t)len), group);
}
