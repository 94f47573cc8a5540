/*
 * conn.h: one connection to one server: bytes and lines, plain or TLS
 *
 * Blocking to the caller, with deadlines; non-blocking underneath.  A stop
 * (stop.h) fails a connection as soon as it would wait.  Failure is sticky:
 * after one, writes do nothing and reads fail, so a dialogue needs to check
 * once a reply.  The failure is in the err given to conn_open (conn_open.h),
 * beginning with "host:port: ".  TLS is in conn_tls.h.
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "str.h"

struct conn;

/* The end: queued bytes and a close_notify are tried once; NULL is fine. */
void conn_close(struct conn *);

/*
 * Seconds that a peer may take for a step, in all (RFC 5321 section 4.5.3.2
 * where it says something; postbag(7) tells them).
 */
enum {
	CONN_DIAL = 60, CONN_PROXY = 30, CONN_HANDSHAKE = 60,
	CONN_GREETING = 60, CONN_GREETING_SMTP = 300,
	CONN_COMMAND = 300, CONN_DATA = 120,
	CONN_BLOCK = 180,	/* of a message that is sent */
	CONN_BODY = 300,	/* of a message, or of a list, that comes */
	CONN_FINAL = 600,	/* the answer to a message */
	CONN_IDLE = 29 * 60	/* RFC 2177 */
};

/*
 * The name of what is waited for ("the greeting"), for messages, and for how
 * many seconds from now on (0: for ever, but for the whole's deadline).
 * However many bytes come meanwhile, it is over then: the caller knows what
 * counts, and says so by conn_again.  Time that the caller spends elsewhere, a
 * second or more of it, does not count.
 */
void conn_phase(struct conn *, const char *what, double seconds);
void conn_again(struct conn *);		/* the same seconds, from now on */

/*
 * Between the two, what is waited for is the only one who knows whether a
 * message was taken: a stop (stop.h), which else ends any wait at once, leaves
 * it until stop_grace.
 */
void conn_last(struct conn *, bool);

/*
 * Bytes of a message come from now on, in this phase: 2 KB of them a minute
 * keep it alive.  With 300 seconds that is 10 KB in each 300, so that a pause
 * is no fault.  It needs not be said of what goes: as long as there is more of
 * it, and the peer takes as much, no phase ends.
 */
void conn_body(struct conn *, bool);

/*
 * Queued; leaves when a read needs it, at conn_flush, or as full records.  All
 * that is queued between two reads leaves in one TLS record if it fits.
 * Writing waits for a peer that is slow to take it, reading ahead meanwhile;
 * when nobody reads for us any more, 8 MB are queued before it waits again.
 */
void conn_printf(struct conn *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void conn_write(struct conn *, const void *, size_t);
int conn_flush(struct conn *);	/* until the kernel has all of it */

/*
 * The next line without its CRLF, NUL-terminated, valid until the next read.
 * NULL at the end of the stream or on failure: EX_TEMPFAIL when the peer
 * closed, EX_PROTOCOL for a NUL or more than conn_limit bytes (8192).
 */
char *conn_line(struct conn *, size_t *len);
bool conn_line_crlf(const struct conn *);	/* the last one had a CR */
void conn_limit(struct conn *, size_t max);

/* Between 1 and n bytes as they come; 0 never; -1 at the end or on failure. */
long conn_read(struct conn *, void *, size_t n);

/* n bytes to the sink; -1 if they did not all come or the sink failed. */
struct conn_sink {
	int (*put)(void *to, const void *, size_t, struct err *);
	void *to;
};
int conn_copy(struct conn *, const struct conn_sink *, uint64_t n);

/*
 * At least min bytes (a few) of those there, without taking them: *p is valid
 * until the next read.  How many, or -1.  conn_take takes n of them.
 */
long conn_peek(struct conn *, const char **p, size_t min);
void conn_take(struct conn *, size_t n);

/*
 * 1 nothing comes for so long (0: it is a look, without waiting); 0 there is
 * something, or the end, or no time left, which the next read tells; -1.
 */
int conn_quiet(struct conn *, double seconds);

/*
 * Sends what is queued and waits, long, for something to read: 1 there is, 2
 * there is from the descriptor also (-1: none), 0 the seconds are over or a
 * stop was asked for (no failure), -1 failed.  A peer that is gone is found out
 * by keepalive in two minutes; and after a suspension of the machine, or of
 * this process (SIGSTOP), it is taken for gone (EX_TEMPFAIL): connect again.
 */
int conn_wait(struct conn *, int also, double seconds);

/* Records a failure of the dialogue, with "host:port: " before it.  -1. */
int conn_fail(struct conn *, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * As conn_fail, and nothing more is sent or read, not even what is queued:
 * for when a message is half sent and must not be taken for a whole one.
 */
int conn_abort(struct conn *, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The last line to a server whose connection a stop ended, if all that was
 * said before has left.  It goes with conn_close, the next to be called.
 */
void conn_farewell(struct conn *, const char *line);

struct err *conn_err(const struct conn *);	/* the one of conn_open */
bool conn_failed(const struct conn *);
bool conn_write_closed(const struct conn *);	/* it takes no more: stop writing */
bool conn_sent_all(const struct conn *);   /* nothing waits to be sent */

/* The opening is over: no more quick ACKs (TCP_QUICKACK before each read). */
void conn_settled(struct conn *);

void conn_ehlo(const struct conn *, char *dst, size_t cap);
const char *conn_peer(const struct conn *);	/* "192.0.2.1", "unix" */

#endif
