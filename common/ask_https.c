/*
 * ask_https.c: a file over HTTPS, by code that reads from top to bottom
 *
 * A job belongs to its thread until it is given back, and whoever waits for it
 * may be gone before: so it has memory of its own.
 */
#include "ask_https.h"

#include <stdlib.h>

struct ask_https_job {
	struct https_job job;
	struct arena mem;
	struct ask_https *of;		/* NULL: nobody waits any more */
	struct ask *ask;
	unsigned who;
};

static void
free_job(struct ask_https_job *j)
{
	buf_free(&j->job.get.body);
	arena_free(&j->mem);
	free(j);
}

static void
file_came(struct https_job *job)
{
	struct ask_https_job *j = job->arg;
	struct ask_https *h = j->of;
	struct ask *a = j->ask;
	unsigned who = j->who;

	if (h != NULL) {
		h->job = NULL;
		h->done = true;
		h->got = job->got;
		h->e = job->e;
		h->status = job->get.status;
		h->type = arena_dup(a->mem, str_of(job->get.type));
		h->too_big = job->get.too_big;
		h->body = arena_str(a->mem, BUF_STR(job->get.body));
	}
	free_job(j);
	if (h != NULL)
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

static struct ask_https_job *
make_job(struct ask_https *h, struct ask *q)
{
	struct ask_https_job *j = mem_new(1, sizeof *j);

	j->of = h;
	j->ask = q;
	j->who = q->who;
	j->job = (struct https_job){ .seconds = h->seconds, .done = file_came,
	    .arg = j };
	j->job.get = (struct https){ .port = h->port, .tls = h->tls, .plain = h->plain,
	    .host = arena_dup(&j->mem, str_of(h->host)),
	    .path = arena_dup(&j->mem, str_of(h->path)),
	    .body = { .max = h->max } };
	return j;
}

/* Which of the two says why there is no address. */
static void
no_address(struct ask_https *h, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	const struct dns_answer *bad = dns_temporary(aaaa->status) ? aaaa : a;

	fail(&h->e, dns_temporary(bad->status) ? EX_TEMPFAIL : EX_NOHOST,
	    "%s: no address (%s)", h->host, dns_status(bad->status));
}

/* Asks for both, before it says if one is missing. */
bool
ask_https_server(struct ask *q, const char *host)
{
	const struct dns_answer *a = ask_dns(q, host, DNS_A),
	    *aaaa = ask_dns(q, host, DNS_AAAA);

	return a != NULL && aaaa != NULL;
}

bool
ask_https_get(struct ask_https *h, struct ask *q)
{
	struct ask_https_job *j;

	if (h->done || h->job != NULL)
		return h->done;
	if (!ask_https_server(q, h->host))
		return false;
	j = make_job(h, q);
	add_all(&j->job, ask_dns(q, h->host, DNS_A),
	    ask_dns(q, h->host, DNS_AAAA));
	if (j->job.ndial == 0) {
		no_address(h, ask_dns(q, h->host, DNS_A),
		    ask_dns(q, h->host, DNS_AAAA));
	} else if (https_pool_start(h->pool, &j->job, &h->e) == 0) {
		h->job = j;
		ask_hold(q);
		return false;
	}
	free_job(j);
	h->got = -1;
	h->done = true;
	return true;
}

void
ask_https_drop(struct ask_https *h)
{
	if (h->job != NULL)
		h->job->of = NULL;
	h->job = NULL;
}
