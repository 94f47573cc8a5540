/*
 * dns_reply.h: a query of ours, a reply made by hand, and the answer in it
 *
 * For tests of what takes replies; and for those that need answers as the
 * library makes them (dns_stub.h).
 */
#ifndef DNS_REPLY_H
#define DNS_REPLY_H

#include <string.h>

#include "dns_private.h"

struct reply {
	unsigned char p[70000];
	size_t n;
};

/* Where the counts of the three sections end. */
enum { REPLY_AN = 7, REPLY_NS = 9, REPLY_AR = 11 };

static inline void
reply_put(struct reply *m, const void *p, size_t n)
{
	memcpy(m->p + m->n, p, n);
	m->n += n;
}

static inline void
reply_put16(struct reply *m, unsigned v)
{
	unsigned char b[2] = { (unsigned char)(v >> 8), (unsigned char)v };

	reply_put(m, b, 2);
}

/* A name of plain labels. */
static inline void
reply_name(struct reply *m, const char *name)
{
	const char *dot;
	unsigned char len;

	for (; *name != '\0'; name += len + (name[len] == '.')) {
		dot = strchr(name, '.');
		len = (unsigned char)(dot != NULL ? (size_t)(dot - name) :
		    strlen(name));
		reply_put(m, &len, 1);
		reply_put(m, name, len);
	}
	reply_put(m, "", 1);
}

/* Header and question; the counts can be set afterwards in m->p[6..11]. */
static inline void
reply_begin(struct reply *m, unsigned flags, const char *name, unsigned type)
{
	m->n = 0;
	reply_put16(m, 0x1234);
	reply_put16(m, flags);
	reply_put16(m, 1);
	reply_put(m, "\0\0\0\0\0\0", 6);
	reply_name(m, name);
	reply_put16(m, type);
	reply_put16(m, 1);
}

/* A record of the question's name (a pointer to it), or of another. */
static inline void
reply_record(struct reply *m, int section, const char *owner, unsigned type,
    const void *rdata, size_t n)
{
	if (++m->p[section] == 0)
		m->p[section - 1]++;
	if (owner == NULL)
		reply_put16(m, 0xc00c);
	else
		reply_name(m, owner);
	reply_put16(m, type);
	reply_put16(m, 1);
	reply_put16(m, 0);
	reply_put16(m, 300);
	reply_put16(m, (unsigned)n);
	reply_put(m, rdata, n);
}

/* A query of ours into 512 bytes; its length, 0 if the name is none. */
static inline size_t
reply_query(unsigned char *q, uint16_t id, const char *name, unsigned type,
    unsigned bufsize)
{
	struct dns_key k;

	return dns_key(name, type, &k) < 0 ? 0 : dns_build(q, id, k.wire, k.len,
	    type, bufsize);
}

/* A reply to (name, type), as the engine takes it. */
static inline struct dns_answer *
reply_parse(const void *msg, size_t len, const char *name, unsigned type)
{
	struct dns_key k;
	enum dns_next next;

	if (dns_key(name, type, &k) < 0)
		return dns_nothing(name, type, DNS_INVALID, "no DNS name");
	if (dns_match(msg, len, k.wire, k.len, type) == DNS_OTHER)
		return dns_nothing(name, type, DNS_MALFORMED,
		    "no reply to the question");
	return dns_decode(msg, len, k.wire, type, &next);
}

#endif
