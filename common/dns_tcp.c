/*
 * dns_tcp.c: questions by TCP (RFC 7766): for what was truncated or not heard
 *
 * Pipelined, replies in any order.  A server that hangs up after one reply is
 * asked one by one from then on.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "dns_peer.h"
#include "dns_slot.h"
#include "dns_tcp.h"
#include "dns_try.h"

void
dns_stream_close(struct dns *d, struct stream *s, int error)
{
	struct peer *p = &d->peer[s->server];
	struct question *q;

	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	buf_free(&s->in);
	buf_free(&s->out);
	/* It answered one and hung up on the others: one at a time then. */
	p->serial |= s->answers > 0 && s->n > 0;
	if (s->answers == 0 && s->n > 0)
		p->tcp_bad_until = d->now + TCP_BAD_MS;
	if (error != 0)
		p->error = error;
	while (s->n > 0) {
		q = s->q[0];
		if (s->answers > 0 && q->tries > 0)
			q->tries--;
		dns_retry(d, q);
	}
}

static int
stream_open(struct dns *d, struct stream *s, unsigned server)
{
	const struct net_addr *a = &d->sys.server[server].addr;
	int one = 1;

	*s = (struct stream){ .server = (uint8_t)server };
	s->in.max = s->out.max = 1 << 18;
	s->fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -1;
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(s->fd, (const struct sockaddr *)&a->ss, a->len) < 0 &&
	    errno != EINPROGRESS) {
		d->peer[server].error = errno;
		d->peer[server].tcp_bad_until = d->now + TCP_BAD_MS;
		close(s->fd);
		s->fd = -1;
		return -1;
	}
	return 0;
}

/* A stream to the server with room, or a new one; NULL: none now. */
static struct stream *
stream_for(struct dns *d, unsigned server)
{
	unsigned most = d->peer[server].serial ? 1 : PIPELINE;
	struct stream *s, *unused = NULL, *idle = NULL;
	unsigned i;

	for (i = 0; i < STREAMS; i++) {
		s = &d->stream[i];
		if (s->fd < 0)
			unused = s;
		else if (s->server == server && s->n < most)
			return s;
		else if (s->n == 0)
			idle = s;
	}
	if (unused == NULL && idle != NULL) {
		dns_stream_close(d, idle, 0);
		unused = idle;
	}
	if (unused == NULL || stream_open(d, unused, server) < 0)
		return NULL;
	return unused;
}

static unsigned
streams_open(const struct dns *d)
{
	unsigned i, n = 0;

	for (i = 0; i < STREAMS; i++)
		n += d->stream[i].fd >= 0;
	return n;
}

void
dns_stream_give(struct dns *d, struct question *q)
{
	unsigned server = q->whom.said != 0 || q->tries == 0 || d->sys.n > 1 ?
	    dns_choose(d, q) : q->server;
	unsigned char msg[2 + DNS_QUERYLEN];
	struct stream *s = stream_for(d, server);
	size_t len;

	q->server = (uint8_t)server;
	if (s == NULL && streams_open(d) == STREAMS) {
		dns_append(&d->later, q);
		dns_count(d, q);
		return;
	}
	if (s == NULL) {
		dns_unsendable(d, q, d->peer[server].error);
		return;
	}
	dns_bury_id(d, q);		/* of the queries by UDP before it */
	q->id = dns_random16(d);
	len = dns_write(d, q, server, msg + 2);
	msg[0] = (unsigned char)(len >> 8);
	msg[1] = (unsigned char)len;
	buf_put(&s->out, msg, len + 2);
	s->q[s->n++] = q;
	q->stream = s;
	dns_sent(d, q);
	q->deadline = d->now + (int64_t)(d->conf.timeout * 4000);
	dns_append(&d->tcp, q);
}

static void
stream_message(struct dns *d, struct stream *s, const unsigned char *msg,
    size_t len)
{
	unsigned i, id;

	if (len < 12) {
		d->stats.junk++;
		return;
	}
	id = (unsigned)msg[0] << 8 | msg[1];
	for (i = 0; i < s->n; i++)
		if (s->q[i]->id == id && dns_match(msg, len, s->q[i]->wire,
		    s->q[i]->len, s->q[i]->type) != DNS_OTHER) {
			s->answers++;
			dns_reply(d, s->q[i], msg, len, true);
			return;
		}
	d->stats.junk++;
}

static void
stream_read(struct dns *d, struct stream *s)
{
	char *room = buf_room(&s->in, 65537);
	const unsigned char *p;
	ssize_t got;
	size_t len, at = 0;

	got = room != NULL ? recv(s->fd, room, 65537, 0) : 0;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		dns_stream_close(d, s, got < 0 ? errno : 0);
		return;
	}
	s->in.n += (size_t)got;
	while (s->in.n - at >= 2) {
		p = (const unsigned char *)s->in.p + at;
		len = (size_t)p[0] << 8 | p[1];
		if (s->in.n - at - 2 < len)
			break;
		stream_message(d, s, p + 2, len);
		at += 2 + len;
	}
	buf_drop(&s->in, at);
	s->idle = d->now + IDLE_MS;
}

static void
stream_write(struct dns *d, struct stream *s)
{
	ssize_t got;

	if (s->out.n == 0)
		return;
	got = send(s->fd, s->out.p, s->out.n, MSG_NOSIGNAL);
	if (got < 0 && errno != EAGAIN && errno != EINTR &&
	    errno != ENOTCONN) {
		dns_stream_close(d, s, errno);
		return;
	}
	if (got > 0)
		buf_drop(&s->out, (size_t)got);
	s->idle = d->now + IDLE_MS;
}

void
dns_stream_event(struct dns *d, struct stream *s, short events)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (!s->up && (events & (POLLOUT | POLLERR | POLLHUP)) != 0) {
		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error != 0) {
			dns_stream_close(d, s, error);
			return;
		}
		s->up = true;
	}
	if ((events & POLLOUT) != 0)
		stream_write(d, s);
	if (s->fd >= 0 && (events & (POLLIN | POLLHUP | POLLERR)) != 0)
		stream_read(d, s);
}

/* Those that waited for a stream, once one has room. */
void
dns_streams_feed(struct dns *d)
{
	unsigned n = d->later.n;

	while (n-- > 0)
		dns_append(&d->again, d->later.first);
}
