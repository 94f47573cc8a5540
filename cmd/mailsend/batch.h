/* batch.h: many messages from standard input, over few connections */
#ifndef BATCH_H
#define BATCH_H

#include "run.h"

/* Options that a batch cannot have, or has alone: EX_USAGE. */
int batch_check(const struct account *, const struct options *, struct err *);

/*
 * Sends all of them, and prints a line of JSON for each recipient as soon as its
 * fate is known.  The exit status; what is in e is still to be told.
 */
int batch_run(struct run *, struct err *e);

#endif
