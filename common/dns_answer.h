/* dns_answer.h: what became of a question to name servers */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12,
	DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33, DNS_DS = 43,
	DNS_DNSKEY = 48, DNS_TLSA = 52, DNS_CAA = 257,
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
unsigned dns_type_of(struct str);	/* of such a word; 0 if it is not */

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
 * The outcome of a question.  Immutable, one allocation, shared and counted:
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
	uint32_t zone_ttl;	/* of the records as the zone has them: from an
				 * authoritative server, or by a signature,
				 * if dns_conf asks for these; 0: not known */
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

/* Of an answer that there may not be: records, or not known for now. */
static inline bool
dns_has(const struct dns_answer *a)
{
	return a != NULL && a->status == DNS_OK;
}

static inline bool
dns_unsure(const struct dns_answer *a)
{
	return a != NULL && dns_temporary(a->status);
}

/* The name that owns the records: the last CNAME target, or the name. */
const char *dns_owner(const struct dns_answer *);

const struct dns_answer *dns_keep(const struct dns_answer *);
void dns_drop(const struct dns_answer *);		/* or NULL */

#endif
