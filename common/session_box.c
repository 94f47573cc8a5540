/*
 * session_box.c: what a session leaves open when it confines its program
 *
 * The tool says what it writes itself.  A session adds the certificates that
 * verification looks up, and the ports of the server and of its proxy.
 * Names are looked up before: nothing of what resolving needs stays open.
 */
#include "mem.h"
#include "proxy.h"
#include "session.h"
#include "session_private.h"

static void
ports(const struct session *s, struct sandbox *b)
{
	const struct conn_conf *f = &s->conf;
	struct err ignored = { 0 };
	struct proxy_conf proxy;

	if (f->command != NULL || f->path != NULL)
		return;
	if (f->proxy == NULL) {
		sandbox_port(b, f->dial_port != 0 ? f->dial_port : f->port);
	} else if (proxy_parse(&proxy, f->proxy, &ignored) == 0) {
		sandbox_port(b, proxy.port);
		proxy_wipe(&proxy);
	}
}

void
session_confine(const struct session *s)
{
	struct sandbox *b = s->account->box;

	if (sandbox_entered() || b == NULL || s->conf.path != NULL ||
	    s->conf.command != NULL)
		return;
	if (s->account->no_sandbox) {
		sandbox_warn();
		return;
	}
	tls_ctx_reads(s->tls, b);
	ports(s, b);
	b->source |= s->conf.source != NULL;
	sandbox_enter(b);
}
