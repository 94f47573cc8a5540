/* dns_private.h: between the files dns*.c, for nobody else */
#ifndef DNS_PRIVATE_H
#define DNS_PRIVATE_H

#include "dns.h"

enum { DNS_WIRE = 255, DNS_MAXHOPS = 8, DNS_MAXSERVERS = 8,
    DNS_QUERYLEN = 12 + DNS_WIRE + 4 + 11 };

/* A name as in messages, lower case: what questions are compared by. */
struct dns_key {
	unsigned char wire[DNS_WIRE];
	uint8_t len;
	uint16_t type;
	uint32_t hash;
};

/* -1 if the name is malformed. */
int dns_key(const char *name, unsigned type, struct dns_key *);

/* A query into DNS_QUERYLEN bytes; its length. */
size_t dns_build(unsigned char *out, uint16_t id, const unsigned char *wire,
    size_t wlen, unsigned type, unsigned bufsize);

/* Has signatures sent (DO), if the query has EDNS. */
void dns_build_do(unsigned char *query, size_t len);

/*
 * Do the first bytes of a reply say that it is one to this question?  BARE is
 * an error reply without a question (RFC 1035 allows a FORMERR to be so).
 */
enum dns_match { DNS_OTHER, DNS_MINE, DNS_BARE };
enum dns_match dns_match(const unsigned char *msg, size_t len,
    const unsigned char *wire, size_t wlen, unsigned type);

static inline bool
dns_truncated(const unsigned char *msg)
{
	return (msg[2] & 2) != 0;
}

/*
 * The answer in a reply that matched, and what is to be done next.  CHASE: it
 * ends in a CNAME whose target is not in the message and must be asked for.
 * BY_TCP: the message is not whole, though nothing says so (TC).
 */
enum dns_next { DNS_DONE, DNS_CHASE, DNS_BY_TCP };
struct dns_answer *dns_decode(const unsigned char *msg, size_t len,
    const unsigned char *wire, unsigned type, enum dns_next *);

/* Where things go in the one allocation of an answer. */
struct dns_layout {
	struct dns_answer *a;
	char *at;
};

/* An answer with room for n records, ncname names and len bytes of text. */
struct dns_answer *dns_allocate(unsigned n, unsigned ncname, size_t len,
    struct dns_layout *);

/* n bytes and a NUL into its text. */
char *dns_place(struct dns_layout *, const void *, size_t n);

/* Its tables are const for everybody but who fills them. */
static inline struct dns_rr *
dns_rr_of(struct dns_answer *a)
{
	return (struct dns_rr *)(a + 1);
}

static inline const char **
dns_cname_of(struct dns_answer *a)
{
	return (const char **)(dns_rr_of(a) + a->n);
}

/* An answer without records; why is copied, may be NULL. */
struct dns_answer *dns_nothing(const char *name, unsigned type,
    enum dns_status, const char *why);

/* Head (ends in a CNAME) and tail (of its target) together. */
struct dns_answer *dns_join(const struct dns_answer *head,
    const struct dns_answer *tail);

/* A wire name without pointers, as text. */
void dns_text(const unsigned char *wire, char dst[DNS_NAMELEN]);

/*
 * The name at p of a message from msg to end, as text (not for a dst of NULL);
 * the number of its bytes at p, a pointer being two.  -1: it is cut, too long,
 * or goes in a circle.
 */
int dns_expand(const unsigned char *msg, const unsigned char *end,
    const unsigned char *p, char *dst);

/* The place behind the name at p, which is not looked at otherwise; or NULL. */
const unsigned char *dns_skip(const unsigned char *p, const unsigned char *end);

/* Who to ask, and how: from the option, POSTBAG_DNS or resolv.conf. */
struct dns_system {
	struct dns_server server[DNS_MAXSERVERS];
	unsigned n;
	bool rotate;
};
int dns_system(const struct dns_conf *, struct dns_system *, struct err *);

/* ---- the cache: answers by key, until their time or until room is needed */

struct dns_cache;
struct dns_cache *dns_cache_new(size_t bytes);
void dns_cache_free(struct dns_cache *);
const struct dns_answer *dns_cache_get(struct dns_cache *,
    const struct dns_key *, int64_t now);		/* not kept; or NULL */
void dns_cache_put(struct dns_cache *, const unsigned char *wire, size_t wlen,
    unsigned type, uint32_t hash, const struct dns_answer *, int64_t expires);

#endif
