/*
 * jobs.c: addresses and ports that are to be probed: which is next
 *
 * A job that finds its gate full waits there, and comes before newer ones
 * when another one has shut it.
 */
#include <stdlib.h>

#include "clock.h"
#include "jobs.h"
#include "mem.h"
#include "str.h"
#include "table.h"

struct queue {
	struct job *first, **last;
	size_t n;
};

/* Connections to one port of one address, and who waits for one to end. */
struct gate {
	struct net_addr addr;
	size_t at;			/* in jobs->gate */
	uint64_t open;
	struct queue waiting;
};

struct jobs {
	uint64_t per_host, rate;
	struct queue ready;
	struct queue known;		/* these come first */
	size_t waiting;			/* in all gates */
	struct gate **gate;
	size_t ngate, gate_cap;
	struct table gates;		/* of gate */
	int64_t next_us;		/* for the rate: not before */
};

static void
queue_append(struct queue *q, struct job *j)
{
	j->next = NULL;
	*(q->n > 0 ? q->last : &q->first) = j;
	q->last = &j->next;
	q->n++;
}

static struct job *
queue_take(struct queue *q)
{
	struct job *j = q->first;

	q->first = j->next;
	q->n--;
	return j;
}

void
jobs_add(struct jobs *all, struct job *j)
{
	queue_append(&all->ready, j);
}

void
jobs_known(struct jobs *all, struct job *j)
{
	queue_append(&all->known, j);
}

size_t
jobs_waiting(const struct jobs *all)
{
	return all->known.n + all->ready.n + all->waiting;
}

static struct str
gate_at(const void *of, size_t at)
{
	const struct net_addr *a = &((const struct jobs *)of)->gate[at]->addr;

	return (struct str){ (const char *)&a->ss, a->len };
}

static struct gate *
gate_of(struct jobs *all, const struct net_addr *a)
{
	size_t at = table_text(&all->gates, all, (struct str){
	    (const char *)&a->ss, a->len });
	struct gate *g;

	if (at != TABLE_NONE)
		return all->gate[at];
	if (all->ngate == all->gate_cap) {
		all->gate_cap = all->gate_cap > 0 ? 2 * all->gate_cap : 64;
		all->gate = mem_grow(all->gate, all->gate_cap,
		    sizeof *all->gate);
	}
	g = mem_new(1, sizeof *g);
	g->addr = *a;
	g->at = all->ngate++;
	all->gate[g->at] = g;
	table_add(&all->gates, all, g->at);
	return g;
}

/* The last one takes its place. */
static void
remove_gate(struct jobs *all, struct gate *g)
{
	struct gate *last = all->gate[all->ngate - 1];

	table_del(&all->gates, all, g->at);
	if (last != g) {
		table_del(&all->gates, all, last->at);
		last->at = g->at;
		all->gate[last->at] = last;
		table_add(&all->gates, all, last->at);
	}
	all->ngate--;
	free(g);
}

/* May one more connection be made?  If not, the job waits at the gate. */
static bool
pass_gate(struct jobs *all, struct job *j)
{
	struct gate *g = gate_of(all, j->addr);

	j->gate = g;
	if (g->open < all->per_host) {
		g->open++;
		return true;
	}
	queue_append(&g->waiting, j);
	all->waiting++;
	return false;
}

void
jobs_shut(struct jobs *all, struct job *j)
{
	struct queue *ready = &all->ready;
	struct gate *g = j->gate;
	struct job *next;

	if (g == NULL)
		return;
	j->gate = NULL;
	g->open--;
	if (g->waiting.n > 0) {		/* its turn comes before newer ones */
		next = queue_take(&g->waiting);
		all->waiting--;
		next->next = ready->first;
		ready->first = next;
		if (ready->n++ == 0)
			ready->last = &next->next;
	} else if (g->open == 0) {
		remove_gate(all, g);
	}
}

/* A pause is made up for, if it was short. */
static void
pace(struct jobs *all)
{
	int64_t now;

	if (all->rate == 0)
		return;
	now = clock_us();
	all->next_us = (all->next_us > now - 100000 ? all->next_us : now) +
	    1000000 / (int64_t)all->rate;
}

struct job *
jobs_next(struct jobs *all)
{
	struct job *j;

	if (all->known.n > 0)
		return queue_take(&all->known);
	while (all->ready.n > 0 && (all->rate == 0 ||
	    clock_us() >= all->next_us)) {
		j = queue_take(&all->ready);
		if (!pass_gate(all, j))
			continue;
		pace(all);
		return j;
	}
	return NULL;
}

int64_t
jobs_when(const struct jobs *all)
{
	return all->rate > 0 && all->ready.n > 0 ? all->next_us / 1000 + 1 :
	    CLOCK_NEVER;
}

struct jobs *
jobs_new(uint64_t per_host, uint64_t rate)
{
	struct jobs *all = mem_new(1, sizeof *all);

	all->per_host = per_host;
	all->rate = rate;
	all->gates.text = gate_at;
	return all;
}

void
jobs_free(struct jobs *all)
{
	size_t i;

	if (all == NULL)
		return;
	for (i = 0; i < all->ngate; i++)
		free(all->gate[i]);
	table_free(&all->gates);
	free(all->gate);
	free(all);
}
