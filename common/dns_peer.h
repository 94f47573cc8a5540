/* dns_peer.h: whom a question is sent to, and how long for; for dns*.c alone */
#ifndef DNS_PEER_H
#define DNS_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "dns.h"
#include "str.h"

struct question;

enum {
	PORTS = 4,		/* in use at once per server */
	SOCKS = 2 * PORTS,	/* with those that wait for late replies */
	PIPELINE = 32,		/* questions on one TCP connection */
};

struct sock {
	int fd;				/* -1: none */
	uint8_t server;
	bool full;			/* did not take all: wait for POLLOUT */
	bool old;			/* gets no more questions */
	unsigned sent, waiting;		/* queries; questions with an id */
	int64_t since;
};

struct stream {
	int fd;				/* -1: none */
	uint8_t server;
	bool up;
	unsigned answers, n;
	struct buf in, out;
	struct question *q[PIPELINE];
	int64_t idle;
};

/* All that we learnt about a server. */
struct peer {
	struct sock sock[SOCKS];
	unsigned nsock;			/* how many were ever opened */
	struct sock *port[PORTS];	/* those that are asked by */
	unsigned nport;
	int64_t bad_until;		/* others first until then */
	int64_t tcp_bad_until;		/* the same for questions by TCP */
	unsigned streak;		/* timeouts in a row */
	bool edns_ok, noedns, serial;	/* serial: TCP one by one */
	bool tcp_only;			/* not one word has come by UDP */
	int error;			/* errno of its socket, 0 */
	double rtt, var, least;		/* microseconds; 0: unknown */
};

/* The next server in turn that did not answer yet, healthy ones first. */
unsigned dns_choose(const struct dns *, const struct question *);
/* Is there another than the last? */
bool dns_elsewhere(const struct dns *, const struct question *);
void dns_retry(struct dns *, struct question *);	/* or gives up */
void dns_count(struct dns *, struct question *);	/* in the window */
/* The EDNS size for this server; 0: without EDNS. */
unsigned dns_bufsize(const struct dns *, const struct question *,
    unsigned server);
/* The query for this server, into DNS_QUERYLEN bytes; its length. */
size_t dns_write(const struct dns *, const struct question *,
    unsigned server, unsigned char *);
/* Notes that it went out, and waits for the reply. */
void dns_sent(struct dns *, struct question *);
/* The socket refused with an error of its own: as a timeout, but soon. */
void dns_unsendable(struct dns *, struct question *, int error);
/* With -vv, a query (a is NULL) and what came of it. */
void dns_note(const struct dns *, const struct question *, const char *mark,
    const struct dns_answer *);

#endif
