/*
 * sts.c: the MTA-STS policy of a domain, found and got (RFC 8461)
 *
 * A job belongs to its thread until it is given back, and whoever waits for it
 * may be gone before: so it has memory of its own.
 */
#include "sts.h"

#include <stdlib.h>

#include "tag.h"

struct sts_job {
	struct https_job job;
	struct arena mem;
	struct sts *sts;		/* NULL: nobody waits any more */
	struct ask *ask;
	unsigned who;
};

int
sts_open(struct sts_way *w, struct sandbox *box, struct err *e)
{
	w->ctx = tls_ctx_new(&w->tls, e);
	if (w->ctx == NULL)
		return -1;
	tls_ctx_reads(w->ctx, box);
	sandbox_port(box, w->port > 0 ? w->port : 443);
	return 0;
}

bool
sts_close(struct sts_way *w)
{
	if (!https_pool_end(&w->pool))
		return false;
	tls_ctx_free(w->ctx);
	w->ctx = NULL;
	return true;
}

static bool
sts_over(struct sts *s, enum sts_state state, const char *why)
{
	s->done = true;
	s->state = state;
	s->why = why;
	return true;
}

/* ---- the record */

/* Takes what the answer says; true if there is no need to look for a policy. */
static bool
read_record(struct sts *s)
{
	const char *why;

	s->found = tag_start(s->answer, MTASTS_START, &s->record);
	if (s->found == 0 && dns_temporary(s->answer->status))
		return sts_over(s, STS_UNKNOWN,
		    "its TXT record cannot be looked up now");
	if (s->found == 0)
		return sts_over(s, STS_NONE, NULL);
	if (s->found > 1)
		return sts_over(s, STS_MANY, NULL);
	s->id = mtasts_id(s->record, &why);
	if (why != NULL)
		return sts_over(s, STS_MALFORMED, why);
	return s->way == NULL && sts_over(s, STS_RECORD, NULL);
}

/* ---- the policy */

static void
fetch_failed(struct sts *s, struct arena *mem, const struct err *e)
{
	bool later = e->code == EX_TEMPFAIL || e->code == EX_OSERR;

	sts_over(s, later ? STS_TEMP : STS_FAILED,
	    arena_dup(mem, str_of(e->msg)));
}

static void
read_policy(struct sts *s, struct arena *mem, const struct https_job *j)
{
	const struct https *h = &j->get;
	const char *why;

	s->http = h->status;
	if (j->got < 0)
		fetch_failed(s, mem, &j->e);
	else if ((why = mtasts_unfit(mem, h->status, h->type,
	    h->too_big)) != NULL)
		sts_over(s, STS_FAILED, why);
	else if (mtasts_parse(mem, arena_str(mem, BUF_STR(h->body)),
	    &s->policy) < 0)
		sts_over(s, STS_INVALID, s->policy.why);
	else
		sts_over(s, STS_POLICY, NULL);
}

static void
free_job(struct sts_job *j)
{
	buf_free(&j->job.get.body);
	arena_free(&j->mem);
	free(j);
}

static void
policy_came(struct https_job *job)
{
	struct sts_job *j = job->arg;
	struct ask *a = j->sts != NULL ? j->ask : NULL;
	unsigned who = j->who;

	if (a != NULL) {
		j->sts->job = NULL;
		read_policy(j->sts, a->mem, job);
	}
	free_job(j);
	if (a != NULL)
		ask_release(a, who);
}

/* From the i-th on; n: how many addresses may there be at most? */
static void
address_add(struct https_job *j, const struct dns_answer *a, unsigned i,
    unsigned n)
{
	for (; i < a->n && j->ndial < n; i++)
		dns_addr(a->rr[i].data, j->dial[j->ndial++], sizeof *j->dial);
}

/* Two of IPv4 first; but neither family is left out for the other. */
static void
add_all(struct https_job *j, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	address_add(j, a, 0, HTTPS_DIALS / 2);
	address_add(j, aaaa, 0, HTTPS_DIALS);
	address_add(j, a, HTTPS_DIALS / 2, HTTPS_DIALS);
}

static struct sts_job *
make_job(struct sts *s, struct ask *q, const char *domain)
{
	struct sts_job *j = mem_new(1, sizeof *j);

	j->sts = s;
	j->ask = q;
	j->who = q->who;
	j->job = (struct https_job){ .seconds = s->seconds, .done = policy_came,
	    .arg = j };
	j->job.get = (struct https){ .port = s->way->port, .tls = s->way->ctx,
	    .host = arena_printf(&j->mem, "mta-sts.%s", domain),
	    .path = "/.well-known/mta-sts.txt",
	    .body = { .max = MTASTS_MAX } };
	return j;
}

/* Which of the two says why there is no address. */
static void
no_address(struct err *e, const char *domain, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	const struct dns_answer *bad = dns_temporary(aaaa->status) ? aaaa : a;

	fail(e, dns_temporary(bad->status) ? EX_TEMPFAIL : EX_NOHOST,
	    "mta-sts.%s: no address (%s)", domain, dns_status(bad->status));
}

/* False: it is under way. */
static bool
policy_start(struct sts *s, struct ask *q, const char *domain,
    const struct dns_answer *a, const struct dns_answer *aaaa)
{
	struct sts_job *j = make_job(s, q, domain);
	struct err e = { .code = 0 };

	s->tried = true;
	add_all(&j->job, a, aaaa);
	if (j->job.ndial == 0)
		no_address(&e, domain, a, aaaa);
	else if (https_pool_start(&s->way->pool, &j->job, &e) == 0) {
		s->job = j;
		ask_hold(q);
		return false;
	}
	free_job(j);
	fetch_failed(s, q->mem, &e);
	return true;
}

/* Where the policy may be: asks for both, before it says if one is missing. */
static bool
server(struct ask *q, const char *domain, const struct dns_answer **a,
    const struct dns_answer **aaaa)
{
	*a = ask_dnsf(q, DNS_A, "mta-sts.%s", domain);
	*aaaa = ask_dnsf(q, DNS_AAAA, "mta-sts.%s", domain);
	return *a != NULL && *aaaa != NULL;
}

bool
sts_get(struct sts *s, struct ask *q, const char *domain)
{
	const struct dns_answer *a, *aaaa;

	if (s->done || s->job != NULL)
		return s->done;
	s->answer = ask_dnsf(q, DNS_TXT, "_mta-sts.%s", domain);
	if (s->way != NULL && s->early && !server(q, domain, &a, &aaaa))
		return false;
	if (s->answer == NULL)
		return false;
	if (read_record(s))
		return true;
	return server(q, domain, &a, &aaaa) &&
	    policy_start(s, q, domain, a, aaaa);
}

void
sts_drop(struct sts *s, const char *why)
{
	if (s->job != NULL)
		s->job->sts = NULL;
	s->job = NULL;
	if (!s->done)
		sts_over(s, STS_TEMP, why);
}
