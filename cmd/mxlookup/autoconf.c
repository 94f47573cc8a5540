/*
 * autoconf.c: the file of a domain by which mail clients find their servers
 *
 * At autoconfig.DOMAIN, or, where there is no such host but there are records that
 * the file may contradict, below the domain's own web server: those of a long
 * list have no business with us else.  No address is told but postmaster's, which every domain has.
 */
#include "autoconf.h"

#include "mx.h"
#include "run.h"
#include "show.h"
#include "task.h"

enum { SECONDS = 20 };

static bool
has_address(struct task *t, const char *host)
{
	return !dns_absent(ask_dns(&t->ask, host, DNS_A)->status) ||
	    !dns_absent(ask_dns(&t->ask, host, DNS_AAAA)->status);
}

/* Where it is; false: answers are missing. */
static bool
prepare(struct task *t, struct autoconf *r, bool records)
{
	const char *host = arena_printf(t->mem, "autoconfig.%s", t->domain);
	const char *path = "/mail/config-v1.1.xml";

	if (!ask_https_server(&t->ask, host) ||
	    !ask_https_server(&t->ask, t->domain))
		return false;
	r->own = has_address(t, host);
	if (!r->own) {
		host = t->domain;
		path = "/.well-known/autoconfig/mail/config-v1.1.xml";
	}
	r->get = (struct ask_https){ .pool = &t->run->sts.pool,
	    .tls = t->run->sts.ctx, .port = t->run->sts.port,
	    .wary = t->run->sts.wary, .host = host,
	    .path = arena_printf(t->mem, "%s?emailaddress=postmaster%%40%s",
	    path, t->domain), .max = AUTOCONFIG_MAX, .seconds = SECONDS };
	if (r->own || (records && has_address(t, host)))
		r->url = arena_printf(t->mem, "https://%s%s", host, path);
	else
		r->get.done = true;
	return true;
}

/* What came, read once. */
static void
take_file(struct task *t, struct autoconf *r)
{
	const struct ask_https *g = &r->get;

	r->have = r->url != NULL && g->got == 0 && g->status == 200 &&
	    !g->too_big;
	if (r->have)
		autoconfig_parse(&r->file, t->mem, g->body, t->domain);
}

/* False: addresses are missing. */
static bool
server_addresses(struct task *t, struct autoconf *r)
{
	bool all = true;
	const char *host;
	size_t i;

	for (i = 0; i < r->file.n; i++) {
		host = r->file.server[i].host;
		if (!dns_hostname(host) || mx_is_address(host))
			continue;
		r->a[i] = ask_dns(&t->ask, host, DNS_A);
		r->aaaa[i] = ask_dns(&t->ask, host, DNS_AAAA);
		all = all && r->a[i] != NULL && r->aaaa[i] != NULL;
	}
	return all;
}

bool
autoconf_get(struct task *t, struct autoconf *r, bool records)
{
	if (t->run->sts.ctx == NULL)
		return true;		/* no --fetch */
	if (r->get.host == NULL && !prepare(t, r, records))
		return false;
	if (!ask_https_get(&r->get, &t->ask))
		return false;
	if (!r->have)
		take_file(t, r);
	return server_addresses(t, r);
}

const char *
autoconf_why(struct task *t, const struct autoconf *r)
{
	const struct ask_https *g = &r->get;

	if (!r->own || r->have)
		return NULL;
	if (g->got < 0)
		return arena_dup(t->mem, str_of(g->e.msg));
	if (g->too_big)
		return arena_printf(t->mem, "%s: it is larger than %d bytes",
		    r->url, AUTOCONFIG_MAX);
	return arena_printf(t->mem, "%s: HTTP status %d", r->url, g->status);
}

void
autoconf_json(struct json *j, const struct autoconf *r)
{
	const struct autoconfig_server *s;

	if (r->url == NULL) {
		json_null(j, "autoconfig");
		return;
	}
	json_open(j, "autoconfig", '{');
	json_s(j, "url", r->url);
	json_int(j, "http", r->get.status);
	json_s(j, "error", r->get.got < 0 ? r->get.e.msg : r->file.why);
	json_open(j, "servers", '[');
	for (s = r->file.server; s < r->file.server + r->file.n; s++) {
		json_open(j, NULL, '{');
		json_s(j, "type", s->type);
		json_s(j, "host", s->host);
		json_int(j, "port", s->port);
		json_s(j, "tls", autoconfig_tls(s->tls));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

void
autoconf_text(struct buf *b, const struct autoconf *r)
{
	const struct autoconfig_server *s;

	for (s = r->file.server; s < r->file.server + r->file.n; s++) {
		buf_s(b, "  AUTO   ");
		show_safe(b, str_of(s->type));
		buf_c(b, ' ');
		show_safe(b, str_of(s->host));
		buf_printf(b, ":%u %s\n", s->port,
		    autoconfig_tls(s->tls) != NULL ? autoconfig_tls(s->tls) : "?");
	}
}
