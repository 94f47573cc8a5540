/* sts.c: the MTA-STS policy of a domain, found and got (RFC 8461) */
#include "sts.h"

#include "tag.h"

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
read_policy(struct sts *s, struct arena *mem)
{
	const struct ask_https *h = s->get;
	const char *why;

	s->http = h->status;
	if (h->got < 0)
		fetch_failed(s, mem, &h->e);
	else if ((why = mtasts_unfit(mem, h->status, h->type,
	    h->too_big)) != NULL)
		sts_over(s, STS_FAILED, why);
	else if (mtasts_parse(mem, h->body, &s->policy) < 0)
		sts_over(s, STS_INVALID, s->policy.why);
	else
		sts_over(s, STS_POLICY, NULL);
}

/* Once, when it is needed: how long it may take is said by then. */
static void
policy_prepare(struct sts *s, struct ask *q, const char *domain)
{
	if (s->get == NULL) {
		s->get = arena_new(q->mem, 1, sizeof *s->get);
		*s->get = (struct ask_https){ .pool = &s->way->pool,
		    .tls = s->way->ctx, .port = s->way->port,
		    .wary = s->way->wary,
		    .host = arena_printf(q->mem, "mta-sts.%s", domain),
		    .path = "/.well-known/mta-sts.txt", .max = MTASTS_MAX };
	}
	if (s->get->job == NULL)
		s->get->seconds = s->seconds;
}

bool
sts_get(struct sts *s, struct ask *q, const char *domain)
{
	if (s->done)
		return true;
	s->answer = ask_dnsf(q, DNS_TXT, "_mta-sts.%s", domain);
	if (s->way != NULL)
		policy_prepare(s, q, domain);
	if (s->way != NULL && s->early && !ask_https_server(q, s->get->host))
		return false;
	if (s->answer == NULL)
		return false;
	if (!s->tried && read_record(s))
		return true;
	s->tried = s->tried || ask_https_server(q, s->get->host);
	if (!ask_https_get(s->get, q))
		return false;
	read_policy(s, q->mem);
	return true;
}

void
sts_drop(struct sts *s, const char *why)
{
	if (s->get != NULL)
		ask_https_drop(s->get);
	if (!s->done)
		sts_over(s, STS_TEMP, why);
}
