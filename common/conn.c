/*
 * conn.c: one connection to one server: bytes and lines, plain or TLS
 *
 * Four fifos: out (plaintext queued) -> tx (to the socket) and rx (from the
 * socket) -> in (plaintext unread).  Without TLS out and in are passed on as
 * they are.  exchange() is the only place that waits, and while it waits to
 * write it reads as well, so that two peers with full pipes cannot block each
 * other.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "conn_limits.h"
#include "deflate.h"
#include "errand.h"
#include "mem.h"
#include "net.h"
#include "os.h"
#include "proxy.h"
#include "spawn.h"
#include "stop.h"
#include "trace.h"

enum {
	RECORD = 16384,		/* RFC 8446 section 5.1 */
	BURST = 4 * RECORD,	/* what one write(2) should carry */
	AHEAD = 1 << 20,	/* what a peer may say while we write */
	QUEUE = 1 << 23,	/* what we may say while it does not listen */
	LINE = 8192,
	STREAM = 1 << 17,	/* bytes that come with no word of ours */
	NAP = 1000,		/* microseconds at most: see pause_for_more */
	SLICE = 5,		/* seconds, of a long wait */
	SILENCE = 10,		/* seconds, for a first answer to a long hello */
	SLEPT = 2000,		/* ms of suspension that count */
	ADDRESSES = 16
};

struct conn {
	int fd;
	struct spawn_child child;	/* of a command, or NONE */
	const struct conn_conf *conf;
	struct err *e;
	struct tls *tls;
	struct fifo out, tx, rx, in;
	struct deflate *z;	/* RFC 4978, or NULL */
	struct conn_limits limits;
	int64_t slept;
	size_t limit, streamed;
	long nap;
	const char *mask;
	bool failed, eof, opening, hungry, tcp;
	bool classic, no_alpn;	/* how TLS is tried the second time */
	bool deaf;		/* the peer takes no more; it may still speak */
	bool stopped;		/* which alone is why it failed */
	struct net_addr peer;
	char peer_text[64];
	char where[300];
	char first[5];		/* of a server that does not speak TLS */
};

static int
broken(struct conn *c)
{
	c->failed = true;
	if (c->where[0] != '\0')
		fail_in(c->e, "%s", c->where);
	c->where[0] = '\0';		/* said once */
	return -1;
}

static int
closed(struct conn *c)
{
	fail(c->e, EX_TEMPFAIL, "%s: the server closed the connection",
	    c->limits.what);
	return broken(c);
}

static int
endless(struct conn *c)
{
	fail(c->e, EX_PROTOCOL, "%s: the server talks without end", c->limits.what);
	return broken(c);
}

/* Not this connection's fault: so nothing is said of where it led. */
static int
stopped(struct conn *c)
{
	fail_stop(c->e);
	c->stopped = !c->failed;
	c->failed = true;
	c->where[0] = '\0';
	return -1;
}

/* 0 if there is more time, -1. */
static int
timed_out(struct conn *c)
{
	return conn_limits_over(&c->limits, c->fd, c->tx.n, c->e) < 0 ?
	    broken(c) : 0;
}

/*
 * Sends what the socket takes now.  1 something went, 0 nothing.  A server
 * that closes while we write has often said why: that is still to be read.
 */
static int
send_some(struct conn *c)
{
	ssize_t n;

	if (c->tx.n == 0)
		return 0;
	n = send(c->fd, c->tx.p + c->tx.at, c->tx.n, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		c->deaf = true;
		fifo_drop(&c->tx, c->tx.n);
		fifo_drop(&c->out, c->out.n);
		return 1;
	}
	fifo_drop(&c->tx, (size_t)n);
	c->limits.sent += (uint64_t)n;
	c->streamed = 0;
	return 1;
}

/* Takes what the socket has now.  1 something came (or the end), 0, -1. */
static int
recv_some(struct conn *c)
{
	size_t room;
	char *to;
	ssize_t n;

	if (c->eof || (to = fifo_room(&c->rx, BURST, &room)) == NULL)
		return 0;
	if (c->opening && c->tcp)
		os_ack_now(c->fd);
	n = recv(c->fd, to, room, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {	/* one that closes with something unread resets */
		fail_sys(c->e, EX_TEMPFAIL, errno == ECONNRESET ?
		    "%s: the server closed the connection" : "%s", c->limits.what);
		return broken(c);
	}
	c->rx.n += (size_t)n;
	c->limits.heard |= n > 0;
	c->streamed += (size_t)n;
	c->eof = n == 0;
	c->hungry = (size_t)n == room;	/* there may be more at once */
	if (c->hungry)
		c->nap /= 2;
	else if (n < RECORD)
		c->nap = c->nap < NAP / 2 ? 2 * c->nap + 1 : NAP;
	return 1;
}

/* From rx to f, as far as f has room.  1 something moved, 0, -1. */
static int
decipher(struct conn *c, struct fifo *f)
{
	size_t room, was = f->n;
	long n = TLS_MORE;
	char *to;

	while ((to = fifo_room(f, RECORD, &room)) != NULL) {
		if (c->tls == NULL) {
			n = (long)(c->rx.n < room ? c->rx.n : room);
			if (n > 0)
				memcpy(to, c->rx.p + c->rx.at, (size_t)n);
			fifo_drop(&c->rx, (size_t)n);
		} else {
			n = tls_read(c->tls, to, room);
		}
		if (n <= 0)
			break;
		f->n += (size_t)n;
	}
	if (n == -1)
		return broken(c);
	if (n == TLS_END)
		c->eof = true;
	return f->n > was;
}

/* From f to tx, as far as tx has room. */
static int
encipher(struct conn *c, struct fifo *f)
{
	size_t room;
	long n;

	while (f->n > 0 && fifo_room(&c->tx, 1, &room) != NULL) {
		n = c->tls == NULL ?
		    (long)fifo_put(&c->tx, f->p + f->at, f->n) :
		    tls_write(c->tls, f->p + f->at, f->n);
		if (n == -1 || n == TLS_END)
			return broken(c);
		if (n <= 0)
			break;
		fifo_drop(f, (size_t)n);
	}
	return 0;
}

/* in and out, and between them and the cipher DEFLATE if it was agreed. */
static int
decode(struct conn *c)
{
	size_t was = c->in.n;

	if (decipher(c, c->z != NULL ? &c->z->from : &c->in) < 0)
		return -1;
	if (c->z != NULL && deflate_in(c->z, &c->in, RECORD) < 0) {
		fail(c->e, EX_PROTOCOL, "%s: what comes is not DEFLATE",
		    c->limits.what);
		return broken(c);
	}
	conn_limits_came(&c->limits, c->in.n - was);
	return c->in.n > was;
}

static int
encode(struct conn *c)
{
	if (c->z == NULL)
		return encipher(c, &c->out);
	do {
		if (encipher(c, &c->z->to) < 0)
			return -1;
	} while (deflate_out(c->z, &c->out, RECORD));
	return 0;
}

static bool
unsent(const struct conn *c)
{
	return c->out.n > 0 || (c->z != NULL && (c->z->to.n > 0 || c->z->held));
}

/*
 * Who sends much often sends it in small pieces, and each would wake us, just
 * to wait for the next, which costs both sides.  While it streams, we look
 * again after a nap in which something between RECORD and BURST comes.
 */
static int
pause_for_more(struct conn *c)
{
	struct timespec nap = { .tv_nsec = 1000 * c->nap };

	if (c->streamed < STREAM)
		return 0;
	nanosleep(&nap, NULL);
	return recv_some(c);
}

static int
turn(struct conn *c, bool reading)
{
	struct pollfd p = { .fd = c->fd };
	size_t room;
	int got;

	if (conn_limits_stop(&c->limits))
		return stopped(c);
	if (clock_left(conn_limits_end(&c->limits)) == 0)
		return timed_out(c);
	got = send_some(c);
	if (c->tx.n == 0 && got > 0 && (!reading || unsent(c)))
		return 0;
	if (reading && c->hungry && (got = recv_some(c)) != 0)
		return got;
	if (reading && c->tx.n == 0 && (got = pause_for_more(c)) != 0)
		return got;
	p.events = c->tx.n > 0 ? POLLOUT : 0;
	if (!c->eof && fifo_room(&c->rx, 1, &room) != NULL)
		p.events |= POLLIN;	/* never without room: a busy loop */
	if (p.events == 0)
		return c->eof ? closed(c) : endless(c);
	got = c->limits.last ? net_poll_last(&p, 1, conn_limits_end(&c->limits)) :
	    net_poll(&p, 1, conn_limits_end(&c->limits));
	if (got <= 0)
		return got == NET_STOPPED ? stopped(c) : timed_out(c);
	if ((p.revents & (POLLIN | POLLHUP | POLLERR)) && recv_some(c) < 0)
		return -1;
	return 0;
}

/*
 * One round with the socket: sends and takes what goes without waiting, or
 * waits until something does.
 */
static int
exchange(struct conn *c, bool reading)
{
	int got;

	if (c->failed)
		return -1;
	conn_limits_wait(&c->limits);
	got = turn(c, reading);
	conn_limits_waited(&c->limits);
	return got;
}

/*
 * A peer that does not take our commands before we took its answers, and no
 * room for those: to wait would be for ever, so the queue grows.
 */
static bool
stuck(const struct conn *c)
{
	return c->rx.n >= c->rx.max && c->in.n >= c->in.max &&
	    c->out.max < QUEUE;
}

/* Until tx holds at most this much; what comes meanwhile is read ahead. */
static int
drain(struct conn *c, size_t most)
{
	if (encode(c) < 0)
		return -1;
	while (c->tx.n > most || (most == 0 && unsent(c))) {
		if (most > 0 && stuck(c)) {
			c->out.max *= 2;
			return 0;
		}
		if (exchange(c, false) < 0 || encode(c) < 0 ||
		    (c->rx.n > 0 && decode(c) < 0))
			return -1;
	}
	return 0;
}

/* At least one more byte in in. */
static int
fill(struct conn *c)
{
	int got;

	if (c->failed || encode(c) < 0)
		return -1;
	for (;;) {
		if ((got = decode(c)) != 0)
			return got;
		if (c->eof)
			return closed(c);
		if (exchange(c, true) < 0 || encode(c) < 0)
			return -1;
	}
}

static int
look_up(struct conn *c, struct net_addr *addr, int max)
{
	const struct conn_conf *f = c->conf;
	const char *host = f->dial_host != NULL ? f->dial_host : f->host;
	unsigned port = f->dial_port != 0 ? f->dial_port : f->port;
	struct proxy_conf proxy;
	int n;

	if (f->proxy == NULL)
		return errand_resolve(host, port, f->family, addr, max,
		    conn_limits_end(&c->limits), c->e);
	if (proxy_parse(&proxy, f->proxy, c->e) < 0)
		return -1;
	n = errand_resolve(proxy.host, proxy.port, f->family, addr, max,
	    conn_limits_end(&c->limits), c->e);
	proxy_wipe(&proxy);
	return n;
}

static int
dial(struct conn *c)
{
	const struct conn_conf *f = c->conf;
	struct net_addr found[ADDRESSES];
	const struct net_addr *addr = f->naddr > 0 ? f->addr : found;
	int n = f->naddr, which = 0;

	if (f->command != NULL)
		return spawn_socket(f->command, &c->child, c->e);
	if (f->path != NULL)
		return errand_runs() ? errand_unix(f->path, c->e) :
		    net_unix(f->path, c->e);
	if (n == 0 && (n = look_up(c, found, ADDRESSES)) <= 0)
		return -1;
	c->tcp = true;
	c->fd = net_connect(addr, n, f->source, conn_limits_end(&c->limits),
	    &which, c->e);
	c->peer = addr[which];
	net_ntop(&c->peer, c->peer_text, sizeof c->peer_text);
	return c->fd;
}

static int
through(struct conn *c)
{
	const struct conn_conf *f = c->conf;
	struct proxy_conf proxy;
	int got;

	if (f->proxy == NULL || f->command != NULL || f->path != NULL)
		return 0;
	if (proxy_parse(&proxy, f->proxy, c->e) < 0)
		return broken(c);
	conn_phase(c, "the proxy", CONN_PROXY);
	got = proxy_connect(c, &proxy, f->dial_host != NULL ? f->dial_host :
	    f->host, f->dial_port != 0 ? f->dial_port : f->port, c->e);
	proxy_wipe(&proxy);
	conn_wipe(c);
	return got < 0 ? broken(c) : 0;
}

static void
name(struct conn *c)
{
	const struct conn_conf *f = c->conf;

	if (f->path != NULL)
		snprintf(c->where, sizeof c->where, "%s", f->path);
	else if (strchr(f->host, ':') != NULL)
		snprintf(c->where, sizeof c->where, "[%s]:%u", f->host,
		    f->port);
	else
		snprintf(c->where, sizeof c->where, "%s:%u", f->host, f->port);
}

/* What is known before there is a connection. */
static void
prepare(struct conn *c, const struct conn_conf *conf, struct err *e)
{
	c->conf = conf;
	c->e = e;
	c->limits.whole = &conf->deadline;
	name(c);
	conn_phase(c, "connecting",
	    conf->connect_timeout > 0 ? conf->connect_timeout : CONN_DIAL);
}

int
conn_resolve(const struct conn_conf *conf, struct net_addr *addr, int max,
    struct err *e)
{
	struct conn c = { .fd = -1 };
	int n = 0;

	prepare(&c, conf, e);
	if (conf->command == NULL && conf->path == NULL)
		n = look_up(&c, addr, max);
	return n < 0 ? broken(&c) : n;
}

/* Connected, and through the proxy if there is one. */
static int
reach(struct conn *c)
{
	snprintf(c->peer_text, sizeof c->peer_text, "%s",
	    c->conf->command != NULL ? "command" : "unix");
	c->fd = dial(c);
	if (c->fd < 0)
		return stop_asked() ? stopped(c) : broken(c);
	trace_note(TRACE_DONE, "connected to %s (%s)", c->where, c->peer_text);
	return through(c);
}

static void
fresh(struct conn *c, const struct conn_conf *conf, struct err *e)
{
	*c = (struct conn){ .fd = -1, .opening = true,
	    .slept = clock_slept(),
	    .limit = LINE, .out.max = BURST, .tx.max = 2 * BURST,
	    .rx.max = BURST, .in.max = AHEAD };
	prepare(c, conf, e);
}

struct conn *
conn_open(const struct conn_conf *conf, struct err *e)
{
	struct conn *c = mem_new(1, sizeof *c);

	fresh(c, conf, e);
	c->classic = conf->classic != NULL && atomic_load(conf->classic);
	if (reach(c) == 0)
		return c;
	conn_close(c);
	return NULL;
}

static void
hang_up(struct conn *c)
{
	tls_free(c->tls);
	deflate_free(c->z);
	c->tls = NULL;
	c->z = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (!spawn_wait(&c->child, clock_in(1)))	/* by itself: no input */
		spawn_end(&c->child);
	fifo_free(&c->out);
	fifo_free(&c->tx);
	fifo_free(&c->rx);
	fifo_free(&c->in);
}

void
conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	if (!c->failed && c->fd >= 0) {
		if (encode(c) == 0 && c->tls != NULL)
			tls_bye(c->tls);
		if (!c->failed && c->tx.n > 0)
			(void)!send(c->fd, c->tx.p + c->tx.at, c->tx.n,
			    MSG_NOSIGNAL);
	}
	hang_up(c);
	free(c);
}

/* ---- changes of trust ---- */

static const char *
between(const struct conn *c)
{
	if (c->conf->command != NULL)
		return "the command of --connect-command";
	if (c->conf->proxy != NULL && c->conf->path == NULL)
		return "the proxy";
	return "somebody between us and the server";
}

/* Any byte counts: a whole line, half of one, or one still in the kernel. */
static int
silent(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	if (c->in.n > 0 || c->rx.n > 0)
		return 0;
	if (net_poll(&p, 1, 0) > 0 && recv_some(c) < 0)
		return -1;
	return c->rx.n == 0;
}

/* Nothing decoded is left over: it goes back to where it came from. */
static int
tunnel(struct conn *c)
{
	struct fifo was = c->in;

	if (c->rx.n > 0 || c->in.n > c->rx.max)
		return endless(c);
	was.max = c->rx.max;
	c->rx.max = c->in.max;
	c->in = c->rx;
	c->rx = was;
	return 0;
}

/* What came behind the server's yes is compressed already, or not from it. */
static int
compressed(struct conn *c)
{
	if (c->in.n > 0)
		fifo_put(&c->z->from, c->in.p + c->in.at, c->in.n);
	fifo_drop(&c->in, c->in.n);
	return decode(c) < 0 ? -1 : 0;
}

/* Plaintext where a handshake should be. */
static void
note_first(struct conn *c)
{
	const char *p = c->rx.p + c->rx.at;
	size_t n = c->rx.n < sizeof c->first - 1 ? c->rx.n :
	    sizeof c->first - 1;

	if (n > 0 && c->first[0] == '\0' && (unsigned char)*p >= ' ')
		memcpy(c->first, p, n);
}

/*
 * CVE-2011-0411 and its many relatives (RFC 3207 section 6), and their cousins
 * by proxy.  With TLS from the first byte the kernel is not asked: what comes
 * from now on goes to TLS as it is, and is nothing that TLS takes.
 */
int
conn_trust(struct conn *c, enum conn_change to)
{
	int got;

	if (c->failed)
		return -1;
	if (to != CONN_DEFLATE && (c->tls != NULL || c->z != NULL)) {
		fail(c->e, EX_SOFTWARE, "%s: within TLS already", c->limits.what);
		return broken(c);
	}
	switch (to) {
	case CONN_TUNNEL:
		return tunnel(c);
	case CONN_TLS:
		if (c->in.n == 0 && c->rx.n == 0)
			return 0;
		note_first(c);
		fail(c->e, EX_PROTOCOL, "%zu bytes came before TLS began: from %s, or the server does not speak TLS on this port",
		    c->in.n + c->rx.n, between(c));
		return broken(c);
	case CONN_STARTTLS:
		if ((got = silent(c)) != 0)
			return got < 0 ? -1 : 0;
		fail(c->e, EX_PROTOCOL, "plaintext after the go-ahead for TLS: it may be from %s",
		    between(c));
		return broken(c);
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
	c->z = deflate_new(AHEAD + BURST, BURST);
	if (c->z == NULL) {
		fail(c->e, EX_OSERR, "zlib is not there, or has no memory");
		return broken(c);
	}
	return conn_trust(c, CONN_DEFLATE);
}

/* ---- TLS ---- */

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
			return doubt ? CONN_AGAIN : closed(c);
		if (exchange(c, true) < 0)
			return doubt && doubtful(c) ? CONN_AGAIN : -1;
		note_first(c);
	}
	if (got == 0)
		return 0;
	send_some(c);			/* the alert that says why */
	return tls_wants_no_alpn(c->tls) ? CONN_AGAIN : broken(c);
}

/* Another connection in place of this one, as if it were the first. */
static int
redial(struct conn *c)
{
	struct conn was = *c;

	fail_clear(c->e);
	hang_up(c);
	fresh(c, was.conf, was.e);
	c->limit = was.limit;
	c->classic = was.classic;
	c->no_alpn = was.no_alpn;
	return reach(c);
}

static int
again(struct conn *c)
{
	name(c);
	if (tls_wants_no_alpn(c->tls)) {
		trace_note(TRACE_DONE, "%s refuses ALPN %s: one more try without", c->where, c->conf->alpn);
		c->no_alpn = true;
	} else {
		trace_note(TRACE_DONE, "%s: no answer to TLS with a hybrid group: one more try with classic groups (--tls-groups)", c->where);
		c->classic = true;
	}
	return redial(c) < 0 ? -1 : CONN_AGAIN;
}

static int
begin(struct conn *c, enum conn_change to)
{
	struct tls_hello hello = { .name = c->conf->host,
	    .classic = c->classic };
	int got;

	if (to == CONN_TLS && !c->no_alpn)
		hello.alpn = c->conf->alpn;
	if (c->failed || drain(c, 0) < 0 || conn_trust(c, to) < 0)
		return -1;
	c->tls = tls_new(c->conf->tls, &hello, &c->rx, &c->tx, c->e);
	if (c->tls == NULL)
		return broken(c);
	if ((got = shake(c)) == CONN_AGAIN)
		return again(c);
	if (got == 0 && c->classic && c->conf->classic != NULL)
		atomic_store(c->conf->classic, true);
	return got;
}

int
conn_tls(struct conn *c)
{
	int got;

	do {
		got = begin(c, CONN_TLS);
	} while (got == CONN_AGAIN);
	return got;
}

int
conn_starttls(struct conn *c)
{
	return begin(c, CONN_STARTTLS);
}

void
conn_phase(struct conn *c, const char *what, double seconds)
{
	conn_limits_begin(&c->limits, what, seconds);
}

void
conn_again(struct conn *c)
{
	conn_limits_renew(&c->limits);
}

void
conn_last(struct conn *c, bool is)
{
	c->limits.last = is;
}

void
conn_body(struct conn *c, bool body)
{
	c->limits.body = body;
}

void
conn_write(struct conn *c, const void *p, size_t n)
{
	const char *at = p;
	size_t put;

	while (n > 0 && !c->failed && !c->deaf) {
		put = fifo_put(&c->out, at, n);
		at += put;
		n -= put;
		if (n > 0 && drain(c, BURST) < 0)
			return;
	}
}

static void
trace_out(struct conn *c, struct str s)
{
	char masked[128];

	if (!trace_on(TRACE_TALK))
		return;
	if (c->mask != NULL) {
		snprintf(masked, sizeof masked, "%s%s***", c->mask,
		    c->mask[0] != '\0' ? " " : "");
		trace_line(">", str_of(masked));
		return;
	}
	while (s.n > 0)
		trace_line(">", str_trim(str_cut(&s, '\n')));
}

void
conn_printf(struct conn *c, const char *fmt, ...)
{
	struct buf b = { .max = 65536, .secret = c->mask != NULL };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (b.over) {
		fail(c->e, EX_SOFTWARE, "a command over %zu bytes", b.max);
		broken(c);
	} else if (!c->failed) {
		trace_out(c, BUF_STR(b));
		conn_write(c, b.p, b.n);
	}
	buf_free(&b);
}

int
conn_flush(struct conn *c)
{
	return c->failed ? -1 : drain(c, 0);
}

/* "334 c2VjcmV0" is shown as "334 ***", "+ ..." as "+ ***". */
static void
trace_in(const struct conn *c, struct str s)
{
	char masked[16];
	size_t n = s.n > 0 && s.p[0] == '+' ? 1 : 3;

	if (!trace_on(TRACE_TALK))
		return;
	if (c->mask != NULL && s.n > n && (s.p[0] == '+' || s.p[0] == '3')) {
		snprintf(masked, sizeof masked, "%.*s ***", (int)n, s.p);
		s = str_of(masked);
	}
	trace_line("<", s);
}

static char *
bad_line(struct conn *c, const char *why)
{
	fail(c->e, EX_PROTOCOL, "%s: the server sent %s", c->limits.what, why);
	broken(c);
	return NULL;
}

char *
conn_line(struct conn *c, size_t *len)
{
	size_t seen = 0, n;
	char *p, *eol;

	/* Asked for each line: a flood's may be dear, and many. */
	if (conn_limits_stop(&c->limits)) {
		stopped(c);
		return NULL;
	}
	while ((eol = c->in.n > seen ? memchr(c->in.p + c->in.at + seen, '\n',
	    c->in.n - seen) : NULL) == NULL) {
		seen = c->in.n;
		if (seen > c->limit)
			break;
		if (fill(c) < 0)
			return NULL;
	}
	p = c->in.p + c->in.at;
	n = eol != NULL ? (size_t)(eol - p) : seen;
	if (n > c->limit)
		return bad_line(c, "a line over the limit");
	fifo_drop(&c->in, n + 1);
	if (n > 0 && p[n - 1] == '\r')
		n--;
	p[n] = '\0';
	if (memchr(p, '\0', n) != NULL)
		return bad_line(c, "a NUL byte");
	trace_in(c, (struct str){ p, n });
	*len = n;
	return p;
}

void
conn_limit(struct conn *c, size_t max)
{
	c->limit = max;
}

long
conn_read(struct conn *c, void *to, size_t n)
{
	if (c->in.n == 0 && fill(c) < 0)
		return -1;
	n = n < c->in.n ? n : c->in.n;
	memcpy(to, c->in.p + c->in.at, n);
	fifo_drop(&c->in, n);
	return (long)n;
}

int
conn_copy(struct conn *c, const struct conn_sink *sink, uint64_t n)
{
	size_t some;

	while (n > 0) {
		if (c->in.n == 0 && fill(c) < 0)
			return -1;
		some = n < c->in.n ? (size_t)n : c->in.n;
		if (sink->put(sink->to, c->in.p + c->in.at, some, c->e) < 0)
			return -1;
		fifo_drop(&c->in, some);
		n -= some;
	}
	return 0;
}

long
conn_peek(struct conn *c, const char **p, size_t min)
{
	while (c->in.n < min)
		if (fill(c) < 0)
			return -1;
	*p = c->in.p + c->in.at;
	return (long)c->in.n;
}

void
conn_take(struct conn *c, size_t n)
{
	fifo_drop(&c->in, n);
}

/*
 * 1 something came, 0 the time is over, -1 the machine slept.  The monotonic
 * clock stands still meanwhile, so that no deadline would tell.
 */
static int
long_wait(struct conn *c, int64_t end)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int64_t slice;
	int got = 0;

	while (got == 0 && clock_left(end) != 0) {
		slice = clock_in(SLICE);
		got = net_poll(&p, 1, slice < end ? slice : end);
		if (got == NET_STOPPED)
			return 0;	/* there is time for a last word */
		if (clock_slept() - c->slept < SLEPT)
			continue;
		fail(c->e, EX_TEMPFAIL, "%s: this machine was suspended",
		    c->limits.what);
		return broken(c);
	}
	return got > 0;
}

int
conn_wait(struct conn *c, double seconds)
{
	int64_t end = clock_in(seconds);
	int got;

	if (conn_flush(c) < 0)
		return -1;
	if (c->tcp)	/* routers forget silent ones, and peers go without a word */
		os_keep_alive(c->fd);
	while (c->in.n == 0) {
		if ((got = decode(c)) != 0)
			return got;
		if (c->eof)
			return closed(c);
		if ((got = long_wait(c, end)) <= 0)
			return got;
		if (recv_some(c) < 0)
			return -1;
	}
	return 1;
}

static int
quiet(struct conn *c, int64_t end)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int64_t whole = conn_limits_end(&c->limits);
	int got;

	if (conn_flush(c) < 0)
		return -1;
	while (c->in.n == 0 && !c->eof) {
		if ((got = decode(c)) != 0)
			return got < 0 ? -1 : 0;
		got = net_poll(&p, 1, end < whole ? end : whole);
		if (got == NET_STOPPED)
			return stopped(c);
		if (got == 0)
			return clock_left(whole) != 0;
		if (recv_some(c) < 0)
			return -1;
	}
	return 0;
}

int
conn_quiet(struct conn *c, double seconds)
{
	int got = quiet(c, clock_in(seconds));

	conn_limits_waited(&c->limits);
	return got;
}

void
conn_mask(struct conn *c, const char *label)
{
	c->mask = label;
}

void
conn_wipe(struct conn *c)
{
	fifo_clean(&c->out);
	fifo_clean(&c->tx);
	mem_wipe_stack();
}

static int __attribute__((format(printf, 3, 0)))
failed(struct conn *c, int code, const char *fmt, va_list ap)
{
	char text[sizeof c->e->msg];

	vsnprintf(text, sizeof text, fmt, ap);
	if (c->e->code == 0 && c->where[0] != '\0') {
		fail(c->e, code, "%s", text);
		fail_in(c->e, "%s", c->where);
	}
	return fail(c->e, code, "%s", text);
}

int
conn_fail(struct conn *c, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	failed(c, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
conn_abort(struct conn *c, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	failed(c, code, fmt, ap);
	va_end(ap);
	c->failed = true;
	c->stopped = false;
	return -1;
}

void
conn_farewell(struct conn *c, const char *line)
{
	if (!c->stopped || c->deaf || unsent(c) || c->tx.n > 0)
		return;
	c->failed = c->stopped = false;
	conn_printf(c, "%s\r\n", line);
}

struct err *
conn_err(const struct conn *c)
{
	return c->e;
}

const struct conn_conf *
conn_settings(const struct conn *c)
{
	return c->conf;
}

const char *
conn_first(const struct conn *c)
{
	return c->first;
}

bool
conn_failed(const struct conn *c)
{
	return c->failed;
}

bool
conn_deaf(const struct conn *c)
{
	return c->failed || c->deaf;
}

bool
conn_sent_all(const struct conn *c)
{
	return !c->deaf && !unsent(c) && c->tx.n == 0;
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
	return c->tcp && c->conf->proxy == NULL && net_loopback(&c->peer);
}

void
conn_settled(struct conn *c)
{
	c->opening = false;
}

struct tls *
conn_session(const struct conn *c)
{
	return c->tls;
}

void
conn_ehlo(const struct conn *c, char *dst, size_t cap)
{
	net_ehlo(c->fd, dst, cap);
}

const char *
conn_peer(const struct conn *c)
{
	return c->peer_text;
}
