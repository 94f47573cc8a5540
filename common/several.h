/* several.h: one account each, in processes of our own */
#ifndef SEVERAL_H
#define SEVERAL_H

#include <stddef.h>

#include "spawn.h"

struct several {
	struct spawn_child *child;	/* several_begin made it */
	size_t n;			/* begun */
	size_t running;
};

/* For at most so many; several_free at the end. */
void several_begin(struct several *, size_t most);
/* One more: 1 in the caller, 0 in it, which ends by _exit; -1. */
int several_fork(struct several *, struct err *);
/*
 * Waits for the next one to end: its exit status, EX_SOFTWARE if it has none.
 * -1: none is running.  A stop is passed on to those that run.
 */
int several_next(struct several *);
void several_free(struct several *);

#endif
