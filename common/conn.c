/*
 * conn.c: one connection to one server: bytes and lines, plain or TLS
 *
 * Four fifos: out (plaintext queued) -> tx (to the socket) and rx (from the
 * socket) -> in (plaintext unread).  Without TLS out and in are passed on as
 * they are.  A dialogue waits in conn_exchange, and while it waits to write it
 * reads as well, so that two peers with full pipes cannot block each other;
 * conn_wait and conn_quiet wait for the peer to say something.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "conn_private.h"
#include "deflate.h"
#include "mem.h"
#include "net.h"
#include "os.h"
#include "stop.h"
#include "tls.h"
#include "trace.h"

enum {
	QUEUE = 1 << 23,	/* what we may say while it does not listen */
	SLICE = 5,		/* seconds, of a long wait */
	SLEPT = 2000,		/* ms of suspension that count, */
	STOPPED = 60000		/* and of ours: a busy machine has us wait, too */
};

int
conn_broken(struct conn *c)
{
	if (c->state == CONN_ALIVE)
		c->state = CONN_FAILED;
	if (c->peer.where[0] != '\0')
		fail_in(c->e, "%s", c->peer.where);
	c->peer.where[0] = '\0';		/* said once */
	return -1;
}

int
conn_closed(struct conn *c)
{
	fail(c->e, EX_TEMPFAIL, "%s: the server closed the connection",
	    c->limits.what);
	return conn_broken(c);
}

int
conn_endless(struct conn *c)
{
	fail(c->e, EX_PROTOCOL, "%s: the server talks without end", c->limits.what);
	return conn_broken(c);
}

/* Not this connection's fault: so nothing is said of where it led. */
int
conn_stopped(struct conn *c)
{
	fail_stop(c->e);
	if (c->state == CONN_ALIVE)
		c->state = CONN_STOPPED;
	c->peer.where[0] = '\0';
	return -1;
}

/* 0 if there is more time, -1. */
static int
timed_out(struct conn *c)
{
	return conn_limits_over(&c->limits, c->fd, c->tx.n, c->e) < 0 ?
	    conn_broken(c) : 0;
}

void
conn_deafen(struct conn *c)
{
	c->deaf = true;
	shutdown(c->fd, SHUT_WR);
	fifo_drop(&c->tx, c->tx.n);
	fifo_drop(&c->out, c->out.n);
}

/*
 * Sends what the socket takes now.  1 something went, 0 nothing.  A server
 * that closes while we write has often said why: that is still to be read.  One
 * that has not is told that no more comes, and need not be waited for.
 */
int
conn_send_some(struct conn *c)
{
	ssize_t n;

	if (c->tx.n == 0)
		return 0;
	n = send(c->fd, c->tx.p + c->tx.at, c->tx.n, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		conn_deafen(c);
		return 1;
	}
	fifo_drop(&c->tx, (size_t)n);
	c->limits.sent += (uint64_t)n;
	return 1;
}

/* Takes what the socket has now.  1 something came (or the end), 0, -1. */
int
conn_recv_some(struct conn *c)
{
	size_t room;
	char *to;
	ssize_t n;

	if (c->eof || (to = fifo_room(&c->rx, CONN_BURST, &room)) == NULL)
		return 0;
	if (c->opening && c->peer.tcp)
		os_ack_now(c->fd);
	n = recv(c->fd, to, room, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	/* One that closes with something unread resets: it has its last word. */
	if (n < 0 && errno == ECONNRESET && c->in.n + c->rx.n > 0) {
		c->eof = true;
		return 1;
	}
	if (n < 0) {
		fail_sys(c->e, EX_TEMPFAIL, errno == ECONNRESET ?
		    "%s: the server closed the connection" : "%s", c->limits.what);
		return conn_broken(c);
	}
	c->rx.n += (size_t)n;
	c->limits.heard |= n > 0;
	c->eof = n == 0;
	c->hungry = (size_t)n == room;	/* there may be more at once */
	return 1;
}

/* From rx to f, as far as f has room.  1 something moved, 0, -1. */
static int
decipher(struct conn *c, struct fifo *f)
{
	size_t room, was = f->n;
	long n = TLS_MORE;
	char *to;

	while ((to = fifo_room(f, CONN_RECORD, &room)) != NULL) {
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
		return conn_broken(c);
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
			return conn_broken(c);
		if (n <= 0)
			break;
		fifo_drop(f, (size_t)n);
	}
	return 0;
}

/* in and out, and between them and the cipher DEFLATE if it was agreed. */
int
conn_decode(struct conn *c)
{
	size_t was = c->in.n;

	if (decipher(c, c->z != NULL ? &c->z->from : &c->in) < 0)
		return -1;
	if (c->z != NULL && deflate_in(c->z, &c->in, CONN_RECORD) < 0) {
		fail(c->e, EX_PROTOCOL, "%s: what comes is not DEFLATE",
		    c->limits.what);
		return conn_broken(c);
	}
	c->came += c->in.n - was;
	conn_limits_came(&c->limits, c->in.n - was);
	return c->in.n > was;
}

static int
encode_out(struct conn *c)
{
	if (c->z == NULL)
		return encipher(c, &c->out);
	do {
		if (encipher(c, &c->z->to) < 0)
			return -1;
	} while (deflate_out(c->z, &c->out, CONN_RECORD));
	return 0;
}

static bool
unsent(const struct conn *c)
{
	return c->out.n > 0 || (c->z != NULL && (c->z->to.n > 0 || c->z->held));
}

static int
turn(struct conn *c, bool reading)
{
	struct pollfd p = { .fd = c->fd };
	size_t room;
	int got;

	if (conn_limits_stop(&c->limits))
		return conn_stopped(c);
	if (clock_left(conn_limits_end(&c->limits)) == 0)
		return timed_out(c);
	got = conn_send_some(c);
	if (c->tx.n == 0 && got > 0 && (!reading || unsent(c)))
		return 0;
	if (reading && c->hungry && (got = conn_recv_some(c)) != 0)
		return got;
	p.events = c->tx.n > 0 ? POLLOUT : 0;
	if (!c->eof && fifo_room(&c->rx, 1, &room) != NULL)
		p.events |= POLLIN;	/* never without room: a busy loop */
	if (p.events == 0)
		return c->eof ? conn_closed(c) : conn_endless(c);
	got = c->limits.last ? net_poll_last(&p, 1, conn_limits_end(&c->limits)) :
	    net_poll(&p, 1, conn_limits_end(&c->limits));
	if (got <= 0)
		return got == NET_STOPPED ? conn_stopped(c) : timed_out(c);
	if ((p.revents & (POLLIN | POLLHUP | POLLERR)) && conn_recv_some(c) < 0)
		return -1;
	return 0;
}

/*
 * One round with the socket: sends and takes what goes without waiting, or
 * waits until something does.
 */
int
conn_exchange(struct conn *c, bool reading)
{
	int got;

	if (c->state != CONN_ALIVE)
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
	if (encode_out(c) < 0)
		return -1;
	while (c->tx.n > most || (most == 0 && unsent(c))) {
		if (most > 0 && stuck(c)) {
			c->out.max *= 2;
			return 0;
		}
		if (conn_exchange(c, false) < 0 || encode_out(c) < 0 ||
		    (c->rx.n > 0 && conn_decode(c) < 0))
			return -1;
	}
	return 0;
}

/* At least one more byte in in. */
static int
conn_fill(struct conn *c)
{
	int got;

	if (c->state != CONN_ALIVE || encode_out(c) < 0)
		return -1;
	for (;;) {
		if ((got = conn_decode(c)) != 0)
			return got;
		if (c->eof)
			return conn_closed(c);
		if (conn_exchange(c, true) < 0 || encode_out(c) < 0)
			return -1;
	}
}

void
conn_hang_up(struct conn *c)
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
	if (c->state == CONN_ALIVE && c->fd >= 0) {
		if (encode_out(c) == 0 && c->tls != NULL)
			tls_bye(c->tls);
		if (c->state == CONN_ALIVE && c->tx.n > 0)
			(void)!send(c->fd, c->tx.p + c->tx.at, c->tx.n,
			    MSG_NOSIGNAL);
	}
	conn_hang_up(c);
	free(c);
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

	while (n > 0 && c->state == CONN_ALIVE && !c->deaf) {
		put = fifo_put(&c->out, at, n);
		at += put;
		n -= put;
		if (n > 0 && drain(c, CONN_BURST) < 0)
			return;
	}
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
		conn_broken(c);
	} else if (c->state == CONN_ALIVE) {
		conn_trace_out(c, BUF_STR(b));
		conn_write(c, b.p, b.n);
	}
	buf_free(&b);
}

int
conn_flush(struct conn *c)
{
	return c->state != CONN_ALIVE ? -1 : drain(c, 0);
}

static char *
bad_line(struct conn *c, const char *why)
{
	fail(c->e, EX_PROTOCOL, "%s: the server sent %s", c->limits.what, why);
	conn_broken(c);
	return NULL;
}

char *
conn_line(struct conn *c, size_t *len)
{
	size_t seen = 0, n;
	char *p, *eol;

	/* Asked for each line: a flood's may be dear, and many. */
	if (conn_limits_stop(&c->limits)) {
		conn_stopped(c);
		return NULL;
	}
	while ((eol = c->in.n > seen ? memchr(c->in.p + c->in.at + seen, '\n',
	    c->in.n - seen) : NULL) == NULL) {
		seen = c->in.n;
		if (seen > c->line)
			break;
		if (conn_fill(c) < 0)
			return NULL;
	}
	p = c->in.p + c->in.at;
	n = eol != NULL ? (size_t)(eol - p) : seen;
	if (n > c->line)
		return bad_line(c, "a line over the limit");
	fifo_drop(&c->in, n + 1);
	c->crlf = n > 0 && p[n - 1] == '\r';
	n -= c->crlf;
	p[n] = '\0';
	if (memchr(p, '\0', n) != NULL)
		return bad_line(c, "a NUL byte");
	n = conn_unsay(c, p, n);
	conn_trace_in(c, (struct str){ p, n });
	*len = n;
	return p;
}

bool
conn_line_crlf(const struct conn *c)
{
	return c->crlf;
}

void
conn_limit(struct conn *c, size_t max)
{
	c->line = max;
}

long
conn_read(struct conn *c, void *to, size_t n)
{
	if (c->in.n == 0 && conn_fill(c) < 0)
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
		if (c->in.n == 0 && conn_fill(c) < 0)
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
		if (conn_fill(c) < 0)
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
 * The monotonic clock stands still while the machine is suspended, and goes on
 * while a process is: of the first no deadline would tell, of the second one
 * that is long over.
 */
static const char *
was_away(const struct conn *c, int64_t slice)
{
	if (clock_slept() - c->slept >= SLEPT)
		return "this machine was suspended";
	return clock_ms() - slice >= STOPPED ? "this process was stopped" :
	    NULL;
}

/* 1 something came, 2 from the other one, 0 the time is over, -1 absent. */
static int
long_wait(struct conn *c, int also, int64_t end)
{
	struct pollfd p[] = { { .fd = c->fd, .events = POLLIN },
	    { .fd = also, .events = POLLIN } };
	const char *why;
	int64_t slice;
	int got = 0;

	while (got == 0 && clock_left(end) != 0) {
		slice = clock_in(SLICE);
		if (end < slice)
			slice = end;
		got = net_poll(p, 2, slice);
		if (got == NET_STOPPED)
			return 0;	/* there is time for a last word */
		if ((why = was_away(c, slice)) == NULL)
			continue;
		fail(c->e, EX_TEMPFAIL, "%s: %s", c->limits.what, why);
		return conn_broken(c);
	}
	if (got > 0)
		return p[0].revents != 0 ? 1 : 2;
	return 0;
}

int
conn_wait(struct conn *c, int also, double seconds)
{
	int64_t end = clock_in(seconds);
	int got;

	if (conn_flush(c) < 0)
		return -1;
	if (c->peer.tcp)	/* routers forget silent ones, and peers go without a word */
		os_keep_alive(c->fd);
	while (c->in.n == 0) {
		if ((got = conn_decode(c)) != 0)
			return got;
		if (c->eof)
			return conn_closed(c);
		if ((got = long_wait(c, also, end)) != 1)
			return got;
		if (conn_recv_some(c) < 0)
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
		if ((got = conn_decode(c)) != 0)
			return got < 0 ? -1 : 0;
		got = net_poll(&p, 1, end < whole ? end : whole);
		if (got == NET_STOPPED)
			return conn_stopped(c);
		if (got == 0)
			return clock_left(whole) != 0;
		if (conn_recv_some(c) < 0)
			return -1;
	}
	return 0;
}

int
conn_quiet(struct conn *c, double seconds)
{
	int got = quiet(c, seconds > 0 ? clock_in(seconds) : clock_ms());

	conn_limits_waited(&c->limits);
	return got;
}

static int __attribute__((format(printf, 3, 0)))
set_failure(struct conn *c, int code, const char *fmt, va_list ap)
{
	char text[sizeof c->e->msg];

	vsnprintf(text, sizeof text, fmt, ap);
	if (c->e->code == 0 && c->peer.where[0] != '\0') {
		fail(c->e, code, "%s", text);
		fail_in(c->e, "%s", c->peer.where);
	}
	return fail(c->e, code, "%s", text);
}

int
conn_fail(struct conn *c, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_failure(c, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
conn_abort(struct conn *c, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_failure(c, code, fmt, ap);
	va_end(ap);
	c->state = CONN_FAILED;
	return -1;
}

void
conn_farewell(struct conn *c, const char *line)
{
	if (c->state != CONN_STOPPED || c->deaf || unsent(c) || c->tx.n > 0)
		return;
	c->state = CONN_ALIVE;
	conn_printf(c, "%s\r\n", line);
}

struct err *
conn_err(const struct conn *c)
{
	return c->e;
}

bool
conn_failed(const struct conn *c)
{
	return c->state != CONN_ALIVE;
}

bool
conn_write_closed(const struct conn *c)
{
	return c->state != CONN_ALIVE || c->deaf;
}

bool
conn_sent_all(const struct conn *c)
{
	return !c->deaf && !unsent(c) && c->tx.n == 0;
}

void
conn_settled(struct conn *c)
{
	c->opening = false;
}

void
conn_ehlo(const struct conn *c, char *dst, size_t cap)
{
	net_ehlo(c->fd, dst, cap);
}

const char *
conn_peer(const struct conn *c)
{
	return c->peer.text;
}
