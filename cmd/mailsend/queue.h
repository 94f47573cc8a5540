/* queue.h: messages that cannot be sent now wait on the disk */
#ifndef QUEUE_H
#define QUEUE_H

#include "letter.h"
#include "report.h"
#include "run.h"

/*
 * Before the sandbox: where the queue is, and whether it is used; it is made if
 * a message may go there.  That it cannot be is told by queue_accept: the
 * message may still be sent at once.
 */
int queue_open(struct run *, struct err *);

/* Is the queue another's, who sends, and alone can read what is secret? */
bool queue_others(const struct run *);

/* Is this run to accept first, and leave the sending to another, or to later? */
bool queue_first(const struct run *);

/* Accepts the letter, which nobody has tried, durably: 0, r->queued is its id. */
int queue_accept(struct letter *, struct run *, struct report *, struct err *);

/*
 * Is it the message's own fault, which no time will mend, that submit ended with
 * this code, whoever was not tried?  It is too long, say, or is in want of
 * REQUIRETLS.  A mistake in the configuration, a password that no mechanism
 * takes or a greeting that is a no are not: they may pass.
 */
bool queue_hopeless(const struct report *, int code);

/*
 * After submit, which ended with e: if the queue is on, and recipients that nobody
 * has tried, that were deferred or are in doubt are worth another try, the letter
 * is written for those, and l->queued is how it is called: true.  It waits, durably,
 * from queue_rest_commit on; then e is none of the caller's failures any more.
 */
bool queue_rest(struct spool_new *, struct letter *, struct run *,
    const struct report *, const struct err *e);
void queue_rest_commit(struct spool_new *, const struct letter *,
    struct report *, struct err *e);

/* Seconds until the next attempt, after so many (the first: 1). */
int64_t queue_wait(uint64_t tries);

#endif
