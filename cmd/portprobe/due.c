/*
 * due.c: what has a deadline, in the order of time
 *
 * All probes have the same time, so a list in order of beginning is nearly
 * one in order of ending; each of the three lists has one length of time in
 * it, and a new entry finds its place at the end.
 */
#include <stddef.h>

#include "clock.h"
#include "due.h"

void
due_init(struct dues *all)
{
	unsigned i;

	for (i = 0; i < DUES; i++)
		all->head[i].next = all->head[i].prev = &all->head[i];
}

void
due_clear(struct due *d)
{
	if (!d->on)
		return;
	d->prev->next = d->next;
	d->next->prev = d->prev;
	d->on = false;
}

void
due_set(struct dues *all, struct due *d, enum due_list list, int64_t at)
{
	struct due *head = &all->head[list], *before = head->prev;

	due_clear(d);
	while (before != head && before->at > at)
		before = before->prev;
	before = before->next;
	d->list = list;
	d->at = at;
	d->next = before;
	d->prev = before->prev;
	d->prev->next = before->prev = d;
	d->on = true;
}

int64_t
due_soonest(const struct dues *all)
{
	int64_t at = CLOCK_NEVER;
	unsigned i;

	for (i = 0; i < DUES; i++)
		if (all->head[i].next != &all->head[i] &&
		    all->head[i].next->at < at)
			at = all->head[i].next->at;
	return at;
}

struct due *
due_next(struct dues *all, int64_t now)
{
	struct due *d;
	unsigned i;

	for (i = 0; i < DUES; i++) {
		d = all->head[i].next;
		if (d == &all->head[i] || d->at > now)
			continue;
		due_clear(d);
		return d;
	}
	return NULL;
}
