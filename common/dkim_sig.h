/*
 * dkim_sig.h: one signature, read and verified (RFC 6376 section 6, RFC 8463),
 * and in the same form those of ARC (RFC 8617 section 4.1)
 *
 * dkim_sig_read, then dkim_sig_digest and dkim_sig_body, and when its key has
 * come dkim_sig_key.  The first of them that settles the result wins; what
 * comes then changes nothing.
 */
#ifndef DKIM_SIG_H
#define DKIM_SIG_H

#include "dkim.h"
#include "dkim_header.h"
#include "mem.h"
#include "sign.h"

enum dkim_result {
	DKIM_OPEN,		/* not settled yet */
	DKIM_PASS,
	DKIM_FAIL,		/* the message is not what was signed */
	DKIM_POLICY,		/* right or not, it is too weak to count */
	DKIM_PERMERROR,		/* the signature, or its key, is of no use */
	DKIM_TEMPERROR,		/* its key is not known now */
	DKIM_UNJUDGED,		/* of a kind that is not known here */
};
const char *dkim_result(enum dkim_result);	/* as RFC 8601 has them */

enum dkim_form { DKIM_SIGNATURE, DKIM_ARC_MESSAGE, DKIM_ARC_SEAL };

struct dkim_sig {
	enum dkim_form form;
	struct str field;	/* all of it */
	const char *domain;	/* d=, as dns.h has names; "" if it is none */
	const char *selector;	/* s=; "" likewise */
	struct str agent;	/* i=; p NULL: none */
	struct str list;	/* h= */
	struct str chain;	/* cv= of ARC-Seal */
	struct str algorithm;	/* a= */
	enum sign_kind kind;	/* what that comes to */
	enum dkim_canon head, body;
	uint64_t length;	/* l=; UINT64_MAX: all of the body */
	uint64_t uncovered;	/* bytes of the body behind it */
	int64_t made, expires;	/* t= and x= in seconds since 1970; or -1 */
	unsigned instance;	/* i= of ARC, from 1; 0: none */
	struct str hash;	/* bh=, decoded */
	struct str signature;	/* b=, decoded */
	unsigned char md[32];	/* of the header as it is here */

	enum dkim_result result;
	const char *why;	/* of all but a pass, one phrase */
	unsigned bits;		/* of the key; 0: not known */
	bool testing;		/* t=y in its key */
};

/* Reads a field; all of it lives in the arena, or is a view into the field. */
void dkim_sig_read(struct dkim_sig *, struct arena *, enum dkim_form,
    struct str field);

/* Digests the header as the signature says: md.  Not for ARC-Seal. */
void dkim_sig_digest(struct dkim_sig *, const struct dkim_header *);

/*
 * Appends the signature's own field in canonical form, b= emptied (section
 * 3.5); without a last CRLF.
 */
void dkim_sig_field(const struct dkim_sig *, struct buf *);

/* The body came to this digest, and size, in the signature's form. */
void dkim_sig_body(struct dkim_sig *, const unsigned char md[32],
    uint64_t size);

/*
 * Verifies with a key: record is what dkim_parse made of it, key the key itself
 * (NULL where that has none).
 */
void dkim_sig_key(struct dkim_sig *, const struct dkim_key *record,
    struct sign_key *key);

/* Settles what is settled elsewhere, unless something was before. */
void dkim_sig_settle(struct dkim_sig *, enum dkim_result, const char *why);

#endif
