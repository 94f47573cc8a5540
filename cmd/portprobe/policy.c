/* policy.c: the MTA-STS policy of a target, got beside the loop */
#include "clock.h"
#include "https_pool.h"
#include "net.h"
#include "policy.h"
#include "run.h"
#include "sts.h"
#include "target.h"

char policy_token;

int
policy_ready(struct run *r, struct err *e)
{
	if (r->set->extra.deep)
		sandbox_port(&r->box, 80);	/* see crl.c */
	if (!r->policies && !r->set->extra.deep)
		return 0;
	r->sts.tls = r->set->tls;
	r->sts.port = (unsigned)r->set->limit.sts_port;
	r->sts.wary = r->set->scope.public;
	return sts_open(&r->sts, &r->box, e);
}

/* The rest of the target's time. */
static double
left(const struct target *t)
{
	double s = t->run->set->scope.timeout -
	    (double)(clock_us() - t->started) / 1e6;

	return s > 0.1 ? s : 0.1;
}

void
policy_watch(struct run *r)
{
	if (!r->watched)	/* else the target's own limit ends it */
		r->watched = https_pool_fd(&r->sts.pool) >= 0 &&
		    net_watch_add(r->watch, https_pool_fd(&r->sts.pool),
		    &policy_token) == 0;
}

void
policy_ask(struct target *t)
{
	if (t->sts == NULL || t->sts->done)
		return;
	t->sts->seconds = left(t);
	if (sts_get(t->sts, &t->ask, t->given.domain))
		target_news(t);
	else
		policy_watch(t->run);
}

void
policy_collect(struct run *r)
{
	https_pool_reap(&r->sts.pool);
}
