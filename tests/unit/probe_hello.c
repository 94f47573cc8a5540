/* The first message is one that a parser takes; each answer, cut at every byte. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "probe_hello.h"
#include "tap.h"

/* A HelloRetryRequest with X25519MLKEM768, a ServerHello of 1.2, an alert. */
static size_t
hello(char *b, bool share, unsigned group)
{
	size_t n = 0, body;

	memcpy(b, "\x16\3\3\0\0\2\0\0\0\3\3", 11);
	n = 11;
	memset(b + n, 'r', 32);
	n += 32;
	b[n++] = 4;
	memcpy(b + n, "sess", 4);
	n += 4;
	memcpy(b + n, "\x13\1\0", 3);
	n += 3;
	if (share) {
		memcpy(b + n, "\0\x0c\0\x2b\0\2\3\4\0\x33\0\2", 12);
		n += 12;
		b[n++] = (char)(group >> 8);
		b[n++] = (char)(group & 0xff);
	}
	body = n - 5;
	b[3] = (char)(body >> 8);
	b[4] = (char)(body & 0xff);
	b[7] = (char)((body - 4) >> 8);
	b[8] = (char)((body - 4) & 0xff);
	return n;
}

static void
cuts(const char *b, size_t n, enum probe_hello_said want, const char *what)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < n; i++) {
		char *copy = mem_new(i + 1, 1);

		memcpy(copy, b, i);
		bad += probe_hello_said((struct str){ copy, i },
		    PROBE_HELLO_MLKEM) != PROBE_HELLO_MORE;
		free(copy);
	}
	is_int(bad, 0, "%s: no cut of it is an answer", what);
	is_int(probe_hello_said((struct str){ b, n }, PROBE_HELLO_MLKEM), want,
	    "%s", what);
}

static void
made(size_t size)
{
	struct buf b = { .max = 16384 };
	const unsigned char *p;
	size_t n;

	probe_hello(&(struct probe_hello){ .sni = "a.example",
	    .group = PROBE_HELLO_MLKEM, .size = size }, &b);
	p = (const unsigned char *)b.p;
	ok(b.n > 100 && b.n >= size, "%zu bytes of at least %zu", b.n, size);
	n = (size_t)p[3] << 8 | p[4];
	is_int((int)n, (int)b.n - 5, "the record's length");
	n = (size_t)p[6] << 16 | (size_t)p[7] << 8 | p[8];
	is_int((int)n, (int)b.n - 9, "the message's length");
	/* version, random, session, ciphers, compression */
	n = 9 + 2 + 32 + 1 + 32 + 2 + 14 + 2;
	is_int(p[n] << 8 | p[n + 1], (int)(b.n - n - 2), "that of the extensions");
	ok(memmem(b.p, b.n, "a.example", 9) != NULL, "the name");
	buf_free(&b);
}

/* The ciphers of a first message: behind version, random, session, length. */
static const char *
ciphers(const struct probe_hello *h, struct buf *b, size_t *n)
{
	const unsigned char *p;
	const size_t at = 9 + 2 + 32 + 1 + 32;

	b->n = 0;
	probe_hello(h, b);
	p = (const unsigned char *)b->p + at;
	*n = (size_t)p[0] << 8 | p[1];
	return b->p + at + 2;
}

static void
orders(void)
{
	struct buf a = { .max = 4096 }, b = { .max = 4096 };
	const char *p, *q;
	size_t n, m, i;
	int bad = 0;

	p = ciphers(&(struct probe_hello){ .size = 0 }, &a, &n);
	q = ciphers(&(struct probe_hello){ .reverse = true }, &b, &m);
	for (i = 0; i + 1 < n && m == n; i += 2)
		bad += memcmp(p + i, q + n - 2 - i, 2) != 0;
	ok(n == m && n > 4 && bad == 0, "%zu bytes of ciphers turned round", n);
	q = ciphers(&(struct probe_hello){ .without = 0x1302 }, &b, &m);
	ok(m == n - 2 && memmem(q, m, "\x13\x02", 2) == NULL, "without one");
	buf_free(&a);
	buf_free(&b);
}

static void
chosen(void)
{
	char b[200], *copy;
	size_t n = hello(b, true, PROBE_HELLO_X25519), i;
	unsigned bad = 0, c;

	is_int((int)probe_hello_cipher((struct str){ b, n }), 0x1301,
	    "the cipher that was chosen");
	for (i = 0; i < n; i++) {
		copy = mem_new(i + 1, 1);
		memcpy(copy, b, i);
		c = probe_hello_cipher((struct str){ copy, i });
		bad += c != 0 && c != 0x1301;
		free(copy);
	}
	is_int((int)bad, 0, "or none, cut at any byte");
	is_int((int)probe_hello_cipher(STR("\x15\3\3\0\2\2\x28")), 0,
	    "an alert has none");
}

int
main(void)
{
	char b[200];
	size_t n;

	orders();
	chosen();
	made(0);
	made(1800);
	n = hello(b, true, PROBE_HELLO_MLKEM);
	cuts(b, n, PROBE_HELLO_TAKEN, "the group is taken");
	n = hello(b, true, PROBE_HELLO_X25519);
	cuts(b, n, PROBE_HELLO_OTHER, "another group");
	n = hello(b, false, 0);
	cuts(b, n, PROBE_HELLO_OTHER, "an older version");
	cuts("\x15\3\3\0\2\2\x28", 7, PROBE_HELLO_REFUSED, "an alert");
	is_int(probe_hello_said(STR("220 hi\r\n"), 1), PROBE_HELLO_ODD, "no TLS");
	is_int(probe_hello_said(STR("\x16\3\3\xff\xff"), 1), PROBE_HELLO_ODD, "a length that none may have");
	is_int(probe_hello_said(STR("\x16\3\3\0\4\2\xff\xff\xff"), 1), PROBE_HELLO_ODD, "a message longer than its record");
	return done();
}
