/* conn_tls.c: TLS on a connection, and when it is tried once more */
#include "clock.h"
#include "conn_open.h"
#include "conn_private.h"
#include "conn_tls.h"
#include "conn_trust.h"
#include "stop.h"
#include "trace.h"

enum { SILENCE = 10 };		/* seconds, for a first answer to a long hello */

/* Is it our first message that somebody cannot stand? */
static bool
doubtful(const struct conn *c)
{
	return tls_unanswered(c->tls) && !stop_asked() &&
	    (c->conf->deadline == 0 || clock_left(c->conf->deadline) != 0);
}

/* The handshake; CONN_AGAIN: try once more, another way. */
static int
shake(struct conn *c)
{
	bool doubt = false;
	int got;

	conn_phase(c, "TLS handshake", CONN_HANDSHAKE);
	while ((got = tls_handshake(c->tls)) == TLS_MORE) {
		if (doubt != doubtful(c)) {
			doubt = !doubt;
			conn_phase(c, "TLS handshake", doubt ? SILENCE :
			    CONN_HANDSHAKE);
		}
		if (c->eof)
			return doubt ? CONN_AGAIN : conn_closed(c);
		if (conn_exchange(c, true) < 0)
			return doubt && doubtful(c) ? CONN_AGAIN : -1;
		conn_note_first(c);
	}
	if (got == 0)
		return 0;
	conn_send_some(c);			/* the alert that says why */
	return tls_wants_no_alpn(c->tls) ? CONN_AGAIN : conn_broken(c);
}

static int
tls_again(struct conn *c)
{
	conn_name(c);
	if (tls_wants_no_alpn(c->tls)) {
		trace_note(TRACE_DONE, "%s refuses ALPN %s: one more try without", c->peer.where, c->conf->alpn);
		c->hello.no_alpn = true;
	} else {
		trace_note(TRACE_DONE, "%s: no answer to TLS with a hybrid group: one more try with classic groups (--tls-groups)", c->peer.where);
		c->hello.classic = true;
	}
	return conn_redial(c) < 0 ? -1 : CONN_AGAIN;
}

static int
change_begin(struct conn *c, enum conn_change to)
{
	struct tls_hello hello = { .name = c->conf->host,
	    .classic = c->hello.classic, .proof = c->conf->proof };
	int got;

	if (to == CONN_TLS && !c->hello.no_alpn)
		hello.alpn = c->conf->alpn;
	if (conn_flush(c) < 0 || conn_trust(c, to) < 0)
		return -1;
	c->tls = tls_new(c->conf->tls, &hello, &c->rx, &c->tx, c->e);
	if (c->tls == NULL)
		return conn_broken(c);
	if ((got = shake(c)) == CONN_AGAIN)
		return tls_again(c);
	if (got == 0 && c->hello.classic && c->conf->classic != NULL)
		atomic_store(c->conf->classic, true);
	return got;
}

int
conn_tls(struct conn *c)
{
	int got;

	do {
		got = change_begin(c, CONN_TLS);
	} while (got == CONN_AGAIN);
	return got;
}

int
conn_starttls(struct conn *c)
{
	return change_begin(c, CONN_STARTTLS);
}

const char *
conn_first(const struct conn *c)
{
	return c->peer.first;
}

bool
conn_encrypted(const struct conn *c)
{
	return c->tls != NULL;
}

bool
conn_private(const struct conn *c)
{
	if (c->tls != NULL)
		return tls_verified(c->tls);
	if (c->conf->path != NULL || c->conf->command != NULL)
		return true;
	return c->peer.tcp && c->conf->proxy == NULL &&
	    net_loopback(&c->peer.addr);
}

struct tls *
conn_session(const struct conn *c)
{
	return c->tls;
}
