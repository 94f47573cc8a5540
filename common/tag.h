/* tag.h: tag=value; tag=value, as in DKIM, DMARC, MTA-STS, TLS-RPT, BIMI */
#ifndef TAG_H
#define TAG_H

#include "dns_answer.h"
#include "str.h"

/*
 * Cuts the next pair off *rest, blanks trimmed: 1, 0 at the end, -1 if it has
 * no "=" or no name (then *tag is what stands there; go on if you like).
 */
int tag_next(struct str *rest, struct str *tag, struct str *value);

/*
 * Does a record begin with start, to the letter, such as "v=STSv1;"?  With
 * v=VERSION, the version to the letter, then ";", a blank or the end?
 */
bool tag_begins(struct str record, const char *start);
bool tag_is(struct str record, const char *version);

/* The records of a TXT answer of which that is true: how many, and the first. */
unsigned tag_start(const struct dns_answer *, const char *start,
    struct str *record);
unsigned tag_select(const struct dns_answer *, const char *version,
    struct str *record);

#endif
