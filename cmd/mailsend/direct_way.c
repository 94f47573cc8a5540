/* direct_way.c: what all deliveries of a process by MX have in common */
#include <stdlib.h>

#include "direct_way.h"
#include "direct_host.h"
#include "addr.h"
#include "sandbox.h"
#include "statedir.h"
#include "trace.h"

/* Where there is no place for them, policies are got each time. */
static void
open_policies(struct direct_way *w)
{
	struct err e = { 0 };
	const char *dir = statedir_path(&w->mem, "sts", "--tls off", &e);

	if (dir != NULL && statedir_make(dir, &e) == 0)
		w->policies = dir;
	else
		trace_note(TRACE_DONE, "MTA-STS policies are not kept: %s",
		    e.msg);
}

/*
 * A certificate is for a name, and no host's is known beforehand: there are no
 * pins.
 */
static int
way_tls(struct direct_way *w, struct err *e)
{
	account_tls_conf(w->account, &w->tls_conf);
	w->tls_conf.pins = NULL;
	w->tls_conf.npins = 0;
	w->tls_conf.insecure = false;
	w->tls_conf.shy = true;
	w->sts.tls = (struct tls_conf){ .ca = w->tls_conf.ca };
	w->sts.port = (unsigned)w->options->direct.sts_port;
	w->tls = tls_ctx_new(&w->tls_conf, e);
	if (w->tls == NULL || w->account->tls == ACCOUNT_TLS_OFF)
		return w->tls != NULL ? 0 : -1;
	open_policies(w);
	return sts_open(&w->sts, w->account->box, e);
}

static int
way_name(struct direct_way *w, struct err *e)
{
	const char *given = w->options->sending.ehlo;
	struct str ascii;

	if (given == NULL) {
		net_ehlo(-1, w->name, sizeof w->name);
		return 0;
	}
	if (addr_ascii(&w->mem, str_of(given), &ascii, e) < 0 ||
	    ascii.n >= sizeof w->name)
		return fail(e, EX_USAGE, "--ehlo %s: no name", given);
	str_copy(w->name, ascii);
	return 0;
}

/* What is open to us afterwards, and to the session beside us if there is one. */
static int
way_confine(struct direct_way *w, struct session *beside, struct err *e)
{
	struct account *a = w->account;

	if (sandbox_entered())
		return 0;
	if (!a->no_sandbox) {
		dns_box(w->dns, a->box);
		tls_ctx_reads(w->tls, a->box);
		sandbox_port(a->box, w->port);
		if (w->policies != NULL)
			sandbox_path(a->box, w->policies, SANDBOX_WRITE);
		a->box->source |= a->way.source != NULL;
	}
	if (beside != NULL)
		return session_ready_beside(beside, a, e);
	if (a->no_sandbox)
		sandbox_warn();
	else
		sandbox_enter(a->box);
	return 0;
}

struct direct_way *
direct_way_open(struct account *a, const struct options *o,
    struct session *beside, struct err *e)
{
	struct direct_way *w = mem_new(1, sizeof *w);
	struct dns_conf servers = { 0 };

	a->again = false;		/* nobody logs in */
	account_forget(a);
	w->account = a;
	w->options = o;
	w->port = o->direct.port != 0 ? (unsigned)o->direct.port :
	    a->server.port;
	net_own_find(&w->own);
	w->dns = dns_open(&servers, e);
	if (w->dns == NULL || way_name(w, e) < 0 || way_tls(w, e) < 0 ||
	    way_confine(w, beside, e) < 0) {
		direct_way_close(w);
		return NULL;
	}
	return w;
}

bool
direct_way_close(struct direct_way *w)
{
	if (w == NULL)
		return true;
	if (!sts_close(&w->sts))
		return false;
	dns_close(w->dns);
	tls_ctx_free(w->tls);
	net_own_free(&w->own);
	direct_host_free(w);
	arena_free(&w->mem);
	free(w);
	return true;
}
