/* targets.c: a target from its beginning until all of it is told */
#include "crl.h"
#include "hosts.h"
#include "operand.h"
#include "policy.h"
#include "probe.h"
#include "route.h"
#include "run.h"
#include "slot.h"
#include "sts.h"
#include "tally.h"
#include "target.h"
#include "targets.h"

static void
targets_drop(struct target *t)
{
	if (t->sts != NULL)
		sts_drop(t->sts, NULL);
	crl_drop(t);
	target_free(t);
}

static void
target_over(struct target *t)
{
	if (!t->over) {
		t->over = true;
		t->run->targets--;
		due_clear(&t->due);
		tally_target(t);
	}
	if (t->ask.pending == 0)	/* else answers that nobody waits for */
		targets_drop(t);
}

static void
wake(struct target *t)
{
	struct probe *p = t->waiting, *next;

	t->waiting = NULL;
	for (; p != NULL; p = next) {
		next = p->next;
		probe_wake(p);
	}
}

/* Once more, with the answers that have come. */
static void
go(struct target *t)
{
	struct host *h;

	if (!t->expanded)
		t->expanded = t->given.kind == TARGET_MX ? route_mx(t) :
		    route_srv(t);
	for (h = t->hosts; h != NULL; h = h->next)
		if (!h->resolved)
			hosts_resolve(h);
	wake(t);
}

/* Probes that were held because of the policy are told. */
static void
targets_release(struct target *t)
{
	struct probe *p = t->held, *next;

	if (t->sts != NULL && !t->sts->done)
		return;
	t->held = NULL;
	for (; p != NULL; p = next) {
		next = p->next;
		probe_end(p);
	}
}

static bool
complete(const struct target *t)
{
	const struct host *h;

	if (!t->expanded || t->left > 0)
		return false;
	for (h = t->hosts; h != NULL; h = h->next)
		if (!h->resolved)
			return false;
	return true;
}

static void
review(struct target *t)
{
	if (!t->over) {
		if (t->answers) {
			policy_ask(t);	/* first: reports tell of it */
			go(t);
		}
		t->answers = false;
		targets_release(t);
	}
	if (!t->news && (t->over || complete(t)))
		target_over(t);
}

void
targets_settle(struct run *r)
{
	struct target *t;

	while ((t = target_next_news(r)) != NULL)
		review(t);
}

void
targets_late(struct target *t)
{
	struct host *h;

	if (!t->expanded)
		hosts_none(t, NULL, t->given.domain, EX_TEMPFAIL,
		    "no answer in %.3g s",
		    t->run->set->scope.timeout);
	t->expanded = true;
	for (h = t->hosts; h != NULL; h = h->next)
		if (!h->resolved) {
			h->resolved = true;
			hosts_none(t, h, h->name, EX_TEMPFAIL,
			    "no answer in %.3g s",
			    t->run->set->scope.timeout);
		}
	if (t->sts != NULL && !t->sts->done)
		sts_drop(t->sts, "no answer in time");
	target_news(t);
}

static void
begin(struct target *t)
{
	struct host *h;

	if (t->given.kind == TARGET_HOST) {
		h = hosts_add(t, t->given.domain, NULL);
		h->literal = t->given.literal;
		if (t->given.dial.len > 0)
			hosts_addr(h, &t->given.dial);
		if (t->given.dial.len > 0 && h->naddr == 0) {
			hosts_none(t, h, h->name, EX_NOHOST, "an address of the other family");
			h->resolved = true;
		}
		t->expanded = true;
	}
	if (t->given.kind == TARGET_MX && !t->run->set->want.no_sts) {
		t->sts = arena_new(&t->mem, 1, sizeof *t->sts);
		t->sts->way = &t->run->sts;
	}
	due_set(&t->run->dues, &t->due, DUE_TARGET, t->started / 1000 +
	    (int64_t)(t->run->set->scope.timeout * 1000));
	go(t);
	policy_ask(t);
	target_news(t);
}

void
targets_begin(struct run *r, struct str s, uint64_t seq)
{
	struct target *t = target_new(r, s);
	struct err e = { 0 };

	t->seq = seq;
	r->targets++;
	if (operand_parse(&t->given, s, r->set, &t->mem, &e) == 0) {
		begin(t);
		targets_settle(r);	/* it may make room for others */
		return;
	}
	t->given.kind = TARGET_HOST;
	t->expanded = true;
	hosts_none(t, NULL, t->given.text, EX_DATAERR, "%s", e.msg);
	target_over(t);
}

void
targets_stop(struct run *r)
{
	struct target *t;
	struct host *h;

	for (t = r->all; t != NULL; t = t->after)
		for (h = t->hosts; h != NULL; h = h->next)
			probe_release(h);
}

void
targets_free(struct run *r)
{
	struct target *t, *next;

	for (t = r->all; t != NULL; t = next) {
		next = t->after;
		targets_drop(t);
	}
}
