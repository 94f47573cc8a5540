/* queue_flush.h: what waits is sent when it is due */
#ifndef QUEUE_FLUSH_H
#define QUEUE_FLUSH_H

#include "run.h"

/*
 * --flush: sends what is due, or all of it, and reports what never will be.
 * The entries of other accounts of this user are left to a process each, called
 * by this name.  The exit status; what is in e is still to be told.
 */
int queue_flush(struct run *, const char *argv0, struct err *e);

/* After messages were accepted by this process: what is due, silently. */
void queue_flush_new(struct run *);

#endif
