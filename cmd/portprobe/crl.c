/*
 * crl.c: --deep: the list of revoked certificates that a certificate names
 *
 * Ports of a host mostly have one certificate, or certificates of one issuer:
 * each list is got once.  Lists are signed, and come by plain HTTP (RFC 5280
 * section 8).
 *
 * Where the list is, the server says: it must not have us ask what it cannot
 * reach itself.  So its certificate must verify, and the address must be public,
 * or as near to us as the server's.
 */
#include <string.h>

#include "ask_https.h"
#include "crl.h"
#include "judge_cert.h"
#include "net_reach.h"
#include "policy.h"
#include "report.h"
#include "run.h"
#include "str.h"
#include "target.h"
#include "tls_crl.h"

enum { LIST_MB = 4, LIST_SECONDS = 10 };

struct crl {
	struct crl *next;
	const char *url;
	enum net_reach near;		/* the server's address */
	struct ask_https get;
};

/* http://HOST/PATH, at the port that is usual; NULL: it is another. */
static const char *
host_of(struct arena *mem, const char *url, const char **path)
{
	const char *host, *end;

	if (strncmp(url, "http://", 7) != 0)
		return NULL;
	host = url + 7;
	end = host + strcspn(host, "/");
	*path = *end == '/' ? end : "/";
	host = arena_dup(mem, (struct str){ host, (size_t)(end - host) });
	return dns_hostname(host) && strpbrk(*path, " \r\n") == NULL ? host : NULL;
}

static struct crl *
crl_find(struct target *t, const char *url, enum net_reach near)
{
	struct crl *c = t->crls;
	const char *host, *path;

	while (c != NULL && (!str_eq(str_of(c->url), str_of(url)) ||
	    c->near != near))
		c = c->next;
	if (c != NULL)
		return c;
	c = arena_new(&t->mem, 1, sizeof *c);
	*c = (struct crl){ .next = t->crls, .near = near,
	    .url = arena_dup(&t->mem, str_of(url)) };
	t->crls = c;
	host = host_of(&t->mem, c->url, &path);
	if (host == NULL) {
		c->get.done = true;
		c->get.got = fail(&c->get.e, EX_PROTOCOL, "only http://HOST/... is asked");
		return c;
	}
	c->get = (struct ask_https){ .pool = &t->run->sts.pool, .plain = true,
	    .tls = t->run->sts.ctx, .host = host, .path = path,
	    .wary = true, .near = near,
	    .max = LIST_MB << 20, .seconds = LIST_SECONDS };
	return c;
}

static void
crl_unknown(struct report *r, const char *url, const char *why)
{
	r->deep.crl = TRIED_UNKNOWN;
	r->deep.crl_text = arena_printf(r->mem, "%s: %s", url, why);
}

static void
crl_read(struct report *r, const struct crl *c)
{
	const struct ask_https *g = &c->get;
	char day[16];
	int64_t at;

	if (g->got < 0) {
		crl_unknown(r, c->url, g->e.msg);
		return;
	}
	if (g->status != 200 || g->too_big) {
		crl_unknown(r, c->url, g->too_big ?
		    arena_printf(r->mem, "it has over %d MB", LIST_MB) :
		    arena_printf(r->mem, "HTTP status %d", g->status));
		return;
	}
	switch (tls_crl(r->tls.pem, g->body, &at)) {
	case TLS_CRL_GOOD:
		r->deep.crl = TRIED_YES;
		break;
	case TLS_CRL_REVOKED:
		judge_date(at, day);
		r->deep.crl = TRIED_NO;
		r->deep.crl_text = arena_printf(r->mem, "since %s, by %s", day,
		    c->url);
		break;
	case TLS_CRL_OLD:
		judge_date(at, day);
		crl_unknown(r, c->url, arena_printf(r->mem,
		    "it was to be renewed by %s", day));
		break;
	case TLS_CRL_BAD:
		crl_unknown(r, c->url, "it is no list of the certificate's issuer");
		break;
	}
}

bool
crl_known(struct target *t, struct report *r)
{
	const char *url;
	struct crl *c;

	if (!t->run->set->extra.deep || !r->tls.have_cert ||
	    r->tls.pem == NULL || r->tls.facts.cert[0].crl == NULL)
		return true;
	url = r->tls.facts.cert[0].crl;
	if (!judge_verified(r)) {
		crl_unknown(r, url, "not asked, for the certificate is not verified itself");
		return true;
	}
	c = crl_find(t, url, r->reach);
	if (!ask_https_get(&c->get, &t->ask)) {
		policy_watch(t->run);
		return false;
	}
	crl_read(r, c);
	return true;
}

void
crl_drop(struct target *t)
{
	struct crl *c;

	for (c = t->crls; c != NULL; c = c->next)
		ask_https_drop(&c->get);
}
