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

#include "fail.h"
#include "mem.h"
#include "net.h"
#include "str.h"

enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12,
	DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33, DNS_DS = 43,
	DNS_DNSKEY = 48, DNS_TLSA = 52,
};

enum dns_status {
	DNS_OK,		/* records of the type asked are there */
	DNS_NODATA,	/* the name exists (or may), such records do not */
	DNS_NXDOMAIN,	/* there is no such name, nor any below it */
	DNS_SERVFAIL,	/* the server could not tell; ede says why, or not */
	DNS_REFUSED,	/* the server does not want to tell; or it is lame */
	DNS_TIMEOUT,	/* no answer in time, or nobody listens there */
	DNS_BOGUS,	/* the server says that DNSSEC validation failed */
	DNS_MALFORMED,	/* what came back was no sound DNS message */
	DNS_INVALID,	/* the name asked for is none: nothing was sent */
};
const char *dns_status(enum dns_status);	/* "ok" ... "invalid-input" */

/* The record is not there, as opposed to: nobody knows now. */
static inline bool
dns_absent(enum dns_status s)
{
	return s == DNS_NODATA || s == DNS_NXDOMAIN;
}

/* Ask later: neither there nor absent. */
static inline bool
dns_temporary(enum dns_status s)
{
	return s >= DNS_SERVFAIL && s <= DNS_MALFORMED;
}

const char *dns_type(unsigned);		/* "MX"; NULL if it is not above */

/* One record.  Which fields count depends on the type asked. */
struct dns_rr {
	uint32_t ttl;
	uint16_t pref;		/* MX preference, SRV priority */
	uint16_t weight, port;	/* SRV */
	uint8_t usage, selector, mtype;		/* TLSA */
	const char *name;	/* MX exchange; target of CNAME NS PTR SRV;
				 * SOA mname */
	struct str data;	/* A 4 bytes, AAAA 16 bytes; TXT: its strings
				 * joined; TLSA: the association data; SOA:
				 * its five numbers, 20 bytes; others all */
	struct str raw;		/* TXT: with the length byte of each string;
				 * others as data */
};

/*
 * What became of a question.  Immutable, one allocation, shared and counted:
 * valid during the callback, longer if dns_keep was called, until dns_drop.
 */
struct dns_answer {
	const char *name;	/* asked for, lower case */
	unsigned type;
	enum dns_status status;
	bool ad;		/* proven by DNSSEC (also a denial), and the
				 * server may be believed.  With CNAMEs: all
				 * of the chain */
	bool ad_bit;		/* what the server said, believed or not */
	bool tcp;		/* it came by TCP */
	unsigned rcode;		/* extended, of the last reply; 0 if none */
	uint32_t ttl;		/* least of what it rests on, seconds */
	int ede;		/* RFC 8914 code; -1: none was sent */
	struct str ede_text;	/* any bytes; may be empty */
	const char *why;	/* for people, if not OK NODATA NXDOMAIN: "no
				 * reply in 3 tries"; else NULL */
	unsigned ncname;
	const char *const *cname;	/* targets in order; the last one owns
					 * the records or the lack of them */
	unsigned n;
	const struct dns_rr *rr;	/* of the type asked, sorted by what they say */
	unsigned tries;		/* queries sent for it */
	int server;		/* who answered, index in dns_server; -1 */
	int64_t at;		/* clock_ms of its coming */
	unsigned refs;		/* private */
	size_t size;		/* private */
};

/* The name that owns the records: the last CNAME target, or the name. */
const char *dns_owner(const struct dns_answer *);

const struct dns_answer *dns_keep(const struct dns_answer *);
void dns_drop(const struct dns_answer *);		/* NULL is well */

/* ---- the engine */

/* All zero is a good start: what is 0 gets the default in brackets. */
struct dns_conf {
	const char *servers;	/* ADDR[:PORT][,...]; [v6]:PORT.  NULL:
				 * $POSTBAG_DNS, else resolv.conf(5) */
	bool trust_ad;		/* believe AD from any server */
	bool distrust_ad;	/* from none */
	bool tcp;		/* never UDP */
	bool no_edns;
	bool rotate;		/* spread the questions over the servers */
	unsigned bufsize;	/* EDNS UDP size [1232] */
	unsigned window;	/* most questions in flight [1024] */
	unsigned qps;		/* most queries a second [no limit] */
	unsigned tries;		/* queries per question [4, or resolv.conf] */
	double timeout;		/* of the first try, doubled each time [0.8] */
	size_t cache;		/* bytes of cached answers [8 MiB] */
};

struct dns;

/* NULL: EX_CONFIG or EX_USAGE.  No socket is opened before it is needed. */
struct dns *dns_open(const struct dns_conf *, struct err *);

/* Forgets what is unanswered, without a call. */
void dns_close(struct dns *);

/* What it opens: UDP, and TCP to the servers' ports. */
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

/* Letters, digits, hyphens: fit to be connected to (RFC 1123). "." is not. */
bool dns_hostname(const char *);

/* Below or equal: dns_within("a.b.example", "b.example"). */
bool dns_within(const char *name, const char *domain);

/* The owner of the PTR record of an address: 4 or 16 bytes. */
void dns_reverse(struct str addr, char dst[DNS_NAMELEN]);

/* A or AAAA data as text; dst of 46 bytes. */
void dns_addr(struct str addr, char *dst, size_t cap);

#endif
