/*
 * dns_engine.c: one loop that asks one question or a million
 *
 * A question goes from the list of fresh ones, when the window has room, to
 * the list of those that wait for a reply in their first try, second try and
 * so on: each list is in order of time by itself, so there is no heap and no
 * timer wheel.  dns_slot.c has its beginning and end, dns_peer.c says whom it
 * goes to, dns_udp.c and dns_tcp.c carry it, dns_try.c decides.
 */
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "dns_engine.h"
#include "dns_peer.h"
#include "dns_slot.h"
#include "dns_tcp.h"
#include "dns_udp.h"
#include "mem.h"
#include "sandbox.h"

/* ---- asking */

static void
tick(struct dns *d)
{
	d->now_us = clock_us();
	d->now = d->now_us / 1000;
}

void
dns_want(struct dns *d, const char *name, unsigned type,
    void (*done)(void *, const struct dns_answer *), void *arg)
{
	struct waiter w = { .done = done, .arg = arg };
	struct dns_key k;

	d->stats.wants++;
	d->unanswered++;
	if (dns_key(name, type, &k) < 0)
		dns_make_ready(d, w, dns_nothing(name, type, DNS_INVALID,
		    "no DNS name"));
	else
		dns_ask(d, &k, w);
}

static void
deliver_answers(struct dns *d)
{
	struct ready *r;

	while ((r = d->ready) != NULL) {
		d->ready = r->next;
		if (d->ready == NULL)
			d->ready_end = &d->ready;
		dns_tell(d, &r->wait, r->answer);
		dns_drop(r->answer);
		free(r);
	}
}

/* ---- time */

static void
timed_out(struct dns *d, struct question *q)
{
	struct peer *p = &d->peer[q->server];

	if (q->stream != NULL && q->stream->answers == 0)
		p->tcp_bad_until = d->now + TCP_BAD_MS;
	if (q->stream == NULL && ++p->streak >= 8 && d->sys.n > 1)
		p->bad_until = d->now + 2000;
	if (q->stream != NULL && q->stream->n == 1 && q->stream->answers == 0)
		dns_stream_close(d, q->stream, 0);	/* retries q */
	else
		dns_retry(d, q);
}

static void
expire(struct dns *d, struct list *l)
{
	unsigned n = l->n;

	while (n-- > 0 && l->first != NULL && l->first->deadline <= d->now)
		timed_out(d, l->first);
}

static void
expire_all(struct dns *d)
{
	struct stream *s;
	unsigned i;

	for (i = 0; i < MAXTRIES; i++)
		expire(d, &d->wait[i]);
	expire(d, &d->tcp);
	for (i = 0; i < STREAMS; i++) {
		s = &d->stream[i];
		if (s->fd >= 0 && s->n == 0 && s->idle <= d->now)
			dns_stream_close(d, s, 0);
	}
}

static void
earliest(const struct list *l, int64_t *when)
{
	if (l->first != NULL && l->first->deadline < *when)
		*when = l->first->deadline;
}

static int64_t
wake(struct dns *d)
{
	int64_t when = CLOCK_NEVER;
	unsigned i;

	if (d->ready != NULL || d->later.n > 0)
		return d->later.n > 0 && d->ready == NULL ? d->now + 5 : 0;
	for (i = 0; i < MAXTRIES; i++)
		earliest(&d->wait[i], &when);
	earliest(&d->tcp, &when);
	if (d->conf.qps > 0 && d->tokens < 1 && (d->again.n > 0 ||
	    d->fresh.n > 0) && d->now + 1 < when)
		when = d->now + 1;
	return when;
}

/* ---- the loop */

/*
 * The descriptors to wait for: how many, never over FDS, and until when at the
 * latest.
 */
static nfds_t
watched(struct dns *d, struct pollfd *p, int64_t *when)
{
	nfds_t n = 0;
	unsigned i, k;
	struct sock *s;

	for (i = 0; i < d->sys.n; i++)
		for (k = 0; k < d->peer[i].nsock; k++) {
			s = &d->peer[i].sock[k];
			if (s->fd >= 0)
				p[n++] = (struct pollfd){ s->fd, (short)
				    (POLLIN | (s->full ? POLLOUT : 0)), 0 };
		}
	for (i = 0; i < STREAMS; i++)
		if (d->stream[i].fd >= 0)
			p[n++] = (struct pollfd){ d->stream[i].fd, (short)
			    (d->stream[i].up ? POLLIN | (d->stream[i].out.n >
			    0 ? POLLOUT : 0) : POLLOUT), 0 };
	*when = wake(d);
	return n;
}

/*
 * In the order of watched; ports are opened and closed in dns_flush alone.
 * One batch of one port in turn is read: what its answers bring is sent before
 * the rest is looked at, or the server is idle meanwhile.  Whether nothing is
 * left to be read.
 */
static bool
serve_sockets(struct dns *d, const struct pollfd *p, nfds_t n)
{
	struct stream *open[STREAMS];
	struct sock *s, *ready[FDS];
	unsigned i, k, nopen = 0, nready = 0;
	nfds_t at = 0;

	for (i = 0; i < STREAMS; i++)
		if (d->stream[i].fd >= 0)
			open[nopen++] = &d->stream[i];
	for (i = 0; i < d->sys.n; i++)
		for (k = 0; k < d->peer[i].nsock && at < n; k++) {
			s = &d->peer[i].sock[k];
			if (s->fd < 0)
				continue;
			if ((p[at].revents & POLLOUT) != 0)
				s->full = false;
			if ((p[at++].revents & ~POLLOUT) != 0)
				ready[nready++] = s;
		}
	for (i = 0; i < nopen && at < n; i++, at++)
		if (p[at].revents != 0 && open[i]->fd == p[at].fd)
			dns_stream_event(d, open[i], p[at].revents);
	if (nready == 0)
		return true;
	s = ready[d->packets.turn++ % nready];
	return !dns_receive(d, s) && nready == 1;
}

/*
 * Nothing is late whose reply may be there, unread; but who sends without a
 * pause, or more servers than one that are quick, must not keep all alive.
 */
static bool
may_expire(struct dns *d, bool all_read)
{
	struct packets *p = &d->packets;

	if (all_read)
		p->unread = 0;
	else if (p->unread == 0)
		p->unread = d->now;
	return all_read || d->now - p->unread >= UNREAD_MS;
}

void
dns_wait(struct dns *d, struct pollfd *more, nfds_t nmore, int64_t deadline)
{
	struct pollfd p[FDS + DNS_MORE];
	int64_t when;
	nfds_t n, i;
	bool idle;

	tick(d);
	deliver_answers(d);
	dns_streams_feed(d);
	dns_flush(d);
	n = watched(d, p, &when);
	idle = d->unanswered == 0;
	for (i = 0; i < nmore; i++) {
		more[i].revents = 0;
		p[n + i] = more[i];
		idle = idle && more[i].fd < 0;
	}
	if (idle)
		return;
	net_poll(p, n + nmore, when < deadline ? when : deadline);
	for (i = 0; i < nmore; i++)
		more[i].revents = p[n + i].revents;
	tick(d);
	if (may_expire(d, serve_sockets(d, p, n)))
		expire_all(d);
	deliver_answers(d);
}

unsigned
dns_step(struct dns *d, int64_t deadline)
{
	dns_wait(d, NULL, 0, deadline);
	return d->unanswered;
}

unsigned
dns_unanswered(const struct dns *d)
{
	return d->unanswered;
}

unsigned
dns_room(const struct dns *d)
{
	unsigned room = dns_window_room(&d->window);

	return d->fresh.n < room ? room - d->fresh.n : 0;
}

void
dns_stats(const struct dns *d, struct dns_stats *out)
{
	*out = d->stats;
	out->window = d->window.size;
}

bool
dns_server(const struct dns *d, unsigned i, struct dns_server *out)
{
	if (i >= d->sys.n)
		return false;
	*out = d->sys.server[i];
	out->no_edns = d->peer[i].noedns;
	return true;
}

/* Nobody can send by UDP to one server alone: that is for any of them. */
void
dns_box(const struct dns *d, struct sandbox *box)
{
	unsigned i;

	box->udp = !d->conf.tcp;
	for (i = 0; i < d->sys.n; i++)
		sandbox_port(box, net_port_of(&d->sys.server[i].addr));
}

/* ---- opening and closing */

static void
defaults(struct dns *d)
{
	struct dns_conf *c = &d->conf;

	if (c->bufsize == 0)
		c->bufsize = 1232;
	else if (c->bufsize < 512)
		c->bufsize = 512;
	c->window = c->window == 0 ? WINDOW : c->window;
	if (c->window > IDS / 2)
		c->window = IDS / 2;
	c->tries = c->tries == 0 ? 4 : c->tries;
	if (c->tries > MAXTRIES)
		c->tries = MAXTRIES;
	c->timeout = c->timeout <= 0 ? 0.8 : c->timeout;
	c->cache = c->cache == 0 ? 8 << 20 : c->cache;
	c->rotate |= d->sys.rotate;
	d->tries = c->tries > d->sys.n ? c->tries : d->sys.n;
	d->tokens = 1;
}

struct dns *
dns_open(const struct dns_conf *conf, struct err *e)
{
	size_t room = conf->bufsize <= 2048 ? 2048 : 65536, i;
	/* one piece: as large as that, it is mapped and zero for nothing */
	struct dns *d = mem_new(1, sizeof *d + READ * room);

	d->conf = *conf;
	d->packets.in = (unsigned char *)(d + 1);
	if (dns_system(conf, &d->sys, e) < 0) {
		free(d);
		return NULL;
	}
	defaults(d);
	for (i = 0; i < STREAMS; i++)
		d->stream[i].fd = -1;
	for (i = 0; i < READ; i++) {
		d->packets.iv[i] = (struct iovec){ d->packets.in + i * room, room };
		d->packets.im[i].msg.msg_iov = &d->packets.iv[i];
		d->packets.im[i].msg.msg_iovlen = 1;
	}
	d->cache = dns_cache_new(d->conf.cache);
	d->ready_end = &d->ready;
	tick(d);
	dns_window_open(&d->window, d->conf.window, d->now_us);
	d->tokens_us = d->now_us;
	return d;
}

static void
discard(struct question *q)
{
	struct waiter *w, *next;

	if (q->wait.inner)
		free(q->wait.arg);
	for (w = q->wait.next; w != NULL; w = next) {
		next = w->next;
		if (w->inner)
			free(w->arg);
		free(w);
	}
	dns_drop(q->best);
	free(q);
}

static void
close_peer(struct peer *p)
{
	unsigned i;

	for (i = 0; i < p->nsock; i++)
		if (p->sock[i].fd >= 0)
			close(p->sock[i].fd);
}

void
dns_close(struct dns *d)
{
	struct question *q;
	struct ready *r;
	unsigned i;

	if (d == NULL)
		return;
	for (i = 0; i < BUCKETS && d->questions > 0; i++)
		while ((q = d->bucket[i]) != NULL) {
			d->bucket[i] = q->chain;
			d->questions--;
			discard(q);
		}
	while ((r = d->ready) != NULL) {
		d->ready = r->next;
		if (r->wait.inner)
			free(r->wait.arg);
		dns_drop(r->answer);
		free(r);
	}
	for (i = 0; i < STREAMS; i++)
		if (d->stream[i].fd >= 0) {
			close(d->stream[i].fd);
			buf_free(&d->stream[i].in);
			buf_free(&d->stream[i].out);
		}
	for (i = 0; i < d->sys.n; i++)
		close_peer(&d->peer[i]);
	dns_cache_free(d->cache);
	free(d);
}
