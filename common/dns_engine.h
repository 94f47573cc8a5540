/*
 * dns_engine.h: the engine's insides, for dns_engine.c, dns_slot.c,
 * dns_peer.c, dns_try.c, dns_tcp.c and dns_udp.c
 */
#ifndef DNS_ENGINE_H
#define DNS_ENGINE_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "dns_peer.h"
#include "dns_private.h"
#include "dns_window.h"
#include "os.h"

enum {
	BATCH = 64,		/* packets sent per system call */
	READ = 32,		/* packets received per system call */
	PORT_QUERIES = 1000,	/* then another takes the port's place */
	PORT_MS = 10000,	/* or after this time */
	IDS = 65536,
	ID_LISTS = 2048,
	FDS = 96,		/* polled at once */
	STREAMS = 16,		/* TCP connections */
	MAXTRIES = 16,
	BUCKETS = 4096,
	WINDOW = 1024,
	RCVBUF = 4 << 20,
	IDLE_MS = 2000,
	TCP_BAD_MS = 10000,	/* a server without TCP is not asked by it */
	TOMBS = 4096,
	UNREAD_MS = 500,	/* no longer is what may be there waited for */
	FAILED_S = 10,		/* how long a failure is remembered */
	LONGEST_S = 86400,
};

struct waiter {
	struct waiter *next;
	void (*done)(void *arg, const struct dns_answer *);
	void *arg;
	bool inner;		/* our own, following a CNAME */
};

struct list {
	struct question *first, *last;
	unsigned n;
};

/* Whom a question is sent to. */
struct whom {
	uint8_t first;			/* with whom it began, by --rotate */
	uint8_t turn;			/* so many servers further now */
	uint8_t said;			/* servers that answered, bits */
	uint8_t more;			/* tries by TCP after those by UDP */
};

struct question {
	struct question *chain;		/* in its bucket */
	struct question *next, *prev;	/* in at most one list */
	struct list *in;
	struct waiter wait;		/* the first; more behind it */
	struct dns_answer *best;	/* the best of what does not count */
	struct question *chasing;	/* its alias's target is asked for */
	struct sock *sock;		/* it was asked by, with id; or NULL */
	struct question *same;		/* in its list of ids */
	struct stream *stream;
	int64_t deadline;
	struct sent { int64_t first, last; } us;	/* clock_us */
	uint32_t hash;
	uint16_t type, id;
	uint8_t tries, server, depth;
	struct whom whom;
	bool counted;			/* in the window */
	bool noedns, tcp, junk;
	uint8_t len;
	unsigned char wire[];
};

struct ready {
	struct ready *next;
	struct waiter wait;
	const struct dns_answer *answer;
};

/*
 * Ids that nobody can guess, whose they are, and those that are not used for a
 * while.  No two questions have the same, whichever ports they went by.  A
 * table of questions by id would be 512 KB, touched at random; bits and lists
 * stay in the processor's cache.
 */
struct ids {
	uint16_t random[512];
	unsigned nrandom;
	uint64_t taken[IDS / 64];	/* bits: in use, or not to be used */
	struct question *list[ID_LISTS];	/* by the lower bits of the id */
	uint16_t tomb[TOMBS];
	unsigned tombs;
};

/* Datagrams that go or come in one system call. */
struct packets {
	unsigned char *in;
	struct os_datagram im[READ];	/* what is received, set once */
	struct iovec iv[READ];
	unsigned turn;			/* which socket is read next */
	int64_t unread;			/* since when there is more, or 0 */
	unsigned char out[BATCH][DNS_QUERYLEN];
};

struct dns {
	struct dns_conf conf;
	struct dns_system sys;
	struct peer peer[DNS_MAXSERVERS];
	struct question *bucket[BUCKETS];
	unsigned questions;		/* in the buckets */
	struct list fresh, again, later, wait[MAXTRIES + 1], tcp;
	struct ready *ready, **ready_end;
	struct stream stream[STREAMS];
	struct dns_cache *cache;
	unsigned unanswered, tries, next_first;
	struct window window;
	double tokens;			/* of --qps */
	int64_t tokens_us;
	int64_t now, now_us;
	struct ids ids;
	struct packets packets;
	struct dns_stats stats;
};

#endif
