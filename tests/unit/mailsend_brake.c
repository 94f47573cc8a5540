/* When a batch is stopped, and how fast it may go. */
#include "batch_brake.h"
#include "tap.h"

/* How many recipients it takes, at most n of them, each with one letter. */
static size_t
until(struct batch_brake *b, const char *pattern, size_t n)
{
	size_t i, len = strlen(pattern);

	for (i = 0; i < n; i++)
		if (batch_brake_note(b, pattern[i % len] == 'x'))
			return i + 1;
	return 0;
}

static size_t
first(const char *pattern, size_t n, uint64_t most)
{
	struct batch_brake b = { .most = most };

	return until(&b, pattern, n);
}

static void
rate(void)
{
	int64_t next = 0;

	is_int(batch_brake_turn(&next, 1000000, 10), 1000000, "at once");
	is_int(batch_brake_turn(&next, 1000000, 10), 1100000, "then in turn");
	is_int(batch_brake_turn(&next, 1000000, 10), 1200000, "and in turn");
	is_int(batch_brake_turn(&next, 9000000, 10), 9000000,
	    "what was not used is lost");
	is_int(batch_brake_turn(&next, 9000000, 10), 9100000, "then in turn");
}

int
main(void)
{
	struct batch_brake b = { .most = 0 };

	is_int(first("x", 100, 0), 20, "20 in a row");
	is_int(first("xxxxxxxxxxxxxxxxxxx.", 19, 0), 0, "19 are none");
	is_int(first(".........x", 1000, 0), 200, "a tenth, of 200");
	is_int(first("..........x", 5000, 0), 0, "an eleventh is not");
	is_int(first("xxxxxxxxxx", 1000, 7), 7, "--max-refused 7");
	is_int(first("x", 1000, 500), 500, "in place of the others");
	is_int(until(&b, ".", 5000), 0, "well for long");
	is_int(until(&b, "x.", 1000), 39, "and then of the last ones");
	rate();
	return done();
}
