/* imap_read.h: the parser behind imap_next, imap_item, imap_body (imap.h) */
#ifndef IMAP_READ_H
#define IMAP_READ_H

#include "imap.h"

int imap_read_next(struct imap *, struct imap_resp *);
int imap_read_item(struct imap *, struct imap_item *);
int imap_read_body(struct imap *, struct imap_item *,
    const struct conn_sink *);

#endif
