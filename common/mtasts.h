/* mtasts.h: SMTP MTA Strict Transport Security: records, policies (RFC 8461) */
#ifndef MTASTS_H
#define MTASTS_H

#include "mem.h"
#include "str.h"

/*
 * The id of a record that begins with MTASTS_START, others do not count; p
 * NULL, and *why says why, if there is no such record.
 */
#define MTASTS_START "v=STSv1;"
struct str mtasts_id(struct str record, const char **why);

enum mtasts_mode { MTASTS_UNSET, MTASTS_NONE, MTASTS_TESTING, MTASTS_ENFORCE };
const char *mtasts_mode(enum mtasts_mode);	/* NULL if unset */

enum { MTASTS_MAX = 65536 };		/* of a policy, section 3.3 */

struct mtasts {
	enum mtasts_mode mode;
	uint64_t max_age;
	struct str *mx;		/* patterns, in order */
	size_t nmx;
	const char *why;	/* what makes it invalid; NULL: it is valid */
	size_t line;		/* and in which line, from 1; 0: as a whole */
};

/* Parses a policy; the patterns are views of text.  -1 if it is invalid. */
int mtasts_parse(struct arena *, struct str text, struct mtasts *);

/*
 * Why what HTTPS gave is no policy (section 3.3: no redirects, text/plain, 64
 * KiB), or NULL: it is to be parsed.  type is without parameters.
 */
const char *mtasts_unfit(struct arena *, int status, const char *type,
    bool too_big);

/* Does host fit a pattern (section 4.1)? "*." stands for one label. */
bool mtasts_covers(const struct mtasts *, const char *host);

#endif
