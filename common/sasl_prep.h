/*
 * sasl_prep.h: names and passwords as SCRAM wants them (RFC 4013, SASLprep)
 *
 * Not done: the NFKC step, the bidi check and the table of unassigned code
 * points, for libc has no Unicode tables.  Type passwords in composed form;
 * ASCII is not affected.
 */
#ifndef SASL_PREP_H
#define SASL_PREP_H

#include "fail.h"
#include "str.h"

/*
 * Appends text to out, which is given its room beforehand, for it may be a
 * secret.  what names it in messages, which never show it: EX_DATAERR for what
 * is not UTF-8, has a forbidden character, or has nothing left.
 */
int sasl_prepare(struct buf *out, struct str text, const char *what,
    struct err *);

#endif
