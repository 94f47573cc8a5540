/*
 * conn.h: one connection to one server: bytes and lines, plain or TLS
 *
 * Blocking to the caller, with deadlines; non-blocking underneath.  A stop
 * (stop.h) fails a connection as soon as it would wait.  Failure
 * is sticky: after one, writes do nothing and reads fail, so a dialogue needs
 * to check once a reply.  What failed is in the err given to conn_open,
 * beginning with "host:port: ".
 */
#ifndef CONN_H
#define CONN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "str.h"
#include "tls.h"

struct conn;
struct net_addr;

/* How a connection comes to TLS. */
enum conn_tls {
	CONN_TLS_IMPLICIT,	/* from the first byte */
	CONN_TLS_STARTTLS,	/* required: nothing is sent without it */
	CONN_TLS_OFF
};

struct conn_conf {
	const char *host;	/* to connect to (A-labels or address) */
	unsigned port;
	const char *path;	/* or: a unix socket */
	const char *command;	/* or: --connect-command */
	const char *dial_host;	/* --connect-to: connect there, verify host */
	unsigned dial_port;
	const char *proxy;	/* socks5://[user:pass@]h[:1080], http://h:port */
	const char *source;	/* local address */
	const struct net_addr *addr;	/* looked up before: conn_resolve */
	int naddr;
	int family;		/* AF_UNSPEC, AF_INET, AF_INET6 */
	double connect_timeout;	/* seconds; 0: 60 */
	int64_t deadline;	/* of the whole (clock.h); 0: never */
	struct tls_ctx *tls;	/* for conn_starttls and conn_tls */
	const char *alpn;	/* offered by conn_tls; or NULL */
	/* set once a server needed classic groups, for the next connection */
	atomic_bool *classic;	/* or NULL */
};

/*
 * Looks up whom conn_open would connect to, for conf->addr: how many addresses
 * at most max, 0 where nothing is looked up (a path, a command), -1.
 */
int conn_resolve(const struct conn_conf *, struct net_addr *, int max,
    struct err *);

/* Connected, in plaintext; NULL on failure.  *conf must outlive it. */
struct conn *conn_open(const struct conn_conf *, struct err *);

/* The end: queued bytes and a close_notify are tried once; NULL is fine. */
void conn_close(struct conn *);

/*
 * From here on somebody else speaks, or the same one in another way.  Every
 * such change goes through here, before anything of the new kind is read: what
 * stands unread was said by somebody of before, who must not be believed
 * afterwards.
 *
 * CONN_TUNNEL	a proxy has answered.  What stands behind its answer is the
 *		server's greeting, in plaintext, or the proxy's invention: good
 *		for plaintext, and refused by the next change.
 * CONN_TLS	TLS begins with no go-ahead: nobody may have spoken.
 * CONN_STARTTLS TLS begins after the go-ahead: not a byte may stand behind
 *		it, neither here nor in the kernel.
 * CONN_DEFLATE	the server's words, compressed.  The server may go on at once,
 *		so what stands behind its yes is given to the decompressor and
 *		never taken for text.
 *
 * -1: EX_PROTOCOL, the connection has failed.
 */
enum conn_change { CONN_TUNNEL, CONN_TLS, CONN_STARTTLS, CONN_DEFLATE };
int conn_trust(struct conn *, enum conn_change);

/*
 * TLS from here on: from the first byte, or after the server's go-ahead.
 * Whoever learnt something before forgets it (RFC 3207 section 4.2).
 *
 * If nothing answers a first message with a hybrid group (it is closed, reset,
 * or silent for 10 s) there is one more try, a new connection, with classic
 * groups: what is verified is the same.  conn_tls does that by itself, and
 * likewise without ALPN for a server that refuses it.  conn_starttls returns
 * CONN_AGAIN: the connection is a new one, in plaintext, and what follows is
 * the greeting.
 */
enum { CONN_AGAIN = 1 };
int conn_tls(struct conn *);
int conn_starttls(struct conn *);

/*
 * Raw DEFLATE from here on, both ways (RFC 4978), inside TLS if there is any.
 * EX_OSERR without zlib: ask deflate_here first.
 */
int conn_deflate(struct conn *);

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
 * What is being waited for ("the greeting"), for messages, and for how many
 * seconds from now on (0: for ever, but for the whole's deadline).  However
 * many bytes come meanwhile, it is over then: the caller knows what counts,
 * and says so by conn_again.  Time that the caller spends elsewhere, a second
 * or more of it, does not count.
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
 * Queued; leaves when a read needs it, at conn_flush, or as full records.
 * What is queued between two reads leaves in one TLS record if it fits.
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
 * What is there, at least min bytes of it (a few), without taking it: *p is
 * valid until the next read.  How many, or -1.  conn_take takes n of them.
 */
long conn_peek(struct conn *, const char **p, size_t min);
void conn_take(struct conn *, size_t n);

/*
 * 1 nothing comes for so long; 0 there is something, or the end, or no time
 * left, which the next read tells; -1.
 */
int conn_quiet(struct conn *, double seconds);

/*
 * Sends what is queued and waits, long, for something to read: 1 there is, 0
 * the seconds are over or a stop was asked for (which is no failure), -1 failed.  A peer that is gone
 * is found out by keepalive in two minutes, and by the machine having been
 * suspended since it connected (EX_TEMPFAIL): connect again.
 */
int conn_wait(struct conn *, double seconds);

/*
 * While a label is set (not NULL) the trace shows "> label ***" for what is
 * sent, and no payload of what comes: secrets are under way.
 */
void conn_mask(struct conn *, const char *label);

/* The login is over: what our side has left of it in buffers is wiped. */
void conn_wipe(struct conn *);

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
const struct conn_conf *conn_settings(const struct conn *);	/* too */
bool conn_failed(const struct conn *);
bool conn_deaf(const struct conn *);	/* it takes no more: stop writing */
bool conn_sent_all(const struct conn *);   /* nothing waits to be sent */
bool conn_encrypted(const struct conn *);

/*
 * May a secret travel here?  By TLS only to a server that was verified;
 * without TLS only over loopback, a unix socket, or a command of the user's.
 */
bool conn_private(const struct conn *);

/* The opening is over: no more quick ACKs (TCP_QUICKACK before each read). */
void conn_settled(struct conn *);

/* Up to 4 bytes that came, in plaintext, where TLS should begin; or "". */
const char *conn_first(const struct conn *);

struct tls *conn_session(const struct conn *);		/* NULL if plain */
void conn_ehlo(const struct conn *, char *dst, size_t cap);
const char *conn_peer(const struct conn *);	/* "192.0.2.1", "unix" */

#endif
