/* search.h: where a key is, or would be, in what is sorted */
#ifndef SEARCH_H
#define SEARCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * The index of the first of n elements that is not below the key, n if all
 * are.  order is as for bsearch(3), which tells neither: below 0 if the key
 * (its first argument) is before the element, 0 if it is that one, else above
 * 0.  v may be NULL if n is 0.  Inline, so that order costs no call.
 */
static inline size_t
search_lower(const void *key, const void *v, size_t n, size_t size,
    int (*order)(const void *key, const void *element))
{
	size_t lo = 0, hi = n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (order(key, (const char *)v + mid * size) > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The index of the first element that is the key, n if none is. */
static inline size_t
search_exact(const void *key, const void *v, size_t n, size_t size,
    int (*order)(const void *key, const void *element))
{
	size_t at = search_lower(key, v, n, size, order);

	return at < n && order(key, (const char *)v + at * size) == 0 ? at : n;
}

/* The order of two numbers, which may be UIDs: for what compares those. */
static inline int
search_order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The order of an array of uint32_t. */
static inline int
search_u32(const void *key, const void *element)
{
	return search_order(*(const uint32_t *)key,
	    *(const uint32_t *)element);
}

#endif
