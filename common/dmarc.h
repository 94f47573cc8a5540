/*
 * dmarc.h: DMARC records, the tree walk, the policy (RFC 9989)
 *
 * RFC 9989 obsoletes RFC 7489: the organizational domain is found by walking
 * up the DNS, no list of public suffixes is asked; np, psd and t are new; pct,
 * rf, ri and sizes of reports are gone.
 */
#ifndef DMARC_H
#define DMARC_H

#include "dns.h"
#include "str.h"

enum dmarc_policy {
	DMARC_UNSET, DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT,
};
const char *dmarc_policy(enum dmarc_policy);	/* NULL for DMARC_UNSET */

enum { DMARC_LEVELS = 8, DMARC_PLACES = 16 };

/* Oddities of a record. */
#define DMARC_NO_P	1u	/* p= is not there */
#define DMARC_BAD_P	2u	/* p=, sp= or np= has no valid value */
#define DMARC_BAD_TAG	4u	/* another tag has no valid value */
#define DMARC_NO_PAIR	8u	/* a part has no "=" */
#define DMARC_OBSOLETE	16u	/* rf, ri, not as they are by default */
#define DMARC_SIZE	32u	/* "!10m" behind a place */
#define DMARC_PLACE	64u	/* a place that is no mailto: or https: */
#define DMARC_UNKNOWN	128u	/* a tag that nobody knows */
#define DMARC_TWICE	256u	/* a tag twice */
#define DMARC_MORE	512u	/* over DMARC_PLACES places: they are left out */

struct dmarc {
	struct str text;
	enum dmarc_policy p, sp, np;
	char psd;		/* y n u */
	bool test;		/* t=y */
	char adkim, aspf;	/* r s */
	struct str rua[DMARC_PLACES], ruf[DMARC_PLACES];
	size_t nrua, nruf;
	bool reports;		/* there is a URI in rua, of any scheme */
	unsigned pct;		/* of RFC 7489: 0 to 100, by default 100 */
	unsigned odd;
};

void dmarc_parse(struct str record, struct dmarc *);

/*
 * The host of a mailto: place, from its last "@" to "!" or "?"; of https:
 * its authority.  p NULL: none.
 */
struct str dmarc_host(struct str place);

/* ---- the walk */

struct dmarc_level {
	const char *domain;
	const struct dns_answer *answer;	/* to _dmarc.domain TXT */
	unsigned found;		/* valid records; one is taken, more none */
	struct dmarc record;	/* if found is 1 */
};

struct dmarc_walk {
	struct dmarc_level level[DMARC_LEVELS];
	size_t n;		/* levels, to where the walk stopped */
	const char *org;	/* organizational domain; the domain itself if
				 * there are no records */
	const char *holder;	/* the same for the domain of .at: .org, or a
				 * public suffix */
	const struct dmarc_level *at;	/* whose policy counts; NULL: none */
	const struct dns_answer *temp;	/* an answer that is not known, so all
					 * of the above is only a guess */
	/* Set by dmarc_judge. */
	bool applies;		/* there is a policy that counts */
	const char *from;	/* the tag it was taken from: "p" "sp" "np" */
	enum dmarc_policy policy;
	enum dmarc_policy effective;	/* one step less with t=y */
	bool old_known;
	enum dmarc_policy old;	/* effective by RFC 7489, if that is known: it
				 * takes a list of public suffixes for some */
};

/* The domains to ask for, at most DMARC_LEVELS: how many. */
size_t dmarc_names(const char *domain, const char *names[DMARC_LEVELS]);

/*
 * Fills w from the answers to _dmarc.NAME TXT of dmarc_names, all there.
 * domain must live as long as w.
 */
void dmarc_walk(struct dmarc_walk *w, const char *domain,
    const struct dns_answer *const *answers);

/*
 * The policy for the domain, which exists or not (section 3.2.13: NXDOMAIN,
 * as RFC 8020 has it).
 */
void dmarc_judge(struct dmarc_walk *w, bool exists);

#endif
