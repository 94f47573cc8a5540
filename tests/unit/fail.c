/* fail.c: one order of exit statuses, whoever finishes first */
#include <errno.h>

#include "fail.h"
#include "tap.h"

static const int order[] = { 70, 71, 78, 77, 76, 74, 73, 69, 68, 67, 65, 66,
    64, 75, 0 };
enum { N = sizeof order / sizeof *order, MOST = 5 };

static void
pairs(void)
{
	int i, j, bad = 0;

	for (i = 0; i < N; i++)
		for (j = 0; j < N; j++)
			if (fail_worse(order[i], order[j]) !=
			    order[i < j ? i : j] && bad++ < 5)
				diag("%d and %d: %d", order[i], order[j],
				    fail_worse(order[i], order[j]));
	is_int(bad, 0, "each two of them come to the one listed first");
}

/* A child may end with any number: these stand for those without a rank. */
static void
triples(void)
{
	static const int some[] = { 70, 71, 78, 77, 76, 74, 73, 69, 68, 67, 65,
	    66, 64, 75, 0, 1, 2, 3, 72, 79, 127, 255 };
	enum { SOME = sizeof some / sizeof *some };
	int a, b, c, left, right, bad = 0;

	for (a = 0; a < SOME; a++)
		for (b = 0; b < SOME; b++)
			for (c = 0; c < SOME; c++) {
				left = fail_worse(fail_worse(some[a],
				    some[b]), some[c]);
				right = fail_worse(some[a],
				    fail_worse(some[b], some[c]));
				if (left != right && bad++ < 5)
					diag("%d %d %d: %d, %d", some[a],
					    some[b], some[c], left, right);
			}
	is_int(bad, 0, "it does not matter which two are folded first");
}

struct walk {
	int v[MOST], n, want, bad;
	long folds;
};

static int
fold(const struct walk *w)
{
	int i, all = 0;

	for (i = 0; i < w->n; i++)
		all = fail_worse(all, w->v[i]);
	return all;
}

static void
permute(struct walk *w, int at)
{
	int i, t;

	if (at == w->n) {
		w->folds++;
		w->bad += fold(w) != w->want;
		return;
	}
	for (i = at; i < w->n; i++) {
		t = w->v[at]; w->v[at] = w->v[i]; w->v[i] = t;
		permute(w, at + 1);
		t = w->v[at]; w->v[at] = w->v[i]; w->v[i] = t;
	}
}

/* Each choice of n of them, by place in the order, in each sequence. */
static void
choose(struct walk *w, int at, int from)
{
	int i;

	if (at == w->n) {
		w->want = w->n > 0 ? w->v[0] : 0;
		permute(w, 0);
		return;
	}
	for (i = from; i < N; i++) {
		w->v[at] = order[i];
		choose(w, at + 1, i);
	}
}

static void
strangers(void)
{
	static const int odd[] = { -1, 1, 2, 3, 63, 72, 79, 126, 127, 128,
	    255, 256 };
	size_t i;

	for (i = 0; i < sizeof odd / sizeof *odd; i++) {
		is_int(fail_worse(odd[i], 0), 70, "%d beside 0", odd[i]);
		is_int(fail_worse(71, odd[i]), 70, "%d beside 71", odd[i]);
	}
}

/* Whatever a file or a socket was for, what is lacking is the system's. */
static void
used_up(void)
{
	static const struct { int number, code; } all[] = { { EMFILE, 71 },
	    { ENFILE, 71 }, { ENOMEM, 71 }, { EACCES, 73 }, { ENOSPC, 73 } };
	struct err e;
	size_t i;

	for (i = 0; i < sizeof all / sizeof *all; i++) {
		e.code = 0;
		errno = all[i].number;
		fail_sys(&e, EX_CANTCREAT, "a file");
		is_int(e.code, all[i].code, "%s", e.msg);
	}
}

static void
joined(void)
{
	const struct err later = { .code = 75, .msg = "later" },
	    disk = { .code = 74, .msg = "disk" },
	    disk2 = { .code = 74, .msg = "disk, too" }, none = { 0 };
	struct err e = { 0 };

	fail_join(&e, &none);
	is_int(e.code, 0, "nothing joins nothing");
	fail_join(&e, &later);
	is_str(e.msg, "later", "the first failure is taken");
	fail_join(&e, &disk);
	is_str(e.msg, "disk", "a worse one takes its place");
	fail_join(&e, &disk2);
	is_str(e.msg, "disk", "one as bad does not");
	fail_join(&e, &later);
	fail_join(&e, &none);
	is_int(e.code, 74, "nor a better one, nor none");
}

int
main(void)
{
	struct walk w = { .n = 0 };

	pairs();
	triples();
	for (w.n = 0; w.n <= MOST; w.n++) {
		w.bad = 0;
		choose(&w, 0, 0);
		is_int(w.bad, 0, "any %d, in any order", w.n);
	}
	diag("%ld folds", w.folds);
	strangers();
	used_up();
	joined();
	return done();
}
