/* loop.h: the one wait, and all that happens between */
#ifndef LOOP_H
#define LOOP_H

#include "fail.h"

struct run;

/* Until all is told, or a stop is asked for. */
int loop_run(struct run *, struct err *);

void loop_free(struct run *);

#endif
