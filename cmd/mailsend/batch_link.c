/* batch_link.c: a connection that one message after the other goes over */
#include <stdio.h>

#include "batch_link.h"
#include "direct.h"
#include "fallback.h"
#include "seal.h"
#include "stop.h"
#include "submit.h"

static bool
by_mx(const struct run *run)
{
	return run->account.server.scheme == ACCOUNT_MX;
}

int
batch_link_ready(struct run *run, struct err *e)
{
	return by_mx(run) ? direct_ready(run, e) : fallback_ready(run, e);
}

void
batch_link_open(struct batch_link *k, struct run *run, bool first)
{
	k->run = run;
	k->session = first ? &run->session : &k->own;
	if (!first && !by_mx(run))
		session_share(&k->own, &run->session);
	k->conf = submit_conf(run);
}

static void
hang_up(struct batch_link *k)
{
	if (!k->live)
		return;
	smtp_quit(&k->smtp);
	session_hang_up(k->session);
	k->live = false;
}

void
batch_link_close(struct batch_link *k)
{
	hang_up(k);
	if (k->session == &k->own)
		session_close(&k->own);
}

/* A new connection, up to the login. */
static int
link_dial(struct batch_link *k)
{
	struct sasl_login l;

	fail_clear(&k->err);
	if (session_connect(k->session, &k->err) < 0)
		return -1;
	k->live = true;
	if (smtp_open(&k->smtp, k->session->conn, &k->conf) < 0)
		return -1;
	if (!session_wants_login(&k->run->account))
		return 0;
	return session_login(k->session, &l) < 0 ? -1 :
	    smtp_auth(&k->smtp, &l);
}

/*
 * It may have been closed, or told to go, behind the answer to the last message:
 * what is sent then is lost, and nobody says whether it was taken.
 */
static bool
usable(struct batch_link *k)
{
	return k->live && !conn_failed(k->session->conn) &&
	    conn_quiet(k->session->conn, 0) == 1;
}

static size_t
open_rcpts(const struct smtp_mail *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		n += m->rcpt[i].state == SMTP_UNTRIED;
	return n;
}

/* "421 too many messages": no refusal, but the end of this connection. */
static bool
turned_out(const struct smtp_mail *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state != SMTP_DEFERRED ||
		    m->rcpt[i].reply.code != 421 ||
		    m->rcpt[i].stage == SMTP_AT_END)
			return false;
	return m->n > 0;
}

static void
once_more(struct smtp_mail *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		m->rcpt[i].state = SMTP_UNTRIED;
		m->rcpt[i].reply = (struct smtp_reply){ 0 };
	}
}

/* Over the connection there is.  1: another one would get further. */
static int
link_try(struct batch_link *k, struct letter *l, bool fresh, struct err *e)
{
	struct smtp_mail *m = &l->envelope.mail;
	size_t before = open_rcpts(m);
	int got;

	m->utf8 = l->envelope.utf8 || l->msg.utf8;
	if (submit_downgrade(l, &k->smtp, k->run->options, e) < 0)
		return 0;
	m->msg = &l->msg;
	m->last = false;
	got = smtp_send(&k->smtp, m);
	if (turned_out(m) && !fresh && !stop_asked())
		once_more(m);
	else if (got == 0)
		return 0;
	hang_up(k);
	if (open_rcpts(m) > 0 && !stop_asked() &&
	    (open_rcpts(m) < before || !fresh))
		return 1;
	if (k->err.code != 0)
		*e = k->err;
	else if (open_rcpts(m) > 0)
		fail(e, EX_TEMPFAIL, "the server takes no more now");
	return 0;
}

/* What befalls this message alone: others may still be sent. */
static bool
of_message(int code)
{
	return code == EX_UNAVAILABLE || code == EX_DATAERR;
}

int
batch_link_send(struct batch_link *k, struct letter *l, struct report *r,
    struct err *e)
{
	bool fresh;
	int got;

	if (seal_letter(k->run->options->seal, l, true, e) < 0)
		return 0;
	session_where(&k->run->account, r->host, sizeof r->host);
	if (by_mx(k->run)) {
		l->envelope.mail.msg = &l->msg;
		got = direct_send(l, k->run, r, e);
		return r->reached && of_message(e->code) ? 0 : got;
	}
	do {
		fresh = r->reached = false;
		if (!usable(k)) {
			hang_up(k);
			fresh = true;
			if (link_dial(k) < 0) {
				*e = k->err;
				hang_up(k);
				return -1;
			}
		}
		r->reached = true;
		snprintf(r->peer, sizeof r->peer, "%s",
		    conn_peer(k->session->conn));
		got = link_try(k, l, fresh, e);
	} while (got == 1);
	return e->code == 0 || of_message(e->code) || !fresh ? 0 : -1;
}
