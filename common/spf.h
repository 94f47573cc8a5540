/*
 * spf.h: the Sender Policy Framework (RFC 7208): records and check_host()
 *
 * No I/O: who wants a result brings a function that answers DNS questions,
 * or says "not yet"; then spf_check is called again when more is known.
 * Domain names that are asked for are in the presentation form of dns.h.
 */
#ifndef SPF_H
#define SPF_H

#include "dns.h"
#include "mem.h"
#include "str.h"

enum spf_result {
	SPF_NONE, SPF_NEUTRAL, SPF_PASS, SPF_FAIL, SPF_SOFTFAIL,
	SPF_TEMPERROR, SPF_PERMERROR,
	SPF_WAIT,		/* answers are missing: call again */
};
const char *spf_result(enum spf_result);	/* "none" ... "permerror" */

enum spf_kind {
	SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6,
	SPF_EXISTS, SPF_REDIRECT, SPF_EXP, SPF_OTHER,
};

struct spf_term {
	enum spf_kind kind;	/* SPF_OTHER: a modifier nobody knows */
	char sign;		/* + - ~ ?; of mechanisms */
	struct str text;	/* all of it */
	struct str spec;	/* domain-spec; p NULL: the domain itself */
	unsigned char addr[16];	/* ip4, ip6 */
	unsigned cidr4, cidr6;
};

struct spf_record {
	struct spf_term *term;	/* mechanisms and modifiers, in order */
	size_t n;
	const struct spf_term *all, *redirect, *exp;	/* or NULL */
	const char *why;	/* the syntax error; NULL: none */
	struct str at;		/* and the term where it is */
};

/* Is it an SPF record (section 4.5)?  How many are, and the first of them. */
bool spf_is(struct str text);
unsigned spf_select(const struct dns_answer *, struct str *record);

/* Parses a record that spf_select found: -1 if it has a syntax error. */
int spf_parse(struct arena *, struct str record, struct spf_record *);

/* Does it cost one of the ten lookups (section 4.6.4)? */
bool spf_counts(const struct spf_term *);

/*
 * Says the record of a TXT answer that nobody may send ("v=spf1 -all"), and
 * nothing else?
 */
bool spf_forbids(struct arena *, const struct dns_answer *);

enum { SPF_LOOKUPS = 10, SPF_VOIDS = 2, SPF_NAMES = 10 };

/* ---- check_host() */

struct spf {
	/* The question.  All of it stays as it is from call to call. */
	struct str ip;		/* 4 or 16 bytes */
	const char *sender;	/* MAIL FROM; NULL or "": postmaster@helo */
	const char *helo;	/* NULL: unknown */
	const char *receiver;	/* for %{r}; NULL: unknown */
	int64_t now;		/* for %{t}: seconds since 1970 */
	/* The answer to a question, or NULL: not yet. */
	const struct dns_answer *(*ask)(void *arg, const char *name,
	    unsigned type);
	void *arg;
	struct arena *mem;	/* what comes out lives here */

	/* The result. */
	const char *why;	/* of a temperror or permerror, or NULL */
	const char *domain;	/* whose record decided; NULL: none did */
	struct str term;	/* the mechanism that matched; or p NULL */
	struct str exp;		/* what the owner says about a fail; or NULL */
	unsigned lookups, voids;

	/* Private. */
	const char *at;		/* the domain being evaluated */
	const struct spf_term *exp_term;
	const char *exp_domain;
};

/* domain is the sender's, or helo's if there is no sender. */
enum spf_result spf_check(struct spf *, const char *domain);

/* The domain that check_host() starts with for this sender and helo. */
const char *spf_domain(const struct spf *);

/*
 * Macros (section 7).  spf_macros: may s stand where macros may?  spf_spec: is
 * it a domain-spec?  Both say what is wrong, NULL if nothing is.
 */
const char *spf_macros(struct str s, bool in_exp);
const char *spf_spec(struct str s);

/*
 * Expands s.  0, or SPF_WAIT (%{p} needs answers).  The letters c, r and t
 * count only in_exp.  Into the arena.
 */
int spf_expand(struct spf *, struct str s, bool in_exp, struct str *out);

/*
 * The name to ask for: expanded, its last dot off, cut to 253 bytes from the
 * left, escaped.  *name is NULL if no such name can be.  As spf_expand.
 */
int spf_target(struct spf *, const struct spf_term *, const char **name);

#endif
