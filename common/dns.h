/*
 * dns.h: questions to name servers, one or a million, outcomes never confused
 *
 * An engine (struct dns) asks on one event loop: dns_want says what is wanted,
 * dns_step or dns_wait moves everything on and calls back.  Equal questions
 * in flight are asked once; answers are cached for their TTL within a bound.
 * Names are presentation form without the last dot (the root is "."), lower
 * case, odd bytes as \DDD; on the way in any case and a last dot are taken.
 */
#ifndef DNS_H
#define DNS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "dns_answer.h"
#include "fail.h"
#include "net.h"
#include "str.h"

/* All zero is a good start: what is 0 gets the default in brackets. */
struct dns_conf {
	const char *servers;	/* ADDR[:PORT][,...]; [v6]:PORT.  NULL:
				 * $POSTBAG_DNS, else resolv.conf(5) */
	bool trust_ad;		/* believe AD from any server */
	bool distrust_ad;	/* from none */
	bool tcp;		/* never UDP */
	bool no_edns;
	bool rotate;		/* spread the questions over the servers */
	bool signatures;	/* have them sent: see dns_answer.zone_ttl */
	unsigned bufsize;	/* EDNS UDP size [1232] */
	unsigned window;	/* most questions in flight [1024] */
	unsigned qps;		/* most queries a second [no limit] */
	unsigned tries;		/* queries per question [4] */
	double timeout;		/* of the first try, doubled each time [0.8] */
	size_t cache;		/* bytes of cached answers [8 MiB] */
};

struct dns;

/* NULL: EX_CONFIG or EX_USAGE.  No socket is opened before it is needed. */
struct dns *dns_open(const struct dns_conf *, struct err *);

/* Forgets what is unanswered, without a call. */
void dns_close(struct dns *);

/* The ports that it opens: UDP, and TCP to the servers'. */
struct sandbox;
void dns_box(const struct dns *, struct sandbox *);

/*
 * Asks; done(arg, answer) is called once, from dns_step or dns_wait, never
 * from within dns_want (also if the answer is cached or the name is none).
 * done may call dns_want.
 */
void dns_want(struct dns *, const char *name, unsigned type,
    void (*done)(void *arg, const struct dns_answer *), void *arg);

/*
 * Sends what the window allows, waits until something comes or the deadline
 * passes (0: does not wait), reads, calls back.  How many questions of
 * dns_want are unanswered.
 */
unsigned dns_step(struct dns *, int64_t deadline);	/* see dns_wait */

/*
 * As dns_step, and waits for descriptors of the caller's, too: at most
 * DNS_MORE, negative ones do not count.  Their .revents are set.  Neither
 * waits when we were asked to end (stop.h): whoever loops looks at that.
 */
enum { DNS_MORE = 2 };
void dns_wait(struct dns *, struct pollfd *, nfds_t n, int64_t deadline);

/* How many questions of dns_want are unanswered. */
unsigned dns_unanswered(const struct dns *);

/* Room in the window: a bulk reader asks more only if there is. */
unsigned dns_room(const struct dns *);

struct dns_stats {
	uint64_t wants, queries, replies, retries, timeouts, tcp, cached,
	    joined, junk, servfail;
	unsigned window;		/* now */
};
void dns_stats(const struct dns *, struct dns_stats *);

/* One server, for --resolver-info; false behind the last. */
struct dns_server {
	struct net_addr addr;
	char text[72];		/* 127.0.0.1:53, [::1]:53 */
	bool loopback;
	bool trusted;
	const char *rule;	/* why it is (not) trusted, one phrase */
	const char *source;	/* "-s", "POSTBAG_DNS", "/etc/resolv.conf" */
	bool no_edns;		/* learnt: does not understand EDNS */
};
bool dns_server(const struct dns *, unsigned i, struct dns_server *);

/*
 * One question, waited for, by an engine of its own: for tools that ask
 * once.  The caller drops the answer; it is never NULL but for -1 (no server
 * can be asked at all; e says why).
 */
int dns_lookup(const struct dns_conf *, const char *name, unsigned type,
    int64_t deadline, const struct dns_answer **, struct err *);

/*
 * A and AAAA of a host by dns_lookup, for resolve_host: as resolve_host.
 * Taken there if POSTBAG_DNS is set and /etc/hosts does not know the name.
 */
int dns_hosts(const char *host, unsigned port, int family,
    struct net_addr *, int max, int64_t deadline, struct err *);

/* ---- names and messages, pure */

enum { DNS_NAMELEN = 1026 };	/* of a presentation form and its NUL */

/*
 * Brings a name to the form above (lower case, escapes normalised, no last
 * dot).  -1 if it is none: empty label, label over 63, over 255 in all.
 */
int dns_name(const char *name, char dst[DNS_NAMELEN]);

/*
 * The byte that an escape stands for, \DDD or \ and any other: *p is behind
 * its backslash, then behind all of it.  -1: malformed.
 */
int dns_escaped(const char **p);

/* Letters, digits, hyphens: fit to be connected to (RFC 1123). "." is not. */
bool dns_hostname(const char *);

/* Below or equal: dns_within("a.b.example", "b.example"). */
bool dns_within(const char *name, const char *domain);

/* The owner of the PTR record of an address: 4 or 16 bytes. */
void dns_reverse(struct str addr, char dst[DNS_NAMELEN]);

/* A or AAAA data as text; dst of 46 bytes. */
void dns_addr(struct str addr, char *dst, size_t cap);

#endif
