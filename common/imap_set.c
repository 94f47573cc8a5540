/* imap_set.c: sets of UIDs as IMAP writes them, "1:4,7", and as arrays */
#include <stdlib.h>

#include "imap_set.h"
#include "mem.h"
#include "search.h"

/* ---- as text ---- */

static int
set_number(struct str s, uint32_t *to)
{
	uint64_t v;

	if (str_is(s, "*")) {
		*to = UINT32_MAX;
		return 0;
	}
	if (str_num(s, UINT32_MAX, &v) < 0 || v == 0)
		return -1;
	*to = (uint32_t)v;
	return 0;
}

int
imap_set_next(struct str *set, uint32_t *lo, uint32_t *hi)
{
	struct str part, first;
	uint32_t swap;

	if (set->n == 0)
		return 0;
	part = str_cut(set, ',');
	if (set->p != NULL && set->n == 0)
		return -1;		/* "1:4," (CVE-2021-32055) */
	first = str_cut(&part, ':');
	if (set_number(first, lo) < 0)
		return -1;
	*hi = *lo;
	if (part.p != NULL && set_number(part, hi) < 0)
		return -1;
	if (*lo > *hi) {
		swap = *lo;
		*lo = *hi;
		*hi = swap;
	}
	return 1;
}

void
imap_set_put(struct buf *to, const uint32_t *uids, size_t n, size_t *at,
    size_t max)
{
	size_t start = to->n, i = *at, k;

	while (i < n && to->n - start < max) {
		for (k = i; k + 1 < n && uids[k + 1] == uids[k] + 1; k++)
			;
		buf_printf(to, "%s%u", to->n > start ? "," : "", uids[i]);
		if (k > i)
			buf_printf(to, ":%u", uids[k]);
		i = k + 1;
	}
	*at = i;
}

/* ---- as arrays ---- */

static void
reserve(struct imap_uids *u, size_t n)
{
	if (n <= u->cap)
		return;
	u->cap = n > 2 * u->cap ? n : 2 * u->cap;
	u->v = mem_grow(u->v, u->cap, sizeof *u->v);
}

void
imap_uids_add(struct imap_uids *u, uint32_t uid)
{
	reserve(u, u->n > 0 ? u->n + 1 : 256);
	u->v[u->n++] = uid;
}

void
imap_uids_sort(struct imap_uids *u)
{
	size_t i, k;

	for (i = 1; i < u->n && u->v[i - 1] < u->v[i]; i++)
		;
	if (i >= u->n)			/* as most servers send them */
		return;
	qsort(u->v, u->n, sizeof *u->v, search_u32);
	for (i = k = 1; i < u->n; i++)
		if (u->v[i] != u->v[k - 1])
			u->v[k++] = u->v[i];
	u->n = k;
}

void
imap_uids_note(struct imap_uids *u, uint32_t uid)
{
	if (u->n == u->cap && u->n >= 1 << 16)
		imap_uids_sort(u);
	imap_uids_add(u, uid);
}

bool
imap_uids_has(const struct imap_uids *u, uint32_t uid)
{
	size_t at = search_lower(&uid, u->v, u->n, sizeof *u->v, search_u32);

	return at < u->n && u->v[at] == uid;
}

int
imap_uids_add_set(struct imap_uids *u, struct str set, size_t most)
{
	struct str again = set;
	uint64_t n = u->n;
	uint32_t lo, hi;
	int got;

	if (str_has(set, '*'))
		return 1;
	while ((got = imap_set_next(&again, &lo, &hi)) > 0)
		if ((n += (uint64_t)hi - lo + 1) > most)
			return 2;
	if (got < 0)
		return 1;
	reserve(u, n);
	while (imap_set_next(&set, &lo, &hi) > 0)
		for (;; lo++) {
			imap_uids_add(u, lo);
			if (lo == hi)
				break;
		}
	return 0;
}
