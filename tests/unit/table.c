/* The hash table: what is in it is found, whatever came and went. */
#include <stdlib.h>
#include <sys/resource.h>

#include "mem.h"
#include "table.h"
#include "tap.h"

struct thing {
	char text[24];
	uint64_t number;
	bool in;
};

static struct str
text(const void *of, size_t at)
{
	return str_of(((const struct thing *)of)[at].text);
}

static uint64_t
number(const void *of, size_t at)
{
	return ((const struct thing *)of)[at].number;
}

static struct thing *
things(size_t n)
{
	struct thing *v = mem_new(n, sizeof *v);
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(v[i].text, sizeof v[i].text, "Name%zu%.*s", i * 7,
		    (int)(i % 9), "xxxxxxxxx");
		v[i].number = i * i + 5;
	}
	return v;
}

static size_t
find(const struct table *t, const struct thing *v, size_t at)
{
	return t->text != NULL ? table_text(t, v, str_of(v[at].text)) :
	    table_number(t, v, v[at].number);
}

/* Comes and goes 200,000 times: as an array of truths says. */
static void
against_truth(struct table t, const char *what)
{
	enum { N = 3000 };
	struct thing *v = things(N);
	size_t i, k, n = 0, wrong = 0, cap = 0;
	unsigned x = 1;

	for (i = 0; i < 200000; i++) {
		x = x * 1103515245 + 12345;
		k = x >> 8;
		k %= i / 2000 % 2 ? N : 40;	/* fills, and empties again */
		if (find(&t, v, k) != (v[k].in ? k : TABLE_NONE))
			wrong++;
		v[k].in = !v[k].in && (i % 5 != 0);
		if (v[k].in)
			table_add(&t, v, k);
		else
			table_del(&t, v, k);
		cap = t.cap > cap ? t.cap : cap;
	}
	for (i = 0; i < N; i++) {
		n += v[i].in;
		wrong += find(&t, v, i) != (v[i].in ? i : TABLE_NONE);
	}
	is_int(wrong, 0, "%s: all is found, and nothing else", what);
	is_int(t.n, n, "%s: it knows how many", what);
	ok(cap <= 8192, "%s: graves do not make it grow (%zu)", what, cap);
	table_free(&t);
	ok(t.cap == 0 && t.slot == NULL, "%s: and it is given back", what);
	is_int(find(&t, v, 1), TABLE_NONE, "%s: empty when free", what);
	table_add(&t, v, 1);
	is_int(find(&t, v, 1), 1, "%s: and usable", what);
	table_free(&t);
	free(v);
}

static void
keys(void)
{
	struct table t = { .text = text }, f = { .text = text, .fold = true };
	struct thing v[4] = { { .text = "Ab[1234567{9" }, { .text = "" },
	    { .text = "ab[1234567{9" }, { .text = "Ab[1234567{9" } };

	is_int(table_text(&t, v, STR("x")), TABLE_NONE, "nothing in nothing");
	table_del(&t, v, 0);
	table_add(&t, v, 0);
	is_int(table_text(&t, v, STR("ab[1234567{9")), TABLE_NONE, "case");
	is_int(table_text(&t, v, STR("Ab[1234567{9")), 0, "found");
	is_int(table_text(&t, v, STR("Ab[1234567{")), TABLE_NONE, "shorter");
	is_int(table_text(&t, v, (struct str){ NULL, 0 }), TABLE_NONE,
	    "the empty one is not there");
	table_add(&t, v, 1);
	is_int(table_text(&t, v, (struct str){ NULL, 0 }), 1,
	    "the empty one is there");
	table_add(&t, v, 3);
	table_del(&t, v, 0);
	is_int(table_text(&t, v, STR("Ab[1234567{9")), 3, "of two, the other");
	table_del(&t, v, 0);
	is_int(t.n, 2, "gone only once");
	table_add(&f, v, 0);
	is_int(table_text(&f, v, STR("aB[1234567{9")), 0, "no case");
	is_int(table_text(&f, v, STR("aB{1234567[9")), TABLE_NONE,
	    "brackets are no letters");
	table_free(&t);
	table_free(&f);
}

/* Places that need all bits: what has tags loses them. */
static uint64_t
itself(const void *of, size_t at)
{
	(void)of;
	return at;
}

static void
far_places(void)
{
	static const size_t at[] = { 0, 5, (1 << 26) - 3, (1 << 26) - 2,
	    (1 << 26) - 1, 1 << 26, UINT32_MAX - 2 };
	struct table t = { .number = itself };
	size_t i, k, wrong = 0;

	table_add(&t, NULL, 77);
	table_del(&t, NULL, 77);
	for (i = 0; i < sizeof at / sizeof *at; i++) {
		table_add(&t, NULL, at[i]);
		for (k = 0; k < sizeof at / sizeof *at; k++)
			wrong += table_number(&t, NULL, at[k]) !=
			    (k <= i ? at[k] : TABLE_NONE);
	}
	is_int(wrong, 0, "places round 2^26 and up to 2^32");
	for (i = 0; i < sizeof at / sizeof *at; i++)
		table_del(&t, NULL, at[i]);
	is_int(t.n, 0, "all gone");
	table_free(&t);
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

/* Multiples of a power of two are what kills a hash that takes low bits. */
static void
spread(unsigned shift)
{
	enum { N = 100000 };
	struct thing *v = mem_new(N, sizeof *v);
	struct table t = { .number = number };
	double start = cpu();
	size_t i, wrong = 0;

	for (i = 0; i < N; i++) {
		v[i].number = (uint64_t)i << shift;
		table_add(&t, v, i);
	}
	for (i = 0; i < N; i++)
		wrong += find(&t, v, i) != i;
	ok(wrong == 0 && cpu() - start < 5, "multiples of 2^%u", shift);
	table_free(&t);
	free(v);
}

int
main(void)
{
	struct rlimit most = { 20, 20 };

	/* A search that goes round for ever is a failure, and ends. */
	setrlimit(RLIMIT_CPU, &most);
	against_truth((struct table){ .text = text }, "text");
	against_truth((struct table){ .text = text, .fold = true }, "fold");
	against_truth((struct table){ .number = number }, "number");
	keys();
	far_places();
	spread(0);
	spread(32);
	spread(47);
	ok(table_hash(STR("a")) == table_hash(STR("a")) &&
	    table_hash(STR("a")) != table_hash(STR("b")), "hashes differ");
	return done();
}
