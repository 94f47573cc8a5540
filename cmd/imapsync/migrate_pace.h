/* migrate_pace.h: how fast a migration may be, and when it has to pause */
#ifndef MIGRATE_PACE_H
#define MIGRATE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct migrate;

/*
 * Does an answer want a pause?  It may say how long.  false, too, once: there were so
 * many without a message between them that this is a refusal like any other.
 * If that does not help either, the next pause is one too many.  For who holds
 * the mutex.
 */
bool migrate_pace_asked(struct migrate *, const char *text);
bool migrate_pace_waits(const struct migrate *);	/* is one due? */
/*
 * The pause, which a stop ends; they become longer while nothing is copied
 * between them.  -1: there were too many.
 */
int migrate_pace_pause(struct migrate *);
/* The next attempt gets further, if nothing was copied either.  Has the mutex. */
void migrate_pace_progress(struct migrate *);

/*
 * Until what was sent by connections of before has been stored there, or never
 * will be.  1; 0: so it was already when somebody began to look (clock_ms); -1
 * at a stop.
 */
int migrate_pace_settle(const struct migrate *, int64_t looked);

/*
 * So many bytes have gone on: waits until the rate of all connections is kept
 * again.  0.
 */
int migrate_pace_hold(struct migrate *, size_t n);

/* So many bytes of this day's budget are spent. */
uint64_t migrate_pace_used(const struct migrate *);
/*
 * Room for so many bytes in the budget of this day, kept for them until they are
 * spent or returned; false: there is not enough.  These three are for who holds
 * the mutex.
 */
bool migrate_pace_reserve(struct migrate *, uint64_t bytes);
void migrate_pace_return(struct migrate *, uint64_t bytes);
/* They were copied on this day; -1 EX_IOERR. */
int migrate_pace_spend(struct migrate *, uint64_t bytes);

#endif
