/* conn_private.h: a connection's insides, for conn*.c alone */
#ifndef CONN_PRIVATE_H
#define CONN_PRIVATE_H

#include "conn.h"
#include "conn_limits.h"
#include "fifo.h"
#include "net.h"
#include "spawn.h"
#include "str.h"

enum {
	CONN_RECORD = 16384,	/* RFC 8446 section 5.1 */
	CONN_BURST = 4 * CONN_RECORD,	/* what one write(2) should carry */
	CONN_AHEAD = 1 << 20,	/* what a peer may say while we write */
	CONN_LINE = 8192
};

/* Whom we speak to. */
struct conn_peer {
	struct net_addr addr;	/* of TCP */
	bool tcp;
	char text[64];		/* "192.0.2.1", "unix" */
	char where[300];	/* "host:port", for the first message; or "" */
	char first[5];		/* what it said where TLS should begin */
};

/* How TLS is tried the second time. */
struct conn_hello {
	bool classic;		/* with classic groups alone */
	bool no_alpn;
};

struct conn {
	int fd;
	struct spawn_child child;	/* of a command, or NONE */
	const struct conn_conf *conf;
	struct err *e;
	struct tls *tls;	/* or NULL */
	struct deflate *z;	/* RFC 4978, or NULL */
	struct fifo out;	/* plaintext that is queued */
	struct fifo tx;		/* to the socket */
	struct fifo rx;		/* from the socket */
	struct fifo in;		/* plaintext that is not read yet */
	uint64_t came;		/* bytes that were ever put there */
	struct conn_limits limits;
	int64_t slept;		/* clock_slept when it was opened */
	size_t line;		/* the longest that is taken */
	const char *mask;	/* of the trace, or NULL */
	struct buf hidden;	/* secrets, each with a NUL behind it */
	enum {
		CONN_ALIVE,
		CONN_STOPPED,	/* by a stop, which alone is why it failed */
		CONN_FAILED
	} state;
	bool eof;		/* the peer has ended */
	bool deaf;		/* it takes no more, and may still speak */
	bool opening;		/* quick ACKs: until conn_settled */
	bool crlf;		/* conn_line_crlf */
	bool hungry;		/* there may be more to read at once */
	struct conn_peer peer;
	struct conn_hello hello;
};

/* ---- conn_secret.c */

void conn_trace_out(struct conn *, struct str);
void conn_trace_in(const struct conn *, struct str);
/* Hides the secrets in a line, which has a NUL behind it: how long it is. */
size_t conn_unsay(const struct conn *, char *line, size_t n);

/* ---- conn.c */

/* It has failed, by what e says or by the reason named.  -1. */
int conn_broken(struct conn *);
int conn_closed(struct conn *);		/* the peer closed it */
int conn_endless(struct conn *);	/* the peer talks without end */
int conn_stopped(struct conn *);	/* a stop was asked for */

/* Nothing more is said to the peer, who is told so and may still speak. */
void conn_deafen(struct conn *);
/* As much as the socket takes now: 1 something went, 0 nothing. */
int conn_send_some(struct conn *);
/* As much as it has now: 1 something came, or the end; 0 nothing, -1. */
int conn_recv_some(struct conn *);
/* One round with the socket: as conn.c says. */
int conn_exchange(struct conn *, bool reading);
/* From rx to in, as far as there is room: 1 something moved, 0, -1. */
int conn_decode(struct conn *);
/* Frees all that it holds, but not the struct. */
void conn_hang_up(struct conn *);

/* ---- conn_trust.c */

/* Plaintext where a handshake should be is kept for conn_first. */
void conn_note_first(struct conn *);

/* ---- conn_open.c */

void conn_name(struct conn *);		/* peer.where */
/* Another connection in place of this one, as if it were the first. */
int conn_redial(struct conn *);

#endif
