/*
 * dns_udp.c: questions by UDP: ports, ids, packets in batches
 *
 * A few connected sockets per server, on ports that the kernel picks at
 * random, so that strangers' packets do not reach us and a closed port is
 * told; ids from getrandom, questions in short lists by id, so no search; a
 * question that is sent again to the same server keeps its id, so a late
 * reply still counts.
 *
 * Ports are renewed, so that one that was found out is of no use for long.
 * The old one stays open until nobody waits for a reply there: a new port
 * costs three system calls.
 */
#include <errno.h>
#include <unistd.h>

#include "dns_peer.h"
#include "dns_slot.h"
#include "dns_tcp.h"
#include "dns_try.h"
#include "dns_udp.h"
#include "os.h"

/* ---- sending */

/* One that is not open, NULL if all still wait for replies. */
static struct sock *
unused_sock(struct peer *p)
{
	unsigned i;

	for (i = 0; i < p->nsock; i++)
		if (p->sock[i].fd < 0)
			return &p->sock[i];
	if (p->nsock == SOCKS)
		return NULL;
	p->sock[i].fd = -1;
	p->nsock++;
	return &p->sock[i];
}

static struct sock *
open_sock(struct dns *d, unsigned server)
{
	struct peer *p = &d->peer[server];
	const struct net_addr *a = &d->sys.server[server].addr;
	struct sock *s = unused_sock(p);
	int fd;

	if (s == NULL)
		return NULL;
	fd = socket(a->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a->ss,
	    a->len) < 0) {
		p->error = errno;
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (d->window.inflight > 8)
		os_receive_room(fd, RCVBUF);
	*s = (struct sock){ .fd = fd, .server = (uint8_t)server,
	    .since = d->now };
	return s;
}

static bool
worn(const struct dns *d, const struct sock *s)
{
	return s->sent >= PORT_QUERIES || d->now - s->since >= PORT_MS;
}

/* One port suffices for a few questions; more of them for many. */
static struct sock *
pick_sock(struct dns *d, unsigned server)
{
	struct peer *p = &d->peer[server];
	unsigned like = d->window.inflight < 16 ? 1 : PORTS;
	struct sock **port, *s;

	if (p->nport < like && (s = open_sock(d, server)) != NULL)
		p->port[p->nport++] = s;
	if (p->nport == 0)
		return NULL;
	port = &p->port[dns_random16(d) % p->nport];
	if (worn(d, *port) && (s = open_sock(d, server)) != NULL) {
		(*port)->old = true;
		*port = s;
	}
	return *port;
}

/* Old ports nobody waits for. */
static void
close_old(struct dns *d)
{
	struct sock *s;
	unsigned i;

	for (i = 0; i < d->sys.n; i++)
		for (s = d->peer[i].sock; s < d->peer[i].sock +
		    d->peer[i].nsock; s++)
			if (s->old && s->waiting == 0 && s->fd >= 0) {
				close(s->fd);
				s->fd = -1;
			}
}

static void
refill(struct dns *d)
{
	double most = d->conf.qps / 50.0;

	if (d->conf.qps == 0) {
		d->tokens = BATCH;
		return;
	}
	d->tokens += (double)(d->now_us - d->tokens_us) * d->conf.qps / 1e6;
	d->tokens_us = d->now_us;
	if (d->tokens > (most > 1 ? most : 1))
		d->tokens = most > 1 ? most : 1;
}

/* The question to be sent next: repetitions first, they are in the window. */
static struct question *
due(struct dns *d)
{
	if (d->tokens < 1)
		return NULL;
	if (d->again.first != NULL)
		return d->again.first;
	return dns_window_room(&d->window) > 0 ? d->fresh.first : NULL;
}

/* As many as go to the same socket at once. */
struct batch {
	struct sock *sock;
	struct question *q[BATCH];
	struct os_datagram m[BATCH];
	struct iovec v[BATCH];
	unsigned n;
};

static void
post(struct dns *d, struct batch *b)
{
	int i, got, error = 0;

	if (b->n == 0 || b->sock == NULL)
		return;
	got = os_send_many(b->sock->fd, b->m, b->n);
	if (got < 0 && errno == ECONNREFUSED)	/* of an earlier packet */
		got = os_send_many(b->sock->fd, b->m, b->n);
	if (got < 0) {
		error = errno;
		got = 0;
	}
	b->sock->sent += (unsigned)got;
	for (i = 0; i < got; i++)
		dns_sent(d, b->q[i]);
	if (error == EAGAIN || error == ENOBUFS || error == EINTR)
		error = 0;
	for (i = (int)b->n - 1; i >= got; i--) {
		if (error != 0)
			dns_unsendable(d, b->q[i], error);
		else
			dns_prepend(&d->again, b->q[i]);
	}
	b->sock->full = got < (int)b->n && error == 0;
	b->n = 0;
}

static void
pack_question(struct dns *d, struct batch *b, struct question *q)
{
	unsigned i = b->n++;
	size_t len;

	if (q->sock != b->sock) {
		dns_bury_id(d, q);
		dns_take_id(d, q, b->sock);
	}
	q->server = b->sock->server;
	/* Nothing heard from it with EDNS: perhaps that is why. */
	if (q->tries > 0 && q->tries + 1u >= d->tries &&
	    !d->peer[q->server].edns_ok)
		q->noedns = true;
	len = dns_write(d, q, q->server, d->packets.out[i]);
	b->v[i] = (struct iovec){ d->packets.out[i], len };
	b->m[i].msg = (struct msghdr){ .msg_iov = &b->v[i],
	    .msg_iovlen = 1 };
	b->q[i] = q;
	dns_count(d, q);
}

/* The socket q is to go by, NULL if there is none. */
static struct sock *
socket_for(struct dns *d, struct question *q, struct sock *now)
{
	unsigned s = dns_choose(d, q);

	if (q->sock != NULL && q->sock->server == s)
		return q->sock;
	if (now != NULL && now->server == s)
		return now;
	q->server = (uint8_t)s;
	return pick_sock(d, s);
}

/* Puts q into the batch; false: it does not go there, post the batch. */
static bool
batch_load(struct dns *d, struct batch *b, struct question *q)
{
	struct sock *s;

	q->tcp |= d->peer[dns_choose(d, q)].tcp_only;
	if (q->tcp) {
		dns_stream_give(d, q);
		return true;
	}
	s = socket_for(d, q, b->sock);
	if (s == NULL) {
		dns_unsendable(d, q, d->peer[q->server].error);
		return true;
	}
	if (b->n > 0 && s != b->sock)
		return false;
	if (s->full)
		return false;
	b->sock = s;
	dns_unlist(q);
	pack_question(d, b, q);
	return true;
}

void
dns_flush(struct dns *d)
{
	struct question *q;
	struct batch b;

	b.n = 0;
	b.sock = NULL;
	close_old(d);
	refill(d);
	while ((q = due(d)) != NULL) {
		if (!batch_load(d, &b, q)) {
			if (b.n == 0)
				break;		/* full: later */
			post(d, &b);
			b.sock = NULL;
			continue;
		}
		if (b.n == BATCH || b.n >= d->tokens) {
			post(d, &b);
			b.sock = NULL;
		}
	}
	post(d, &b);
}

/* ---- receiving */

/* One datagram: is it the reply to anything asked by this socket? */
static void
datagram(struct dns *d, struct sock *s, unsigned char *msg, size_t len,
    bool cut)
{
	struct question *q;
	enum dns_match m = DNS_OTHER;

	if (len >= 12) {
		q = dns_by_id(d, s, (uint16_t)(msg[0] << 8 | msg[1]));
		if (q != NULL) {
			m = dns_match(msg, len, q->wire, q->len, q->type);
			/* Not ours, but nobody else knows the id. */
			q->junk |= m == DNS_OTHER;
		}
	}
	if (m == DNS_OTHER) {
		d->stats.junk++;
		return;
	}
	if (cut)
		msg[2] |= 2;		/* bigger than our buffer: by TCP */
	dns_reply(d, q, msg, len, false);
}

/* Nobody listens: move all of the socket's questions, or hurry them. */
static void
sock_refused(struct dns *d, struct sock *s, int error)
{
	struct peer *p = &d->peer[s->server];
	struct question *q, *next;
	unsigned i;

	p->error = error;
	p->bad_until = d->now + 1000;
	for (i = 0; i <= MAXTRIES; i++)
		for (q = d->wait[i].first; q != NULL; q = next) {
			next = q->next;
			if (q->sock != s)
				continue;
			if (dns_elsewhere(d, q))
				dns_retry(d, q);
			else if (q->deadline > d->now + 250)
				q->deadline = d->now + 250;
		}
}

bool
dns_receive(struct dns *d, struct sock *s)
{
	const struct os_datagram *m = d->packets.im;
	int i, got;

	got = os_receive_many(s->fd, d->packets.im, READ);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		sock_refused(d, s, errno);
	for (i = 0; i < got; i++)
		datagram(d, s, d->packets.iv[i].iov_base, m[i].len,
		    (m[i].msg.msg_flags & MSG_TRUNC) != 0);
	return got == READ;
}
