/* imap_digest.h: is a message there the one that was sent? */
#ifndef IMAP_DIGEST_H
#define IMAP_DIGEST_H

#include <stdint.h>

#include "imap.h"

/*
 * The SHA-256 of all bytes of one message of the selected mailbox, which
 * streams and stays unread.  0; 1, it has no bytes; -1, with EX_TEMPFAIL if the
 * server refuses it, says nothing, or NIL: whether that is it nobody knows.  If
 * it has gone in the meantime the next look will not find it.
 */
int imap_digest(struct imap *, uint32_t uid, unsigned char md[32]);

#endif
