/* Where a key is, or would be: against a walk from the first element on. */
#include "search.h"
#include "tap.h"

static size_t
walk(uint32_t key, const uint32_t *v, size_t n)
{
	size_t i;

	for (i = 0; i < n && v[i] < key; i++)
		;
	return i;
}

/* Keys below, between, at and above all elements, some of which are twice. */
static void
arrays(void)
{
	uint32_t v[40], key;
	size_t n, i, at;
	bool all = true, exact = true;

	for (i = 0; i < 40; i++)
		v[i] = (uint32_t)(2 + i / 2 * 3);
	for (n = 0; n <= 40; n++)
		for (key = 0; key < 70; key++) {
			at = walk(key, v, n);
			all = all && search_lower(&key, v, n, sizeof *v,
			    search_u32) == at;
			exact = exact && search_exact(&key, v, n, sizeof *v,
			    search_u32) == (at < n && v[at] == key ? at : n);
		}
	ok(all, "the first that is not below the key, of 0 to 40 elements");
	ok(exact, "the first that is the key, or none");
}

int
main(void)
{
	uint32_t high[] = { 1, UINT32_MAX }, key = UINT32_MAX;

	arrays();
	ok(search_lower(&key, NULL, 0, sizeof key, search_u32) == 0,
	    "nothing to search is well");
	ok(search_lower(&key, high, 2, sizeof key, search_u32) == 1,
	    "the highest number");
	ok(search_order(UINT64_MAX, 1) > 0 && search_order(1, UINT64_MAX) < 0 &&
	    search_order(7, 7) == 0, "numbers are compared, not subtracted");
	return done();
}
