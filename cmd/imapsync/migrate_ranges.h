/* migrate_ranges.h: the messages of a mailbox, shared out among connections */
#ifndef MIGRATE_RANGES_H
#define MIGRATE_RANGES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct migrate_ranges {
	pthread_mutex_t *mutex;		/* for the rest */
	const uint32_t *uids;		/* sorted */
	size_t n, at;			/* from at on nobody has them yet */
	size_t running;			/* connections that still take some */
	bool over;			/* nothing more is begun */
};

/*
 * Some of those that nobody has; how many, 0 if there are none or it is over.
 * first: whoever asks is idle until it is told about these messages.
 */
size_t migrate_ranges_next(struct migrate_ranges *, bool first,
    const uint32_t **uids);
bool migrate_ranges_over(struct migrate_ranges *);
/* So many connections take no more; over: nor do the others. */
void migrate_ranges_leave(struct migrate_ranges *, size_t n, bool over);

#endif
