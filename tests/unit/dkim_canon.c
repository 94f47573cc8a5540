/*
 * dkim_canon.c: canonical forms (RFC 6376 section 3.4.6 and beyond), fields by
 * name; each body in one piece, byte by byte, and cut in two everywhere
 */
#include "dkim_canon.h"

#include <stdlib.h>

#include "digest.h"
#include "dkim_header.h"
#include "tap.h"

static const struct {
	const char *name, *in, *simple, *relaxed;
} bodies[] = {
	{ "RFC 6376 3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n",
	    " C\r\nD E\r\n" },
	{ "empty", "", "\r\n", "" },
	{ "a line end", "\r\n", "\r\n", "" },
	{ "line ends", "\r\n\r\n\r\n", "\r\n", "" },
	{ "blank lines", " \r\n\t\r\n", " \r\n\t\r\n", "" },
	{ "blank lines behind", "a\r\n \r\n\t\r\n", "a\r\n \r\n\t\r\n",
	    "a\r\n" },
	{ "no last line end", "a", "a\r\n", "a\r\n" },
	{ "blanks at the end", "a \t", "a \t\r\n", "a\r\n" },
	{ "LF", "a b\n\nc \n\n", "a b\r\n\r\nc \r\n", "a b\r\n\r\nc\r\n" },
	{ "empty lines within", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n",
	    "a\r\n\r\n\r\nb\r\n" },
	{ "blanks before a word", "  a\r\n\t\tb  c\r\n",
	    "  a\r\n\t\tb  c\r\n", " a\r\n b c\r\n" },
	{ "bare CR", "a\rb \r c\r\r\n", "a\rb \r c\r\r\n",
	    "a\rb \r c\r\r\n" },
	{ "CR at the end", "a\r", "a\r\r\n", "a\r\r\n" },
	{ "CR alone", "\r", "\r\r\n", "\r\r\n" },
	{ "NUL and 8 bits", "a\xff\x80  \x01\r\n", "a\xff\x80  \x01\r\n",
	    "a\xff\x80 \x01\r\n" },
};

static void
hash_cut(const char *in, size_t n, size_t cut, enum dkim_canon canon,
    uint64_t limit, unsigned char md[32], uint64_t *size)
{
	struct dkim_body *b = calloc(1, sizeof *b);
	size_t i, step = cut == SIZE_MAX ? 1 : n;
	char *copy;

	dkim_body_begin(b, canon, limit);
	for (i = 0; i < n; ) {
		size_t some = step < n - i ? step : n - i;

		if (i < cut && cut != SIZE_MAX && i + some > cut)
			some = cut - i;
		copy = malloc(some);		/* of that size exactly */
		memcpy(copy, in + i, some);
		dkim_body_put(b, copy, some);
		free(copy);
		i += some;
	}
	dkim_body_end(b, md);
	*size = b->size;
	free(b);
}

static void
body(const char *name, const char *in, enum dkim_canon canon, const char *want)
{
	unsigned char md[32], got[32];
	size_t n = strlen(in), cut;
	uint64_t size;
	bool same = true;

	digest_of(DIGEST_SHA256, str_of(want), md);
	for (cut = 1; cut <= n; cut++) {
		hash_cut(in, n, cut, canon, UINT64_MAX, got, &size);
		same &= memcmp(md, got, 32) == 0 && size == strlen(want);
	}
	hash_cut(in, n, SIZE_MAX, canon, UINT64_MAX, got, &size);
	same &= memcmp(md, got, 32) == 0 && size == strlen(want);
	ok(same, "%s, %s", name, canon == DKIM_SIMPLE ? "simple" : "relaxed");
}

static void
lengths(void)
{
	static const char in[] = "one  two\r\n\r\nthree\r\n\r\n";
	static const char want[] = "one two\r\n\r\nthree\r\n";
	unsigned char md[32], got[32];
	uint64_t size;
	size_t l;
	bool same = true;

	for (l = 0; l <= sizeof want; l++) {
		digest_of(DIGEST_SHA256, str_to(str_of(want), l), md);
		hash_cut(in, sizeof in - 1, SIZE_MAX, DKIM_RELAXED, l, got,
		    &size);
		same &= memcmp(md, got, 32) == 0 && size == sizeof want - 1;
	}
	ok(same, "l= of every length");
}

/* A body of long runs, compared with itself in one piece. */
static void
long_runs(void)
{
	static char in[50000];
	unsigned char md[32], got[32];
	uint64_t size, was;
	size_t i;
	bool same = true;

	for (i = 0; i < sizeof in; i++)
		in[i] = "abc d  \t\r\n\nefghijklmnop"[(i * i / 7 + i / 5000) % 22];
	memset(in + 10000, 'x', 12000);
	hash_cut(in, sizeof in, sizeof in, DKIM_RELAXED, UINT64_MAX, md, &was);
	for (i = 1; i < sizeof in; i += 97) {
		hash_cut(in, sizeof in, i, DKIM_RELAXED, UINT64_MAX, got,
		    &size);
		same &= memcmp(md, got, 32) == 0 && size == was;
	}
	ok(same, "50,000 bytes, cut where you like");
}

static const struct {
	const char *in, *simple, *relaxed;
} fields[] = {
	{ "A: X", "A: X", "a:X" },				/* 3.4.5 */
	{ "B : Y\t\r\n\tZ  ", "B : Y\t\r\n\tZ  ", "b:Y Z" },
	{ "SUBJect:  a \n b\n\tc ", "SUBJect:  a \r\n b\r\n\tc ",
	    "subject:a b c" },
	{ "X:", "X:", "x:" },
	{ "X: \r\n ", "X: \r\n ", "x:" },
	{ "X:a:b : c", "X:a:b : c", "x:a:b : c" },
};

static void
one_field(size_t i, const char *in, enum dkim_canon canon, const char *want)
{
	struct buf b = { 0 };

	buf_c(&b, '!');
	dkim_canon_field(canon, str_of(in), &b);
	is_str(b.p + 1, want, "field %zu, %s", i,
	    canon == DKIM_SIMPLE ? "simple" : "relaxed");
	buf_free(&b);
}

static void
picked(const char *head, const char *list, const char *want)
{
	struct dkim_header h;
	struct arena a = { 0 };
	struct buf b = { 0 };

	dkim_header_read(&h, &a, str_of(head));
	dkim_header_pick(&h, str_of(list), DKIM_RELAXED, &b);
	is_str(b.p != NULL ? b.p : "", want, "h=%s", list);
	dkim_header_free(&h);
	buf_free(&b);
	arena_free(&a);
}

int
main(void)
{
	static const char head[] = "To: 1\r\nFrom: f\nX: x\r\n y\r\nno field\r\nto : 2\r\nTO: 3\r\n";
	size_t i;

	for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		body(bodies[i].name, bodies[i].in, DKIM_SIMPLE,
		    bodies[i].simple);
		body(bodies[i].name, bodies[i].in, DKIM_RELAXED,
		    bodies[i].relaxed);
	}
	lengths();
	long_runs();
	for (i = 0; i < sizeof fields / sizeof *fields; i++) {
		one_field(i, fields[i].in, DKIM_SIMPLE, fields[i].simple);
		one_field(i, fields[i].in, DKIM_RELAXED, fields[i].relaxed);
	}
	picked(head, "to", "to:3\r\n");
	picked(head, "To : FROM:to:to:to:from", "to:3\r\nfrom:f\r\nto:2\r\nto:1\r\n");
	picked(head, "subject:x:", "x:x y\r\n");
	picked("", "from", "");
	picked(head, "", "");
	return done();
}
