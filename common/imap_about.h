/* imap_about.h: what a server says of the account: its names */
#ifndef IMAP_ABOUT_H
#define IMAP_ABOUT_H

#include "imap.h"

/*
 * The prefix of the names of one's own mailboxes but for INBOX ("INBOX."), and
 * their separator (RFC 2342), waited for.  "" and '\0' where the server does
 * not say: 0; -1.
 */
struct imap_namespace {
	char prefix[256];
	char sep;
};
int imap_namespace(struct imap *, struct imap_namespace *);

/* Does it say that capability, in upper case? */
bool imap_says_cap(const struct imap *, const char *name);

#endif
