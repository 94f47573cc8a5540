/* What an arena costs: there is one for each of thousands of tasks. */
#include "mem.h"
#include "tap.h"

/* n pieces of 100 bytes, and what an arena of them takes. */
static size_t
taken(size_t n)
{
	struct arena a = { 0 };
	size_t i, bytes;

	for (i = 0; i < n; i++)
		memset(arena_new(&a, 100, 1), 'x', 100);
	bytes = a.bytes;
	arena_free(&a);
	return bytes;
}

int
main(void)
{
	size_t n;

	for (n = 1; n < 200; n++)
		if (taken(n) > 1600 + 2 * 112 * n)
			break;
	is_int(n, 200, "at most twice what is used, and 1600 bytes");
	return done();
}
