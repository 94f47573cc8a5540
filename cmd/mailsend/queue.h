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

/*
 * Accepts the letter, durably, for the recipients that nobody has tried, that
 * were deferred or are in doubt; why is what the last attempt ended with.  0
 * and r->queued is its id.
 */
int queue_accept(const struct letter *, struct run *, struct report *,
    const struct err *why, struct err *);

/*
 * Is it the message's own fault, which no time will mend, that submit ended with
 * this code, whoever was not tried?
 */
bool queue_hopeless(const struct run *, const struct report *, int code);

/*
 * After submit: if any of the recipients are worth another try, and the queue
 * is on, they are accepted; then what was recorded is none of the caller's
 * failures any more.
 */
void queue_rest(const struct letter *, struct run *, struct report *,
    struct err *);

/* Seconds until the next attempt, after so many (the first: 1). */
int64_t queue_wait(uint64_t tries);

#endif
