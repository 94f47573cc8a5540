/* direct_talk.c: one message, one mail host */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "direct_talk.h"
#include "conn_open.h"
#include "conn_tls.h"
#include "session.h"
#include "stop.h"
#include "trace.h"

/* One connection. */
struct attempt {
	struct direct_talk *t;
	struct conn_conf conf;
	struct smtp_conf smtp_conf;
	struct net_addr same;		/* once more to this one */
	struct conn *conn;
	struct smtp smtp;
};

static enum conn_tls
how(enum direct_need need)
{
	switch (need) {
	case DIRECT_NEED_MAY:
		return CONN_TLS_MAY;
	case DIRECT_NEED_ANY:
	case DIRECT_NEED_NAME:
	case DIRECT_NEED_DANE:
		return CONN_TLS_STARTTLS;
	case DIRECT_NEED_OFF:
	case DIRECT_NEED_LATER:
	case DIRECT_NEED_NEVER:
		break;
	}
	return CONN_TLS_OFF;
}

static void
prepare(struct attempt *a, const struct net_addr *addr, int n)
{
	const struct direct_way *w = a->t->way;
	const struct direct_hop *h = a->t->hop;

	a->conf = (struct conn_conf){ .host = h->name, .port = w->port,
	    .addr = addr, .naddr = n, .source = w->account->way.source,
	    .deadline = w->account->deadline, .tls = w->tls,
	    .proof = &h->proof };
	a->smtp_conf = (struct smtp_conf){ .tls = how(h->need),
	    .ehlo = w->options->sending.ehlo,
	    .no_chunking = w->options->sending.no_chunking,
	    .no_pipelining = w->options->sending.no_pipelining };
}

static int
attempt_open(struct attempt *a)
{
	a->conn = conn_open(&a->conf, &a->t->e);
	if (a->conn == NULL)
		return -1;
	snprintf(a->t->seen.peer, sizeof a->t->seen.peer, "%s",
	    conn_peer(a->conn));
	return smtp_open(&a->smtp, a->conn, &a->smtp_conf);
}

static void
attempt_close(struct attempt *a)
{
	if (a->conn != NULL)
		smtp_quit(&a->smtp);
	conn_close(a->conn);
	a->conn = NULL;
}

/*
 * Opportunistic TLS that fails is better than none that is tried: once more
 * without (RFC 7435).  To the same address.
 */
static int
in_clear(struct attempt *a)
{
	struct direct_talk *t = a->t;

	if (a->conn == NULL || !a->smtp.shaking || stop_asked() ||
	    a->smtp_conf.tls != CONN_TLS_MAY)
		return -1;
	trace_note(TRACE_DONE, "%s: once more in the clear", t->e.msg);
	if (net_pton(str_of(t->seen.peer), t->way->port, &a->same) < 0)
		return -1;
	attempt_close(a);
	fail_clear(&t->e);
	a->conf.addr = &a->same;
	a->conf.naddr = 1;
	a->smtp_conf.tls = CONN_TLS_OFF;
	return attempt_open(a);
}

/* RFC 8461 section 5: a policy in testing mode is told about, no more. */
static void
tell_testing(const struct attempt *a)
{
	const struct direct_hop *h = a->t->hop;
	const struct tls *tls = conn_session(a->conn);

	if (!h->testing || a->t->way->account->quiet)
		return;
	if (!h->named)
		fail_print("%s: its MTA-STS policy, which is in testing mode, does not name %s",
		    a->t->domain, h->name);
	else if (tls == NULL || !tls_verified(tls))
		fail_print("%s: its MTA-STS policy, which is in testing mode, wants a certificate for %s: %s",
		    a->t->domain, h->name, tls == NULL ? "it has no TLS" :
		    "it has another one");
}

static void
attempt_describe(struct attempt *a)
{
	const struct tls *tls = conn_session(a->conn);
	struct report *r = &a->t->seen;

	r->tls[0] = '\0';
	if (tls == NULL)
		return;
	snprintf(r->tls, sizeof r->tls, "%s", tls_version(tls));
	snprintf(r->cipher, sizeof r->cipher, "%s", tls_cipher(tls));
	r->verified = tls_verified(tls);
	tls_pin(tls, r->pin);
}

static int
attempt_send(struct attempt *a)
{
	struct direct_talk *t = a->t;
	struct smtp_mail *m = &t->mail;
	const struct msg *all = m->msg;
	int got;

	if (all != NULL && all->eight && (a->smtp.caps & SMTP_8BITMIME) == 0 &&
	    (m->msg = t->seven(t->arg, &t->e)) == NULL) {
		m->msg = all;
		return fail_in(&t->e, "%s: the host has no 8BITMIME",
		    t->hop->name);
	}
	m->last = true;
	got = smtp_send(&a->smtp, m);
	mem_stake(NULL);	/* who gave us the recipients has it at stake */
	m->msg = all;
	return got;
}

/* Has this connection come to the recipients at all? */
static bool
offered(const struct direct_talk *t)
{
	size_t i;

	for (i = 0; i < t->mail.n; i++)
		if (t->mail.rcpt[i].state != SMTP_UNTRIED)
			return true;
	return false;
}

/* A no to all: of the greeting, of EHLO, of MAIL; or 421 at any time. */
static bool
wants_rest(const struct attempt *a)
{
	const struct smtp_rcpt *r = a->t->mail.rcpt;

	if (a->conn == NULL)
		return true;
	if (a->smtp.reply.code == 421)
		return true;
	return offered(a->t) ? r->state == SMTP_DEFERRED &&
	    r->stage == SMTP_AT_MAIL : a->t->e.code == EX_TEMPFAIL;
}

/* The others than the one that was reached; of none, all were tried. */
static int
others(struct net_addr *v, int n, const char *peer)
{
	char text[64];
	int i, k = 0;

	for (i = 0; i < n; i++) {
		net_ntop(&v[i], text, sizeof text);
		if (strcmp(text, peer) != 0)
			v[k++] = v[i];
	}
	return k < n ? k : 0;
}

/* One connection; 0: there is no use in another address of this host. */
static int
talk_once(struct direct_talk *t, const struct net_addr *addr, int n)
{
	struct attempt a = { .t = t };
	bool over = true;

	prepare(&a, addr, n);
	if (attempt_open(&a) == 0 || in_clear(&a) == 0) {
		attempt_describe(&a);
		tell_testing(&a);
		attempt_send(&a);
		over = offered(t);
	} else {
		over = a.conn == NULL;		/* none of them answers */
	}
	t->tired = wants_rest(&a);
	attempt_close(&a);
	return over || stop_asked() ? 0 : 1;
}

void
direct_talk(struct direct_talk *t)
{
	struct net_addr left[16];
	int n = t->hop->naddr;

	memcpy(left, t->hop->addr, (size_t)n * sizeof *left);
	while (n > 0 && talk_once(t, left, n) > 0) {
		n = others(left, n, t->seen.peer);
		if (n > 0) {
			trace_note(TRACE_DONE, "%s; another address of it",
			    t->e.msg);
			fail_clear(&t->e);
		}
	}
}
