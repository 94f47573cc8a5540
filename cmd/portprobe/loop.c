/* loop.c: slots, what is late, and the one wait */
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "probe.h"
#include "program.h"
#include "stop.h"

enum { EVENTS = 256, SPARE_FDS = 64 };

struct loop {
	struct probe **spare;		/* free slots */
	size_t spares;
	struct net_event event[EVENTS];
};

void
loop_gone(struct run *r, struct probe *p)
{
	r->loop->spare[r->loop->spares++] = p;
}

static void
start(struct run *r)
{
	struct loop *l = r->loop;
	struct job *j;

	while (l->spares > 0 && (j = jobs_next(r->jobs)) != NULL)
		probe_start(r, l->spare[--l->spares], j);
}

static int64_t
until(const struct run *r)
{
	int64_t at = due_soonest(&r->dues), ms;

	if (r->loop->spares > 0) {
		ms = jobs_when(r->jobs);
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

	r->loop = l;
	r->jobs = jobs_new(r->per_host, r->rate);
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
	jobs_free(r->jobs);
	free(r->probe);
	free(r->loop->spare);
	free(r->loop);
	if (r->watch >= 0)
		close(r->watch);
}
