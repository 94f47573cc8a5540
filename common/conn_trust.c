/* conn_trust.c: from here on somebody else speaks, or in another way */
#include <string.h>

#include "conn_early.h"
#include "conn_open.h"
#include "conn_private.h"
#include "conn_trust.h"
#include "deflate.h"

static const char *
between(const struct conn *c)
{
	if (c->conf->command != NULL)
		return "the command of --connect-command";
	if (c->conf->proxy != NULL && c->conf->path == NULL)
		return "the proxy";
	return "somebody between us and the server";
}

/* Nothing decoded is left over: it goes back to where it came from. */
static int
tunnel(struct conn *c)
{
	struct fifo was = c->in;

	if (c->rx.n > 0 || c->in.n > c->rx.max)
		return conn_endless(c);
	was.max = c->rx.max;
	c->rx.max = c->in.max;
	c->in = c->rx;
	c->rx = was;
	return 0;
}

/* Bytes behind the server's yes are compressed already, or not from it. */
static int
compressed(struct conn *c)
{
	if (c->in.n > 0)
		fifo_put(&c->z->from, c->in.p + c->in.at, c->in.n);
	fifo_drop(&c->in, c->in.n);
	return conn_decode(c) < 0 ? -1 : 0;
}

/* Plaintext where a handshake should be. */
void
conn_note_first(struct conn *c)
{
	const char *p = c->rx.p + c->rx.at;
	size_t n = c->rx.n < sizeof c->peer.first - 1 ? c->rx.n :
	    sizeof c->peer.first - 1;

	if (n > 0 && c->peer.first[0] == '\0' && (unsigned char)*p >= ' ')
		memcpy(c->peer.first, p, n);
}

/*
 * CVE-2011-0411 and its many relatives (RFC 3207 section 6), and their cousins
 * by proxy.  With TLS from the first byte the kernel is not asked: what comes
 * from now on goes to TLS as it is, and is nothing that TLS takes.
 */
int
conn_trust(struct conn *c, enum conn_change to)
{
	const char *p;
	long got;

	if (c->state != CONN_ALIVE)
		return -1;
	if (to != CONN_DEFLATE && (c->tls != NULL || c->z != NULL)) {
		fail(c->e, EX_SOFTWARE, "%s: within TLS already", c->limits.what);
		return conn_broken(c);
	}
	switch (to) {
	case CONN_TUNNEL:
		return tunnel(c);
	case CONN_TLS:
		if (c->in.n == 0 && c->rx.n == 0)
			return 0;
		conn_note_first(c);
		fail(c->e, EX_PROTOCOL, "%zu bytes came before TLS began: from %s, or the server does not speak TLS on this port",
		    c->in.n + c->rx.n, between(c));
		return conn_broken(c);
	case CONN_STARTTLS:
		if ((got = conn_early(c, &p)) <= 0)
			return (int)got;
		fail(c->e, EX_PROTOCOL, "plaintext after the go-ahead for TLS: it may be from %s",
		    between(c));
		return conn_broken(c);
	case CONN_DEFLATE:
		return compressed(c);
	}
	return -1;
}

int
conn_deflate(struct conn *c)
{
	if (conn_flush(c) < 0)
		return -1;
	deflate_free(c->z);
	c->z = deflate_new(CONN_AHEAD + CONN_BURST, CONN_BURST);
	if (c->z == NULL) {
		fail(c->e, EX_OSERR, "zlib is not there, or has no memory");
		return conn_broken(c);
	}
	return conn_trust(c, CONN_DEFLATE);
}
