/* fifo.h: bytes that come in at one end and leave at the other */
#ifndef FIFO_H
#define FIFO_H

#include <stddef.h>

/* n bytes stand at p + at; never more than max.  Start with { .max = N }. */
struct fifo {
	char *p;
	size_t at, n, cap, max;
};

/*
 * Room for at least one byte behind the last: where, and how much in *room (up
 * to want).  The bytes in the fifo may move.  NULL when it is full.
 */
char *fifo_room(struct fifo *, size_t want, size_t *room);

/* As many of the n bytes as fit; how many that were. */
size_t fifo_put(struct fifo *, const void *, size_t n);

void fifo_drop(struct fifo *, size_t n);	/* from the front; n <= f->n */
/* Wipes what has left, and its old places. */
void fifo_clean(struct fifo *);
void fifo_free(struct fifo *);			/* wiped: it may hold secrets */

#endif
