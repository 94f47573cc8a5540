/* date.h: dates as mail writes them, RFC 5322 and IMAP */
#ifndef DATE_H
#define DATE_H

#include <time.h>

#include "str.h"

#define DATE_CAP 48		/* room enough for every date with its NUL */

/* "Tue, 01 Jul 2025 09:05:00 +0200", in the local zone, never localised. */
void date_rfc5322(char dst[DATE_CAP], time_t);

/* " 1-Jul-2025 09:05:00 +0200": IMAP's date-time, without the quotes. */
void date_imap(char dst[DATE_CAP], time_t);

/*
 * The other way.  date_parse takes RFC 5322 dates with comments, folds and the
 * obsolete forms: two- and three-digit years, missing seconds, names of
 * zones.  Without a zone it is UTC.  -1 if it is no date.
 */
int date_parse(struct str, time_t *);
int date_parse_imap(struct str, time_t *);

#endif
