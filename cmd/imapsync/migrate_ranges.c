/* migrate_ranges.c: the messages of a mailbox, shared out among connections */
#include "migrate_marks.h"
#include "migrate_ranges.h"

enum {
	FIRST = 1000,			/* messages: what one command asks about */
	LEAST = 100
};

/*
 * Ranges get smaller towards the end, so that all connections end together; each
 * costs some round trips.
 */
size_t
migrate_ranges_next(struct migrate_ranges *k, bool first, const uint32_t **uids)
{
	size_t left, n;

	pthread_mutex_lock(k->mutex);
	left = k->over ? 0 : k->n - k->at;
	n = k->running == 1 ? left : left / (k->running + 1);
	if (n < LEAST)
		n = LEAST;
	if (n > (first ? FIRST : MIGRATE_MARKS))
		n = first ? FIRST : MIGRATE_MARKS;
	if (n > left)
		n = left;
	*uids = k->uids + k->at;
	k->at += n;
	pthread_mutex_unlock(k->mutex);
	return n;
}

bool
migrate_ranges_over(struct migrate_ranges *k)
{
	bool is;

	pthread_mutex_lock(k->mutex);
	is = k->over;
	pthread_mutex_unlock(k->mutex);
	return is;
}

void
migrate_ranges_leave(struct migrate_ranges *k, size_t n, bool over)
{
	pthread_mutex_lock(k->mutex);
	k->running -= n;
	k->over = k->over || over;
	pthread_mutex_unlock(k->mutex);
}
