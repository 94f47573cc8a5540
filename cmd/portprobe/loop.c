/* loop.c: who begins, who is late, and the one wait */
#include <unistd.h>

#include "clock.h"
#include "due.h"
#include "feed.h"
#include "jobs.h"
#include "loop.h"
#include "net.h"
#include "output.h"
#include "policy.h"
#include "probe.h"
#include "program.h"
#include "run.h"
#include "share.h"
#include "slot.h"
#include "stop.h"
#include "targets.h"

enum { EVENTS = 256, SPARE_FDS = 64 };

/*
 * Targets with news are looked at, and handshakes begin whose turn has come:
 * what happens brings more of both.
 */
static void
loop_settle(struct run *r)
{
	do
		targets_settle(r);
	while (probe_shake(r));
}

/* True if one was over at once: then there is room for another one. */
static bool
loop_start(struct run *r)
{
	struct probe *p;
	struct job *j;
	bool over = false;

	while (slot_left(r->slots) > 0 && (j = jobs_next(r->jobs)) != NULL) {
		p = slot_take(r->slots);
		probe_start(r, p, j);
		over |= p->stage == STAGE_FREE;
	}
	loop_settle(r);
	return over;
}

static int64_t
until(const struct run *r)
{
	int64_t at = due_soonest(&r->dues), ms;

	if (slot_left(r->slots) > 0) {
		ms = jobs_when(r->jobs);
		at = ms < at ? ms : at;
	}
	ms = output_when(r);
	return ms < at ? ms : at;
}

static void
wait(struct run *r, int64_t at)
{
	struct pollfd watch = { r->watch, POLLIN, 0 };
	struct net_event ev[EVENTS];
	int n, i;

	if (dns_unanswered(r->dns) > 0) {
		dns_wait(r->dns, &watch, 1, net_watch_until(at));
		loop_settle(r);
		at = 0;
	}
	n = net_watch_wait(r->watch, ev, EVENTS, at);
	r->tick = clock_us();
	for (i = 0; i < n; i++) {
		if (ev[i].who == &feed_token)
			feed_readable(r);
		else if (ev[i].who == &policy_token)
			policy_collect(r);
		else
			probe_event(ev[i].who, &ev[i]);
		loop_settle(r);
	}
}

static void
loop_set_up(struct run *r)
{
	size_t files = program_files();

	due_init(&r->dues);
	r->jobs = jobs_new(r->set->limit.per_host, r->set->limit.rate);
	r->shares = shares_new();
	r->most = r->set->limit.most;
	if (files < r->most + SPARE_FDS)
		r->most = files > 2 * SPARE_FDS ? files - SPARE_FDS : 1;
	r->slots = slots_new(r->most);
}

/* Each deadline that has come by now, also one that another one's end set. */
static void
expire(struct run *r)
{
	int64_t now = clock_ms();
	struct due *d;

	while ((d = due_next(&r->dues, now)) != NULL) {
		if (d->list == DUE_TARGET)
			targets_late(d->who);
		else
			probe_late(d->who);
		loop_settle(r);
	}
}

int
loop_run(struct run *r, struct err *e)
{
	bool more;

	r->watch = net_watch(e);
	if (r->watch < 0)
		return -1;
	loop_set_up(r);
	for (;;) {
		feed_begin(r);
		more = loop_start(r);
		if (output_flush(r, false, e) < 0)
			return -1;
		if (r->targets == 0 && feed_end(r))
			return 0;
		wait(r, more ? 0 : until(r));
		if (stop_asked()) {
			targets_stop(r);
			return output_flush(r, true, e) < 0 ? -1 : fail_stop(e);
		}
		expire(r);
	}
}

void
loop_free(struct run *r)
{
	slots_free(r->slots);
	jobs_free(r->jobs);
	shares_free(r->shares);
	if (r->watch >= 0)
		close(r->watch);
}
