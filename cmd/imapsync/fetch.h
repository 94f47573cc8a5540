/* fetch.h: downloads */
#ifndef FETCH_H
#define FETCH_H

#include "mem.h"

struct run;

int fetch_all(struct run *);
/* So many jobs, or fewer, are all that is left, if no mailbox is to come. */
void fetch_enough(struct run *, size_t jobs);

#endif
