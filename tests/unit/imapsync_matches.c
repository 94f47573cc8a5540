/* imapsync_matches.c: which file and which message are one, by what is known */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matches.h"
#include "tap.h"

#define SURE(n) ((n) << 4 | 1)		/* idents with a Message-ID, */
#define VAGUE(n) ((n) << 4 | 2)		/* and without one */

/* What one is; its place in the case is its name. */
struct side {
	uint64_t ident;
	uint32_t size;
	unsigned char bytes;		/* 0: cannot be had */
	enum { SENT = 1,		/* a file that was uploaded */
	    ADDED = 2,			/* only so the sizes are different */
	    KNOWN = 4 } how;		/* of the whole case */
};

static size_t
fill(struct match *v, const struct side *s, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (s[i].ident != 0)
			v[k++] = (struct match){ .ident = s[i].ident,
			    .size = s[i].size, .at = (uint32_t)i,
			    .base = UINT64_MAX,
			    .sent = (s[i].how & SENT) != 0 };
	return k;
}

static size_t
digest(struct match *v, size_t n, const struct side *s)
{
	size_t i;

	for (i = 0; i < n; i++) {
		v[i].digested = s[v[i].at].bytes != 0;
		v[i].md[31] = s[v[i].at].bytes;
		if ((s[v[i].at].how & ADDED) != 0)
			v[i].size = 7;
	}
	return n;
}

enum { MOST = 5 };

static const struct {
	struct side near[MOST], far[MOST];
	const char *pairs;
	size_t digests;			/* more would cost downloads */
	const char *what;
} c[] = {
	{ { { 0, 0, 0, 0 } }, { { SURE(1), 9, 1, 0 } }, "", 0, "nothing here" },
	{ { { SURE(1), 9, 1, 0 } }, { { 0, 0, 0, 0 } }, "", 0, "nothing there" },
	{ { { SURE(1), 9, 1, 0 } }, { { SURE(2), 9, 1, 0 } }, "", 0, "strangers" },
	{ { { SURE(1), 9, 1, 0 } }, { { SURE(1), 9, 1, 0 } }, "0-0 ", 0,
	    "one Message-ID" },
	{ { { SURE(1), 9, 1, 0 } }, { { SURE(1), 8, 2, 0 } }, "", 2,
	    "one Message-ID and two texts" },
	{ { { SURE(1), 9, 1, SENT } }, { { SURE(1), 8, 2, 0 } }, "0-0 ", 0,
	    "which the server has changed when we sent it" },
	{ { { SURE(1), 9, 1, ADDED } }, { { SURE(1), 8, 1, ADDED } }, "0-0 ",
	    2, "a line of another program" },
	{ { { SURE(1), 9, 1, 0 } }, { { SURE(1), 9, 2, KNOWN } }, "", 2,
	    "the state is known: one size, and two texts" },
	{ { { SURE(1), 9, 1, 0 } }, { { SURE(1), 9, 1, KNOWN } }, "0-0 ", 2,
	    "the state is known: the same text" },
	{ { { VAGUE(1), 9, 1, 0 } }, { { VAGUE(1), 8, 1, 0 } }, "", 2,
	    "no Message-ID, two sizes" },
	{ { { VAGUE(1), 9, 1, 0 } }, { { VAGUE(1), 9, 1, 0 } }, "0-0 ", 2,
	    "no Message-ID, the same bytes" },
	{ { { VAGUE(1), 9, 1, 0 } }, { { VAGUE(1), 9, 2, 0 } }, "", 2,
	    "no Message-ID, other bytes" },
	{ { { SURE(1), 9, 1, 0 } }, { { SURE(1), 9, 2, 0 }, { SURE(1), 9, 1, 0 } },
	    "0-1 ", 3, "one of two there" },
	{ { { SURE(1), 9, 2, 0 }, { SURE(1), 9, 1, 0 } }, { { SURE(1), 9, 1, 0 } },
	    "1-0 ", 3, "one of two here" },
	{ { { SURE(1), 9, 1, 0 }, { SURE(1), 9, 1, 0 } },
	    { { SURE(1), 9, 1, 0 }, { SURE(1), 9, 1, 0 }, { SURE(1), 9, 1, 0 } },
	    "0-0 1-1 ", 5, "copies, in their order" },
	{ { { SURE(1), 7, 1, 0 }, { SURE(1), 9, 1, 0 } },
	    { { SURE(1), 9, 1, 0 }, { SURE(1), 8, 1, 0 } }, "1-0 ", 4,
	    "of another size: other bytes" },
	{ { { SURE(1), 9, 1, 0 } }, { { SURE(1), 9, 0, 0 }, { SURE(1), 9, 1, 0 } },
	    "0-1 ", 3, "bytes there that cannot be had" },
	{ { { SURE(1), 9, 0, 0 } }, { { SURE(1), 9, 0, 0 }, { SURE(1), 9, 1, 0 } },
	    "", 3, "on neither side: no pair" },
	{ { { VAGUE(1), 9, 1, 0 } }, { { VAGUE(1), 9, 0, 0 } }, "", 2,
	    "the only one there cannot be had" },
	{ { { SURE(3), 1, 1, 0 }, { SURE(2), 1, 1, 0 }, { SURE(1), 1, 1, 0 } },
	    { { SURE(1), 1, 1, 0 }, { SURE(4), 1, 1, 0 }, { SURE(3), 1, 1, 0 } },
	    "2-0 0-2 ", 0, "several idents" },
};

static void
one(size_t n)
{
	struct match near[MOST], far[MOST];
	struct matches m = { .near = near, .far = far };
	struct pairs p = { .v = NULL };
	char said[100] = "";
	size_t i, digests = 0;

	m.nnear = fill(near, c[n].near, MOST);
	m.nfar = fill(far, c[n].far, MOST);
	m.sure = (c[n].far[0].how & KNOWN) != 0;
	while (matches_next(&m)) {
		if (matches_tied(&m))
			digests += digest(m.here, m.nhere, c[n].near) +
			    digest(m.there, m.nthere, c[n].far);
		matches_settle(&m, &p);
	}
	for (i = 0; i < p.n; i++)
		snprintf(said + strlen(said), sizeof said - strlen(said),
		    "%u-%u ", p.v[i].near, p.v[i].uid);
	is_str(said, c[n].pairs, "%s", c[n].what);
	is_int((int)digests, (int)c[n].digests, "%s: digests", c[n].what);
	free(p.v);
}

static void
pairs(void)
{
	struct pairs p = { .v = NULL };
	unsigned char *near;
	uint32_t i;
	bool good = true;

	for (i = 0; i < 100; i++)
		matches_pair(&p, i, 199 - i, i);
	for (i = 0; i < 100; i++)
		good = good && p.v[i].near == i && p.v[i].uid == 199 - i &&
		    p.v[i].base == i;
	ok(p.n == 100 && good, "a hundred pairs");
	near = matches_taken(&p, 200);
	for (i = 0; i < 200; i++)
		good = good && near[i] == (i < 100);
	ok(good, "who is in one");
	free(near);
	free(p.v);
}

static void
halves(void)
{
	struct halves h = { .v = NULL };
	size_t i;
	bool good = true;

	is_int((int)matches_find(&h, 5), 0, "none is found among none");
	for (i = 0; i < 1000; i++)
		matches_add(&h, NULL, i, i * 7 % 500 * 2);
	matches_sort(&h);
	for (i = 1; i < 1000; i++)
		good = good && (h.v[i - 1].key < h.v[i].key ||
		    (h.v[i - 1].key == h.v[i].key &&
		    h.v[i - 1].act < h.v[i].act));
	ok(good, "by key, then as they came");
	for (i = 0; i < 500; i++)
		good = good && matches_find(&h, 2 * i) == 2 * i &&
		    matches_find(&h, 2 * i + 1) == 2 * i + 2;
	ok(good, "the first of a key, or what comes behind");
	free(h.v);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		one(i);
	pairs();
	halves();
	return done();
}
