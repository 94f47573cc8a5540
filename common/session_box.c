/*
 * session_box.c: what a session leaves open when it confines its program
 *
 * The tool says what it writes itself.  A session adds the certificates that
 * verification looks up, and the ports of the server and of its proxy.
 * Names are looked up before, or by the helper: nothing of what resolving
 * needs stays open.
 */
#include <stdint.h>
#include <string.h>

#include "conn_open.h"
#include "errand.h"
#include "helper.h"
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

/* Of the configuration file: the helper needs none of it. */
static void
wipe_one(struct account *a)
{
	a->again = false;
	account_forget(a);
	if (a->way.proxy != NULL)	/* a password may be in it */
		mem_wipe((void *)(uintptr_t)a->way.proxy,
		    strlen(a->way.proxy));
	buf_wipe(&a->file.text);
	buf_wipe(&a->file.system);
}

static void
wipe(void *all)
{
	const struct sessions *s = all;
	size_t i;

	for (i = 0; i < s->n; i++)
		wipe_one(s->v[i]->account);
	if (s->alone != NULL)
		wipe_one(s->alone);
}

/*
 * A command to connect with and a socket with a path are the helper's; names
 * and the secret's command only if there will be other logins.
 */
static int
errands(const struct session *s, struct err *e)
{
	const struct account *a = s->account;
	const struct conn_conf *f = &s->conf;
	struct proxy_conf proxy;

	errand_command(f->command);
	errand_path(f->path);
	if (a->again) {
		errand_command(a->login.password_command);
		errand_command(a->login.token_command);
		errand_host(f->dial_host != NULL ? f->dial_host : f->host);
	}
	if (a->again && f->proxy != NULL) {
		if (proxy_parse(&proxy, f->proxy, e) < 0)
			return -1;
		errand_host(proxy.host);
		proxy_wipe(&proxy);
	}
	return 0;
}

int
session_helper(const struct sessions *s, struct err *e)
{
	struct sessions all = *s;
	size_t i;

	if (s->v[0]->account->no_sandbox)
		return 0;
	for (i = 0; i < s->n; i++)
		if (errands(s->v[i], e) < 0)
			return -1;
	return helper_start(wipe, &all, e);
}

void
session_confine(const struct sessions *s)
{
	const struct account *a = s->v[0]->account;
	size_t i;

	if (sandbox_entered())
		return;
	if (a->no_sandbox) {
		sandbox_warn();
		return;
	}
	for (i = 0; i < s->n; i++) {
		tls_ctx_reads(s->v[i]->tls, a->box);
		ports(s->v[i], a->box);
		a->box->source |= s->v[i]->conf.source != NULL;
	}
	sandbox_enter(a->box);
}
