/* unsubscribe.h: List-Unsubscribe by one click (RFC 8058, RFC 2369) */
#ifndef UNSUBSCRIBE_H
#define UNSUBSCRIBE_H

#include "letter.h"

/* Of --unsubscribe: "https://...[,mailto:...]"; EX_USAGE if it is none. */
int unsubscribe_check(const char *value, struct err *);

/* Both fields, before it is signed; a letter that has one of its own keeps it. */
void unsubscribe_add(const char *value, struct letter *);

#endif
