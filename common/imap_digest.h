/* imap_digest.h: is a message there the one that was sent? */
#ifndef IMAP_DIGEST_H
#define IMAP_DIGEST_H

#include <stdint.h>

#include "imap.h"

/*
 * The SHA-256 of all bytes of one message of the selected mailbox, which
 * streams and stays unread.  1; 0: the server has no such message; -1, with
 * EX_TEMPFAIL if it is refused: whether that is it nobody knows.
 */
int imap_digest(struct imap *, uint32_t uid, unsigned char md[32]);

#endif
