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
 * The records of a TXT answer that begin with start, to the letter, such as
 * "v=STSv1;": how many, and the first of them.
 */
unsigned tag_start(const struct dns_answer *, const char *start,
    struct str *record);

/*
 * The records of a TXT answer that begin with v=VERSION, the version to the
 * letter, then ";", a blank or the end: how many, and the first of them.
 */
unsigned tag_select(const struct dns_answer *, const char *version,
    struct str *record);

#endif
