/* several.c: one account each, in processes of our own */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "mem.h"
#include "several.h"

void
several_begin(struct several *s, size_t most)
{
	*s = (struct several){ .child = mem_new(most > 0 ? most : 1,
	    sizeof *s->child) };
}

int
several_fork(struct several *s, struct err *e)
{
	int got;

	fflush(stdout);
	got = spawn_fork(&s->child[s->n], e);
	if (got > 0) {
		s->n++;
		s->running++;
	}
	return got;
}

/* It is counted once. */
static int
child_code(struct several *s, struct spawn_child *c)
{
	int code = c->how == SPAWN_EXITED ? c->code : EX_SOFTWARE;

	c->how = SPAWN_NONE;
	s->running--;
	return code;
}

int
several_next(struct several *s)
{
	size_t i;
	int which;

	if (s->running == 0)
		return -1;
	which = spawn_any(s->child, s->n, CLOCK_NEVER);
	if (which >= 0)
		return child_code(s, &s->child[which]);
	spawn_stop(s->child, s->n);
	for (i = 0; i < s->n; i++)
		if (s->child[i].how != SPAWN_NONE)
			return child_code(s, &s->child[i]);
	s->running = 0;
	return -1;
}

void
several_free(struct several *s)
{
	free(s->child);
	*s = (struct several){ .n = 0 };
}
