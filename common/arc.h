/*
 * arc.h: the Authenticated Received Chain (RFC 8617): what mailing lists and
 * forwarders say that they saw
 *
 * A chain that is whole tells who says so, and not that it is true.
 */
#ifndef ARC_H
#define ARC_H

#include "dkim_sig.h"

enum { ARC_SETS = 50 };		/* RFC 8617 section 4.2.1 */

enum arc_status { ARC_NONE, ARC_PASS, ARC_FAIL, ARC_TEMPERROR, ARC_UNJUDGED };
const char *arc_status(enum arc_status);	/* "none" "pass" "fail" ... */

struct arc_set {
	struct str results;	/* ARC-Authentication-Results behind its i= */
	struct dkim_sig message;	/* ARC-Message-Signature */
	struct dkim_sig seal;		/* ARC-Seal */
	struct str text;	/* the first field, for the seals' digests */
};

struct arc {
	struct arc_set *set;	/* the first is that of i=1 */
	unsigned n;
	enum arc_status status;	/* ARC_NONE until arc_judge, but for what is
				 * wrong without asking for keys */
	const char *why;	/* of a chain that failed, or is not known */
};

/*
 * Reads the sets of a header and digests for each seal, and for the newest
 * message signature, what they sign.  All of it lives in the arena.
 */
void arc_read(struct arc *, struct arena *, const struct dkim_header *);

/* When signatures are settled (dkim_sig_key): what the chain comes to. */
void arc_judge(struct arc *);

#endif
