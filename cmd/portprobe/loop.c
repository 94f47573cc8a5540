/*
 * loop.c: who may start, who is too late, and the one wait
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "probe.h"
#include "program.h"
#include "stop.h"
#include "table.h"

enum { EVENTS = 256, SPARE_FDS = 64 };

struct jobs {
	struct job *first, **last;
	size_t n;
};

/* Connections to one port of one address, and who waits for one to end. */
struct gate {
	struct net_addr addr;
	size_t at;			/* in loop->gate */
	uint64_t open;
	struct jobs waiting;
};

struct loop {
	struct jobs ready;
	size_t waiting;			/* in all gates */
	struct gate **gate;
	size_t ngate, gate_cap;
	struct table gates;		/* of gate */
	struct probe **spare;		/* free slots */
	size_t spares;
	int64_t next_us;		/* --rate: not before */
	struct net_event event[EVENTS];
};

/* ---- jobs */

static void
append(struct jobs *q, struct job *j)
{
	j->next = NULL;
	*(q->n > 0 ? q->last : &q->first) = j;
	q->last = &j->next;
	q->n++;
}

static struct job *
take(struct jobs *q)
{
	struct job *j = q->first;

	q->first = j->next;
	q->n--;
	return j;
}

void
loop_job(struct run *r, struct job *j)
{
	append(&r->loop->ready, j);
}

size_t
loop_queue(const struct run *r)
{
	return r->loop->ready.n + r->loop->waiting;
}

static struct str
gate_at(const void *of, size_t at)
{
	const struct net_addr *a = &((const struct loop *)of)->gate[at]->addr;

	return (struct str){ (const char *)&a->ss, a->len };
}

static struct gate *
gate_of(struct loop *l, const struct net_addr *a)
{
	size_t at = table_text(&l->gates, l, (struct str){
	    (const char *)&a->ss, a->len });
	struct gate *g;

	if (at != TABLE_NONE)
		return l->gate[at];
	if (l->ngate == l->gate_cap) {
		l->gate_cap = l->gate_cap > 0 ? 2 * l->gate_cap : 64;
		l->gate = mem_grow(l->gate, l->gate_cap, sizeof *l->gate);
	}
	g = mem_new(1, sizeof *g);
	g->addr = *a;
	g->at = l->ngate++;
	l->gate[g->at] = g;
	table_add(&l->gates, l, g->at);
	return g;
}

/* The last one takes its place. */
static void
remove_gate(struct loop *l, struct gate *g)
{
	struct gate *last = l->gate[l->ngate - 1];

	table_del(&l->gates, l, g->at);
	if (last != g) {
		table_del(&l->gates, l, last->at);
		last->at = g->at;
		l->gate[last->at] = last;
		table_add(&l->gates, l, last->at);
	}
	l->ngate--;
	free(g);
}

/* May one more connection be made?  If not, the job waits at the gate. */
static bool
pass(struct run *r, struct job *j)
{
	struct gate *g = gate_of(r->loop, j->addr);

	j->gate = g;
	if (g->open < r->per_host) {
		g->open++;
		return true;
	}
	append(&g->waiting, j);
	r->loop->waiting++;
	return false;
}

void
loop_shut(struct run *r, struct job *j)
{
	struct jobs *ready = &r->loop->ready;
	struct gate *g = j->gate;
	struct job *next;

	j->gate = NULL;
	g->open--;
	if (g->waiting.n > 0) {		/* its turn comes before newer ones */
		next = take(&g->waiting);
		r->loop->waiting--;
		next->next = ready->first;
		ready->first = next;
		if (ready->n++ == 0)
			ready->last = &next->next;
	} else if (g->open == 0) {
		remove_gate(r->loop, g);
	}
}

void
loop_gone(struct run *r, struct probe *p)
{
	r->loop->spare[r->loop->spares++] = p;
}

/* A pause is made up for, if it was short. */
static void
pace(struct run *r)
{
	struct loop *l = r->loop;
	int64_t now;

	if (r->rate == 0)
		return;
	now = clock_us();
	l->next_us = (l->next_us > now - 100000 ? l->next_us : now) +
	    1000000 / (int64_t)r->rate;
}

static void
start(struct run *r)
{
	struct loop *l = r->loop;
	struct job *j;

	while (l->ready.n > 0 && l->spares > 0 && (r->rate == 0 ||
	    clock_us() >= l->next_us)) {
		j = take(&l->ready);
		if (!pass(r, j))
			continue;
		pace(r);
		probe_start(r, l->spare[--l->spares], j);
	}
}

/* ---- the wait */

static int64_t
until(const struct run *r)
{
	const struct loop *l = r->loop;
	int64_t at = due_soonest(&r->dues), ms;

	if (r->rate > 0 && l->ready.n > 0 && l->spares > 0) {
		ms = l->next_us / 1000 + 1;
		at = ms < at ? ms : at;
	}
	ms = tell_when(r);
	return ms < at ? ms : at;
}

static void
wait(struct run *r, int64_t at)
{
	struct loop *l = r->loop;
	struct pollfd watch = { r->watch, POLLIN, 0 };
	struct net_event *ev = l->event;
	int n, i;

	if (r->asked > 0) {
		dns_wait(r->dns, &watch, 1, at);
		at = 0;
	}
	n = net_watch_wait(r->watch, ev, EVENTS, at);
	r->tick = clock_us();
	for (i = 0; i < n; i++) {
		if (ev[i].who == &targets_token)
			targets_readable(r);
		else if (ev[i].who == &sts_token)
			sts_collect();
		else
			probe_event(ev[i].who, &ev[i]);
	}
}

static void
set_up(struct run *r)
{
	struct loop *l = mem_new(1, sizeof *l);
	size_t files = program_files();

	l->gates.text = gate_at;
	r->loop = l;
	if (files < r->most + SPARE_FDS)
		r->most = files > 2 * SPARE_FDS ? files - SPARE_FDS : 1;
	r->nprobe = r->most;
	r->probe = mem_new(r->nprobe, sizeof *r->probe);
	l->spare = mem_new(r->nprobe, sizeof *l->spare);
	while (l->spares < r->nprobe) {
		l->spare[l->spares] = &r->probe[r->nprobe - 1 - l->spares];
		l->spares++;
	}
}

/* Each deadline that has come by now, also one that another one's end set. */
static void
expire(struct run *r)
{
	int64_t now = clock_ms();
	struct due *d;

	while ((d = due_next(&r->dues, now)) != NULL)
		if (d->list == DUE_TARGET)
			targets_late(d->who);
		else
			probe_late(d->who);
}

int
loop_run(struct run *r, struct err *e)
{
	r->watch = net_watch(e);
	if (r->watch < 0)
		return -1;
	due_init(&r->dues);
	set_up(r);
	for (;;) {
		targets_feed(r);
		start(r);
		if (tell_flush(r, false, e) < 0)
			return -1;
		if (r->targets == 0 && targets_end(r))
			return 0;
		wait(r, until(r));
		if (stop_asked())
			return tell_flush(r, true, e) < 0 ? -1 : fail_stop(e);
		expire(r);
	}
}

void
loop_free(struct run *r)
{
	size_t i;

	if (r->loop == NULL)
		return;
	for (i = 0; i < r->nprobe; i++)
		probe_release(&r->probe[i]);
	for (i = 0; i < r->loop->ngate; i++)
		free(r->loop->gate[i]);
	table_free(&r->loop->gates);
	free(r->loop->gate);
	free(r->probe);
	free(r->loop->spare);
	free(r->loop);
	if (r->watch >= 0)
		close(r->watch);
}
