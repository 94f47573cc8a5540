/* queue_list.h: what waits, shown, and taken out */
#ifndef QUEUE_LIST_H
#define QUEUE_LIST_H

#include "run.h"

/* --queue-list: a line for each message and recipient, or -j. */
int queue_list(struct run *, struct err *);

/*
 * --queue-remove: takes these out, whatever becomes of the others.  EX_NOINPUT
 * if there is none of that id, EX_TEMPFAIL if it is being sent.
 */
int queue_remove(struct run *, struct err *);

#endif
