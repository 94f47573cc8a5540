/* migrate_rest.h: how long a migration rests, by numbers alone */
#ifndef MIGRATE_REST_H
#define MIGRATE_REST_H

#include <stddef.h>
#include <stdint.h>

struct migrate_rate;
struct migrate_wait;

enum { MIGRATE_TRIES = 8 };	/* pauses without a message between them */

/*
 * The seconds of the next pause, when so many messages have been copied: doubled each time, at
 * least what was asked for, at most five minutes; -1.
 */
double migrate_rest(struct migrate_wait *, uint64_t messages);
/*
 * When so many bytes more may have gone on, in ms as now is.  What was not used
 * for more than a second is not saved up.
 */
int64_t migrate_rest_due(struct migrate_rate *, uint64_t rate, int64_t now,
    size_t n);
/* So many days pass until the last of it is copied: of today some is used. */
uint64_t migrate_rest_days(uint64_t bytes, uint64_t used, uint64_t a_day);

#endif
