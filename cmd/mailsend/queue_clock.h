/* queue_clock.h: how long something waits, whatever is done to the clock */
#ifndef QUEUE_CLOCK_H
#define QUEUE_CLOCK_H

#include <stdint.h>

/* A moment, by the clock that may be set and by one that may not. */
struct queue_clock {
	char boot[40];		/* which start of the machine; "": not known */
	int64_t up;		/* seconds since that */
	int64_t wall;		/* since 1970, as far as the machine knew */
};

/* This one.  The first call learns which start it is: before the sandbox. */
void queue_clock_now(struct queue_clock *);

/*
 * By how many seconds the clock was set forward (or, below 0, back) in between;
 * 0 within an hour, or where nobody can tell: the machine was started anew.
 */
int64_t queue_clock_set(const struct queue_clock *then,
    const struct queue_clock *now);

#endif
