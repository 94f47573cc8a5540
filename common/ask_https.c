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

/*
 * What a stranger names may lead to what only this machine, or its network,
 * can reach.
 */
static bool
may_ask(const struct ask_https *h, struct str addr)
{
	enum net_reach reach = net_reach(addr);

	return !h->wary || reach == NET_REACH_PUBLIC ||
	    (reach == h->near && reach != NET_REACH_NOBODY);
}

/* Those of one family that may be asked. */
struct family {
	struct str v[HTTPS_DIALS];
	unsigned n;
};

static struct family
family_of(const struct ask_https *h, const struct dns_answer *a)
{
	struct family f = { .n = 0 };
	unsigned i;

	for (i = 0; i < a->n && f.n < HTTPS_DIALS; i++)
		if (may_ask(h, a->rr[i].data))
			f.v[f.n++] = a->rr[i].data;
	return f;
}

/* From the i-th on; n: how many addresses may there be at most? */
static void
address_add(struct https_job *j, const struct family *f, unsigned i,
    unsigned n)
{
	for (; i < f->n && j->ndial < n; i++)
		dns_addr(f->v[i], j->dial[j->ndial++], sizeof *j->dial);
}

/* Two of IPv4 first; but neither family is left out for the other. */
static void
add_all(struct https_job *j, const struct family *four,
    const struct family *six)
{
	address_add(j, four, 0, HTTPS_DIALS / 2);
	address_add(j, six, 0, HTTPS_DIALS);
	address_add(j, four, HTTPS_DIALS / 2, HTTPS_DIALS);
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

/* Which of the two says why there is no address, or none that may be asked. */
static void
no_address(struct ask_https *h, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	const struct dns_answer *bad = dns_temporary(aaaa->status) ? aaaa : a;
	const struct dns_answer *near = a->n > 0 ? a : aaaa;
	char text[64];

	if (near->n > 0) {
		dns_addr(near->rr[0].data, text, sizeof text);
		fail(&h->e, EX_UNAVAILABLE, "%s: %s is a %s address, which is not asked",
		    h->host, text, net_reach_word(net_reach(near->rr[0].data)));
		return;
	}
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
	const struct dns_answer *a, *aaaa;
	struct ask_https_job *j;
	struct family four, six;

	if (h->done || h->job != NULL)
		return h->done;
	if (!ask_https_server(q, h->host))
		return false;
	a = ask_dns(q, h->host, DNS_A);
	aaaa = ask_dns(q, h->host, DNS_AAAA);
	four = family_of(h, a);
	six = family_of(h, aaaa);
	j = make_job(h, q);
	add_all(&j->job, &four, &six);
	if (j->job.ndial == 0) {
		no_address(h, a, aaaa);
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
