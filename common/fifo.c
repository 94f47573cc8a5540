/* fifo.c: bytes that come in at one end and leave at the other */
#include <stdlib.h>
#include <string.h>

#include "fifo.h"
#include "mem.h"

char *
fifo_room(struct fifo *f, size_t want, size_t *room)
{
	size_t need = want < f->max - f->n ? f->n + want : f->max;
	size_t cap = f->cap > 0 ? f->cap : 4096;
	char *p;

	if (f->n >= f->max)
		return NULL;
	if (f->at > 0 && f->at + need > f->cap) {
		memmove(f->p, f->p + f->at, f->n);
		f->at = 0;
	}
	while (cap < need)
		cap *= 2;
	if (cap > f->cap) {	/* not mem_grow: no copy may be left unwiped */
		p = mem_new(cap, 1);
		if (f->n > 0)
			memcpy(p, f->p + f->at, f->n);
		if (f->p != NULL)
			mem_wipe(f->p, f->cap);
		free(f->p);
		f->p = p;
		f->at = 0;
		f->cap = cap;
	}
	*room = f->cap - f->at - f->n;
	if (*room > f->max - f->n)
		*room = f->max - f->n;
	return f->p + f->at + f->n;
}

size_t
fifo_put(struct fifo *f, const void *p, size_t n)
{
	size_t room;
	char *to = fifo_room(f, n, &room);

	if (to == NULL || n == 0)
		return 0;
	n = n < room ? n : room;
	memcpy(to, p, n);
	f->n += n;
	return n;
}

void
fifo_drop(struct fifo *f, size_t n)
{
	f->n -= n;
	f->at = f->n > 0 ? f->at + n : 0;
}

void
fifo_clean(struct fifo *f)
{
	size_t end = f->at + f->n;

	if (f->p == NULL)
		return;
	mem_wipe(f->p, f->at);
	mem_wipe(f->p + end, f->cap - end);
}

void
fifo_free(struct fifo *f)
{
	if (f->p != NULL)
		mem_wipe(f->p, f->cap);
	free(f->p);
	*f = (struct fifo){ .max = f->max };
}
