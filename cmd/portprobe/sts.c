/*
 * sts.c: MTA-STS policies, got beside the loop
 *
 * A job belongs to its thread until it is given back, and the target may be
 * over before: then the target leaves it to itself.
 */
#include <stdlib.h>

#include "clock.h"
#include "https_pool.h"
#include "run.h"
#include "sts.h"
#include "tag.h"
#include "target.h"

struct job_of {
	struct https_job fetch;
	struct arena mem;
	struct sts *sts;		/* NULL: nobody waits any more */
};

static struct tls_conf conf;		/* the sessions look into it */
static struct tls_ctx *tls;
static struct https_pool pool;
static bool watched;
char sts_token;

static void
failed(struct sts *s, const char *why, bool temporary)
{
	s->done = true;
	s->error = arena_dup(&s->target->mem, str_of(why));
	s->temporary = temporary;
}

static void
understand(struct sts *s, const struct https_job *f)
{
	struct arena *mem = &s->target->mem;
	const struct https *h = &f->get;
	const char *why;

	if (f->got < 0)
		failed(s, f->e.msg, f->e.code == EX_TEMPFAIL);
	else if ((why = mtasts_unfit(mem, h->status, h->type,
	    h->too_big)) != NULL)
		failed(s, why, false);
	else if (mtasts_parse(mem, arena_str(mem, BUF_STR(h->body)),
	    &s->policy) < 0)
		failed(s, s->policy.why, false);
	else
		s->have = s->done = true;
}

static void
ended(struct https_job *f)
{
	struct job_of *j = f->arg;
	struct sts *s = j->sts;
	bool news = s != NULL && !s->done;

	if (s != NULL)
		s->job = NULL;
	if (news)
		understand(s, f);
	buf_free(&f->get.body);
	arena_free(&j->mem);
	free(j);
	if (news)
		target_news(s->target);
}

int
sts_ready(struct run *r, struct err *e)
{
	if (!r->policies)
		return 0;
	conf = r->set->tls;
	tls = tls_ctx_new(&conf, e);
	sandbox_port(&r->box, r->set->limit.sts_port > 0 ?
	    (unsigned)r->set->limit.sts_port : 443);
	return tls != NULL ? 0 : -1;
}

static int
sts_start(struct run *r, struct job_of *j, struct err *e)
{
	j->fetch.get.tls = tls;
	if (https_pool_start(&pool, &j->fetch, e) < 0)
		return -1;
	if (!watched)		/* else the target's own limit ends it */
		watched = net_watch_add(r->watch, https_pool_fd(&pool),
		    &sts_token) == 0;
	return 0;
}

/* By a thread. */
static void
get(struct run *r, struct sts *s, const struct net_addr *a, int n)
{
	struct job_of *j = mem_new(1, sizeof *j);
	struct https_job *f = &j->fetch;
	struct err e = { .code = 0 };

	j->sts = s;
	s->job = j;
	f->get = (struct https){ .port = (unsigned)r->set->limit.sts_port,
	    .host = arena_printf(&j->mem, "mta-sts.%s", s->target->given.domain),
	    .path = "/.well-known/mta-sts.txt",
	    .body = { .max = MTASTS_MAX } };
	for (; (int)f->ndial < n && f->ndial < HTTPS_DIALS; f->ndial++)
		net_ntop(&a[f->ndial], f->dial[f->ndial], sizeof f->dial[0]);
	f->seconds = r->set->scope.timeout -
	    (double)(clock_us() - s->target->started) / 1e6;
	if (f->seconds < 0.1)
		f->seconds = 0.1;
	f->done = ended;
	f->arg = j;
	if (sts_start(r, j, &e) == 0)
		return;
	s->job = NULL;
	arena_free(&j->mem);
	free(j);
	failed(s, e.msg, true);
	target_news(s->target);
}

void
sts_give_up(struct target *t, const char *error, bool temporary)
{
	t->sts->done = true;
	t->sts->error = error;
	t->sts->temporary = temporary;
	target_news(t);
}

void
sts_ask(struct target *t)
{
	const struct dns_answer *txt, *a, *aaaa;
	struct net_addr addr[4];
	struct str record;
	const char *host, *why;
	unsigned i;
	int n = 0;

	if (t->sts == NULL || t->sts->done || t->sts->asked)
		return;
	txt = ask_dnsf(&t->ask, DNS_TXT, "_mta-sts.%s", t->given.domain);
	if (txt == NULL)
		return;
	if (dns_temporary(txt->status)) {
		sts_give_up(t, "its TXT record cannot be looked up now", true);
		return;
	}
	if (tag_select(txt, "STSv1", &record) != 1) {
		sts_give_up(t, NULL, false);	/* there is none */
		return;
	}
	t->sts->id = mtasts_id(record, &why);
	if (why != NULL) {
		sts_give_up(t, why, false);
		return;
	}
	host = arena_printf(&t->mem, "mta-sts.%s", t->given.domain);
	a = ask_dns(&t->ask, host, DNS_A);
	aaaa = ask_dns(&t->ask, host, DNS_AAAA);
	if (a == NULL || aaaa == NULL)
		return;
	for (i = 0; i < a->n && n < 2; i++)
		net_raw(a->rr[i].data, 443, &addr[n++]);
	for (i = 0; i < aaaa->n && n < 4; i++)
		net_raw(aaaa->rr[i].data, 443, &addr[n++]);
	t->sts->asked = true;
	if (n == 0)
		sts_give_up(t, "mta-sts has no address", dns_temporary(
		    a->status) || dns_temporary(aaaa->status));
	else
		get(t->run, t->sts, addr, n);
}

void
sts_forget(struct sts *s)
{
	if (s->job != NULL)
		s->job->sts = NULL;
	s->job = NULL;
}

void
sts_collect(void)
{
	https_pool_reap(&pool);
}

bool
sts_end(void)
{
	if (!https_pool_end(&pool))
		return false;
	tls_ctx_free(tls);
	return true;
}
