/* mime_mend.h: header fields that somebody else made, fit for the wire */
#ifndef MIME_MEND_H
#define MIME_MEND_H

#include "mime.h"

/*
 * For a header that somebody else made (cron writes raw Subjects): encodes its
 * 8-bit fields: text, the names in lists of addresses, parameters; and folds
 * lines over 998 octets.  With MIME_UTF8 what is UTF-8 stays as it is.  Text
 * that cannot be encoded stays, and with it m->utf8; with MIME_FORCE only
 * addresses do that: elsewhere such a byte becomes "?", a control a blank, and
 * a field that cannot be folded is left out.
 */
void mime_header_again(struct msg *, struct arena *, int how);

/*
 * The same for a header block alone, as of a part: in the arena, or the one that
 * was given if there is nothing to do.
 */
struct str mime_head_again(struct str head, struct arena *, int how);

/*
 * "To: root" gets the domain: every mailbox without one, in each field that has
 * addresses.  Names, comments and folds stay; what is malformed does, too.
 */
void mime_header_qualify(struct msg *, struct arena *, struct str domain);

/*
 * Replaces From, if it is there and is not this very address; what it was is
 * kept as X-Original-From, and its name where the new one has none.  how: of
 * mime_header_addrs.  EX_USAGE.
 */
int mime_header_set_from(struct msg *, struct arena *, struct mime_addr,
    int how, struct err *);

#endif
