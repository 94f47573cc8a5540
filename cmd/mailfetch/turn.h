/* turn.h: standard output is one account's at a time */
#ifndef TURN_H
#define TURN_H

#include "fail.h"

/*
 * The descriptor by which processes that are forked from now on take turns; -1
 * with EX_OSERR.  A process that is alone has -1, and it is always its turn.
 */
int turn_open(struct err *);

/* From here until what it has to say is said.  A stop ends the wait. */
void turn_take(int turn);
void turn_give(int turn);		/* flushes standard output first */

#endif
