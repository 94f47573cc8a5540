/*
 * spf_survey.h: an SPF record and all that it includes, without any client:
 * what it costs, and who may send
 */
#ifndef SPF_SURVEY_H
#define SPF_SURVEY_H

#include "spf.h"

struct spf_flat;

/* What a term stands for, however the client is called. */
struct spf_reach {
	struct spf_hit {
		struct spf_hit *next;
		const struct dns_answer *answer;	/* A or AAAA */
	} *first;
	const struct spf_node *node;	/* what it includes or redirects to */
	bool client;			/* it depends on the client */
	bool unsure;			/* an answer is not known now, or was
					 * not asked for */
};

struct spf_node {
	const char *domain;
	const struct spf_node *up;	/* NULL: the domain's own */
	const struct spf_term *by;	/* the include or redirect */
	const struct dns_answer *answer;
	struct str text;		/* the record; p NULL: none */
	unsigned found;			/* how many there are */
	struct spf_record record;
	struct spf_reach *reach;	/* of each term */
	bool loop;			/* it includes itself */
	unsigned lookups;		/* of it and below it */
	struct spf_flat *flat;		/* once spf_flatten was called */
};

/* Names that are looked up in vain. */
struct spf_void {
	unsigned n;
	const char *name[3];		/* the first of them */
	const struct spf_term *last;	/* the own record's term with which
					 * there are too many, or NULL */
};

struct spf_survey {
	struct spf_node *node[64];	/* depth first; [0] is the domain */
	size_t n;
	unsigned lookups;		/* if no mechanism matches */
	struct spf_void void4, void6;	/* the same, by family of the client */
	struct spf_void dead;		/* those that are void for both */
	bool macros;			/* terms depend on the client: the void
					 * lookups among them are unknown */
	bool capped;			/* there is more: it was not followed */
	const char *many_mx;		/* a domain with over ten MX */
	const struct dns_answer *temp;	/* an answer that is not known now */
};

/*
 * Asks for all that can be asked for at once.  False: answers are missing,
 * call again.  s is zeroed and filled each time.
 */
bool spf_survey(struct spf_survey *, const struct spf *q, const char *domain);

/* ---- who may send: which term decides for which addresses */

/* Addresses from lo to hi; an IPv4 address is the first four bytes. */
struct spf_span {
	unsigned char lo[16], hi[16];
	unsigned term;			/* which one decides */
};

struct spf_spans {
	struct spf_span *v;		/* sorted, none overlaps */
	size_t n, cap;
};

enum { SPF_FOUR, SPF_SIX, SPF_FAMILIES };

enum spf_effect {
	SPF_DECIDES,		/* for some addresses, or that cannot be told */
	SPF_BEHIND_ALL,
	SPF_COVERED,		/* terms before it decide for all of its own */
	SPF_NOBODY,		/* it stands for no address */
};

struct spf_flat {
	struct spf_spans decided[SPF_FAMILIES];
	struct spf_spans pass[SPF_FAMILIES];	/* who may send */
	enum spf_effect *effect;	/* of each term */
	unsigned *under;		/* the term that covers it */
	bool client;		/* there are terms that depend on the client:
				 * more may pass, or fewer */
};

/* For the first node and all below it, in the arena. */
void spf_flatten(struct arena *, struct spf_survey *);

/*
 * How much of a family's addresses: 0 to 1.  IPv6 as parts of 2000::/3, which
 * is all that is routed.
 */
double spf_share(const struct spf_spans *, int family);

/*
 * The networks of spans as text, one a call: true and *at moves on, from
 * { 0 }; false behind the last.
 */
struct spf_at {
	size_t i;
	unsigned char lo[16];
	bool within;
};
bool spf_network(const struct spf_spans *, int family, struct spf_at *,
    char text[64]);

#endif
